#include "scene/device_picture.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static td_result check_size(const td_upload_texture_params *params)
{
    if (!params->pixels)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_uploader_queue_texture: `pixels` is NULL");
    if (params->width == 0 || params->width > TDI_MAX_EXTENT || params->height == 0 ||
        params->height > TDI_MAX_EXTENT || params->channels == 0 || params->channels > 4)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_uploader_queue_texture: %u x %u texels of %u channels; at most %u x "
                        "%u of 4 are possible",
                        params->width, params->height, params->channels, TDI_MAX_EXTENT,
                        TDI_MAX_EXTENT);
    if (params->srgb && params->channels < 3)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_uploader_queue_texture: sRGB colours need 3 or 4 channels, not %u",
                        params->channels);
    return TD_OK;
}

static td_result create_image(td_texture *texture, const td_upload_texture_params *params)
{
    static const VkFormat formats[] = {VK_FORMAT_UNDEFINED, VK_FORMAT_R8_UNORM,
                                       VK_FORMAT_R8G8_UNORM, VK_FORMAT_R8G8B8A8_UNORM,
                                       VK_FORMAT_R8G8B8A8_UNORM};
    const tdi_vk_image_params image = {
        .name = params->name ? params->name : "texture",
        .format = params->srgb ? VK_FORMAT_R8G8B8A8_SRGB : formats[params->channels],
        .width = params->width,
        .height = params->height,
        .levels = params->no_mips ? 1 : tdi_mip_levels(params->width, params->height),
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                 VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    return tdi_vk_image_create(texture->device, &image, &texture->image);
}

/* Four channels, as the levels are made from them. */
static void expand(uint8_t *out, const uint8_t *pixels, size_t count, uint32_t channels)
{
    if (channels == 4) {
        memcpy(out, pixels, count * 4);
        return;
    }
    for (size_t i = 0; i < count; i++, out += 4, pixels += channels) {
        for (uint32_t c = 0; c < 3; c++)
            out[c] = c < channels ? pixels[c] : 0;
        out[3] = 255;
    }
}

static td_result copy_pixels(td_texture *texture, const td_upload_texture_params *params)
{
    texture->chain =
        tdi_alloc(tdi_mip_offset(params->width, params->height, texture->image.levels));
    if (!texture->chain)
        return TD_ERROR_HOST_MEMORY;
    expand(texture->chain, params->pixels, (size_t)params->width * params->height,
           params->channels);
    return TD_OK;
}

td_result tdi_picture_create(td_device *device, const td_upload_texture_params *params,
                             td_texture **out)
{
    TDI_TRY(check_size(params));
    td_texture *texture = tdi_alloc_zero(1, sizeof *texture);
    if (!texture)
        return TD_ERROR_HOST_MEMORY;
    texture->device = device;
    texture->channels = params->channels;
    texture->texel_bytes = params->channels == 3 ? 4 : params->channels;
    texture->srgb = params->srgb;
    texture->bytes = (uint64_t)params->width * params->height * params->channels;
    atomic_init(&texture->references, 1);
    td_result result = create_image(texture, params);
    if (result == TD_OK)
        result = copy_pixels(texture, params);
    if (result != TD_OK) {
        tdi_picture_release(texture);
        return result;
    }
    *out = texture;
    return TD_OK;
}

void tdi_picture_retain(td_texture *texture)
{
    atomic_fetch_add_explicit(&texture->references, 1, memory_order_relaxed);
}

/* Nobody has the GPU use it any more. */
static void destroy_picture(td_texture *texture)
{
    td_device *device = texture->device;
    for (uint32_t level = 0; level < TDI_MAX_MIP_LEVELS; level++) {
        tdi_upload_job_release(texture->levels[level].job);
        if (texture->views[level])
            device->vk.vkDestroyImageView(device->handle, texture->views[level], NULL);
    }
    tdi_vk_image_destroy(device, &texture->image);
    if (texture->uploader)
        tdi_uploader_forget(texture->uploader, texture->bytes);
    tdi_free(texture->sentence);
    tdi_free(texture->chain);
    tdi_free(texture);
}

void tdi_picture_release(td_texture *texture)
{
    if (atomic_fetch_sub_explicit(&texture->references, 1, memory_order_acq_rel) == 1)
        destroy_picture(texture);
}

void td_texture_get_info(td_texture *texture, td_texture_info *out)
{
    tdi_mutex *lock = tdi_uploader_lock_of(texture->uploader);
    *out = (td_texture_info){
        .width = texture->image.width,
        .height = texture->image.height,
        .channels = texture->channels,
        .levels = texture->image.levels,
        .srgb = texture->srgb,
        .bytes = texture->bytes,
        .device_bytes = texture->image.memory.size,
    };
    tdi_mutex_lock(lock);
    out->levels_present = texture->present;
    tdi_mutex_unlock(lock);
}

/* The views are made under no lock but this one, which nothing else holds over a Vulkan call; they
 * are few and quick. */
static td_result view_of(td_texture *texture, uint32_t first, VkImageView *out)
{
    td_device *device = texture->device;
    const VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = texture->image.handle,
        .viewType = VK_IMAGE_VIEW_TYPE_2D,
        .format = texture->image.format,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, first, texture->image.levels - first, 0, 1},
    };
    if (!texture->views[first])
        TDI_TRY_VK("vkCreateImageView", device->vk.vkCreateImageView(device->handle, &info, NULL,
                                                                     &texture->views[first]));
    *out = texture->views[first];
    return TD_OK;
}

td_result td_texture_get_vulkan(td_texture *texture, td_texture_vulkan *out)
{
    if (!texture || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_texture_get_vulkan: `%s` is NULL",
                        texture ? "out" : "texture");
    tdi_mutex *lock = tdi_uploader_lock_of(texture->uploader);
    const uint32_t levels = texture->image.levels;
    *out = (td_texture_vulkan){.image = texture->image.handle, .format = texture->image.format};
    tdi_mutex_lock(lock);
    const uint32_t present = texture->present;
    td_result result = TD_ERROR_AGAIN;
    if (present > 0) {
        out->first_level = levels - present;
        out->ticket = texture->ticket;
        result = view_of(texture, levels - present, &out->view);
    }
    tdi_mutex_unlock(lock);
    return present > 0 ? result : tdi_fail(TD_ERROR_AGAIN, "no level of the texture is there yet");
}
