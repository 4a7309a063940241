#include <stddef.h>
#include <string.h>

#include "async/copy.h"
#include "async/request.h"
#include "base/memory.h"
#include "scene/device_picture.h"

/* A level on its way back. It is the request's payload. */
typedef struct picture_read {
    tdi_watch watch;
    td_texture *texture;
    td_request *request;
    tdi_buffer buffer;
    tdi_copy copy;
    uint32_t level, width, height;
    uint8_t *out;
} picture_read;

/* What the device had to do with it; the payload stays for the request. */
static void drop_device_part(picture_read *read)
{
    td_device *device = read->texture->device;
    tdi_copy_destroy(device, &read->copy);
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
    const td_readback_image level = {
        .image = read->texture->image.handle,
        .layout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
        .level = read->level,
        .width = read->width,
        .height = read->height,
    };
    const tdi_copy_source source = {.image = &level,
                                    .at_rest = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
    return tdi_copy_submit(device, &read->copy, &source, read->buffer.handle, after,
                           &read->watch.ticket);
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
