/* Which mip levels of its textures a view can sample, worked out from the geometry before anything
 * is rendered: what lies below can be left off the device and the image is still the same. */
#ifndef TDI_SCENE_TEXTURE_DETAIL_H
#define TDI_SCENE_TEXTURE_DETAIL_H

#include "frame_data.h"
#include "scene/texture_plan.h"

/* A picture in one of its readings, numbered 2 * picture + (1 if it is read as sRGB). */
typedef struct tdi_texture_need {
    uint32_t level; /* the lowest that can be sampled; the highest there is, where nothing is */
    float weight;   /* about how many pixels show it; 0: none, it is out of sight */
} tdi_texture_need;

/* What is known of a scene, whatever the view. Read-only once made; the scene must stay. */
typedef struct tdi_texture_detail tdi_texture_detail;

/* The plan is copied as far as it is needed. */
td_result tdi_texture_detail_create(const td_scene *scene, const tdi_texture_plan *plan,
                                    tdi_texture_detail **out);
/* NULL is fine. */
void tdi_texture_detail_destroy(tdi_texture_detail *detail);

/* Sets the needs of no view at all; `needs` has two items for each picture of the scene. */
void tdi_texture_detail_start(const tdi_texture_detail *detail, tdi_texture_need *needs);
/* Adds what a view of width x height pixels can sample, with the instances as they are now
 * (tdi_scene_update). Occlusion is not looked at, so it may be less in truth. */
void tdi_texture_detail_add(const tdi_texture_detail *detail, const struct tdi_view *view,
                            uint32_t width, uint32_t height, tdi_texture_need *needs);

#endif
