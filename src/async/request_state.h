/* What request.c and completion_queue.c know of each other. */
#ifndef TDI_ASYNC_REQUEST_STATE_H
#define TDI_ASYNC_REQUEST_STATE_H

#include <stdatomic.h>

#include "async/request.h"
#include "base/thread.h"

struct td_request {
    tdi_mutex mutex;
    tdi_cond finished;
    const tdi_request_class *class_;
    void *payload;
    _Atomic td_request_state state; /* written under the mutex */
    /* Handles: the user's, and one that a completion queue holds for its receiver. The library's
     * share, while the request is pending, counts in `references` only, as all handles do
     * together. */
    atomic_uint handles;
    atomic_uint references;
    td_result result;
    char *sentence; /* of a failure; NULL: the result's general text */
    bool cancel_requested;
    int descriptor; /* -1: not asked for */
    td_request_fn callback;
    void *callback_user;
    struct td_completion_queue *queue; /* that watches it, or NULL */

    /* The queue's, under its lock. */
    td_request *next, *previous;
    uint64_t tag;
};

/* One more handle, as the user's is. */
void tdi_request_retain(td_request *request);

/* Moves a finished request to those to be taken, and drops the reference to the queue that the
 * caller got from tdi_completion_queue_retain. */
void tdi_completion_queue_push(td_completion_queue *queue, td_request *request);
void tdi_completion_queue_retain(td_completion_queue *queue);

#endif
