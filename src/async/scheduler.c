#include <tandem/scheduler.h>

#include "async/lane.h"
#include "async/scheduler_semaphores.h"
#include "async/scheduler_times.h"
#include "async/waiter.h"
#include "base/clock.h"
#include "base/living.h"
#include "base/log.h"
#include "base/memory.h"

#define MOST_FRAMES TDI_MOST_LEFT

/* What graphics does with what compute work leaves. */
#define CONSUMER_STAGES                                                                            \
    (VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |               \
     VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT)

/* Automatic: the next frame's compute work may be among the graphics work, after this frame's. */
#define PASSTHROUGH_STAGES                                                                         \
    (VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT)

typedef enum frame_state {
    FRAME_NONE, /* none begun, or it was dropped */
    FRAME_OPEN,
    FRAME_SUBMITTED,
} frame_state;

typedef struct frame_slot {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkSemaphore binary;
    bool signalled, handed_out; /* the binary semaphore, of the slot's last frame */
    td_ticket compute, consumed;
} frame_slot;

struct td_scheduler {
    td_device *device;
    td_scheduler_params params;
    bool async;         /* of the frame that is open, or the last one */
    bool automatic;     /* the mode may change */
    const char *reason; /* where it may not */
    tdi_auto choice;    /* where it may */
    bool chosen;        /* `next` holds until a frame was begun with it */
    tdi_auto_frame next;
    tdi_scheduler_times times;
    frame_state state;
    bool follows;             /* a passthrough frame; of an automatic scheduler */
    frame_slot *slot;         /* of the frame */
    VkCommandBuffer commands; /* that the frame's compute work goes into */
    td_wait waits[TD_MAX_WAITS];
    uint32_t wait_count;
    uint64_t frames;
    tdi_left_semaphores *left; /* NULL: there are no binary semaphores */
    frame_slot slots[MOST_FRAMES];
};

/* What every call begins with. `ok`: the pointers that it needs are there. */
static td_result check_call(const char *call, const td_scheduler *scheduler, bool ok)
{
    if (!scheduler || !ok)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: no argument may be NULL", call);
    if (!tdi_living(scheduler))
        return tdi_fail(TD_ERROR_STATE, "%s: this scheduler was destroyed; make a new one", call);
    return TD_OK;
}

static td_result check_open(const char *call, const td_scheduler *scheduler)
{
    if (scheduler->state == FRAME_NONE)
        return tdi_fail(TD_ERROR_STATE, "%s: no frame is open; call td_scheduler_begin_frame first",
                        call);
    if (scheduler->state == FRAME_SUBMITTED)
        return tdi_fail(TD_ERROR_STATE,
                        "%s: the frame is submitted; call td_scheduler_begin_frame for the next "
                        "one",
                        call);
    return TD_OK;
}

static bool compute_has_own_queue(const td_device *device)
{
    return device->lane_queue[TD_LANE_COMPUTE] != device->lane_queue[TD_LANE_GRAPHICS];
}

static td_result check_params(const td_device *device, const td_scheduler_params *params)
{
    if (params->frames_in_flight < 1 || params->frames_in_flight > MOST_FRAMES)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scheduler_create: %u frames in flight; 1 to %d are possible",
                        params->frames_in_flight, MOST_FRAMES);
    if ((unsigned)params->mode > TD_ASYNC_ON)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scheduler_create: there is no mode %d",
                        (int)params->mode);
    if (params->mode == TD_ASYNC_ON && !compute_has_own_queue(device))
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "td_scheduler_create: compute has no queue of its own on this device, so "
                        "it cannot be asynchronous; use mode auto or off");
    return TD_OK;
}

