#include "async/staging.h"

#include <stddef.h>

#include "async/retire.h"
#include "base/memory.h"

/* A piece of a buffer is not smaller than that only because a slot is nearly full. */
#define SMALLEST_PIECE 4096

typedef struct staging_slot {
    VkCommandPool pool;
    VkCommandBuffer commands;
    td_ticket ticket; /* of its last submission */
    VkDeviceSize offset;
} staging_slot;

struct tdi_staging {
    td_device *device;
    tdi_buffer memory;
    td_lane lane;
    VkDeviceSize slot_bytes;
    uint32_t slot_count;
    uint32_t current;
    bool open;         /* the current slot is being recorded */
    bool ends_buffer;  /* it has the last piece of a buffer's range */
    VkDeviceSize used; /* of the open slot */
    td_ticket last;
    tdi_retirement retirement;
    staging_slot slots[TDI_STAGING_MOST_SLOTS];
};

/* Pieces are rows and parts of rows, which not every transfer queue can copy. */
static td_lane choose_lane(const td_device *device)
{
    const VkExtent3D granularity = device->queues[device->lane_queue[TD_LANE_TRANSFER]].granularity;
    return granularity.width == 1 && granularity.height == 1 ? TD_LANE_TRANSFER : TD_LANE_GRAPHICS;
}

static td_result create_slot(tdi_staging *staging, uint32_t index)
{
    td_device *device = staging->device;
    staging_slot *slot = &staging->slots[index];
    slot->offset = staging->slot_bytes * index;
    const VkCommandPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[device->lane_queue[staging->lane]].family,
    };
    TDI_TRY_VK("vkCreateCommandPool",
               device->vk.vkCreateCommandPool(device->handle, &pool_info, NULL, &slot->pool));
    const VkCommandBufferAllocateInfo allocate_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = slot->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    return tdi_vk_check(
        device->vk.vkAllocateCommandBuffers(device->handle, &allocate_info, &slot->commands),
        "vkAllocateCommandBuffers");
}

static td_result fill_staging(tdi_staging *staging)
{
    TDI_TRY(tdi_lanes_ready(staging->device));
    const tdi_buffer_params params = {
        .name = "upload staging",
        .size = staging->slot_bytes * staging->slot_count,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
        .kind = TDI_MEMORY_UPLOAD,
        .category = TD_BUDGET_STAGING,
    };
    TDI_TRY(tdi_buffer_create(staging->device, &params, &staging->memory));
    for (uint32_t i = 0; i < staging->slot_count; i++)
        TDI_TRY(create_slot(staging, i));
    return TD_OK;
}

td_result tdi_staging_create(td_device *device, const tdi_staging_params *params, tdi_staging **out)
{
    tdi_staging *staging = tdi_alloc_zero(1, sizeof *staging);
    if (!staging)
        return TD_ERROR_HOST_MEMORY;
    staging->device = device;
    staging->lane = choose_lane(device);
    staging->slot_bytes = params->slot_bytes;
    staging->slot_count = params->slots;
    td_result result = fill_staging(staging);
    if (result != TD_OK) {
        tdi_staging_destroy(staging);
        return result;
    }
    *out = staging;
    return TD_OK;
}

/* The GPU is done with it. */
static void destroy_unused(tdi_staging *staging)
{
    td_device *device = staging->device;
    for (uint32_t i = 0; i < staging->slot_count; i++) {
        if (staging->slots[i].pool)
            device->vk.vkDestroyCommandPool(device->handle, staging->slots[i].pool, NULL);
    }
    tdi_buffer_destroy(device, &staging->memory);
    tdi_free(staging);
}

void tdi_staging_destroy(tdi_staging *staging)
{
    if (!staging)
        return;
    if (staging->last.value)
        (void)tdi_ticket_wait(staging->device, staging->last, UINT64_MAX);
    destroy_unused(staging);
}

uint64_t tdi_staging_bytes(const tdi_staging *staging)
{
    return staging->memory.memory.size;
}

