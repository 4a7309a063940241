#include "gpu/host_import.h"

#include "gpu/budget.h"
#include "gpu/memory.h"

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

static VkResult allocate(td_device *device, void *memory, uint32_t type, tdi_host_import *import)
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
    return device->vk.vkAllocateMemory(device->handle, &info, NULL, &import->memory);
}

/* Importing the pages, as often as it takes. */
typedef struct import_attempt {
    td_device *device;
    void *memory;
    uint32_t type;
    tdi_host_import *import; /* without memory after it: the driver does not want these pages */
} import_attempt;

static td_result run_import(void *user)
{
    const import_attempt *attempt = user;
    tdi_host_import *import = attempt->import;
    td_budget *budget = attempt->device->budget;
    tdi_memory_change_begin(attempt->device);
    td_result result = tdi_budget_take(budget, TD_BUDGET_READBACK, import->bytes,
                                       "imported host memory", &import->consumer);
    const bool refused = result == TD_OK && allocate(attempt->device, attempt->memory,
                                                     attempt->type, import) != VK_SUCCESS;
    if (refused) {
        import->memory = VK_NULL_HANDLE;
        tdi_budget_give(budget, TD_BUDGET_READBACK, import->bytes, import->consumer);
    }
    tdi_memory_change_end(attempt->device);
    if (refused)
        tdi_pressure_note(tdi_budget_pressure(budget));
    return result;
}

static tdi_shortage missing_of_import(void *user)
{
    const import_attempt *attempt = user;
    return tdi_budget_shortage(attempt->device->budget, TD_BUDGET_READBACK, attempt->import->bytes,
                               0);
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

/* Without failure and without memory: the driver does not want these pages. */
static td_result import_pages(td_device *device, void *memory, tdi_host_import *import)
{
    import_attempt attempt = {.device = device, .memory = memory, .import = import};
    const tdi_attempt steps = {
        .run = run_import,
        .missing = missing_of_import,
        .user = &attempt,
        .deadline_ns = UINT64_MAX,
    };
    if (make_buffer(device, import) != VK_SUCCESS ||
        !find_type(device, memory, import, &attempt.type))
        return TD_OK;
    const td_result result = tdi_pressure_run(tdi_budget_pressure(device->budget), &steps);
    tdi_budget_log_excess(device->budget);
    return result;
}

static bool bind(td_device *device, const tdi_host_import *import)
{
    return import->memory && device->vk.vkBindBufferMemory(device->handle, import->buffer,
                                                           import->memory, 0) == VK_SUCCESS;
}

/* And what the budget holds for it. */
static void destroy_handles(td_device *device, const tdi_host_import *import)
{
    if (import->buffer)
        device->vk.vkDestroyBuffer(device->handle, import->buffer, NULL);
    if (!import->memory)
        return;
    tdi_memory_change_begin(device);
    device->vk.vkFreeMemory(device->handle, import->memory, NULL);
    tdi_budget_give(device->budget, TD_BUDGET_READBACK, import->bytes, import->consumer);
    tdi_memory_change_end(device);
    tdi_pressure_note(tdi_budget_pressure(device->budget));
}

td_result tdi_host_import_create(td_device *device, void *memory, uint64_t bytes,
                                 tdi_host_import *out, const char **reason)
{
    *out = (tdi_host_import){0};
    *reason = hindrance(device, memory, bytes);
    if (*reason)
        return TD_OK;
    tdi_host_import import = {.bytes = bytes};
    const td_result result = import_pages(device, memory, &import);
    if (result != TD_OK || !bind(device, &import)) {
        destroy_handles(device, &import);
        *reason = "the driver does not import this memory";
        return result;
    }
    *out = import;
    tdi_device_name(device, VK_OBJECT_TYPE_BUFFER, (uint64_t)out->buffer, "host buffer");
    *reason = "the device has VK_EXT_external_memory_host";
    return TD_OK;
}

void tdi_host_import_destroy(td_device *device, tdi_host_import *import)
{
    if (!import->buffer)
        return;
    destroy_handles(device, import);
    *import = (tdi_host_import){0};
}
