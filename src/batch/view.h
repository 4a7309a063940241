/* A view of a batch on its way from the renderer to its files. */
#ifndef TDI_BATCH_VIEW_H
#define TDI_BATCH_VIEW_H

#include "batch/banded.h"

typedef struct tdi_batch_view tdi_batch_view;

/* Allocates views `first` to `first + count - 1` and counts them as outstanding; on failure there
 * are none. Each ends by one of the following. */
td_result tdi_batch_views_begin(td_batch *batch, uint64_t first, uint32_t count,
                                tdi_batch_view **views);
/* The view is this band of another, which is held until it ends. */
void tdi_batch_view_set_band(tdi_batch_view *view, tdi_banded *banded, uint32_t band);
/* Takes the requests over, right after submission: each view is encoded and written when its
 * request is ready. `row` is where a timeline shows them; their time limit runs from `begun_ns`. */
void tdi_batch_views_follow(tdi_batch_view **views, td_request **requests, uint32_t count,
                            uint32_t row, uint64_t begun_ns);
/* Lets views fail that are past their time limit and still on the device. */
void tdi_batch_views_give_up(td_batch *batch);
/* True if the device has given no view back for `waited_ns`, and has some that were given up that
 * long ago, or of a batch that was cancelled at `cancelled_ns` (0: it was not). */
bool tdi_batch_views_unanswered(td_batch *batch, uint64_t waited_ns, uint64_t cancelled_ns);
/* For views that could not be submitted, for the reason in the thread's last error. */
void tdi_batch_views_fail(tdi_batch_view **views, uint32_t count, td_result result);
/* Shows what a thread of the encoder did for a view. */
void tdi_batch_span(const td_batch *batch, uint32_t worker, const char *name, uint64_t view,
                    uint64_t begin_ns, uint64_t end_ns);
/* For views that will not be submitted. */
void tdi_batch_views_drop(tdi_batch_view **views, uint32_t count);

#endif