static void destroy_retired(td_device *device, tdi_retirement *self)
{
    (void)device;
    destroy_unused((tdi_staging *)((char *)self - offsetof(tdi_staging, retirement)));
}

void tdi_staging_retire(tdi_staging *staging)
{
    staging->retirement =
        (tdi_retirement){.destroy = destroy_retired, .bytes = tdi_staging_bytes(staging)};
    tdi_retire(staging->device, &staging->retirement, staging->last);
}

bool tdi_staging_is_open(const tdi_staging *staging)
{
    return staging->open;
}

static td_result open_slot(tdi_staging *staging)
{
    td_device *device = staging->device;
    staging_slot *slot = &staging->slots[staging->current];
    if (slot->ticket.value)
        TDI_TRY(tdi_ticket_wait(device, slot->ticket, UINT64_MAX));
    TDI_TRY_VK("vkResetCommandPool", device->vk.vkResetCommandPool(device->handle, slot->pool, 0));
    const VkCommandBufferBeginInfo begin_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TDI_TRY_VK("vkBeginCommandBuffer",
               device->vk.vkBeginCommandBuffer(slot->commands, &begin_info));
    staging->used = 0;
    staging->ends_buffer = false;
    staging->open = true;
    return TD_OK;
}

/* Everything copied so far, in earlier slots too, is made visible to whatever comes later on the
 * timeline; other queues wait for the ticket. Levels of images have barriers of their own, and
 * between the pieces of one range a barrier would only keep the copies from following each other.
 */
static void record_visibility(tdi_staging *staging, const staging_slot *slot)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };
    staging->device->vk.vkCmdPipelineBarrier2(slot->commands, &dependency);
}

static td_result submit_slot(tdi_staging *staging, staging_slot *slot)
{
    td_device *device = staging->device;
    if (staging->ends_buffer)
        record_visibility(staging, slot);
    TDI_TRY_VK("vkEndCommandBuffer", device->vk.vkEndCommandBuffer(slot->commands));
    TDI_TRY(tdi_memory_flush(device, &staging->memory.memory, slot->offset, staging->used));
    const tdi_submission submission = {
        .lane = staging->lane,
        .commands = &slot->commands,
        .command_count = 1,
    };
    return tdi_lane_submit(device, &submission, &slot->ticket);
}

td_result tdi_staging_submit(tdi_staging *staging, td_ticket *out)
{
    if (staging->open) {
        staging_slot *slot = &staging->slots[staging->current];
        staging->open = false;
        TDI_TRY(submit_slot(staging, slot));
        staging->last = slot->ticket;
        staging->current = (staging->current + 1) % staging->slot_count;
    }
    *out = staging->last;
    return TD_OK;
}

/* The pieces of a transfer */

static VkDeviceSize aligned_use(const tdi_staging *staging)
{
    const VkDeviceSize used = staging->open ? staging->used : 0;
    return (used + TDI_STAGING_ALIGNMENT - 1) / TDI_STAGING_ALIGNMENT * TDI_STAGING_ALIGNMENT;
}

static VkDeviceSize least(VkDeviceSize a, VkDeviceSize b)
{
    return a < b ? a : b;
}

static VkDeviceSize row_bytes(const tdi_transfer *transfer)
{
    return (VkDeviceSize)transfer->width * transfer->texel_bytes;
}

/* The smallest piece that is worth it: a row of an image, or what is left of one that was begun. */
static VkDeviceSize smallest_piece(const tdi_staging *staging, const tdi_transfer *transfer)
{
    const VkDeviceSize left = transfer->size - transfer->done;
    if (!transfer->image)
        return least(left, SMALLEST_PIECE);
    const VkDeviceSize row = row_bytes(transfer);
    return least(row - transfer->done % row, staging->slot_bytes);
}

/* The next piece where there is room for `room` bytes: whole rows of an image, or a part of one
 * that has not enough room, or that was begun. */
