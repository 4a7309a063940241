/* What command buffers do: barriers, and the uses that passes declare. */
#include <stdio.h>
#include <stdlib.h>

#include "hazards_device.h"
#include "layer_report.h"

hazards_record *hazards_record_of(hazards_device *data, VkCommandBuffer commands)
{
    return object_map_find(&data->records, OBJECT_HANDLE(commands));
}

void hazards_free_record(void *record)
{
    hazards_record_clear(record);
    free(record);
}

static void check(hazards_device *data, bool kept)
{
    if (!kept)
        layer_report(data->device, "TANDEM-hazards", "out of host memory");
}

/* ---- their lives ---- */

static VKAPI_ATTR VkResult VKAPI_CALL allocate(VkDevice device,
                                               const VkCommandBufferAllocateInfo *info,
                                               VkCommandBuffer *out)
{
    hazards_device *data = hazards_of(device);
    const VkResult result = LAYER_NEXT(data->device, vkAllocateCommandBuffers)(device, info, out);
    for (uint32_t i = 0; result == VK_SUCCESS && i < info->commandBufferCount; i++) {
        hazards_record *record = calloc(1, sizeof *record);
        check(data, record != NULL);
        if (!record)
            continue;
        record->pool = info->commandPool;
        check(data, object_map_put(&data->records, OBJECT_HANDLE(out[i]), record));
    }
    return result;
}

static void forget(hazards_device *data, VkCommandBuffer commands)
{
    hazards_record *record = object_map_take(&data->records, OBJECT_HANDLE(commands));
    if (record)
        hazards_free_record(record);
}

static VKAPI_ATTR void VKAPI_CALL free_buffers(VkDevice device, VkCommandPool pool, uint32_t count,
                                               const VkCommandBuffer *commands)
{
    hazards_device *data = hazards_of(device);
    for (uint32_t i = 0; i < count; i++)
        if (commands[i])
            forget(data, commands[i]);
    LAYER_NEXT(data->device, vkFreeCommandBuffers)(device, pool, count, commands);
}

static bool of_pool(const void *object, uint64_t pool)
{
    return OBJECT_HANDLE(((const hazards_record *)object)->pool) == pool;
}

