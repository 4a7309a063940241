/* The monitor: statistics of known durations, occupancy, overlap and hidden time of spans laid out
 * by hand. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "async/monitor.h"
#include "base/memory.h"

#define MS UINT64_C(1000000)

static td_monitor *make(uint32_t max_spans)
{
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(max_spans, &monitor), TD_OK);
    return monitor;
}

static void expect_near(double got, double expected)
{
    if (got < expected - 1e-9 || got > expected + 1e-9)
        fail_msg("%.12g is not %.12g", got, expected);
}

static td_operation only_operation(td_monitor *monitor, const char *name)
{
    td_operation operations[8];
    uint32_t count;
    assert_int_equal(td_monitor_operations(monitor, operations, 8, &count), TD_OK);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(operations[i].name, name) == 0)
            return operations[i];
    }
    fail_msg("no operation '%s'", name);
    return operations[0];
}

/* 1 to 200 ms, in no order: 73 and 200 have no common factor, so every value comes once. */
static void statistics_are_those_of_the_durations(void **state)
{
    (void)state;
    td_monitor *monitor = make(0);
    for (uint64_t i = 0; i < 200; i++)
        td_monitor_add(monitor, "encode 0", "encode", (int64_t)i, 7 * MS,
                       7 * MS + (i * 73 % 200 + 1) * MS);
    td_operation encode = only_operation(monitor, "encode");
    assert_int_equal(encode.count, 200);
    expect_near(encode.min_ms, 1);
    expect_near(encode.max_ms, 200);
    expect_near(encode.total_ms, 20100);
    expect_near(encode.avg_ms, 100.5);
    expect_near(encode.p50_ms, 100);
    expect_near(encode.p99_ms, 198);
    td_monitor_destroy(monitor);
    td_monitor_destroy(NULL);
}

static void operations_come_in_the_order_of_their_first_use(void **state)
{
    (void)state;
    td_monitor *monitor = make(0);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "cull", 0, 0, MS);
    td_monitor_add(monitor, "loader", "load", -1, 0, MS);
    td_monitor_add(monitor, "loader", "cull", -1, 0, 3 * MS);
    td_operation operations[1];
    uint32_t count;
    assert_int_equal(td_monitor_operations(monitor, operations, 1, &count), TD_OK);
    assert_int_equal(count, 2);
    assert_string_equal(operations[0].name, "cull");
    assert_int_equal(operations[0].count, 2);
    assert_int_equal(td_monitor_operations(monitor, NULL, 0, &count), TD_OK);
    assert_int_equal(td_monitor_operations(monitor, NULL, 1, &count), TD_ERROR_ARGUMENT);
    td_monitor_destroy(monitor);
}

/* Percentiles of more durations than are kept: a tenth of them are 9 ms, the others 1 ms. */
static void many_durations_are_sampled_fairly(void **state)
{
    (void)state;
    td_monitor *monitor = make(10);
    for (uint64_t i = 0; i < 100000; i++)
        td_monitor_add(monitor, "t", "work", -1, 0, i % 10 == 9 ? 9 * MS : MS);
    td_operation work = only_operation(monitor, "work");
    assert_int_equal(work.count, 100000);
    expect_near(work.total_ms, 180000);
    expect_near(work.p50_ms, 1);
    expect_near(work.p99_ms, 9);
    td_monitor_destroy(monitor);
}

static void busy_time_is_the_length_of_the_union(void **state)
{
    (void)state;
    td_monitor *monitor = make(0);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "b", 0, 30 * MS, 40 * MS);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "a", 0, 10 * MS, 20 * MS);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "a", 0, 12 * MS, 18 * MS);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "a", 0, 15 * MS, 25 * MS);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "c", 0, 0, 5 * MS);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "c", 0, 45 * MS, 50 * MS);
    for (uint32_t i = 0; i < 3; i++)
        tdi_monitor_count_submission(monitor, TD_LANE_COMPUTE);
    td_lane_stats compute;
    td_lane_stats transfer;
    td_monitor_lane(monitor, TD_LANE_COMPUTE, &compute);
    expect_near(compute.busy_ms, 25);
    expect_near(compute.occupancy, 0.5);
    assert_int_equal(compute.submissions, 3);
    td_monitor_lane(monitor, TD_LANE_TRANSFER, &transfer);
    expect_near(transfer.busy_ms, 0);
    expect_near(transfer.occupancy, 0);
    td_monitor_destroy(monitor);
}

