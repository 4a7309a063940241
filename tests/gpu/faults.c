/* The layer that makes Vulkan calls fail: the call that was asked for and no other, with what it
 * has done or not, and a device that is lost for every call that can say so. */
#include "fault_support.h"

#include "base/thread.h"

enum { LONG_NS = 2000000000 };

typedef struct world {
    td_device *device;
    VkQueue queue;
    VkSemaphore semaphore;
    VkFence fence;
    VkQueryPool queries;
    faults f;
} world;

static void make_world(td_device *device, world *w)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                             .pNext = &type};
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkQueryPoolCreateInfo queries = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                           .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                           .queryCount = 1};
    *w = (world){.device = device, .f = fault_find(device)};
    w->queue = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].handle;
    const VkDevice handle = device->handle;
    assert_int_equal(device->vk.vkCreateSemaphore(handle, &semaphore, NULL, &w->semaphore), 0);
    assert_int_equal(device->vk.vkCreateFence(handle, &fence, NULL, &w->fence), 0);
    assert_int_equal(device->vk.vkCreateQueryPool(handle, &queries, NULL, &w->queries), 0);
}

static void free_world(world *w)
{
    w->device->vk.vkDestroyQueryPool(w->device->handle, w->queries, NULL);
    w->device->vk.vkDestroyFence(w->device->handle, w->fence, NULL);
    w->device->vk.vkDestroySemaphore(w->device->handle, w->semaphore, NULL);
}

static void arm(const world *w, uint64_t calls, uint32_t nth, VkResult result, bool after)
{
    const faults_plan plan = {.calls = calls, .nth = nth, .result = result, .after = after};
    w->f.arm(w->device->handle, &plan);
}

/* Signals the timeline. */
static VkResult submit2(const world *w, uint64_t value)
{
    const VkSemaphoreSubmitInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = w->semaphore,
        .value = value,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .signalSemaphoreInfoCount = 1,
        .pSignalSemaphoreInfos = &signal,
    };
    return w->device->vk.vkQueueSubmit2(w->queue, 1, &submit, VK_NULL_HANDLE);
}

static VkResult submit(const world *w)
{
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO};
    return w->device->vk.vkQueueSubmit(w->queue, 1, &info, VK_NULL_HANDLE);
}

static VkResult wait_for(const world *w, uint64_t value, uint64_t timeout_ns)
{
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &w->semaphore,
        .pValues = &value,
    };
    return w->device->vk.vkWaitSemaphores(w->device->handle, &info, timeout_ns);
}

static VkResult read_value(const world *w, uint64_t *value)
{
    return w->device->vk.vkGetSemaphoreCounterValue(w->device->handle, w->semaphore, value);
}

static VkResult queue_idle(const world *w)
{
    return w->device->vk.vkQueueWaitIdle(w->queue);
}

static VkResult device_idle(const world *w)
{
    return w->device->vk.vkDeviceWaitIdle(w->device->handle);
}

