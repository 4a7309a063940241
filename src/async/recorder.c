#include <tandem/recorder.h>

#include <stdatomic.h>
#include <string.h>

#include "async/lane.h"
#include "async/waiter.h"
#include "base/clock.h"
#include "base/living.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

#define MOST_THREADS  64
#define MOST_SLOTS    16
#define DEFAULT_SLOTS 3
#define MOST_PARTS    1024
#define SENTENCE      256
#define CACHE_LINE    64

/* Command buffers of one level, all of one pool; `used` of them in the frame under way. */
typedef struct buffer_list {
    VkCommandBuffer *items;
    size_t count, capacity;
    uint32_t used;
} buffer_list;

/* A command pool of one thread and frame slot. */
typedef struct recorder_pool {
    VkCommandPool handle;
    buffer_list levels[2]; /* by VkCommandBufferLevel */
    uint64_t recording;    /* that it was last reset for */
} recorder_pool;

typedef struct recorder_slot {
    recorder_pool *pools; /* by thread */
    td_ticket last;       /* the frame that used it last */
} recorder_slot;

/* A thread keeps its number, and with it its pools, so that what it records into stays in its
 * caches. Number 0 is whoever calls. */
typedef struct recorder_thread {
    _Alignas(CACHE_LINE) td_recorder *recorder;
    uint32_t index;
    tdi_thread handle;
    td_result result; /* of the frame, as the sentence */
    char sentence[SENTENCE];
} recorder_thread;

struct td_recorder {
    td_device *device;
    td_lane lane;
    td_monitor *monitor;
    uint32_t thread_count, slot_count;
    tdi_mutex lock;
    tdi_cond came;   /* a frame came, or the end */
    tdi_cond idle;   /* the last active thread has done its share */
    uint32_t active; /* threads that are at the frame's parts, without the calling one */
    uint32_t started;
    bool stopping;
    recorder_thread *threads;
    recorder_slot *slots;
    VkCommandBuffer *ordered; /* by part, of the recorded frame */
    size_t ordered_capacity;
    uint32_t part_count;
    uint64_t recording; /* counts from 1, those that failed too; changed under the lock */
    uint32_t next_slot;
    bool recorded;       /* a frame awaits its submission */
    recorder_slot *open; /* its slot */
    td_recorder_frame work;
    _Atomic uint32_t next_part;
    atomic_bool failed;
};

/* ---- one part ---- */

static bool is_secondary(const td_recorder *recorder)
{
    return recorder->work.inheritance != NULL;
}

static td_result begin_pool(td_recorder *recorder, recorder_pool *pool)
{
    const td_device *device = recorder->device;
    if (pool->recording == recorder->recording)
        return TD_OK;
    TDI_TRY(tdi_lane_check(recorder->device,
                           device->vk.vkResetCommandPool(device->handle, pool->handle, 0),
                           "vkResetCommandPool"));
    pool->recording = recorder->recording;
    pool->levels[0].used = pool->levels[1].used = 0;
    return TD_OK;
}

static td_result next_buffer(td_recorder *recorder, recorder_pool *pool, VkCommandBufferLevel level,
                             VkCommandBuffer *out)
{
    const td_device *device = recorder->device;
    buffer_list *list = &pool->levels[level];
    if (list->used == list->count) {
        const VkCommandBufferAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
            .commandPool = pool->handle,
            .level = level,
            .commandBufferCount = 1,
        };
        TDI_TRY(tdi_grow((void **)&list->items, &list->capacity, list->count + 1,
                         sizeof list->items[0]));
        TDI_TRY(tdi_lane_check(
            recorder->device,
            device->vk.vkAllocateCommandBuffers(device->handle, &info, &list->items[list->count]),
            "vkAllocateCommandBuffers"));
        list->count++;
    }
    *out = list->items[list->used++];
    return TD_OK;
}

/* Secondary command buffers of a frame with a rendering lie within it as a whole. */
static bool continues_rendering(const VkCommandBufferInheritanceInfo *inheritance)
{
    const VkBaseInStructure *next = inheritance->pNext;
    while (next && next->sType != VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO)
        next = next->pNext;
    return next || inheritance->renderPass;
}

