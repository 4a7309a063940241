/* One submission that a virtual queue keeps: a copy of what the program gave. */
#ifndef TESTS_LAYERS_BATCH_H
#define TESTS_LAYERS_BATCH_H

#include <vulkan/vulkan.h>

typedef struct batch {
    struct batch *following;
    uint64_t order;   /* among all of the device */
    uint64_t ordinal; /* on its queue */
    uint64_t due_ns;  /* under a seed, from when it could go; 0 before */
    uint32_t count;   /* of submissions: 0 if there is only the fence */
    VkFence fence;
    VkSubmitInfo2 info;
    VkSemaphoreSubmitInfo *waits;
} batch;

/* A chain of one batch for each submission, or of one that has only a fence; the fence is with the
 * last. NULL if memory is short. */
batch *batch_copy2(uint32_t count, const VkSubmitInfo2 *infos, VkFence fence);
batch *batch_copy(uint32_t count, const VkSubmitInfo *infos, VkFence fence);
void batch_free_chain(batch *first);

#endif