static VkDeviceSize piece_bytes(const tdi_transfer *transfer, VkDeviceSize room)
{
    const VkDeviceSize left = transfer->size - transfer->done;
    if (!transfer->image)
        return least(left, room);
    const VkDeviceSize row = row_bytes(transfer);
    const VkDeviceSize begun = transfer->done % row;
    if (begun > 0 || row > room)
        return least(row - begun, room / transfer->texel_bytes * transfer->texel_bytes);
    return least(left, room / row * row);
}

bool tdi_staging_has_room(const tdi_staging *staging, const tdi_transfer *transfer)
{
    return !staging->open ||
           aligned_use(staging) + smallest_piece(staging, transfer) <= staging->slot_bytes;
}

static void record_layout(tdi_staging *staging, VkCommandBuffer commands,
                          const tdi_transfer *transfer, bool before)
{
    const VkImageLayout start =
        transfer->keep ? VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL : VK_IMAGE_LAYOUT_UNDEFINED;
    const VkPipelineStageFlags2 earlier =
        transfer->keep ? VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT : VK_PIPELINE_STAGE_2_NONE;
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = before ? earlier : VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = before ? VK_ACCESS_2_NONE : VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask =
            before ? VK_PIPELINE_STAGE_2_COPY_BIT : VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = before ? VK_ACCESS_2_TRANSFER_WRITE_BIT : VK_ACCESS_2_MEMORY_READ_BIT,
        .oldLayout = before ? start : VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
        .newLayout = before ? VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
                            : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = transfer->image,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, transfer->level, 1, 0, 1},
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    staging->device->vk.vkCmdPipelineBarrier2(commands, &dependency);
}

static void record_buffer_copy(tdi_staging *staging, VkCommandBuffer commands,
                               const tdi_transfer *transfer, VkDeviceSize from, VkDeviceSize bytes)
{
    const VkBufferCopy region = {
        .srcOffset = from,
        .dstOffset = transfer->offset + transfer->done,
        .size = bytes,
    };
    staging->device->vk.vkCmdCopyBuffer(commands, staging->memory.handle, transfer->buffer, 1,
                                        &region);
}

static void record_image_copy(tdi_staging *staging, VkCommandBuffer commands,
                              const tdi_transfer *transfer, VkDeviceSize from, VkDeviceSize bytes)
{
    const VkDeviceSize row = row_bytes(transfer);
    const VkDeviceSize begun = transfer->done % row;
    const bool whole = begun == 0 && bytes >= row;
    const VkBufferImageCopy region = {
        .bufferOffset = from,
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, transfer->level, 0, 1},
        .imageOffset = {(int32_t)(begun / transfer->texel_bytes),
                        (int32_t)(transfer->first_row + transfer->done / row), 0},
        .imageExtent = {whole ? transfer->width : (uint32_t)(bytes / transfer->texel_bytes),
                        whole ? (uint32_t)(bytes / row) : 1, 1},
    };
    if (transfer->done == 0)
        record_layout(staging, commands, transfer, true);
    staging->device->vk.vkCmdCopyBufferToImage(commands, staging->memory.handle, transfer->image,
                                               VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
    if (transfer->done + bytes == transfer->size)
        record_layout(staging, commands, transfer, false);
}

td_result tdi_staging_copy(tdi_staging *staging, tdi_transfer *transfer, tdi_staging_write_fn write,
                           void *user)
{
    if (!staging->open)
        TDI_TRY(open_slot(staging));
    const staging_slot *slot = &staging->slots[staging->current];
    const VkDeviceSize used = aligned_use(staging);
    const VkDeviceSize bytes = piece_bytes(transfer, staging->slot_bytes - used);
    const VkDeviceSize from = slot->offset + used;
    TDI_TRY(write(user, (uint8_t *)staging->memory.memory.mapped + from, transfer->done, bytes));
    if (transfer->image)
        record_image_copy(staging, slot->commands, transfer, from, bytes);
    else
        record_buffer_copy(staging, slot->commands, transfer, from, bytes);
    staging->used = used + bytes;
    transfer->done += bytes;
    staging->ends_buffer =
        staging->ends_buffer || (!transfer->image && transfer->done == transfer->size);
    return TD_OK;
}
