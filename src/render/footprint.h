/* The footprint of a view: which mip levels of which textures its shading samples. Found by the
 * passes of visibility and a shading that only notes levels, before the view itself is rendered. */
#ifndef TDI_RENDER_FOOTPRINT_H
#define TDI_RENDER_FOOTPRINT_H

#include "render/passes.h"

typedef struct tdi_footprint tdi_footprint;

typedef struct tdi_footprint_params {
    uint32_t samples;
    uint32_t width;                   /* of images */
    uint32_t tile_width, tile_height; /* at most */
    uint32_t threads;                 /* as tdi_passes_params */
    const td_scene *scene;            /* up to date */
    td_monitor *monitor;              /* may be NULL */
} tdi_footprint_params;

/* Makes pipelines and graph; nothing on the device yet. */
td_result tdi_footprint_create(td_device *device, const tdi_footprint_params *params,
                               tdi_footprint **out);
/* Waits until the device is done with it. NULL is fine. */
void tdi_footprint_destroy(tdi_footprint *footprint);

/* Transient memory that it needs, and may share with others of one queue. */
VkDeviceSize tdi_footprint_transient_bytes(const tdi_footprint *footprint);
/* Takes the memory. `transient` stays the caller's. */
td_result tdi_footprint_allocate(tdi_footprint *footprint, const tdi_buffer *transient);

/* Works out the rows of one view that `frame` has. It is as its shading would get it, but for tile
 * and views, which are set here. `scene_ready`: the ticket of what the frame refers to. Blocks;
 * `*lowest`, by slot of the bindless array and above all levels where nothing is sampled, is valid
 * until the next call. */
td_result tdi_footprint_measure(tdi_footprint *footprint, struct tdi_frame *frame,
                                const struct tdi_view *view, td_ticket scene_ready,
                                const uint32_t **lowest);

#endif
