/** @file
 * The scheduler: the one seam that hides whether compute work runs on a queue of its own.
 *
 * A frame: td_scheduler_begin_frame, td_scheduler_record as often as wanted, td_scheduler_submit,
 * td_scheduler_waits; then the caller submits its graphics work with these waits.
 *
 * *Asynchronous*: compute work is recorded into a command buffer of the frame slot and submitted to
 * the compute lane. *Passthrough*: it is recorded into the caller's own command buffer, nothing is
 * submitted, and there is nothing to wait for: the stream of Vulkan calls is the one that the
 * caller would have made without a scheduler.
 *
 * In mode auto frames of both kinds follow each other, and two rules of the caller's make that
 * safe: a frame's graphics work is submitted before the next td_scheduler_begin_frame, and it has
 * waited for what td_scheduler_waits named, in every frame. Each frame needs a `graphics` that is
 * recording, since it may be passed through.
 */
#ifndef TANDEM_SCHEDULER_H
#define TANDEM_SCHEDULER_H

#include <tandem/ticket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A scheduler. Opaque. A frame is begun, recorded and submitted by one thread at a time; different
 * schedulers are independent. */
typedef struct td_scheduler td_scheduler;

/** How a scheduler is made. */
typedef struct td_scheduler_params {
    uint32_t frames_in_flight; /**< Frame slots, 1 to 16; required. */
    td_async_mode mode;     /**< Auto measures both modes on the first frames and keeps the faster
                                 one; passthrough where compute has no queue of its own. On:
                                 ::TD_ERROR_UNSUPPORTED there. */
    bool binary_semaphores; /**< Each submission also signals a binary semaphore, for
                                 td_scheduler_wait_semaphores. */
} td_scheduler_params;

/** Makes a scheduler and logs mode and queue family. ::TD_ERROR_ARGUMENT, ::TD_ERROR_UNSUPPORTED,
 * ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_DEVICE_MEMORY. */
TD_API td_result td_scheduler_create(td_device *device, const td_scheduler_params *params,
                                     td_scheduler **out);

/** Waits until the device is done with its submissions and with what td_scheduler_consumed named,
 * and frees everything. A binary semaphore that was handed out for a frame whose consumer was not
 * named lives on until td_device_destroy, since the program's graphics work may still wait for it;
 * that work must be done before td_device_destroy, also on an imported device. NULL is fine. */
TD_API void td_scheduler_destroy(td_scheduler *scheduler);

/** True if the frame that was begun last is asynchronous; before the first one: if it will be. */
TD_API bool td_scheduler_is_async(const td_scheduler *scheduler);

/** Begins a frame in slot `frame_index` mod `frames_in_flight`. Asynchronous: waits at most
 * `timeout_ns` until the slot has retired (its compute work, and what td_scheduler_consumed named),
 * then opens its command buffer; the first use of a slot waits for nothing. Passthrough: remembers
 * `graphics`, which must be recording. A frame that was begun and not submitted is dropped: its
 * slot is used again at once. ::TD_ERROR_AGAIN (limit 0) or ::TD_ERROR_TIMEOUT (the slot is as it
 * was), ::TD_ERROR_STATE instead of a wait in a request's callback, ::TD_ERROR_DEVICE_LOST,
 * ::TD_ERROR_ARGUMENT for a NULL `graphics` where the frame is, or by mode auto may be,
 * passthrough. After a failure no frame is open. */
TD_API td_result td_scheduler_begin_frame(td_scheduler *scheduler, uint64_t frame_index,
                                          VkCommandBuffer graphics, uint64_t timeout_ns);

/** Records compute work; what it returns is returned by td_scheduler_record. Of a failure
 * td_last_error has the sentence that this left on the thread, or the code's text if it left none.
 */
typedef td_result (*td_scheduler_record_fn)(void *user, VkCommandBuffer commands);

/** Calls `record` once, at once, with the command buffer that compute work goes into. If it fails,
 * the frame is dropped: nothing of it can be submitted, and the slot is used again at once.
 * ::TD_ERROR_STATE before td_scheduler_begin_frame and after td_scheduler_submit, in both modes. */
