/* Where buffers and images lie in memory: two that share it may hurt each other. */
#include <stdlib.h>

#include "hazards_device.h"

static void put(hazards_device *data, uint64_t handle, hazards_place place)
{
    hazards_place *kept = malloc(sizeof *kept);
    if (!kept)
        return;
    *kept = place;
    object_map_put(&data->places, handle, kept);
}

static void bind(hazards_device *data, uint64_t handle, VkDeviceMemory memory, VkDeviceSize offset)
{
    hazards_place *place = object_map_find(&data->places, handle);
    if (!place)
        return;
    place->memory = OBJECT_HANDLE(memory);
    place->offset = offset;
}

static hazards_range range_of(hazards_device *data, uint64_t handle, VkDeviceSize offset,
                              VkDeviceSize size)
{
    const hazards_place *place = object_map_find(&data->places, handle);
    const hazards_place unknown = {.memory = handle, .size = VK_WHOLE_SIZE / 2};
    if (!place)
        place = &unknown;
    if (size == VK_WHOLE_SIZE)
        size = place->size - offset;
    return (hazards_range){place->memory, place->offset + offset, place->offset + offset + size};
}

hazards_range hazards_buffer_range(hazards_device *data, VkBuffer buffer, VkDeviceSize offset,
                                   VkDeviceSize size)
{
    return range_of(data, OBJECT_HANDLE(buffer), offset, size);
}

hazards_range hazards_image_range(hazards_device *data, VkImage image)
{
    return range_of(data, OBJECT_HANDLE(image), 0, VK_WHOLE_SIZE);
}

