#include "async/lane.h"

#include <stdatomic.h>

#include "async/waiter.h"
#include "base/clock.h"
#include "base/memory.h"
#include "gpu/queue.h"

/* No wait in the driver is longer, so that a loss that another thread saw is seen here too. */
#define LONGEST_WAIT_NS TDI_NS_PER_S

/* Where the driver cannot wait for want of memory, it is asked again so often, and a timeline that
 * could not even be read for so many times, about a second, counts as lost. */
#define RETRY_NS    TDI_NS_PER_MS
#define MOST_UNREAD 1000

typedef struct timeline {
    VkSemaphore semaphore;
    _Atomic uint64_t submitted; /* written under the queue's lock, only after success */
    _Atomic uint64_t reached;   /* what the driver last told; never falls */
    tdi_waiter *waiter;
    /* One thread at a time waits in the driver, the others wait for it: of two threads in
     * vkWaitSemaphores for one semaphore, one wakes up 10 ms late on an H100. */
    tdi_mutex wait_mutex;
    tdi_cond returned;
    bool waited_for;
    uint32_t unread; /* failed readings in a row; of the thread whose turn it is */
} timeline;

typedef struct lanes {
    td_device *device;
    atomic_bool lost;
    timeline queues[TD_LANE_COUNT];
    tdi_completer *completer;
} lanes;

/* Whoever holds a ticket has seen tdi_lanes_ready succeed, so this needs no lock. */
static lanes *lanes_of(td_device *device)
{
    return device->attached[TDI_ATTACH_LANES];
}

static td_result fail_lost(void)
{
    return tdi_fail(TD_ERROR_DEVICE_LOST, "the device was lost; make a new device and repeat the "
                                          "work");
}

bool tdi_device_lost(td_device *device)
{
    const lanes *all = lanes_of(device);
    return all && atomic_load_explicit(&all->lost, memory_order_acquire);
}

td_result tdi_lane_check(td_device *device, VkResult result, const char *call)
{
    lanes *all = lanes_of(device);
    if (result == VK_ERROR_DEVICE_LOST && all)
        atomic_store_explicit(&all->lost, true, memory_order_release);
    return tdi_vk_check(result, call);
}

static td_result make_locks(timeline *line)
{
    TDI_TRY(tdi_mutex_init(&line->wait_mutex, TDI_RANK_WAITER));
    td_result result = tdi_cond_init(&line->returned);
    if (result != TD_OK)
        tdi_mutex_destroy(&line->wait_mutex);
    return result;
}

static void destroy_locks(timeline *line)
{
    tdi_cond_destroy(&line->returned);
    tdi_mutex_destroy(&line->wait_mutex);
}

static td_result make_semaphore(td_device *device, uint32_t index, VkSemaphore *out)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
        .pNext = &type,
    };
    TDI_TRY(tdi_vk_check(device->vk.vkCreateSemaphore(device->handle, &info, NULL, out),
                         "vkCreateSemaphore"));
    tdi_device_name(device, VK_OBJECT_TYPE_SEMAPHORE, (uint64_t)*out, "timeline of queue %u",
                    index);
    return TD_OK;
}

static td_result timeline_make(lanes *all, uint32_t index)
{
    td_device *device = all->device;
    timeline *line = &all->queues[index];
    TDI_TRY(make_locks(line));
    td_result result = make_semaphore(device, index, &line->semaphore);
    if (result == TD_OK) {
        result = tdi_waiter_create(device, index, all->completer, &line->waiter);
        if (result == TD_OK)
            return TD_OK;
        device->vk.vkDestroySemaphore(device->handle, line->semaphore, NULL);
    }
    destroy_locks(line);
    return result;
}

/* Everything that was submitted comes to its end first: semaphores may go only then. */
static void timelines_finish(lanes *all, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        td_ticket last = {.queue = i, .value = atomic_load(&all->queues[i].submitted)};
        while (tdi_ticket_wait(all->device, last, LONGEST_WAIT_NS) == TD_ERROR_TIMEOUT)
            continue;
        tdi_waiter_destroy(all->queues[i].waiter);
    }
}

