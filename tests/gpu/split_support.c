#include "split_support.h"

#include "base/memory.h"

#define BUFFER_BYTES (SPLIT_WORDS * sizeof(uint32_t))

static void ok(VkResult result, const char *call)
{
    gpu_ok(tdi_vk_check(result, call));
}

static PFN_vkVoidFunction find(td_device *device, const char *name)
{
    return device->instance.vkGetDeviceProcAddr(device->handle, name);
}

void split_bench_make(td_device *device, const char *schedule, split_bench *out)
{
    *out = (split_bench){.device = device};
    out->set_schedule = (split_set_schedule_fn)find(device, SPLIT_SET_SCHEDULE);
    out->report_count = (split_report_count_fn)find(device, SPLIT_REPORT_COUNT);
    if (!out->set_schedule) {
        print_message("skipped: there is no layer split_queues\n");
        td_device_destroy(device);
        skip();
    }
#define FIND(name) out->name = (PFN_##name)find(device, #name);
    SPLIT_FUNCTIONS(FIND)
#undef FIND
    ok(out->set_schedule(device->handle, schedule), SPLIT_SET_SCHEDULE);
    for (uint32_t i = 0; i < device->queue_count; i++)
        out->queues[device->queues[i].family] = device->queues[i].handle;
    for (uint32_t i = 0; i < SPLIT_QUEUES; i++) {
        const VkCommandPoolCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
            .queueFamilyIndex = i,
        };
        assert_non_null(out->queues[i]);
        ok(device->vk.vkCreateCommandPool(device->handle, &info, NULL, &out->pools[i]),
           "vkCreateCommandPool");
    }
}

void split_bench_free(split_bench *bench)
{
    for (uint32_t i = 0; i < SPLIT_QUEUES; i++)
        bench->device->vk.vkDestroyCommandPool(bench->device->handle, bench->pools[i], NULL);
}

static VkDeviceMemory allocate(const split_bench *bench, const VkMemoryRequirements *needs)
{
    const td_device *device = bench->device;
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = needs->size,
        .memoryTypeIndex = 0, /* lavapipe has one */
    };
    VkDeviceMemory memory;
    ok(device->vk.vkAllocateMemory(device->handle, &info, NULL, &memory), "vkAllocateMemory");
    return memory;
}

split_buffer split_make_buffer(const split_bench *bench, uint32_t families)
{
    const td_device *device = bench->device;
    uint32_t list[SPLIT_QUEUES], count = 0;
    for (uint32_t i = 0; i < SPLIT_QUEUES; i++)
        if (families >> i & 1)
            list[count++] = i;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = BUFFER_BYTES,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
        .sharingMode = count ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = count,
        .pQueueFamilyIndices = list,
    };
    split_buffer made;
    VkMemoryRequirements needs;
    ok(device->vk.vkCreateBuffer(device->handle, &info, NULL, &made.handle), "vkCreateBuffer");
    device->vk.vkGetBufferMemoryRequirements(device->handle, made.handle, &needs);
    made.memory = allocate(bench, &needs);
    ok(device->vk.vkBindBufferMemory(device->handle, made.handle, made.memory, 0),
       "vkBindBufferMemory");
    ok(device->vk.vkMapMemory(device->handle, made.memory, 0, VK_WHOLE_SIZE, 0,
                              (void **)&made.words),
       "vkMapMemory");
    return made;
}

void split_free_buffer(const split_bench *bench, split_buffer *buffer)
{
    const td_device *device = bench->device;
    device->vk.vkDestroyBuffer(device->handle, buffer->handle, NULL);
    device->vk.vkFreeMemory(device->handle, buffer->memory, NULL);
}

split_image split_make_image(const split_bench *bench, uint32_t width, uint32_t height)
{
    const td_device *device = bench->device;
    const VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = VK_IMAGE_TYPE_2D,
        .format = VK_FORMAT_R32_UINT,
        .extent = {width, height, 1},
        .mipLevels = 1,
        .arrayLayers = 1,
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
    };
    split_image made;
    VkMemoryRequirements needs;
    ok(device->vk.vkCreateImage(device->handle, &info, NULL, &made.handle), "vkCreateImage");
    device->vk.vkGetImageMemoryRequirements(device->handle, made.handle, &needs);
    made.memory = allocate(bench, &needs);
    ok(device->vk.vkBindImageMemory(device->handle, made.handle, made.memory, 0),
       "vkBindImageMemory");
    return made;
}

