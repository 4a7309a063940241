/* The automatic scheduler: it alternates modes, times frames by the device's timestamps, keeps the
 * faster mode, and adds nothing to passthrough frames that are not timed. */
#include "fake_device.h"

#include <string.h>

#include <tandem/scheduler.h>

/* A device's clock that a test turns: each timestamp is of the moment it is recorded at. */
typedef struct fake_clock {
    uint64_t now;
    uint64_t values[1024];
    bool available[1024];
    uint32_t stamps, pools;
    bool hold; /* nothing is available */
} fake_clock;
static fake_clock ticking;

static VkResult create_queries(VkDevice device, const VkQueryPoolCreateInfo *info,
                               const VkAllocationCallbacks *allocator, VkQueryPool *out)
{
    (void)device;
    (void)allocator;
    assert_true(info->queryCount <= 1024);
    *out = (VkQueryPool)&ticking;
    ticking.pools++;
    return VK_SUCCESS;
}

static void destroy_queries(VkDevice device, VkQueryPool pool,
                            const VkAllocationCallbacks *allocator)
{
    (void)device;
    (void)pool;
    (void)allocator;
    ticking.pools--;
}

static void reset_queries(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count)
{
    (void)device;
    (void)pool;
    memset(ticking.available + first, 0, count * sizeof ticking.available[0]);
}

static void write_timestamp(VkCommandBuffer commands, VkPipelineStageFlags2 stage, VkQueryPool pool,
                            uint32_t query)
{
    (void)commands;
    (void)stage;
    (void)pool;
    assert_false(ticking.available[query]);
    ticking.values[query] = ticking.now;
    ticking.available[query] = true;
    ticking.stamps++;
}

static VkResult get_results(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count,
                            size_t size, void *data, VkDeviceSize stride, VkQueryResultFlags flags)
{
    (void)device;
    (void)pool;
    assert_int_equal(stride, sizeof(uint64_t));
    assert_int_equal(flags, VK_QUERY_RESULT_64_BIT);
    assert_true(count * stride <= size);
    for (uint32_t i = 0; i < count; i++) {
        if (ticking.hold || !ticking.available[first + i])
            return VK_NOT_READY;
    }
    memcpy(data, ticking.values + first, count * sizeof(uint64_t));
    return VK_SUCCESS;
}

static td_device *make_device(uint32_t timestamp_bits)
{
    td_device *device = fake_device_create(3);
    memset(&ticking, 0, sizeof ticking);
    device->vk.vkCreateQueryPool = create_queries;
    device->vk.vkDestroyQueryPool = destroy_queries;
    device->vk.vkResetQueryPool = reset_queries;
    device->vk.vkCmdWriteTimestamp2 = write_timestamp;
    device->vk.vkGetQueryPoolResults = get_results;
    device->properties.limits.timestampPeriod = 2;
    device->features.host_query_reset = true;
    for (uint32_t i = 0; i < 3; i++)
        device->queues[i].timestamp_bits = timestamp_bits;
    return device;
}

static td_scheduler *make(td_device *device)
{
    const td_scheduler_params params = {.frames_in_flight = 2};
    td_scheduler *scheduler = NULL;
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_OK);
    return scheduler;
}

static td_result work(void *user, VkCommandBuffer commands)
{
    (void)commands;
    ticking.now += *(uint64_t *)user;
    return TD_OK;
}

/* Frames of a million ticks passed through, and of `async_ticks` otherwise. */
static void run(td_scheduler *scheduler, uint64_t frames, uint64_t async_ticks)
{
    for (uint64_t i = 0; i < frames; i++) {
        uint64_t busy = 1000;
        assert_int_equal(
            td_scheduler_begin_frame(scheduler, i, (VkCommandBuffer)0x1234, UINT64_MAX), TD_OK);
        assert_int_equal(td_scheduler_record(scheduler, work, &busy), TD_OK);
        assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
        ticking.now += (td_scheduler_is_async(scheduler) ? async_ticks : 1000000) - busy;
    }
}

static td_scheduler_info info_of(td_scheduler *scheduler)
{
    td_scheduler_info info;
    td_scheduler_get_info(scheduler, &info);
    return info;
}

static void the_faster_mode_is_kept(void **state)
{
    (void)state;
    for (uint64_t async_ticks = 500000; async_ticks <= 1500000; async_ticks += 1000000) {
        td_device *device = make_device(64);
        td_scheduler *scheduler = make(device);
        assert_true(info_of(scheduler).measuring);
        assert_true(info_of(scheduler).async_ms == 0);
        run(scheduler, 60, async_ticks);
        const td_scheduler_info info = info_of(scheduler);
        assert_false(info.measuring);
        assert_int_equal(info.async, async_ticks < 1000000);
        assert_true(info.passthrough_ms == 2.0);
        assert_true(info.async_ms == (double)async_ticks * 2 / 1e6);
        assert_int_equal(info.decisions, 1);
        assert_non_null(strstr(info.reason, "faster"));
        td_scheduler_destroy(scheduler);
        assert_int_equal(ticking.pools, 0);
        fake_device_destroy();
    }
}

