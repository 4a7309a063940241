/* Submissions are replayed as they are made, and what the host waits for is noted. */
#include "hazards_control.h"
#include "hazards_device.h"
#include "layer_report.h"

/* Under the mutex. */
static uint32_t index_of(hazards_device *data, VkQueue queue)
{
    for (uint32_t i = 0; i < data->queue_count; i++)
        if (data->queues[i] == queue)
            return i;
    if (data->queue_count == HAZARDS_MAX_QUEUES) {
        layer_report(data->device, "TANDEM-hazards", "more than %d queues", HAZARDS_MAX_QUEUES);
        return 0;
    }
    data->queues[data->queue_count] = queue;
    return data->queue_count++;
}

static void replay_wait(hazards_device *data, uint32_t queue, VkSemaphore semaphore, uint64_t value,
                        VkPipelineStageFlags2 stages)
{
    const uint64_t sync = OBJECT_HANDLE(semaphore);
    const hazards_semaphore *known = object_map_find(&data->semaphores, sync);
    const bool binary = known && !known->timeline;
    hazards_apply_wait(&data->track, queue, sync, binary ? known->serial : value, stages);
    if (binary)
        hazards_forget_sync(&data->track, sync);
}

static void replay_commands(hazards_device *data, uint32_t queue, VkCommandBuffer commands)
{
    const hazards_record *record = hazards_record_of(data, commands);
    if (record)
        hazards_record_replay(record, &data->track, queue);
}

static void replay_signal(hazards_device *data, uint32_t queue, VkSemaphore semaphore,
                          uint64_t value, VkPipelineStageFlags2 stages)
{
    const uint64_t sync = OBJECT_HANDLE(semaphore);
    hazards_semaphore *known = object_map_find(&data->semaphores, sync);
    if (known && !known->timeline)
        value = ++known->serial;
    hazards_apply_signal(&data->track, queue, sync, value, stages);
}

static void replay_fence(hazards_device *data, uint32_t queue, VkFence fence)
{
    if (fence)
        hazards_apply_signal(&data->track, queue, OBJECT_HANDLE(fence), 1,
                             VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT);
}

static void replay2(hazards_device *data, uint32_t queue, const VkSubmitInfo2 *info)
{
    for (uint32_t i = 0; i < info->waitSemaphoreInfoCount; i++) {
        const VkSemaphoreSubmitInfo *wait = &info->pWaitSemaphoreInfos[i];
        replay_wait(data, queue, wait->semaphore, wait->value, wait->stageMask);
    }
    for (uint32_t i = 0; i < info->commandBufferInfoCount; i++)
        replay_commands(data, queue, info->pCommandBufferInfos[i].commandBuffer);
    for (uint32_t i = 0; i < info->signalSemaphoreInfoCount; i++) {
        const VkSemaphoreSubmitInfo *signal = &info->pSignalSemaphoreInfos[i];
        replay_signal(data, queue, signal->semaphore, signal->value, signal->stageMask);
    }
}

static const VkTimelineSemaphoreSubmitInfo *values_of(const VkSubmitInfo *info)
{
    const VkBaseInStructure *at = info->pNext;
    while (at && at->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
        at = at->pNext;
    return (const VkTimelineSemaphoreSubmitInfo *)at;
}

static void replay1(hazards_device *data, uint32_t queue, const VkSubmitInfo *info)
{
    const VkTimelineSemaphoreSubmitInfo *values = values_of(info);
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
        const bool given = values && i < values->waitSemaphoreValueCount;
        replay_wait(data, queue, info->pWaitSemaphores[i],
                    given ? values->pWaitSemaphoreValues[i] : 0, info->pWaitDstStageMask[i]);
    }
    for (uint32_t i = 0; i < info->commandBufferCount; i++)
        replay_commands(data, queue, info->pCommandBuffers[i]);
    for (uint32_t i = 0; i < info->signalSemaphoreCount; i++) {
        const bool given = values && i < values->signalSemaphoreValueCount;
        replay_signal(data, queue, info->pSignalSemaphores[i],
                      given ? values->pSignalSemaphoreValues[i] : 0,
                      VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT);
    }
}