static td_result begin_buffer(td_recorder *recorder, VkCommandBuffer commands)
{
    const VkCommandBufferInheritanceInfo *inheritance = recorder->work.inheritance;
    VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
        .pInheritanceInfo = inheritance,
    };
    if (inheritance && continues_rendering(inheritance))
        info.flags |= VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT;
    return tdi_lane_check(recorder->device,
                          recorder->device->vk.vkBeginCommandBuffer(commands, &info),
                          "vkBeginCommandBuffer");
}

/* Where the items of a part begin: an even split, the same for any number of threads. */
static uint32_t first_item(const td_recorder *recorder, uint32_t part)
{
    return (uint32_t)((uint64_t)recorder->work.items * part / recorder->part_count);
}

static td_result record_part(td_recorder *recorder, uint32_t thread, uint32_t part)
{
    recorder_pool *pool = &recorder->open->pools[thread];
    const VkCommandBufferLevel level = is_secondary(recorder) ? VK_COMMAND_BUFFER_LEVEL_SECONDARY
                                                              : VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    VkCommandBuffer commands;
    TDI_TRY(begin_pool(recorder, pool));
    TDI_TRY(next_buffer(recorder, pool, level, &commands));
    TDI_TRY(begin_buffer(recorder, commands));
    const uint32_t first = first_item(recorder, part);
    const td_recorder_part given = {
        .commands = commands,
        .first = first,
        .count = first_item(recorder, part + 1) - first,
        .part = part,
        .thread = thread,
        .user = recorder->work.user,
    };
    tdi_set_last_error("");
    const td_result result = recorder->work.record(&given);
    if (result != TD_OK && !td_last_error()[0])
        tdi_set_last_error(td_result_text(result));
    /* Ended even after a failure: the pool is reset from the executable state then. */
    const td_result ended = tdi_lane_check(
        recorder->device, recorder->device->vk.vkEndCommandBuffer(commands), "vkEndCommandBuffer");
    recorder->ordered[part] = commands;
    return result != TD_OK ? result : ended;
}

static void note_span(td_recorder *recorder, uint32_t thread, uint32_t part, uint64_t begin_ns)
{
    char track[32];
    tdi_snprintf(track, sizeof track, "record %u", thread);
    td_monitor_add(recorder->monitor, track, "record", part, begin_ns, tdi_now_ns());
}

/* ---- one frame ---- */

static void keep_failure(td_recorder *recorder, uint32_t thread, td_result result)
{
    recorder_thread *own = &recorder->threads[thread];
    own->result = result;
    tdi_snprintf(own->sentence, sizeof own->sentence, "%s", td_last_error());
    atomic_store_explicit(&recorder->failed, true, memory_order_relaxed);
}

/* One thread's share of a frame: parts as long as there are any, so that a slow thread keeps
 * nobody waiting. */
static void record_parts(td_recorder *recorder, uint32_t thread)
{
    while (!atomic_load_explicit(&recorder->failed, memory_order_relaxed)) {
        const uint32_t part =
            atomic_fetch_add_explicit(&recorder->next_part, 1, memory_order_relaxed);
        if (part >= recorder->part_count)
            return;
        const uint64_t begin_ns = recorder->monitor ? tdi_now_ns() : 0;
        const td_result result = record_part(recorder, thread, part);
        if (result != TD_OK)
            keep_failure(recorder, thread, result);
        else if (recorder->monitor)
            note_span(recorder, thread, part, begin_ns);
    }
}

static void run_thread(void *user)
{
    recorder_thread *own = user;
    td_recorder *recorder = own->recorder;
    uint64_t seen = 0;
    tdi_mutex_lock(&recorder->lock);
    for (;;) {
        while (!recorder->stopping && recorder->recording == seen)
            tdi_cond_wait(&recorder->came, &recorder->lock);
        if (recorder->stopping)
            break;
        seen = recorder->recording;
        recorder->active++;
        tdi_mutex_unlock(&recorder->lock);
        record_parts(recorder, own->index);
        tdi_mutex_lock(&recorder->lock);
        if (--recorder->active == 0)
            tdi_cond_signal(&recorder->idle);
    }
    tdi_mutex_unlock(&recorder->lock);
}

