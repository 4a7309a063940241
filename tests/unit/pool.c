/* The pool: order, loops, loops in loops, and its end. */
#include "support.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/pool.h"

#define TASKS 1000

static tdi_pool *make_pool(uint32_t threads)
{
    tdi_pool *pool;
    assert_int_equal(tdi_pool_create(threads, "test", &pool), TD_OK);
    return pool;
}

typedef struct numbered_task {
    tdi_task task;
    uint32_t number;
    atomic_uint *next; /* where the task takes its place in the order of running */
    uint32_t place;
    uint32_t worker;
} numbered_task;

static void run_numbered(tdi_task *task, uint32_t worker)
{
    numbered_task *numbered = (numbered_task *)task;
    numbered->place = atomic_fetch_add(numbered->next, 1);
    numbered->worker = worker;
}

static void submit_numbered(tdi_pool *pool, numbered_task *tasks, atomic_uint *next)
{
    for (uint32_t i = 0; i < TASKS; i++) {
        tasks[i] = (numbered_task){
            .task = {.run = run_numbered}, .number = i, .next = next, .place = UINT32_MAX};
        tdi_pool_submit(pool, &tasks[i].task);
    }
}

static void one_thread_runs_tasks_in_order(void **state)
{
    (void)state;
    static numbered_task tasks[TASKS];
    atomic_uint next = 0;
    tdi_pool *pool = make_pool(1);
    assert_int_equal(tdi_pool_threads(pool), 1);
    submit_numbered(pool, tasks, &next);
    tdi_pool_wait_idle(pool);
    for (uint32_t i = 0; i < TASKS; i++) {
        assert_int_equal(tasks[i].place, i);
        assert_int_equal(tasks[i].worker, 0);
    }
    tdi_pool_destroy(pool);
}

static void many_threads_run_every_task_once(void **state)
{
    (void)state;
    static numbered_task tasks[TASKS];
    atomic_uint next = 0;
    tdi_pool *pool = make_pool(4);
    submit_numbered(pool, tasks, &next);
    tdi_pool_wait_idle(pool);
    assert_int_equal(atomic_load(&next), TASKS);
    for (uint32_t i = 0; i < TASKS; i++) {
        assert_true(tasks[i].place < TASKS);
        assert_true(tasks[i].worker < 4);
    }
    tdi_pool_destroy(pool);
}

static void destruction_runs_what_is_queued(void **state)
{
    (void)state;
    static numbered_task tasks[TASKS];
    for (uint32_t threads = 1; threads <= 3; threads++) {
        atomic_uint next = 0;
        tdi_pool *pool = make_pool(threads);
        submit_numbered(pool, tasks, &next);
        tdi_pool_destroy(pool);
        assert_int_equal(atomic_load(&next), TASKS);
    }
    tdi_pool_destroy(NULL);
}

typedef struct chained_task {
    tdi_task task;
    tdi_pool *pool;
    uint32_t left;
    atomic_uint *count;
} chained_task;

static void run_chained(tdi_task *task, uint32_t worker)
{
    (void)worker;
    chained_task *chained = (chained_task *)task;
    atomic_fetch_add(chained->count, 1);
    if (chained->left-- > 0)
        tdi_pool_submit(chained->pool, task);
    else
        tdi_free(chained);
}

static void tasks_may_submit_and_free_themselves(void **state)
{
    (void)state;
    support_use_allocator();
    atomic_uint count = 0;
    tdi_pool *pool = make_pool(2);
    for (int i = 0; i < 10; i++) {
        chained_task *chained = tdi_alloc(sizeof *chained);
        *chained = (chained_task){{.run = run_chained}, pool, 99, &count};
        tdi_pool_submit(pool, &chained->task);
    }
    tdi_pool_destroy(pool);
    assert_int_equal(atomic_load(&count), 1000);
    support_restore_allocator();
}

typedef struct hits {
    tdi_pool *pool;
    atomic_uint count[300];
    atomic_uint strays;
} hits;