/* A counter of 36 bits that wraps in the middle of a block. */
static void a_counter_that_wraps_is_read_right(void **state)
{
    (void)state;
    td_device *device = make_device(36);
    td_scheduler *scheduler = make(device);
    ticking.now = (UINT64_C(1) << 36) - 5 * 500000;
    for (uint32_t i = 0; i < 60; i++) {
        run(scheduler, 1, 500000);
        ticking.now &= (UINT64_C(1) << 36) - 1;
    }
    assert_true(info_of(scheduler).async_ms == 1.0);
    assert_true(info_of(scheduler).async);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void settled_passthrough_frames_are_left_alone(void **state)
{
    (void)state;
    td_device *device = make_device(64);
    td_scheduler *scheduler = make(device);
    run(scheduler, 60, 2000000);
    assert_false(info_of(scheduler).async);
    const uint32_t stamps = ticking.stamps, submissions = fake_submission_count();
    run(scheduler, 320, 2000000);
    assert_int_equal(ticking.stamps - stamps, 20);
    assert_int_equal(fake_submission_count(), submissions);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

/* Compute work of a frame may need what passthrough frames before it left on the other queue. */
static void the_first_asynchronous_frame_follows_the_graphics_queue(void **state)
{
    (void)state;
    td_device *device = make_device(64);
    td_scheduler *scheduler = make(device);
    bool passed_through = false;
    for (uint32_t i = 0; i < 60; i++) {
        const uint32_t before = fake_submission_count();
        run(scheduler, 1, 990000);
        if (!td_scheduler_is_async(scheduler)) {
            passed_through = true;
            continue;
        }
        if (!passed_through) {
            assert_int_equal(fake_submission_count(), before + 1);
            continue;
        }
        assert_int_equal(fake_submission_count(), before + 3);
        assert_int_equal(fake_submission_at(before).queue, 0);
        const fake_submission waits = fake_submission_at(before + 1);
        assert_int_equal(waits.queue, 1);
        assert_int_equal(waits.wait_count, 1);
        assert_int_equal(waits.waits[0].queue, 0);
        assert_int_equal(waits.waits[0].value, fake_submission_at(before).signal);
        td_scheduler_destroy(scheduler);
        fake_device_destroy();
        return;
    }
    fail_msg("it never came back to asynchronous frames");
}

static void graphics_waits_for_what_passthrough_would_need(void **state)
{
    (void)state;
    td_device *device = make_device(64);
    td_scheduler *scheduler = make(device);
    run(scheduler, 1, 1000000);
    td_wait wait;
    uint32_t count;
    assert_int_equal(td_scheduler_waits(scheduler, &wait, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_true(wait.stages & VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT);
    assert_true(wait.stages & VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void frames_that_never_finish_end_the_measuring(void **state)
{
    (void)state;
    td_device *device = make_device(64);
    td_scheduler *scheduler = make(device);
    ticking.hold = true;
    for (uint32_t i = 0; i < 100 && info_of(scheduler).measuring; i++)
        run(scheduler, 100, 1000000);
    assert_false(info_of(scheduler).measuring);
    assert_non_null(strstr(info_of(scheduler).reason, "timed"));
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

/* Asking for a slot again and again is no frame of a block. */
static void frames_that_could_not_begin_do_not_count(void **state)
{
    (void)state;
    const VkCommandBuffer graphics = (VkCommandBuffer)0x1234;
    td_device *device = make_device(64);
    td_scheduler *scheduler = make(device);
    uint64_t polls = 0;
    fake_hold(true);
    for (uint64_t frame = 0; info_of(scheduler).measuring && frame < 100; frame++) {
        uint64_t busy = 1000;
        for (uint32_t poll = 0; td_scheduler_begin_frame(scheduler, frame, graphics, 0) != TD_OK;
             poll++) {
            fake_hold(poll < 20000);
            polls++;
        }
        fake_hold(true);
        assert_int_equal(td_scheduler_record(scheduler, work, &busy), TD_OK);
        assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
        ticking.now += (td_scheduler_is_async(scheduler) ? 500000 : 1000000) - busy;
    }
    const td_scheduler_info info = info_of(scheduler);
    assert_true(polls >= 20000);
    assert_false(info.measuring);
    assert_true(info.async);
    assert_true(info.async_ms == 1.0 && info.passthrough_ms == 2.0);
    fake_hold(false);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void without_timestamps_the_host_tells_the_time(void **state)
{
    (void)state;
    td_device *device = make_device(0);
    td_scheduler *scheduler = make(device);
    for (uint32_t i = 0; i < 1000 && info_of(scheduler).measuring; i++)
        run(scheduler, 10, 1000000);
    const td_scheduler_info info = info_of(scheduler);
    assert_int_equal(ticking.stamps, 0);
    assert_false(info.measuring);
    assert_true(info.async_ms > 0 && info.passthrough_ms > 0);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faster_mode_is_kept),
        cmocka_unit_test(a_counter_that_wraps_is_read_right),
        cmocka_unit_test(settled_passthrough_frames_are_left_alone),
        cmocka_unit_test(the_first_asynchronous_frame_follows_the_graphics_queue),
        cmocka_unit_test(graphics_waits_for_what_passthrough_would_need),
        cmocka_unit_test(frames_that_never_finish_end_the_measuring),
        cmocka_unit_test(frames_that_could_not_begin_do_not_count),
        cmocka_unit_test(without_timestamps_the_host_tells_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
