#include "virtual_queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch.h"
#include "layer_report.h"
#include "ownership.h"
#include "semaphores.h"
#include "split_control.h"
#include "split_device.h"
#include "stuck_queue.h"

#define NS_PER_S UINT64_C(1000000000)
/* Lists that nothing came to for so long, and that wait for each other, will do so for ever. */
#define STUCK_NS UINT64_C(300000000)

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static split_device *device_of(const queue_set *set)
{
    return set->queues[0].device;
}

/* ---- forwarding, under the mutex ---- */

/* From when the first of a list, which could go, may go. */
static uint64_t due_time(queue_set *set, virtual_queue *queue, uint64_t now)
{
    const schedule *order = &set->schedule;
    batch *head = queue->first;
    if (order->kind == SCHEDULE_INORDER ||
        (order->kind == SCHEDULE_ADVERSARIAL && order->starved != SCHEDULE_NO_FAMILY &&
         order->starved != queue->family))
        return now;
    if (order->kind == SCHEDULE_ADVERSARIAL)
        return set->last_submission_ns + order->hold_ns;
    if (head->due_ns == 0)
        head->due_ns = now + schedule_delay_ns(order, queue->family, head->ordinal);
    return head->due_ns;
}

static bool goes_before(const schedule *order, const virtual_queue *a, const virtual_queue *b)
{
    if (order->kind == SCHEDULE_SEED && a->first->due_ns != b->first->due_ns)
        return a->first->due_ns < b->first->due_ns;
    if (order->kind != SCHEDULE_ADVERSARIAL)
        return a->first->order < b->first->order;
    if (order->starved == a->family || order->starved == b->family)
        return order->starved == b->family;
    return a->first->order > b->first->order;
}

/* The queue whose first submission goes now; if none, `*again` is when to ask anew. */
static virtual_queue *choose(queue_set *set, uint64_t *again)
{
    const uint64_t now = now_ns();
    virtual_queue *best = NULL;
    *again = UINT64_MAX;
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++) {
        virtual_queue *queue = &set->queues[i];
        if (!queue->first || !semaphores_let_go(set, queue->first))
            continue;
        const uint64_t due = due_time(set, queue, now);
        if (due > now)
            *again = due < *again ? due : *again;
        else if (!best || goes_before(&set->schedule, queue, best))
            best = queue;
    }
    return best;
}

static void note_change(queue_set *set)
{
    set->last_change_ns = now_ns();
    pthread_cond_broadcast(&set->changed);
}

static batch *pop(virtual_queue *queue)
{
    batch *head = queue->first;
    queue->first = head->following;
    if (!queue->first)
        queue->last = NULL;
    head->following = NULL;
    return head;
}

static void drop_all(queue_set *set)
{
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++) {
        batch_free_chain(set->queues[i].first);
        set->queues[i].first = set->queues[i].last = NULL;
    }
}

static void forward(queue_set *set, virtual_queue *queue)
{
    split_device *device = device_of(set);
    batch *head = pop(queue);
    for (uint32_t i = 0; i < head->info.commandBufferInfoCount; i++)
        ownership_execute(device, queue->family, head->info.pCommandBufferInfos[i].commandBuffer);
    const VkResult result =
        LAYER_NEXT(device->base, vkQueueSubmit2)(set->real, head->count, &head->info, head->fence);
    semaphores_pass(set, head);
    batch_free_chain(head);
    if (result != VK_SUCCESS) {
        set->lost = result;
        drop_all(set);
    }
    note_change(set);
}

/* Forwards what may go now, and gives when to do so again. */
static uint64_t forward_due(queue_set *set)
{
    uint64_t again;
    virtual_queue *queue;
    while ((queue = choose(set, &again)) != NULL)
        forward(set, queue);
    return again;
}

static bool is_empty(const queue_set *set)
{
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++)
        if (set->queues[i].first)
            return false;
    return true;
}

/* When to look again at lists of which nothing can go; frees one of two that wait for each other.
 */
static uint64_t watch_stuck(queue_set *set)
{
    if (is_empty(set))
        return UINT64_MAX;
    const uint64_t limit = set->last_change_ns + STUCK_NS;
    if (limit > now_ns())
        return limit;
    if (!stuck_queue_free_one(set))
        return UINT64_MAX;
    note_change(set);
    return 0;
}

static void wait_until(queue_set *set, uint64_t time_ns)
{
    const struct timespec until = {(time_t)(time_ns / NS_PER_S), (long)(time_ns % NS_PER_S)};
    if (time_ns == UINT64_MAX)
        pthread_cond_wait(&set->changed, &set->mutex);
    else
        (void)pthread_cond_timedwait(&set->changed, &set->mutex, &until);
}

