#include "gpu/host_import.h"

#include "gpu/budget.h"

#define HANDLE_TYPE VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT

static VkDeviceSize import_alignment(const td_device *device)
{
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &host};
    device->instance.vkGetPhysicalDeviceProperties2(device->physical, &properties);
    return host.minImportedHostPointerAlignment ? host.minImportedHostPointerAlignment : 1;
}

static VkResult make_buffer(td_device *device, tdi_host_import *import)
{
    const VkExternalMemoryBufferCreateInfo external = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = HANDLE_TYPE,
    };
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .pNext = &external,
        .size = import->bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode =
            device->family_count > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = device->family_count,
        .pQueueFamilyIndices = device->families,
    };
    return device->vk.vkCreateBuffer(device->handle, &info, NULL, &import->buffer);
}

/* Types that need no invalidation, since the pages are not mapped by Vulkan; cached where possible.
 */
static bool choose_type(const td_device *device, uint32_t bits, uint32_t *out)
{
    const VkMemoryPropertyFlags coherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const VkMemoryPropertyFlags cached = coherent | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    const VkMemoryPropertyFlags wanted[] = {cached, coherent};
    for (uint32_t w = 0; w < 2; w++) {
        for (uint32_t i = 0; i < device->memory_properties.memoryTypeCount; i++) {
            *out = i;
            if (bits & UINT32_C(1) << i &&
                (device->memory_properties.memoryTypes[i].propertyFlags & wanted[w]) == wanted[w])
                return true;
        }
    }
    return false;
}

static bool find_type(td_device *device, void *memory, const tdi_host_import *import, uint32_t *out)
{
    VkMemoryHostPointerPropertiesEXT pointer = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
    VkMemoryRequirements needs;
    device->vk.vkGetBufferMemoryRequirements(device->handle, import->buffer, &needs);
    const VkResult result = device->vk.vkGetMemoryHostPointerPropertiesEXT(
        device->handle, HANDLE_TYPE, memory, &pointer);
    return result == VK_SUCCESS && needs.size <= import->bytes &&
           choose_type(device, needs.memoryTypeBits & pointer.memoryTypeBits, out);
}

static VkResult allocate_and_bind(td_device *device, void *memory, uint32_t type,
                                  tdi_host_import *import)
{
    const VkImportMemoryHostPointerInfoEXT pages = {
        .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
        .handleType = HANDLE_TYPE,
        .pHostPointer = memory,
    };
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = &pages,
        .allocationSize = import->bytes,
        .memoryTypeIndex = type,
    };
    const VkResult result =
        device->vk.vkAllocateMemory(device->handle, &info, NULL, &import->memory);
    return result == VK_SUCCESS
               ? device->vk.vkBindBufferMemory(device->handle, import->buffer, import->memory, 0)
               : result;
}

static void destroy_handles(td_device *device, tdi_host_import *import)
{
    if (import->buffer)
        device->vk.vkDestroyBuffer(device->handle, import->buffer, NULL);
    if (import->memory)
        device->vk.vkFreeMemory(device->handle, import->memory, NULL);
    *import = (tdi_host_import){0};
}

/* Why not; NULL: it could be tried. */
static const char *hindrance(const td_device *device, const void *memory, uint64_t bytes)
{
    if (!device->features.external_memory_host)
        return "the device has no VK_EXT_external_memory_host";
    const VkDeviceSize alignment = import_alignment(device);
    if ((uintptr_t)memory % alignment || bytes % alignment)
        return "address and size are no multiples of minImportedHostPointerAlignment";
    return NULL;
}

static bool import_pages(td_device *device, void *memory, tdi_host_import *import)
{
    uint32_t type = 0;
    return make_buffer(device, import) == VK_SUCCESS && find_type(device, memory, import, &type) &&
           allocate_and_bind(device, memory, type, import) == VK_SUCCESS;
}

td_result tdi_host_import_create(td_device *device, void *memory, uint64_t bytes,
                                 tdi_host_import *out, const char **reason)
{
    *out = (tdi_host_import){0};
    *reason = hindrance(device, memory, bytes);
    if (*reason)
        return TD_OK;
    tdi_consumer consumer;
    TDI_TRY(tdi_budget_take(device->budget, TD_BUDGET_READBACK, bytes, "imported host memory",
                            &consumer));
    out->bytes = bytes;
    out->consumer = consumer;
    if (!import_pages(device, memory, out)) {
        destroy_handles(device, out);
        tdi_budget_give(device->budget, TD_BUDGET_READBACK, bytes, consumer);
        *reason = "the driver does not import this memory";
        return TD_OK;
    }
    tdi_device_name(device, VK_OBJECT_TYPE_BUFFER, (uint64_t)out->buffer, "host buffer");
    *reason = "the device has VK_EXT_external_memory_host";
    return TD_OK;
}

void tdi_host_import_destroy(td_device *device, tdi_host_import *import)
{
    if (!import->buffer)
        return;
    const tdi_host_import gone = *import;
    destroy_handles(device, import);
    tdi_budget_give(device->budget, TD_BUDGET_READBACK, gone.bytes, gone.consumer);
}
