/* The analysis of threads against values worked out by hand. */
#include "support.h"

#include <math.h>
#include <string.h>

#include <tandem/tasks.h>

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-9);
}

static void modes_are_compared_with_the_sequential_one(void **state)
{
    (void)state;
    const td_task_result tasks[] = {{.worker = 4, .seconds = 0.5},
                                    {.worker = 0, .seconds = 0.25},
                                    {.worker = 4, .seconds = 0.5}};
    const td_threading_run runs[] = {
        {.mode = "thread_pool", .total_time = 0.5, .workers = 4, .tasks = tasks, .task_count = 3},
        {.mode = "the sequential one", .total_time = 2.0},
        {.mode = "sequential again", .total_time = 8.0},
    };
    td_threading_stats stats[3];
    assert_int_equal(td_analyze_threading(runs, 3, stats), TD_OK);
    assert_near(stats[0].total_time_ms, 500.0);
    assert_near(stats[0].speedup, 4.0);
    assert_near(stats[0].efficiency_percent, 100.0);
    assert_int_equal(stats[0].threads_used, 2);
    assert_int_equal(stats[0].theoretical_max_speedup, 4);
    assert_near(stats[0].utilization_percent, 50.0);
    assert_near(stats[0].busy_percent, 62.5);
    assert_near(stats[1].speedup, 1.0);
    assert_int_equal(stats[1].theoretical_max_speedup, 1);
    assert_int_equal(stats[1].threads_used, 0);
    assert_near(stats[1].busy_percent, -1.0);
    assert_near(stats[2].speedup, 0.25);
}

static void without_a_baseline_nothing_is_gained(void **state)
{
    (void)state;
    const td_threading_run run = {.mode = "thread_pool", .total_time = 1.0, .workers = 2};
    td_threading_stats stats;
    assert_int_equal(td_analyze_threading(&run, 1, &stats), TD_OK);
    assert_near(stats.speedup, 0.0);
    assert_near(stats.efficiency_percent, 0.0);
    assert_int_equal(td_analyze_threading(NULL, 0, NULL), TD_OK);
}

static void times_must_be_positive(void **state)
{
    (void)state;
    td_threading_run run = {.mode = "m", .total_time = 0.0};
    td_threading_stats stats;
    assert_int_equal(td_analyze_threading(&run, 1, &stats), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "'m'"));
    run.total_time = (double)NAN;
    assert_int_equal(td_analyze_threading(&run, 1, &stats), TD_ERROR_ARGUMENT);
    run.total_time = 1.0;
    run.task_count = 1;
    assert_int_equal(td_analyze_threading(&run, 1, &stats), TD_ERROR_ARGUMENT);
    run.mode = NULL;
    assert_int_equal(td_analyze_threading(&run, 1, &stats), TD_ERROR_ARGUMENT);
    assert_int_equal(td_analyze_threading(NULL, 1, &stats), TD_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_are_compared_with_the_sequential_one),
        cmocka_unit_test(without_a_baseline_nothing_is_gained),
        cmocka_unit_test(times_must_be_positive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
