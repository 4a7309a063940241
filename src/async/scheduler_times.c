#include "async/scheduler_times.h"

#include "base/clock.h"

/* A frame whose timestamps are not there after so many further frames was never submitted. */
#define MOST_POLLS 64

/* lavapipe waits for the whole device before it answers vkGetQueryPoolResults. */
static bool can_stamp(const td_device *device)
{
    const tdi_queue *compute = &device->queues[device->lane_queue[TD_LANE_COMPUTE]];
    const tdi_queue *graphics = &device->queues[device->lane_queue[TD_LANE_GRAPHICS]];
    return device->features.host_query_reset && !device->info.software && compute->timestamp_bits &&
           graphics->timestamp_bits;
}

td_result tdi_scheduler_times_init(tdi_scheduler_times *times, td_device *device)
{
    const VkQueryPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_TIMESTAMP,
        .queryCount = TDI_TIMES_FRAMES * TDI_TIMES_QUERIES,
    };
    *times = (tdi_scheduler_times){.device = device};
    if (!can_stamp(device))
        return TD_OK;
    return tdi_vk_check(device->vk.vkCreateQueryPool(device->handle, &info, NULL, &times->pool),
                        "vkCreateQueryPool");
}

void tdi_scheduler_times_destroy(tdi_scheduler_times *times)
{
    if (times->pool)
        times->device->vk.vkDestroyQueryPool(times->device->handle, times->pool, NULL);
}

static uint32_t first_query(const tdi_scheduler_times *times, const tdi_timed_frame *frame)
{
    return (uint32_t)(frame - times->frames) * TDI_TIMES_QUERIES;
}

void tdi_scheduler_times_begin(tdi_scheduler_times *times, uint32_t block, uint32_t queue)
{
    times->begun++;
    if (times->count == TDI_TIMES_FRAMES)
        return;
    times->open = &times->frames[(times->first + times->count) % TDI_TIMES_FRAMES];
    *times->open = (tdi_timed_frame){
        .block = block,
        .number = times->begun,
        .begun_ns = times->pool ? 0 : tdi_now_ns(),
        .bits = times->device->queues[queue].timestamp_bits,
    };
    /* By the host, so that what the ring's last turn left is never taken for this frame's. */
    if (times->pool)
        times->device->vk.vkResetQueryPool(times->device->handle, times->pool,
                                           first_query(times, times->open), TDI_TIMES_QUERIES);
}

static void stamp(tdi_scheduler_times *times, VkCommandBuffer commands)
{
    tdi_timed_frame *frame = times->open;
    times->device->vk.vkCmdWriteTimestamp2(commands, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                           times->pool,
                                           first_query(times, frame) + frame->queries++);
}

void tdi_scheduler_times_before(tdi_scheduler_times *times, VkCommandBuffer commands)
{
    if (times->open && times->pool && times->open->queries == 0)
        stamp(times, commands);
}

void tdi_scheduler_times_after(tdi_scheduler_times *times, VkCommandBuffer commands)
{
    if (times->open && times->pool && times->open->queries < TDI_TIMES_QUERIES)
        stamp(times, commands);
}

void tdi_scheduler_times_end(tdi_scheduler_times *times, bool dropped, tdi_auto *told)
{
    tdi_timed_frame *frame = times->open;
    times->open = NULL;
    if (!frame)
        return;
    if (dropped || (times->pool && frame->queries == 0))
        tdi_auto_lost(told, frame->block);
    else
        times->count++;
}

/* Of a counter that may have wrapped around in between. */
static uint64_t ticks_between(uint64_t from, uint64_t to, uint32_t bits)
{
    const uint64_t valid = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
    return (to - from) & valid;
}

/* False while the device is not done with the frame. */
static bool tell_frame(tdi_scheduler_times *times, const tdi_timed_frame *frame, tdi_auto *told)
{
    const td_device *device = times->device;
    const double ns = (double)device->properties.limits.timestampPeriod;
    uint64_t ticks[TDI_TIMES_QUERIES];
    if (!times->pool) {
        tdi_auto_timed(told, frame->block, frame->begun_ns, frame->number, 0);
        return true;
    }
    const VkResult result = device->vk.vkGetQueryPoolResults(
        device->handle, times->pool, first_query(times, frame), frame->queries, sizeof ticks, ticks,
        sizeof ticks[0], VK_QUERY_RESULT_64_BIT);
    if (result == VK_NOT_READY)
        return false;
    if (result != VK_SUCCESS) {
        tdi_auto_lost(told, frame->block);
        return true;
    }
    const uint64_t busy = ticks_between(ticks[0], ticks[frame->queries - 1], frame->bits);
    times->ticks += ticks_between(times->last_ticks, ticks[0], frame->bits);
    times->last_ticks = ticks[0];
    tdi_auto_timed(told, frame->block, (uint64_t)((double)times->ticks * ns), frame->number,
                   (uint64_t)((double)busy * ns));
    return true;
}

static void drop_oldest(tdi_scheduler_times *times)
{
    times->first = (times->first + 1) % TDI_TIMES_FRAMES;
    times->count--;
    times->polls = 0;
}

void tdi_scheduler_times_tell(tdi_scheduler_times *times, tdi_auto *told)
{
    while (times->count > 0 && tell_frame(times, &times->frames[times->first], told))
        drop_oldest(times);
    if (times->count == 0 || ++times->polls < MOST_POLLS)
        return;
    tdi_auto_lost(told, times->frames[times->first].block);
    while (times->count > 0)
        drop_oldest(times);
}