static void *forward_always(void *user)
{
    queue_set *set = user;
    pthread_mutex_lock(&set->mutex);
    while (!set->stopping) {
        uint64_t again = forward_due(set);
        if (again == UINT64_MAX)
            again = watch_stuck(set);
        if (again != 0 && !set->stopping)
            wait_until(set, again);
    }
    pthread_mutex_unlock(&set->mutex);
    return NULL;
}

/* ---- life ---- */

static VkResult read_schedule(schedule *out)
{
    const char *text = getenv(SPLIT_SCHEDULE_VARIABLE);
    return schedule_parse(text ? text : "inorder", out) ? VK_SUCCESS
                                                        : VK_ERROR_INITIALIZATION_FAILED;
}

static void adopt_queues(split_device *device, queue_set *set)
{
    LAYER_NEXT(device->base, vkGetDeviceQueue)(device->base->handle, 0, 0, &set->real);
    layer_adopt(device->base, set->real);
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++) {
        set->queues[i] = (virtual_queue){.device = device, .family = i};
        layer_adopt(device->base, &set->queues[i]);
    }
}

VkResult queue_set_create(split_device *device, queue_set *set)
{
    if (read_schedule(&set->schedule) != VK_SUCCESS)
        return VK_ERROR_INITIALIZATION_FAILED;
    adopt_queues(device, set);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&set->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&set->mutex, NULL);
    object_map_init(&set->semaphores);
    if (pthread_create(&set->thread, NULL, forward_always, set) == 0)
        return VK_SUCCESS;
    object_map_destroy(&set->semaphores);
    pthread_mutex_destroy(&set->mutex);
    pthread_cond_destroy(&set->changed);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

void queue_set_destroy(queue_set *set)
{
    pthread_mutex_lock(&set->mutex);
    set->stopping = true;
    pthread_cond_broadcast(&set->changed);
    pthread_mutex_unlock(&set->mutex);
    pthread_join(set->thread, NULL);
    if (!is_empty(set))
        layer_report(device_of(set)->base, "TANDEM-split-unfinished",
                     "vkDestroyDevice: submissions wait that nothing let go");
    drop_all(set);
    object_map_destroy(&set->semaphores);
    pthread_mutex_destroy(&set->mutex);
    pthread_cond_destroy(&set->changed);
}

/* ---- submissions ---- */

static void append(queue_set *set, virtual_queue *queue, batch *chain)
{
    *(queue->last ? &queue->last->following : &queue->first) = chain;
    for (batch *at = chain; at; at = at->following) {
        at->order = set->submitted++;
        at->ordinal = queue->submitted++;
        queue->last = at;
    }
    set->last_submission_ns = now_ns();
    note_change(set);
}

