#include "poison.h"

#include <string.h>

#include "async/plan_declare.h"
#include "split_control.h"

#define POISON_WORD (SPLIT_POISON * UINT32_C(0x01010101))

/* ---- memory ---- */

/* What is imported has a content. */
static bool is_imported(const VkMemoryAllocateInfo *info)
{
    for (const VkBaseInStructure *at = info->pNext; at; at = at->pNext)
        if (at->sType == VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT ||
            at->sType == VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR)
            return true;
    return false;
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice handle,
                                                      const VkMemoryAllocateInfo *info,
                                                      const VkAllocationCallbacks *allocator,
                                                      VkDeviceMemory *out)
{
    split_device *device = split_find(handle);
    const VkResult result =
        LAYER_NEXT(device->base, vkAllocateMemory)(handle, info, allocator, out);
    const VkMemoryPropertyFlags flags =
        device->memory_types.memoryTypes[info->memoryTypeIndex].propertyFlags;
    void *bytes = NULL;
    if (result != VK_SUCCESS || is_imported(info) ||
        !(flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) ||
        LAYER_NEXT(device->base, vkMapMemory)(handle, *out, 0, VK_WHOLE_SIZE, 0, &bytes) !=
            VK_SUCCESS)
        return result;
    memset(bytes, SPLIT_POISON, info->allocationSize);
    LAYER_NEXT(device->base, vkUnmapMemory)(handle, *out);
    return result;
}

/* ---- recorded fills ---- */

static void full_barrier(const split_device *device, VkCommandBuffer commands)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };
    LAYER_NEXT(device->base, vkCmdPipelineBarrier2)(commands, &dependency);
}

static void fill(const split_device *device, VkCommandBuffer commands, VkBuffer buffer,
                 VkDeviceSize offset, VkDeviceSize size)
{
    full_barrier(device, commands);
    LAYER_NEXT(device->base, vkCmdFillBuffer)(commands, buffer, offset, size, POISON_WORD);
    full_barrier(device, commands);
}

/* ---- images ---- */

static void note_binding(split_device *device, const VkBindImageMemoryInfo *info)
{
    resource *bound = object_map_find(&device->resources, OBJECT_HANDLE(info->image));
    if (!bound)
        return;
    VkMemoryRequirements needs;
    LAYER_NEXT(device->base, vkGetImageMemoryRequirements)
    (device->base->handle, info->image, &needs);
    bound->memory = info->memory;
    bound->offset = info->memoryOffset;
    bound->size = needs.size;
}

static VKAPI_ATTR VkResult VKAPI_CALL bind_image2(VkDevice handle, uint32_t count,
                                                  const VkBindImageMemoryInfo *infos)
{
    split_device *device = split_find(handle);
    for (uint32_t i = 0; i < count; i++)
        note_binding(device, &infos[i]);
    return LAYER_NEXT(device->base, vkBindImageMemory2)(handle, count, infos);
}

static VKAPI_ATTR VkResult VKAPI_CALL bind_image(VkDevice handle, VkImage image,
                                                 VkDeviceMemory memory, VkDeviceSize offset)
{
    split_device *device = split_find(handle);
    const VkBindImageMemoryInfo info = {.image = image, .memory = memory, .memoryOffset = offset};
    note_binding(device, &info);
    return LAYER_NEXT(device->base, vkBindImageMemory)(handle, image, memory, offset);
}

/* A buffer on the memory of the image; null if there cannot be one. */
static VkBuffer bytes_of(const split_device *device, resource *image)
{
    const VkDevice handle = device->base->handle;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = image->size,
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    };
    if (image->bytes || !image->memory ||
        LAYER_NEXT(device->base, vkCreateBuffer)(handle, &info, NULL, &image->bytes) != VK_SUCCESS)
        return image->bytes;
    if (LAYER_NEXT(device->base, vkBindBufferMemory)(handle, image->bytes, image->memory,
                                                     image->offset) == VK_SUCCESS)
        return image->bytes;
    LAYER_NEXT(device->base, vkDestroyBuffer)(handle, image->bytes, NULL);
    image->bytes = VK_NULL_HANDLE;
    return VK_NULL_HANDLE;
}

static bool is_all(const resource *image, const VkImageSubresourceRange *range)
{
    return range->baseMipLevel == 0 && range->levelCount >= image->levels &&
           range->baseArrayLayer == 0 && range->layerCount >= image->layers;
}

void poison_discarded(command_record *record, VkCommandBuffer commands, VkImage image,
                      const VkImageSubresourceRange *range)
{
    split_device *device = record->device;
    resource *discarded = object_map_find(&device->resources, OBJECT_HANDLE(image));
    if (!discarded || !is_all(discarded, range))
        return;
    const VkBuffer bytes = bytes_of(device, discarded);
    if (bytes)
        fill(device, commands, bytes, 0, VK_WHOLE_SIZE);
}

/* ---- passes ---- */

/* Handles that a layer above has wrapped are in no map. */
static void poison_use(split_device *device, VkCommandBuffer commands, const tdi_declared_use *what)
{
    if (!what->new_life || !what->buffer ||
        !object_map_find(&device->resources, OBJECT_HANDLE(what->buffer)))
        return;
    const VkDeviceSize size =
        what->size == VK_WHOLE_SIZE ? what->size : what->size & ~(VkDeviceSize)3;
    if (size > 0)
        fill(device, commands, what->buffer, what->offset, size);
}

static VKAPI_ATTR void VKAPI_CALL declare_uses(VkDevice handle, const tdi_declared_pass *pass)
{
    split_device *device = split_find(handle);
    for (uint32_t i = 0; i < pass->use_count; i++)
        poison_use(device, pass->commands, &pass->uses[i]);
}

const layer_function poison_functions[] = {
    LAYER_FUNCTION(vkAllocateMemory, allocate_memory),
    LAYER_FUNCTION(vkBindImageMemory, bind_image),
    LAYER_FUNCTION(vkBindImageMemory2, bind_image2),
    LAYER_FUNCTION(vkBindImageMemory2KHR, bind_image2),
    LAYER_OWN(TDI_DECLARE_USES, declare_uses),
};
const size_t poison_function_count = LAYER_COUNT(poison_functions);
