/* A Vulkan layer for tests: shows a device with one queue (lavapipe) as a device with three queue
 * families, one queue each: graphics + compute + transfer, compute + transfer, transfer.
 *
 * All three run on the one real queue, in the order of their submissions. That is a valid order for
 * a program that never submits a wait before the signal that ends it, which is tandem's rule; a
 * wait that could never end shows as a test that does not end. What a family may not do is reported
 * by the validation layer, which must lie above this one.
 *
 * Sharing between families is rewritten to exclusive below, since the real device has one family.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define LAYER_EXPORT __attribute__((visibility("default")))
#define FAMILIES     3
#define MAX_OBJECTS  16 /* instances or devices alive at once */

static const VkQueueFlags family_flags[FAMILIES] = {
    VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
    VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
    VK_QUEUE_TRANSFER_BIT,
};

/* A dispatchable handle: the loader's table comes first. */
typedef struct virtual_queue {
    void *loader_table;
    struct device_data *device;
    uint32_t family;
} virtual_queue;

typedef struct instance_data {
    void *key;
    VkInstance handle;
    PFN_vkGetInstanceProcAddr next;
} instance_data;

typedef struct device_data {
    void *key;
    VkDevice handle;
    PFN_vkGetDeviceProcAddr next;
    VkQueue real_queue;
    pthread_mutex_t submit_mutex; /* three queues may be submitted to at once, the real one not */
    virtual_queue queues[FAMILIES];
} device_data;

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static instance_data *instances[MAX_OBJECTS];
static device_data *devices[MAX_OBJECTS];

static void *key_of(const void *dispatchable)
{
    void *key;
    memcpy(&key, dispatchable, sizeof key);
    return key;
}

static instance_data *find_instance(const void *dispatchable)
{
    instance_data *found = NULL;
    pthread_mutex_lock(&registry_mutex);
    for (int i = 0; i < MAX_OBJECTS; i++)
        if (instances[i] && instances[i]->key == key_of(dispatchable))
            found = instances[i];
    pthread_mutex_unlock(&registry_mutex);
    return found;
}

static device_data *find_device(const void *dispatchable)
{
    device_data *found = NULL;
    pthread_mutex_lock(&registry_mutex);
    for (int i = 0; i < MAX_OBJECTS; i++)
        if (devices[i] && devices[i]->key == key_of(dispatchable))
            found = devices[i];
    pthread_mutex_unlock(&registry_mutex);
    return found;
}

static bool keep(void **registry, void *data)
{
    bool kept = false;
    pthread_mutex_lock(&registry_mutex);
    for (int i = 0; i < MAX_OBJECTS && !kept; i++) {
        if (!registry[i]) {
            registry[i] = data;
            kept = true;
        }
    }
    pthread_mutex_unlock(&registry_mutex);
    return kept;
}

static void forget(void **registry, const void *data)
{
    pthread_mutex_lock(&registry_mutex);
    for (int i = 0; i < MAX_OBJECTS; i++)
        if (registry[i] == data)
            registry[i] = NULL;
    pthread_mutex_unlock(&registry_mutex);
}

#define NEXT_INSTANCE(data, name) ((PFN_##name)(data)->next((data)->handle, #name))
#define NEXT_DEVICE(data, name)   ((PFN_##name)(data)->next((data)->handle, #name))

/* ---- instance ---- */

static VkLayerInstanceCreateInfo *instance_link(const VkInstanceCreateInfo *info)
{
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)(uintptr_t)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO &&
                     link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerInstanceCreateInfo *)(uintptr_t)link->pNext;
    return link;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator,
                                                      VkInstance *out)
{
    VkLayerInstanceCreateInfo *link = instance_link(info);
    if (!link)
        return VK_ERROR_INITIALIZATION_FAILED;
    const PFN_vkGetInstanceProcAddr next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const PFN_vkCreateInstance create =
        (PFN_vkCreateInstance)next(VK_NULL_HANDLE, "vkCreateInstance");
    instance_data *data = calloc(1, sizeof *data);
    if (!data)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    const VkResult result = create(info, allocator, out);
    if (result == VK_SUCCESS) {
        *data = (instance_data){.key = key_of(*out), .handle = *out, .next = next};
        if (keep((void **)instances, data))
            return VK_SUCCESS;
        NEXT_INSTANCE(data, vkDestroyInstance)(*out, allocator);
    }
    free(data);
    return result == VK_SUCCESS ? VK_ERROR_TOO_MANY_OBJECTS : result;
}

static VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance instance,
                                                   const VkAllocationCallbacks *allocator)
{
    if (!instance)
        return;
    instance_data *data = find_instance(instance);
    NEXT_INSTANCE(data, vkDestroyInstance)(instance, allocator);
    forget((void **)instances, data);
    free(data);
}

static void fill_family(uint32_t family, const VkQueueFamilyProperties *real,
                        VkQueueFamilyProperties *out)
{
    *out = *real;
    out->queueFlags = family_flags[family];
    out->queueCount = 1;
}

