#include "host_buffer.h"

/* Memory that the host sees without further calls; every device has some. */
static uint32_t memory_type(const td_device_vulkan *vulkan, uint32_t allowed)
{
    LOAD_VULKAN(vulkan, vkGetPhysicalDeviceMemoryProperties);
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties all;
    vkGetPhysicalDeviceMemoryProperties(vulkan->physical_device, &all);
    for (uint32_t i = 0; i < all.memoryTypeCount; i++) {
        if ((allowed >> i & 1) && (all.memoryTypes[i].propertyFlags & wanted) == wanted)
            return i;
    }
    return 0;
}

static VkResult make_buffer(const td_device_vulkan *vulkan, VkDeviceSize bytes, VkBuffer *out)
{
    LOAD_VULKAN(vulkan, vkCreateBuffer);
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = bytes,
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode =
            vulkan->family_count > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = vulkan->family_count,
        .pQueueFamilyIndices = vulkan->families,
    };
    return vkCreateBuffer(vulkan->device, &info, NULL, out);
}

int make_host_buffer(const td_device_vulkan *vulkan, VkDeviceSize bytes, host_buffer *out)
{
    LOAD_VULKAN(vulkan, vkGetBufferMemoryRequirements);
    LOAD_VULKAN(vulkan, vkAllocateMemory);
    LOAD_VULKAN(vulkan, vkBindBufferMemory);
    LOAD_VULKAN(vulkan, vkMapMemory);
    VkMemoryRequirements needs;
    if (make_buffer(vulkan, bytes, &out->buffer) != VK_SUCCESS)
        return 0;
    vkGetBufferMemoryRequirements(vulkan->device, out->buffer, &needs);
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = needs.size,
        .memoryTypeIndex = memory_type(vulkan, needs.memoryTypeBits),
    };
    return vkAllocateMemory(vulkan->device, &info, NULL, &out->memory) == VK_SUCCESS &&
           vkBindBufferMemory(vulkan->device, out->buffer, out->memory, 0) == VK_SUCCESS &&
           vkMapMemory(vulkan->device, out->memory, 0, VK_WHOLE_SIZE, 0, (void **)&out->words) ==
               VK_SUCCESS;
}

void free_host_buffer(const td_device_vulkan *vulkan, const host_buffer *buffer)
{
    LOAD_VULKAN(vulkan, vkDestroyBuffer);
    LOAD_VULKAN(vulkan, vkFreeMemory);
    vkDestroyBuffer(vulkan->device, buffer->buffer, NULL);
    vkFreeMemory(vulkan->device, buffer->memory, NULL);
}