static void lanes_free(lanes *all, uint32_t count)
{
    const td_device *device = all->device;
    for (uint32_t i = 0; i < count; i++) {
        device->vk.vkDestroySemaphore(device->handle, all->queues[i].semaphore, NULL);
        destroy_locks(&all->queues[i]);
    }
    tdi_free(all);
}

static void lanes_destroy(void *attached)
{
    lanes *all = attached;
    timelines_finish(all, all->device->queue_count);
    tdi_completer_destroy(all->completer);
    lanes_free(all, all->device->queue_count);
}

/* Undoes a making that failed after `count` timelines: nothing was submitted yet. */
static void lanes_unmake(lanes *all, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tdi_waiter_destroy(all->queues[i].waiter);
    tdi_completer_destroy(all->completer);
    lanes_free(all, count);
}

static td_result lanes_make(td_device *device, void **out)
{
    lanes *all = tdi_alloc_zero(1, sizeof *all);
    if (!all)
        return TD_ERROR_HOST_MEMORY;
    all->device = device;
    uint32_t made = 0;
    td_result result = tdi_completer_create(&all->completer);
    while (result == TD_OK && made < device->queue_count) {
        result = timeline_make(all, made);
        if (result == TD_OK)
            made++;
    }
    if (result != TD_OK) {
        lanes_unmake(all, made);
        return result;
    }
    *out = all;
    return TD_OK;
}

td_result tdi_lanes_ready(td_device *device)
{
    void *all = NULL;
    return tdi_device_attach(device, TDI_ATTACH_LANES, lanes_make, lanes_destroy, &all);
}

/* What one vkQueueSubmit2 reads. At most one wait for each other queue is left per submission,
 * beside those for semaphores of the caller's. */
typedef struct submit_arrays {
    VkSubmitInfo2 submits[TDI_MAX_SUBMISSIONS];
    VkSemaphoreSubmitInfo waits[TDI_MAX_SUBMISSIONS * (TD_LANE_COUNT + TD_MAX_WAITS)];
    VkCommandBufferSubmitInfo commands[TDI_MAX_COMMANDS];
    VkSemaphoreSubmitInfo signals[TDI_MAX_SUBMISSIONS * TD_MAX_WAITS + 1];
    uint32_t submit_count, wait_count, command_count, signal_count;
} submit_arrays;

static uint64_t submitted_to(td_device *device, uint32_t queue)
{
    const lanes *all = lanes_of(device);
    return all ? atomic_load_explicit(&all->queues[queue].submitted, memory_order_acquire) : 0;
}

static bool of_device(const td_device *device, td_ticket ticket)
{
    return ticket.device == device->serial && ticket.queue < device->queue_count;
}

bool tdi_ticket_given(td_device *device, td_ticket ticket)
{
    return ticket.value == 0 ||
           (of_device(device, ticket) && ticket.value <= submitted_to(device, ticket.queue));
}

td_result tdi_ticket_check(td_device *device, td_ticket ticket)
{
    if (tdi_ticket_given(device, ticket))
        return TD_OK;
    if (!of_device(device, ticket))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a ticket of queue %u of device %u is not one of this device, which is "
                        "number %u and has %u queues; wait for its semaphore instead",
                        ticket.queue, ticket.device, device->serial, device->queue_count);
    return tdi_fail(TD_ERROR_STATE,
                    "point %llu of queue %u was never given out, only %llu are submitted; submit "
                    "what is waited for first",
                    (unsigned long long)ticket.value, ticket.queue,
                    (unsigned long long)submitted_to(device, ticket.queue));
}

/* No stage at all is what somebody leaves who means every one. */
static VkPipelineStageFlags2 or_all(VkPipelineStageFlags2 stages)
{
    return stages ? stages : VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
}