static td_result make_commands(const td_scheduler *scheduler, frame_slot *slot)
{
    td_device *device = scheduler->device;
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_COMPUTE]].family,
    };
    TDI_TRY(tdi_lane_check(device,
                           device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &slot->pool),
                           "vkCreateCommandPool"));
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = slot->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    return tdi_lane_check(
        device, device->vk.vkAllocateCommandBuffers(device->handle, &commands, &slot->commands),
        "vkAllocateCommandBuffers");
}

static void destroy_binary(const td_device *device, frame_slot *slot)
{
    if (slot->binary)
        device->vk.vkDestroySemaphore(device->handle, slot->binary, NULL);
    slot->binary = VK_NULL_HANDLE;
}

/* A binary semaphore that was signalled and that nobody will wait for cannot be signalled again. */
static td_result renew_binary(const td_scheduler *scheduler, frame_slot *slot)
{
    td_device *device = scheduler->device;
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    const bool stale = slot->signalled && !slot->handed_out;
    slot->signalled = slot->handed_out = false;
    if (!scheduler->params.binary_semaphores || (slot->binary && !stale))
        return TD_OK;
    destroy_binary(device, slot);
    return tdi_lane_check(device,
                          device->vk.vkCreateSemaphore(device->handle, &info, NULL, &slot->binary),
                          "vkCreateSemaphore");
}

static td_result make_slots(td_scheduler *scheduler)
{
    TDI_TRY(tdi_lanes_ready(scheduler->device));
    if (scheduler->params.binary_semaphores)
        TDI_TRY(tdi_left_semaphores_create(scheduler->device, &scheduler->left));
    for (uint32_t i = 0; i < scheduler->params.frames_in_flight; i++) {
        TDI_TRY(make_commands(scheduler, &scheduler->slots[i]));
        TDI_TRY(renew_binary(scheduler, &scheduler->slots[i]));
    }
    return scheduler->automatic ? tdi_scheduler_times_init(&scheduler->times, scheduler->device)
                                : TD_OK;
}

/* Compute may run ahead of graphics by as many frames as there are slots, and then no more. */
static void begin_choice(td_scheduler *scheduler)
{
    const tdi_auto_params params = {
        .warmup = scheduler->params.frames_in_flight + 1,
        .block_frames = 8,
        .block_ns = 2 * TDI_NS_PER_MS,
        .most_frames = 256,
        .sample_every = 32,
        .again_after = 4096,
        .change = 0.25,
    };
    tdi_auto_init(&scheduler->choice, &params, true);
}

static void choose_mode(td_scheduler *scheduler)
{
    const td_async_mode mode = scheduler->params.mode;
    scheduler->async = mode != TD_ASYNC_OFF && compute_has_own_queue(scheduler->device);
    scheduler->automatic = mode == TD_ASYNC_AUTO && scheduler->async;
    if (mode == TD_ASYNC_AUTO)
        scheduler->reason = "compute has no queue of its own on this device";
    else
        scheduler->reason = "asked for";
    if (scheduler->automatic)
        begin_choice(scheduler);
}

static void log_mode(const td_scheduler *scheduler)
{
    const td_device *device = scheduler->device;
    const tdi_queue *queue = &device->queues[device->lane_queue[TD_LANE_COMPUTE]];
    tdi_log(TD_LOG_INFO, "scheduler: compute is %s, on queue %u of family %u (%s)",
            scheduler->async ? "asynchronous" : "passed through", queue->index, queue->family,
            scheduler->automatic ? scheduler->choice.reason : scheduler->reason);
}

