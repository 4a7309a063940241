#include <stddef.h>
#include <string.h>

#include "async/request.h"
#include "base/memory.h"
#include "scene/device_picture.h"

/* A level on its way back. It is the request's payload. */
typedef struct picture_read {
    tdi_watch watch;
    td_texture *texture;
    td_request *request;
    tdi_buffer buffer;
    VkCommandPool pool;
    VkCommandBuffer commands;
    uint32_t level, width, height;
    uint8_t *out;
} picture_read;

/* What the device had to do with it; the payload stays for the request. */
static void drop_device_part(picture_read *read)
{
    td_device *device = read->texture->device;
    if (read->pool)
        device->vk.vkDestroyCommandPool(device->handle, read->pool, NULL);
    tdi_buffer_destroy(device, &read->buffer);
    tdi_picture_release(read->texture);
}

static const tdi_request_class READ_REQUEST = {.destroy = tdi_free};

/* Three channels are four on the device. */
static td_result copy_out(picture_read *read)
{
    const td_texture *texture = read->texture;
    const size_t count = (size_t)read->width * read->height;
    const uint8_t *from = read->buffer.memory.mapped;
    TDI_TRY(tdi_memory_invalidate(texture->device, &read->buffer.memory, 0, read->buffer.size));
    if (texture->channels == texture->texel_bytes) {
        memcpy(read->out, from, count * texture->channels);
        return TD_OK;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(read->out + i * texture->channels, from + i * texture->texel_bytes,
               texture->channels);
    return TD_OK;
}

static void on_reached(tdi_watch *watch, td_result result)
{
    picture_read *read = (picture_read *)((char *)watch - offsetof(picture_read, watch));
    if (result == TD_OK)
        result = copy_out(read);
    drop_device_part(read);
    tdi_request_finish(read->request, result);
}

static void record_layout(const picture_read *read, bool back)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = back ? VK_PIPELINE_STAGE_2_COPY_BIT : VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = back ? VK_ACCESS_2_NONE : VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = back ? VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT : VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = back ? VK_ACCESS_2_MEMORY_READ_BIT : VK_ACCESS_2_TRANSFER_READ_BIT,
        .oldLayout =
            back ? VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL : VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
        .newLayout =
            back ? VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL : VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = read->texture->image.handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, read->level, 1, 0, 1},
    };
    const VkMemoryBarrier2 to_host = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = back ? 1 : 0,
        .pMemoryBarriers = &to_host,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    read->texture->device->vk.vkCmdPipelineBarrier2(read->commands, &dependency);
}

static td_result make_commands(picture_read *read)
{
    td_device *device = read->texture->device;
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family,
    };
    TDI_TRY_VK("vkCreateCommandPool",
               device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &read->pool));
    const VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = read->pool,
        .commandBufferCount = 1,
    };
    TDI_TRY_VK("vkAllocateCommandBuffers",
               device->vk.vkAllocateCommandBuffers(device->handle, &allocate, &read->commands));
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    return tdi_vk_check(device->vk.vkBeginCommandBuffer(read->commands, &begin),
                        "vkBeginCommandBuffer");
}

static td_result record(picture_read *read)
{
    td_device *device = read->texture->device;
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, read->level, 0, 1},
        .imageExtent = {read->width, read->height, 1},
    };
    TDI_TRY(make_commands(read));
    record_layout(read, false);
    device->vk.vkCmdCopyImageToBuffer(read->commands, read->texture->image.handle,
                                      VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, read->buffer.handle, 1,
                                      &region);
    record_layout(read, true);
    return tdi_vk_check(device->vk.vkEndCommandBuffer(read->commands), "vkEndCommandBuffer");
}

static td_result submit(picture_read *read, td_ticket after)
{
    td_device *device = read->texture->device;
    const tdi_buffer_params params = {
        .name = "texture read back",
        .size = (VkDeviceSize)read->width * read->height * read->texture->texel_bytes,
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_READBACK,
        .category = TD_BUDGET_READBACK,
    };
    TDI_TRY(tdi_buffer_create(device, &params, &read->buffer));
    TDI_TRY(record(read));
    const td_wait wait = {.ticket = after};
    const tdi_submission submission = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &read->commands,
        .command_count = 1,
        .waits = &wait,
        .wait_count = 1,
    };
    return tdi_lane_submit(device, &submission, &read->watch.ticket);
}

/* The ticket after which the level may be read. */
static td_result find_level(td_texture *texture, uint32_t level, td_ticket *out)
{
    const uint32_t levels = texture->image.levels;
    if (level >= levels)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_texture_read: there is no level %u of %u", level,
                        levels);
    tdi_mutex *lock = tdi_uploader_lock_of(texture->uploader);
    tdi_mutex_lock(lock);
    const bool present = level >= levels - texture->present;
    if (present)
        *out = texture->levels[level].ticket;
    tdi_mutex_unlock(lock);
    return present ? TD_OK : tdi_fail(TD_ERROR_AGAIN, "level %u is not there yet", level);
}

static td_result start(picture_read *read, td_ticket after, td_request **request)
{
    td_result result = tdi_request_create(&READ_REQUEST, read, &read->request);
    if (result != TD_OK) {
        tdi_free(read);
        return result;
    }
    *request = read->request;
    tdi_picture_retain(read->texture);
    result = submit(read, after);
    if (result == TD_OK) {
        read->watch.reached = on_reached;
        tdi_ticket_watch(read->texture->device, &read->watch);
        return TD_OK;
    }
    drop_device_part(read);
    tdi_request_finish(*request, result);
    td_request_release(*request);
    *request = NULL;
    return result;
}

td_result td_texture_read(td_texture *texture, uint32_t level, void *out, uint64_t size,
                          td_request **request)
{
    if (!texture || !out || !request)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_texture_read: `%s` is NULL",
                        !texture ? "texture"
                        : !out   ? "out"
                                 : "request");
    *request = NULL;
    td_ticket after = {0};
    TDI_TRY(find_level(texture, level, &after));
    const uint32_t width = tdi_mip_extent(texture->image.width, level);
    const uint32_t height = tdi_mip_extent(texture->image.height, level);
    const uint64_t bytes = (uint64_t)width * height * texture->channels;
    if (size != bytes)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_texture_read: level %u has %llu bytes, `size` is %llu", level,
                        (unsigned long long)bytes, (unsigned long long)size);
    picture_read *read = tdi_alloc_zero(1, sizeof *read);
    if (!read)
        return TD_ERROR_HOST_MEMORY;
    read->texture = texture;
    read->level = level;
    read->width = width;
    read->height = height;
    read->out = out;
    return start(read, after, request);
}