/* With the lock held: no thread is at the parts of an earlier frame, not even one that woke up when
 * they were all taken. */
static void wait_until_idle(td_recorder *recorder)
{
    while (recorder->active > 0)
        tdi_cond_wait(&recorder->idle, &recorder->lock);
}

/* Offers the frame to as many threads as it has parts for, beside the calling one. */
static void offer_parts(td_recorder *recorder, const td_recorder_frame *frame, uint32_t parts)
{
    tdi_mutex_lock(&recorder->lock);
    wait_until_idle(recorder);
    recorder->work = *frame;
    recorder->part_count = parts;
    for (uint32_t i = 0; i < recorder->thread_count; i++)
        recorder->threads[i].result = TD_OK;
    atomic_store(&recorder->next_part, 0);
    atomic_store(&recorder->failed, false);
    recorder->recording++;
    if (recorder->part_count > recorder->started)
        tdi_cond_broadcast(&recorder->came);
    else
        for (uint32_t i = 1; i < recorder->part_count; i++)
            tdi_cond_signal(&recorder->came);
    tdi_mutex_unlock(&recorder->lock);
}

/* Every part is in the hands of an active thread, or done, when the calling one finds none left. */
static void record_on_all(td_recorder *recorder, const td_recorder_frame *frame, uint32_t parts)
{
    offer_parts(recorder, frame, parts);
    record_parts(recorder, 0);
    tdi_mutex_lock(&recorder->lock);
    wait_until_idle(recorder);
    tdi_mutex_unlock(&recorder->lock);
}

static td_result first_failure(const td_recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->thread_count; i++) {
        if (recorder->threads[i].result != TD_OK) {
            tdi_set_last_error(recorder->threads[i].sentence);
            return recorder->threads[i].result;
        }
    }
    return TD_OK;
}

static td_result check_recorder(const td_recorder *recorder, const char *call)
{
    if (!recorder)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: the recorder is NULL", call);
    if (!tdi_living(recorder))
        return tdi_fail(TD_ERROR_STATE, "%s: this recorder was destroyed", call);
    return TD_OK;
}

static td_result check_frame(const td_recorder *recorder, const td_recorder_frame *frame)
{
    TDI_TRY(check_recorder(recorder, "td_recorder_record"));
    if (!frame || !frame->record)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_recorder_record: the frame and its record function must not be NULL");
    /* Primary ones go into one submission. */
    const uint32_t most = frame->inheritance ? MOST_PARTS : TDI_MAX_COMMANDS;
    if (frame->parts > most)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a frame in %u parts; at most %u %s command buffers are possible",
                        frame->parts, most, frame->inheritance ? "secondary" : "primary");
    return TD_OK;
}

static td_result open_slot(td_recorder *recorder, uint32_t parts, uint64_t timeout_ns)
{
    recorder_slot *slot = &recorder->slots[recorder->next_slot];
    recorder->recorded = false;
    TDI_TRY(tdi_grow((void **)&recorder->ordered, &recorder->ordered_capacity, parts,
                     sizeof recorder->ordered[0]));
    const td_result waited =
        tdi_ticket_wait_for_call(recorder->device, slot->last, timeout_ns, "td_recorder_record");
    if (waited == TD_ERROR_TIMEOUT)
        return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT,
                        "all %u frames of the recorder are in flight", recorder->slot_count);
    TDI_TRY(waited);
    recorder->open = slot;
    return TD_OK;
}

