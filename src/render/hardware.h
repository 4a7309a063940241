/* The hardware rasteriser: the clusters that need no clipping are drawn by the graphics pipeline,
 * with corners that are snapped already, and its fragments write the words that compute would.
 * docs/concepts/visibility.md says how both come to the same samples. */
#ifndef TDI_RENDER_HARDWARE_H
#define TDI_RENDER_HARDWARE_H

#include <tandem/recorder.h>
#include <tandem/renderer.h>

#include "async/graph.h"

struct tdi_passes;

/* What `wanted` comes to on a device, and why. TD_ERROR_UNSUPPORTED with all that is missing for
 * images of this size. */
td_result tdi_raster_choose(const td_device *device, td_raster wanted, uint32_t width,
                            uint32_t height, td_raster *out, const char **reason);

/* How samples are found. */
typedef struct tdi_hardware_shape {
    uint32_t side;      /* of the viewport, in pixels: a power of two */
    uint32_t samples;   /* of a fragment */
    uint32_t instances; /* of a cluster: one, or one a sample */
} tdi_hardware_shape;
tdi_hardware_shape tdi_hardware_shape_of(const td_device *device, uint32_t samples);

/* One surface of an instance: cluster instances that are drawn at once. */
typedef struct tdi_hardware_object {
    uint32_t first, count;
} tdi_hardware_object;

/* All that a scene has, opaque ones first. */
typedef struct tdi_hardware_objects {
    tdi_hardware_object *items;
    uint32_t opaque_count, count;
} tdi_hardware_objects;
td_result tdi_hardware_objects_make(const td_scene *scene, tdi_hardware_objects *out);
void tdi_hardware_objects_free(tdi_hardware_objects *objects);

/* Take the passes as `user` and a tdi_pass_frame as `frame`. Draws that cannot be recorded are a
 * failure of the frame. */
void tdi_record_zero_draws(const td_pass_context *context);
void tdi_record_draw_indirect(const td_pass_context *context);
void tdi_record_draw_objects(const td_pass_context *context);

#endif
