/* Completion queues: what finishes is taken in the order of its finishing, many at once; the
 * descriptor is readable exactly while something can be taken. */
#include "support.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "async/request.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/thread.h"

#define MANY 1000

typedef struct payload {
    int destroyed;
} payload;

static void on_destroy(void *user)
{
    ((payload *)user)->destroyed++;
}

static const tdi_request_class CLASS = {.destroy = on_destroy};

static td_request *make(payload *p)
{
    td_request *request;
    *p = (payload){0};
    assert_int_equal(tdi_request_create(&CLASS, p, &request), TD_OK);
    return request;
}

static td_completion_queue *make_queue(void)
{
    td_completion_queue *queue;
    assert_int_equal(td_completion_queue_create(&queue), TD_OK);
    return queue;
}

static bool is_readable(td_completion_queue *queue)
{
    struct pollfd entry = {.fd = td_completion_queue_descriptor(queue), .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

static void taken_in_the_order_of_finishing(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p[4];
    td_request *requests[4];
    for (uint32_t i = 0; i < 4; i++) {
        requests[i] = make(&p[i]);
        assert_int_equal(td_completion_queue_watch(queue, requests[i], 100 + i), TD_OK);
    }
    assert_false(is_readable(queue));
    const uint32_t order[] = {2, 0, 3, 1};
    for (uint32_t i = 0; i < 4; i++)
        tdi_request_finish(requests[order[i]], order[i] == 3 ? TD_ERROR_IO : TD_OK);
    assert_true(is_readable(queue));
    td_completion got[4];
    uint32_t count;
    assert_int_equal(td_completion_queue_take(queue, got, 3, 0, &count), TD_OK);
    assert_int_equal(count, 3);
    assert_true(is_readable(queue));
    assert_int_equal(td_completion_queue_take(queue, got + 3, 3, 0, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_false(is_readable(queue));
    for (uint32_t i = 0; i < 4; i++) {
        assert_ptr_equal(got[i].request, requests[order[i]]);
        assert_int_equal(got[i].tag, 100 + order[i]);
        assert_int_equal(got[i].result, order[i] == 3 ? TD_ERROR_IO : TD_OK);
        td_request_release(got[i].request);
        assert_int_equal(p[order[i]].destroyed, 0);
        td_request_release(requests[order[i]]);
        assert_int_equal(p[order[i]].destroyed, 1);
    }
    td_completion_queue_destroy(queue);
}

static void a_batch_is_one_event(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    assert_false(is_readable(queue));
    payload p[3];
    for (uint32_t i = 0; i < 3; i++) {
        td_request *request = make(&p[i]);
        assert_int_equal(td_completion_queue_watch(queue, request, i), TD_OK);
        tdi_request_finish(request, TD_OK);
        td_request_release(request);
    }
    uint64_t writes = 0;
    assert_int_equal(read(td_completion_queue_descriptor(queue), &writes, sizeof writes),
                     sizeof writes);
    assert_int_equal(writes, 1);
    td_completion_queue_destroy(queue);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(p[i].destroyed, 1);
}

static uint32_t take_tags(td_completion_queue *queue, uint64_t *tags, td_result expected)
{
    td_completion got[8];
    uint32_t count = 0;
    (void)td_completion_queue_take(queue, got, 8, 0, &count);
    for (uint32_t i = 0; i < count; i++) {
        tags[i] = got[i].tag;
        assert_int_equal(got[i].result, expected);
        td_request_release(got[i].request);
    }
    return count;
}

/* What ends together goes to each queue in order, whoever else is among it. */
static void what_finishes_together_is_one_event_a_queue(void **state)
{
    (void)state;
    td_completion_queue *queues[2] = {make_queue(), make_queue()};
    const int where[6] = {0, 0, 1, -1, 0, 1}; /* -1: nobody watches it */
    payload p[6];
    td_request *requests[6];
    uint64_t tags[8], writes = 0;
    assert_false(is_readable(queues[0]) || is_readable(queues[1]));
    for (uint32_t i = 0; i < 6; i++) {
        requests[i] = make(&p[i]);
        if (where[i] >= 0)
            assert_int_equal(td_completion_queue_watch(queues[where[i]], requests[i], i), TD_OK);
        td_request_release(requests[i]);
    }
    tdi_requests_finish(requests, 6, TD_OK);
    assert_int_equal(read(td_completion_queue_descriptor(queues[0]), &writes, sizeof writes),
                     sizeof writes);
    assert_int_equal(writes, 1);
    assert_int_equal(take_tags(queues[0], tags, TD_OK), 3);
    assert_true(tags[0] == 0 && tags[1] == 1 && tags[2] == 4);
    assert_int_equal(take_tags(queues[1], tags, TD_OK), 2);
    assert_true(tags[0] == 2 && tags[1] == 5);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(p[i].destroyed, 1);
    td_completion_queue_destroy(queues[0]);
    td_completion_queue_destroy(queues[1]);
}

/* Destroys its queue, and fails at something. */
static void disturb(void *user, td_request *request)
{
    td_completion_queue_destroy(user);
    (void)tdi_fail(TD_ERROR_ARGUMENT, "something else");
    (void)request;
}

static void a_callback_may_destroy_the_queue_of_what_finishes_with_it(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p[3];
    td_request *requests[3];
    for (uint32_t i = 0; i < 3; i++) {
        requests[i] = make(&p[i]);
        assert_int_equal(td_completion_queue_watch(queue, requests[i], i), TD_OK);
    }
    assert_int_equal(td_request_on_finish(requests[1], disturb, queue), TD_OK);
    tdi_requests_finish(requests, 3, tdi_fail(TD_ERROR_IO, "all of them"));
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(td_request_result(requests[i]), TD_ERROR_IO);
        assert_string_equal(td_last_error(), "all of them");
        td_request_release(requests[i]);
        assert_int_equal(p[i].destroyed, 1);
    }
}

static void a_descriptor_asked_for_late_is_up_to_date(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p;
    td_request *request = make(&p);
    uint64_t tag;
    assert_int_equal(td_completion_queue_watch(queue, request, 0), TD_OK);
    tdi_request_finish(request, TD_OK);
    assert_true(is_readable(queue));
    assert_true(is_readable(queue));
    assert_int_equal(take_tags(queue, &tag, TD_OK), 1);
    assert_false(is_readable(queue));
    td_request_release(request);
    td_completion_queue_destroy(queue);
    assert_int_equal(td_completion_queue_descriptor(NULL), -1);
}

static void what_is_finished_already_can_be_watched(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p;
    td_request *request = make(&p);
    tdi_request_finish(request, TD_OK);
    assert_int_equal(td_completion_queue_watch(queue, request, 5), TD_OK);
    assert_int_equal(td_completion_queue_watch(queue, request, 6), TD_ERROR_STATE);
    td_request_release(request);
    assert_int_equal(p.destroyed, 0);
    td_completion got;
    uint32_t count;
    assert_int_equal(td_completion_queue_take(queue, &got, 1, 0, &count), TD_OK);
    assert_int_equal(got.tag, 5);
    assert_int_equal(td_completion_queue_watch(queue, got.request, 7), TD_OK);
    assert_true(is_readable(queue));
    td_request_release(got.request);
    td_completion_queue_destroy(queue);
    assert_int_equal(p.destroyed, 1);
}

static void many_are_watched_with_one_call(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p[4];
    td_request *requests[4];
    td_completion got[4];
    const uint64_t tags[] = {30, 31};
    uint32_t count;
    for (uint32_t i = 0; i < 4; i++)
        requests[i] = make(&p[i]);
    tdi_request_finish(requests[1], TD_OK);
    assert_int_equal(td_completion_queue_watch_all(queue, requests, tags, 2), TD_OK);
    assert_int_equal(td_completion_queue_take(queue, got, 4, 0, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_int_equal(got[0].tag, 31);
    td_request_release(got[0].request);
    tdi_request_finish(requests[0], TD_OK);
    tdi_request_finish(requests[2], TD_OK);
    assert_int_equal(td_completion_queue_watch_all(queue, requests + 2, NULL, 2), TD_OK);
    tdi_request_finish(requests[3], TD_OK);
    assert_int_equal(td_completion_queue_take(queue, got, 4, 0, &count), TD_OK);
    assert_int_equal(count, 3);
    const uint64_t expected[] = {30, 0, 1};
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(got[i].tag, expected[i]);
        td_request_release(got[i].request);
    }
    for (uint32_t i = 0; i < 4; i++) {
        td_request_release(requests[i]);
        assert_int_equal(p[i].destroyed, 1);
    }
    td_completion_queue_destroy(queue);
}

static void watching_many_stops_at_the_first_that_is_watched(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p[3];
    td_request *requests[4] = {make(&p[0]), make(&p[1]), make(&p[2]), NULL};
    assert_int_equal(td_completion_queue_watch(queue, requests[1], 5), TD_OK);
    assert_int_equal(td_completion_queue_watch_all(queue, requests, NULL, 4), TD_ERROR_ARGUMENT);
    assert_int_equal(td_completion_queue_watch_all(queue, NULL, NULL, 1), TD_ERROR_ARGUMENT);
    assert_int_equal(td_completion_queue_watch_all(NULL, requests, NULL, 1), TD_ERROR_ARGUMENT);
    assert_int_equal(td_completion_queue_watch_all(queue, NULL, NULL, 0), TD_OK);
    assert_int_equal(td_completion_queue_watch_all(queue, requests, NULL, 3), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "request 1"));
    assert_int_equal(td_completion_queue_watch(queue, requests[0], 6), TD_ERROR_STATE);
    assert_int_equal(td_completion_queue_watch(queue, requests[2], 7), TD_OK);
    for (uint32_t i = 0; i < 3; i++) {
        tdi_request_finish(requests[i], TD_OK);
        td_request_release(requests[i]);
    }
    td_completion_queue_destroy(queue);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(p[i].destroyed, 1);
}

static void taking_has_a_time_limit(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    td_completion got;
    uint32_t count = 9;
    assert_int_equal(td_completion_queue_take(queue, &got, 1, 0, &count), TD_ERROR_TIMEOUT);
    assert_int_equal(count, 0);
    uint64_t begin = tdi_now_ns();
    assert_int_equal(td_completion_queue_take(queue, &got, 1, 5 * TDI_NS_PER_MS, &count),
                     TD_ERROR_TIMEOUT);
    assert_true(tdi_now_ns() - begin >= 5 * TDI_NS_PER_MS);
    assert_int_equal(td_completion_queue_take(queue, &got, 0, 0, &count), TD_ERROR_ARGUMENT);
    assert_int_equal(td_completion_queue_take(NULL, &got, 1, 0, &count), TD_ERROR_ARGUMENT);
    assert_int_equal(td_completion_queue_watch(queue, NULL, 0), TD_ERROR_ARGUMENT);
    td_completion_queue_destroy(queue);
    td_completion_queue_destroy(NULL);
}

static void a_queue_may_go_before_its_requests(void **state)
{
    (void)state;
    td_completion_queue *queue = make_queue();
    payload p;
    td_request *request = make(&p);
    assert_int_equal(td_completion_queue_watch(queue, request, 0), TD_OK);
    td_completion_queue_destroy(queue);
    queue = make_queue();
    assert_int_equal(td_completion_queue_watch(queue, request, 1), TD_OK);
    tdi_request_finish(request, TD_OK);
    assert_true(is_readable(queue));
    td_completion_queue_destroy(queue);
    assert_int_equal(p.destroyed, 0);
    td_request_release(request);
    assert_int_equal(p.destroyed, 1);
}

static int no_event(void)
{
    errno = EMFILE;
    return -1;
}

static void making_one_can_fail(void **state)
{
    (void)state;
    support_use_allocator();
    td_completion_queue *queue = NULL;
    support_fail_allocation(1);
    assert_int_equal(td_completion_queue_create(&queue), TD_ERROR_HOST_MEMORY);
    tdi_set_event_create(no_event);
    assert_int_equal(td_completion_queue_create(&queue), TD_ERROR_SYSTEM);
    tdi_set_event_create(NULL);
    assert_null(queue);
    assert_int_equal(td_completion_queue_create(NULL), TD_ERROR_ARGUMENT);
    support_restore_allocator();
}

typedef struct crowd {
    td_request *requests[MANY];
    payload payloads[MANY];
} crowd;

static void finish_all(void *user)
{
    crowd *c = user;
    for (uint32_t i = 0; i < MANY; i++)
        tdi_request_finish(c->requests[i], TD_OK);
}

static void wait_by_epoll(td_completion_queue *queue, int epoll)
{
    struct epoll_event event;
    assert_int_equal(epoll_wait(epoll, &event, 1, 10000), 1);
    assert_true(is_readable(queue));
}

static void epoll_sees_what_threads_finish(void **state)
{
    (void)state;
    static crowd c;
    td_completion_queue *queue = make_queue();
    for (uint32_t i = 0; i < MANY; i++) {
        c.requests[i] = make(&c.payloads[i]);
        assert_int_equal(td_completion_queue_watch(queue, c.requests[i], i), TD_OK);
        td_request_release(c.requests[i]);
    }
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, td_completion_queue_descriptor(queue), &event),
                     0);
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "finish", finish_all, &c), TD_OK);
    for (uint32_t taken = 0; taken < MANY;) {
        td_completion got[64];
        uint32_t count;
        wait_by_epoll(queue, epoll);
        assert_int_equal(td_completion_queue_take(queue, got, 64, 0, &count), TD_OK);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(got[i].tag, taken++);
            td_request_release(got[i].request);
        }
    }
    tdi_thread_join(&thread);
    assert_false(is_readable(queue));
    close(epoll);
    td_completion_queue_destroy(queue);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(c.payloads[i].destroyed, 1);
}

