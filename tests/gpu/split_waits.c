/* The queues of the layer split_queues keep every wait there is: timelines, binary semaphores,
 * fences, the host's signals and its waits, by either way to submit, whatever the schedule. */
#include "split_support.h"

#include "base/clock.h"

#define ALL_FAMILIES 7u

static const char *const schedules[] = {
    "inorder",     "seed:1",        "seed:2",        "seed:3",        "seed:4",
    "adversarial", "adversarial:0", "adversarial:1", "adversarial:2",
};
#define SCHEDULES (sizeof schedules / sizeof schedules[0])

static void ok(VkResult result, const char *call)
{
    gpu_ok(tdi_vk_check(result, call));
}

/* A word goes from buffer to buffer over the three queues, twice round. */
enum { STEPS = 6 };

typedef struct relay {
    split_bench *bench;
    split_buffer buffers[STEPS + 1];
} relay;

static VkCommandBuffer record_step(const relay *r, uint32_t step)
{
    const VkCommandBuffer commands = split_begin(r->bench, step % SPLIT_QUEUES);
    split_barrier(r->bench, commands);
    split_copy(r->bench, commands, &r->buffers[step], &r->buffers[step + 1]);
    split_barrier(r->bench, commands);
    return commands;
}

static void run_relay(td_device *device, void (*run)(relay *r))
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    for (uint32_t i = 0; i < SCHEDULES; i++) {
        relay r = {.bench = &bench};
        ok(bench.set_schedule(device->handle, schedules[i]), schedules[i]);
        for (uint32_t j = 0; j <= STEPS; j++)
            r.buffers[j] = split_make_buffer(&bench, ALL_FAMILIES);
        for (uint32_t j = 0; j < SPLIT_WORDS; j++)
            r.buffers[0].words[j] = i * SPLIT_WORDS + j;
        run(&r);
        for (uint32_t j = 0; j < SPLIT_WORDS; j++)
            assert_int_equal(r.buffers[STEPS].words[j], i * SPLIT_WORDS + j);
        split_wait_idle(&bench);
        for (uint32_t j = 0; j <= STEPS; j++)
            split_free_buffer(&bench, &r.buffers[j]);
    }
    split_bench_free(&bench);
}

static VkResult wait_for(const split_bench *bench, VkSemaphore semaphore, uint64_t value,
                         uint64_t timeout_ns)
{
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &semaphore,
        .pValues = &value,
    };
    return bench->device->vk.vkWaitSemaphores(bench->device->handle, &info, timeout_ns);
}

/* The host waits for the timeline; the first step waits for the host. */
static void relay_by_timeline(relay *r)
{
    const VkSemaphore line = split_make_semaphore(r->bench, VK_SEMAPHORE_TYPE_TIMELINE);
    for (uint32_t i = 0; i < STEPS; i++)
        split_submit(r->bench, i % SPLIT_QUEUES, record_step(r, i), line, i + 1, line, i + 2);
    assert_int_equal(wait_for(r->bench, line, 2, 2 * TDI_NS_PER_MS), VK_TIMEOUT);
    const VkSemaphoreSignalInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = line, .value = 1};
    ok(r->bench->vkSignalSemaphore(r->bench->device->handle, &signal), "vkSignalSemaphore");
    ok(wait_for(r->bench, line, STEPS + 1, UINT64_MAX), "vkWaitSemaphores");
    split_free_semaphore(r->bench, line);
}

static void timelines_and_the_host_are_waited_for(td_device *device)
{
    run_relay(device, relay_by_timeline);
}

/* By vkQueueSubmit and binary semaphores; the host waits for a fence. */
static void relay_by_binary(relay *r)
{
    const VkDevice device = r->bench->device->handle;
    const VkFenceCreateInfo fence_info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    VkSemaphore links[STEPS];
    VkFence fence;
    ok(r->bench->vkCreateFence(device, &fence_info, NULL, &fence), "vkCreateFence");
    for (uint32_t i = 0; i < STEPS; i++) {
        const VkCommandBuffer commands = record_step(r, i);
        split_end(r->bench, commands);
        links[i] = split_make_semaphore(r->bench, VK_SEMAPHORE_TYPE_BINARY);
        const bool last = i + 1 == STEPS;
        const VkSubmitInfo info = {
            .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
            .waitSemaphoreCount = i ? 1 : 0,
            .pWaitSemaphores = &links[i ? i - 1 : 0],
            .pWaitDstStageMask = &stage,
            .commandBufferCount = 1,
            .pCommandBuffers = &commands,
            .signalSemaphoreCount = last ? 0 : 1,
            .pSignalSemaphores = &links[i],
        };
        ok(r->bench->vkQueueSubmit(r->bench->queues[i % SPLIT_QUEUES], 1, &info,
                                   last ? fence : VK_NULL_HANDLE),
           "vkQueueSubmit");
    }
    ok(r->bench->vkWaitForFences(device, 1, &fence, VK_TRUE, UINT64_MAX), "vkWaitForFences");
    r->bench->vkDestroyFence(device, fence, NULL);
    for (uint32_t i = 0; i < STEPS; i++)
        split_free_semaphore(r->bench, links[i]);
}

static void binary_semaphores_and_fences_are_waited_for(td_device *device)
{
    run_relay(device, relay_by_binary);
}

/* An idle queue has run what was submitted to it, and what that waited for. */
static void relay_to_idle(relay *r)
{
    const VkSemaphore line = split_make_semaphore(r->bench, VK_SEMAPHORE_TYPE_TIMELINE);
    for (uint32_t i = 0; i < STEPS; i++)
        split_submit(r->bench, i % SPLIT_QUEUES, record_step(r, i), i ? line : VK_NULL_HANDLE, i,
                     line, i + 1);
    ok(r->bench->device->vk.vkQueueWaitIdle(r->bench->queues[(STEPS - 1) % SPLIT_QUEUES]),
       "vkQueueWaitIdle");
    split_free_semaphore(r->bench, line);
}

static void an_idle_queue_has_done_its_work(td_device *device)
{
    run_relay(device, relay_to_idle);
}

static void unknown_schedules_are_refused(td_device *device)
{
    static const char *const wrong[] = {
        "",         "seed",      "seed:",          "seed:x",
        "seed:1x",  "inorder:1", "adversarial:0:", "adversarial:0:1:2",
        "adversary"};
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    for (uint32_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(bench.set_schedule(device->handle, wrong[i]),
                         VK_ERROR_FORMAT_NOT_SUPPORTED);
    split_bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(timelines_and_the_host_are_waited_for),
        gpu_test(binary_semaphores_and_fences_are_waited_for),
        gpu_test(an_idle_queue_has_done_its_work),
        gpu_test(unknown_schedules_are_refused),
    };
    return gpu_run_tests(tests);
}