TD_API td_result td_scheduler_record(td_scheduler *scheduler, td_scheduler_record_fn record,
                                     void *user);

/** Lets this frame's compute submission wait, for example for the graphics work that read its
 * buffers last. In passthrough tickets of the graphics queue need barriers only, which are the
 * caller's; this then adds nothing. Anything else is waited for in passthrough by an empty
 * submission to the graphics lane, which td_scheduler_submit makes. ::TD_ERROR_STATE as
 * td_scheduler_record and for a ticket that was never given out, ::TD_ERROR_ARGUMENT for one of
 * another device or more than ::TD_MAX_WAITS waits. */
TD_API td_result td_scheduler_wait_for(td_scheduler *scheduler, const td_wait *wait);

/** Submits, also when nothing was recorded, so that graphics never waits for ever. In passthrough
 * does nothing. `out` (may be NULL) is the ticket of the compute work, value 0 in passthrough.
 * ::TD_ERROR_STATE before td_scheduler_begin_frame and when called twice, in both modes; after a
 * failure the frame is dropped. */
TD_API td_result td_scheduler_submit(td_scheduler *scheduler, td_ticket *out);

/** What this frame's graphics submission must wait for: at most one entry, at the stages draw
 * indirect, vertex shader and fragment shader (and compute shader, for graphics work that is
 * compute; in mode auto also transfer, for passthrough frames that follow). `*count` is 0 in
 * passthrough. May be called any number of times.
 * ::TD_ERROR_STATE before td_scheduler_begin_frame, and, if asynchronous, before
 * td_scheduler_submit. */
TD_API td_result td_scheduler_waits(td_scheduler *scheduler, td_wait *wait, uint32_t *count);

/** The same as timeline semaphore, value and stages for a VkSemaphoreSubmitInfo of the caller's. */
TD_API td_result td_scheduler_wait_tickets(td_scheduler *scheduler, VkSemaphore *semaphore,
                                           uint64_t *value, VkPipelineStageFlags2 *stages,
                                           uint32_t *count);

/** The same for VkSubmitInfo: the frame's binary semaphore and a mask: draw indirect, vertex
 * shader, fragment shader (in mode auto also compute shader and transfer). Wait for it exactly
 * once, and begin no frame of this slot before that wait is done on the device. How long it lives:
 * td_scheduler_destroy.
 * ::TD_ERROR_STATE also without `binary_semaphores`. */
TD_API td_result td_scheduler_wait_semaphores(td_scheduler *scheduler, VkSemaphore *semaphore,
                                              VkPipelineStageFlags *stages, uint32_t *count);

/** Names the submission that consumed what the frame's compute work left. Its slot is not used
 * again before that. Optional.
 * ::TD_ERROR_ARGUMENT for a ticket of another device, ::TD_ERROR_STATE before td_scheduler_submit.
 */
TD_API td_result td_scheduler_consumed(td_scheduler *scheduler, td_ticket graphics);

/** How a scheduler does. */
typedef struct td_scheduler_info {
    td_async_mode mode;    /**< As asked. */
    bool async;            /**< As the next frame will be done. */
    bool measuring;        /**< Auto has not decided. */
    uint32_t family;       /**< Queue family of compute work. */
    double async_ms;       /**< Auto: time a frame asynchronously, median; 0: not measured. */
    double passthrough_ms; /**< Auto: time a frame in passthrough, median; 0: not measured. */
    uint32_t decisions;    /**< Auto: how often it decided. */
    uint64_t frames;       /**< Submitted frames. */
    const char *reason;    /**< Why this mode. Static storage. */
} td_scheduler_info;

/** How this scheduler does. With a NULL argument nothing is written, and td_last_error tells. */
TD_API void td_scheduler_get_info(const td_scheduler *scheduler, td_scheduler_info *out);

#ifdef __cplusplus
}
#endif
#endif
