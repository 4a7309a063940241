/* Times of the passes of one plan slot, from the device's clock where that can be compared with the
 * host's, and handed to a monitor when the work is over. */
#ifndef TDI_ASYNC_PLAN_SPANS_H
#define TDI_ASYNC_PLAN_SPANS_H

#include "async/plan.h"

struct td_monitor;

typedef struct plan_spans {
    td_device *device;
    const td_plan *plan;
    struct tdi_device_clock *clock; /* NULL: only the host's times, and no queries */
    VkQueryPool pool;
    tdi_buffer copied; /* where a software device copies its timestamps, as many as queries */
    uint64_t *read;    /* what other devices are asked for */
    tdi_watch watch;
    tdi_mutex mutex;
    tdi_cond idle;
    bool watched; /* the watch is under way */
    bool pending; /* the spans of `ticket`'s execution were not handed over yet */
    td_ticket ticket;
    struct td_monitor *monitor;
    uint64_t frame_index;
    uint64_t submitted_ns;
} plan_spans;

td_result tdi_plan_spans_init(plan_spans *spans, td_device *device, const td_plan *plan);
/* Also of zeroed spans. */
void tdi_plan_spans_destroy(plan_spans *spans);

/* Before recording, when the last execution is over; its spans were handed over then. */
void tdi_plan_spans_begin(plan_spans *spans, struct td_monitor *monitor, uint64_t frame_index);
/* Around the passes of a batch. */
void tdi_plan_spans_start_batch(plan_spans *spans, VkCommandBuffer commands, uint32_t batch);
void tdi_plan_spans_after_pass(plan_spans *spans, VkCommandBuffer commands, uint32_t batch,
                               uint32_t place);
void tdi_plan_spans_end_batch(plan_spans *spans, VkCommandBuffer commands, uint32_t batch);
/* After submission. */
void tdi_plan_spans_submitted(plan_spans *spans, td_ticket ticket);

#endif