/* Merges the tickets of a submission to one for each queue: the highest value, all stages. */
static td_result merge_waits(lanes *all, uint32_t queue, const tdi_submission *submission,
                             td_wait merged[TD_LANE_COUNT])
{
    for (uint32_t i = 0; i < submission->wait_count; i++) {
        const td_wait *wait = &submission->waits[i];
        uint32_t other = wait->ticket.queue;
        TDI_TRY(tdi_ticket_check(all->device, wait->ticket));
        if (wait->ticket.value == 0 || other == queue)
            continue;
        if (merged[other].ticket.value < wait->ticket.value)
            merged[other].ticket = wait->ticket;
        merged[other].stages |= or_all(wait->stages);
    }
    return TD_OK;
}

static VkSemaphoreSubmitInfo semaphore_info(VkSemaphore semaphore, uint64_t value,
                                            VkPipelineStageFlags2 stages)
{
    return (VkSemaphoreSubmitInfo){
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = semaphore,
        .value = value,
        .stageMask = or_all(stages),
    };
}

static td_result add_waits(lanes *all, uint32_t queue, const tdi_submission *submission,
                           submit_arrays *arrays, VkSubmitInfo2 *submit)
{
    td_wait merged[TD_LANE_COUNT] = {0};
    TDI_TRY(merge_waits(all, queue, submission, merged));
    const uint32_t first = arrays->wait_count;
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++) {
        if (merged[i].ticket.value != 0)
            arrays->waits[arrays->wait_count++] =
                semaphore_info(all->queues[i].semaphore, merged[i].ticket.value, merged[i].stages);
    }
    for (uint32_t i = 0; i < submission->wait_count; i++) {
        const td_wait *wait = &submission->waits[i];
        if (wait->semaphore)
            arrays->waits[arrays->wait_count++] =
                semaphore_info(wait->semaphore, wait->value, wait->stages);
    }
    submit->pWaitSemaphoreInfos = arrays->waits + first;
    submit->waitSemaphoreInfoCount = arrays->wait_count - first;
    return TD_OK;
}

static void add_signals(const tdi_submission *submission, submit_arrays *arrays,
                        VkSubmitInfo2 *submit)
{
    submit->pSignalSemaphoreInfos = arrays->signals + arrays->signal_count;
    submit->signalSemaphoreInfoCount = submission->signal_count;
    for (uint32_t i = 0; i < submission->signal_count; i++) {
        const td_signal *signal = &submission->signals[i];
        arrays->signals[arrays->signal_count++] =
            semaphore_info(signal->semaphore, signal->value, signal->stages);
    }
}

