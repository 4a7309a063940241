#include "async/plan_spans.h"

#include "async/copy.h"
#include "async/device_clock.h"
#include "async/monitor.h"
#include "async/waiter.h"
#include "base/clock.h"
#include "base/memory.h"

/* One timestamp before the passes of a batch and one after each: what follows a pass begins where
 * it ended. */
static uint32_t first_query(const td_plan *plan, uint32_t batch)
{
    return plan->batches[batch].first_pass + batch;
}

static uint32_t query_count(const td_plan *plan)
{
    return (uint32_t)plan->graph->pass_count + plan->batch_count;
}

static bool is_timed(const plan_spans *spans, uint32_t batch)
{
    uint32_t queue = spans->plan->batches[batch].queue;
    return spans->pool && spans->device->queues[queue].timestamp_bits > 0;
}

/* lavapipe waits for the whole device before it answers vkGetQueryPoolResults, which would hold up
 * every callback, so there the device itself copies the timestamps, where the queue can: one that
 * only transfers may not. Elsewhere asking waits for nothing and saves the copy. */
static bool copies(const plan_spans *spans, uint32_t batch)
{
    const tdi_queue *queue = &spans->device->queues[spans->plan->batches[batch].queue];
    return spans->device->info.software &&
           (queue->capabilities & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT));
}

/* Few bytes, in memory that frames have anyway. */
static td_result make_copied(plan_spans *spans)
{
    const tdi_buffer_params params = {
        .name = "timestamps",
        .size = query_count(spans->plan) * sizeof(uint64_t),
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_UPLOAD,
        .category = TD_BUDGET_STAGING,
    };
    return tdi_buffer_create(spans->device, &params, &spans->copied);
}

static td_result make_queries(plan_spans *spans)
{
    const td_device *device = spans->device;
    const VkQueryPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_TIMESTAMP,
        .queryCount = query_count(spans->plan),
    };
    spans->read = tdi_alloc_zero(info.queryCount, sizeof spans->read[0]);
    if (!spans->read)
        return TD_ERROR_HOST_MEMORY;
    if (device->info.software)
        TDI_TRY(make_copied(spans));
    return tdi_vk_check(device->vk.vkCreateQueryPool(device->handle, &info, NULL, &spans->pool),
                        "vkCreateQueryPool");
}

static td_result make_locks(plan_spans *spans)
{
    TDI_TRY(tdi_mutex_init(&spans->mutex, TDI_RANK_WAITER));
    td_result result = tdi_cond_init(&spans->idle);
    if (result != TD_OK)
        tdi_mutex_destroy(&spans->mutex);
    return result;
}

td_result tdi_plan_spans_init(plan_spans *spans, td_device *device, const td_plan *plan)
{
    spans->plan = plan;
    TDI_TRY(tdi_device_clock_of(device, &spans->clock));
    TDI_TRY(make_locks(spans));
    spans->device = device;
    return spans->clock ? make_queries(spans) : TD_OK;
}

static void wait_until_told(plan_spans *spans)
{
    tdi_mutex_lock(&spans->mutex);
    while (spans->watched)
        tdi_cond_wait(&spans->idle, &spans->mutex);
    tdi_mutex_unlock(&spans->mutex);
}

void tdi_plan_spans_destroy(plan_spans *spans)
{
    if (!spans->device)
        return;
    wait_until_told(spans);
    if (spans->pool)
        spans->device->vk.vkDestroyQueryPool(spans->device->handle, spans->pool, NULL);
    tdi_buffer_destroy(spans->device, &spans->copied);
    tdi_free(spans->read);
    tdi_cond_destroy(&spans->idle);
    tdi_mutex_destroy(&spans->mutex);
}

static void stamp(const plan_spans *spans, VkCommandBuffer commands, uint32_t batch, uint32_t query)
{
    if (spans->monitor && is_timed(spans, batch))
        spans->device->vk.vkCmdWriteTimestamp2(commands, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                               spans->pool, query);
}

void tdi_plan_spans_start_batch(plan_spans *spans, VkCommandBuffer commands, uint32_t batch)
{
    stamp(spans, commands, batch, first_query(spans->plan, batch));
}

void tdi_plan_spans_after_pass(plan_spans *spans, VkCommandBuffer commands, uint32_t batch,
                               uint32_t place)
{
    stamp(spans, commands, batch, first_query(spans->plan, batch) + place + 1);
}