td_result td_recorder_record(td_recorder *recorder, const td_recorder_frame *frame,
                             uint64_t timeout_ns, const VkCommandBuffer **commands, uint32_t *count)
{
    TDI_TRY(check_frame(recorder, frame));
    if (!commands || !count)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_recorder_record: `%s` is NULL",
                        commands ? "count" : "commands");
    const uint32_t parts = frame->parts ? frame->parts : recorder->thread_count;
    TDI_TRY(open_slot(recorder, parts, timeout_ns));
    record_on_all(recorder, frame, parts);
    TDI_TRY(first_failure(recorder));
    recorder->next_slot = (recorder->next_slot + 1) % recorder->slot_count;
    recorder->recorded = true;
    *commands = recorder->ordered;
    *count = recorder->part_count;
    return TD_OK;
}

static td_result check_recorded(const td_recorder *recorder, const char *call)
{
    TDI_TRY(check_recorder(recorder, call));
    if (!recorder->recorded)
        return tdi_fail(TD_ERROR_STATE, "%s: no frame is recorded; call td_recorder_record first",
                        call);
    return TD_OK;
}

td_result td_recorder_submit(td_recorder *recorder, const td_wait *waits, uint32_t wait_count,
                             td_ticket *out)
{
    TDI_TRY(check_recorded(recorder, "td_recorder_submit"));
    if (!out || (wait_count > 0 && !waits))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_recorder_submit: `%s` is NULL",
                        out ? "waits" : "out");
    if (is_secondary(recorder))
        return tdi_fail(TD_ERROR_STATE,
                        "td_recorder_submit: the frame's parts are secondary command buffers; "
                        "execute them, and call td_recorder_submitted");
    const tdi_submission submission = {
        .lane = recorder->lane,
        .commands = recorder->ordered,
        .command_count = recorder->part_count,
        .waits = waits,
        .wait_count = wait_count,
    };
    TDI_TRY(tdi_lane_submit(recorder->device, &submission, &recorder->open->last));
    recorder->recorded = false;
    *out = recorder->open->last;
    return TD_OK;
}

td_result td_recorder_submitted(td_recorder *recorder, td_ticket ticket)
{
    TDI_TRY(check_recorded(recorder, "td_recorder_submitted"));
    TDI_TRY(tdi_ticket_check(recorder->device, ticket));
    recorder->open->last = ticket;
    recorder->recorded = false;
    return TD_OK;
}

/* ---- creation ---- */

static td_result make_pool(td_recorder *recorder, recorder_pool *pool)
{
    const td_device *device = recorder->device;
    const VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[device->lane_queue[recorder->lane]].family,
    };
    return tdi_lane_check(
        recorder->device,
        device->vk.vkCreateCommandPool(device->handle, &info, NULL, &pool->handle),
        "vkCreateCommandPool");
}

static td_result make_slots(td_recorder *recorder)
{
    recorder->slots = tdi_alloc_zero(recorder->slot_count, sizeof recorder->slots[0]);
    if (!recorder->slots)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < recorder->slot_count; i++) {
        recorder_slot *slot = &recorder->slots[i];
        slot->pools = tdi_alloc_zero(recorder->thread_count, sizeof slot->pools[0]);
        if (!slot->pools)
            return TD_ERROR_HOST_MEMORY;
        for (uint32_t k = 0; k < recorder->thread_count; k++)
            TDI_TRY(make_pool(recorder, &slot->pools[k]));
    }
    return TD_OK;
}

static td_result make_threads(td_recorder *recorder)
{
    const size_t bytes = recorder->thread_count * sizeof recorder->threads[0];
    recorder->threads = tdi_alloc_aligned(bytes, CACHE_LINE);
    if (!recorder->threads)
        return TD_ERROR_HOST_MEMORY;
    memset(recorder->threads, 0, bytes);
    for (uint32_t i = 1; i < recorder->thread_count; i++) {
        recorder_thread *thread = &recorder->threads[i];
        char name[16];
        tdi_snprintf(name, sizeof name, "record %u", i);
        thread->recorder = recorder;
        thread->index = i;
        TDI_TRY(tdi_thread_start(&thread->handle, name, run_thread, thread));
        recorder->started++;
    }
    return TD_OK;
}

