/* Plain Vulkan on the three queues of the layer split_queues. Whatever fails fails the test. */
#ifndef TESTS_GPU_SPLIT_SUPPORT_H
#define TESTS_GPU_SPLIT_SUPPORT_H

#include "gpu_test.h"

#include "../layers/split_control.h"

#define SPLIT_WORDS 64 /* of each buffer */

/* Families of the layer. */
enum { SPLIT_GRAPHICS, SPLIT_COMPUTE, SPLIT_TRANSFER, SPLIT_QUEUES };

/* Functions that tandem itself has no use for. */
#define SPLIT_FUNCTIONS(X)                                                                         \
    X(vkQueueSubmit)                                                                               \
    X(vkSignalSemaphore)                                                                           \
    X(vkCreateFence)                                                                               \
    X(vkDestroyFence)                                                                              \
    X(vkWaitForFences)                                                                             \
    X(vkDeviceWaitIdle)                                                                            \
    X(vkCmdFillBuffer)                                                                             \
    X(vkCmdClearColorImage)                                                                        \
    X(vkCmdCopyImageToBuffer)                                                                      \
    X(vkCmdDispatch)

typedef struct split_bench {
    td_device *device;
    VkQueue queues[SPLIT_QUEUES];
    VkCommandPool pools[SPLIT_QUEUES];
    split_set_schedule_fn set_schedule;
    split_report_count_fn report_count;
#define SPLIT_MEMBER(name) PFN_##name name;
    SPLIT_FUNCTIONS(SPLIT_MEMBER)
#undef SPLIT_MEMBER
} split_bench;

typedef struct split_buffer {
    VkBuffer handle;
    VkDeviceMemory memory;
    uint32_t *words;
} split_buffer;

typedef struct split_image {
    VkImage handle;
    VkDeviceMemory memory;
} split_image;

/* Skips the test where the layer is not loaded. */
void split_bench_make(td_device *device, const char *schedule, split_bench *out);
/* After all queues are idle. */
void split_bench_free(split_bench *bench);

/* Mapped; shared by the families of a mask, or exclusive for a mask of 0. */
split_buffer split_make_buffer(const split_bench *bench, uint32_t families);
void split_free_buffer(const split_bench *bench, split_buffer *buffer);

/* Of one 32-bit integer a pixel. */
split_image split_make_image(const split_bench *bench, uint32_t width, uint32_t height);
void split_free_image(const split_bench *bench, split_image *image);

VkCommandBuffer split_begin(const split_bench *bench, uint32_t queue);
/* Ends, and submits with at most one wait and one signal (null semaphores: none). */
void split_submit(const split_bench *bench, uint32_t queue, VkCommandBuffer commands,
                  VkSemaphore wait, uint64_t wait_value, VkSemaphore signal, uint64_t signal_value);
void split_end(const split_bench *bench, VkCommandBuffer commands);
void split_wait_idle(const split_bench *bench);

VkSemaphore split_make_semaphore(const split_bench *bench, VkSemaphoreType type);
void split_free_semaphore(const split_bench *bench, VkSemaphore semaphore);

void split_fill(const split_bench *bench, VkCommandBuffer commands, const split_buffer *buffer,
                uint32_t word);
void split_copy(const split_bench *bench, VkCommandBuffer commands, const split_buffer *from,
                const split_buffer *to);
/* A memory barrier from everything to everything, and a buffer's from one family to another. */
void split_barrier(const split_bench *bench, VkCommandBuffer commands);
void split_transfer(const split_bench *bench, VkCommandBuffer commands, const split_buffer *buffer,
                    uint32_t from, uint32_t to);

#endif