void tdi_plan_spans_end_batch(plan_spans *spans, VkCommandBuffer commands, uint32_t batch)
{
    td_device *device = spans->device;
    uint32_t first = first_query(spans->plan, batch);
    if (!spans->monitor || !is_timed(spans, batch) || !copies(spans, batch))
        return;
    device->vk.vkCmdCopyQueryPoolResults(
        commands, spans->pool, first, spans->plan->batches[batch].pass_count + 1,
        spans->copied.handle, first * sizeof(uint64_t), sizeof(uint64_t),
        VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
    tdi_record_to_host(device, commands, VK_PIPELINE_STAGE_2_COPY_BIT,
                       VK_ACCESS_2_TRANSFER_WRITE_BIT);
}

static void add_pass(const plan_spans *spans, uint32_t batch, uint32_t place, const uint64_t *ticks)
{
    const tdi_plan_batch *planned = &spans->plan->batches[batch];
    const td_graph *graph = spans->plan->graph;
    const graph_pass *pass = &graph->passes[spans->plan->order[planned->first_pass + place]];
    uint32_t bits = spans->device->queues[planned->queue].timestamp_bits;
    if (pass->params.record)
        td_monitor_add_lane(spans->monitor, pass->params.lane, pass->name,
                            (int64_t)spans->frame_index,
                            tdi_device_clock_to_host(spans->clock, ticks[place], bits),
                            tdi_device_clock_to_host(spans->clock, ticks[place + 1], bits));
}

/* NULL if there are none to be had. */
static const uint64_t *ticks_of(plan_spans *spans, uint32_t batch)
{
    const td_device *device = spans->device;
    uint32_t first = first_query(spans->plan, batch);
    uint32_t count = spans->plan->batches[batch].pass_count + 1;
    if (copies(spans, batch))
        return (const uint64_t *)spans->copied.memory.mapped + first;
    VkResult result = device->vk.vkGetQueryPoolResults(
        device->handle, spans->pool, first, count, count * sizeof spans->read[0],
        spans->read + first, sizeof spans->read[0], VK_QUERY_RESULT_64_BIT);
    return result == VK_SUCCESS ? spans->read + first : NULL;
}

static void add_batch(plan_spans *spans, uint32_t batch)
{
    const uint64_t *ticks = ticks_of(spans, batch);
    for (uint32_t i = 0; ticks && i < spans->plan->batches[batch].pass_count; i++)
        add_pass(spans, batch, i, ticks);
}

/* Without a clock to compare with: from the submission to the moment when its end was seen. */
static void add_host_times(const plan_spans *spans, uint32_t batch)
{
    td_monitor_add_lane(spans->monitor, spans->plan->batches[batch].lane, spans->plan->graph->name,
                        (int64_t)spans->frame_index, spans->submitted_ns, tdi_now_ns());
}

/* Like its spans, a submission counts for each lane that it has work of: lanes share queues. */
static void count_submission(const plan_spans *spans, uint32_t batch)
{
    const td_plan *plan = spans->plan;
    const tdi_plan_batch *planned = &plan->batches[batch];
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < planned->pass_count && is_timed(spans, batch); i++) {
        const td_pass_params *pass =
            &plan->graph->passes[plan->order[planned->first_pass + i]].params;
        if (pass->record)
            lanes |= 1u << pass->lane;
    }
    if (lanes == 0)
        lanes = 1u << planned->lane;
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        if (lanes >> lane & 1)
            tdi_monitor_count_submission(spans->monitor, (td_lane)lane);
    }
}

static void hand_over(plan_spans *spans)
{
    spans->pending = false;
    for (uint32_t batch = 0; batch < spans->plan->batch_count; batch++) {
        count_submission(spans, batch);
        if (is_timed(spans, batch))
            add_batch(spans, batch);
        else if (spans->plan->batches[batch].pass_count > 0)
            add_host_times(spans, batch);
    }
}

/* A callback that executes the plan again may come before the watch of the last execution, on the
 * thread that would tell it: then the spans are handed over here, and the watch goes on to wait for
 * the new execution. */
void tdi_plan_spans_begin(plan_spans *spans, struct td_monitor *monitor, uint64_t frame_index)
{
    if (!tdi_on_completion_thread())
        wait_until_told(spans);
    else if (spans->pending)
        hand_over(spans);
    spans->monitor = monitor;
    spans->frame_index = frame_index;
    if (monitor && spans->pool)
        spans->device->vk.vkResetQueryPool(spans->device->handle, spans->pool, 0,
                                           query_count(spans->plan));
}

static void on_reached(tdi_watch *watch, td_result result)
{
    plan_spans *spans = (plan_spans *)((char *)watch - offsetof(plan_spans, watch));
    if (result == TD_OK && spans->pending && !tdi_ticket_reached(spans->device, spans->ticket)) {
        watch->ticket = spans->ticket;
        tdi_ticket_watch(spans->device, watch);
        return;
    }
    if (result == TD_OK && spans->pending)
        hand_over(spans);
    tdi_mutex_lock(&spans->mutex);
    spans->watched = false;
    tdi_cond_signal(&spans->idle);
    tdi_mutex_unlock(&spans->mutex);
}

void tdi_plan_spans_submitted(plan_spans *spans, td_ticket ticket)
{
    if (!spans->monitor)
        return;
    spans->submitted_ns = tdi_now_ns();
    spans->ticket = ticket;
    spans->pending = true;
    tdi_mutex_lock(&spans->mutex);
    bool watched = spans->watched;
    spans->watched = true;
    tdi_mutex_unlock(&spans->mutex);
    if (watched)
        return;
    spans->watch = (tdi_watch){.ticket = ticket, .reached = on_reached};
    tdi_ticket_watch(spans->device, &spans->watch);
}
