/* See faults.h. */
#include "faults.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "layer.h"

/* A wait below is cut into pieces of this length, to see a loss that another thread brings. */
#define SLICE_NS 2000000ull

typedef struct faults_device {
    pthread_mutex_t plan_mutex;
    faults_plan plan;
    uint32_t counted;
    uint32_t failed;
    atomic_bool lost;
    /* Held around every call on a queue, so that the loss can wait for the device to be idle. */
    pthread_mutex_t queue_mutex;
    bool idle; /* after the loss */
} faults_device;

/* ---- the test's side ---- */

static VKAPI_ATTR void VKAPI_CALL arm(VkDevice handle, const faults_plan *plan)
{
    faults_device *data = layer_find_device(handle)->data;
    pthread_mutex_lock(&data->plan_mutex);
    data->plan = *plan;
    data->counted = 0;
    data->failed = 0;
    pthread_mutex_unlock(&data->plan_mutex);
}

static VKAPI_ATTR uint32_t VKAPI_CALL counted(VkDevice handle)
{
    faults_device *data = layer_find_device(handle)->data;
    pthread_mutex_lock(&data->plan_mutex);
    const uint32_t count = data->counted;
    pthread_mutex_unlock(&data->plan_mutex);
    return count;
}

static VKAPI_ATTR bool VKAPI_CALL happened(VkDevice handle)
{
    faults_device *data = layer_find_device(handle)->data;
    pthread_mutex_lock(&data->plan_mutex);
    const bool any = data->failed > 0;
    pthread_mutex_unlock(&data->plan_mutex);
    return any;
}

static VKAPI_ATTR bool VKAPI_CALL lost(VkDevice handle)
{
    faults_device *data = layer_find_device(handle)->data;
    return atomic_load(&data->lost);
}

/* ---- which call fails ---- */

typedef struct verdict {
    VkResult result; /* VK_SUCCESS: the call is made as ever */
    bool after;
} verdict;

static verdict judge(faults_device *data, faults_call call)
{
    verdict v = {VK_SUCCESS, false};
    pthread_mutex_lock(&data->plan_mutex);
    const faults_plan *plan = &data->plan;
    if (plan->calls & (uint32_t)call) {
        const uint32_t number = ++data->counted;
        const uint32_t times = plan->times ? plan->times : 1;
        if (plan->nth && number >= plan->nth && number - plan->nth < times) {
            data->failed++;
            v = (verdict){plan->result, plan->after};
        }
    }
    pthread_mutex_unlock(&data->plan_mutex);
    return v;
}

/* Nothing is in use any more once this returns, as with a device that is truly lost. */
static VkResult lose(layer_device *device)
{
    faults_device *data = device->data;
    atomic_store(&data->lost, true);
    pthread_mutex_lock(&data->queue_mutex);
    if (!data->idle)
        LAYER_NEXT(device, vkDeviceWaitIdle)(device->handle);
    data->idle = true;
    pthread_mutex_unlock(&data->queue_mutex);
    return VK_ERROR_DEVICE_LOST;
}

static VkResult fail_with(layer_device *device, VkResult result)
{
    return result == VK_ERROR_DEVICE_LOST ? lose(device) : result;
}

static bool is_lost(const layer_device *device)
{
    faults_device *data = device->data;
    return atomic_load(&data->lost);
}

