/* The graph: the passes of a frame as data. Order, barriers, waits between lanes and the sharing of
 * transient memory follow from what the passes declare, and from nothing else. Compiling allocates
 * no device memory and yields the exact peak of transient bytes. */
#ifndef TDI_ASYNC_GRAPH_H
#define TDI_ASYNC_GRAPH_H

#include <tandem/graph.h>

#include "async/lane.h"
#include "gpu/buffer.h"

/* How lanes are realised: by default as the device does. Tests give their own. */
typedef struct tdi_lane_map {
    uint32_t queue[TD_LANE_COUNT];
    VkQueueFlags capabilities[TD_LANE_COUNT];
} tdi_lane_map;
void tdi_lane_map_of(const td_device *device, tdi_lane_map *out);

/* TD_ERROR_ARGUMENT with the names for a read of something never written and a lane without the
 * needed capability. Allocates host memory only. Plans are read-only: any thread may use them. */
td_result tdi_graph_compile(const td_graph *graph, const td_graph_extent *extent,
                            const tdi_lane_map *lanes, td_plan **out);
/* Where a resource lies in the transient memory of an execution. False for what is not transient,
 * or not used by any pass. */
bool tdi_plan_transient_range(const td_plan *plan, td_resource resource, VkDeviceSize *offset,
                              VkDeviceSize *size);

/* Transient memory and command buffers for a plan; one frame slot. Reused only when the last
 * execution's tickets are reached (waited for inside tdi_plan_execute). Several slots, also of
 * different plans, may be given the same transient buffer, which needs at least
 * td_plan_transient_bytes and STORAGE usage (NULL where that is 0); all slots of a buffer are made
 * before the first of them is executed. A slot is used by one thread at a time. Destroying waits
 * until the device is done with it. */
typedef struct tdi_plan_slot tdi_plan_slot;
td_result tdi_plan_slot_create(td_device *device, const td_plan *plan, const tdi_buffer *transient,
                               tdi_plan_slot **out);
void tdi_plan_slot_destroy(tdi_plan_slot *slot);
/* Waits until the device is done with the slot's last execution, be it one that failed halfway. */
td_result tdi_plan_slot_wait(tdi_plan_slot *slot);
/* The same for at most `timeout_ns`: TD_ERROR_TIMEOUT. */
td_result tdi_plan_slot_wait_for(tdi_plan_slot *slot, uint64_t timeout_ns);

/* Records on the calling thread, submits batch by batch, and gives the ticket of the last batch
 * (which follows from all others). Where transient memory is shared between slots, execution N+1
 * is ordered after execution N on the device by the plan itself; so are executions that write
 * persistent resources, as far as they use the same queue: between queues the caller says with
 * `ready` which execution must be over. If it fails, batches that were submitted go on; the slot
 * waits for them itself. */
td_result tdi_plan_execute(tdi_plan_slot *slot, const td_execution *execution, td_ticket *out);

/* What passes do to memory. */
typedef struct tdi_touch {
    VkPipelineStageFlags2 stages;
    VkAccessFlags2 access;
} tdi_touch;

/* What the plan will do, for tests and drawings. */
typedef struct tdi_plan_wait {
    uint32_t batch;
    VkPipelineStageFlags2 stages; /* of the waiting batch; 0: no wait for this queue */
} tdi_plan_wait;

typedef struct tdi_plan_batch {
    td_lane lane;
    uint32_t queue;
    uint32_t first_pass, pass_count;    /* in the order that tdi_plan_order gives */
    tdi_plan_wait waits[TD_LANE_COUNT]; /* by the queue that is waited for */
} tdi_plan_batch;
uint32_t tdi_plan_batches(const td_plan *plan, const tdi_plan_batch **out);
/* Passes (index in order of adding), batch by batch. */
const uint32_t *tdi_plan_order(const td_plan *plan);
/* Barriers before a pass (index in order of adding), recorded as one dependency. */
uint32_t tdi_plan_barriers(const td_plan *plan, uint32_t pass, const VkMemoryBarrier2 **out);

/* For the mutation run of the tests (src/async/plan_drop.c): everything that keeps two accesses of
 * an execution apart, from 0: barriers and layout transitions before passes, waits between
 * batches, waits for the tickets of bindings and for what an execution is given, and the barriers
 * and waits that order an execution after earlier ones. What is dropped is left out of all later
 * executions; one part of a plan at a time, the last one that was named. */
uint32_t tdi_plan_droppable(const td_plan *plan);
void tdi_plan_drop(td_plan *plan, uint32_t index);
/* Such as "barrier before 'raster': 'clear' -> 'raster' (visibility words)"; the caller's
 * (tdi_free). */
td_result tdi_plan_droppable_text(const td_plan *plan, uint32_t index, char **out);

/* Called with each plan that is compiled from now on, so that a test can drop a part of a plan that
 * something else compiles, such as the renderer. NULL ends it. Not while another thread compiles.
 */
void tdi_set_plan_hook(void (*hook)(td_plan *plan, void *user), void *user);

#endif