td_result td_scheduler_create(td_device *device, const td_scheduler_params *params,
                              td_scheduler **out)
{
    TDI_TRY(tdi_device_check(device, "td_scheduler_create"));
    if (!params || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scheduler_create: no argument may be NULL");
    TDI_TRY(check_params(device, params));
    td_scheduler *scheduler = tdi_alloc_zero(1, sizeof *scheduler);
    if (!scheduler)
        return TD_ERROR_HOST_MEMORY;
    scheduler->device = device;
    scheduler->params = *params;
    choose_mode(scheduler);
    tdi_living_add(scheduler);
    const td_result result = scheduler->async ? make_slots(scheduler) : TD_OK;
    if (result != TD_OK) {
        td_scheduler_destroy(scheduler);
        return result;
    }
    log_mode(scheduler);
    *out = scheduler;
    return TD_OK;
}

/* What a wait of the program's may still need, though nothing named the work that waits. */
static bool may_be_waited_for(const frame_slot *slot)
{
    return slot->signalled && slot->handed_out && slot->consumed.value == 0;
}

static void free_slot(const td_scheduler *scheduler, frame_slot *slot)
{
    td_device *device = scheduler->device;
    (void)tdi_ticket_wait(device, slot->compute, UINT64_MAX);
    (void)tdi_ticket_wait(device, slot->consumed, UINT64_MAX);
    if (may_be_waited_for(slot)) {
        scheduler->left->handles[scheduler->left->count++] = slot->binary;
        slot->binary = VK_NULL_HANDLE;
    }
    destroy_binary(device, slot);
    device->vk.vkDestroyCommandPool(device->handle, slot->pool, NULL);
}

void td_scheduler_destroy(td_scheduler *scheduler)
{
    if (!scheduler)
        return;
    if (!tdi_living(scheduler)) {
        tdi_log(TD_LOG_ERROR, "td_scheduler_destroy: this scheduler was destroyed before");
        return;
    }
    tdi_living_remove(scheduler);
    for (uint32_t i = 0; i < MOST_FRAMES; i++) {
        if (scheduler->slots[i].pool)
            free_slot(scheduler, &scheduler->slots[i]);
    }
    tdi_left_semaphores_leave(scheduler->device, scheduler->left);
    tdi_scheduler_times_destroy(&scheduler->times);
    tdi_free(scheduler);
}

bool td_scheduler_is_async(const td_scheduler *scheduler)
{
    return check_call("td_scheduler_is_async", scheduler, true) == TD_OK && scheduler->async;
}

static void drop_frame(td_scheduler *scheduler)
{
    tdi_scheduler_times_end(&scheduler->times, true, &scheduler->choice);
    scheduler->state = FRAME_NONE;
    scheduler->wait_count = 0;
}

static td_result wait_for_slot(td_device *device, const frame_slot *slot, uint64_t timeout_ns)
{
    const char *const call = "td_scheduler_begin_frame";
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    td_result result = tdi_ticket_wait_for_call(device, slot->compute, timeout_ns, call);
    const uint64_t now = slot->consumed.value ? tdi_now_ns() : 0;
    if (result == TD_OK)
        result = tdi_ticket_wait_for_call(device, slot->consumed,
                                          now < deadline ? deadline - now : 0, call);
    if (result == TD_ERROR_TIMEOUT)
        return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT,
                        "%s: the slot's last frame is not done; try again later or with a longer "
                        "limit",
                        call);
    return result;
}

static td_result open_slot(td_scheduler *scheduler, frame_slot *slot, uint64_t timeout_ns)
{
    td_device *device = scheduler->device;
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TDI_TRY(wait_for_slot(device, slot, timeout_ns));
    TDI_TRY(renew_binary(scheduler, slot));
    slot->compute = slot->consumed = (td_ticket){0};
    TDI_TRY(tdi_lane_check(device, device->vk.vkResetCommandPool(device->handle, slot->pool, 0),
                           "vkResetCommandPool"));
    TDI_TRY(tdi_lane_check(device, device->vk.vkBeginCommandBuffer(slot->commands, &begin),
                           "vkBeginCommandBuffer"));
    scheduler->commands = slot->commands;
    return TD_OK;
}

static td_result begin_async(td_scheduler *scheduler, uint64_t frame_index, uint64_t timeout_ns)
{
    scheduler->slot = &scheduler->slots[frame_index % scheduler->params.frames_in_flight];
    return open_slot(scheduler, scheduler->slot, timeout_ns);
}

