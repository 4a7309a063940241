#include "layer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LAYER_EXPORT __attribute__((visibility("default")))

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static layer_instance *instances;
static layer_device *devices;

static void *key_of(const void *dispatchable)
{
    void *key; /* the loader's table comes first in every dispatchable handle */
    memcpy(&key, dispatchable, sizeof key);
    return key;
}

void layer_adopt(const layer_device *device, void *dispatchable)
{
    memcpy(dispatchable, &device->key, sizeof device->key);
}

layer_instance *layer_find_instance(const void *dispatchable)
{
    const void *key = key_of(dispatchable);
    pthread_mutex_lock(&registry_mutex);
    layer_instance *found = instances;
    while (found && found->key != key)
        found = found->following;
    pthread_mutex_unlock(&registry_mutex);
    return found;
}

layer_device *layer_find_device(const void *dispatchable)
{
    const void *key = key_of(dispatchable);
    pthread_mutex_lock(&registry_mutex);
    layer_device *found = devices;
    while (found && found->key != key)
        found = found->following;
    pthread_mutex_unlock(&registry_mutex);
    return found;
}

void layer_each_device(void (*visit)(layer_device *device, void *user), void *user)
{
    pthread_mutex_lock(&registry_mutex);
    for (layer_device *device = devices; device; device = device->following)
        visit(device, user);
    pthread_mutex_unlock(&registry_mutex);
}

/* ---- instances ---- */

/* Beside those that the layer intercepts. */
static const char *const found_always[] = {
    "vkDestroyInstance",
    "vkGetPhysicalDeviceMemoryProperties",
};
#define FOUND_ALWAYS LAYER_COUNT(found_always)

static const char *found_name(size_t index)
{
    return index < FOUND_ALWAYS ? found_always[index]
                                : layer.instance_functions[index - FOUND_ALWAYS].name;
}

static bool find_functions(layer_instance *instance)
{
    const size_t count = FOUND_ALWAYS + layer.instance_function_count;
    instance->found = calloc(count, sizeof *instance->found);
    for (size_t i = 0; instance->found && i < count; i++)
        instance->found[i] = instance->next(instance->handle, found_name(i));
    return instance->found != NULL;
}

PFN_vkVoidFunction layer_next_instance(const layer_instance *instance, const char *name)
{
    for (size_t i = 0; i < FOUND_ALWAYS + layer.instance_function_count; i++)
        if (!strcmp(found_name(i), name))
            return instance->found[i];
    return NULL;
}

static VkLayerInstanceCreateInfo *instance_link(const VkInstanceCreateInfo *info)
{
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)(uintptr_t)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO &&
                     link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerInstanceCreateInfo *)(uintptr_t)link->pNext;
    return link;
}

static void free_instance(layer_instance *instance)
{
    free(instance->data);
    free(instance->found);
    free(instance);
}

static layer_instance *new_instance(VkInstance handle, PFN_vkGetInstanceProcAddr next)
{
    layer_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return NULL;
    *instance = (layer_instance){.handle = handle, .next = next, .key = key_of(handle)};
    instance->data = calloc(1, layer.instance_size + 1);
    if (!instance->data || !find_functions(instance)) {
        free_instance(instance);
        return NULL;
    }
    if (layer.instance_created)
        layer.instance_created(instance);
    return instance;
}

static void register_instance(layer_instance *instance)
{
    pthread_mutex_lock(&registry_mutex);
    instance->following = instances;
    instances = instance;
    pthread_mutex_unlock(&registry_mutex);
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
    VkResult result = layer.create_instance ? layer.create_instance() : VK_SUCCESS;
    if (result == VK_SUCCESS)
        result = create(info, allocator, out);
    if (result != VK_SUCCESS)
        return result;
    layer_instance *instance = new_instance(*out, next);
    if (!instance) {
        ((PFN_vkDestroyInstance)next(*out, "vkDestroyInstance"))(*out, allocator);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    register_instance(instance);
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance handle,
                                                   const VkAllocationCallbacks *allocator)
{
    if (!handle)
        return;
    layer_instance *instance = layer_find_instance(handle);
    if (layer.instance_destroyed)
        layer.instance_destroyed(instance);
    const PFN_vkDestroyInstance destroy = LAYER_NEXT_INSTANCE(instance, vkDestroyInstance);
    pthread_mutex_lock(&registry_mutex);
    layer_instance **place = &instances;
    while (*place != instance)
        place = &(*place)->following;
    *place = instance->following;
    pthread_mutex_unlock(&registry_mutex);
    destroy(handle, allocator);
    free_instance(instance);
}

/* ---- devices ---- */

static VkLayerDeviceCreateInfo *device_link(const VkDeviceCreateInfo *info)
{
    VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)(uintptr_t)info->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO &&
                     link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerDeviceCreateInfo *)(uintptr_t)link->pNext;
    return link;
}

