/* Closing everything: the queue, the device and the requests go in any order, with requests in
 * every state, and nothing is left over. */
#include "fake_device.h"

#include <string.h>

#include "async/request.h"
#include "base/clock.h"
#include "base/process.h"

/* What has happened to a request when all is closed. The library's side of those that are pending
 * ends with the device, or after all else. */
typedef enum stage {
    PENDING,
    PENDING_WATCHED,
    PENDING_CANCELLED,
    PENDING_RELEASED,
    PENDING_WITH_ALL, /* watched, with callback and descriptor */
    READY,
    READY_WATCHED,
    READY_TAKEN,
    READY_WITH_DESCRIPTOR,
    FAILED_WATCHED,
    CANCELLED_WATCHED,
    STAGE_COUNT
} stage;

typedef struct payload {
    int destroyed, released, called;
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

static void on_finish(void *user, td_request *request)
{
    assert_int_not_equal(td_request_poll(request), TD_REQUEST_PENDING);
    ((payload *)user)->called++;
}

typedef struct world {
    td_device *device;
    td_completion_queue *queue;
    td_request *own[STAGE_COUNT];    /* finished by this test */
    td_request *ticket[STAGE_COUNT]; /* and by the device, where they are pending */
    payload payloads[STAGE_COUNT];
} world;

static void watch(world *w, td_request *request)
{
    assert_int_equal(td_completion_queue_watch(w->queue, request, 0), TD_OK);
}

static void take(world *w)
{
    td_completion got;
    uint32_t count;
    assert_int_equal(td_completion_queue_take(w->queue, &got, 1, TD_FOREVER, &count), TD_OK);
    td_request_release(got.request);
}

static void before_the_end(world *w, td_request **request, stage at)
{
    int fd;
    if (at == PENDING_WATCHED || at == PENDING_WITH_ALL || at >= READY_WATCHED)
        watch(w, *request);
    if (at == PENDING_CANCELLED || at == CANCELLED_WATCHED)
        assert_true(td_request_cancel(*request));
    if (at == PENDING_WITH_ALL || at == READY_WITH_DESCRIPTOR)
        assert_int_equal(td_request_descriptor(*request, &fd), TD_OK);
    if (at == PENDING_WITH_ALL)
        assert_int_equal(td_request_on_finish(*request, on_finish, &w->payloads[at]), TD_OK);
    if (at == PENDING_RELEASED) {
        td_request_release(*request);
        *request = NULL;
    }
}

static void make_own(world *w, stage at)
{
    td_request *request;
    assert_int_equal(tdi_request_create(&CLASS, &w->payloads[at], &request), TD_OK);
    w->own[at] = request;
    before_the_end(w, &request, at);
    if (at >= READY)
        tdi_request_finish(request, at == FAILED_WATCHED ? tdi_fail(TD_ERROR_IO, "no") : TD_OK);
    if (at == READY_TAKEN)
        take(w);
}

/* Held back: the device finishes them when it goes. */
static void make_ticket(world *w, stage at)
{
    const tdi_submission submission = {.lane = TD_LANE_COMPUTE};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(w->device, &submission, &ticket), TD_OK);
    assert_int_equal(td_ticket_request(w->device, ticket, &w->ticket[at]), TD_OK);
    before_the_end(w, &w->ticket[at], at);
}

static void make_world(world *w)
{
    memset(w, 0, sizeof *w);
    w->device = fake_device_create(3);
    fake_hold(true);
    assert_int_equal(td_completion_queue_create(&w->queue), TD_OK);
    make_own(w, READY_TAKEN); /* while nothing else can be taken */
    for (uint32_t at = 0; at < STAGE_COUNT; at++)
        if (at != READY_TAKEN)
            make_own(w, at);
    for (uint32_t at = 0; at < READY; at++)
        make_ticket(w, at);
}

static void close_queue(world *w)
{
    td_completion_queue_destroy(w->queue);
}

static void close_device(world *w)
{
    (void)w;
    fake_device_destroy();
}

static void close_requests(world *w)
{
    for (uint32_t at = 0; at < STAGE_COUNT; at++) {
        td_request_release(at == PENDING_RELEASED ? NULL : w->own[at]);
        td_request_release(w->ticket[at]);
    }
}

/* The library's side of this test's own. */
static void close_work(world *w)
{
    for (uint32_t at = 0; at < READY; at++)
        tdi_request_finish(w->own[at], TD_OK);
}

typedef void (*close_fn)(world *w);

static void close_in_order(const close_fn *order)
{
    tdi_process_info before, after;
    support_use_allocator();
    tdi_process_get_info(&before);
    world w;
    make_world(&w);
    for (uint32_t i = 0; i < 4; i++)
        order[i](&w);
    for (uint32_t at = 0; at < STAGE_COUNT; at++) {
        assert_int_equal(w.payloads[at].destroyed, 1);
        assert_int_equal(w.payloads[at].released, 1);
        /* The device's one has the same callback. */
        assert_int_equal(w.payloads[at].called, at == PENDING_WITH_ALL ? 2 : 0);
    }
    tdi_process_get_info(&after);
    assert_int_equal(after.descriptors, before.descriptors);
    support_restore_allocator();
}

/* All 24 orders of four things. */
static void everything_closes_in_any_order(void **state)
{
    (void)state;
    static const close_fn parts[4] = {close_queue, close_device, close_requests, close_work};
    for (uint32_t code = 0; code < 256; code++) {
        const uint32_t picks[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        uint32_t seen = 0;
        close_fn order[4];
        for (uint32_t i = 0; i < 4; i++) {
            seen |= 1u << picks[i];
            order[i] = parts[picks[i]];
        }
        if (seen == 15)
            close_in_order(order);
    }
}

static void requests_fail_with_the_device(void **state)
{
    (void)state;
    td_request *requests[3];
    td_device *device = fake_device_create(3);
    fake_hold(true);
    for (uint32_t i = 0; i < 3; i++) {
        const tdi_submission submission = {.lane = (td_lane)i};
        td_ticket ticket;
        assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
        assert_int_equal(td_ticket_request(device, ticket, &requests[i]), TD_OK);
    }
    assert_true(td_request_cancel(requests[1]));
    fake_lose();
    assert_int_equal(td_request_wait_all(requests, 3, 10 * TDI_NS_PER_S), TD_OK);
    assert_int_equal(td_request_result(requests[0]), TD_ERROR_DEVICE_LOST);
    assert_int_equal(td_request_result(requests[1]), TD_ERROR_CANCELLED);
    assert_int_equal(td_request_result(requests[2]), TD_ERROR_DEVICE_LOST);
    fake_device_destroy();
    for (uint32_t i = 0; i < 3; i++)
        td_request_release(requests[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_closes_in_any_order),
        cmocka_unit_test(requests_fail_with_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
