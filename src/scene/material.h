/* Materials: from what the caller or a file says to what shaders read. */
#ifndef TDI_SCENE_MATERIAL_H
#define TDI_SCENE_MATERIAL_H

#include "base/error.h"
#include "scene/scene.h"

/* The material that surfaces without one get; made on the first call. */
td_result tdi_scene_default_material(td_scene *scene, uint32_t *material);

/* Whether the occlusion texture differs from the metallic-roughness texture in the picture at most:
 * same coordinates, transform and sampler. False without both. */
bool tdi_occlusion_beside_roughness(const td_scene *scene, const struct tdi_material *data);

#endif