static void choose_frame(td_scheduler *scheduler)
{
    const uint32_t decisions = scheduler->choice.decisions;
    if (scheduler->chosen)
        return;
    tdi_scheduler_times_tell(&scheduler->times, &scheduler->choice);
    scheduler->next = tdi_auto_next(&scheduler->choice);
    scheduler->chosen = true;
    scheduler->async = scheduler->next.async;
    if (scheduler->choice.decisions != decisions)
        log_mode(scheduler);
}

static void use_choice(td_scheduler *scheduler)
{
    const td_lane lane = scheduler->async ? TD_LANE_COMPUTE : TD_LANE_GRAPHICS;
    scheduler->chosen = false;
    if (scheduler->next.timed)
        tdi_scheduler_times_begin(&scheduler->times, scheduler->next.block,
                                  scheduler->device->lane_queue[lane]);
}

td_result td_scheduler_begin_frame(td_scheduler *scheduler, uint64_t frame_index,
                                   VkCommandBuffer graphics, uint64_t timeout_ns)
{
    TDI_TRY(check_call("td_scheduler_begin_frame", scheduler, true));
    if (!graphics && (scheduler->automatic || !scheduler->async))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scheduler_begin_frame: `graphics` is NULL, and compute work may have "
                        "to be recorded into it");
    if (scheduler->state == FRAME_OPEN)
        drop_frame(scheduler);
    scheduler->state = FRAME_NONE;
    if (scheduler->automatic)
        choose_frame(scheduler);
    scheduler->commands = graphics;
    if (scheduler->async)
        TDI_TRY(begin_async(scheduler, frame_index, timeout_ns));
    if (scheduler->automatic)
        use_choice(scheduler);
    scheduler->wait_count = 0;
    scheduler->state = FRAME_OPEN;
    return TD_OK;
}

/* Of a function that leaves no sentence the code must do: an older failure's would mislead. */
static td_result call_record(td_scheduler_record_fn record, void *user, VkCommandBuffer commands)
{
    if (td_last_error()[0])
        tdi_set_last_error("");
    const td_result result = record(user, commands);
    if (result != TD_OK && !td_last_error()[0])
        return tdi_fail(result, "td_scheduler_record: what records compute work failed: %s",
                        td_result_text(result));
    return result;
}

td_result td_scheduler_record(td_scheduler *scheduler, td_scheduler_record_fn record, void *user)
{
    TDI_TRY(check_call("td_scheduler_record", scheduler, record != NULL));
    TDI_TRY(check_open("td_scheduler_record", scheduler));
#if TDI_LOCK_CHECKS
    tdi_lock_check_none("a lock is held while compute work is recorded");
#endif
    tdi_scheduler_times_before(&scheduler->times, scheduler->commands);
    const td_result result = call_record(record, user, scheduler->commands);
    if (result == TD_OK)
        tdi_scheduler_times_after(&scheduler->times, scheduler->commands);
    else
        drop_frame(scheduler);
    return result;
}

/* In passthrough the graphics queue itself waits, and for its own work it need not. */
static bool is_needless(const td_scheduler *scheduler, const td_wait *wait)
{
    const bool own = wait->ticket.value == 0 ||
                     wait->ticket.queue == scheduler->device->lane_queue[TD_LANE_GRAPHICS];
    return !scheduler->async && own && !wait->semaphore;
}

td_result td_scheduler_wait_for(td_scheduler *scheduler, const td_wait *wait)
{
    TDI_TRY(check_call("td_scheduler_wait_for", scheduler, wait != NULL));
    TDI_TRY(check_open("td_scheduler_wait_for", scheduler));
    TDI_TRY(tdi_ticket_check(scheduler->device, wait->ticket));
    if (is_needless(scheduler, wait))
        return TD_OK;
    if (scheduler->wait_count == TD_MAX_WAITS)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scheduler_wait_for: a frame waits for at most %d",
                        TD_MAX_WAITS);
    scheduler->waits[scheduler->wait_count++] = *wait;
    return TD_OK;
}