/* interface.md's definition: sum 10 + 8, union 14, busiest 10. */
static void overlap_is_between_none_and_all(void **state)
{
    (void)state;
    td_monitor *monitor = make(0);
    double overlap;
    assert_int_equal(td_monitor_overlap(monitor, &overlap), TD_ERROR_NOT_FOUND);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "a", 0, 0, 10 * MS);
    assert_int_equal(td_monitor_overlap(monitor, &overlap), TD_ERROR_NOT_FOUND);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "b", 0, 6 * MS, 14 * MS);
    assert_int_equal(td_monitor_overlap(monitor, &overlap), TD_OK);
    expect_near(overlap, 4.0 / 8.0);
    td_monitor_destroy(monitor);

    monitor = make(0);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "a", 0, 0, 10 * MS);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "b", 0, 0, 8 * MS);
    td_monitor_add_lane(monitor, TD_LANE_TRANSFER, "c", 0, 2 * MS, 4 * MS);
    assert_int_equal(td_monitor_overlap(monitor, &overlap), TD_OK);
    expect_near(overlap, 1);
    td_monitor_destroy(monitor);

    monitor = make(0);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "a", 0, 0, 10 * MS);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "b", 0, 10 * MS, 18 * MS);
    assert_int_equal(td_monitor_overlap(monitor, &overlap), TD_OK);
    expect_near(overlap, 0);
    td_monitor_destroy(monitor);
}

/* Encode of 0 runs from 10 to 30: the device works for 1 from 5 to 15 and, on another lane, from 12
 * to 20; for 0 itself from 20 to 24, which hides nothing. 10 of 20. Encode of 1 has none. */
static void hidden_time_counts_work_for_later_items(void **state)
{
    (void)state;
    td_monitor *monitor = make(0);
    double share;
    assert_int_equal(td_monitor_hidden(monitor, "encode", &share), TD_ERROR_NOT_FOUND);
    td_monitor_add(monitor, "pool 0", "encode", 0, 10 * MS, 30 * MS);
    assert_int_equal(td_monitor_hidden(monitor, "encode", &share), TD_OK);
    expect_near(share, 0);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "shade", 1, 12 * MS, 20 * MS);
    td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "cull", 1, 5 * MS, 15 * MS);
    td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "shade", 0, 20 * MS, 24 * MS);
    td_monitor_add(monitor, "pool 1", "cull", 7, 24 * MS, 30 * MS);
    assert_int_equal(td_monitor_hidden(monitor, "encode", &share), TD_OK);
    expect_near(share, 0.5);
    td_monitor_add(monitor, "pool 1", "encode", 1, 30 * MS, 50 * MS);
    assert_int_equal(td_monitor_hidden(monitor, "encode", &share), TD_OK);
    expect_near(share, 0.25);
    td_monitor_destroy(monitor);
}

static uint32_t random_state;

