/* Which levels of a device scene's textures are on the device, where not all of them fit: brought
 * in and left out as views need them. docs/concepts/residency.md tells how. */
#ifndef TDI_SCENE_RESIDENCY_H
#define TDI_SCENE_RESIDENCY_H

#include <tandem/renderer.h>

#include "scene/device_scene.h"
#include "scene/texture_detail.h"

typedef struct tdi_residency tdi_residency;

/* The device scene was made with tails. Both must outlive it. */
td_result tdi_residency_create(tdi_device_scene *device_scene, const td_scene *scene,
                               td_texture_policy policy, tdi_residency **out);
/* NULL is fine. */
void tdi_residency_destroy(tdi_residency *residency);

/* Begins a submission that needs nothing yet. */
void tdi_residency_begin(tdi_residency *residency);
/* Adds what a view needs for certain by its geometry alone: never less than it samples. */
void tdi_residency_add_view(tdi_residency *residency, const struct tdi_view *view, uint32_t width,
                            uint32_t height);
/* True if all of that is there, or would fit. */
bool tdi_residency_suffices(const tdi_residency *residency);
/* From here on, only what decides coverage is needed by geometry (masks); for the rest it is asked
 * what shading samples, which tdi_residency_add_footprint adds. */
void tdi_residency_keep_masks(tdi_residency *residency);
/* `lowest`: by slot of the bindless array; above the levels of a texture: not sampled. */
void tdi_residency_add_footprint(tdi_residency *residency, const uint32_t *lowest);

/* True if tdi_residency_apply has something to do. */
bool tdi_residency_wants_change(tdi_residency *residency);
/* Brings the device to what is needed; no frame may be in flight. The device scene is ready when it
 * is there. TD_ERROR_BUDGET where the policy leaves nothing out. What was begun can be repeated. */
td_result tdi_residency_apply(tdi_residency *residency);
/* What was begun is submitted with what is there. True if that is less than it samples. */
bool tdi_residency_submitted(tdi_residency *residency);

/* Gives back the images of textures that have more levels than the views of the last submission
 * needed, what was not needed for longest first, until it is about `wanted` bytes; returns how many
 * they are. They go when the GPU is done with them: `last_use` is of the frames that sample them.
 * They are made again, as far as they are needed, when the next submission is prepared. Allocates
 * nothing and waits for nothing. */
uint64_t tdi_residency_give_up(tdi_residency *residency, uint64_t wanted, td_ticket last_use);

/* Fills in what td_renderer_info says of textures, but for the views. */
void tdi_residency_describe(const tdi_residency *residency, td_renderer_info *out);
/* Fills in `first_level` and `least_level`. */
void tdi_residency_describe_texture(const tdi_residency *residency, uint32_t texture,
                                    td_texture_state *out);

#endif
