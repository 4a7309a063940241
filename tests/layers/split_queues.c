/* A Vulkan layer for tests: shows a device with one queue (lavapipe) as a device with three queue
 * families, one queue each: graphics + compute + transfer, compute + transfer, transfer. Their
 * queues run out of step (virtual_queue.h, schedule.h). Sharing between families is rewritten to
 * exclusive below, since the real device has one family, and looked after here (ownership.h), as
 * are commands that a family cannot do (commands.h). Memory that nobody has written is poisoned
 * (poison.h). Tests talk to the layer with the functions of split_control.h.
 *
 * Barriers keep the families that they name: a driver of one family does not look at them.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "descriptors.h"
#include "layer_report.h"
#include "ownership.h"
#include "poison.h"
#include "semaphores.h"
#include "split_control.h"
#include "split_device.h"

const VkQueueFlags split_family_flags[SPLIT_FAMILIES] = {
    VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
    VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
    VK_QUEUE_TRANSFER_BIT,
};

split_device *split_find(const void *dispatchable)
{
    return layer_find_device(dispatchable)->data;
}

const char *split_family_name(uint32_t family)
{
    static const char *const names[SPLIT_FAMILIES] = {"graphics", "compute", "transfer"};
    return names[family];
}

/* ---- families ---- */

static void fill_family(uint32_t family, const VkQueueFamilyProperties *real,
                        VkQueueFamilyProperties *out)
{
    *out = *real;
    out->queueFlags = split_family_flags[family];
    out->queueCount = 1;
}

static VkQueueFamilyProperties real_family(VkPhysicalDevice physical)
{
    uint32_t count = 1;
    VkQueueFamilyProperties real = {0};
    LAYER_NEXT_INSTANCE(layer_find_instance(physical), vkGetPhysicalDeviceQueueFamilyProperties)
    (physical, &count, &real);
    return real;
}

static VKAPI_ATTR void VKAPI_CALL queue_families(VkPhysicalDevice physical, uint32_t *count,
                                                 VkQueueFamilyProperties *out)
{
    const VkQueueFamilyProperties real = real_family(physical);
    if (!out || *count > SPLIT_FAMILIES)
        *count = SPLIT_FAMILIES;
    for (uint32_t i = 0; out && i < *count; i++)
        fill_family(i, &real, &out[i]);
}

static VKAPI_ATTR void VKAPI_CALL queue_families2(VkPhysicalDevice physical, uint32_t *count,
                                                  VkQueueFamilyProperties2 *out)
{
    const VkQueueFamilyProperties real = real_family(physical);
    if (!out || *count > SPLIT_FAMILIES)
        *count = SPLIT_FAMILIES;
    for (uint32_t i = 0; out && i < *count; i++)
        fill_family(i, &real, &out[i].queueFamilyProperties);
}

static VKAPI_ATTR VkResult VKAPI_CALL surface_support(VkPhysicalDevice physical, uint32_t family,
                                                      VkSurfaceKHR surface, VkBool32 *out)
{
    (void)family;
    return LAYER_NEXT_INSTANCE(layer_find_instance(physical),
                               vkGetPhysicalDeviceSurfaceSupportKHR)(physical, 0, surface, out);
}

static const layer_function instance_functions[] = {
    LAYER_FUNCTION(vkGetPhysicalDeviceQueueFamilyProperties, queue_families),
    LAYER_FUNCTION(vkGetPhysicalDeviceQueueFamilyProperties2, queue_families2),
    LAYER_FUNCTION(vkGetPhysicalDeviceQueueFamilyProperties2KHR, queue_families2),
    LAYER_FUNCTION(vkGetPhysicalDeviceSurfaceSupportKHR, surface_support),
    LAYER_FUNCTION(vkCreateDebugUtilsMessengerEXT, layer_report_create_messenger),
    LAYER_FUNCTION(vkDestroyDebugUtilsMessengerEXT, layer_report_destroy_messenger),
};

/* ---- device ---- */

static VkResult create_device(PFN_vkCreateDevice create, VkPhysicalDevice physical,
                              const VkDeviceCreateInfo *info,
                              const VkAllocationCallbacks *allocator, VkDevice *out)
{
    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkDeviceCreateInfo rewritten = *info;
    rewritten.queueCreateInfoCount = 1;
    rewritten.pQueueCreateInfos = &queue;
    return create(physical, &rewritten, allocator, out);
}

static VkResult device_created(layer_device *base, const VkDeviceCreateInfo *info)
{
    split_device *device = base->data;
    (void)info;
    device->base = base;
    LAYER_NEXT_INSTANCE(base->instance, vkGetPhysicalDeviceMemoryProperties)
    (base->physical, &device->memory_types);
    const VkResult result = queue_set_create(device, &device->queues);
    if (result != VK_SUCCESS)
        return result;
    object_map_init(&device->commands);
    object_map_init(&device->pools);
    object_map_init(&device->resources);
    object_map_init(&device->views);
    object_map_init(&device->set_layouts);
    object_map_init(&device->sets);
    return VK_SUCCESS;
}

static void device_destroyed(layer_device *base)
{
    split_device *device = base->data;
    queue_set_destroy(&device->queues);
    object_map_clear(&device->commands, command_record_free);
    object_map_destroy(&device->commands);
    object_map_destroy(&device->pools);
    object_map_destroy(&device->resources);
    object_map_destroy(&device->views);
    object_map_destroy(&device->set_layouts);
    object_map_clear(&device->sets, descriptors_free_set);
    object_map_destroy(&device->sets);
}

static VKAPI_ATTR uint64_t VKAPI_CALL report_count(VkDevice device)
{
    (void)device;
    return layer_report_count();
}

static const layer_function device_functions[] = {
    LAYER_OWN(SPLIT_REPORT_COUNT, report_count),
};

static PFN_vkVoidFunction find_in(const layer_function *functions, size_t count, const char *name,
                                  PFN_vkVoidFunction next)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].own || next ? functions[i].function : NULL;
    return NULL;
}

/* Each concept has a table of its own. */
static PFN_vkVoidFunction other_function(layer_device *device, const char *name,
                                         PFN_vkVoidFunction next)
{
    const struct {
        const layer_function *functions;
        size_t count;
    } tables[] = {
        {virtual_queue_functions, virtual_queue_function_count},
        {semaphore_functions, semaphore_function_count},
        {command_functions, command_function_count},
        {ownership_functions, ownership_function_count},
        {descriptor_functions, descriptor_function_count},
        {poison_functions, poison_function_count},
    };
    (void)device;
    for (size_t i = 0; i < LAYER_COUNT(tables); i++) {
        const PFN_vkVoidFunction found = find_in(tables[i].functions, tables[i].count, name, next);
        if (found)
            return found;
    }
    return next;
}

const layer_definition layer = {
    .instance_functions = instance_functions,
    .instance_function_count = LAYER_COUNT(instance_functions),
    .device_functions = device_functions,
    .device_function_count = LAYER_COUNT(device_functions),
    .device_size = sizeof(split_device),
    .create_device = create_device,
    .device_created = device_created,
    .device_destroyed = device_destroyed,
    .other_function = other_function,
};
