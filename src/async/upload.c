#include "async/upload.h"

#include <string.h>

#include "base/memory.h"

#define HALVES     2
#define HALF_BYTES (UINT64_C(4) << 20)
#define ALIGNMENT  16 /* covers texel sizes and optimalBufferCopyOffsetAlignment in practice */

/* One half of the ring: filled by the host while the other is copied. */
typedef struct staging_half {
    VkCommandPool pool;
    VkCommandBuffer commands;
    td_ticket ticket; /* of its last submission */
    VkDeviceSize offset;
    VkDeviceSize used;
    bool recording;
} staging_half;

struct tdi_upload {
    td_device *device;
    tdi_buffer staging;
    VkDeviceSize half_bytes;
    staging_half halves[HALVES];
    uint32_t current;
};

static VkDeviceSize half_bytes_for(VkDeviceSize bytes)
{
    VkDeviceSize half = (bytes + HALVES - 1) / HALVES;
    if (half > HALF_BYTES)
        half = HALF_BYTES;
    if (half < ALIGNMENT * 4096)
        half = ALIGNMENT * 4096; /* at least one row of the widest image */
    return (half + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

VkDeviceSize tdi_upload_staging_bytes(VkDeviceSize bytes)
{
    return half_bytes_for(bytes) * HALVES;
}

static td_result create_half(tdi_upload *upload, uint32_t index)
{
    td_device *device = upload->device;
    staging_half *half = &upload->halves[index];
    half->offset = upload->half_bytes * index;
    const VkCommandPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_TRANSFER]].family,
    };
    TDI_TRY_VK("vkCreateCommandPool",
               device->vk.vkCreateCommandPool(device->handle, &pool_info, NULL, &half->pool));
    const VkCommandBufferAllocateInfo allocate_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = half->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    return tdi_vk_check(
        device->vk.vkAllocateCommandBuffers(device->handle, &allocate_info, &half->commands),
        "vkAllocateCommandBuffers");
}

static td_result fill_upload(tdi_upload *upload)
{
    TDI_TRY(tdi_lanes_ready(upload->device));
    const tdi_buffer_params params = {
        .name = "upload staging",
        .size = upload->half_bytes * HALVES,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
        .kind = TDI_MEMORY_UPLOAD,
        .category = TD_BUDGET_STAGING,
    };
    TDI_TRY(tdi_buffer_create(upload->device, &params, &upload->staging));
    for (uint32_t i = 0; i < HALVES; i++)
        TDI_TRY(create_half(upload, i));
    return TD_OK;
}

td_result tdi_upload_create(td_device *device, VkDeviceSize bytes, tdi_upload **out)
{
    tdi_upload *upload = tdi_alloc_zero(1, sizeof *upload);
    if (!upload)
        return TD_ERROR_HOST_MEMORY;
    upload->device = device;
    upload->half_bytes = half_bytes_for(bytes);
    td_result result = fill_upload(upload);
    if (result != TD_OK) {
        tdi_upload_destroy(upload);
        return result;
    }
    *out = upload;
    return TD_OK;
}

void tdi_upload_destroy(tdi_upload *upload)
{
    if (!upload)
        return;
    td_device *device = upload->device;
    for (uint32_t i = 0; i < HALVES; i++) {
        if (upload->halves[i].ticket.value)
            tdi_ticket_wait(device, upload->halves[i].ticket, UINT64_MAX);
        if (upload->halves[i].pool)
            device->vk.vkDestroyCommandPool(device->handle, upload->halves[i].pool, NULL);
    }
    tdi_buffer_destroy(device, &upload->staging);
    tdi_free(upload);
}

static td_result begin_half(tdi_upload *upload, staging_half *half)
{
    td_device *device = upload->device;
    if (half->ticket.value)
        TDI_TRY(tdi_ticket_wait(device, half->ticket, UINT64_MAX));
    TDI_TRY_VK("vkResetCommandPool", device->vk.vkResetCommandPool(device->handle, half->pool, 0));
    const VkCommandBufferBeginInfo begin_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TDI_TRY_VK("vkBeginCommandBuffer",
               device->vk.vkBeginCommandBuffer(half->commands, &begin_info));
    half->used = 0;
    half->recording = true;
    return TD_OK;
}

/* Everything copied so far is made visible to whatever comes later on the timeline; other queues
 * wait for the ticket. */
static void record_visibility(tdi_upload *upload, const staging_half *half)
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
    upload->device->vk.vkCmdPipelineBarrier2(half->commands, &dependency);
}

