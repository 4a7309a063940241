/** @file
 * Requests: handles of results that come later, and queues that collect finished ones.
 *
 * A request is *pending*, then *ready*, *failed* or *cancelled*, once. Nobody has to call anything
 * for progress.
 */
#ifndef TANDEM_REQUEST_H
#define TANDEM_REQUEST_H

#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A result that comes later. Opaque; thread-safe. */
typedef struct td_request td_request;

/** Collects finished requests. Opaque; thread-safe. */
typedef struct td_completion_queue td_completion_queue;

/** State of a request. */
typedef enum td_request_state {
    TD_REQUEST_PENDING = 0,   /**< Not yet. */
    TD_REQUEST_READY = 1,     /**< The result is there. */
    TD_REQUEST_FAILED = 2,    /**< It will never be there; td_request_result says why. */
    TD_REQUEST_CANCELLED = 3, /**< It was cancelled in time. */
} td_request_state;

/** Wait for ever. */
#define TD_FOREVER UINT64_MAX

/** The state now. Never blocks. */
TD_API td_request_state td_request_poll(td_request *request);

/** Result of a finished request: ::TD_OK, the failure, or ::TD_ERROR_CANCELLED;
 * ::TD_ERROR_AGAIN while pending. The failure's sentence becomes the calling thread's last error.
 */
TD_API td_result td_request_result(td_request *request);

/** Waits at most `timeout_ns` nanoseconds (0: poll, ::TD_FOREVER). Returns td_request_result, or
 * ::TD_ERROR_TIMEOUT, after which the request is as usable as before. */
TD_API td_result td_request_wait(td_request *request, uint64_t timeout_ns);

/** Called once when a request is finished, under no lock, on the thread that finished it: one of
 * tandem's, or the one whose td_request_cancel did. It may use the request, release it and submit
 * work, but must not wait for other requests. */
typedef void (*td_request_fn)(void *user, td_request *request);

/** Sets the callback. On a request that is finished already it is called before this returns, on
 * the calling thread. ::TD_ERROR_STATE if there is one already. */
TD_API td_result td_request_on_finish(td_request *request, td_request_fn fn, void *user);

/** A file descriptor that becomes readable when the request is finished. It belongs to the request
 * and is closed with it; made on the first call. ::TD_ERROR_SYSTEM if none is to be had. */
TD_API td_result td_request_descriptor(td_request *request, int *fd);

/** Says that the result is not wanted. What comes of it depends on the state of the work:
 *
 * - queued and not submitted to the GPU yet (an upload, a readback): it is taken out of its queue,
 *   and the request is cancelled when this returns; its callback has been called, on this thread;
 * - submitted: the GPU runs it to its end, and the request is cancelled then; until then it is
 *   pending, and what the work uses must stay as it is;
 * - finished: it is too late, and nothing changes.
 *
 * True if the request is cancelled or will be; false if it was finished before. Thread-safe; may be
 * called more than once. */
TD_API bool td_request_cancel(td_request *request);

/** Gives the handle back, and what was leased with it. Allowed in any state: a pending request goes
 * on and its result is dropped. NULL is fine. */
TD_API void td_request_release(td_request *request);

/** Makes a completion queue. */
TD_API td_result td_completion_queue_create(td_completion_queue **out);

/** Destroys a queue; requests still watched by it are no longer watched. NULL is fine. */
TD_API void td_completion_queue_destroy(td_completion_queue *queue);

/** Lets `queue` collect `request`, with `tag` to recognise it. The queue keeps the request alive
 * until it is taken. ::TD_ERROR_STATE if a queue watches it already. */
TD_API td_result td_completion_queue_watch(td_completion_queue *queue, td_request *request,
                                           uint64_t tag);

/** One finished request. */
typedef struct td_completion {
    td_request *request; /**< A reference of the receiver's, to be released. */
    uint64_t tag;        /**< As given to td_completion_queue_watch. */
    td_result result;    /**< As td_request_result. */
} td_completion;

/** Takes up to `capacity` finished requests in the order of their completion; waits at most
 * `timeout_ns` for the first. ::TD_OK with `*count` >= 1, or ::TD_ERROR_TIMEOUT. */
TD_API td_result td_completion_queue_take(td_completion_queue *queue, td_completion *completions,
                                          uint32_t capacity, uint64_t timeout_ns, uint32_t *count);

/** The queue's file descriptor (an eventfd), readable while something can be taken: for epoll,
 * poll, libuv, asyncio. It belongs to the queue; do not read it. */
TD_API int td_completion_queue_descriptor(const td_completion_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
