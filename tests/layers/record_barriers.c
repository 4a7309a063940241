/* Barriers, and the events of Vulkan 1.3, which are barriers in two parts. */
#include "record_stream.h"

static void record_memory_barrier(record_stream *stream, const VkMemoryBarrier2 *barrier)
{
    record_text(stream, "memory");
    record_no_chain(stream, barrier->pNext);
    RECORD(stream, barrier->srcStageMask);
    RECORD(stream, barrier->srcAccessMask);
    RECORD(stream, barrier->dstStageMask);
    RECORD(stream, barrier->dstAccessMask);
}

static void record_buffer_barrier(record_stream *stream, const VkBufferMemoryBarrier2 *barrier)
{
    record_text(stream, "buffer");
    record_no_chain(stream, barrier->pNext);
    RECORD(stream, barrier->srcStageMask);
    RECORD(stream, barrier->srcAccessMask);
    RECORD(stream, barrier->dstStageMask);
    RECORD(stream, barrier->dstAccessMask);
    RECORD(stream, barrier->srcQueueFamilyIndex);
    RECORD(stream, barrier->dstQueueFamilyIndex);
    RECORD(stream, barrier->buffer);
    RECORD(stream, barrier->offset);
    RECORD(stream, barrier->size);
}

static void record_image_barrier(record_stream *stream, const VkImageMemoryBarrier2 *barrier)
{
    record_text(stream, "image");
    record_no_chain(stream, barrier->pNext);
    RECORD(stream, barrier->srcStageMask);
    RECORD(stream, barrier->srcAccessMask);
    RECORD(stream, barrier->dstStageMask);
    RECORD(stream, barrier->dstAccessMask);
    RECORD(stream, barrier->oldLayout);
    RECORD(stream, barrier->newLayout);
    RECORD(stream, barrier->srcQueueFamilyIndex);
    RECORD(stream, barrier->dstQueueFamilyIndex);
    RECORD(stream, barrier->image);
    record_words(stream, &barrier->subresourceRange, sizeof barrier->subresourceRange);
}

static void record_dependency(record_stream *stream, const VkDependencyInfo *info)
{
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->dependencyFlags);
    for (uint32_t i = 0; i < info->memoryBarrierCount; i++)
        record_memory_barrier(stream, &info->pMemoryBarriers[i]);
    for (uint32_t i = 0; i < info->bufferMemoryBarrierCount; i++)
        record_buffer_barrier(stream, &info->pBufferMemoryBarriers[i]);
    for (uint32_t i = 0; i < info->imageMemoryBarrierCount; i++)
        record_image_barrier(stream, &info->pImageMemoryBarriers[i]);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdPipelineBarrier2(VkCommandBuffer c,
                                                                const VkDependencyInfo *info)
{
    RECORD_START(vkCmdPipelineBarrier2, c);
    record_dependency(stream, info);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdPipelineBarrier2)(c, info);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdSetEvent2(VkCommandBuffer c, VkEvent event,
                                                         const VkDependencyInfo *info)
{
    RECORD_START(vkCmdSetEvent2, c);
    RECORD(stream, event);
    record_dependency(stream, info);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdSetEvent2)(c, event, info);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdWaitEvents2(VkCommandBuffer c, uint32_t count,
                                                           const VkEvent *events,
                                                           const VkDependencyInfo *infos)
{
    RECORD_START(vkCmdWaitEvents2, c);
    for (uint32_t i = 0; i < count; i++) {
        RECORD(stream, events[i]);
        record_dependency(stream, &infos[i]);
    }
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdWaitEvents2)(c, count, events, infos);
}

/* The barriers of Vulkan 1.0, as a guest may use them. */
static VKAPI_ATTR void VKAPI_CALL command_vkCmdPipelineBarrier(
    VkCommandBuffer c, VkPipelineStageFlags from, VkPipelineStageFlags to, VkDependencyFlags flags,
    uint32_t memory_count, const VkMemoryBarrier *memory, uint32_t buffer_count,
    const VkBufferMemoryBarrier *buffers, uint32_t image_count, const VkImageMemoryBarrier *images)
{
    RECORD_START(vkCmdPipelineBarrier, c);
    RECORD(stream, from);
    RECORD(stream, to);
    RECORD(stream, flags);
    for (uint32_t i = 0; i < memory_count; i++) {
        record_text(stream, "memory");
        record_no_chain(stream, memory[i].pNext);
        RECORD(stream, memory[i].srcAccessMask);
        RECORD(stream, memory[i].dstAccessMask);
    }
    for (uint32_t i = 0; i < buffer_count; i++) {
        record_text(stream, "buffer");
        record_no_chain(stream, buffers[i].pNext);
        record_words(stream, &buffers[i].srcAccessMask, 4 * sizeof(uint32_t));
        RECORD(stream, buffers[i].buffer);
        RECORD(stream, buffers[i].offset);
        RECORD(stream, buffers[i].size);
    }
    for (uint32_t i = 0; i < image_count; i++) {
        record_text(stream, "image");
        record_no_chain(stream, images[i].pNext);
        record_words(stream, &images[i].srcAccessMask, 6 * sizeof(uint32_t));
        RECORD(stream, images[i].image);
        record_words(stream, &images[i].subresourceRange, sizeof images[i].subresourceRange);
    }
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdPipelineBarrier)
    (c, from, to, flags, memory_count, memory, buffer_count, buffers, image_count, images);
}

const layer_function record_barriers[] = {
    LAYER_FUNCTION(vkCmdPipelineBarrier, command_vkCmdPipelineBarrier),
    LAYER_FUNCTION(vkCmdPipelineBarrier2, command_vkCmdPipelineBarrier2),
    LAYER_FUNCTION(vkCmdPipelineBarrier2KHR, command_vkCmdPipelineBarrier2),
    LAYER_FUNCTION(vkCmdSetEvent2, command_vkCmdSetEvent2),
    LAYER_FUNCTION(vkCmdWaitEvents2, command_vkCmdWaitEvents2),
};
const size_t record_barrier_count = LAYER_COUNT(record_barriers);