static td_result submit_half(tdi_upload *upload, staging_half *half)
{
    td_device *device = upload->device;
    record_visibility(upload, half);
    half->recording = false;
    TDI_TRY_VK("vkEndCommandBuffer", device->vk.vkEndCommandBuffer(half->commands));
    TDI_TRY(tdi_memory_flush(device, &upload->staging.memory, half->offset, upload->half_bytes));
    const tdi_submission submission = {
        .lane = TD_LANE_TRANSFER,
        .commands = &half->commands,
        .command_count = 1,
    };
    return tdi_lane_submit(device, &submission, &half->ticket);
}

/* Room of at least `minimum` bytes in the half that is being filled. */
static td_result reserve(tdi_upload *upload, VkDeviceSize minimum, staging_half **out)
{
    staging_half *half = &upload->halves[upload->current];
    half->used = (half->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (half->recording && half->used + minimum > upload->half_bytes) {
        TDI_TRY(submit_half(upload, half));
        upload->current = (upload->current + 1) % HALVES;
        half = &upload->halves[upload->current];
    }
    if (!half->recording)
        TDI_TRY(begin_half(upload, half));
    *out = half;
    return TD_OK;
}

static uint8_t *room(tdi_upload *upload, const staging_half *half)
{
    return (uint8_t *)upload->staging.memory.mapped + half->offset + half->used;
}

td_result tdi_upload_buffer(tdi_upload *upload, const tdi_buffer *buffer, VkDeviceSize offset,
                            const void *data, VkDeviceSize size)
{
    const uint8_t *bytes = data;
    while (size > 0) {
        staging_half *half = NULL;
        TDI_TRY(reserve(upload, 1, &half));
        VkDeviceSize piece = upload->half_bytes - half->used;
        if (piece > size)
            piece = size;
        memcpy(room(upload, half), bytes, piece);
        const VkBufferCopy region = {
            .srcOffset = half->offset + half->used,
            .dstOffset = offset,
            .size = piece,
        };
        upload->device->vk.vkCmdCopyBuffer(half->commands, upload->staging.handle, buffer->handle,
                                           1, &region);
        half->used += piece;
        offset += piece;
        bytes += piece;
        size -= piece;
    }
    return TD_OK;
}

static void record_layout(tdi_upload *upload, const staging_half *half, const tdi_vk_image *image,
                          bool before)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = before ? VK_PIPELINE_STAGE_2_NONE : VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = before ? VK_ACCESS_2_NONE : VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask =
            before ? VK_PIPELINE_STAGE_2_COPY_BIT : VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = before ? VK_ACCESS_2_TRANSFER_WRITE_BIT : VK_ACCESS_2_MEMORY_READ_BIT,
        .oldLayout = before ? VK_IMAGE_LAYOUT_UNDEFINED : VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
        .newLayout = before ? VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL
                            : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image->handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, image->levels, 0, 1},
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    upload->device->vk.vkCmdPipelineBarrier2(half->commands, &dependency);
}

/* One level, as many rows at a time as there is room for. */
static td_result upload_level(tdi_upload *upload, const tdi_vk_image *image, uint32_t level,
                              uint32_t width, uint32_t height, const uint8_t *texels)
{
    const VkDeviceSize row_bytes = (VkDeviceSize)width * 4;
    for (uint32_t row = 0; row < height;) {
        staging_half *half = NULL;
        TDI_TRY(reserve(upload, row_bytes, &half));
        VkDeviceSize rows = (upload->half_bytes - half->used) / row_bytes;
        if (rows > height - row)
            rows = height - row;
        memcpy(room(upload, half), texels + row * row_bytes, rows * row_bytes);
        const VkBufferImageCopy region = {
            .bufferOffset = half->offset + half->used,
            .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, 1},
            .imageOffset = {0, (int32_t)row, 0},
            .imageExtent = {width, (uint32_t)rows, 1},
        };
        upload->device->vk.vkCmdCopyBufferToImage(half->commands, upload->staging.handle,
                                                  image->handle,
                                                  VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
        half->used += rows * row_bytes;
        row += (uint32_t)rows;
    }
    return TD_OK;
}

td_result tdi_upload_image(tdi_upload *upload, const tdi_vk_image *image, const uint8_t *texels)
{
    staging_half *half = NULL;
    TDI_TRY(reserve(upload, ALIGNMENT, &half));
    record_layout(upload, half, image, true);
    for (uint32_t level = 0; level < image->levels; level++) {
        const uint32_t width = image->width >> level ? image->width >> level : 1;
        const uint32_t height = image->height >> level ? image->height >> level : 1;
        TDI_TRY(upload_level(upload, image, level, width, height, texels));
        texels += (size_t)width * height * 4;
    }
    record_layout(upload, &upload->halves[upload->current], image, false);
    return TD_OK;
}

td_result tdi_upload_flush(tdi_upload *upload, td_ticket *out)
{
    staging_half *half = &upload->halves[upload->current];
    if (half->recording)
        TDI_TRY(submit_half(upload, half));
    *out = half->ticket;
    return TD_OK;
}
