/* The renderer's choice of lanes: by the times a view at which submissions are over. */
#include "fake_device.h"

#include <string.h>

#include "base/clock.h"
#include "render/async_choice.h"

static _Atomic uint64_t now;

static uint64_t read_clock(void)
{
    return now;
}

static td_ticket submit(td_device *device)
{
    const tdi_submission submission = {.lane = TD_LANE_GRAPHICS};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}

static void init(tdi_async_choice *choice, td_device *device, td_async_mode mode)
{
    *choice = (tdi_async_choice){0};
    fake_hold(true);
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
    assert_int_equal(tdi_async_choice_init(choice, device, mode, 2), TD_OK);
}

/* The completion thread sees the end of each submission before the clock goes on. */
static void until_told(tdi_async_choice *choice)
{
    tdi_mutex_lock(&choice->mutex);
    for (uint32_t i = 0; i < choice->count; i++) {
        tdi_timed_submission *timed = &choice->timed[(choice->first + i) % TDI_TIMED_SUBMISSIONS];
        while (timed->done_ns == 0)
            tdi_cond_wait(&choice->told, &choice->mutex);
    }
    tdi_mutex_unlock(&choice->mutex);
}

/* `times`: of a view, by mode; 1 is asynchronous. */
static void run(tdi_async_choice *choice, td_device *device, uint32_t submissions, uint32_t views,
                const uint64_t times[2])
{
    for (uint32_t i = 0; i < submissions; i++) {
        const bool async = tdi_async_choice_next(choice);
        assert_int_equal(tdi_async_choice_next(choice), async);
        const td_ticket ticket = submit(device);
        tdi_async_choice_submitted(choice, ticket, views);
        now += times[async] * views;
        fake_complete(ticket.queue, ticket.value);
        until_told(choice);
    }
}

static td_renderer_info info_of(tdi_async_choice *choice)
{
    td_renderer_info info = {0};
    tdi_async_choice_describe(choice, &info);
    return info;
}

static void the_faster_way_is_kept(void **state)
{
    (void)state;
    const uint64_t slow[2] = {4 * TDI_NS_PER_MS, 6 * TDI_NS_PER_MS};
    const uint64_t fast[2] = {6 * TDI_NS_PER_MS, 4 * TDI_NS_PER_MS};
    for (int faster = 0; faster < 2; faster++) {
        td_device *device = fake_device_create(3);
        tdi_async_choice choice;
        tdi_set_clock(read_clock);
        now = 1;
        init(&choice, device, TD_ASYNC_AUTO);
        assert_true(info_of(&choice).async_measuring);
        /* A submission of fewer views between others tells the same. */
        run(&choice, device, 7, 4, faster ? fast : slow);
        run(&choice, device, 1, 1, faster ? fast : slow);
        run(&choice, device, 40, 4, faster ? fast : slow);
        const td_renderer_info info = info_of(&choice);
        assert_false(info.async_measuring);
        assert_int_equal(info.async, faster);
        assert_int_equal(info.async_decisions, 1);
        assert_true(info.async_ms == (faster ? 4 : 6));
        assert_true(info.passthrough_ms == (faster ? 6 : 4));
        assert_non_null(strstr(info.async_reason, "measured"));
        tdi_async_choice_destroy(&choice);
        tdi_set_clock(NULL);
        fake_device_destroy();
    }
}

/* Blocks last as long by the clock, however many views a submission has. */
static void long_submissions_are_measured_in_few(void **state)
{
    (void)state;
    const uint64_t times[2] = {1000000, 1030000}; /* close, so that no round is enough */
    td_device *device = fake_device_create(3);
    tdi_async_choice choice;
    tdi_set_clock(read_clock);
    now = 1;
    init(&choice, device, TD_ASYNC_AUTO);
    run(&choice, device, 6 * (3 + 1 + 6) + 1, 64, times);
    assert_int_equal(info_of(&choice).async_decisions, 1);
    assert_false(info_of(&choice).async);
    tdi_async_choice_destroy(&choice);
    tdi_set_clock(NULL);
    fake_device_destroy();
}

/* 1,700 submissions a second, in time that runs up to 8% faster or slower for some of them. */
static void noise_does_not_decide(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (uint32_t seed = 0; seed < 12; seed++) {
        td_device *device = fake_device_create(3);
        tdi_async_choice choice;
        const bool better = seed % 2;
        tdi_set_clock(read_clock);
        now = 1;
        init(&choice, device, TD_ASYNC_AUTO);
        for (uint32_t i = 0; i < 400 && info_of(&choice).async_measuring; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            const uint64_t pace = 920 + (random >> 40) % 161;
            uint64_t times[2];
            times[better] = 8772 * pace / 1000;
            times[!better] = 9524 * pace / 1000;
            run(&choice, device, 7, 64, times);
        }
        assert_false(info_of(&choice).async_measuring);
        assert_int_equal(info_of(&choice).async, better);
        tdi_async_choice_destroy(&choice);
        tdi_set_clock(NULL);
        fake_device_destroy();
    }
}

