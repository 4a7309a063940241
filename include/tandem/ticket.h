/** @file
 * Tickets: points on the timelines of a device's queues, and how other programs' semaphores turn
 * into them and back.
 *
 * Needs Vulkan's headers, as do graph.h, recorder.h, scheduler.h and vulkan.h.
 */
#ifndef TANDEM_TICKET_H
#define TANDEM_TICKET_H

#include <vulkan/vulkan_core.h>

#include <tandem/device.h>
#include <tandem/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A point on the timeline of a queue: reached when all that was submitted to the queue up to it is
 * done. Value 0 is reached from the start, on every device. A plain value; copy it freely. */
typedef struct td_ticket {
    uint32_t queue;  /**< The device's number of the queue; lanes may share it. */
    uint64_t value;  /**< Of the queue's timeline semaphore. */
    uint32_t device; /**< Number of the device, so that another one's is recognised. */
} td_ticket;

/** Something that a submission waits for: a ticket, or a semaphore of the caller's. */
typedef struct td_wait {
    td_ticket ticket;             /**< Waited for if its value is not 0. */
    VkPipelineStageFlags2 stages; /**< Of the waiting commands; 0: all. */
    VkSemaphore semaphore; /**< Not VK_NULL_HANDLE: waited for too. What signals a timeline value
                              must be submitted before, or be sure to come from elsewhere. */
    uint64_t value;        /**< Of a timeline semaphore; ignored for a binary one. */
} td_wait;

/** A semaphore of the caller's that a submission signals. */
typedef struct td_signal {
    VkSemaphore semaphore;        /**< Timeline or binary. */
    uint64_t value;               /**< Of a timeline semaphore; ignored for a binary one. */
    VkPipelineStageFlags2 stages; /**< After these; 0: after everything. */
} td_signal;

/** Most waits and signals of a submission, each. */
#define TD_MAX_WAITS 16

/** What is submitted to a lane. */
typedef struct td_lane_submit_params {
    td_lane lane;                    /**< Where. */
    const VkCommandBuffer *commands; /**< Recorded, of pools of the lane's family. */
    uint32_t command_count;          /**< At most 64; 0: only waits and signals. */
    /** Queue family of each command buffer's pool; NULL: not checked, which Vulkan cannot do. */
    const uint32_t *command_families;
    const td_wait *waits;     /**< Waited for before any command. */
    uint32_t wait_count;      /**< At most ::TD_MAX_WAITS. */
    const td_signal *signals; /**< Signalled after all commands. */
    uint32_t signal_count;    /**< At most ::TD_MAX_WAITS. */
} td_lane_submit_params;

/** Submits and gives a ticket, which counts only if the call succeeded. Waits for tickets of the
 * lane's own queue are left out: commands there are ordered by the caller's barriers. Thread-safe.
 * ::TD_ERROR_ARGUMENT for a ticket of another device, a command buffer of another family than the
 * lane's, and too many of anything, ::TD_ERROR_STATE for a ticket that was never given out; nothing
 * is submitted then, and nothing after ::TD_ERROR_DEVICE_LOST, ::TD_ERROR_DEVICE_MEMORY,
 * ::TD_ERROR_HOST_MEMORY. */
TD_API td_result td_lane_submit(td_device *device, const td_lane_submit_params *params,
                                td_ticket *out);

/** True if the ticket is reached. A ticket of another device never is. Thread-safe. */
TD_API bool td_ticket_reached(td_device *device, td_ticket ticket);

/** Waits at most `timeout_ns` nanoseconds (0: asks, ::TD_FOREVER). ::TD_ERROR_TIMEOUT,
 * ::TD_ERROR_DEVICE_LOST, ::TD_ERROR_ARGUMENT for a ticket of another device, ::TD_ERROR_STATE for
 * one that was never given out, and instead of a wait in a callback (::td_request_fn). Thread-safe.
 */
TD_API td_result td_ticket_wait(td_device *device, td_ticket ticket, uint64_t timeout_ns);

/** A request that becomes ready when the ticket is reached, or fails with the device. Its callback
 * comes from tandem's completion thread. It is released as every request, before the device is
 * destroyed. Errors as td_ticket_wait, and ::TD_ERROR_HOST_MEMORY. Thread-safe. */
TD_API td_result td_ticket_request(td_device *device, td_ticket ticket, td_request **out);

/** The timeline semaphore and value that a ticket stands for, for submissions that tandem does not
 * make. The semaphore lives as long as the device and must only be waited for. Errors as
 * td_ticket_wait. Thread-safe. */
TD_API td_result td_ticket_semaphore(td_device *device, td_ticket ticket, VkSemaphore *semaphore,
                                     uint64_t *value);

/** The other way round: a ticket on `lane` that is reached when the caller's semaphore is (value
 * ignored for a binary one, which this consumes). What signals it must have been submitted.
 * Errors as td_lane_submit. Thread-safe. */
TD_API td_result td_ticket_import(td_device *device, td_lane lane, VkSemaphore semaphore,
                                  uint64_t value, td_ticket *out);

/** Signals a binary semaphore, such as a swapchain's present waits for, when the ticket is reached,
 * by an empty submission to `lane`. The semaphore must be unsignalled. Errors as td_lane_submit.
 * Thread-safe. */
TD_API td_result td_ticket_signal_binary(td_device *device, td_lane lane, td_ticket ticket,
                                         VkSemaphore semaphore);

#ifdef __cplusplus
}
#endif
#endif
