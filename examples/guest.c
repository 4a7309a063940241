#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void guest_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void guest_vk(VkResult result, const char *what)
{
    char text[32];
    (void)snprintf(text, sizeof text, "VkResult %d", (int)result);
    if (result < VK_SUCCESS)
        guest_die(what, text);
}

void guest_td(td_result result, const char *what)
{
    if (result != TD_OK)
        guest_die(what, td_last_error());
}

td_async_mode guest_mode(const char *name)
{
    if (strcmp(name, "auto") != 0 && strcmp(name, "on") != 0 && strcmp(name, "off") != 0)
        guest_die(name, "is no mode; use auto, on or off");
    return strcmp(name, "auto") == 0 ? TD_ASYNC_AUTO
                                     : (strcmp(name, "on") == 0 ? TD_ASYNC_ON : TD_ASYNC_OFF);
}

void guest_ask_features(guest_features *features)
{
    *features = (guest_features){
        .v13 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                .synchronization2 = VK_TRUE,
                .dynamicRendering = VK_TRUE},
        .v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                .pNext = &features->v13,
                .hostQueryReset = VK_TRUE, /* so that an automatic scheduler can measure */
                .timelineSemaphore = VK_TRUE},
        .all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &features->v12},
    };
}

guest_device guest_device_of(const td_device *device)
{
    td_device_vulkan vulkan;
    td_device_get_vulkan(device, &vulkan);
    guest_device own = {
        .physical = vulkan.physical_device,
        .device = vulkan.device,
        .family_count = vulkan.family_count,
    };
    for (uint32_t i = 0; i < vulkan.family_count; i++)
        own.families[i] = vulkan.families[i];
    return own;
}

static VkDeviceMemory allocate(const guest_device *device, const VkMemoryRequirements *needs,
                               VkMemoryPropertyFlags properties)
{
    VkPhysicalDeviceMemoryProperties types;
    vkGetPhysicalDeviceMemoryProperties(device->physical, &types);
    uint32_t type = 0;
    while (type < types.memoryTypeCount &&
           (!(needs->memoryTypeBits & 1u << type) ||
            (types.memoryTypes[type].propertyFlags & properties) != properties))
        type++;
    if (type == types.memoryTypeCount)
        guest_die("memory", "the device has no such type");
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = needs->size,
        .memoryTypeIndex = type,
    };
    VkDeviceMemory memory;
    guest_vk(vkAllocateMemory(device->device, &info, NULL, &memory), "vkAllocateMemory");
    return memory;
}

guest_buffer guest_make_buffer(const guest_device *device, VkDeviceSize size,
                               VkBufferUsageFlags usage, VkMemoryPropertyFlags properties)
{
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = size,
        .usage = usage,
        .sharingMode =
            device->family_count > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = device->family_count,
        .pQueueFamilyIndices = device->families,
    };
    guest_buffer buffer = {0};
    guest_vk(vkCreateBuffer(device->device, &info, NULL, &buffer.handle), "vkCreateBuffer");
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(device->device, buffer.handle, &needs);
    buffer.memory = allocate(device, &needs, properties);
    guest_vk(vkBindBufferMemory(device->device, buffer.handle, buffer.memory, 0),
             "vkBindBufferMemory");
    if (properties & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
        guest_vk(vkMapMemory(device->device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &buffer.mapped),
                 "vkMapMemory");
    return buffer;
}

void guest_drop_buffer(const guest_device *device, guest_buffer *buffer)
{
    vkDestroyBuffer(device->device, buffer->handle, NULL);
    vkFreeMemory(device->device, buffer->memory, NULL);
}

VkImageView guest_make_view(const guest_device *device, VkImage image, VkFormat format)
{
    const VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = image,
        .viewType = VK_IMAGE_VIEW_TYPE_2D,
        .format = format,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    VkImageView view;
    guest_vk(vkCreateImageView(device->device, &info, NULL, &view), "vkCreateImageView");
    return view;
}

guest_image guest_make_image(const guest_device *device, VkFormat format, VkExtent2D size)
{
    const VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = VK_IMAGE_TYPE_2D,
        .format = format,
        .extent = {size.width, size.height, 1},
        .mipLevels = 1,
        .arrayLayers = 1,
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
    };
    guest_image image;
    guest_vk(vkCreateImage(device->device, &info, NULL, &image.handle), "vkCreateImage");
    VkMemoryRequirements needs;
    vkGetImageMemoryRequirements(device->device, image.handle, &needs);
    image.memory = allocate(device, &needs, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    guest_vk(vkBindImageMemory(device->device, image.handle, image.memory, 0), "vkBindImageMemory");
    image.view = guest_make_view(device, image.handle, format);
    return image;
}

void guest_drop_image(const guest_device *device, guest_image *image)
{
    vkDestroyImageView(device->device, image->view, NULL);
    vkDestroyImage(device->device, image->handle, NULL);
    vkFreeMemory(device->device, image->memory, NULL);
}

VkShaderModule guest_module(const guest_device *device, const uint32_t *code, size_t bytes)
{
    const VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = bytes,
        .pCode = code,
    };
    VkShaderModule module;
    guest_vk(vkCreateShaderModule(device->device, &info, NULL, &module), "vkCreateShaderModule");
    return module;
}

VkSemaphore guest_make_timeline(const guest_device *device)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
        .pNext = &type,
    };
    VkSemaphore semaphore;
    guest_vk(vkCreateSemaphore(device->device, &info, NULL, &semaphore), "vkCreateSemaphore");
    return semaphore;
}

guest_commands guest_make_commands(const guest_device *device, uint32_t family)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = family,
    };
    guest_commands commands;
    guest_vk(vkCreateCommandPool(device->device, &pool, NULL, &commands.pool),
             "vkCreateCommandPool");
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = commands.pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    guest_vk(vkAllocateCommandBuffers(device->device, &info, &commands.handle),
             "vkAllocateCommandBuffers");
    return commands;
}

void guest_begin(const guest_device *device, const guest_commands *commands)
{
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    guest_vk(vkResetCommandPool(device->device, commands->pool, 0), "vkResetCommandPool");
    guest_vk(vkBeginCommandBuffer(commands->handle, &info), "vkBeginCommandBuffer");
}

void guest_image_barrier(VkCommandBuffer commands, VkImage image, const VkImageMemoryBarrier2 *half)
{
    VkImageMemoryBarrier2 barrier = *half;
    barrier.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2;
    barrier.srcQueueFamilyIndex = barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    barrier.image = image;
    barrier.subresourceRange = (VkImageSubresourceRange){VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    vkCmdPipelineBarrier2(commands, &info);
}

void guest_write_ppm(const char *path, const uint8_t *rgba, VkExtent2D size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        guest_die(path, "cannot be written");
    int bad = fprintf(file, "P6\n%u %u\n255\n", size.width, size.height) < 0;
    for (size_t i = 0; i < (size_t)size.width * size.height; i++)
        bad |= fwrite(rgba + 4 * i, 3, 1, file) != 1;
    bad |= fclose(file) != 0;
    if (bad)
        guest_die(path, "cannot be written");
}