static void other_work_is_measured_again(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    tdi_async_choice choice;
    tdi_set_clock(read_clock);
    now = 1;
    init(&choice, device, TD_ASYNC_AUTO);
    uint64_t times[2] = {6 * TDI_NS_PER_MS, 4 * TDI_NS_PER_MS};
    run(&choice, device, 1200, 1, times);
    const uint32_t before = info_of(&choice).async_decisions;
    times[0] = 1 * TDI_NS_PER_MS;
    times[1] = 20 * TDI_NS_PER_MS;
    run(&choice, device, 2400, 1, times);
    assert_true(info_of(&choice).async_decisions > before);
    assert_false(info_of(&choice).async);
    tdi_async_choice_destroy(&choice);
    tdi_set_clock(NULL);
    fake_device_destroy();
}

static void what_is_asked_for_is_done(void **state)
{
    (void)state;
    const uint64_t times[2] = {1, 1};
    td_device *device = fake_device_create(3);
    tdi_async_choice choice;
    for (td_async_mode mode = TD_ASYNC_OFF; mode <= TD_ASYNC_ON; mode++) {
        init(&choice, device, mode);
        run(&choice, device, 50, 1, times);
        assert_int_equal(info_of(&choice).async, mode == TD_ASYNC_ON);
        assert_int_equal(info_of(&choice).async_decisions, 0);
        assert_string_equal(info_of(&choice).async_reason, "asked for");
        tdi_async_choice_destroy(&choice);
    }
    fake_device_destroy();
}

static void one_queue_leaves_no_choice(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    tdi_async_choice choice;
    device->info.lanes[TD_LANE_COMPUTE].reason = "there is one queue";
    init(&choice, device, TD_ASYNC_AUTO);
    assert_false(tdi_async_choice_next(&choice));
    assert_string_equal(info_of(&choice).async_reason, "there is one queue");
    tdi_async_choice_destroy(&choice);
    choice = (tdi_async_choice){0};
    assert_int_equal(tdi_async_choice_init(&choice, device, TD_ASYNC_ON, 2), TD_ERROR_UNSUPPORTED);
    assert_non_null(strstr(td_last_error(), "there is one queue"));
    tdi_async_choice_destroy(&choice);
    tdi_lane_map map;
    assert_false(tdi_async_lanes(device, TD_ASYNC_AUTO, true, &map));
    assert_true(tdi_async_lanes(device, TD_ASYNC_AUTO, false, &map));
    fake_device_destroy();
}

/* Copies alone are asynchronous then, and the compute lane's reason tells why it is not. */
static void a_transfer_queue_alone_gives_its_own_reason(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    tdi_async_choice choice;
    device->lane_queue[TD_LANE_COMPUTE] = device->lane_queue[TD_LANE_GRAPHICS];
    device->info.lanes[TD_LANE_COMPUTE].reason = "compute shares";
    device->info.lanes[TD_LANE_TRANSFER].reason = "transfer has its own";
    init(&choice, device, TD_ASYNC_ON);
    assert_true(info_of(&choice).async);
    assert_string_equal(info_of(&choice).async_reason, "transfer has its own");
    tdi_async_choice_destroy(&choice);
    init(&choice, device, TD_ASYNC_AUTO);
    assert_true(info_of(&choice).async);
    assert_string_equal(info_of(&choice).async_reason, "both modes are being measured");
    tdi_async_choice_destroy(&choice);
    init(&choice, device, TD_ASYNC_OFF);
    assert_string_equal(info_of(&choice).async_reason, "asked for");
    tdi_async_choice_destroy(&choice);
    fake_device_destroy();
}

static void lanes_follow_the_mode(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    tdi_lane_map map;
    assert_true(tdi_async_lanes(device, TD_ASYNC_AUTO, true, &map));
    assert_int_equal(map.queue[TD_LANE_COMPUTE], 1);
    assert_true(tdi_async_lanes(device, TD_ASYNC_AUTO, false, &map));
    for (int lane = 0; lane < TD_LANE_COUNT; lane++)
        assert_int_equal(map.queue[lane], 0);
    assert_true(tdi_async_lanes(device, TD_ASYNC_ON, true, &map));
    assert_false(tdi_async_lanes(device, TD_ASYNC_ON, false, &map));
    assert_false(tdi_async_lanes(device, TD_ASYNC_OFF, true, &map));
    assert_true(tdi_async_lanes(device, TD_ASYNC_OFF, false, &map));
    fake_device_destroy();
}

/* Nothing of the choice is touched after its end, and its end waits for nothing that is lost. */
static void loss_ends_what_is_watched(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    tdi_async_choice choice;
    init(&choice, device, TD_ASYNC_AUTO);
    for (uint32_t i = 0; i < 10; i++) {
        (void)tdi_async_choice_next(&choice);
        tdi_async_choice_submitted(&choice, submit(device), 1);
    }
    fake_lose();
    tdi_async_choice_destroy(&choice);
    fake_device_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_submissions_are_measured_in_few),
        cmocka_unit_test(noise_does_not_decide),
        cmocka_unit_test(the_faster_way_is_kept),
        cmocka_unit_test(other_work_is_measured_again),
        cmocka_unit_test(what_is_asked_for_is_done),
        cmocka_unit_test(one_queue_leaves_no_choice),
        cmocka_unit_test(a_transfer_queue_alone_gives_its_own_reason),
        cmocka_unit_test(lanes_follow_the_mode),
        cmocka_unit_test(loss_ends_what_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
