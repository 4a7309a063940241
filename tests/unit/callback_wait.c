/* Waits for a frame's place and for tasks, in a request's callback: refused with a sentence where
 * they would wait, and not where there is nothing to wait for. What waits for requests and tickets
 * is in request_wait.c, and for uploads in uploader.c. */
#include "fake_device.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include <tandem/scheduler.h>
#include <tandem/tasks.h>

static void assert_refused(td_result result, const char *sentence, const char *call)
{
    assert_int_equal(result, TD_ERROR_STATE);
    assert_non_null(strstr(sentence, call));
    assert_non_null(strstr(sentence, "a callback must not wait"));
}

#define KEEP(words) strncpy(words, td_last_error(), sizeof(words) - 1)

typedef struct task_waits {
    td_tasks *tasks;
    td_result put, take, join; /* with a time limit */
    char put_words[64], take_words[64], join_words[64];
    td_result put_now, take_now, join_now; /* without one */
    atomic_bool open;
} task_waits;

static td_result run_when_open(void *user, uint64_t id, uint32_t worker, void **output)
{
    task_waits *w = user;
    (void)id;
    (void)worker;
    (void)output;
    while (!atomic_load(&w->open))
        sched_yield();
    return TD_OK;
}

static void wait_for_tasks(void *user, td_request *request)
{
    task_waits *w = user;
    td_task_result result;
    (void)request;
    w->put = td_tasks_put(w->tasks, 2, TD_FOREVER);
    KEEP(w->put_words);
    w->put_now = td_tasks_put(w->tasks, 2, 0);
    w->take = td_tasks_take(w->tasks, TD_FOREVER, &result);
    KEEP(w->take_words);
    w->take_now = td_tasks_take(w->tasks, 0, &result);
    td_tasks_finish(w->tasks);
    w->join = td_tasks_join(w->tasks, TD_FOREVER);
    KEEP(w->join_words);
    w->join_now = td_tasks_join(w->tasks, 0);
}

static void take_what_is_done(void *user, td_request *request)
{
    task_waits *w = user;
    td_task_result result;
    (void)request;
    w->take = td_tasks_take(w->tasks, TD_FOREVER, &result);
    w->join = td_tasks_join(w->tasks, TD_FOREVER);
}

static void tasks_are_not_waited_for(void **state)
{
    (void)state;
    task_waits w = {0};
    const td_tasks_params params = {
        .run = run_when_open, .user = &w, .workers = 1, .queue_size = 1};
    (void)fake_device_create(1);
    assert_int_equal(td_tasks_create(&params, &w.tasks), TD_OK);
    for (uint64_t id = 0; id < 2; id++) /* one runs, and one waits */
        assert_int_equal(td_tasks_put(w.tasks, id, TD_FOREVER), TD_OK);
    fake_call_back(wait_for_tasks, &w);
    assert_refused(w.put, w.put_words, "td_tasks_put");
    assert_refused(w.take, w.take_words, "td_tasks_take");
    assert_refused(w.join, w.join_words, "td_tasks_join");
    assert_int_equal(w.put_now, TD_ERROR_AGAIN);
    assert_int_equal(w.take_now, TD_ERROR_TIMEOUT);
    assert_int_equal(w.join_now, TD_ERROR_TIMEOUT);
    atomic_store(&w.open, true);
    assert_int_equal(td_tasks_join(w.tasks, TD_FOREVER), TD_OK);
    fake_call_back(take_what_is_done, &w);
    assert_int_equal(w.take, TD_OK);
    assert_int_equal(w.join, TD_OK);
    td_tasks_destroy(w.tasks);
    fake_device_destroy();
}

typedef struct frame_waits {
    td_scheduler *scheduler;
    td_result frame, frame_now;
    char words[64];
} frame_waits;

static void begin_frame(void *user, td_request *request)
{
    frame_waits *w = user;
    (void)request;
    w->frame = td_scheduler_begin_frame(w->scheduler, 1, VK_NULL_HANDLE, TD_FOREVER);
    KEEP(w->words);
    w->frame_now = td_scheduler_begin_frame(w->scheduler, 1, VK_NULL_HANDLE, 0);
}

static td_result record_nothing(void *user, VkCommandBuffer commands)
{
    (void)user;
    (void)commands;
    return TD_OK;
}

static void frames_are_not_waited_for(void **state)
{
    (void)state;
    const td_scheduler_params params = {.frames_in_flight = 1, .mode = TD_ASYNC_ON};
    frame_waits w = {0};
    td_ticket ticket;
    td_device *device = fake_device_create(3);
    assert_int_equal(td_scheduler_create(device, &params, &w.scheduler), TD_OK);
    fake_hold(true);
    assert_int_equal(td_scheduler_begin_frame(w.scheduler, 0, VK_NULL_HANDLE, 0), TD_OK);
    assert_int_equal(td_scheduler_record(w.scheduler, record_nothing, NULL), TD_OK);
    assert_int_equal(td_scheduler_submit(w.scheduler, &ticket), TD_OK);
    fake_call_back(begin_frame, &w);
    assert_refused(w.frame, w.words, "td_scheduler_begin_frame");
    assert_int_equal(w.frame_now, TD_ERROR_AGAIN);
    fake_complete(ticket.queue, ticket.value);
    fake_call_back(begin_frame, &w);
    assert_int_equal(w.frame, TD_OK);
    td_scheduler_destroy(w.scheduler);
    fake_device_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_are_not_waited_for),
        cmocka_unit_test(frames_are_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
