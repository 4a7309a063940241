/* Requests: pending, then ready, failed or cancelled, once; every order of finishing, cancelling,
 * releasing, waiting, callbacks and descriptors. */
#include "support.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "async/request.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/thread.h"

typedef struct payload {
    int destroyed, released, called;
    td_request_state state_in_callback;
} payload;

static void on_destroy(void *user)
{
    ((payload *)user)->destroyed++;
}

static void on_released(void *user)
{
    ((payload *)user)->released++;
}

static const tdi_request_class CLASS = {.destroy = on_destroy, .released = on_released};
static const tdi_request_class OTHER = {.destroy = NULL};

static void on_finish(void *user, td_request *request)
{
    payload *p = user;
    p->called++;
    p->state_in_callback = td_request_poll(request);
}

static td_request *make(payload *p)
{
    *p = (payload){0};
    td_request *request;
    assert_int_equal(tdi_request_create(&CLASS, p, &request), TD_OK);
    return request;
}

static bool is_readable(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int count = poll(&entry, 1, 0);
    assert_true(count >= 0);
    return count == 1;
}

static void results_and_states(void **state)
{
    (void)state;
    const td_result given[] = {TD_OK, TD_ERROR_BUDGET, TD_ERROR_CANCELLED};
    const td_request_state expected[] = {TD_REQUEST_READY, TD_REQUEST_FAILED, TD_REQUEST_CANCELLED};
    for (uint32_t i = 0; i < 3; i++) {
        payload p;
        td_request *request = make(&p);
        assert_int_equal(td_request_poll(request), TD_REQUEST_PENDING);
        assert_int_equal(td_request_result(request), TD_ERROR_AGAIN);
        assert_int_equal(td_request_wait(request, 0), TD_ERROR_TIMEOUT);
        assert_int_equal(td_request_wait(request, TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
        tdi_request_finish(request, given[i]);
        assert_int_equal(td_request_poll(request), expected[i]);
        assert_int_equal(td_request_result(request), given[i]);
        assert_int_equal(td_request_wait(request, 0), given[i]);
        assert_int_equal(td_request_wait(request, TD_FOREVER), given[i]);
        assert_int_equal(p.released + p.destroyed, 0);
        td_request_release(request);
        assert_int_equal(p.released, 1);
        assert_int_equal(p.destroyed, 1);
    }
    td_request_release(NULL);
}

static void a_failure_keeps_its_sentence(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    tdi_request_finish(request, tdi_fail(TD_ERROR_BUDGET, "9 bytes, of 8"));
    (void)tdi_fail(TD_ERROR_IO, "something else");
    assert_int_equal(td_request_result(request), TD_ERROR_BUDGET);
    assert_string_equal(td_last_error(), "9 bytes, of 8");
    td_request_release(request);
}

static void a_failure_without_memory_has_the_text_of_its_code(void **state)
{
    (void)state;
    support_use_allocator();
    payload p;
    td_request *request = make(&p);
    (void)tdi_fail(TD_ERROR_IO, "9 bytes, of 8");
    support_fail_allocation(1);
    tdi_request_finish(request, TD_ERROR_IO);
    assert_true(support_allocation_failed());
    assert_int_equal(td_request_result(request), TD_ERROR_IO);
    assert_string_equal(td_last_error(), td_result_text(TD_ERROR_IO));
    td_request_release(request);
    support_restore_allocator();
}

static void creation_without_memory_fails(void **state)
{
    (void)state;
    support_use_allocator();
    support_fail_allocation(1);
    payload p = {0};
    td_request *request = NULL;
    assert_int_equal(tdi_request_create(&CLASS, &p, &request), TD_ERROR_HOST_MEMORY);
    assert_int_equal(p.destroyed, 0);
    support_restore_allocator();
}

static void payloads_are_known_by_their_class(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    assert_ptr_equal(tdi_request_payload(request), &p);
    assert_ptr_equal(tdi_request_payload_of(request, &CLASS), &p);
    assert_null(tdi_request_payload_of(request, &OTHER));
    assert_null(tdi_request_payload_of(NULL, &CLASS));
    tdi_request_finish(request, TD_OK);
    td_request_release(request);
}

static void cancelling_before_the_end_wins(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    assert_false(tdi_request_cancel_requested(request));
    assert_true(td_request_cancel(request));
    assert_true(td_request_cancel(request));
    assert_true(tdi_request_cancel_requested(request));
    assert_int_equal(td_request_poll(request), TD_REQUEST_PENDING);
    tdi_request_finish(request, TD_OK);
    assert_int_equal(td_request_poll(request), TD_REQUEST_CANCELLED);
    assert_int_equal(td_request_result(request), TD_ERROR_CANCELLED);
    assert_true(td_request_cancel(request));
    assert_false(tdi_request_cancel_requested(request));
    td_request_release(request);
}

static void cancelling_after_the_end_is_too_late(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    tdi_request_finish(request, TD_OK);
    assert_false(td_request_cancel(request));
    assert_int_equal(td_request_result(request), TD_OK);
    td_request_release(request);
}

/* An owner with a queue: what is in it can be taken out. */
typedef struct owner {
    payload p; /* first, so that on_destroy and on_released do for it */
    bool queued;
    int asked;
} owner;

static bool take_out(void *user)
{
    owner *o = user;
    const bool queued = o->queued;
    o->queued = false;
    o->asked++;
    return queued;
}

static const tdi_request_class QUEUED = {
    .destroy = on_destroy, .released = on_released, .cancel = take_out};

static td_request *make_queued(owner *o, bool queued)
{
    *o = (owner){.queued = queued};
    td_request *request;
    assert_int_equal(tdi_request_create(&QUEUED, o, &request), TD_OK);
    return request;
}

static void cancelling_before_the_start_ends_it_at_once(void **state)
{
    (void)state;
    owner o;
    td_request *request = make_queued(&o, true);
    assert_int_equal(td_request_on_finish(request, on_finish, &o.p), TD_OK);
    assert_true(td_request_cancel(request));
    assert_int_equal(td_request_poll(request), TD_REQUEST_CANCELLED);
    assert_int_equal(td_request_wait(request, TD_FOREVER), TD_ERROR_CANCELLED);
    assert_int_equal(o.p.called, 1);
    assert_int_equal(o.p.state_in_callback, TD_REQUEST_CANCELLED);
    assert_true(td_request_cancel(request));
    assert_int_equal(o.asked, 1);
    assert_int_equal(o.p.destroyed, 0);
    td_request_release(request);
    assert_int_equal(o.p.destroyed, 1);
}

static void cancelling_after_the_start_waits_for_the_work(void **state)
{
    (void)state;
    owner o;
    td_request *request = make_queued(&o, false);
    assert_true(td_request_cancel(request));
    assert_true(td_request_cancel(request));
    assert_int_equal(o.asked, 1);
    assert_int_equal(td_request_poll(request), TD_REQUEST_PENDING);
    tdi_request_finish(request, TD_OK);
    assert_int_equal(td_request_poll(request), TD_REQUEST_CANCELLED);
    td_request_release(request);
}

static void what_is_finished_is_not_taken_out(void **state)
{
    (void)state;
    owner o;
    td_request *request = make_queued(&o, false);
    tdi_request_finish(request, TD_OK);
    assert_false(td_request_cancel(request));
    assert_int_equal(o.asked, 0);
    td_request_release(request);
}

static void a_callback_is_called_once_before_or_after_the_end(void **state)
{
    (void)state;
    for (int late = 0; late <= 1; late++) {
        payload p;
        td_request *request = make(&p);
        if (late)
            tdi_request_finish(request, TD_OK);
        assert_int_equal(td_request_on_finish(request, on_finish, &p), TD_OK);
        assert_int_equal(td_request_on_finish(request, on_finish, &p), TD_ERROR_STATE);
        assert_int_equal(p.called, late);
        if (!late)
            tdi_request_finish(request, TD_OK);
        assert_int_equal(p.called, 1);
        assert_int_equal(p.state_in_callback, TD_REQUEST_READY);
        assert_int_equal(td_request_on_finish(request, NULL, NULL), TD_ERROR_ARGUMENT);
        td_request_release(request);
    }
}

static void release_in_callback(void *user, td_request *request)
{
    payload *p = user;
    p->called++;
    td_request_release(request);
}

static void a_callback_may_release_the_request(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    assert_int_equal(td_request_on_finish(request, release_in_callback, &p), TD_OK);
    tdi_request_finish(request, TD_OK);
    assert_int_equal(p.called, 1);
    assert_int_equal(p.released, 1);
    assert_int_equal(p.destroyed, 1);
}

static void a_pending_request_may_be_released(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    assert_int_equal(td_request_on_finish(request, on_finish, &p), TD_OK);
    td_request_release(request);
    assert_int_equal(p.released, 1);
    assert_int_equal(p.destroyed, 0);
    tdi_request_finish(request, TD_OK);
    assert_int_equal(p.called, 1);
    assert_int_equal(p.destroyed, 1);
}

static void descriptors_are_readable_from_the_end_on(void **state)
{
    (void)state;
    for (int late = 0; late <= 1; late++) {
        payload p;
        td_request *request = make(&p);
        int fd = -1;
        int again = -1;
        if (late)
            tdi_request_finish(request, TD_OK);
        assert_int_equal(td_request_descriptor(request, &fd), TD_OK);
        assert_int_equal(td_request_descriptor(request, &again), TD_OK);
        assert_int_equal(fd, again);
        assert_int_equal(is_readable(fd), late);
        if (!late)
            tdi_request_finish(request, TD_OK);
        assert_true(is_readable(fd));
        assert_int_equal(td_request_descriptor(request, NULL), TD_ERROR_ARGUMENT);
        td_request_release(request);
    }
}

static int no_event(void)
{
    errno = EMFILE;
    return -1;
}

static void a_descriptor_may_be_refused(void **state)
{
    (void)state;
    payload p;
    td_request *request = make(&p);
    int fd = -1;
    tdi_set_event_create(no_event);
    assert_int_equal(td_request_descriptor(request, &fd), TD_ERROR_SYSTEM);
    assert_int_equal(fd, -1);
    tdi_set_event_create(NULL);
    assert_int_equal(td_request_descriptor(request, &fd), TD_OK);
    tdi_request_finish(request, TD_OK);
    td_request_release(request);
}

/* Threads that finish, cancel, wait for, watch and release the same requests in no order. */
#define CROWD_REQUESTS 400

typedef struct crowd {
    td_request *requests[CROWD_REQUESTS];
    payload payloads[CROWD_REQUESTS];
    td_request_state states[CROWD_REQUESTS];
} crowd;

static void finish_all(void *user)
{
    crowd *c = user;
    for (uint32_t i = 0; i < CROWD_REQUESTS; i++)
        tdi_request_finish(c->requests[i], i % 3 ? TD_OK : tdi_fail(TD_ERROR_IO, "request %u", i));
}

static void cancel_all(void *user)
{
    crowd *c = user;
    for (uint32_t i = 0; i < CROWD_REQUESTS; i++) {
        bool cancelled = td_request_cancel(c->requests[i]);
        td_request_state after = td_request_poll(c->requests[i]);
        if (cancelled)
            assert_true(after == TD_REQUEST_PENDING || after == TD_REQUEST_CANCELLED);
        else
            assert_true(after == TD_REQUEST_READY || after == TD_REQUEST_FAILED);
    }
}

static void watch_all(void *user)
{
    crowd *c = user;
    for (uint32_t i = 0; i < CROWD_REQUESTS; i++) {
        int fd;
        if (i % 7 == 0)
            assert_int_equal(td_request_descriptor(c->requests[i], &fd), TD_OK);
        assert_int_equal(td_request_on_finish(c->requests[i], on_finish, &c->payloads[i]), TD_OK);
    }
}

static void wait_for_all(crowd *c)
{
    for (uint32_t i = 0; i < CROWD_REQUESTS; i++) {
        td_result result = td_request_wait(c->requests[i], TD_FOREVER);
        td_request_state now = td_request_poll(c->requests[i]);
        assert_int_not_equal(now, TD_REQUEST_PENDING);
        assert_int_equal(result == TD_OK, now == TD_REQUEST_READY);
        assert_int_equal(result == TD_ERROR_CANCELLED, now == TD_REQUEST_CANCELLED);
        c->states[i] = now;
    }
}

static void threads_agree(void **state)
{
    (void)state;
    static crowd c;
    memset(&c, 0, sizeof c);
    for (uint32_t i = 0; i < CROWD_REQUESTS; i++)
        c.requests[i] = make(&c.payloads[i]);
    const tdi_thread_fn work[] = {finish_all, cancel_all, watch_all};
    tdi_thread threads[3];
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(tdi_thread_start(&threads[i], "crowd", work[i], &c), TD_OK);
    wait_for_all(&c);
    for (uint32_t i = 0; i < 3; i++)
        tdi_thread_join(&threads[i]);
    for (uint32_t i = 0; i < CROWD_REQUESTS; i++) {
        assert_int_equal(td_request_poll(c.requests[i]), c.states[i]);
        assert_int_equal(c.payloads[i].called, 1);
        td_request_release(c.requests[i]);
        assert_int_equal(c.payloads[i].destroyed, 1);
        assert_int_equal(c.payloads[i].released, 1);
    }
}

static void nothing_is_no_request(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(td_request_poll(NULL), TD_REQUEST_FAILED);
    assert_int_equal(td_request_result(NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_wait(NULL, 0), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_on_finish(NULL, on_finish, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_descriptor(NULL, &fd), TD_ERROR_ARGUMENT);
    assert_false(td_request_cancel(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_and_states),
        cmocka_unit_test(a_failure_keeps_its_sentence),
        cmocka_unit_test(a_failure_without_memory_has_the_text_of_its_code),
        cmocka_unit_test(creation_without_memory_fails),
        cmocka_unit_test(payloads_are_known_by_their_class),
        cmocka_unit_test(cancelling_before_the_end_wins),
        cmocka_unit_test(cancelling_after_the_end_is_too_late),
        cmocka_unit_test(cancelling_before_the_start_ends_it_at_once),
        cmocka_unit_test(cancelling_after_the_start_waits_for_the_work),
        cmocka_unit_test(what_is_finished_is_not_taken_out),
        cmocka_unit_test(a_callback_is_called_once_before_or_after_the_end),
        cmocka_unit_test(a_callback_may_release_the_request),
        cmocka_unit_test(a_pending_request_may_be_released),
        cmocka_unit_test(descriptors_are_readable_from_the_end_on),
        cmocka_unit_test(a_descriptor_may_be_refused),
        cmocka_unit_test(nothing_is_no_request),
        cmocka_unit_test(threads_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