static uint64_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Against counting each of 200 ticks. */
static void spans_at_random_agree_with_counting(void **state)
{
    (void)state;
    random_state = 3;
    for (uint32_t round = 0; round < 200; round++) {
        td_monitor *monitor = make(0);
        static int64_t latest[TD_LANE_COUNT][200];
        for (uint32_t i = 0; i < TD_LANE_COUNT * 200; i++)
            latest[i / 200][i % 200] = -1;
        uint32_t count = 1 + (uint32_t)random_below(30);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t lane = (uint32_t)random_below(TD_LANE_COUNT);
            int64_t item = (int64_t)random_below(10);
            uint64_t begin = random_below(190);
            uint64_t end = begin + 1 + random_below(10);
            td_monitor_add_lane(monitor, (td_lane)lane, "work", item, begin, end);
            for (uint64_t t = begin; t < end; t++) {
                if (latest[lane][t] < item)
                    latest[lane][t] = item;
            }
        }
        uint64_t begin = random_below(100);
        uint64_t end = begin + 1 + random_below(100);
        int64_t item = (int64_t)random_below(10);
        td_monitor_add(monitor, "pool", "encode", item, begin, end);
        uint64_t hidden = 0;
        uint64_t sum = 0;
        uint64_t all = 0;
        uint64_t busiest = 0;
        uint64_t busy[TD_LANE_COUNT] = {0};
        for (uint64_t t = 0; t < 200; t++) {
            bool later = false;
            bool any = false;
            for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
                busy[lane] += latest[lane][t] >= 0;
                any |= latest[lane][t] >= 0;
                later |= latest[lane][t] > item;
            }
            all += any;
            hidden += later && t >= begin && t < end;
        }
        for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
            td_lane_stats stats;
            td_monitor_lane(monitor, (td_lane)lane, &stats);
            expect_near(stats.busy_ms, (double)busy[lane] / 1e6);
            sum += busy[lane];
            busiest = busy[lane] > busiest ? busy[lane] : busiest;
        }
        double share;
        assert_int_equal(td_monitor_hidden(monitor, "encode", &share), TD_OK);
        expect_near(share, (double)hidden / (double)(end - begin));
        if (sum > busiest) {
            assert_int_equal(td_monitor_overlap(monitor, &share), TD_OK);
            expect_near(share, (double)(sum - all) / (double)(sum - busiest));
        }
        td_monitor_destroy(monitor);
    }
}

static void want_of_memory_loses_spans_and_nothing_else(void **state)
{
    (void)state;
    support_use_allocator();
    td_monitor *monitor = NULL;
    for (uint32_t nth = 1; nth <= 5; nth++) {
        support_fail_allocation(nth);
        assert_int_equal(td_monitor_create(0, &monitor), TD_ERROR_HOST_MEMORY);
        assert_true(support_allocation_failed());
        assert_int_equal(tdi_live_blocks(), 0);
    }
    support_fail_allocation(0);
    monitor = make(0);
    for (uint32_t nth = 1; nth <= 6; nth++) {
        support_fail_allocation(nth);
        td_monitor_add(monitor, "pool", "encode", 0, 0, MS);
    }
    support_fail_allocation(0);
    assert_true(only_operation(monitor, "encode").count > 0);
    double share;
    support_fail_allocation(1);
    assert_int_equal(td_monitor_hidden(monitor, "encode", &share), TD_ERROR_HOST_MEMORY);
    support_fail_allocation(0);
    td_monitor_destroy(monitor);
    support_restore_allocator();
}

static void impossible_spans_do_no_harm(void **state)
{
    (void)state;
    td_monitor *monitor = make(0);
    td_monitor_add(monitor, "pool", "encode", 0, 5 * MS, 3 * MS);
    td_monitor_add(monitor, NULL, "encode", 0, 0, MS);
    td_monitor_add(monitor, "pool", NULL, 0, 0, MS);
    td_monitor_add(NULL, "pool", "encode", 0, 0, MS);
    td_monitor_add_lane(monitor, TD_LANE_COUNT, "encode", 0, 0, MS);
    td_operation encode = only_operation(monitor, "encode");
    assert_int_equal(encode.count, 1);
    expect_near(encode.total_ms, 0);
    td_monitor_destroy(monitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_those_of_the_durations),
        cmocka_unit_test(operations_come_in_the_order_of_their_first_use),
        cmocka_unit_test(many_durations_are_sampled_fairly),
        cmocka_unit_test(busy_time_is_the_length_of_the_union),
        cmocka_unit_test(overlap_is_between_none_and_all),
        cmocka_unit_test(hidden_time_counts_work_for_later_items),
        cmocka_unit_test(spans_at_random_agree_with_counting),
        cmocka_unit_test(want_of_memory_loses_spans_and_nothing_else),
        cmocka_unit_test(impossible_spans_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
