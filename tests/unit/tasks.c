/* Tasks: all of them once, order of completion, the bounded queue, limits, failures, the end. */
#include "support.h"

#include <stdatomic.h>
#include <string.h>

#include <tandem/request.h>
#include <tandem/tasks.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

#define TASKS   500
#define SHORT   UINT64_C(20000000) /* ns: long enough that a wait is seen to end */
#define WORKERS 16

/* A door that tasks wait at until it is opened. */
typedef struct gate {
    tdi_mutex lock;
    tdi_cond moved;
    uint32_t arrived;
    bool open;
    atomic_uint runs[TASKS];
    atomic_uint discarded;
} gate;

static gate door;

static int open_gate(void **state)
{
    (void)state;
    memset(&door, 0, sizeof door);
    support_use_allocator();
    return tdi_mutex_init(&door.lock, TDI_RANK_NONE) == TD_OK && tdi_cond_init(&door.moved) == TD_OK
               ? 0
               : -1;
}

static int close_gate(void **state)
{
    (void)state;
    tdi_cond_destroy(&door.moved);
    tdi_mutex_destroy(&door.lock);
    support_restore_allocator();
    return 0;
}

static td_result count_run(void *user, uint64_t id, uint32_t worker, void **output)
{
    gate *g = user;
    (void)worker;
    (void)output;
    atomic_fetch_add(&g->runs[id], 1);
    if (id % 7 == 3)
        return tdi_fail(TD_ERROR_INPUT, "task %llu is a bad one", (unsigned long long)id);
    return TD_OK;
}

static td_result wait_at_gate(void *user, uint64_t id, uint32_t worker, void **output)
{
    gate *g = user;
    (void)worker;
    tdi_mutex_lock(&g->lock);
    g->arrived++;
    tdi_cond_broadcast(&g->moved);
    while (id == 0 && !g->open)
        tdi_cond_wait(&g->moved, &g->lock);
    tdi_mutex_unlock(&g->lock);
    *output = tdi_alloc(1);
    return TD_OK;
}

static void discard(void *user, void *output)
{
    gate *g = user;
    atomic_fetch_add(&g->discarded, 1);
    tdi_free(output);
}

static void until_arrived(uint32_t count)
{
    tdi_mutex_lock(&door.lock);
    while (door.arrived < count)
        tdi_cond_wait(&door.moved, &door.lock);
    tdi_mutex_unlock(&door.lock);
}

static void let_through(void)
{
    tdi_mutex_lock(&door.lock);
    door.open = true;
    tdi_cond_broadcast(&door.moved);
    tdi_mutex_unlock(&door.lock);
}

static td_tasks *make_tasks(td_task_fn run, uint32_t workers, uint32_t queue_size)
{
    const td_tasks_params params = {.run = run,
                                    .user = &door,
                                    .workers = workers,
                                    .queue_size = queue_size,
                                    .discard = discard};
    td_tasks *tasks = NULL;
    assert_int_equal(td_tasks_create(&params, &tasks), TD_OK);
    return tasks;
}

static void produce(void *user)
{
    td_tasks *tasks = user;
    for (uint64_t i = 0; i < TASKS; i++)
        assert_int_equal(td_tasks_put(tasks, i, TD_FOREVER), TD_OK);
    td_tasks_finish(tasks);
}

static void every_task_runs_once_and_failures_stay_alone(void **state)
{
    (void)state;
    td_tasks *tasks = make_tasks(count_run, WORKERS, 3);
    tdi_thread producer;
    assert_int_equal(tdi_thread_start(&producer, "producer", produce, tasks), TD_OK);
    td_task_result done;
    uint32_t taken = 0;
    while (td_tasks_take(tasks, TD_FOREVER, &done) == TD_OK) {
        const bool bad = done.id % 7 == 3;
        taken++;
        assert_int_equal(done.result, bad ? TD_ERROR_INPUT : TD_OK);
        assert_int_equal(strstr(done.error, "is a bad one") != NULL, bad);
        assert_true(done.worker < WORKERS);
        assert_true(done.end_ns >= done.begin_ns);
    }
    assert_int_equal(taken, TASKS);
    for (uint32_t i = 0; i < TASKS; i++)
        assert_int_equal(atomic_load(&door.runs[i]), 1);
    assert_int_equal(td_tasks_join(tasks, TD_FOREVER), TD_OK);
    assert_int_equal(td_tasks_take(tasks, 0, &done), TD_ERROR_NOT_FOUND);
    tdi_thread_join(&producer);
    td_tasks_destroy(tasks);
}