/* The call itself under `queue_mutex`, in the middle of which the device is not lost. */
#define QUEUE_CALL(device, call, expression)                                                       \
    do {                                                                                           \
        faults_device *data_ = (device)->data;                                                     \
        const verdict verdict_ = judge(data_, call);                                               \
        VkResult result_ = verdict_.result;                                                        \
        if (result_ == VK_SUCCESS || verdict_.after) {                                             \
            pthread_mutex_lock(&data_->queue_mutex);                                               \
            const VkResult real_ = is_lost(device) ? VK_ERROR_DEVICE_LOST : (expression);          \
            pthread_mutex_unlock(&data_->queue_mutex);                                             \
            result_ = result_ == VK_SUCCESS ? real_ : result_;                                     \
        }                                                                                          \
        return is_lost(device) ? lose(device) : fail_with(device, result_);                        \
    } while (0)

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit2(VkQueue queue, uint32_t count,
                                                    const VkSubmitInfo2 *infos, VkFence fence)
{
    layer_device *device = layer_find_device(queue);
    QUEUE_CALL(device, FAULTS_SUBMIT2,
               LAYER_NEXT(device, vkQueueSubmit2)(queue, count, infos, fence));
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count,
                                                   const VkSubmitInfo *infos, VkFence fence)
{
    layer_device *device = layer_find_device(queue);
    QUEUE_CALL(device, FAULTS_SUBMIT,
               LAYER_NEXT(device, vkQueueSubmit)(queue, count, infos, fence));
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_wait_idle(VkQueue queue)
{
    layer_device *device = layer_find_device(queue);
    QUEUE_CALL(device, FAULTS_QUEUE_IDLE, LAYER_NEXT(device, vkQueueWaitIdle)(queue));
}

static VKAPI_ATTR VkResult VKAPI_CALL device_wait_idle(VkDevice handle)
{
    layer_device *device = layer_find_device(handle);
    QUEUE_CALL(device, FAULTS_DEVICE_IDLE, LAYER_NEXT(device, vkDeviceWaitIdle)(handle));
}

/* ---- waits ---- */

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
        if (is_lost(device))
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
    const verdict v = judge(device->data, FAULTS_WAIT_SEMAPHORES);
    if (v.result != VK_SUCCESS && !v.after)
        return fail_with(device, v.result);
    const VkResult result = wait_in_slices(device, wait_semaphores_below, info, timeout_ns);
    return v.result == VK_SUCCESS ? result : fail_with(device, v.result);
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
    const verdict v = judge(device->data, FAULTS_COUNTER_VALUE);
    if (v.result != VK_SUCCESS)
        return fail_with(device, v.result);
    if (is_lost(device))
        return lose(device);
    return LAYER_NEXT(device, vkGetSemaphoreCounterValue)(handle, semaphore, value);
}

static VKAPI_ATTR VkResult VKAPI_CALL fence_status(VkDevice handle, VkFence fence)
{
    layer_device *device = layer_find_device(handle);
    return is_lost(device) ? lose(device) : LAYER_NEXT(device, vkGetFenceStatus)(handle, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL event_status(VkDevice handle, VkEvent event)
{
    layer_device *device = layer_find_device(handle);
    return is_lost(device) ? lose(device) : LAYER_NEXT(device, vkGetEventStatus)(handle, event);
}

static VKAPI_ATTR VkResult VKAPI_CALL query_results(VkDevice handle, VkQueryPool pool,
                                                    uint32_t first, uint32_t count, size_t size,
                                                    void *out, VkDeviceSize stride,
                                                    VkQueryResultFlags flags)
{
    layer_device *device = layer_find_device(handle);
    return is_lost(device) ? lose(device)
                           : LAYER_NEXT(device, vkGetQueryPoolResults)(handle, pool, first, count,
                                                                       size, out, stride, flags);
}

/* ---- the layer ---- */

static const layer_function functions[] = {
    LAYER_OWN(FAULTS_ARM, arm),
    LAYER_OWN(FAULTS_COUNTED, counted),
    LAYER_OWN(FAULTS_HAPPENED, happened),
    LAYER_OWN(FAULTS_LOST, lost),
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

static VkResult start(layer_device *device, const VkDeviceCreateInfo *info)
{
    faults_device *data = device->data;
    (void)info;
    if (pthread_mutex_init(&data->plan_mutex, NULL))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    if (pthread_mutex_init(&data->queue_mutex, NULL)) {
        pthread_mutex_destroy(&data->plan_mutex);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    return VK_SUCCESS;
}

static void end(layer_device *device)
{
    faults_device *data = device->data;
    pthread_mutex_destroy(&data->queue_mutex);
    pthread_mutex_destroy(&data->plan_mutex);
}

const layer_definition layer = {
    .device_functions = functions,
    .device_function_count = LAYER_COUNT(functions),
    .device_size = sizeof(faults_device),
    .device_created = start,
    .device_destroyed = end,
};
