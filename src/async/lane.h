/* Lanes: the queues of a device, each with one timeline semaphore, one mutex and one waiter.
 * Lanes that share a queue share all three; a wait between them is then no wait but a barrier,
 * which is the caller's (the graph's) to record. */
#ifndef TDI_ASYNC_LANE_H
#define TDI_ASYNC_LANE_H

#include <tandem/ticket.h>

#include "gpu/device.h"

typedef struct tdi_submission {
    td_lane lane;
    const VkCommandBuffer *commands;
    uint32_t command_count;
    const td_wait *waits; /* at most TD_MAX_WAITS; those on its own queue are dropped */
    uint32_t wait_count;
    const td_signal *signals; /* at most TD_MAX_WAITS, beside the timeline */
    uint32_t signal_count;
} tdi_submission;

/* Makes timelines and waiters on first use; td_device_destroy ends them. */
td_result tdi_lanes_ready(td_device *device);

/* Submits and gives the ticket, which counts only if the call succeeded. A ticket that was not
 * submitted yet cannot be waited for: TD_ERROR_STATE. Thread-safe. */
td_result tdi_lane_submit(td_device *device, const tdi_submission *submission, td_ticket *out);

#define TDI_MAX_SUBMISSIONS 16
#define TDI_MAX_COMMANDS    64

/* Several submissions of one queue, at most TDI_MAX_SUBMISSIONS with TDI_MAX_COMMANDS command
 * buffers in all, in one call (one vkQueueSubmit2). The ticket is that of the last one. */
td_result tdi_lane_submit_many(td_device *device, const tdi_submission *submissions, uint32_t count,
                               td_ticket *out);

/* Highest value that the queue is known to have reached, asked of the driver. */
uint64_t tdi_queue_reached(td_device *device, uint32_t queue);
/* The same without asking: what some thread has seen before. */
uint64_t tdi_queue_known_reached(td_device *device, uint32_t queue);

/* Whether the device gave the ticket out: TD_ERROR_ARGUMENT for one of another device,
 * TD_ERROR_STATE for a point that was not submitted yet. Value 0 is everybody's. */
td_result tdi_ticket_check(td_device *device, td_ticket ticket);
/* The same without a sentence. */
bool tdi_ticket_given(td_device *device, td_ticket ticket);

/* What follows takes tickets that passed that check. */
bool tdi_ticket_reached(td_device *device, td_ticket ticket);
/* Blocks the calling thread on the timeline, at most `timeout_ns`. TD_ERROR_TIMEOUT,
 * TD_ERROR_DEVICE_LOST, and nothing else. */
td_result tdi_ticket_wait(td_device *device, td_ticket ticket, uint64_t timeout_ns);

/* Something to be done when a ticket is reached. The memory is the caller's until `reached` has
 * been called, exactly once, on a completion thread, with TD_OK or
 * TD_ERROR_DEVICE_LOST (a sentence is then set for that thread). */
typedef struct tdi_watch tdi_watch;
struct tdi_watch {
    td_ticket ticket;
    void (*reached)(tdi_watch *watch, td_result result);
    tdi_watch *next; /* the waiter's, as is the next */
    td_result result;
};
/* The ticket was given out by a submission, or is of value 0 of a queue. `reached` is never called
 * from inside this call. */
void tdi_ticket_watch(td_device *device, tdi_watch *watch);

/* True once any call reported the loss; every later wait and submission fails at once. */
bool tdi_device_lost(td_device *device);

/* Forwards a VkResult and records a loss; used for every call that can report one. */
td_result tdi_lane_check(td_device *device, VkResult result, const char *call);

/* The VkSemaphore of a queue's timeline (for tests and guests). */
VkSemaphore tdi_queue_timeline(td_device *device, uint32_t queue);

#endif
