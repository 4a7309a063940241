/* What a renderer consists of, for the files that it is written in: making it and submitting to it
 * (renderer.c), and telling how it does (renderer_info.c). */
#ifndef TDI_RENDER_RENDERER_H
#define TDI_RENDER_RENDERER_H

#include <tandem/renderer.h>

#include "render/async_choice.h"
#include "render/environment.h"
#include "render/levels.h"
#include "render/passes.h"
#include "render/result.h"
#include "render/sizing.h"
#include "scene/device_scene.h"

#define TDI_MAX_IN_FLIGHT 16

/* One tile of one submission on its way: its command buffers and what its passes read. */
typedef struct tdi_frame_slot {
    tdi_plan_slot *plan_slots[2]; /* by mode; 1 is asynchronous; NULL: never */
    tdi_pass_sets *sets;
    tdi_buffer frame; /* struct tdi_frame, then the views */
    td_ticket last;   /* of its last execution */
} tdi_frame_slot;

struct td_renderer {
    td_device *device;
    td_scene *scene;
    td_renderer_params params; /* defaults filled in */
    tdi_sizing sizing;
    tdi_passes *passes;
    td_graph *graph;
    tdi_pass_resources resources;
    td_renderer_guest guest; /* params.guest, if it is not NULL */
    td_plan *plans[2];       /* as the slots' */
    tdi_async_choice choice;
    td_ticket last; /* of the last submission */
    tdi_device_scene *device_scene;
    tdi_levels *levels; /* NULL: all textures are there for good */
    tdi_results *results;
    tdi_buffer transient[2];
    tdi_frame_slot slots[TDI_MAX_IN_FLIGHT + 1];
    uint32_t slot_count, next_slot;
    const char *raster_reason;
    const char *copy_reason;
};

/* Results go through device memory. */
static inline bool tdi_renderer_copies(const td_renderer *renderer)
{
    return renderer->params.copy_results == TD_COPY_ALWAYS;
}

#endif