/* A queue that goes while requests finish loses none of them and takes none twice. */
static void a_queue_may_go_while_requests_finish(void **state)
{
    (void)state;
    static crowd c;
    for (uint32_t round = 0; round < 5; round++) {
        td_completion_queue *queue = make_queue();
        for (uint32_t i = 0; i < MANY; i++) {
            c.requests[i] = make(&c.payloads[i]);
            assert_int_equal(td_completion_queue_watch(queue, c.requests[i], i), TD_OK);
        }
        tdi_thread thread;
        assert_int_equal(tdi_thread_start(&thread, "finish", finish_all, &c), TD_OK);
        assert_int_equal(td_request_wait(c.requests[MANY / 4], TD_FOREVER), TD_OK);
        td_completion_queue_destroy(queue);
        tdi_thread_join(&thread);
        for (uint32_t i = 0; i < MANY; i++) {
            assert_int_equal(c.payloads[i].destroyed, 0);
            td_request_release(c.requests[i]);
            assert_int_equal(c.payloads[i].destroyed, 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_in_the_order_of_finishing),
        cmocka_unit_test(a_batch_is_one_event),
        cmocka_unit_test(what_finishes_together_is_one_event_a_queue),
        cmocka_unit_test(a_callback_may_destroy_the_queue_of_what_finishes_with_it),
        cmocka_unit_test(a_descriptor_asked_for_late_is_up_to_date),
        cmocka_unit_test(what_is_finished_already_can_be_watched),
        cmocka_unit_test(many_are_watched_with_one_call),
        cmocka_unit_test(watching_many_stops_at_the_first_that_is_watched),
        cmocka_unit_test(taking_has_a_time_limit),
        cmocka_unit_test(a_queue_may_go_before_its_requests),
        cmocka_unit_test(making_one_can_fail),
        cmocka_unit_test(epoll_sees_what_threads_finish),
        cmocka_unit_test(a_queue_may_go_while_requests_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
