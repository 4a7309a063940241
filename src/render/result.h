/* Results: one submission's images in one slot of the readback ring, handed out view by view as
 * requests. The slot is free again when every view of it has been released. */
#ifndef TDI_RENDER_RESULT_H
#define TDI_RENDER_RESULT_H

#include <tandem/renderer.h>

#include "async/readback.h"

#define TDI_MAX_VIEWS 64 /* in a submission */

#define TDI_RESULT_PIXEL_BYTES 12 /* of all outputs together */

/* Where the outputs of one view, or of a band of it, lie in a slot: bytes from the view's start;
 * rows are tight. */
typedef struct tdi_result_layout {
    uint32_t width, height;
    uint32_t outputs;
    VkDeviceSize view_bytes;
    VkDeviceSize color, depth, object;
} tdi_result_layout;

void tdi_result_layout_make(uint32_t width, uint32_t height, uint32_t outputs,
                            tdi_result_layout *out);

typedef struct tdi_results tdi_results;

/* As many results as the ring has slots; `layout` is copied. */
td_result tdi_results_create(td_device *device, const tdi_result_layout *layout, uint32_t max_views,
                             uint32_t slots, tdi_results **out);
/* Blocks until every view has been released. NULL is fine. */
void tdi_results_destroy(tdi_results *results);

/* A free result with `views` pending requests, and the buffer to write into: a slot of the ring.
 * TD_ERROR_AGAIN, TD_ERROR_TIMEOUT. */
typedef tdi_readback_slot tdi_result;
td_result tdi_results_begin(tdi_results *results, uint32_t views, uint64_t timeout_ns,
                            tdi_result **out);
/* The result has only so many rows of each plane: that of a band which is lower than the others. */
void tdi_result_set_rows(tdi_result *result, uint32_t rows);
VkBuffer tdi_result_buffer(const tdi_result *result);
VkDeviceSize tdi_result_bytes(const tdi_result *result);

/* The submission went out: the requests, one for each view, now belong to the caller and are
 * finished when the ticket is reached. */
void tdi_result_submitted(tdi_result *result, td_ticket ticket, td_request **requests);
/* It did not: the requests are gone and the slot is free, once `ticket` (of what was submitted
 * before the failure; value 0: nothing) is reached. */
void tdi_result_abandon(tdi_result *result, td_ticket ticket);

#endif