bool hazards_whole_image(hazards_device *data, VkImage image, const VkImageSubresourceRange *range)
{
    const hazards_place *place = object_map_find(&data->places, OBJECT_HANDLE(image));
    if (!place || range->baseMipLevel || range->baseArrayLayer)
        return false;
    return range->levelCount >= place->levels && range->layerCount >= place->layers;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_buffer(VkDevice device, const VkBufferCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkBuffer *out)
{
    hazards_device *data = hazards_of(device);
    const VkResult result = LAYER_NEXT(data->device, vkCreateBuffer)(device, info, allocator, out);
    if (result == VK_SUCCESS)
        put(data, OBJECT_HANDLE(*out),
            (hazards_place){.memory = OBJECT_HANDLE(*out), .size = info->size});
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_image(VkDevice device, const VkImageCreateInfo *info,
                                                   const VkAllocationCallbacks *allocator,
                                                   VkImage *out)
{
    hazards_device *data = hazards_of(device);
    const VkResult result = LAYER_NEXT(data->device, vkCreateImage)(device, info, allocator, out);
    if (result != VK_SUCCESS)
        return result;
    VkMemoryRequirements needs;
    LAYER_NEXT(data->device, vkGetImageMemoryRequirements)(device, *out, &needs);
    put(data, OBJECT_HANDLE(*out),
        (hazards_place){.memory = OBJECT_HANDLE(*out),
                        .size = needs.size,
                        .levels = info->mipLevels,
                        .layers = info->arrayLayers});
    return result;
}

static VKAPI_ATTR void VKAPI_CALL destroy_buffer(VkDevice device, VkBuffer buffer,
                                                 const VkAllocationCallbacks *allocator)
{
    hazards_device *data = hazards_of(device);
    free(object_map_take(&data->places, OBJECT_HANDLE(buffer)));
    LAYER_NEXT(data->device, vkDestroyBuffer)(device, buffer, allocator);
}

static VKAPI_ATTR void VKAPI_CALL destroy_image(VkDevice device, VkImage image,
                                                const VkAllocationCallbacks *allocator)
{
    hazards_device *data = hazards_of(device);
    free(object_map_take(&data->places, OBJECT_HANDLE(image)));
    pthread_mutex_lock(&data->mutex);
    hazards_forget_image(&data->track, image);
    pthread_mutex_unlock(&data->mutex);
    LAYER_NEXT(data->device, vkDestroyImage)(device, image, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL bind_buffer(VkDevice device, VkBuffer buffer,
                                                  VkDeviceMemory memory, VkDeviceSize offset)
{
    hazards_device *data = hazards_of(device);
    bind(data, OBJECT_HANDLE(buffer), memory, offset);
    return LAYER_NEXT(data->device, vkBindBufferMemory)(device, buffer, memory, offset);
}

static VKAPI_ATTR VkResult VKAPI_CALL bind_buffers(VkDevice device, uint32_t count,
                                                   const VkBindBufferMemoryInfo *infos)
{
    hazards_device *data = hazards_of(device);
    for (uint32_t i = 0; i < count; i++)
        bind(data, OBJECT_HANDLE(infos[i].buffer), infos[i].memory, infos[i].memoryOffset);
    return LAYER_NEXT(data->device, vkBindBufferMemory2)(device, count, infos);
}

static VKAPI_ATTR VkResult VKAPI_CALL bind_image(VkDevice device, VkImage image,
                                                 VkDeviceMemory memory, VkDeviceSize offset)
{
    hazards_device *data = hazards_of(device);
    bind(data, OBJECT_HANDLE(image), memory, offset);
    return LAYER_NEXT(data->device, vkBindImageMemory)(device, image, memory, offset);
}

static VKAPI_ATTR VkResult VKAPI_CALL bind_images(VkDevice device, uint32_t count,
                                                  const VkBindImageMemoryInfo *infos)
{
    hazards_device *data = hazards_of(device);
    for (uint32_t i = 0; i < count; i++)
        bind(data, OBJECT_HANDLE(infos[i].image), infos[i].memory, infos[i].memoryOffset);
    return LAYER_NEXT(data->device, vkBindImageMemory2)(device, count, infos);
}

static VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice device, VkDeviceMemory memory,
                                              const VkAllocationCallbacks *allocator)
{
    hazards_device *data = hazards_of(device);
    pthread_mutex_lock(&data->mutex);
    hazards_forget_memory(&data->track, OBJECT_HANDLE(memory));
    pthread_mutex_unlock(&data->mutex);
    LAYER_NEXT(data->device, vkFreeMemory)(device, memory, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_semaphore(VkDevice device,
                                                       const VkSemaphoreCreateInfo *info,
                                                       const VkAllocationCallbacks *allocator,
                                                       VkSemaphore *out)
{
    hazards_device *data = hazards_of(device);
    const VkResult result =
        LAYER_NEXT(data->device, vkCreateSemaphore)(device, info, allocator, out);
    hazards_semaphore *kept = result == VK_SUCCESS ? calloc(1, sizeof *kept) : NULL;
    if (!kept)
        return result;
    for (const VkBaseInStructure *at = info->pNext; at; at = at->pNext)
        if (at->sType == VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO)
            kept->timeline = ((const VkSemaphoreTypeCreateInfo *)at)->semaphoreType ==
                             VK_SEMAPHORE_TYPE_TIMELINE;
    object_map_put(&data->semaphores, OBJECT_HANDLE(*out), kept);
    return result;
}

static void forget_sync(hazards_device *data, uint64_t sync)
{
    pthread_mutex_lock(&data->mutex);
    hazards_forget_sync(&data->track, sync);
    pthread_mutex_unlock(&data->mutex);
}

static VKAPI_ATTR void VKAPI_CALL destroy_semaphore(VkDevice device, VkSemaphore semaphore,
                                                    const VkAllocationCallbacks *allocator)
{
    hazards_device *data = hazards_of(device);
    free(object_map_take(&data->semaphores, OBJECT_HANDLE(semaphore)));
    forget_sync(data, OBJECT_HANDLE(semaphore));
    LAYER_NEXT(data->device, vkDestroySemaphore)(device, semaphore, allocator);
}

static VKAPI_ATTR void VKAPI_CALL destroy_fence(VkDevice device, VkFence fence,
                                                const VkAllocationCallbacks *allocator)
{
    hazards_device *data = hazards_of(device);
    forget_sync(data, OBJECT_HANDLE(fence));
    LAYER_NEXT(data->device, vkDestroyFence)(device, fence, allocator);
}

static VKAPI_ATTR VkResult VKAPI_CALL reset_fences(VkDevice device, uint32_t count,
                                                   const VkFence *fences)
{
    hazards_device *data = hazards_of(device);
    for (uint32_t i = 0; i < count; i++)
        forget_sync(data, OBJECT_HANDLE(fences[i]));
    return LAYER_NEXT(data->device, vkResetFences)(device, count, fences);
}

const layer_function hazards_object_functions[HAZARDS_OBJECT_FUNCTIONS] = {
    LAYER_FUNCTION(vkCreateBuffer, create_buffer),
    LAYER_FUNCTION(vkCreateImage, create_image),
    LAYER_FUNCTION(vkDestroyBuffer, destroy_buffer),
    LAYER_FUNCTION(vkDestroyImage, destroy_image),
    LAYER_FUNCTION(vkBindBufferMemory, bind_buffer),
    LAYER_FUNCTION(vkBindBufferMemory2, bind_buffers),
    LAYER_FUNCTION(vkBindBufferMemory2KHR, bind_buffers),
    LAYER_FUNCTION(vkBindImageMemory, bind_image),
    LAYER_FUNCTION(vkBindImageMemory2, bind_images),
    LAYER_FUNCTION(vkBindImageMemory2KHR, bind_images),
    LAYER_FUNCTION(vkFreeMemory, free_memory),
    LAYER_FUNCTION(vkCreateSemaphore, create_semaphore),
    LAYER_FUNCTION(vkDestroySemaphore, destroy_semaphore),
    LAYER_FUNCTION(vkDestroyFence, destroy_fence),
    LAYER_FUNCTION(vkResetFences, reset_fences),
};
