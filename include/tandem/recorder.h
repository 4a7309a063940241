/** @file
 * The recorder: command buffers recorded by many threads, submitted as one.
 */
#ifndef TANDEM_RECORDER_H
#define TANDEM_RECORDER_H

#include <tandem/monitor.h>
#include <tandem/ticket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A recorder: worker threads, with a command pool for each thread and frame slot, reset whole.
 * Opaque. Frames are begun and submitted by one thread at a time. */
typedef struct td_recorder td_recorder;

/** How a recorder is made. Zero is the default. */
typedef struct td_recorder_params {
    td_lane lane;        /**< Whose queue family records; and where frames are submitted. */
    uint32_t threads;    /**< Workers, 1 to 64; 0: the cores given to the process. */
    uint32_t slots;      /**< Frames in flight, 1 to 16; 0: 3. */
    td_monitor *monitor; /**< Receives the workers' spans; may be NULL. */
} td_recorder_params;

/** Makes a recorder. ::TD_ERROR_ARGUMENT, ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_SYSTEM,
 * ::TD_ERROR_DEVICE_MEMORY. */
TD_API td_result td_recorder_create(td_device *device, const td_recorder_params *params,
                                    td_recorder **out);

/** Waits until the device is done with its frames, ends the threads and frees everything. NULL is
 * fine. */
TD_API void td_recorder_destroy(td_recorder *recorder);

/** One share of a frame's work. */
typedef struct td_recorder_part {
    VkCommandBuffer
        commands;    /**< Recording: secondary where the frame has a rendering, else primary. */
    uint32_t first;  /**< First item of this part. */
    uint32_t count;  /**< Items of this part. */
    uint32_t part;   /**< Number of the part, in the order of execution. */
    uint32_t thread; /**< Number of the recording thread. */
    void *user;      /**< As given. */
} td_recorder_part;

/** Records items `first` to `first + count - 1`. Called on several threads at once. A failure fails
 * the frame. */
typedef td_result (*td_recorder_fn)(const td_recorder_part *part);

/** A frame's work. */
typedef struct td_recorder_frame {
    uint32_t items; /**< Draws, or whatever is recorded; split evenly over the parts. With
                         fewer items than parts, some parts have none. */
    uint32_t parts; /**< 1 to 64, secondary ones 1 to 1024; 0: one a thread. The order of execution
                       is that of the items, so the result does not depend on it. */
    td_recorder_fn record;                             /**< Records a part. */
    void *user;                                        /**< Handed to it. */
    const VkCommandBufferInheritanceInfo *inheritance; /**< For secondary command buffers, with a
                                VkCommandBufferInheritanceRenderingInfo chained where the frame has
                                dynamic rendering; NULL: parts are primary. */
} td_recorder_frame;

/** Records a frame on all threads and returns when that is done, with the parts' command buffers in
 * order of execution: valid until the slot's next frame. The calling thread records as well. Waits
 * at most `timeout_ns` for a free slot: ::TD_ERROR_AGAIN (limit 0), ::TD_ERROR_TIMEOUT, or
 * ::TD_ERROR_STATE instead of a wait in a request's callback. A part's
 * failure is returned; the slot is then used again at once. A frame that was recorded before and
 * not submitted is dropped. ::TD_ERROR_ARGUMENT, ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_DEVICE_MEMORY,
 * ::TD_ERROR_DEVICE_LOST. */
TD_API td_result td_recorder_record(td_recorder *recorder, const td_recorder_frame *frame,
                                    uint64_t timeout_ns, const VkCommandBuffer **commands,
                                    uint32_t *count);

/** Submits the primary parts of the recorded frame as one, after `waits`, and gives its ticket.
 * ::TD_ERROR_STATE without a recorded frame or with secondary parts; other errors as
 * td_lane_submit. After a failure the frame is still there to be submitted. */
TD_API td_result td_recorder_submit(td_recorder *recorder, const td_wait *waits,
                                    uint32_t wait_count, td_ticket *out);

/** Says which submission executes the secondary parts of the recorded frame, so that the slot is
 * not used before it is done. ::TD_ERROR_STATE without a recorded frame. */
TD_API td_result td_recorder_submitted(td_recorder *recorder, td_ticket ticket);

#ifdef __cplusplus
}
#endif
#endif