void split_free_image(const split_bench *bench, split_image *image)
{
    const td_device *device = bench->device;
    device->vk.vkDestroyImage(device->handle, image->handle, NULL);
    device->vk.vkFreeMemory(device->handle, image->memory, NULL);
}

VkCommandBuffer split_begin(const split_bench *bench, uint32_t queue)
{
    const td_device *device = bench->device;
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = bench->pools[queue],
        .commandBufferCount = 1,
    };
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkCommandBuffer commands;
    ok(device->vk.vkAllocateCommandBuffers(device->handle, &info, &commands),
       "vkAllocateCommandBuffers");
    ok(device->vk.vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
    return commands;
}

void split_end(const split_bench *bench, VkCommandBuffer commands)
{
    ok(bench->device->vk.vkEndCommandBuffer(commands), "vkEndCommandBuffer");
}

static VkSemaphoreSubmitInfo semaphore_info(VkSemaphore semaphore, uint64_t value)
{
    return (VkSemaphoreSubmitInfo){
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = semaphore,
        .value = value,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
}

void split_submit(const split_bench *bench, uint32_t queue, VkCommandBuffer commands,
                  VkSemaphore wait, uint64_t wait_value, VkSemaphore signal, uint64_t signal_value)
{
    const VkSemaphoreSubmitInfo wait_info = semaphore_info(wait, wait_value);
    const VkSemaphoreSubmitInfo signal_info = semaphore_info(signal, signal_value);
    const VkCommandBufferSubmitInfo commands_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
        .commandBuffer = commands,
    };
    const VkSubmitInfo2 info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = wait ? 1 : 0,
        .pWaitSemaphoreInfos = &wait_info,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &commands_info,
        .signalSemaphoreInfoCount = signal ? 1 : 0,
        .pSignalSemaphoreInfos = &signal_info,
    };
    split_end(bench, commands);
    ok(bench->device->vk.vkQueueSubmit2(bench->queues[queue], 1, &info, VK_NULL_HANDLE),
       "vkQueueSubmit2");
}

void split_wait_idle(const split_bench *bench)
{
    ok(bench->vkDeviceWaitIdle(bench->device->handle), "vkDeviceWaitIdle");
}

VkSemaphore split_make_semaphore(const split_bench *bench, VkSemaphoreType type)
{
    const VkSemaphoreTypeCreateInfo type_info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = type,
    };
    const VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
        .pNext = &type_info,
    };
    VkSemaphore semaphore;
    ok(bench->device->vk.vkCreateSemaphore(bench->device->handle, &info, NULL, &semaphore),
       "vkCreateSemaphore");
    return semaphore;
}

void split_free_semaphore(const split_bench *bench, VkSemaphore semaphore)
{
    bench->device->vk.vkDestroySemaphore(bench->device->handle, semaphore, NULL);
}

void split_fill(const split_bench *bench, VkCommandBuffer commands, const split_buffer *buffer,
                uint32_t word)
{
    bench->vkCmdFillBuffer(commands, buffer->handle, 0, VK_WHOLE_SIZE, word);
}

void split_copy(const split_bench *bench, VkCommandBuffer commands, const split_buffer *from,
                const split_buffer *to)
{
    const VkBufferCopy region = {0, 0, BUFFER_BYTES};
    bench->device->vk.vkCmdCopyBuffer(commands, from->handle, to->handle, 1, &region);
}

void split_barrier(const split_bench *bench, VkCommandBuffer commands)
{
    gpu_full_barrier(bench->device, commands);
}

void split_transfer(const split_bench *bench, VkCommandBuffer commands, const split_buffer *buffer,
                    uint32_t from, uint32_t to)
{
    const VkBufferMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
        .srcQueueFamilyIndex = from,
        .dstQueueFamilyIndex = to,
        .buffer = buffer->handle,
        .size = VK_WHOLE_SIZE,
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .bufferMemoryBarrierCount = 1,
        .pBufferMemoryBarriers = &barrier,
    };
    bench->device->vk.vkCmdPipelineBarrier2(commands, &info);
}
