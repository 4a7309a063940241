/* What a frame costs the CPU beyond its Vulkan calls, on a device that does nothing: a frame of ten
 * compute passes and a draw, made by hand and through the scheduler, on one queue and on two.
 *
 *     scheduler_instructions WAY FRAMES
 *
 * with WAY one of `plain`, `passthrough`, `plain-two-queues`, `asynchronous` makes so many frames
 * and prints nanoseconds a frame. Under callgrind the difference of two runs gives instructions a
 * frame: bench/scheduler_instructions.sh. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/scheduler.h>

#include "async/lane.h"
#include "base/clock.h"
#include "base/living.h"
#include "gpu/queue.h"

enum { PASSES = 10, SLOTS = 2 };

/* The semaphores' values: work is over as soon as it is submitted. */
static uint64_t values[16];
static uint32_t semaphore_count;
static char commands[16];
static uint32_t command_count;

static VkResult make_semaphore(VkDevice device, const VkSemaphoreCreateInfo *info,
                               const VkAllocationCallbacks *allocator, VkSemaphore *out)
{
    (void)device;
    (void)info;
    (void)allocator;
    *out = (VkSemaphore)&values[semaphore_count++];
    return VK_SUCCESS;
}

static void destroy_semaphore(VkDevice device, VkSemaphore semaphore,
                              const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)semaphore;
    (void)allocator;
}

static VkResult submit(VkQueue queue, uint32_t count, const VkSubmitInfo2 *submits, VkFence fence)
{
    (void)queue;
    (void)fence;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < submits[i].signalSemaphoreInfoCount; k++) {
            const VkSemaphoreSubmitInfo *signal = &submits[i].pSignalSemaphoreInfos[k];
            *(uint64_t *)signal->semaphore = signal->value;
        }
    }
    return VK_SUCCESS;
}

static VkResult counter_value(VkDevice device, VkSemaphore semaphore, uint64_t *value)
{
    (void)device;
    *value = *(uint64_t *)semaphore;
    return VK_SUCCESS;
}

static VkResult wait_semaphores(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout)
{
    (void)device;
    (void)info;
    (void)timeout;
    return VK_SUCCESS;
}

static VkResult make_pool(VkDevice device, const VkCommandPoolCreateInfo *info,
                          const VkAllocationCallbacks *allocator, VkCommandPool *out)
{
    (void)device;
    (void)info;
    (void)allocator;
    *out = (VkCommandPool)&values[0];
    return VK_SUCCESS;
}

static void destroy_pool(VkDevice device, VkCommandPool pool,
                         const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)pool;
    (void)allocator;
}

static VkResult reset_pool(VkDevice device, VkCommandPool pool, VkCommandPoolResetFlags flags)
{
    (void)device;
    (void)pool;
    (void)flags;
    return VK_SUCCESS;
}

static VkResult make_commands(VkDevice device, const VkCommandBufferAllocateInfo *info,
                              VkCommandBuffer *out)
{
    (void)device;
    (void)info;
    *out = (VkCommandBuffer)&commands[command_count++];
    return VK_SUCCESS;
}

static VkResult begin(VkCommandBuffer buffer, const VkCommandBufferBeginInfo *info)
{
    (void)buffer;
    (void)info;
    return VK_SUCCESS;
}

static VkResult end(VkCommandBuffer buffer)
{
    (void)buffer;
    return VK_SUCCESS;
}

static void dispatch(VkCommandBuffer buffer, uint32_t x, uint32_t y, uint32_t z)
{
    (void)buffer;
    (void)x;
    (void)y;
    (void)z;
}

static void barrier(VkCommandBuffer buffer, const VkDependencyInfo *info)
{
    (void)buffer;
    (void)info;
}

static td_device device;

static void make_device(void)
{
    const VkQueueFamilyProperties family = {
        .queueFlags = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT,
    };
    device.vk.vkCreateSemaphore = make_semaphore;
    device.vk.vkDestroySemaphore = destroy_semaphore;
    device.vk.vkQueueSubmit2 = submit;
    device.vk.vkGetSemaphoreCounterValue = counter_value;
    device.vk.vkWaitSemaphores = wait_semaphores;
    device.vk.vkCreateCommandPool = make_pool;
    device.vk.vkDestroyCommandPool = destroy_pool;
    device.vk.vkResetCommandPool = reset_pool;
    device.vk.vkAllocateCommandBuffers = make_commands;
    device.vk.vkBeginCommandBuffer = begin;
    device.vk.vkEndCommandBuffer = end;
    device.vk.vkCmdDispatch = dispatch;
    device.vk.vkCmdPipelineBarrier2 = barrier;
    tdi_living_add(&device);
    device.serial = 1;
    device.lane_queue[TD_LANE_COMPUTE] = 1;
    if (tdi_mutex_init(&device.attach_mutex, TDI_RANK_ATTACH) != TD_OK ||
        tdi_queue_add(&device, (VkQueue)&values[0], 0, 0, &family) != TD_OK ||
        tdi_queue_add(&device, (VkQueue)&values[1], 1, 0, &family) != TD_OK ||
        tdi_lanes_ready(&device) != TD_OK)
        abort();
}