static td_result check_submission(const lanes *all, uint32_t queue,
                                  const tdi_submission *submission, const submit_arrays *arrays)
{
    if (arrays->submit_count == TDI_MAX_SUBMISSIONS || submission->wait_count > TD_MAX_WAITS ||
        submission->signal_count > TD_MAX_WAITS ||
        submission->command_count > TDI_MAX_COMMANDS - arrays->command_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a submission has too many parts (at most %d batches, %d command buffers "
                        "in all, %d waits and %d signals each)",
                        TDI_MAX_SUBMISSIONS, TDI_MAX_COMMANDS, TD_MAX_WAITS, TD_MAX_WAITS);
    if (all->device->lane_queue[submission->lane] != queue)
        return tdi_fail(TD_ERROR_ARGUMENT, "submissions to different queues in one call");
    return TD_OK;
}

static td_result add_submission(lanes *all, uint32_t queue, const tdi_submission *submission,
                                submit_arrays *arrays)
{
    TDI_TRY(check_submission(all, queue, submission, arrays));
    VkSubmitInfo2 *submit = &arrays->submits[arrays->submit_count];
    *submit = (VkSubmitInfo2){
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .commandBufferInfoCount = submission->command_count,
        .pCommandBufferInfos = arrays->commands + arrays->command_count,
    };
    TDI_TRY(add_waits(all, queue, submission, arrays, submit));
    add_signals(submission, arrays, submit);
    for (uint32_t i = 0; i < submission->command_count; i++)
        arrays->commands[arrays->command_count++] = (VkCommandBufferSubmitInfo){
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
            .commandBuffer = submission->commands[i],
        };
    arrays->submit_count++;
    return TD_OK;
}

/* Gives the value under the queue's lock; it counts only if the call succeeded, so that a failure
 * leaves no hole in the timeline. The last submission's signals are the last of all, so the
 * timeline's joins them. */
static td_result submit_arrays_to(lanes *all, uint32_t queue, submit_arrays *arrays, td_ticket *out)
{
    td_device *device = all->device;
    timeline *line = &all->queues[queue];
    VkSemaphoreSubmitInfo *signal = &arrays->signals[arrays->signal_count];
    arrays->submits[arrays->submit_count - 1].signalSemaphoreInfoCount++;
    tdi_queue_lock(device, queue);
    uint64_t value = atomic_load_explicit(&line->submitted, memory_order_relaxed) + 1;
    *signal = semaphore_info(line->semaphore, value, 0);
    VkResult result = device->vk.vkQueueSubmit2(device->queues[queue].handle, arrays->submit_count,
                                                arrays->submits, VK_NULL_HANDLE);
    if (result == VK_SUCCESS)
        atomic_store_explicit(&line->submitted, value, memory_order_release);
    tdi_queue_unlock(device, queue);
    TDI_TRY(tdi_lane_check(device, result, "vkQueueSubmit2"));
    *out = (td_ticket){.queue = queue, .value = value, .device = device->serial};
    return TD_OK;
}

td_result tdi_lane_submit_many(td_device *device, const tdi_submission *submissions, uint32_t count,
                               td_ticket *out)
{
    if (count == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a submission of nothing");
    TDI_TRY(tdi_lanes_ready(device));
    if (tdi_device_lost(device))
        return fail_lost();
    lanes *all = lanes_of(device);
    uint32_t queue = device->lane_queue[submissions[0].lane];
    submit_arrays arrays;
    arrays.submit_count = arrays.wait_count = arrays.command_count = arrays.signal_count = 0;
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(add_submission(all, queue, &submissions[i], &arrays));
    return submit_arrays_to(all, queue, &arrays, out);
}

td_result tdi_lane_submit(td_device *device, const tdi_submission *submission, td_ticket *out)
{
    return tdi_lane_submit_many(device, submission, 1, out);
}

static void note_reached(timeline *line, uint64_t value)
{
    uint64_t known = atomic_load_explicit(&line->reached, memory_order_relaxed);
    while (known < value &&
           !atomic_compare_exchange_weak_explicit(&line->reached, &known, value,
                                                  memory_order_release, memory_order_relaxed))
        continue;
}

static VkResult read_timeline(td_device *device, uint32_t queue)
{
    timeline *line = &lanes_of(device)->queues[queue];
    uint64_t value = 0;
    VkResult result =
        device->vk.vkGetSemaphoreCounterValue(device->handle, line->semaphore, &value);
    /* A lost device may leave any value behind, UINT64_MAX among them. */
    if (result == VK_SUCCESS && value <= atomic_load(&line->submitted))
        note_reached(line, value);
    else if (result != VK_SUCCESS)
        (void)tdi_lane_check(device, result, "vkGetSemaphoreCounterValue");
    return result;
}

uint64_t tdi_queue_known_reached(td_device *device, uint32_t queue)
{
    const timeline *line = &lanes_of(device)->queues[queue];
    return atomic_load_explicit(&line->reached, memory_order_acquire);
}

uint64_t tdi_queue_reached(td_device *device, uint32_t queue)
{
    (void)read_timeline(device, queue);
    return tdi_queue_known_reached(device, queue);
}

static bool known_reached(td_device *device, td_ticket ticket)
{
    return ticket.value == 0 || tdi_queue_known_reached(device, ticket.queue) >= ticket.value;
}

bool tdi_ticket_reached(td_device *device, td_ticket ticket)
{
    return known_reached(device, ticket) || tdi_queue_reached(device, ticket.queue) >= ticket.value;
}

static td_result wait_in_driver(td_device *device, td_ticket ticket, uint64_t timeout_ns)
{
    timeline *line = &lanes_of(device)->queues[ticket.queue];
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &line->semaphore,
        .pValues = &ticket.value,
    };
    VkResult result = device->vk.vkWaitSemaphores(device->handle, &info, timeout_ns);
    if (result == VK_SUCCESS)
        note_reached(line, ticket.value);
    return result == VK_TIMEOUT ? TD_OK : tdi_lane_check(device, result, "vkWaitSemaphores");
}

/* After a wait in the driver that failed, though the device is not known to be lost. */
static void note_failed_wait(td_device *device, uint32_t queue)
{
    lanes *all = lanes_of(device);
    timeline *line = &all->queues[queue];
    if (read_timeline(device, queue) == VK_SUCCESS)
        line->unread = 0;
    else if (++line->unread == MOST_UNREAD)
        atomic_store_explicit(&all->lost, true, memory_order_release);
}

/* Under the lock, by the thread whose turn it is: nobody wakes it. */
static void pause_waiting(timeline *line, uint64_t timeout_ns)
{
    uint64_t pause = timeout_ns < RETRY_NS ? timeout_ns : RETRY_NS;
    (void)tdi_cond_wait_until(&line->returned, &line->wait_mutex,
                              tdi_deadline(tdi_now_ns(), pause));
}

/* Waits in the driver for the next point of the queue, of which nobody can want a lower one. */
static void take_turn(td_device *device, timeline *line, td_ticket next, uint64_t timeout_ns)
{
    td_result result = wait_in_driver(device, next, timeout_ns);
    if (result == TD_OK)
        line->unread = 0;
    else if (!tdi_device_lost(device))
        note_failed_wait(device, next.queue);
    tdi_mutex_lock(&line->wait_mutex);
    if (result != TD_OK && !tdi_device_lost(device))
        pause_waiting(line, timeout_ns);
    line->waited_for = false;
    tdi_cond_broadcast(&line->returned);
    tdi_mutex_unlock(&line->wait_mutex);
}

/* Waits in the driver, or for the thread that does. What came of it is seen by looking. */
static void wait_a_while(td_device *device, td_ticket ticket, uint64_t timeout_ns)
{
    timeline *line = &lanes_of(device)->queues[ticket.queue];
    tdi_mutex_lock(&line->wait_mutex);
    uint64_t known = tdi_queue_known_reached(device, ticket.queue);
    bool reached = ticket.value <= known;
    bool turn = !reached && !line->waited_for;
    td_ticket next = {.queue = ticket.queue, .value = known + 1};
    if (turn)
        line->waited_for = true;
    else if (!reached)
        (void)tdi_cond_wait_until(&line->returned, &line->wait_mutex,
                                  tdi_deadline(tdi_now_ns(), timeout_ns));
    tdi_mutex_unlock(&line->wait_mutex);
    if (turn)
        take_turn(device, line, next, timeout_ns);
}

td_result tdi_ticket_wait(td_device *device, td_ticket ticket, uint64_t timeout_ns)
{
    uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    while (!tdi_ticket_reached(device, ticket)) {
        if (tdi_device_lost(device))
            return fail_lost();
        uint64_t now = tdi_now_ns();
        if (now >= deadline)
            return tdi_fail(TD_ERROR_TIMEOUT, "queue %u did not reach point %llu in time",
                            ticket.queue, (unsigned long long)ticket.value);
        uint64_t left = deadline - now;
        wait_a_while(device, ticket, left < LONGEST_WAIT_NS ? left : LONGEST_WAIT_NS);
    }
    return TD_OK;
}

void tdi_ticket_watch(td_device *device, tdi_watch *watch)
{
    tdi_waiter_watch(lanes_of(device)->queues[watch->ticket.queue].waiter, watch);
}

VkSemaphore tdi_queue_timeline(td_device *device, uint32_t queue)
{
    return lanes_of(device)->queues[queue].semaphore;
}