static VkQueueFamilyProperties real_family(VkPhysicalDevice physical)
{
    uint32_t count = 1;
    VkQueueFamilyProperties real = {0};
    NEXT_INSTANCE(find_instance(physical), vkGetPhysicalDeviceQueueFamilyProperties)
    (physical, &count, &real);
    return real;
}

static VKAPI_ATTR void VKAPI_CALL queue_families(VkPhysicalDevice physical, uint32_t *count,
                                                 VkQueueFamilyProperties *out)
{
    if (out) {
        const VkQueueFamilyProperties real = real_family(physical);
        if (*count > FAMILIES)
            *count = FAMILIES;
        for (uint32_t i = 0; i < *count; i++)
            fill_family(i, &real, &out[i]);
        return;
    }
    *count = FAMILIES;
}

static VKAPI_ATTR void VKAPI_CALL queue_families2(VkPhysicalDevice physical, uint32_t *count,
                                                  VkQueueFamilyProperties2 *out)
{
    if (out) {
        const VkQueueFamilyProperties real = real_family(physical);
        if (*count > FAMILIES)
            *count = FAMILIES;
        for (uint32_t i = 0; i < *count; i++)
            fill_family(i, &real, &out[i].queueFamilyProperties);
        return;
    }
    *count = FAMILIES;
}

/* ---- device ---- */

static VkLayerDeviceCreateInfo *device_link(const VkDeviceCreateInfo *info)
{
    VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)(uintptr_t)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO &&
                     link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerDeviceCreateInfo *)(uintptr_t)link->pNext;
    return link;
}