static VKAPI_ATTR void VKAPI_CALL destroy_pool(VkDevice device, VkCommandPool pool,
                                               const VkAllocationCallbacks *allocator)
{
    hazards_device *data = hazards_of(device);
    object_map_drop(&data->records, of_pool, OBJECT_HANDLE(pool), hazards_free_record);
    LAYER_NEXT(data->device, vkDestroyCommandPool)(device, pool, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL begin(VkCommandBuffer commands,
                                            const VkCommandBufferBeginInfo *info)
{
    hazards_device *data = hazards_of(commands);
    hazards_record *record = hazards_record_of(data, commands);
    if (record)
        hazards_record_clear(record);
    return LAYER_NEXT(data->device, vkBeginCommandBuffer)(commands, info);
}

/* ---- barriers ---- */

static void add_barriers(hazards_device *data, VkCommandBuffer commands,
                         const hazards_barrier *barriers, uint32_t count)
{
    hazards_record *record = hazards_record_of(data, commands);
    check(data, barriers && record && hazards_record_barriers(record, barriers, count));
}

static hazards_barrier of_memory(const VkMemoryBarrier2 *from)
{
    return (hazards_barrier){.src_stages = from->srcStageMask,
                             .src_access = from->srcAccessMask,
                             .dst_stages = from->dstStageMask,
                             .dst_access = from->dstAccessMask,
                             .everything = true};
}

static hazards_barrier of_buffer(hazards_device *data, const VkBufferMemoryBarrier2 *from)
{
    return (hazards_barrier){
        .src_stages = from->srcStageMask,
        .src_access = from->srcAccessMask,
        .dst_stages = from->dstStageMask,
        .dst_access = from->dstAccessMask,
        .range = hazards_buffer_range(data, from->buffer, from->offset, from->size)};
}

static hazards_barrier of_image(hazards_device *data, const VkImageMemoryBarrier2 *from)
{
    const bool whole = hazards_whole_image(data, from->image, &from->subresourceRange);
    return (hazards_barrier){.src_stages = from->srcStageMask,
                             .src_access = from->srcAccessMask,
                             .dst_stages = from->dstStageMask,
                             .dst_access = from->dstAccessMask,
                             .range = hazards_image_range(data, from->image),
                             .image = whole ? from->image : VK_NULL_HANDLE,
                             .from = from->oldLayout,
                             .to = from->newLayout};
}

static VKAPI_ATTR void VKAPI_CALL barrier2(VkCommandBuffer commands, const VkDependencyInfo *info)
{
    hazards_device *data = hazards_of(commands);
    const uint32_t count =
        info->memoryBarrierCount + info->bufferMemoryBarrierCount + info->imageMemoryBarrierCount;
    hazards_barrier *barriers = calloc(count + 1, sizeof *barriers);
    hazards_barrier *next = barriers;
    for (uint32_t i = 0; next && i < info->memoryBarrierCount; i++)
        *next++ = of_memory(&info->pMemoryBarriers[i]);
    for (uint32_t i = 0; next && i < info->bufferMemoryBarrierCount; i++)
        *next++ = of_buffer(data, &info->pBufferMemoryBarriers[i]);
    for (uint32_t i = 0; next && i < info->imageMemoryBarrierCount; i++)
        *next++ = of_image(data, &info->pImageMemoryBarriers[i]);
    add_barriers(data, commands, barriers, count);
    free(barriers);
    LAYER_NEXT(data->device, vkCmdPipelineBarrier2)(commands, info);
}

/* The stages are common to all barriers, and hold where there is none. */
static VKAPI_ATTR void VKAPI_CALL barrier1(VkCommandBuffer commands, VkPipelineStageFlags from,
                                           VkPipelineStageFlags to, VkDependencyFlags flags,
                                           uint32_t memory_count, const VkMemoryBarrier *memory,
                                           uint32_t buffer_count,
                                           const VkBufferMemoryBarrier *buffers,
                                           uint32_t image_count, const VkImageMemoryBarrier *images)
{
    hazards_device *data = hazards_of(commands);
    hazards_barrier *barriers =
        calloc(1 + memory_count + buffer_count + image_count, sizeof *barriers);
    hazards_barrier *next = barriers;
    if (next)
        *next++ = (hazards_barrier){.src_stages = from, .dst_stages = to};
    for (uint32_t i = 0; next && i < memory_count; i++)
        *next++ = of_memory(&(VkMemoryBarrier2){.srcStageMask = from,
                                                .srcAccessMask = memory[i].srcAccessMask,
                                                .dstStageMask = to,
                                                .dstAccessMask = memory[i].dstAccessMask});
    for (uint32_t i = 0; next && i < buffer_count; i++)
        *next++ =
            of_buffer(data, &(VkBufferMemoryBarrier2){.srcStageMask = from,
                                                      .srcAccessMask = buffers[i].srcAccessMask,
                                                      .dstStageMask = to,
                                                      .dstAccessMask = buffers[i].dstAccessMask,
                                                      .buffer = buffers[i].buffer,
                                                      .offset = buffers[i].offset,
                                                      .size = buffers[i].size});
    for (uint32_t i = 0; next && i < image_count; i++)
        *next++ = of_image(
            data, &(VkImageMemoryBarrier2){.srcStageMask = from,
                                           .srcAccessMask = images[i].srcAccessMask,
                                           .dstStageMask = to,
                                           .dstAccessMask = images[i].dstAccessMask,
                                           .oldLayout = images[i].oldLayout,
                                           .newLayout = images[i].newLayout,
                                           .image = images[i].image,
                                           .subresourceRange = images[i].subresourceRange});
    add_barriers(data, commands, barriers, 1 + memory_count + buffer_count + image_count);
    free(barriers);
    LAYER_NEXT(data->device, vkCmdPipelineBarrier)
    (commands, from, to, flags, memory_count, memory, buffer_count, buffers, image_count, images);
}

static VKAPI_ATTR void VKAPI_CALL execute(VkCommandBuffer commands, uint32_t count,
                                          const VkCommandBuffer *secondaries)
{
    hazards_device *data = hazards_of(commands);
    hazards_record *record = hazards_record_of(data, commands);
    for (uint32_t i = 0; record && i < count; i++) {
        const hazards_record *other = hazards_record_of(data, secondaries[i]);
        check(data, other && hazards_record_again(record, other));
    }
    LAYER_NEXT(data->device, vkCmdExecuteCommands)(commands, count, secondaries);
}

/* ---- uses ---- */

static hazards_use translate(hazards_device *data, const tdi_declared_pass *pass,
                             const tdi_declared_use *from)
{
    hazards_use use = {
        .range = from->image ? hazards_image_range(data, from->image)
                             : hazards_buffer_range(data, from->buffer, from->offset, from->size),
        .stages = from->stages,
        .access = from->access,
        .mode = from->mode,
        .image = from->image,
        .layout = from->layout,
    };
    snprintf(use.what, sizeof use.what, "%s of '%s' by '%s' of graph '%s'",
             from->mode == TD_ACCESS_READ    ? "reading"
             : from->mode == TD_ACCESS_WRITE ? "writing"
                                             : "accumulating",
             from->resource, pass->pass, pass->graph);
    return use;
}

static VKAPI_ATTR void VKAPI_CALL declare_uses(VkDevice device, const tdi_declared_pass *pass)
{
    hazards_device *data = hazards_of(device);
    hazards_record *record = hazards_record_of(data, pass->commands);
    hazards_use uses[TD_PASS_MAX_USES];
    for (uint32_t i = 0; i < pass->use_count; i++)
        uses[i] = translate(data, pass, &pass->uses[i]);
    check(data, record && hazards_record_uses(record, uses, pass->use_count));
    const tdi_declare_uses_fn next =
        (tdi_declare_uses_fn)data->device->next(device, TDI_DECLARE_USES);
    if (next)
        next(device, pass);
}

const layer_function hazards_command_functions[HAZARDS_COMMAND_FUNCTIONS] = {
    LAYER_FUNCTION(vkAllocateCommandBuffers, allocate),
    LAYER_FUNCTION(vkFreeCommandBuffers, free_buffers),
    LAYER_FUNCTION(vkDestroyCommandPool, destroy_pool),
    LAYER_FUNCTION(vkBeginCommandBuffer, begin),
    LAYER_FUNCTION(vkCmdPipelineBarrier2, barrier2),
    LAYER_FUNCTION(vkCmdPipelineBarrier2KHR, barrier2),
    LAYER_FUNCTION(vkCmdPipelineBarrier, barrier1),
    LAYER_FUNCTION(vkCmdExecuteCommands, execute),
    LAYER_OWN(TDI_DECLARE_USES, declare_uses),
};
