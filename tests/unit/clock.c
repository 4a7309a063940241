/* Monotonic time and deadlines. */
#define _XOPEN_SOURCE 700

#include "support.h"

#include <time.h>

#include "base/clock.h"

static uint64_t reference_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void time_is_the_systems_monotonic_time(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t before = reference_now();
        uint64_t now = tdi_now_ns();
        assert_true(now >= before && now <= reference_now());
        assert_true(now >= last);
        last = now;
    }
}

static uint64_t always_42(void)
{
    return 42;
}

static void the_clock_can_be_replaced(void **state)
{
    (void)state;
    tdi_set_clock(always_42);
    uint64_t replaced = tdi_now_ns();
    tdi_set_clock(NULL);
    assert_int_equal(replaced, 42);
    assert_true(tdi_now_ns() > 42);
}

static void deadlines_are_saturated(void **state)
{
    (void)state;
    assert_true(tdi_deadline(10, 20) == 30);
    assert_true(tdi_deadline(10, 0) == 10);
    assert_true(tdi_deadline(0, UINT64_MAX) == UINT64_MAX);
    assert_true(tdi_deadline(10, UINT64_MAX) == UINT64_MAX);
    assert_true(tdi_deadline(10, UINT64_MAX - 10) == UINT64_MAX);
    assert_true(tdi_deadline(10, UINT64_MAX - 9) == UINT64_MAX);
    assert_true(tdi_deadline(10, UINT64_MAX - 11) == UINT64_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_the_systems_monotonic_time),
        cmocka_unit_test(the_clock_can_be_replaced),
        cmocka_unit_test(deadlines_are_saturated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
