#include "gpu/buffer.h"

#include <string.h>

static td_result create_handle(td_device *device, const tdi_buffer_params *params, tdi_buffer *out)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = params->size,
        .usage = params->usage,
        .sharingMode =
            device->family_count > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = device->family_count,
        .pQueueFamilyIndices = device->families,
    };
    return tdi_vk_check(device->vk.vkCreateBuffer(device->handle, &info, NULL, &out->handle),
                        "vkCreateBuffer");
}

static td_result bind_memory(td_device *device, const tdi_buffer_params *params, tdi_buffer *out)
{
    VkMemoryRequirements requirements;
    device->vk.vkGetBufferMemoryRequirements(device->handle, out->handle, &requirements);
    const tdi_memory_request request = {
        .requirements = &requirements,
        .kind = params->kind,
        .linear = true,
        .category = params->category,
        .name = params->name,
        .reservation = params->reservation,
    };
    TDI_TRY(tdi_memory_allocate(device, &request, &out->memory));
    return tdi_vk_check(device->vk.vkBindBufferMemory(device->handle, out->handle,
                                                      out->memory.memory, out->memory.offset),
                        "vkBindBufferMemory");
}

static td_result build(td_device *device, const tdi_buffer_params *params, tdi_buffer *out)
{
    if (params->size == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "the buffer %s has no size", params->name);
    if (params->size > device->max_buffer_bytes)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the buffer %s would have %llu bytes; the device allows %llu", params->name,
                        (unsigned long long)params->size,
                        (unsigned long long)device->max_buffer_bytes);
    TDI_TRY(create_handle(device, params, out));
    TDI_TRY(bind_memory(device, params, out));
    out->size = params->size;
    if (params->usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT) {
        VkBufferDeviceAddressInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
                                          .buffer = out->handle};
        out->address = device->vk.vkGetBufferDeviceAddress(device->handle, &info);
    }
    tdi_device_name(device, VK_OBJECT_TYPE_BUFFER, (uint64_t)out->handle, "%s", params->name);
    return TD_OK;
}

td_result tdi_buffer_create(td_device *device, const tdi_buffer_params *params, tdi_buffer *out)
{
    memset(out, 0, sizeof *out);
    td_result result = build(device, params, out);
    if (result != TD_OK)
        tdi_buffer_destroy(device, out);
    return result;
}

void tdi_buffer_destroy(td_device *device, tdi_buffer *buffer)
{
    if (buffer->handle)
        device->vk.vkDestroyBuffer(device->handle, buffer->handle, NULL);
    tdi_memory_free(device, &buffer->memory);
    memset(buffer, 0, sizeof *buffer);
}
