/* Submissions and waits: the calls that tell of a device that is lost, and end with it. */
#include "faults_state.h"

#include <time.h>

/* A wait below is cut into pieces of this length, to see a loss that another thread brings. */
#define SLICE_NS 2000000ull

static VkResult lose(layer_device *device)
{
    return faults_fail(device, VK_ERROR_DEVICE_LOST);
}

static faults_verdict judge(const layer_device *device, faults_call call)
{
    return faults_judge(&faults_of(device)->count, call);
}

/* The call itself under `queue_mutex`, in the middle of which the device is not lost. */
#define QUEUE_CALL(device, call, expression)                                                       \
    do {                                                                                           \
        faults_device *data_ = faults_of(device);                                                  \
        const faults_verdict verdict_ = judge(device, call);                                       \
        VkResult result_ = verdict_.result;                                                        \
        if (result_ == VK_SUCCESS || verdict_.after) {                                             \
            pthread_mutex_lock(&data_->queue_mutex);                                               \
            const VkResult real_ = faults_is_lost(device) ? VK_ERROR_DEVICE_LOST : (expression);   \
            pthread_mutex_unlock(&data_->queue_mutex);                                             \
            result_ = result_ == VK_SUCCESS ? real_ : result_;                                     \
        }                                                                                          \
        return faults_is_lost(device) ? lose(device) : faults_fail(device, result_);               \
    } while (0)

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit2(VkQueue queue, uint32_t count,
                                                    const VkSubmitInfo2 *infos, VkFence fence)
{
    layer_device *device = layer_find_device(queue);
    QUEUE_CALL(device, FAULTS_INDEX_SUBMIT2,
               LAYER_NEXT(device, vkQueueSubmit2)(queue, count, infos, fence));
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count,
                                                   const VkSubmitInfo *infos, VkFence fence)
{
    layer_device *device = layer_find_device(queue);
    QUEUE_CALL(device, FAULTS_INDEX_SUBMIT,
               LAYER_NEXT(device, vkQueueSubmit)(queue, count, infos, fence));
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_wait_idle(VkQueue queue)
{
    layer_device *device = layer_find_device(queue);
    QUEUE_CALL(device, FAULTS_INDEX_QUEUE_IDLE, LAYER_NEXT(device, vkQueueWaitIdle)(queue));
}

static VKAPI_ATTR VkResult VKAPI_CALL device_wait_idle(VkDevice handle)
{
    layer_device *device = layer_find_device(handle);
    QUEUE_CALL(device, FAULTS_INDEX_DEVICE_IDLE, LAYER_NEXT(device, vkDeviceWaitIdle)(handle));
}

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Waits in pieces, until the wait ends or the device is lost. */
typedef VkResult (*wait_fn)(layer_device *device, const void *what, uint64_t timeout_ns);

static VkResult wait_in_slices(layer_device *device, wait_fn wait, const void *what,
                               uint64_t timeout_ns)
{
    const uint64_t start = now_ns();
    for (;;) {
        const uint64_t passed = now_ns() - start;
        const uint64_t left = passed < timeout_ns ? timeout_ns - passed : 0;
        const VkResult result = wait(device, what, left < SLICE_NS ? left : SLICE_NS);
        if (faults_is_lost(device))
            return lose(device);
        if (result != VK_TIMEOUT || left <= SLICE_NS)
            return result;
    }
}

static VkResult wait_semaphores_below(layer_device *device, const void *what, uint64_t timeout_ns)
{
    return LAYER_NEXT(device, vkWaitSemaphores)(device->handle, what, timeout_ns);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_semaphores(VkDevice handle,
                                                      const VkSemaphoreWaitInfo *info,
                                                      uint64_t timeout_ns)
{
    layer_device *device = layer_find_device(handle);
    const faults_verdict v = judge(device, FAULTS_INDEX_WAIT_SEMAPHORES);
    if (v.result != VK_SUCCESS && !v.after)
        return faults_fail(device, v.result);
    const VkResult result = wait_in_slices(device, wait_semaphores_below, info, timeout_ns);
    return v.result == VK_SUCCESS ? result : faults_fail(device, v.result);
}

typedef struct fence_wait {
    uint32_t count;
    const VkFence *fences;
    VkBool32 all;
} fence_wait;

static VkResult wait_fences_below(layer_device *device, const void *what, uint64_t timeout_ns)
{
    const fence_wait *wait = what;
    return LAYER_NEXT(device, vkWaitForFences)(device->handle, wait->count, wait->fences, wait->all,
                                               timeout_ns);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_fences(VkDevice handle, uint32_t count,
                                                  const VkFence *fences, VkBool32 all,
                                                  uint64_t timeout_ns)
{
    const fence_wait wait = {count, fences, all};
    return wait_in_slices(layer_find_device(handle), wait_fences_below, &wait, timeout_ns);
}

static VKAPI_ATTR VkResult VKAPI_CALL counter_value(VkDevice handle, VkSemaphore semaphore,
                                                    uint64_t *value)
{
    layer_device *device = layer_find_device(handle);
    const faults_verdict v = judge(device, FAULTS_INDEX_COUNTER_VALUE);
    if (v.result != VK_SUCCESS)
        return faults_fail(device, v.result);
    if (faults_is_lost(device))
        return lose(device);
    return LAYER_NEXT(device, vkGetSemaphoreCounterValue)(handle, semaphore, value);
}

static VKAPI_ATTR VkResult VKAPI_CALL fence_status(VkDevice handle, VkFence fence)
{
    layer_device *device = layer_find_device(handle);
    return faults_is_lost(device) ? lose(device)
                                  : LAYER_NEXT(device, vkGetFenceStatus)(handle, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL event_status(VkDevice handle, VkEvent event)
{
    layer_device *device = layer_find_device(handle);
    return faults_is_lost(device) ? lose(device)
                                  : LAYER_NEXT(device, vkGetEventStatus)(handle, event);
}

static VKAPI_ATTR VkResult VKAPI_CALL query_results(VkDevice handle, VkQueryPool pool,
                                                    uint32_t first, uint32_t count, size_t size,
                                                    void *out, VkDeviceSize stride,
                                                    VkQueryResultFlags flags)
{
    layer_device *device = layer_find_device(handle);
    const faults_verdict v = judge(device, FAULTS_INDEX_QUERY_RESULTS);
    if (v.result != VK_SUCCESS)
        return faults_fail(device, v.result);
    return faults_is_lost(device) ? lose(device)
                                  : LAYER_NEXT(device, vkGetQueryPoolResults)(
                                        handle, pool, first, count, size, out, stride, flags);
}

static const layer_function functions[] = {
    LAYER_FUNCTION(vkQueueSubmit2, queue_submit2),
    LAYER_FUNCTION(vkQueueSubmit2KHR, queue_submit2),
    LAYER_FUNCTION(vkQueueSubmit, queue_submit),
    LAYER_FUNCTION(vkQueueWaitIdle, queue_wait_idle),
    LAYER_FUNCTION(vkDeviceWaitIdle, device_wait_idle),
    LAYER_FUNCTION(vkWaitSemaphores, wait_semaphores),
    LAYER_FUNCTION(vkWaitSemaphoresKHR, wait_semaphores),
    LAYER_FUNCTION(vkWaitForFences, wait_fences),
    LAYER_FUNCTION(vkGetSemaphoreCounterValue, counter_value),
    LAYER_FUNCTION(vkGetSemaphoreCounterValueKHR, counter_value),
    LAYER_FUNCTION(vkGetFenceStatus, fence_status),
    LAYER_FUNCTION(vkGetEventStatus, event_status),
    LAYER_FUNCTION(vkGetQueryPoolResults, query_results),
};

const layer_table faults_waits_table = {functions, LAYER_COUNT(functions)};
