/** @file
 * Requests: handles of results that come later, and queues that collect finished ones.
 *
 * A request is *pending*, then *ready*, *failed* or *cancelled*, once. Nobody has to call anything
 * for progress.
 *
 * After fork() the child has none of tandem's threads, and nothing of tandem may be used or
 * destroyed in it: it may call _exit or a function of the exec family, and the parent goes on. The
 * descriptors are closed by exec.
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
 * ::TD_ERROR_TIMEOUT, after which the request is as usable as before. ::TD_ERROR_STATE instead of a
 * wait in a callback, see ::td_request_fn.
 *
 * Any number of threads may wait for one request, and others may cancel, watch and release it
 * meanwhile: it lives at least until they have come back. */
TD_API td_result td_request_wait(td_request *request, uint64_t timeout_ns);

/** Waits at most `timeout_ns` nanoseconds until one of `count` requests is finished, and puts the
 * lowest index of those that are into `*index`. How it finished is td_request_result's to say:
 * ::TD_OK here means only that it did. The calling thread sleeps; no descriptor is made, and no
 * memory is asked for up to 64 requests. The same request may be there more than once.
 *
 * ::TD_ERROR_TIMEOUT: none is finished, all are as usable as before, `*index` is untouched (as on
 * every failure). ::TD_ERROR_ARGUMENT: `count` is 0, or `requests`, one of them or `index` is NULL.
 * ::TD_ERROR_HOST_MEMORY. ::TD_ERROR_STATE instead of a wait in a callback. Thread-safe as
 * td_request_wait is. */
TD_API td_result td_request_wait_any(td_request *const *requests, uint32_t count,
                                     uint64_t timeout_ns, uint32_t *index);

/** The same until all of them are finished, each in its own way. */
TD_API td_result td_request_wait_all(td_request *const *requests, uint32_t count,
                                     uint64_t timeout_ns);

/** Called once when a request is finished, under no lock, on the thread that finished it: one of
 * tandem's (a *completion thread*; a device has several, and calls one callback at a time), the one
 * whose
 * td_request_cancel finished it, or the one that set the callback too late.
 *
 * It may use the result, look at, watch, cancel and release this request and others, set callbacks,
 * and submit work, with a time limit of 0 wherever a call takes one.
 *
 * It must not wait: what it waits for may need the thread that it runs on. td_request_wait,
 * td_request_wait_any, td_request_wait_all, td_completion_queue_take, td_ticket_wait, the waits of
 * td_tasks, and whatever waits for a slot of a readback ring or for a frame that is in flight
 * (td_renderer_submit, td_frames_execute, td_scheduler_begin_frame, td_recorder_record) return
 * ::TD_ERROR_STATE on a completion thread where they would. It must not destroy a device, nor a
 * renderer or scene that has work under way, nor td_tasks, since that waits too. And it should be
 * short: the completions of the device that come later are told after it. */
typedef void (*td_request_fn)(void *user, td_request *request);

/** Sets the callback. On a request that is finished already it is called before this returns, on
 * the calling thread. ::TD_ERROR_STATE if there is one already. */
TD_API td_result td_request_on_finish(td_request *request, td_request_fn fn, void *user);

/** A file descriptor that becomes readable when the request is finished. It belongs to the request
 * and is closed with it; made on the first call. ::TD_ERROR_SYSTEM if none is to be had, which
 * changes nothing else: all other ways to hear of the end still work. */
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

/** Makes a completion queue. ::TD_ERROR_SYSTEM if no file descriptor is to be had,
 * ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_ARGUMENT if `out` is NULL. */
TD_API td_result td_completion_queue_create(td_completion_queue **out);

/** Destroys a queue; requests still watched by it are no longer watched. NULL is fine. */
TD_API void td_completion_queue_destroy(td_completion_queue *queue);

/** Lets `queue` collect `request`, with `tag` to recognise it. The queue keeps the request alive
 * until it is taken. ::TD_ERROR_STATE if a queue watches it already. */
TD_API td_result td_completion_queue_watch(td_completion_queue *queue, td_request *request,
                                           uint64_t tag);

/** The same for `count` requests under one lock, with `tags[i]`, or if `tags` is NULL with i, to
 * recognise them. ::TD_ERROR_STATE at the first that a queue watches already; those before it are
 * watched then, those after it are not. ::TD_ERROR_ARGUMENT if one is NULL; none is watched then.
 */
TD_API td_result td_completion_queue_watch_all(td_completion_queue *queue,
                                               td_request *const *requests, const uint64_t *tags,
                                               uint32_t count);

/** One finished request. */
typedef struct td_completion {
    td_request *request; /**< A reference of the receiver's, to be released. */
    uint64_t tag;        /**< As given when it was watched. */
    td_result result;    /**< As td_request_result. */
} td_completion;

/** Takes up to `capacity` finished requests in the order of their completion; waits at most
 * `timeout_ns` for the first. ::TD_OK with `*count` >= 1, or ::TD_ERROR_TIMEOUT; ::TD_ERROR_STATE
 * instead of a wait in a callback. */
TD_API td_result td_completion_queue_take(td_completion_queue *queue, td_completion *completions,
                                          uint32_t capacity, uint64_t timeout_ns, uint32_t *count);

/** The queue's file descriptor (an eventfd), readable while something can be taken: for epoll,
 * poll, libuv, asyncio. It belongs to the queue; do not read it. -1 for NULL. A queue whose
 * descriptor nobody asked for saves the system calls that keep it up to date. */
TD_API int td_completion_queue_descriptor(td_completion_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
