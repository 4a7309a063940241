/* See ledger.h. */
#include "ledger.h"

#include <pthread.h>
#include <stdlib.h>

#include "layer.h"
#include "object_map.h"

typedef struct ledger_device {
    pthread_mutex_t mutex;
    ledger_sums sums;
    object_map sizes; /* memory -> a uint64_t */
} ledger_device;

static VKAPI_ATTR void VKAPI_CALL read_sums(VkDevice handle, ledger_sums *out)
{
    ledger_device *data = layer_find_device(handle)->data;
    pthread_mutex_lock(&data->mutex);
    *out = data->sums;
    pthread_mutex_unlock(&data->mutex);
}

static void enter(ledger_device *data, uint64_t size)
{
    pthread_mutex_lock(&data->mutex);
    data->sums.allocations++;
    data->sums.bytes += size;
    if (data->sums.bytes > data->sums.peak_bytes)
        data->sums.peak_bytes = data->sums.bytes;
    pthread_mutex_unlock(&data->mutex);
}

static void strike(ledger_device *data, uint64_t size)
{
    pthread_mutex_lock(&data->mutex);
    data->sums.allocations--;
    data->sums.bytes -= size;
    pthread_mutex_unlock(&data->mutex);
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice handle,
                                                      const VkMemoryAllocateInfo *info,
                                                      const VkAllocationCallbacks *allocator,
                                                      VkDeviceMemory *out)
{
    layer_device *device = layer_find_device(handle);
    ledger_device *data = device->data;
    uint64_t *size = malloc(sizeof *size);
    if (!size)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    *size = info->allocationSize;
    const VkResult result = LAYER_NEXT(device, vkAllocateMemory)(handle, info, allocator, out);
    if (result != VK_SUCCESS) {
        free(size);
        return result;
    }
    if (!object_map_put(&data->sizes, OBJECT_HANDLE(*out), size)) {
        LAYER_NEXT(device, vkFreeMemory)(handle, *out, allocator);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    enter(data, info->allocationSize);
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice handle, VkDeviceMemory memory,
                                              const VkAllocationCallbacks *allocator)
{
    layer_device *device = layer_find_device(handle);
    ledger_device *data = device->data;
    uint64_t *size = object_map_take(&data->sizes, OBJECT_HANDLE(memory));
    if (size)
        strike(data, *size);
    free(size);
    LAYER_NEXT(device, vkFreeMemory)(handle, memory, allocator);
}

static const layer_function functions[] = {
    LAYER_OWN(LEDGER_READ, read_sums),
    LAYER_FUNCTION(vkAllocateMemory, allocate_memory),
    LAYER_FUNCTION(vkFreeMemory, free_memory),
};

static VkResult start(layer_device *device, const VkDeviceCreateInfo *info)
{
    ledger_device *data = device->data;
    (void)info;
    if (pthread_mutex_init(&data->mutex, NULL))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    object_map_init(&data->sizes);
    return VK_SUCCESS;
}

static void end(layer_device *device)
{
    ledger_device *data = device->data;
    object_map_destroy(&data->sizes);
    pthread_mutex_destroy(&data->mutex);
}

const layer_definition layer = {
    .device_functions = functions,
    .device_function_count = LAYER_COUNT(functions),
    .device_size = sizeof(ledger_device),
    .device_created = start,
    .device_destroyed = end,
};
