#include "gpu/image.h"

#include <string.h>

static VkImageCreateInfo image_info(const td_device *device, const tdi_vk_image_params *params)
{
    return (VkImageCreateInfo){
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = VK_IMAGE_TYPE_2D,
        .format = params->format,
        .extent = {params->width, params->height, 1},
        .mipLevels = params->levels,
        .arrayLayers = 1,
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = params->usage,
        .sharingMode =
            device->family_count > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = device->family_count,
        .pQueueFamilyIndices = device->families,
        .initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
    };
}

static td_result check_limits(const td_device *device, const tdi_vk_image_params *params)
{
    VkPhysicalDeviceImageFormatInfo2 info = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
        .format = params->format,
        .type = VK_IMAGE_TYPE_2D,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = params->usage,
    };
    VkImageFormatProperties2 limits = {.sType = VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2};
    if (params->width == 0 || params->height == 0 || params->levels == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "the image %s has no size", params->name);
    VkResult result = device->instance.vkGetPhysicalDeviceImageFormatProperties2(device->physical,
                                                                                 &info, &limits);
    if (result == VK_ERROR_FORMAT_NOT_SUPPORTED)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the image %s has the format %d, which the device cannot use so",
                        params->name, (int)params->format);
    TDI_TRY_VK("vkGetPhysicalDeviceImageFormatProperties2", result);
    const VkImageFormatProperties *most = &limits.imageFormatProperties;
    if (params->width > most->maxExtent.width || params->height > most->maxExtent.height ||
        params->levels > most->maxMipLevels)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the image %s is %u x %u with %u levels; the device allows %u x %u with %u",
                        params->name, params->width, params->height, params->levels,
                        most->maxExtent.width, most->maxExtent.height, most->maxMipLevels);
    return TD_OK;
}

static td_result bind_memory(td_device *device, const tdi_vk_image_params *params,
                             tdi_vk_image *out)
{
    VkMemoryRequirements requirements;
    device->vk.vkGetImageMemoryRequirements(device->handle, out->handle, &requirements);
    const tdi_memory_request request = {
        .requirements = &requirements,
        .kind = TDI_MEMORY_DEVICE,
        .linear = false,
        .category = params->category,
        .name = params->name,
        .reservation = params->reservation,
    };
    TDI_TRY(tdi_memory_allocate(device, &request, &out->memory));
    return tdi_vk_check(device->vk.vkBindImageMemory(device->handle, out->handle,
                                                     out->memory.memory, out->memory.offset),
                        "vkBindImageMemory");
}

static td_result create_view(td_device *device, const tdi_vk_image_params *params,
                             tdi_vk_image *out)
{
    VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = out->handle,
        .viewType = VK_IMAGE_VIEW_TYPE_2D,
        .format = params->format,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, params->levels, 0, 1},
    };
    return tdi_vk_check(device->vk.vkCreateImageView(device->handle, &info, NULL, &out->view),
                        "vkCreateImageView");
}

static td_result build(td_device *device, const tdi_vk_image_params *params, tdi_vk_image *out)
{
    TDI_TRY(check_limits(device, params));
    VkImageCreateInfo info = image_info(device, params);
    TDI_TRY_VK("vkCreateImage",
               device->vk.vkCreateImage(device->handle, &info, NULL, &out->handle));
    TDI_TRY(bind_memory(device, params, out));
    TDI_TRY(create_view(device, params, out));
    out->format = params->format;
    out->width = params->width;
    out->height = params->height;
    out->levels = params->levels;
    tdi_device_name(device, VK_OBJECT_TYPE_IMAGE, (uint64_t)out->handle, "%s", params->name);
    tdi_device_name(device, VK_OBJECT_TYPE_IMAGE_VIEW, (uint64_t)out->view, "%s", params->name);
    return TD_OK;
}

td_result tdi_vk_image_create(td_device *device, const tdi_vk_image_params *params,
                              tdi_vk_image *out)
{
    memset(out, 0, sizeof *out);
    td_result result = build(device, params, out);
    if (result != TD_OK)
        tdi_vk_image_destroy(device, out);
    return result;
}

void tdi_vk_image_destroy(td_device *device, tdi_vk_image *image)
{
    if (image->view)
        device->vk.vkDestroyImageView(device->handle, image->view, NULL);
    if (image->handle)
        device->vk.vkDestroyImage(device->handle, image->handle, NULL);
    tdi_memory_free(device, &image->memory);
    memset(image, 0, sizeof *image);
}

td_result tdi_vk_image_requirements(td_device *device, const tdi_vk_image_params *params,
                                    VkMemoryRequirements *out)
{
    TDI_TRY(check_limits(device, params));
    VkImageCreateInfo info = image_info(device, params);
    VkDeviceImageMemoryRequirements query = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_IMAGE_MEMORY_REQUIREMENTS, .pCreateInfo = &info};
    VkMemoryRequirements2 requirements = {.sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
    device->vk.vkGetDeviceImageMemoryRequirements(device->handle, &query, &requirements);
    *out = requirements.memoryRequirements;
    return TD_OK;
}
