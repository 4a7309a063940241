/* Which pictures go to a device and in which readings, and which occlusion rides along: where a
 * material's occlusion texture differs from its metallic-roughness texture only in the picture, and
 * R of the latter is read by nobody, R carries the occlusion, and one fetch serves both. */
#ifndef TDI_SCENE_TEXTURE_PLAN_H
#define TDI_SCENE_TEXTURE_PLAN_H

#include "scene/scene.h"

typedef struct tdi_texture_plan {
    struct tdi_material *materials; /* as the scene's, with what rides along taken out */
    uint32_t *readings;             /* by picture: TDI_IMAGE_USED_* */
    uint32_t *occlusion;            /* by picture: whose R goes into its R, or TD_NONE */
} tdi_texture_plan;

td_result tdi_texture_plan_make(const td_scene *scene, tdi_texture_plan *out);
/* Also after a failure. */
void tdi_texture_plan_free(tdi_texture_plan *plan);

/* The bytes of the texels that such a plan brings to a device, with all levels, each picture once
 * for each of its readings. What drivers add between levels is theirs. */
td_result tdi_texture_plan_measure(const td_scene *scene, uint64_t *bytes);

/* The texels of a picture from `offset` bytes on with another's R; both of the same size with all
 * levels. The result is the caller's (tdi_free); NULL without memory. */
uint8_t *tdi_texture_plan_compose(const tdi_image *picture, const tdi_image *occlusion,
                                  size_t offset);

#endif
