/* The order of locks: each breach ends the process with a message, everything else passes. Where
 * NDEBUG is defined nothing is checked and there is nothing to test. */
#include "support.h"

#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#define ABORTED (1000 + SIGABRT)

static tdi_mutex outer = TDI_MUTEX_STATIC(TDI_RANK_SCENE);
static tdi_mutex inner = TDI_MUTEX_STATIC(TDI_RANK_BUDGET);
static tdi_mutex inner_twin = TDI_MUTEX_STATIC(TDI_RANK_BUDGET);
static tdi_mutex unranked = TDI_MUTEX_STATIC(TDI_RANK_NONE);

/* Each runs in a process of its own. */
static int take_in_wrong_order(const void *user)
{
    (void)user;
    tdi_mutex_lock(&inner);
    tdi_mutex_lock(&outer);
    return 0;
}

static int take_two_of_one_rank(const void *user)
{
    (void)user;
    tdi_mutex_lock(&inner);
    tdi_mutex_lock(&inner_twin);
    return 0;
}

static int take_twice(const void *user)
{
    (void)user;
    tdi_mutex_lock(&unranked);
    tdi_mutex_lock(&unranked);
    return 0;
}

static int release_what_is_not_held(const void *user)
{
    (void)user;
    tdi_mutex_unlock(&outer);
    return 0;
}

static int hold_over_a_wait(const void *user)
{
    (void)user;
    tdi_cond cond;
    if (tdi_cond_init(&cond) != TD_OK)
        return 1;
    tdi_mutex_lock(&outer);
    tdi_mutex_lock(&inner);
    (void)tdi_cond_wait_until(&cond, &inner, tdi_deadline(tdi_now_ns(), TDI_NS_PER_MS));
    return 0;
}

static int log_under_a_lock(const void *user)
{
    (void)user;
    tdi_mutex_lock(&outer);
    tdi_log(TD_LOG_ERROR, "message");
    return 0;
}

static int take_in_order(const void *user)
{
    (void)user;
    for (int i = 0; i < 100; i++) {
        tdi_mutex_lock(&outer);
        tdi_mutex_lock(&unranked);
        tdi_mutex_lock(&inner);
        /* The order of release is free. */
        tdi_mutex_unlock(&outer);
        tdi_mutex_unlock(&inner);
        tdi_mutex_unlock(&unranked);
        tdi_mutex_lock(&inner);
        tdi_mutex_unlock(&inner);
    }
    return 7;
}

static void expect_abort(int (*breach)(const void *user))
{
#if TDI_LOCK_CHECKS
    assert_int_equal(support_run_process(breach, NULL), ABORTED);
#else
    (void)breach;
    skip();
#endif
}

static void an_outer_lock_under_an_inner_one(void **state)
{
    (void)state;
    expect_abort(take_in_wrong_order);
}

static void two_locks_of_one_rank(void **state)
{
    (void)state;
    expect_abort(take_two_of_one_rank);
}

static void one_lock_twice(void **state)
{
    (void)state;
    expect_abort(take_twice);
}

static void a_lock_that_is_not_held(void **state)
{
    (void)state;
    expect_abort(release_what_is_not_held);
}

static void a_second_lock_over_a_wait(void **state)
{
    (void)state;
    expect_abort(hold_over_a_wait);
}

static void a_lock_over_a_message(void **state)
{
    (void)state;
    expect_abort(log_under_a_lock);
}

static void the_right_order_passes(void **state)
{
    (void)state;
    assert_int_equal(support_run_process(take_in_order, NULL), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outer_lock_under_an_inner_one),
        cmocka_unit_test(two_locks_of_one_rank),
        cmocka_unit_test(one_lock_twice),
        cmocka_unit_test(a_lock_that_is_not_held),
        cmocka_unit_test(a_second_lock_over_a_wait),
        cmocka_unit_test(a_lock_over_a_message),
        cmocka_unit_test(the_right_order_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