/* The lock is held over the call, so that what the next one waits for was replayed. */
static VKAPI_ATTR VkResult VKAPI_CALL submit2(VkQueue handle, uint32_t count,
                                              const VkSubmitInfo2 *infos, VkFence fence)
{
    hazards_device *data = hazards_of(handle);
    pthread_mutex_lock(&data->mutex);
    const VkResult result = LAYER_NEXT(data->device, vkQueueSubmit2)(handle, count, infos, fence);
    if (result == VK_SUCCESS) {
        const uint32_t queue = index_of(data, handle);
        for (uint32_t i = 0; i < count; i++)
            replay2(data, queue, &infos[i]);
        replay_fence(data, queue, fence);
    }
    pthread_mutex_unlock(&data->mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL submit1(VkQueue handle, uint32_t count,
                                              const VkSubmitInfo *infos, VkFence fence)
{
    hazards_device *data = hazards_of(handle);
    pthread_mutex_lock(&data->mutex);
    const VkResult result = LAYER_NEXT(data->device, vkQueueSubmit)(handle, count, infos, fence);
    if (result == VK_SUCCESS) {
        const uint32_t queue = index_of(data, handle);
        for (uint32_t i = 0; i < count; i++)
            replay1(data, queue, &infos[i]);
        replay_fence(data, queue, fence);
    }
    pthread_mutex_unlock(&data->mutex);
    return result;
}

/* ---- the host ---- */

static void saw(hazards_device *data, uint64_t sync, uint64_t value)
{
    pthread_mutex_lock(&data->mutex);
    if (!data->held)
        hazards_host_saw(&data->track, sync, value);
    pthread_mutex_unlock(&data->mutex);
}

static void saw_idle(hazards_device *data, VkQueue queue)
{
    pthread_mutex_lock(&data->mutex);
    if (!data->held)
        hazards_host_saw_idle(&data->track, queue ? index_of(data, queue) : UINT32_MAX);
    pthread_mutex_unlock(&data->mutex);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_semaphores(VkDevice device,
                                                      const VkSemaphoreWaitInfo *info,
                                                      uint64_t timeout)
{
    hazards_device *data = hazards_of(device);
    const VkResult result = LAYER_NEXT(data->device, vkWaitSemaphores)(device, info, timeout);
    const bool all = info->semaphoreCount == 1 || !(info->flags & VK_SEMAPHORE_WAIT_ANY_BIT);
    for (uint32_t i = 0; result == VK_SUCCESS && all && i < info->semaphoreCount; i++)
        saw(data, OBJECT_HANDLE(info->pSemaphores[i]), info->pValues[i]);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL counter_value(VkDevice device, VkSemaphore semaphore,
                                                    uint64_t *value)
{
    hazards_device *data = hazards_of(device);
    const VkResult result =
        LAYER_NEXT(data->device, vkGetSemaphoreCounterValue)(device, semaphore, value);
    if (result == VK_SUCCESS)
        saw(data, OBJECT_HANDLE(semaphore), *value);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_fences(VkDevice device, uint32_t count,
                                                  const VkFence *fences, VkBool32 all,
                                                  uint64_t timeout)
{
    hazards_device *data = hazards_of(device);
    const VkResult result =
        LAYER_NEXT(data->device, vkWaitForFences)(device, count, fences, all, timeout);
    for (uint32_t i = 0; result == VK_SUCCESS && (all || count == 1) && i < count; i++)
        saw(data, OBJECT_HANDLE(fences[i]), 1);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL fence_status(VkDevice device, VkFence fence)
{
    hazards_device *data = hazards_of(device);
    const VkResult result = LAYER_NEXT(data->device, vkGetFenceStatus)(device, fence);
    if (result == VK_SUCCESS)
        saw(data, OBJECT_HANDLE(fence), 1);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_idle(VkQueue queue)
{
    hazards_device *data = hazards_of(queue);
    const VkResult result = LAYER_NEXT(data->device, vkQueueWaitIdle)(queue);
    if (result == VK_SUCCESS)
        saw_idle(data, queue);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL device_idle(VkDevice device)
{
    hazards_device *data = hazards_of(device);
    const VkResult result = LAYER_NEXT(data->device, vkDeviceWaitIdle)(device);
    if (result == VK_SUCCESS)
        saw_idle(data, VK_NULL_HANDLE);
    return result;
}

static VKAPI_ATTR uint64_t VKAPI_CALL count_hazards(VkDevice device)
{
    hazards_device *data = hazards_of(device);
    pthread_mutex_lock(&data->mutex);
    const uint64_t count = data->track.hazards;
    pthread_mutex_unlock(&data->mutex);
    return count;
}

static VKAPI_ATTR void VKAPI_CALL hold(VkDevice device, VkBool32 held)
{
    hazards_device *data = hazards_of(device);
    pthread_mutex_lock(&data->mutex);
    data->held = held;
    pthread_mutex_unlock(&data->mutex);
    saw_idle(data, VK_NULL_HANDLE);
}

const layer_function hazards_submit_functions[HAZARDS_SUBMIT_FUNCTIONS] = {
    LAYER_FUNCTION(vkQueueSubmit, submit1),
    LAYER_FUNCTION(vkQueueSubmit2, submit2),
    LAYER_FUNCTION(vkQueueSubmit2KHR, submit2),
    LAYER_FUNCTION(vkWaitSemaphores, wait_semaphores),
    LAYER_FUNCTION(vkWaitSemaphoresKHR, wait_semaphores),
    LAYER_FUNCTION(vkGetSemaphoreCounterValue, counter_value),
    LAYER_FUNCTION(vkGetSemaphoreCounterValueKHR, counter_value),
    LAYER_FUNCTION(vkWaitForFences, wait_fences),
    LAYER_FUNCTION(vkGetFenceStatus, fence_status),
    LAYER_FUNCTION(vkQueueWaitIdle, queue_idle),
    LAYER_FUNCTION(vkDeviceWaitIdle, device_idle),
    LAYER_OWN(HAZARDS_COUNT, count_hazards),
    LAYER_OWN(HAZARDS_HOLD, hold),
};