static td_result make_locks(td_recorder *recorder)
{
    TDI_TRY(tdi_mutex_init(&recorder->lock, TDI_RANK_RECORDER));
    td_result result = tdi_cond_init(&recorder->came);
    if (result == TD_OK) {
        result = tdi_cond_init(&recorder->idle);
        if (result == TD_OK)
            return TD_OK;
        tdi_cond_destroy(&recorder->came);
    }
    tdi_mutex_destroy(&recorder->lock);
    return result;
}

static td_result check_params(const td_recorder_params *params)
{
    if ((uint32_t)params->lane >= TD_LANE_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_recorder_create: %d is no lane", (int)params->lane);
    if (params->threads > MOST_THREADS)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u recording threads; 1 to %d are possible",
                        params->threads, MOST_THREADS);
    if (params->slots > MOST_SLOTS)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u frames in flight; 1 to %d are possible",
                        params->slots, MOST_SLOTS);
    return TD_OK;
}

static td_result build(td_recorder *recorder)
{
    TDI_TRY(tdi_lanes_ready(recorder->device));
    TDI_TRY(make_slots(recorder));
    return make_threads(recorder);
}

td_result td_recorder_create(td_device *device, const td_recorder_params *params, td_recorder **out)
{
    static const td_recorder_params defaults = {0};
    TDI_TRY(tdi_device_check(device, "td_recorder_create"));
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_recorder_create: `out` is NULL");
    if (!params)
        params = &defaults;
    TDI_TRY(check_params(params));
    td_recorder *recorder = tdi_alloc_zero(1, sizeof *recorder);
    if (!recorder)
        return TD_ERROR_HOST_MEMORY;
    const uint32_t cores = tdi_core_count();
    recorder->device = device;
    recorder->lane = params->lane;
    recorder->monitor = params->monitor;
    recorder->thread_count = params->threads        ? params->threads
                             : cores < MOST_THREADS ? cores
                                                    : MOST_THREADS;
    recorder->slot_count = params->slots ? params->slots : DEFAULT_SLOTS;
    td_result result = make_locks(recorder);
    if (result != TD_OK) {
        tdi_free(recorder);
        return result;
    }
    tdi_living_add(recorder);
    result = build(recorder);
    if (result != TD_OK) {
        td_recorder_destroy(recorder);
        return result;
    }
    *out = recorder;
    return TD_OK;
}

static void destroy_slot(td_recorder *recorder, recorder_slot *slot)
{
    const td_device *device = recorder->device;
    (void)tdi_ticket_wait(recorder->device, slot->last, TD_FOREVER);
    for (uint32_t i = 0; slot->pools && i < recorder->thread_count; i++) {
        if (slot->pools[i].handle)
            device->vk.vkDestroyCommandPool(device->handle, slot->pools[i].handle, NULL);
        tdi_free(slot->pools[i].levels[0].items);
        tdi_free(slot->pools[i].levels[1].items);
    }
    tdi_free(slot->pools);
}

static void stop_threads(td_recorder *recorder)
{
    tdi_mutex_lock(&recorder->lock);
    recorder->stopping = true;
    tdi_cond_broadcast(&recorder->came);
    tdi_mutex_unlock(&recorder->lock);
    for (uint32_t i = 1; i <= recorder->started; i++)
        tdi_thread_join(&recorder->threads[i].handle);
}

void td_recorder_destroy(td_recorder *recorder)
{
    if (!recorder || !tdi_living(recorder))
        return;
    tdi_living_remove(recorder);
    stop_threads(recorder);
    for (uint32_t i = 0; recorder->slots && i < recorder->slot_count; i++)
        destroy_slot(recorder, &recorder->slots[i]);
    tdi_free(recorder->slots);
    tdi_free(recorder->threads);
    tdi_free(recorder->ordered);
    tdi_cond_destroy(&recorder->idle);
    tdi_cond_destroy(&recorder->came);
    tdi_mutex_destroy(&recorder->lock);
    tdi_free(recorder);
}