static VkResult submit(VkQueue handle, batch *chain)
{
    virtual_queue *queue = (virtual_queue *)handle;
    queue_set *set = &queue->device->queues;
    if (!chain)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    pthread_mutex_lock(&set->mutex);
    const VkResult result = set->lost;
    if (result == VK_SUCCESS) {
        append(set, queue, chain);
        (void)forward_due(set);
    }
    pthread_mutex_unlock(&set->mutex);
    if (result != VK_SUCCESS)
        batch_free_chain(chain);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, uint32_t count,
                                                   const VkSubmitInfo *infos, VkFence fence)
{
    return submit(queue, batch_copy(count, infos, fence));
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_submit2(VkQueue queue, uint32_t count,
                                                    const VkSubmitInfo2 *infos, VkFence fence)
{
    return submit(queue, batch_copy2(count, infos, fence));
}

/* ---- waits of the host ---- */

static void wait_until_empty(queue_set *set, const virtual_queue *queue)
{
    while (queue->first && set->lost == VK_SUCCESS)
        pthread_cond_wait(&set->changed, &set->mutex);
}

/* What the device has done may have been forwarded an instant ago by a thread that still looks at
 * it; after this it may be freed. */
static VkResult settle(queue_set *set, VkResult result)
{
    pthread_mutex_lock(&set->mutex);
    const VkResult lost = set->lost;
    pthread_mutex_unlock(&set->mutex);
    return result == VK_SUCCESS || result == VK_TIMEOUT ? (lost ? lost : result) : result;
}

/* By a fence, because others may submit to the real queue meanwhile. */
static VkResult wait_for_real(split_device *device, VkFence fence)
{
    const VkDevice handle = device->base->handle;
    queue_set *set = &device->queues;
    pthread_mutex_lock(&set->mutex);
    VkResult result = set->lost;
    if (result == VK_SUCCESS)
        result = LAYER_NEXT(device->base, vkQueueSubmit2)(set->real, 0, NULL, fence);
    pthread_mutex_unlock(&set->mutex);
    if (result == VK_SUCCESS)
        result = LAYER_NEXT(device->base, vkWaitForFences)(handle, 1, &fence, VK_TRUE, UINT64_MAX);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL queue_wait_idle(VkQueue handle)
{
    const virtual_queue *queue = (virtual_queue *)handle;
    split_device *device = queue->device;
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;
    VkResult result =
        LAYER_NEXT(device->base, vkCreateFence)(device->base->handle, &info, NULL, &fence);
    if (result != VK_SUCCESS)
        return result;
    pthread_mutex_lock(&device->queues.mutex);
    wait_until_empty(&device->queues, queue);
    pthread_mutex_unlock(&device->queues.mutex);
    result = settle(&device->queues, wait_for_real(device, fence));
    LAYER_NEXT(device->base, vkDestroyFence)(device->base->handle, fence, NULL);
    return result;
}

static VkResult wait_idle(split_device *device)
{
    queue_set *set = &device->queues;
    pthread_mutex_lock(&set->mutex);
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++)
        wait_until_empty(set, &set->queues[i]);
    VkResult result = set->lost;
    if (result == VK_SUCCESS)
        result = LAYER_NEXT(device->base, vkDeviceWaitIdle)(device->base->handle);
    pthread_mutex_unlock(&set->mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL device_wait_idle(VkDevice device)
{
    return wait_idle(split_find(device));
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_semaphores(VkDevice device,
                                                      const VkSemaphoreWaitInfo *info,
                                                      uint64_t timeout_ns)
{
    split_device *split = split_find(device);
    const VkResult lost = settle(&split->queues, VK_SUCCESS);
    if (lost)
        return lost;
    return settle(&split->queues,
                  LAYER_NEXT(split->base, vkWaitSemaphores)(device, info, timeout_ns));
}

static VKAPI_ATTR VkResult VKAPI_CALL counter_value(VkDevice device, VkSemaphore semaphore,
                                                    uint64_t *out)
{
    split_device *split = split_find(device);
    return settle(&split->queues,
                  LAYER_NEXT(split->base, vkGetSemaphoreCounterValue)(device, semaphore, out));
}

static VKAPI_ATTR VkResult VKAPI_CALL wait_fences(VkDevice device, uint32_t count,
                                                  const VkFence *fences, VkBool32 all,
                                                  uint64_t timeout_ns)
{
    split_device *split = split_find(device);
    const VkResult lost = settle(&split->queues, VK_SUCCESS);
    if (lost)
        return lost;
    return settle(&split->queues,
                  LAYER_NEXT(split->base, vkWaitForFences)(device, count, fences, all, timeout_ns));
}

static VKAPI_ATTR VkResult VKAPI_CALL fence_status(VkDevice device, VkFence fence)
{
    split_device *split = split_find(device);
    return settle(&split->queues, LAYER_NEXT(split->base, vkGetFenceStatus)(device, fence));
}

static VKAPI_ATTR VkResult VKAPI_CALL signal_semaphore(VkDevice device,
                                                       const VkSemaphoreSignalInfo *info)
{
    split_device *split = split_find(device);
    queue_set *set = &split->queues;
    pthread_mutex_lock(&set->mutex);
    const VkResult result = LAYER_NEXT(split->base, vkSignalSemaphore)(device, info);
    if (result == VK_SUCCESS) {
        semaphore_raise(set, info->semaphore, info->value);
        note_change(set);
    }
    pthread_mutex_unlock(&set->mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL set_schedule(VkDevice device, const char *text)
{
    split_device *split = split_find(device);
    schedule next;
    if (!schedule_parse(text, &next))
        return VK_ERROR_FORMAT_NOT_SUPPORTED;
    const VkResult result = wait_idle(split);
    pthread_mutex_lock(&split->queues.mutex);
    split->queues.schedule = next;
    /* So that a seed gives the same delays whatever ran before. */
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++)
        split->queues.queues[i].submitted = 0;
    pthread_mutex_unlock(&split->queues.mutex);
    return result;
}

/* ---- presentation ---- */

static bool presentable(queue_set *set, const VkPresentInfoKHR *info)
{
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
        const VkSemaphoreSubmitInfo wait = {.semaphore = info->pWaitSemaphores[i]};
        if (!semaphore_is_met(set, &wait))
            return false;
    }
    return true;
}

/* Its result is wanted at once, so it waits until everything before it was forwarded. */
static VKAPI_ATTR VkResult VKAPI_CALL queue_present(VkQueue handle, const VkPresentInfoKHR *info)
{
    const virtual_queue *queue = (virtual_queue *)handle;
    split_device *device = queue->device;
    queue_set *set = &device->queues;
    pthread_mutex_lock(&set->mutex);
    while ((queue->first || !presentable(set, info)) && set->lost == VK_SUCCESS)
        pthread_cond_wait(&set->changed, &set->mutex);
    VkResult result = set->lost;
    if (result == VK_SUCCESS)
        result = LAYER_NEXT(device->base, vkQueuePresentKHR)(set->real, info);
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++)
        semaphore_set_binary(set, info->pWaitSemaphores[i], false);
    pthread_mutex_unlock(&set->mutex);
    return result;
}

static VkResult note_acquired(split_device *split, VkResult result, VkSemaphore semaphore)
{
    queue_set *set = &split->queues;
    if (result != VK_SUCCESS && result != VK_SUBOPTIMAL_KHR)
        return result;
    pthread_mutex_lock(&set->mutex);
    semaphore_set_binary(set, semaphore, true);
    note_change(set);
    pthread_mutex_unlock(&set->mutex);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL acquire_image(VkDevice device, VkSwapchainKHR swapchain,
                                                    uint64_t timeout_ns, VkSemaphore semaphore,
                                                    VkFence fence, uint32_t *index)
{
    split_device *split = split_find(device);
    const VkResult result = LAYER_NEXT(split->base, vkAcquireNextImageKHR)(
        device, swapchain, timeout_ns, semaphore, fence, index);
    return note_acquired(split, result, semaphore);
}

static VKAPI_ATTR VkResult VKAPI_CALL acquire_image2(VkDevice device,
                                                     const VkAcquireNextImageInfoKHR *info,
                                                     uint32_t *index)
{
    split_device *split = split_find(device);
    const VkResult result = LAYER_NEXT(split->base, vkAcquireNextImage2KHR)(device, info, index);
    return note_acquired(split, result, info->semaphore);
}

/* ---- handles of queues ---- */

static VKAPI_ATTR void VKAPI_CALL get_queue(VkDevice device, uint32_t family, uint32_t index,
                                            VkQueue *out)
{
    *out = index == 0 && family < SPLIT_FAMILIES
               ? (VkQueue)&split_find(device)->queues.queues[family]
               : VK_NULL_HANDLE;
}

static VKAPI_ATTR void VKAPI_CALL get_queue2(VkDevice device, const VkDeviceQueueInfo2 *info,
                                             VkQueue *out)
{
    get_queue(device, info->queueFamilyIndex, info->queueIndex, out);
}

/* Labels of queues that run out of step would tell nothing. */
static VKAPI_ATTR void VKAPI_CALL drop_label(VkQueue queue, const VkDebugUtilsLabelEXT *label)
{
    (void)queue;
    (void)label;
}

static VKAPI_ATTR void VKAPI_CALL drop_label_end(VkQueue queue)
{
    (void)queue;
}

const layer_function virtual_queue_functions[] = {
    LAYER_FUNCTION(vkGetDeviceQueue, get_queue),
    LAYER_FUNCTION(vkGetDeviceQueue2, get_queue2),
    LAYER_FUNCTION(vkQueueSubmit, queue_submit),
    LAYER_FUNCTION(vkQueueSubmit2, queue_submit2),
    LAYER_FUNCTION(vkQueueSubmit2KHR, queue_submit2),
    LAYER_FUNCTION(vkQueueWaitIdle, queue_wait_idle),
    LAYER_FUNCTION(vkDeviceWaitIdle, device_wait_idle),
    LAYER_FUNCTION(vkWaitSemaphores, wait_semaphores),
    LAYER_FUNCTION(vkWaitSemaphoresKHR, wait_semaphores),
    LAYER_FUNCTION(vkGetSemaphoreCounterValue, counter_value),
    LAYER_FUNCTION(vkGetSemaphoreCounterValueKHR, counter_value),
    LAYER_FUNCTION(vkWaitForFences, wait_fences),
    LAYER_FUNCTION(vkGetFenceStatus, fence_status),
    LAYER_FUNCTION(vkSignalSemaphore, signal_semaphore),
    LAYER_FUNCTION(vkSignalSemaphoreKHR, signal_semaphore),
    LAYER_FUNCTION(vkQueuePresentKHR, queue_present),
    LAYER_FUNCTION(vkAcquireNextImageKHR, acquire_image),
    LAYER_FUNCTION(vkAcquireNextImage2KHR, acquire_image2),
    LAYER_FUNCTION(vkQueueBeginDebugUtilsLabelEXT, drop_label),
    LAYER_FUNCTION(vkQueueInsertDebugUtilsLabelEXT, drop_label),
    LAYER_FUNCTION(vkQueueEndDebugUtilsLabelEXT, drop_label_end),
    LAYER_OWN(SPLIT_SET_SCHEDULE, set_schedule),
};
const size_t virtual_queue_function_count = LAYER_COUNT(virtual_queue_functions);
