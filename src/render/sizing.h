/* How much is done at once, so that all of it fits the budget: views a submission, submissions in
 * flight, result slots, the tile, and the band. Found by compiling the graph again for smaller
 * extents, before anything is allocated. */
#ifndef TDI_RENDER_SIZING_H
#define TDI_RENDER_SIZING_H

#include <tandem/renderer.h>

#include "async/graph.h"
#include "render/passes.h"
#include "render/result.h"
#include "scene/device_scene.h"

typedef struct tdi_sizing {
    uint32_t views;
    uint32_t in_flight;
    uint32_t result_slots;
    uint32_t transient_sets; /* copies of the transient memory */
    uint32_t tile_width, tile_height;
    uint32_t least_tile;          /* they are not split further */
    bool tails;                   /* not all textures fit: their levels come and go (levels.h) */
    uint32_t band_height;         /* rows of a result; the image's, or fewer: bands */
    VkDeviceSize transient_bytes; /* of one set */
    VkDeviceSize frame_bytes;     /* of one submission of one tile */
    tdi_device_scene_bytes scene;
    tdi_result_layout layout; /* of one view, or of a band of it */
} tdi_sizing;

typedef struct tdi_sizing_request {
    td_device *device;
    const td_renderer_params *params; /* checked, defaults filled in */
    const tdi_passes *passes;
    const td_graph *graph;
    const td_scene *scene;
} tdi_sizing_request;

/* TD_ERROR_BUDGET with the sums if nothing fits, even with what others can spare (gpu/pressure.h);
 * under no lock, because of that. Logs a warning where less is in flight than asked
 * for. */
td_result tdi_sizing_find(const tdi_sizing_request *request, tdi_sizing *out);

#endif
