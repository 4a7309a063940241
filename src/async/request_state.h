/* What request.c, request_wait.c and completion_queue.c know of each other. */
#ifndef TDI_ASYNC_REQUEST_STATE_H
#define TDI_ASYNC_REQUEST_STATE_H

#include <stdatomic.h>

#include "async/request.h"
#include "base/thread.h"

/* A thread that waits for requests, on its stack. Nothing of the kind is in the request itself:
 * most requests are never waited for, and making a condition for each would cost more than all the
 * rest of it. */
typedef struct tdi_request_wait {
    tdi_mutex mutex;
    tdi_cond changed;
    uint32_t finished; /* of those that it is linked to */
    uint32_t wanted;
} tdi_request_wait;

/* Hangs a wait on one request; the waiting thread's, in the request's list under its lock. */
typedef struct tdi_request_link {
    tdi_request_wait *wait;
    struct tdi_request_link *next, *previous;
} tdi_request_link;

struct td_request {
    tdi_mutex mutex;
    const tdi_request_class *class_;
    void *payload;
    _Atomic td_request_state state; /* written under the mutex */
    td_result result;
    /* Handles: the user's, and one that a completion queue holds for its receiver; counted only
     * where the class wants to hear of the last. The library's share, while the request is pending,
     * and those of threads that wait count in `references` only, as all handles do together. */
    atomic_uint handles;
    atomic_uint references;
    bool cancel_requested;
    int descriptor; /* -1: not asked for */
    char *sentence; /* of a failure; NULL: the result's general text */
    td_request_fn callback;
    void *callback_user;
    tdi_request_link *links;

    /* That watches it, or NULL. Set under the mutex; cleared under it while the request is pending,
     * and by taking a finished one, which nobody but td_completion_queue_watch looks at then. */
    _Atomic(struct td_completion_queue *) queue;
    /* The queue's, under its lock. */
    td_request *next, *previous;
    uint64_t tag;
};

static inline td_request_state tdi_request_state_of(const td_request *request)
{
    return atomic_load_explicit(&request->state, memory_order_acquire);
}

/* One more handle, as the user's is. */
void tdi_request_retain(td_request *request);
/* A reference that keeps the request's memory and payload, but is no handle. */
void tdi_request_keep(td_request *request);
void tdi_request_drop(td_request *request);

/* Counts one more finished request for a thread that waits for it. */
void tdi_request_wait_tell(tdi_request_wait *wait);

/* Moves finished requests to those to be taken, and drops the library's reference of each and the
 * one to the queue that the caller got from tdi_completion_queue_retain. */
void tdi_completion_queue_push(td_completion_queue *queue, td_request *const *requests,
                               uint32_t count);
void tdi_completion_queue_retain(td_completion_queue *queue);

#endif
