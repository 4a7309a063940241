/* Lanes: the queues of a device, each with one timeline semaphore, one mutex and one waiter.
 * Lanes that share a queue share all three; a wait between them is then no wait but a barrier,
 * which is the caller's (the graph's) to record. */
#ifndef TDI_ASYNC_LANE_H
#define TDI_ASYNC_LANE_H

#include "gpu/device.h"

/* A point on the timeline of a queue. Value 0 is reached from the start. */
typedef struct tdi_ticket {
    uint32_t queue; /* index into device->queues */
    uint64_t value;
} tdi_ticket;

typedef struct tdi_wait {
    tdi_ticket ticket;
    VkPipelineStageFlags2 stages; /* of the waiting commands */
} tdi_wait;

#define TDI_MAX_WAITS 16

typedef struct tdi_submission {
    td_lane lane;
    const VkCommandBuffer *commands;
    uint32_t command_count;
    const tdi_wait *waits; /* those on the submission's own queue are dropped */
    uint32_t wait_count;
} tdi_submission;

/* Makes timelines and waiters on first use; td_device_destroy ends them. */
td_result tdi_lanes_ready(td_device *device);

/* Submits and gives the ticket, which counts only if the call succeeded. A ticket that was not
 * submitted yet cannot be waited for: TD_ERROR_STATE. Thread-safe. */
td_result tdi_lane_submit(td_device *device, const tdi_submission *submission, tdi_ticket *out);

/* Several submissions of one queue in one call (one vkQueueSubmit2). */
td_result tdi_lane_submit_many(td_device *device, const tdi_submission *submissions, uint32_t count,
                               tdi_ticket *out);

bool tdi_ticket_reached(td_device *device, tdi_ticket ticket);
/* Blocks the calling thread on the timeline, at most `timeout_ns`. TD_ERROR_TIMEOUT,
 * TD_ERROR_DEVICE_LOST. */
td_result tdi_ticket_wait(td_device *device, tdi_ticket ticket, uint64_t timeout_ns);

/* Something to be done when a ticket is reached. The memory is the caller's until `reached` has
 * been called, exactly once, on the queue's completion thread, with TD_OK or
 * TD_ERROR_DEVICE_LOST. */
typedef struct tdi_watch tdi_watch;
struct tdi_watch {
    tdi_ticket ticket;
    void (*reached)(tdi_watch *watch, td_result result);
    tdi_watch *next; /* the waiter's */
};
void tdi_ticket_watch(td_device *device, tdi_watch *watch);

/* True once any call reported the loss; every later wait and submission fails at once. */
bool tdi_device_lost(td_device *device);

/* The VkSemaphore of a queue's timeline (for tests and guests). */
VkSemaphore tdi_queue_timeline(td_device *device, uint32_t queue);

#endif