static void results_come_in_order_of_completion(void **state)
{
    (void)state;
    td_tasks *tasks = make_tasks(wait_at_gate, 2, 8);
    td_task_result done;
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(td_tasks_put(tasks, i, 0), TD_OK);
    td_tasks_finish(tasks);
    for (uint64_t i = 1; i < 4; i++) {
        assert_int_equal(td_tasks_take(tasks, TD_FOREVER, &done), TD_OK);
        assert_int_equal(done.id, i);
        tdi_free(done.output);
    }
    assert_int_equal(td_tasks_take(tasks, SHORT, &done), TD_ERROR_TIMEOUT);
    assert_int_equal(td_tasks_join(tasks, SHORT), TD_ERROR_TIMEOUT);
    let_through();
    assert_int_equal(td_tasks_take(tasks, TD_FOREVER, &done), TD_OK);
    assert_int_equal(done.id, 0);
    tdi_free(done.output);
    td_tasks_destroy(tasks);
}

static void a_full_queue_holds_the_producer(void **state)
{
    (void)state;
    td_tasks *tasks = make_tasks(wait_at_gate, 1, 2);
    assert_int_equal(td_tasks_put(tasks, 0, 0), TD_OK);
    until_arrived(1);
    assert_int_equal(td_tasks_put(tasks, 1, 0), TD_OK);
    assert_int_equal(td_tasks_put(tasks, 2, 0), TD_OK);
    assert_int_equal(td_tasks_put(tasks, 3, 0), TD_ERROR_AGAIN);
    assert_int_equal(td_tasks_put(tasks, 3, SHORT), TD_ERROR_TIMEOUT);
    let_through();
    assert_int_equal(td_tasks_put(tasks, 3, TD_FOREVER), TD_OK);
    td_tasks_finish(tasks);
    assert_int_equal(td_tasks_put(tasks, 4, 0), TD_ERROR_STATE);
    assert_int_equal(td_tasks_join(tasks, TD_FOREVER), TD_OK);
    td_tasks_destroy(tasks);
    assert_int_equal(atomic_load(&door.discarded), 4);
}

static void destroying_drops_what_nobody_took(void **state)
{
    (void)state;
    td_tasks *tasks = make_tasks(wait_at_gate, 1, 8);
    assert_int_equal(td_tasks_join(tasks, 0), TD_ERROR_STATE);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(td_tasks_put(tasks, i, 0), TD_OK);
    until_arrived(1);
    let_through();
    td_tasks_destroy(tasks);
    assert_true(atomic_load(&door.discarded) >= 1);
#ifndef NDEBUG
    assert_int_equal(td_tasks_put(tasks, 0, 0), TD_ERROR_STATE);
    td_tasks_finish(tasks);
    td_tasks_destroy(tasks);
#endif
    td_tasks_destroy(NULL);
    td_tasks_finish(NULL);
    assert_int_equal(td_tasks_put(NULL, 0, 0), TD_ERROR_ARGUMENT);
}

static void wrong_parameters_and_faults_leave_nothing(void **state)
{
    (void)state;
    td_tasks *tasks = NULL;
    td_tasks_params params = {.workers = 3};
    assert_int_equal(td_tasks_create(&params, &tasks), TD_ERROR_ARGUMENT);
    params.run = count_run;
    params.workers = 257;
    assert_int_equal(td_tasks_create(&params, &tasks), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "257"));
    params.workers = 3;
    for (uint32_t nth = 1; nth <= 3; nth++) {
        support_fail_thread(nth);
        assert_int_equal(td_tasks_create(&params, &tasks), TD_ERROR_SYSTEM);
        support_restore_threads();
    }
    td_result result = TD_ERROR_HOST_MEMORY;
    for (uint32_t nth = 1; result == TD_ERROR_HOST_MEMORY; nth++) {
        support_fail_allocation(nth);
        result = td_tasks_create(&params, &tasks);
        if (result == TD_OK) {
            support_fail_allocation(1);
            assert_int_equal(td_tasks_put(tasks, 0, 0), TD_ERROR_HOST_MEMORY);
            td_tasks_destroy(tasks);
        }
    }
    assert_int_equal(result, TD_OK);
}

#define with_gate(test) cmocka_unit_test_setup_teardown(test, open_gate, close_gate)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_gate(every_task_runs_once_and_failures_stay_alone),
        with_gate(results_come_in_order_of_completion),
        with_gate(a_full_queue_holds_the_producer),
        with_gate(destroying_drops_what_nobody_took),
        with_gate(wrong_parameters_and_faults_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
