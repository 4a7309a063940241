#include "async/copy.h"

/* The formats of plain texels, in the order of their numbers: up to `last`, `bytes` each. */
static const struct {
    VkFormat last;
    uint32_t bytes;
} texel_ranges[] = {
    {VK_FORMAT_UNDEFINED, 0},
    {VK_FORMAT_R4G4_UNORM_PACK8, 1},
    {VK_FORMAT_A1R5G5B5_UNORM_PACK16, 2},
    {VK_FORMAT_R8_SRGB, 1},
    {VK_FORMAT_R8G8_SRGB, 2},
    {VK_FORMAT_B8G8R8_SRGB, 3},
    {VK_FORMAT_A2B10G10R10_SINT_PACK32, 4},
    {VK_FORMAT_R16_SFLOAT, 2},
    {VK_FORMAT_R16G16_SFLOAT, 4},
    {VK_FORMAT_R16G16B16_SFLOAT, 6},
    {VK_FORMAT_R16G16B16A16_SFLOAT, 8},
    {VK_FORMAT_R32_SFLOAT, 4},
    {VK_FORMAT_R32G32_SFLOAT, 8},
    {VK_FORMAT_R32G32B32_SFLOAT, 12},
    {VK_FORMAT_R32G32B32A32_SFLOAT, 16},
    {VK_FORMAT_R64_SFLOAT, 8},
    {VK_FORMAT_R64G64_SFLOAT, 16},
    {VK_FORMAT_R64G64B64_SFLOAT, 24},
    {VK_FORMAT_R64G64B64A64_SFLOAT, 32},
    {VK_FORMAT_E5B9G9R9_UFLOAT_PACK32, 4},
    {VK_FORMAT_D16_UNORM, 2},
    {VK_FORMAT_D32_SFLOAT, 4},
    {VK_FORMAT_S8_UINT, 1},
};

uint32_t tdi_texel_bytes(VkFormat format, VkImageAspectFlags aspect)
{
    if (aspect == VK_IMAGE_ASPECT_STENCIL_BIT)
        return format >= VK_FORMAT_S8_UINT && format <= VK_FORMAT_D32_SFLOAT_S8_UINT ? 1 : 0;
    if (format == VK_FORMAT_D16_UNORM_S8_UINT)
        return 2;
    if (format == VK_FORMAT_D24_UNORM_S8_UINT || format == VK_FORMAT_D32_SFLOAT_S8_UINT)
        return 4;
    for (size_t i = 0; i < sizeof texel_ranges / sizeof texel_ranges[0]; i++) {
        if (format <= texel_ranges[i].last)
            return texel_ranges[i].bytes;
    }
    return 0;
}

static VkImageAspectFlags aspect_of(const td_readback_image *image)
{
    return image->aspect ? image->aspect : VK_IMAGE_ASPECT_COLOR_BIT;
}

static td_result measure_image(const td_readback_image *image, td_readback_data *out)
{
    const VkImageAspectFlags aspect = aspect_of(image);
    const uint32_t texel = tdi_texel_bytes(image->format, aspect);
    if (!image->image || image->width == 0 || image->height == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a readback of %ux%u texels of %s", image->width,
                        image->height, image->image ? "an image" : "no image");
    if (aspect != VK_IMAGE_ASPECT_COLOR_BIT && aspect != VK_IMAGE_ASPECT_DEPTH_BIT &&
        aspect != VK_IMAGE_ASPECT_STENCIL_BIT)
        return tdi_fail(TD_ERROR_ARGUMENT, "a readback of the aspects 0x%x at once", aspect);
    if (image->layout != VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL &&
        image->layout != VK_IMAGE_LAYOUT_GENERAL)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "an image of layout %d cannot be copied; bring it to "
                        "TRANSFER_SRC_OPTIMAL or GENERAL",
                        (int)image->layout);
    if (texel == 0)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "no readback of texels of VkFormat %d",
                        (int)image->format);
    *out = (td_readback_data){
        .size = (uint64_t)image->width * image->height * texel,
        .format = image->format,
        .width = image->width,
        .height = image->height,
        .row_bytes = (uint64_t)image->width * texel,
    };
    return TD_OK;
}

td_result tdi_copy_measure(const tdi_copy_source *source, td_readback_data *out)
{
    if (source->image)
        return measure_image(source->image, out);
    if (!source->range->buffer || source->range->size == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a readback of %llu bytes of %s",
                        (unsigned long long)source->range->size,
                        source->range->buffer ? "a buffer" : "no buffer");
    *out = (td_readback_data){.size = source->range->size};
    return TD_OK;
}

static uint32_t family_of(const td_device *device, td_lane lane)
{
    return device->queues[device->lane_queue[lane]].family;
}

/* Offsets and sizes that are multiples suit; a size that is not may still reach the image's edge,
 * but where that is nobody says here. */
static bool suits(const td_readback_image *image, VkExtent3D granularity)
{
    return granularity.width > 0 && granularity.height > 0 && image->x % granularity.width == 0 &&
           image->width % granularity.width == 0 && image->y % granularity.height == 0 &&
           image->height % granularity.height == 0;
}

/* Vulkan lets only queues with graphics copy depth and stencil (VUID 10216 of
 * vkCmdCopyImageToBuffer; maintenance10, which lifts it, is not enabled). */
static bool copies_aspect(const tdi_queue *queue, const td_readback_image *image)
{
    return aspect_of(image) == VK_IMAGE_ASPECT_COLOR_BIT ||
           (queue->capabilities & VK_QUEUE_GRAPHICS_BIT);
}