static void register_device(layer_device *device)
{
    pthread_mutex_lock(&registry_mutex);
    device->following = devices;
    devices = device;
    pthread_mutex_unlock(&registry_mutex);
}

static void forget_device(layer_device *device)
{
    pthread_mutex_lock(&registry_mutex);
    layer_device **place = &devices;
    while (*place != device)
        place = &(*place)->following;
    *place = device->following;
    pthread_mutex_unlock(&registry_mutex);
}

static void free_device(layer_device *device)
{
    free(device->data);
    free(device);
}

static layer_device *new_device(VkPhysicalDevice physical, PFN_vkGetDeviceProcAddr next)
{
    layer_device *device = calloc(1, sizeof *device);
    if (!device)
        return NULL;
    device->data = calloc(1, layer.device_size + 1);
    if (!device->data) {
        free(device);
        return NULL;
    }
    device->physical = physical;
    device->instance = layer_find_instance(physical);
    device->next = next;
    return device;
}

static VkResult adopt_new(layer_device *device, VkDevice handle, const VkDeviceCreateInfo *info,
                          const VkAllocationCallbacks *allocator)
{
    device->handle = handle;
    device->key = key_of(handle);
    const VkResult result = layer.device_created ? layer.device_created(device, info) : VK_SUCCESS;
    if (result == VK_SUCCESS)
        register_device(device);
    else
        LAYER_NEXT(device, vkDestroyDevice)(handle, allocator);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical,
                                                    const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkDevice *out)
{
    VkLayerDeviceCreateInfo *link = device_link(info);
    if (!link)
        return VK_ERROR_INITIALIZATION_FAILED;
    const PFN_vkGetInstanceProcAddr next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    layer_device *device = new_device(physical, link->u.pLayerInfo->pfnNextGetDeviceProcAddr);
    if (!device)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const PFN_vkCreateDevice create =
        (PFN_vkCreateDevice)next_instance(device->instance->handle, "vkCreateDevice");
    VkResult result = layer.create_device
                          ? layer.create_device(create, physical, info, allocator, out)
                          : create(physical, info, allocator, out);
    if (result == VK_SUCCESS)
        result = adopt_new(device, *out, info, allocator);
    if (result != VK_SUCCESS)
        free_device(device);
    return result;
}

static VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice handle,
                                                 const VkAllocationCallbacks *allocator)
{
    if (!handle)
        return;
    layer_device *device = layer_find_device(handle);
    if (layer.device_destroyed)
        layer.device_destroyed(device);
    const PFN_vkDestroyDevice destroy = LAYER_NEXT(device, vkDestroyDevice);
    forget_device(device);
    destroy(handle, allocator);
    free_device(device);
}

/* ---- entry points ---- */

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc(VkDevice device, const char *name);
static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc(VkInstance instance,
                                                                  const char *name);

static const layer_function plumbing_of_instances[] = {
    LAYER_FUNCTION(vkGetInstanceProcAddr, get_instance_proc),
    LAYER_FUNCTION(vkCreateInstance, create_instance),
    LAYER_FUNCTION(vkDestroyInstance, destroy_instance),
    LAYER_FUNCTION(vkCreateDevice, create_device),
};

static const layer_function plumbing_of_devices[] = {
    LAYER_FUNCTION(vkGetDeviceProcAddr, get_device_proc),
    LAYER_FUNCTION(vkDestroyDevice, destroy_device),
};

static const layer_function *find(const layer_function *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

static const layer_function *find_device_function(const char *name)
{
    const layer_function *found = find(plumbing_of_devices, LAYER_COUNT(plumbing_of_devices), name);
    if (!found)
        found = find(layer.device_functions, layer.device_function_count, name);
    for (const layer_table *const *table = layer.device_tables; !found && table && *table; table++)
        found = find((*table)->functions, (*table)->count, name);
    return found;
}

static const layer_function *find_instance_function(const char *name)
{
    const layer_function *found =
        find(plumbing_of_instances, LAYER_COUNT(plumbing_of_instances), name);
    return found ? found : find(layer.instance_functions, layer.instance_function_count, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc(VkDevice handle, const char *name)
{
    layer_device *device = layer_find_device(handle);
    const layer_function *found = find_device_function(name);
    if (found && found->own)
        return found->function;
    const PFN_vkVoidFunction next = device->next(handle, name);
    if (found)
        return next ? found->function : NULL;
    return layer.other_function ? layer.other_function(device, name, next) : next;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc(VkInstance handle,
                                                                  const char *name)
{
    const layer_function *found = find_instance_function(name);
    if (!found)
        found = find_device_function(name);
    if (found)
        return found->function;
    return handle ? layer_find_instance(handle)->next(handle, name) : NULL;
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
