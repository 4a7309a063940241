/* Lights of a scene that are at nodes (KHR_lights_punctual): directional, point, spot. */
#ifndef TDI_SCENE_PUNCTUAL_H
#define TDI_SCENE_PUNCTUAL_H

#include "scene/scene.h"
#include "scene_data.h"

/* Appends one; what is in it is not set. */
td_result tdi_scene_new_punctual(td_scene *scene, tdi_punctual **out);

/* Where a light is now, as shaders read it; the scene is up to date. */
void tdi_punctual_place(const td_scene *scene, uint32_t index, struct tdi_punctual_light *out);

#endif
