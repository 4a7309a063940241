/* What a pass copies or fills it must have declared. What shaders touch cannot be seen here. */
#include "hazards_device.h"
#include "hazards_scope.h"
#include "layer_report.h"

/* The uses of the pass that is being recorded; NULL outside passes. */
static const hazards_item *current_pass(hazards_device *data, VkCommandBuffer commands)
{
    const hazards_record *record = hazards_record_of(data, commands);
    for (uint32_t i = record ? record->item_count : 0; i-- > 0;)
        if (record->items[i].uses)
            return &record->items[i];
    return NULL;
}

static bool declares(const hazards_use *use, const hazards_range *range,
                     VkPipelineStageFlags2 stage, VkAccessFlags2 access)
{
    return use->range.memory == range->memory && use->range.begin <= range->begin &&
           use->range.end >= range->end && (hazards_source_stages(use->stages) & stage) &&
           (hazards_accesses(use->access) & access);
}

static void check(hazards_device *data, VkCommandBuffer commands, hazards_range range,
                  VkPipelineStageFlags2 stage, VkAccessFlags2 access)
{
    const hazards_item *pass = current_pass(data, commands);
    for (uint32_t i = 0; pass && i < pass->count; i++)
        if (declares(&pass->uses[i], &range, stage, access))
            return;
    if (pass && pass->count)
        layer_report(data->device, "TANDEM-HAZARD-UNDECLARED",
                     "a command %s bytes that its pass does not declare; the pass does the %s",
                     access == VK_ACCESS_2_TRANSFER_READ_BIT ? "reads" : "writes",
                     pass->uses[0].what);
}

static void check_buffer(hazards_device *data, VkCommandBuffer commands, VkBuffer buffer,
                         VkDeviceSize offset, VkDeviceSize size, VkPipelineStageFlags2 stage,
                         VkAccessFlags2 access)
{
    check(data, commands, hazards_buffer_range(data, buffer, offset, size), stage, access);
}

static VKAPI_ATTR void VKAPI_CALL copy_buffer(VkCommandBuffer commands, VkBuffer from, VkBuffer to,
                                              uint32_t count, const VkBufferCopy *regions)
{
    hazards_device *data = hazards_of(commands);
    for (uint32_t i = 0; i < count; i++) {
        const VkBufferCopy *region = &regions[i];
        check_buffer(data, commands, from, region->srcOffset, region->size,
                     VK_PIPELINE_STAGE_2_COPY_BIT, VK_ACCESS_2_TRANSFER_READ_BIT);
        check_buffer(data, commands, to, region->dstOffset, region->size,
                     VK_PIPELINE_STAGE_2_COPY_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT);
    }
    LAYER_NEXT(data->device, vkCmdCopyBuffer)(commands, from, to, count, regions);
}

static VKAPI_ATTR void VKAPI_CALL fill_buffer(VkCommandBuffer commands, VkBuffer buffer,
                                              VkDeviceSize offset, VkDeviceSize size,
                                              uint32_t value)
{
    hazards_device *data = hazards_of(commands);
    check_buffer(data, commands, buffer, offset, size, VK_PIPELINE_STAGE_2_CLEAR_BIT,
                 VK_ACCESS_2_TRANSFER_WRITE_BIT);
    LAYER_NEXT(data->device, vkCmdFillBuffer)(commands, buffer, offset, size, value);
}

static VKAPI_ATTR void VKAPI_CALL update_buffer(VkCommandBuffer commands, VkBuffer buffer,
                                                VkDeviceSize offset, VkDeviceSize size,
                                                const void *bytes)
{
    hazards_device *data = hazards_of(commands);
    check_buffer(data, commands, buffer, offset, size, VK_PIPELINE_STAGE_2_CLEAR_BIT,
                 VK_ACCESS_2_TRANSFER_WRITE_BIT);
    LAYER_NEXT(data->device, vkCmdUpdateBuffer)(commands, buffer, offset, size, bytes);
}

static VKAPI_ATTR void VKAPI_CALL copy_to_image(VkCommandBuffer commands, VkBuffer from, VkImage to,
                                                VkImageLayout layout, uint32_t count,
                                                const VkBufferImageCopy *regions)
{
    hazards_device *data = hazards_of(commands);
    check(data, commands, hazards_image_range(data, to), VK_PIPELINE_STAGE_2_COPY_BIT,
          VK_ACCESS_2_TRANSFER_WRITE_BIT);
    LAYER_NEXT(data->device, vkCmdCopyBufferToImage)(commands, from, to, layout, count, regions);
}

static VKAPI_ATTR void VKAPI_CALL copy_from_image(VkCommandBuffer commands, VkImage from,
                                                  VkImageLayout layout, VkBuffer to, uint32_t count,
                                                  const VkBufferImageCopy *regions)
{
    hazards_device *data = hazards_of(commands);
    check(data, commands, hazards_image_range(data, from), VK_PIPELINE_STAGE_2_COPY_BIT,
          VK_ACCESS_2_TRANSFER_READ_BIT);
    LAYER_NEXT(data->device, vkCmdCopyImageToBuffer)(commands, from, layout, to, count, regions);
}

const layer_function hazards_transfer_functions[HAZARDS_TRANSFER_FUNCTIONS] = {
    LAYER_FUNCTION(vkCmdCopyBuffer, copy_buffer),
    LAYER_FUNCTION(vkCmdFillBuffer, fill_buffer),
    LAYER_FUNCTION(vkCmdUpdateBuffer, update_buffer),
    LAYER_FUNCTION(vkCmdCopyBufferToImage, copy_to_image),
    LAYER_FUNCTION(vkCmdCopyImageToBuffer, copy_from_image),
};