td_lane tdi_copy_lane(const td_device *device, const tdi_copy_source *source)
{
    const tdi_queue *queue = &device->queues[device->lane_queue[TD_LANE_TRANSFER]];
    const bool exclusive = source->image ? source->image->exclusive : source->range->exclusive;
    if (source->at_rest != VK_IMAGE_LAYOUT_UNDEFINED)
        return TD_LANE_GRAPHICS;
    if (exclusive && queue->family != family_of(device, TD_LANE_GRAPHICS))
        return TD_LANE_GRAPHICS;
    if (!source->image)
        return TD_LANE_TRANSFER;
    return suits(source->image, queue->granularity) && copies_aspect(queue, source->image)
               ? TD_LANE_TRANSFER
               : TD_LANE_GRAPHICS;
}

static td_result make_commands(td_device *device, tdi_copy *copy, td_lane lane)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = family_of(device, lane),
    };
    TDI_TRY(tdi_vk_check(
        device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &copy->pools[lane]),
        "vkCreateCommandPool"));
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = copy->pools[lane],
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    return tdi_vk_check(
        device->vk.vkAllocateCommandBuffers(device->handle, &commands, &copy->commands[lane]),
        "vkAllocateCommandBuffers");
}

static void destroy_commands(td_device *device, tdi_copy *copy, uint32_t lane)
{
    if (copy->pools[lane])
        device->vk.vkDestroyCommandPool(device->handle, copy->pools[lane], NULL);
    copy->pools[lane] = VK_NULL_HANDLE;
    copy->commands[lane] = VK_NULL_HANDLE;
}

void tdi_copy_destroy(td_device *device, tdi_copy *copy)
{
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++)
        destroy_commands(device, copy, lane);
}

static td_result open_commands(td_device *device, tdi_copy *copy, td_lane lane)
{
    if (!copy->commands[lane]) {
        const td_result made = make_commands(device, copy, lane);
        if (made != TD_OK) {
            destroy_commands(device, copy, lane);
            return made;
        }
    }
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TDI_TRY(tdi_vk_check(device->vk.vkResetCommandPool(device->handle, copy->pools[lane], 0),
                         "vkResetCommandPool"));
    return tdi_vk_check(device->vk.vkBeginCommandBuffer(copy->commands[lane], &begin),
                        "vkBeginCommandBuffer");
}

static void record_barrier(td_device *device, VkCommandBuffer commands,
                           const VkMemoryBarrier2 *barrier)
{
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = barrier,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &info);
}

void tdi_record_to_host(td_device *device, VkCommandBuffer commands, VkPipelineStageFlags2 stages,
                        VkAccessFlags2 access)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = stages,
        .srcAccessMask = access,
        .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
    };
    record_barrier(device, commands, &barrier);
}

/* What was submitted to the same queue before is waited for by a barrier, not by a semaphore. */
static void record_after(td_device *device, VkCommandBuffer commands)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT,
    };
    record_barrier(device, commands, &barrier);
}

/* Only reads come before the way back, so that there is nothing to be made available. */
static void record_layout(td_device *device, VkCommandBuffer commands,
                          const tdi_copy_source *source, bool back)
{
    const td_readback_image *image = source->image;
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = back ? VK_PIPELINE_STAGE_2_COPY_BIT : VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = back ? VK_ACCESS_2_NONE : VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = back ? VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT : VK_PIPELINE_STAGE_2_COPY_BIT,
        .dstAccessMask = back ? VK_ACCESS_2_MEMORY_READ_BIT : VK_ACCESS_2_TRANSFER_READ_BIT,
        .oldLayout = back ? image->layout : source->at_rest,
        .newLayout = back ? source->at_rest : image->layout,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image->image,
        .subresourceRange = {aspect_of(image), image->level, 1, image->layer, 1},
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static void record_copy(td_device *device, VkCommandBuffer commands, const tdi_copy_source *source,
                        VkBuffer buffer)
{
    if (!source->image) {
        const VkBufferCopy region = {.srcOffset = source->range->offset,
                                     .size = source->range->size};
        device->vk.vkCmdCopyBuffer(commands, source->range->buffer, buffer, 1, &region);
        return;
    }
    const td_readback_image *image = source->image;
    const VkBufferImageCopy region = {
        .imageSubresource = {aspect_of(image), image->level, image->layer, 1},
        .imageOffset = {(int32_t)image->x, (int32_t)image->y, 0},
        .imageExtent = {image->width, image->height, 1},
    };
    device->vk.vkCmdCopyImageToBuffer(commands, image->image, image->layout, buffer, 1, &region);
}

td_result tdi_copy_submit(td_device *device, tdi_copy *copy, const tdi_copy_source *source,
                          VkBuffer buffer, td_ticket after, td_ticket *out)
{
    const td_lane lane = tdi_copy_lane(device, source);
    TDI_TRY(open_commands(device, copy, lane));
    VkCommandBuffer commands = copy->commands[lane];
    if (after.value && after.queue == device->lane_queue[lane])
        record_after(device, commands);
    if (source->at_rest != VK_IMAGE_LAYOUT_UNDEFINED)
        record_layout(device, commands, source, false);
    record_copy(device, commands, source, buffer);
    if (source->at_rest != VK_IMAGE_LAYOUT_UNDEFINED)
        record_layout(device, commands, source, true);
    tdi_record_to_host(device, commands, VK_PIPELINE_STAGE_2_COPY_BIT,
                       VK_ACCESS_2_TRANSFER_WRITE_BIT);
    TDI_TRY(tdi_vk_check(device->vk.vkEndCommandBuffer(commands), "vkEndCommandBuffer"));
    const td_wait wait = {.ticket = after, .stages = VK_PIPELINE_STAGE_2_COPY_BIT};
    const tdi_submission submission = {
        .lane = lane,
        .commands = &commands,
        .command_count = 1,
        .waits = &wait,
        .wait_count = 1,
    };
    return tdi_lane_submit(device, &submission, out);
}
