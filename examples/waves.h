/* Moving water, in plain Vulkan: a compute pass writes vertices and the count of an indirect draw,
 * and a graphics pass draws them. */
#ifndef EXAMPLES_WAVES_H
#define EXAMPLES_WAVES_H

#include "guest.h"

#define WAVES_SLOTS 2 /* frames in flight, with buffers of their own */

typedef struct waves {
    guest_device device;
    VkDescriptorSetLayout set_layout;
    VkDescriptorPool pool;
    VkDescriptorSet sets[WAVES_SLOTS];
    VkPipelineLayout compute_layout, draw_layout;
    VkPipeline compute, draw;
    guest_buffer vertices[WAVES_SLOTS], counts[WAVES_SLOTS];
} waves;

void waves_create(waves *water, const guest_device *device, VkFormat format);
void waves_destroy(waves *water);

typedef struct waves_frame {
    waves *water;
    uint64_t index;
} waves_frame;

/* What td_scheduler_record calls, with a waves_frame. */
td_result waves_record(void *user, VkCommandBuffer commands);

/* Where compute and graphics are in one command buffer, the barrier between them is the program's:
 * the scheduler adds nothing of its own. */
void waves_barrier(VkCommandBuffer commands);

/* The image must be in COLOR_ATTACHMENT_OPTIMAL. */
void waves_draw(const waves_frame *frame, VkCommandBuffer commands, VkImageView view,
                VkExtent2D size);

#endif