static void check(td_result result)
{
    if (result == TD_OK)
        return;
    (void)fprintf(stderr, "scheduler_instructions: %s\n", td_last_error());
    exit(1);
}

static td_result record(void *user, VkCommandBuffer buffer)
{
    const VkMemoryBarrier2 memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &memory,
    };
    (void)user;
    device.vk.vkCmdDispatch(buffer, 1, 1, 1);
    device.vk.vkCmdPipelineBarrier2(buffer, &info);
    return TD_OK;
}

/* The program's own objects, for the frames that it makes by hand. */
typedef struct program {
    VkCommandPool pools[2];
    VkCommandBuffer graphics, compute[SLOTS];
    VkSemaphore timelines[2];
    uint64_t value;
} program;

static void make_program(program *p)
{
    (void)make_pool(NULL, NULL, NULL, &p->pools[0]);
    (void)make_commands(NULL, NULL, &p->graphics);
    for (uint32_t i = 0; i < SLOTS; i++)
        (void)make_commands(NULL, NULL, &p->compute[i]);
    for (uint32_t i = 0; i < 2; i++)
        (void)make_semaphore(NULL, NULL, NULL, &p->timelines[i]);
}

static void submit_by_hand(program *p, VkCommandBuffer buffer, uint32_t queue, uint32_t waits)
{
    const VkSemaphoreSubmitInfo wait = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = p->timelines[1],
        .value = p->value,
        .stageMask = VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT,
    };
    const VkSemaphoreSubmitInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = p->timelines[queue],
        .value = p->value,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    const VkCommandBufferSubmitInfo command = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
        .commandBuffer = buffer,
    };
    const VkSubmitInfo2 info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = waits,
        .pWaitSemaphoreInfos = &wait,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &command,
        .signalSemaphoreInfoCount = 1,
        .pSignalSemaphoreInfos = &signal,
    };
    (void)device.vk.vkQueueSubmit2(device.queues[queue].handle, 1, &info, VK_NULL_HANDLE);
}

static void begin_by_hand(VkCommandBuffer buffer)
{
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    (void)device.vk.vkBeginCommandBuffer(buffer, &info);
}

static void plain_frame(program *p, bool two_queues, uint64_t frame)
{
    VkCommandBuffer compute = two_queues ? p->compute[frame % SLOTS] : p->graphics;
    uint64_t reached;
    p->value++;
    begin_by_hand(p->graphics);
    if (two_queues) {
        (void)device.vk.vkGetSemaphoreCounterValue(NULL, p->timelines[1], &reached);
        (void)device.vk.vkResetCommandPool(NULL, p->pools[0], 0);
        begin_by_hand(compute);
    }
    for (uint32_t i = 0; i < PASSES; i++)
        (void)record(NULL, compute);
    if (two_queues) {
        (void)device.vk.vkEndCommandBuffer(compute);
        submit_by_hand(p, compute, 1, 0);
    }
    (void)device.vk.vkEndCommandBuffer(p->graphics);
    submit_by_hand(p, p->graphics, 0, two_queues ? 1 : 0);
}

static void scheduled_frame(program *p, td_scheduler *scheduler, uint64_t frame)
{
    VkSemaphore semaphore;
    uint64_t value;
    VkPipelineStageFlags2 stages;
    uint32_t count;
    p->value++;
    begin_by_hand(p->graphics);
    check(td_scheduler_begin_frame(scheduler, frame, p->graphics, UINT64_MAX));
    for (uint32_t i = 0; i < PASSES; i++)
        check(td_scheduler_record(scheduler, record, NULL));
    check(td_scheduler_submit(scheduler, NULL));
    check(td_scheduler_wait_tickets(scheduler, &semaphore, &value, &stages, &count));
    (void)device.vk.vkEndCommandBuffer(p->graphics);
    submit_by_hand(p, p->graphics, 0, count);
}

static td_scheduler *make_scheduler(const char *way)
{
    const bool async = strcmp(way, "asynchronous") == 0;
    const td_scheduler_params params = {
        .frames_in_flight = SLOTS,
        .mode = async ? TD_ASYNC_ON : TD_ASYNC_OFF,
    };
    td_scheduler *scheduler = NULL;
    if (async || strcmp(way, "passthrough") == 0)
        check(td_scheduler_create(&device, &params, &scheduler));
    return scheduler;
}

int main(int argc, char **argv)
{
    static program p;
    if (argc != 3) {
        (void)fputs("usage: scheduler_instructions WAY FRAMES\n", stderr);
        return 2;
    }
    const uint64_t frames = strtoull(argv[2], NULL, 10);
    const bool two_queues = strcmp(argv[1], "plain-two-queues") == 0;
    make_device();
    make_program(&p);
    td_scheduler *scheduler = make_scheduler(argv[1]);
    const uint64_t start = tdi_now_ns();
    for (uint64_t i = 0; i < frames; i++) {
        if (scheduler)
            scheduled_frame(&p, scheduler, i);
        else
            plain_frame(&p, two_queues, i);
    }
    const uint64_t end_ns = tdi_now_ns();
    td_scheduler_destroy(scheduler);
    (void)printf("%s: %.1f ns a frame\n", argv[1],
                 (double)(end_ns - start) / (double)(frames ? frames : 1));
    return 0;
}