/* The compute queue did not wait for the passthrough frames before this one, so it now waits for
 * everything that went to the graphics queue. */
static td_result follow_passthrough(td_scheduler *scheduler)
{
    td_wait wait = {.stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    const tdi_submission behind = {.lane = TD_LANE_GRAPHICS};
    const tdi_submission before = {.lane = TD_LANE_COMPUTE, .waits = &wait, .wait_count = 1};
    td_ticket ignored;
    TDI_TRY(tdi_lane_submit(scheduler->device, &behind, &wait.ticket));
    TDI_TRY(tdi_lane_submit(scheduler->device, &before, &ignored));
    scheduler->follows = false;
    return TD_OK;
}

static td_result submit_async(td_scheduler *scheduler)
{
    td_device *device = scheduler->device;
    frame_slot *slot = scheduler->slot;
    const td_signal signal = {.semaphore = slot->binary};
    const tdi_submission submission = {
        .lane = TD_LANE_COMPUTE,
        .commands = &slot->commands,
        .command_count = 1,
        .waits = scheduler->waits,
        .wait_count = scheduler->wait_count,
        .signals = &signal,
        .signal_count = slot->binary ? 1 : 0,
    };
    TDI_TRY(tdi_lane_check(device, device->vk.vkEndCommandBuffer(slot->commands),
                           "vkEndCommandBuffer"));
    if (scheduler->follows)
        TDI_TRY(follow_passthrough(scheduler));
    TDI_TRY(tdi_lane_submit(device, &submission, &slot->compute));
    slot->signalled = slot->binary != VK_NULL_HANDLE;
    return TD_OK;
}

/* Compute work is the graphics queue's, so what it waits for is waited for there. */
static td_result submit_passthrough(td_scheduler *scheduler)
{
    td_ticket ignored;
    const tdi_submission waits = {
        .lane = TD_LANE_GRAPHICS,
        .waits = scheduler->waits,
        .wait_count = scheduler->wait_count,
    };
    scheduler->follows = true;
    return scheduler->wait_count ? tdi_lane_submit(scheduler->device, &waits, &ignored) : TD_OK;
}

td_result td_scheduler_submit(td_scheduler *scheduler, td_ticket *out)
{
    TDI_TRY(check_call("td_scheduler_submit", scheduler, true));
    TDI_TRY(check_open("td_scheduler_submit", scheduler));
    const td_result result =
        scheduler->async ? submit_async(scheduler) : submit_passthrough(scheduler);
    if (result != TD_OK) {
        drop_frame(scheduler);
        return result;
    }
    tdi_scheduler_times_end(&scheduler->times, false, &scheduler->choice);
    scheduler->state = FRAME_SUBMITTED;
    scheduler->frames++;
    if (out)
        *out = scheduler->async
                   ? scheduler->slot->compute
                   : (td_ticket){.queue = scheduler->device->lane_queue[TD_LANE_GRAPHICS],
                                 .device = scheduler->device->serial};
    return TD_OK;
}

static td_result check_waits(const char *call, const td_scheduler *scheduler, bool ok)
{
    TDI_TRY(check_call(call, scheduler, ok));
    if (scheduler->state == FRAME_NONE)
        return check_open(call, scheduler);
    if (scheduler->async && scheduler->state == FRAME_OPEN)
        return tdi_fail(TD_ERROR_STATE,
                        "%s: the frame's compute work is not submitted; call td_scheduler_submit "
                        "first",
                        call);
    return TD_OK;
}

static bool draws(const td_device *device)
{
    return device->queues[device->lane_queue[TD_LANE_GRAPHICS]].capabilities &
           VK_QUEUE_GRAPHICS_BIT;
}

td_result td_scheduler_waits(td_scheduler *scheduler, td_wait *wait, uint32_t *count)
{
    TDI_TRY(check_waits("td_scheduler_waits", scheduler, wait && count));
    *count = scheduler->async ? 1 : 0;
    if (!scheduler->async)
        return TD_OK;
    *wait = (td_wait){
        .ticket = scheduler->slot->compute,
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT |
                  (draws(scheduler->device) ? CONSUMER_STAGES : 0) |
                  (scheduler->automatic ? PASSTHROUGH_STAGES : 0),
    };
    return TD_OK;
}

td_result td_scheduler_wait_tickets(td_scheduler *scheduler, VkSemaphore *semaphore,
                                    uint64_t *value, VkPipelineStageFlags2 *stages, uint32_t *count)
{
    td_wait wait;
    TDI_TRY(check_call("td_scheduler_wait_tickets", scheduler, semaphore && value && stages));
    TDI_TRY(td_scheduler_waits(scheduler, &wait, count));
    if (*count == 0)
        return TD_OK;
    *semaphore = tdi_queue_timeline(scheduler->device, wait.ticket.queue);
    *value = wait.ticket.value;
    *stages = wait.stages;
    return TD_OK;
}

td_result td_scheduler_wait_semaphores(td_scheduler *scheduler, VkSemaphore *semaphore,
                                       VkPipelineStageFlags *stages, uint32_t *count)
{
    TDI_TRY(check_waits("td_scheduler_wait_semaphores", scheduler, semaphore && stages && count));
    if (!scheduler->params.binary_semaphores)
        return tdi_fail(TD_ERROR_STATE, "td_scheduler_wait_semaphores: the scheduler was made "
                                        "without binary semaphores");
    *count = scheduler->async ? 1 : 0;
    if (!scheduler->async)
        return TD_OK;
    *semaphore = scheduler->slot->binary;
    *stages =
        (VkPipelineStageFlags)((draws(scheduler->device) ? CONSUMER_STAGES
                                                         : VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT) |
                               (scheduler->automatic ? PASSTHROUGH_STAGES : 0));
    scheduler->slot->handed_out = true;
    return TD_OK;
}

td_result td_scheduler_consumed(td_scheduler *scheduler, td_ticket graphics)
{
    TDI_TRY(check_call("td_scheduler_consumed", scheduler, true));
    if (scheduler->state != FRAME_SUBMITTED)
        return tdi_fail(TD_ERROR_STATE, "td_scheduler_consumed: no frame is submitted; call "
                                        "td_scheduler_submit first");
    TDI_TRY(tdi_ticket_check(scheduler->device, graphics));
    if (scheduler->async)
        scheduler->slot->consumed = graphics;
    return TD_OK;
}

static void describe_choice(const td_scheduler *scheduler, td_scheduler_info *out)
{
    const tdi_auto *choice = &scheduler->choice;
    out->async = choice->measuring ? choice->trying : choice->present;
    out->measuring = choice->measuring;
    out->async_ms = choice->median_ns[true] / 1e6;
    out->passthrough_ms = choice->median_ns[false] / 1e6;
    out->decisions = choice->decisions;
    out->reason = choice->reason;
}

void td_scheduler_get_info(const td_scheduler *scheduler, td_scheduler_info *out)
{
    if (out)
        *out = (td_scheduler_info){.reason = "the scheduler was destroyed"};
    if (check_call("td_scheduler_get_info", scheduler, out != NULL) != TD_OK)
        return;
    const td_device *device = scheduler->device;
    *out = (td_scheduler_info){
        .mode = scheduler->params.mode,
        .async = scheduler->async,
        .family = device->queues[device->lane_queue[TD_LANE_COMPUTE]].family,
        .frames = scheduler->frames,
        .reason = scheduler->reason,
    };
    if (scheduler->automatic)
        describe_choice(scheduler, out);
}
