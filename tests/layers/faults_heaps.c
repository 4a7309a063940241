/* Less memory than there is: smaller heaps, and the figures of VK_EXT_memory_budget. */
#include "faults_state.h"

#include <stdlib.h>

typedef struct allocation {
    uint64_t size;
    uint32_t heap;
} allocation;

static faults_memory memory_of(const layer_instance *instance)
{
    faults_instance *data = instance->data;
    pthread_mutex_lock(&data->memory_mutex);
    const faults_memory memory = data->memory;
    pthread_mutex_unlock(&data->memory_mutex);
    return memory;
}

VKAPI_ATTR void VKAPI_CALL faults_set_memory(VkDevice handle, const faults_memory *memory)
{
    faults_instance *data = layer_find_device(handle)->instance->data;
    pthread_mutex_lock(&data->memory_mutex);
    data->memory = *memory;
    pthread_mutex_unlock(&data->memory_mutex);
}

/* ---- what the instance tells ---- */

static void shrink(const layer_instance *instance, VkPhysicalDeviceMemoryProperties *properties)
{
    const faults_memory memory = memory_of(instance);
    for (uint32_t i = 0; i < properties->memoryHeapCount; i++)
        if (memory.heap_bytes && properties->memoryHeaps[i].size > memory.heap_bytes)
            properties->memoryHeaps[i].size = memory.heap_bytes;
}

VKAPI_ATTR void VKAPI_CALL faults_memory_properties(VkPhysicalDevice physical,
                                                    VkPhysicalDeviceMemoryProperties *out)
{
    const layer_instance *instance = layer_find_instance(physical);
    LAYER_NEXT_INSTANCE(instance, vkGetPhysicalDeviceMemoryProperties)(physical, out);
    shrink(instance, out);
}

typedef struct usage_sum {
    const layer_instance *instance;
    uint64_t bytes[VK_MAX_MEMORY_HEAPS];
} usage_sum;

static void add_usage(layer_device *device, void *user)
{
    usage_sum *sum = user;
    faults_device *data = device->data;
    if (device->instance != sum->instance)
        return;
    pthread_mutex_lock(&data->heap_mutex);
    for (uint32_t i = 0; i < VK_MAX_MEMORY_HEAPS; i++)
        sum->bytes[i] += data->heap_bytes[i];
    pthread_mutex_unlock(&data->heap_mutex);
}

static void fake_budget(const layer_instance *instance,
                        const VkPhysicalDeviceMemoryProperties *properties,
                        VkPhysicalDeviceMemoryBudgetPropertiesEXT *out)
{
    const faults_memory memory = memory_of(instance);
    usage_sum sum = {.instance = instance};
    if (!memory.budget_bytes)
        return;
    layer_each_device(add_usage, &sum);
    for (uint32_t i = 0; i < properties->memoryHeapCount; i++) {
        out->heapBudget[i] = memory.budget_bytes;
        out->heapUsage[i] = sum.bytes[i] + memory.usage_bytes;
    }
}

static VkPhysicalDeviceMemoryBudgetPropertiesEXT *
find_budget(VkPhysicalDeviceMemoryProperties2 *properties)
{
    VkBaseOutStructure *next = properties->pNext;
    while (next && next->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
        next = next->pNext;
    return (VkPhysicalDeviceMemoryBudgetPropertiesEXT *)next;
}

VKAPI_ATTR void VKAPI_CALL faults_memory_properties2(VkPhysicalDevice physical,
                                                     VkPhysicalDeviceMemoryProperties2 *out)
{
    const layer_instance *instance = layer_find_instance(physical);
    LAYER_NEXT_INSTANCE(instance, vkGetPhysicalDeviceMemoryProperties2)(physical, out);
    shrink(instance, &out->memoryProperties);
    VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget = find_budget(out);
    if (budget)
        fake_budget(instance, &out->memoryProperties, budget);
}

/* ---- what the device lends ---- */

static uint32_t heap_of(const layer_device *device, uint32_t type)
{
    VkPhysicalDeviceMemoryProperties properties;
    LAYER_NEXT_INSTANCE(device->instance, vkGetPhysicalDeviceMemoryProperties)
    (device->physical, &properties);
    return properties.memoryTypes[type].heapIndex;
}

/* False if the heap has not so much left. */
static bool take(layer_device *device, const allocation *wanted)
{
    faults_device *data = device->data;
    const faults_memory memory = memory_of(device->instance);
    pthread_mutex_lock(&data->heap_mutex);
    uint64_t *taken = &data->heap_bytes[wanted->heap];
    const bool fits = !memory.heap_bytes || *taken + wanted->size <= memory.heap_bytes;
    if (fits)
        *taken += wanted->size;
    pthread_mutex_unlock(&data->heap_mutex);
    return fits;
}

static void give_back(faults_device *data, const allocation *was)
{
    pthread_mutex_lock(&data->heap_mutex);
    data->heap_bytes[was->heap] -= was->size;
    pthread_mutex_unlock(&data->heap_mutex);
}

static VkResult lend(layer_device *device, const VkMemoryAllocateInfo *info,
                     const VkAllocationCallbacks *allocator, VkDeviceMemory *out)
{
    faults_device *data = device->data;
    allocation *entry = malloc(sizeof *entry);
    if (!entry)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    *entry = (allocation){info->allocationSize, heap_of(device, info->memoryTypeIndex)};
    const allocation wanted = *entry;
    const bool fits = take(device, entry);
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    if (fits)
        result = LAYER_NEXT(device, vkAllocateMemory)(device->handle, info, allocator, out);
    if (result != VK_SUCCESS) {
        free(entry);
    } else if (!object_map_put(&data->allocations, OBJECT_HANDLE(*out), entry)) {
        LAYER_NEXT(device, vkFreeMemory)(device->handle, *out, allocator);
        result = VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    if (fits && result != VK_SUCCESS)
        give_back(data, &wanted);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice handle,
                                                      const VkMemoryAllocateInfo *info,
                                                      const VkAllocationCallbacks *allocator,
                                                      VkDeviceMemory *out)
{
    layer_device *device = layer_find_device(handle);
    const faults_verdict v = faults_judge(&faults_of(device)->count, FAULTS_INDEX_ALLOCATE_MEMORY);
    return v.result == VK_SUCCESS ? lend(device, info, allocator, out)
                                  : faults_fail(device, v.result);
}

static VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice handle, VkDeviceMemory memory,
                                              const VkAllocationCallbacks *allocator)
{
    layer_device *device = layer_find_device(handle);
    faults_device *data = device->data;
    allocation *entry = object_map_take(&data->allocations, OBJECT_HANDLE(memory));
    if (entry)
        give_back(data, entry);
    free(entry);
    LAYER_NEXT(device, vkFreeMemory)(handle, memory, allocator);
}

bool faults_heaps_start(faults_device *device)
{
    if (pthread_mutex_init(&device->heap_mutex, NULL))
        return false;
    object_map_init(&device->allocations);
    return true;
}

void faults_heaps_end(faults_device *device)
{
    object_map_destroy(&device->allocations);
    pthread_mutex_destroy(&device->heap_mutex);
}

static const layer_function functions[] = {
    LAYER_FUNCTION(vkAllocateMemory, allocate_memory),
    LAYER_FUNCTION(vkFreeMemory, free_memory),
};

const layer_table faults_heaps_table = {functions, LAYER_COUNT(functions)};
