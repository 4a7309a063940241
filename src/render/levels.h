/* Where not all textures of a scene fit: sees to it, before a submission, that the levels which its
 * views sample are on the device. */
#ifndef TDI_RENDER_LEVELS_H
#define TDI_RENDER_LEVELS_H

#include "render/footprint.h"
#include "render/sizing.h"
#include "render/view_tally.h"
#include "scene/residency.h"

typedef struct tdi_levels tdi_levels;

/* Before the transient memory is made, which is to have tdi_levels_transient_bytes. */
td_result tdi_levels_create(td_device *device, const td_renderer_params *params,
                            const tdi_sizing *sizing, tdi_levels **out);
/* Waits until the device is done with it. NULL is fine. */
void tdi_levels_destroy(tdi_levels *levels);

VkDeviceSize tdi_levels_transient_bytes(const tdi_levels *levels);
/* After everything else was made: what is left of the budget is for textures. */
td_result tdi_levels_start(tdi_levels *levels, tdi_device_scene *device_scene,
                           const tdi_buffer *transient);

/* From here until tdi_levels_release the textures are not given up for others that lack memory: a
 * submission is made. `last`: of the frames that use them by now. No `levels` is fine. */
void tdi_levels_hold(tdi_levels *levels);
void tdi_levels_release(tdi_levels *levels, td_ticket last);

/* While they are held. `frame`: as the submission's, before tiles. Blocks while textures change,
 * until `last`, of the frames in flight, is reached. TD_ERROR_BUDGET where the policy leaves
 * nothing out. */
td_result tdi_levels_prepare(tdi_levels *levels, const struct tdi_frame *frame,
                             const struct tdi_view *views, td_ticket last);
/* These views were submitted. `item`: the submission's. */
void tdi_levels_submitted(tdi_levels *levels, const struct tdi_frame *frame,
                          const struct tdi_view *views, uint64_t item);

/* What the last submission left, on any thread: what td_renderer_info says of textures, and of the
 * first `count` of them `first_level` and `least_level`. */
void tdi_levels_describe(tdi_levels *levels, td_renderer_info *out);
void tdi_levels_describe_textures(tdi_levels *levels, td_texture_state *states, uint32_t count);

#endif