static void only_the_nth_call_fails(td_device *device)
{
    world w;
    uint64_t value = 99;
    make_world(device, &w);
    arm(&w, FAULTS_SUBMIT2, 2, VK_ERROR_OUT_OF_DEVICE_MEMORY, false);
    assert_int_equal(submit2(&w, 1), VK_SUCCESS);
    assert_false(w.f.happened(device->handle));
    assert_int_equal(wait_for(&w, 1, LONG_NS), VK_SUCCESS);
    assert_int_equal(submit2(&w, 2), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_true(w.f.happened(device->handle));
    assert_int_equal(queue_idle(&w), VK_SUCCESS);
    assert_int_equal(read_value(&w, &value), VK_SUCCESS);
    assert_int_equal(value, 1);
    assert_int_equal(submit2(&w, 2), VK_SUCCESS);
    assert_int_equal(wait_for(&w, 2, LONG_NS), VK_SUCCESS);
    assert_int_equal(w.f.counted(device->handle), 3);
    assert_false(w.f.lost(device->handle));
    free_world(&w);
}

static void each_kind_of_call_can_fail(td_device *device)
{
    world w;
    uint64_t value = 0;
    make_world(device, &w);
    const VkResult error = VK_ERROR_OUT_OF_HOST_MEMORY;
    arm(&w, FAULTS_SUBMIT, 1, error, false);
    assert_int_equal(submit(&w), error);
    assert_int_equal(submit(&w), VK_SUCCESS);
    arm(&w, FAULTS_QUEUE_IDLE, 1, error, false);
    assert_int_equal(queue_idle(&w), error);
    assert_int_equal(queue_idle(&w), VK_SUCCESS);
    arm(&w, FAULTS_DEVICE_IDLE, 1, error, false);
    assert_int_equal(device_idle(&w), error);
    assert_int_equal(device_idle(&w), VK_SUCCESS);
    arm(&w, FAULTS_WAIT_SEMAPHORES | FAULTS_COUNTER_VALUE, 2, error, false);
    assert_int_equal(wait_for(&w, 1, 0), VK_TIMEOUT);
    assert_int_equal(read_value(&w, &value), error);
    assert_int_equal(wait_for(&w, 0, LONG_NS), VK_SUCCESS);
    free_world(&w);
}

/* What was submitted has been done, though the call reports the error. */
static void a_call_may_fail_afterwards(td_device *device)
{
    world w;
    make_world(device, &w);
    arm(&w, FAULTS_SUBMIT2, 1, VK_ERROR_OUT_OF_HOST_MEMORY, true);
    assert_int_equal(submit2(&w, 7), VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(wait_for(&w, 7, LONG_NS), VK_SUCCESS);
    free_world(&w);
}

static void assert_every_call_tells(const world *w)
{
    const td_device *device = w->device;
    uint64_t value;
    const VkResult lost = VK_ERROR_DEVICE_LOST;
    assert_int_equal(submit(w), lost);
    assert_int_equal(submit2(w, 9), lost);
    assert_int_equal(queue_idle(w), lost);
    assert_int_equal(device_idle(w), lost);
    assert_int_equal(wait_for(w, 1, LONG_NS), lost);
    assert_int_equal(read_value(w, &value), lost);
    assert_int_equal(device->vk.vkGetFenceStatus(device->handle, w->fence), lost);
    assert_int_equal(device->vk.vkWaitForFences(device->handle, 1, &w->fence, VK_TRUE, LONG_NS),
                     lost);
    assert_int_equal(device->vk.vkGetQueryPoolResults(device->handle, w->queries, 0, 1,
                                                      sizeof value, &value, sizeof value,
                                                      VK_QUERY_RESULT_64_BIT),
                     lost);
}

static void lose_by_queue_idle(td_device *device, const faults *f, const faults_plan *plan)
{
    world w;
    make_world(device, &w);
    assert_int_equal(submit2(&w, 1), VK_SUCCESS);
    f->arm(device->handle, plan);
    assert_false(f->lost(device->handle));
    assert_int_equal(queue_idle(&w), VK_ERROR_DEVICE_LOST);
    assert_true(f->lost(device->handle));
    f->arm(device->handle, &(faults_plan){0});
    assert_every_call_tells(&w);
    free_world(&w);
}

static void a_lost_device_stays_lost(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        const faults_plan plan = {
            .calls = FAULTS_QUEUE_IDLE, .nth = 1, .result = VK_ERROR_DEVICE_LOST, .after = after};
        assert_false(fault_survives(lose_by_queue_idle, &plan)); /* it armed another one */
    }
}

typedef struct sleeper {
    tdi_thread thread;
    const world *w;
    VkResult result;
} sleeper;

static void sleep_in_wait(void *user)
{
    sleeper *s = user;
    s->result = wait_for(s->w, 100, UINT64_MAX);
}

/* Nothing will ever signal what is waited for. */
static void lose_beside_a_wait(td_device *device, const faults *f, const faults_plan *plan)
{
    world w;
    make_world(device, &w);
    sleeper s = {.w = &w};
    f->arm(device->handle, &(faults_plan){.calls = FAULTS_WAIT_SEMAPHORES});
    gpu_ok(tdi_thread_start(&s.thread, "sleeper", sleep_in_wait, &s));
    while (f->counted(device->handle) == 0)
        assert_int_equal(queue_idle(&w), VK_SUCCESS);
    f->arm(device->handle, plan);
    assert_int_equal(queue_idle(&w), VK_ERROR_DEVICE_LOST);
    tdi_thread_join(&s.thread);
    assert_int_equal(s.result, VK_ERROR_DEVICE_LOST);
    free_world(&w);
}

static void a_wait_ends_with_the_device(void **state)
{
    (void)state;
    const faults_plan plan = {.calls = FAULTS_QUEUE_IDLE, .nth = 1, .result = VK_ERROR_DEVICE_LOST};
    assert_true(fault_survives_unwatched(lose_beside_a_wait, &plan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(only_the_nth_call_fails),
        gpu_test(each_kind_of_call_can_fail),
        gpu_test(a_call_may_fail_afterwards),
        cmocka_unit_test(a_lost_device_stays_lost),
        cmocka_unit_test(a_wait_ends_with_the_device),
    };
    return gpu_run_tests(tests);
}
