/* Threads, conditions, and threads that cannot start. */
#define _GNU_SOURCE 1 /* pthread_getname_np */

#include "support.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/thread.h"

typedef struct seen_thread {
    char name[32];
    bool signals_blocked;
} seen_thread;

static void look_at_thread(void *user)
{
    seen_thread *seen = user;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    seen->signals_blocked =
        sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM) && sigismember(&mask, SIGCHLD);
}

static void threads_are_named_and_take_no_signals(void **state)
{
    (void)state;
    seen_thread seen = {.name = ""};
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "a name that is too long", look_at_thread, &seen),
                     TD_OK);
    tdi_thread_join(&thread);
    assert_string_equal(seen.name, "a name that is ");
    assert_true(seen.signals_blocked);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_false(sigismember(&mask, SIGINT));
}

static void a_thread_that_cannot_start_is_an_error(void **state)
{
    (void)state;
    support_use_allocator();
    support_fail_thread(1);
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "worker", look_at_thread, NULL), TD_ERROR_SYSTEM);
    assert_non_null(strstr(td_last_error(), "'worker'"));
    assert_non_null(strstr(td_last_error(), "Resource temporarily unavailable"));
    support_restore_threads();
    support_restore_allocator();
}

static void a_pool_starts_wholly_or_not_at_all(void **state)
{
    (void)state;
    for (uint32_t nth = 1; nth <= 4; nth++) {
        support_use_allocator();
        support_fail_thread(nth);
        tdi_pool *pool;
        assert_int_equal(tdi_pool_create(4, "pool", &pool), TD_ERROR_SYSTEM);
        assert_null(pool);
        support_restore_threads();
        support_restore_allocator();
    }
}

typedef struct meeting {
    tdi_mutex lock;
    tdi_cond cond;
    bool there;
} meeting;

static void come(void *user)
{
    meeting *met = user;
    tdi_mutex_lock(&met->lock);
    met->there = true;
    tdi_cond_signal(&met->cond);
    tdi_mutex_unlock(&met->lock);
}

static void begin_meeting(meeting *met)
{
    met->there = false;
    assert_int_equal(tdi_mutex_init(&met->lock, TDI_RANK_NONE), TD_OK);
    assert_int_equal(tdi_cond_init(&met->cond), TD_OK);
}

static void end_meeting(meeting *met)
{
    tdi_cond_destroy(&met->cond);
    tdi_mutex_destroy(&met->lock);
}

static void waits_end_when_signalled(void **state)
{
    (void)state;
    const uint64_t limits[] = {UINT64_MAX, 60 * TDI_NS_PER_S};
    for (int i = 0; i < 2; i++) {
        meeting met;
        begin_meeting(&met);
        tdi_thread thread;
        assert_int_equal(tdi_thread_start(&thread, "comes", come, &met), TD_OK);
        uint64_t deadline = tdi_deadline(tdi_now_ns(), limits[i]);
        tdi_mutex_lock(&met.lock);
        bool in_time = true;
        while (!met.there && in_time)
            in_time = tdi_cond_wait_until(&met.cond, &met.lock, deadline);
        assert_true(met.there);
        tdi_mutex_unlock(&met.lock);
        tdi_thread_join(&thread);
        end_meeting(&met);
    }
}

static void waits_end_at_their_limit(void **state)
{
    (void)state;
    meeting met;
    begin_meeting(&met);
    tdi_mutex_lock(&met.lock);
    const uint64_t limits[] = {0, 1, 20 * TDI_NS_PER_MS};
    for (int i = 0; i < 3; i++) {
        uint64_t start = tdi_now_ns();
        uint64_t deadline = tdi_deadline(start, limits[i]);
        while (tdi_cond_wait_until(&met.cond, &met.lock, deadline))
            continue;
        assert_true(tdi_now_ns() >= deadline);
    }
    assert_false(tdi_cond_wait_until(&met.cond, &met.lock, 0));
    tdi_mutex_unlock(&met.lock);
    end_meeting(&met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_named_and_take_no_signals),
        cmocka_unit_test(a_thread_that_cannot_start_is_an_error),
        cmocka_unit_test(a_pool_starts_wholly_or_not_at_all),
        cmocka_unit_test(waits_end_when_signalled),
        cmocka_unit_test(waits_end_at_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