static VkResult create_real_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                                   const VkAllocationCallbacks *allocator, VkDevice *out)
{
    VkLayerDeviceCreateInfo *link = device_link(info);
    const PFN_vkGetInstanceProcAddr next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const PFN_vkCreateDevice create =
        (PFN_vkCreateDevice)next(find_instance(physical)->handle, "vkCreateDevice");
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

static void adopt_device(device_data *data, VkDevice device, PFN_vkGetDeviceProcAddr next)
{
    data->key = key_of(device);
    data->handle = device;
    data->next = next;
    NEXT_DEVICE(data, vkGetDeviceQueue)(device, 0, 0, &data->real_queue);
    memcpy(data->real_queue, &data->key, sizeof data->key);
    for (uint32_t i = 0; i < FAMILIES; i++)
        data->queues[i] = (virtual_queue){.loader_table = data->key, .device = data, .family = i};
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical,
                                                    const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkDevice *out)
{
    const VkLayerDeviceCreateInfo *link = device_link(info);
    if (!link)
        return VK_ERROR_INITIALIZATION_FAILED;
    const PFN_vkGetDeviceProcAddr next = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    device_data *data = calloc(1, sizeof *data);
    if (!data || pthread_mutex_init(&data->submit_mutex, NULL)) {
        free(data);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    VkResult result = create_real_device(physical, info, allocator, out);
    if (result == VK_SUCCESS) {
        adopt_device(data, *out, next);
        if (keep((void **)devices, data))
            return VK_SUCCESS;
        NEXT_DEVICE(data, vkDestroyDevice)(*out, allocator);
        result = VK_ERROR_TOO_MANY_OBJECTS;
    }
    pthread_mutex_destroy(&data->submit_mutex);
    free(data);
    return result;
}

static VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice device,
                                                 const VkAllocationCallbacks *allocator)
{
    if (!device)
        return;
    device_data *data = find_device(device);
    NEXT_DEVICE(data, vkDestroyDevice)(device, allocator);
    forget((void **)devices, data);
    pthread_mutex_destroy(&data->submit_mutex);
    free(data);
}

static VKAPI_ATTR void VKAPI_CALL get_queue(VkDevice device, uint32_t family, uint32_t index,
                                            VkQueue *out)
{
    *out = index == 0 && family < FAMILIES ? (VkQueue)&find_device(device)->queues[family]
                                           : VK_NULL_HANDLE;
}

static VKAPI_ATTR void VKAPI_CALL get_queue2(VkDevice device, const VkDeviceQueueInfo2 *info,
                                             VkQueue *out)
{
    get_queue(device, info->queueFamilyIndex, info->queueIndex, out);
}

/* ---- queues ---- */

static device_data *device_of(VkQueue queue)
{
    return ((virtual_queue *)queue)->device;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count,
                                                   const VkSubmitInfo *infos, VkFence fence)
{
    device_data *data = device_of(queue);
    pthread_mutex_lock(&data->submit_mutex);
    const VkResult result = NEXT_DEVICE(data, vkQueueSubmit)(data->real_queue, count, infos, fence);
    pthread_mutex_unlock(&data->submit_mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit2(VkQueue queue, uint32_t count,
                                                    const VkSubmitInfo2 *infos, VkFence fence)
{
    device_data *data = device_of(queue);
    pthread_mutex_lock(&data->submit_mutex);
    const VkResult result =
        NEXT_DEVICE(data, vkQueueSubmit2)(data->real_queue, count, infos, fence);
    pthread_mutex_unlock(&data->submit_mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_wait_idle(VkQueue queue)
{
    device_data *data = device_of(queue);
    pthread_mutex_lock(&data->submit_mutex);
    const VkResult result = NEXT_DEVICE(data, vkQueueWaitIdle)(data->real_queue);
    pthread_mutex_unlock(&data->submit_mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL set_object_name(VkDevice device,
                                                      const VkDebugUtilsObjectNameInfoEXT *info)
{
    device_data *data = find_device(device);
    VkDebugUtilsObjectNameInfoEXT rewritten = *info;
    if (info->objectType == VK_OBJECT_TYPE_QUEUE)
        rewritten.objectHandle = (uint64_t)(uintptr_t)data->real_queue;
    const PFN_vkSetDebugUtilsObjectNameEXT next = NEXT_DEVICE(data, vkSetDebugUtilsObjectNameEXT);
    return next ? next(device, &rewritten) : VK_SUCCESS;
}

/* ---- objects that name families ---- */

static VKAPI_ATTR VkResult VKAPI_CALL create_command_pool(VkDevice device,
                                                          const VkCommandPoolCreateInfo *info,
                                                          const VkAllocationCallbacks *allocator,
                                                          VkCommandPool *out)
{
    VkCommandPoolCreateInfo rewritten = *info;
    rewritten.queueFamilyIndex = 0;
    return NEXT_DEVICE(find_device(device), vkCreateCommandPool)(device, &rewritten, allocator,
                                                                 out);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_buffer(VkDevice device, const VkBufferCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkBuffer *out)
{
    VkBufferCreateInfo rewritten = *info;
    rewritten.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    rewritten.queueFamilyIndexCount = 0;
    return NEXT_DEVICE(find_device(device), vkCreateBuffer)(device, &rewritten, allocator, out);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_image(VkDevice device, const VkImageCreateInfo *info,
                                                   const VkAllocationCallbacks *allocator,
                                                   VkImage *out)
{
    VkImageCreateInfo rewritten = *info;
    rewritten.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    rewritten.queueFamilyIndexCount = 0;
    return NEXT_DEVICE(find_device(device), vkCreateImage)(device, &rewritten, allocator, out);
}

/* ---- entry points ---- */

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc(VkDevice device, const char *name);
static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc(VkInstance instance,
                                                                  const char *name);

typedef struct entry_point {
    const char *name;
    PFN_vkVoidFunction function;
} entry_point;

static const entry_point instance_functions[] = {
    {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)get_instance_proc},
    {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
    {"vkDestroyInstance", (PFN_vkVoidFunction)destroy_instance},
    {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
    {"vkGetPhysicalDeviceQueueFamilyProperties", (PFN_vkVoidFunction)queue_families},
    {"vkGetPhysicalDeviceQueueFamilyProperties2", (PFN_vkVoidFunction)queue_families2},
    {"vkGetPhysicalDeviceQueueFamilyProperties2KHR", (PFN_vkVoidFunction)queue_families2},
};

static const entry_point device_functions[] = {
    {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)get_device_proc},
    {"vkDestroyDevice", (PFN_vkVoidFunction)destroy_device},
    {"vkGetDeviceQueue", (PFN_vkVoidFunction)get_queue},
    {"vkGetDeviceQueue2", (PFN_vkVoidFunction)get_queue2},
    {"vkQueueSubmit", (PFN_vkVoidFunction)queue_submit},
    {"vkQueueSubmit2", (PFN_vkVoidFunction)queue_submit2},
    {"vkQueueSubmit2KHR", (PFN_vkVoidFunction)queue_submit2},
    {"vkQueueWaitIdle", (PFN_vkVoidFunction)queue_wait_idle},
    {"vkSetDebugUtilsObjectNameEXT", (PFN_vkVoidFunction)set_object_name},
    {"vkCreateCommandPool", (PFN_vkVoidFunction)create_command_pool},
    {"vkCreateBuffer", (PFN_vkVoidFunction)create_buffer},
    {"vkCreateImage", (PFN_vkVoidFunction)create_image},
};

static PFN_vkVoidFunction find_entry(const entry_point *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(table[i].name, name))
            return table[i].function;
    return NULL;
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc(VkDevice device, const char *name)
{
    const PFN_vkVoidFunction own = find_entry(device_functions, COUNT_OF(device_functions), name);
    return own ? own : find_device(device)->next(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc(VkInstance instance,
                                                                  const char *name)
{
    PFN_vkVoidFunction own = find_entry(instance_functions, COUNT_OF(instance_functions), name);
    if (!own)
        own = find_entry(device_functions, COUNT_OF(device_functions), name);
    if (own || !instance)
        return own;
    return find_instance(instance)->next(instance, name);
}

LAYER_EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface)
{
    if (interface->loaderLayerInterfaceVersion < 2)
        return VK_ERROR_INITIALIZATION_FAILED;
    interface->loaderLayerInterfaceVersion = 2;
    interface->pfnGetInstanceProcAddr = get_instance_proc;
    interface->pfnGetDeviceProcAddr = get_device_proc;
    interface->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