static void hit(void *user, uint32_t index)
{
    hits *seen = user;
    atomic_fetch_add(index < 300 ? &seen->count[index] : &seen->strays, 1);
}

static void a_loop_calls_each_index_once(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        tdi_pool *pool = make_pool(threads);
        for (uint32_t count = 0; count <= 300; count += 1 + count / 3) {
            hits seen = {.pool = pool};
            tdi_pool_for(pool, count, hit, &seen);
            for (uint32_t i = 0; i < 300; i++)
                assert_int_equal(atomic_load(&seen.count[i]), i < count);
            assert_int_equal(atomic_load(&seen.strays), 0);
        }
        tdi_pool_destroy(pool);
    }
}

static void hit_inside(void *user, uint32_t index)
{
    (void)index;
    hits *seen = user;
    tdi_pool_for(seen->pool, 300, hit, seen);
}

static void hit_deeper(void *user, uint32_t index)
{
    (void)index;
    hits *seen = user;
    tdi_pool_for(seen->pool, 5, hit_inside, seen);
}

static void loops_may_be_nested(void **state)
{
    (void)state;
    tdi_pool *pool = make_pool(2);
    hits seen = {.pool = pool};
    tdi_pool_for(pool, 7, hit_deeper, &seen);
    for (uint32_t i = 0; i < 300; i++)
        assert_int_equal(atomic_load(&seen.count[i]), 35);
    tdi_pool_destroy(pool);
}

typedef struct looping_task {
    tdi_task task;
    hits *seen;
} looping_task;

static void run_looping(tdi_task *task, uint32_t worker)
{
    (void)worker;
    looping_task *looping = (looping_task *)task;
    tdi_pool_for(looping->seen->pool, 300, hit, looping->seen);
}

static void tasks_may_loop_while_the_pool_is_full(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        tdi_pool *pool = make_pool(threads);
        hits seen = {.pool = pool};
        looping_task tasks[40];
        for (int i = 0; i < 40; i++) {
            tasks[i] = (looping_task){{.run = run_looping}, &seen};
            tdi_pool_submit(pool, &tasks[i].task);
        }
        tdi_pool_for(pool, 300, hit, &seen);
        tdi_pool_destroy(pool);
        for (uint32_t i = 0; i < 300; i++)
            assert_int_equal(atomic_load(&seen.count[i]), 41);
    }
}

/* The two calls of the body wait for each other: that ends only if two threads run them. */
typedef struct meeting {
    tdi_mutex lock;
    tdi_cond cond;
    uint32_t there;
    bool late;
} meeting;

static void meet(void *user, uint32_t index)
{
    (void)index;
    meeting *met = user;
    uint64_t deadline = tdi_deadline(tdi_now_ns(), 60 * TDI_NS_PER_S);
    tdi_mutex_lock(&met->lock);
    met->there++;
    tdi_cond_broadcast(&met->cond);
    while (met->there < 2 && !met->late)
        met->late = !tdi_cond_wait_until(&met->cond, &met->lock, deadline);
    tdi_mutex_unlock(&met->lock);
}

static void a_loop_runs_on_a_worker_and_on_the_caller(void **state)
{
    (void)state;
    tdi_pool *pool = make_pool(1);
    meeting met = {.there = 0};
    assert_int_equal(tdi_mutex_init(&met.lock, TDI_RANK_NONE), TD_OK);
    assert_int_equal(tdi_cond_init(&met.cond), TD_OK);
    tdi_pool_for(pool, 2, meet, &met);
    assert_false(met.late);
    tdi_pool_destroy(pool);
    tdi_cond_destroy(&met.cond);
    tdi_mutex_destroy(&met.lock);
}

typedef struct slow_loop {
    meeting met;
    pthread_t caller;
    bool returned;
    bool left_early;
} slow_loop;

/* The worker's call stays for a while after both have met, and looks whether the loop's caller has
 * gone meanwhile. */
