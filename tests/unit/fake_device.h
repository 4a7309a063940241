/* A device without Vulkan: a td_device whose function table leads to a small model of queues and
 * timelines, so that what the lanes submit can be looked at, held back, made to fail and lost. One
 * at a time. */
#ifndef TESTS_UNIT_FAKE_DEVICE_H
#define TESTS_UNIT_FAKE_DEVICE_H

#include "support.h"

#include <tandem/request.h>

#include "async/lane.h"

#define FAKE_MOST_BARRIERS    64
#define FAKE_MOST_SUBMISSIONS 4096
#define FAKE_MOST_BINARIES    64

typedef struct fake_commands {
    VkMemoryBarrier2 barriers[FAKE_MOST_BARRIERS];
    uint32_t barrier_count;
    uint32_t image_barrier_count;
    VkImageMemoryBarrier2 image_barriers[4];
    uint32_t timestamp_count;
    uint32_t copy_count;
    VkBufferImageCopy image_copy; /* the last of each */
    VkBufferCopy buffer_copy;
} fake_commands;

typedef struct fake_wait {
    uint32_t queue;
    uint64_t value;
    VkPipelineStageFlags2 stages;
} fake_wait;

typedef struct fake_submission {
    uint32_t queue;
    uint32_t call;   /* which vkQueueSubmit2 it came with */
    uint64_t signal; /* 0: none */
    uint32_t wait_count;
    fake_wait waits[TD_LANE_COUNT];
    uint32_t command_count;
    const fake_commands *commands; /* the first */
    /* Semaphores that are not the queues' timelines: how many, and the last of each. */
    uint32_t foreign_waits, foreign_signals;
    VkSemaphoreSubmitInfo foreign_wait, foreign_signal;
} fake_submission;

/* A device of `queues` queues: with 1 all lanes share it, with 3 each has its own. */
td_device *fake_device_create(uint32_t queues);
void fake_device_destroy(void);

/* Gives the device memory of two types: visible, cached, and not coherent with atoms of 64 bytes;
 * and visible and coherent. Buffers can then be made; their memory is the host's. */
void fake_add_memory(void);
/* The range of the last vkInvalidateMappedMemoryRanges; size 0: none so far. */
VkMappedMemoryRange fake_invalidated(void);

/* Work is over as soon as it is submitted (the start), or only when fake_complete says so. */
void fake_hold(bool hold);
/* Lets a queue get to `value`. */
void fake_complete(uint32_t queue, uint64_t value);
/* The nth vkQueueSubmit2 from now (1: the next) returns this. */
void fake_fail_submit(uint32_t nth, VkResult result);
/* The next vkWaitSemaphores returns this. */
void fake_fail_wait(VkResult result);
/* Until it is said again, vkCreateSemaphore returns this. */
void fake_fail_semaphores(VkResult result);
/* Until it is said again, vkWaitSemaphores and vkGetSemaphoreCounterValue return these. */
void fake_fail_waits(VkResult wait, VkResult look);
/* From now on every call that can report it does. */
void fake_lose(void);

uint32_t fake_submission_count(void);
fake_submission fake_submission_at(uint32_t index);
uint32_t fake_semaphores_alive(void);
/* The nth binary semaphore that was made, from 0. */
VkSemaphore fake_binary(uint32_t nth);
/* Threads that are inside vkWaitSemaphores, and how often it was called. */
uint32_t fake_waiting(void);
uint32_t fake_wait_calls(void);
/* How often vkGetSemaphoreCounterValue was called. */
uint32_t fake_look_calls(void);
/* Calls `fn` as a request's callback on the completion thread, and returns when it is done. What
 * the queue of the graphics lane has goes on. */
void fake_call_back(td_request_fn fn, void *user);
/* Blocks until so many are. */
void fake_until_waiting(uint32_t count);
uint64_t fake_longest_wait_ns(void);

#endif