static void stay_on_worker(void *user, uint32_t index)
{
    slow_loop *slow = user;
    meet(&slow->met, index);
    if (pthread_equal(pthread_self(), slow->caller))
        return;
    uint64_t deadline = tdi_deadline(tdi_now_ns(), 50 * TDI_NS_PER_MS);
    tdi_mutex_lock(&slow->met.lock);
    while (!slow->returned && tdi_cond_wait_until(&slow->met.cond, &slow->met.lock, deadline))
        continue;
    slow->left_early = slow->returned;
    tdi_mutex_unlock(&slow->met.lock);
}

static void a_loop_ends_when_its_last_call_has_ended(void **state)
{
    (void)state;
    tdi_pool *pool = make_pool(1);
    slow_loop slow = {.caller = pthread_self()};
    assert_int_equal(tdi_mutex_init(&slow.met.lock, TDI_RANK_NONE), TD_OK);
    assert_int_equal(tdi_cond_init(&slow.met.cond), TD_OK);
    tdi_pool_for(pool, 2, stay_on_worker, &slow);
    tdi_mutex_lock(&slow.met.lock);
    slow.returned = true;
    tdi_cond_broadcast(&slow.met.cond);
    tdi_mutex_unlock(&slow.met.lock);
    tdi_pool_destroy(pool);
    assert_false(slow.left_early);
    tdi_cond_destroy(&slow.met.cond);
    tdi_mutex_destroy(&slow.met.lock);
}

static _Atomic uint64_t false_time;

static uint64_t tell_false_time(void)
{
    return atomic_load(&false_time);
}

static void pass_time(tdi_task *task, uint32_t worker)
{
    (void)task;
    (void)worker;
    atomic_fetch_add(&false_time, 1000);
}

static void busy_time_is_that_of_the_tasks(void **state)
{
    (void)state;
    atomic_store(&false_time, 1);
    tdi_set_clock(tell_false_time);
    tdi_pool *pool = make_pool(1);
    assert_int_equal(tdi_pool_busy_ns(pool, 0), 0);
    tdi_task tasks[3] = {{.run = pass_time}, {.run = pass_time}, {.run = pass_time}};
    for (int i = 0; i < 3; i++) {
        tdi_pool_submit(pool, &tasks[i]);
        tdi_pool_wait_idle(pool);
        /* Idle time does not count. */
        atomic_fetch_add(&false_time, 7);
    }
    uint64_t busy = tdi_pool_busy_ns(pool, 0);
    tdi_pool_destroy(pool);
    tdi_set_clock(NULL);
    assert_int_equal(busy, 3000);
}

static void too_many_threads_are_refused(void **state)
{
    (void)state;
    tdi_pool *pool;
    assert_int_equal(tdi_pool_create(100000, "test", &pool), TD_ERROR_ARGUMENT);
    assert_null(pool);
    assert_non_null(strstr(td_last_error(), "100000"));
}

static void no_number_means_all_cores(void **state)
{
    (void)state;
    tdi_pool *pool = make_pool(0);
    assert_int_equal(tdi_pool_threads(pool), tdi_core_count());
    tdi_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_runs_tasks_in_order),
        cmocka_unit_test(many_threads_run_every_task_once),
        cmocka_unit_test(destruction_runs_what_is_queued),
        cmocka_unit_test(tasks_may_submit_and_free_themselves),
        cmocka_unit_test(a_loop_calls_each_index_once),
        cmocka_unit_test(loops_may_be_nested),
        cmocka_unit_test(tasks_may_loop_while_the_pool_is_full),
        cmocka_unit_test(a_loop_runs_on_a_worker_and_on_the_caller),
        cmocka_unit_test(a_loop_ends_when_its_last_call_has_ended),
        cmocka_unit_test(busy_time_is_that_of_the_tasks),
        cmocka_unit_test(too_many_threads_are_refused),
        cmocka_unit_test(no_number_means_all_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
