/* Waiting for one, any or all of many requests: what counts, what is left after a time limit, and
 * that nobody waits in a callback. */
#include "fake_device.h"

#include <sched.h>
#include <string.h>

#include "async/readback.h"
#include "async/request_state.h"
#include "base/clock.h"

#define MANY 100 /* more than have their links on the stack */

typedef struct payload {
    atomic_int destroyed, released;
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

static payload payloads[MANY];
static td_request *requests[MANY];

static void make(uint32_t count)
{
    memset(payloads, 0, sizeof payloads);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(tdi_request_create(&CLASS, &payloads[i], &requests[i]), TD_OK);
}

static void release(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        td_request_release(requests[i]);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(payloads[i].destroyed, 1);
}

static void any_gives_the_lowest_that_is_finished(void **state)
{
    (void)state;
    make(4);
    uint32_t index = 77;
    assert_int_equal(td_request_wait_any(requests, 4, 0, &index), TD_ERROR_TIMEOUT);
    assert_int_equal(index, 77);
    tdi_request_finish(requests[3], tdi_fail(TD_ERROR_IO, "the third"));
    assert_int_equal(td_request_wait_any(requests, 4, TD_FOREVER, &index), TD_OK);
    assert_int_equal(index, 3);
    assert_int_equal(td_request_result(requests[index]), TD_ERROR_IO);
    assert_true(td_request_cancel(requests[1]));
    tdi_request_finish(requests[1], TD_OK);
    assert_int_equal(td_request_wait_any(requests, 4, 0, &index), TD_OK);
    assert_int_equal(index, 1);
    tdi_request_finish(requests[0], TD_OK);
    tdi_request_finish(requests[2], TD_OK);
    release(4);
}

static void all_wants_each_of_them_however_it_ends(void **state)
{
    (void)state;
    make(3);
    assert_int_equal(td_request_wait_all(requests, 3, 0), TD_ERROR_TIMEOUT);
    tdi_request_finish(requests[0], TD_OK);
    tdi_request_finish(requests[2], TD_ERROR_CANCELLED);
    assert_int_equal(td_request_wait_all(requests, 3, 0), TD_ERROR_TIMEOUT);
    assert_non_null(strstr(td_last_error(), "1 of 3"));
    tdi_request_finish(requests[1], tdi_fail(TD_ERROR_IO, "no"));
    assert_int_equal(td_request_wait_all(requests, 3, 0), TD_OK);
    assert_int_equal(td_request_wait_all(requests, 3, TD_FOREVER), TD_OK);
    release(3);
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    make(2);
    td_request *const holed[] = {requests[0], NULL, requests[1]};
    uint32_t index;
    tdi_request_finish(requests[0], TD_OK);
    assert_int_equal(td_request_wait_any(holed, 3, 0, &index), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "request 1 of 3"));
    assert_int_equal(td_request_wait_all(holed, 3, 0), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_wait_any(requests, 0, 0, &index), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_wait_all(requests, 0, 0), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_wait_any(NULL, 2, 0, &index), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_wait_all(NULL, 2, 0), TD_ERROR_ARGUMENT);
    assert_int_equal(td_request_wait_any(requests, 2, 0, NULL), TD_ERROR_ARGUMENT);
    tdi_request_finish(requests[1], TD_OK);
    release(2);
}

/* A clock that stands still for a while, then jumps by an hour. */
#define HOUR_NS (3600 * TDI_NS_PER_S)

static atomic_uint readings, readings_before_the_jump;

static uint64_t jumping_clock(void)
{
    return atomic_fetch_add(&readings, 1) < atomic_load(&readings_before_the_jump)
               ? TDI_NS_PER_S
               : TDI_NS_PER_S + HOUR_NS;
}

static void use_jumping_clock(uint32_t still)
{
    atomic_store(&readings, 0);
    atomic_store(&readings_before_the_jump, still);
    tdi_set_clock(jumping_clock);
}

static void assert_all_usable(uint32_t count)
{
    uint32_t index = count;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(td_request_poll(requests[i]), TD_REQUEST_PENDING);
        assert_int_equal(payloads[i].released + payloads[i].destroyed, 0);
    }
    tdi_request_finish(requests[count - 1], TD_OK);
    assert_int_equal(td_request_wait_any(requests, count, TD_FOREVER, &index), TD_OK);
    assert_int_equal(index, count - 1);
    for (uint32_t i = 0; i + 1 < count; i++)
        tdi_request_finish(requests[i], TD_OK);
    assert_int_equal(td_request_wait_all(requests, count, TD_FOREVER), TD_OK);
}

static void a_time_limit_passes_by_the_clock(void **state)
{
    (void)state;
    make(3);
    uint32_t index = 9;
    use_jumping_clock(1);
    assert_int_equal(td_request_wait_any(requests, 3, HOUR_NS, &index), TD_ERROR_TIMEOUT);
    use_jumping_clock(1);
    assert_int_equal(td_request_wait_all(requests, 3, HOUR_NS), TD_ERROR_TIMEOUT);
    use_jumping_clock(1);
    assert_int_equal(td_request_wait(requests[0], HOUR_NS), TD_ERROR_TIMEOUT);
    tdi_set_clock(NULL);
    assert_int_equal(index, 9);
    assert_non_null(strstr(td_last_error(), "3600000 ms"));
    assert_all_usable(3);
    release(3);
}

/* A nanosecond of the system's time does not count while the clock stands still. */
static void a_time_limit_does_not_pass_before_the_clock_says_so(void **state)
{
    (void)state;
    make(3);
    use_jumping_clock(20);
    assert_int_equal(td_request_wait_all(requests, 3, 1), TD_ERROR_TIMEOUT);
    assert_true(atomic_load(&readings) > 20);
    tdi_set_clock(NULL);
    assert_all_usable(3);
    release(3);
}

static void many_need_memory_and_say_so(void **state)
{
    (void)state;
    support_use_allocator();
    make(MANY);
    uint32_t index;
    support_fail_allocation(1);
    assert_int_equal(td_request_wait_any(requests, MANY, 1, &index), TD_ERROR_HOST_MEMORY);
    support_fail_allocation(1);
    assert_int_equal(td_request_wait_all(requests, MANY, 1), TD_ERROR_HOST_MEMORY);
    support_fail_allocation(1);
    assert_int_equal(td_request_wait_any(requests, 64, 1, &index), TD_ERROR_TIMEOUT);
    assert_false(support_allocation_failed());
    support_fail_allocation(0);
    assert_int_equal(td_request_wait_all(requests, MANY, 1), TD_ERROR_TIMEOUT);
    assert_all_usable(MANY);
    release(MANY);
    support_restore_allocator();
}

static void finish_all(void *user)
{
    (void)user;
    for (uint32_t i = 0; i < MANY; i++)
        tdi_request_finish(requests[i], TD_OK);
}

typedef struct waiting {
    uint32_t first, count;
    bool all;
    tdi_thread thread;
} waiting;

static void wait_for_some(void *user)
{
    const waiting *w = user;
    td_request *const *some = requests + w->first;
    uint32_t index = w->count;
    if (w->all) {
        assert_int_equal(td_request_wait_all(some, w->count, TD_FOREVER), TD_OK);
        for (uint32_t i = 0; i < w->count; i++)
            assert_int_equal(td_request_poll(some[i]), TD_REQUEST_READY);
        return;
    }
    assert_int_equal(td_request_wait_any(some, w->count, TD_FOREVER, &index), TD_OK);
    assert_true(index < w->count);
    assert_int_equal(td_request_poll(some[index]), TD_REQUEST_READY);
}

static void several_wait_for_the_same(void **state)
{
    (void)state;
    /* The first, how many, and whether all of them. */
    static const struct {
        uint32_t first, count;
        bool all;
    } cases[] = {{0, MANY, false}, {0, MANY, true},     {10, 50, true},
                 {10, 50, false},  {0, 2, true},        {0, 64, true},
                 {3, 65, true},    {MANY - 1, 1, true}, {MANY - 1, 1, false}};
    enum { WAITS = sizeof cases / sizeof cases[0] };
    waiting waits[WAITS];
    make(MANY);
    for (uint32_t i = 0; i < WAITS; i++) {
        waits[i] = (waiting){.first = cases[i].first, .count = cases[i].count, .all = cases[i].all};
        assert_int_equal(tdi_thread_start(&waits[i].thread, "waits", wait_for_some, &waits[i]),
                         TD_OK);
    }
    finish_all(NULL);
    for (uint32_t i = 0; i < WAITS; i++)
        tdi_thread_join(&waits[i].thread);
    release(MANY);
}

static void one_may_be_there_twice(void **state)
{
    (void)state;
    make(MANY);
    td_request *const twice[] = {requests[MANY - 1], requests[0], requests[MANY - 1]};
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "finishes", finish_all, NULL), TD_OK);
    assert_int_equal(td_request_wait_all(twice, 3, TD_FOREVER), TD_OK);
    assert_int_equal(td_request_poll(twice[0]), TD_REQUEST_READY);
    assert_int_equal(td_request_poll(twice[1]), TD_REQUEST_READY);
    tdi_thread_join(&thread);
    release(MANY);
}

/* Each has its own list of what it waits for, as its last handle may go meanwhile. */
static void wait_for_what_is_released(void *user)
{
    td_request *own[3];
    memcpy(own, requests, sizeof own);
    (void)user;
    assert_int_equal(td_request_wait_all(own, 3, TD_FOREVER), TD_OK);
}

static void until_linked(const td_request *request)
{
    /* The wait's reference is the third, beside the user's and the library's. */
    while (atomic_load(&request->references) < 3)
        sched_yield();
}

static void what_is_waited_for_may_be_released(void **state)
{
    (void)state;
    make(3);
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "waits", wait_for_what_is_released, NULL), TD_OK);
    for (uint32_t i = 0; i < 3; i++)
        until_linked(requests[i]);
    for (uint32_t i = 0; i < 3; i++) {
        td_request_release(requests[i]);
        assert_int_equal(payloads[i].released, 1);
    }
    tdi_requests_finish(requests, 3, TD_OK);
    tdi_thread_join(&thread);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(payloads[i].destroyed, 1);
}

/* What a callback on a completion thread is told that tries to wait. */
typedef struct tries {
    td_device *device;
    td_ticket later;
    td_completion_queue *queue;
    td_readback *ring;
    td_result one, any, all, take, ticket, slot; /* with a time limit */
    /* Without one, or for what is finished. */
    td_result any_now, take_now, ticket_now, slot_now, itself;
    char sentence[256];
    atomic_bool done;
} tries;

static void try_to_wait(void *user, td_request *request)
{
    tries *t = user;
    td_completion got;
    tdi_readback_slot *none;
    uint32_t ignored;
    t->itself = td_request_wait(request, TD_FOREVER);
    t->one = td_request_wait(requests[0], TD_FOREVER);
    strncpy(t->sentence, td_last_error(), sizeof t->sentence - 1);
    t->any = td_request_wait_any(requests, 2, TD_FOREVER, &ignored);
    t->all = td_request_wait_all(requests, 2, TD_FOREVER);
    t->take = td_completion_queue_take(t->queue, &got, 1, TD_FOREVER, &ignored);
    t->ticket = td_ticket_wait(t->device, t->later, TD_FOREVER);
    t->slot = tdi_readback_acquire(t->ring, TD_FOREVER, &none);
    t->slot_now = tdi_readback_acquire(t->ring, 0, &none);
    t->any_now = td_request_wait_any(requests, 2, 0, &ignored);
    t->take_now = td_completion_queue_take(t->queue, &got, 1, 0, &ignored);
    t->ticket_now = td_ticket_wait(t->device, t->later, 0);
    atomic_store(&t->done, true);
}

static td_ticket submit(td_device *device)
{
    const tdi_submission submission = {.lane = TD_LANE_COMPUTE};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}

static void make_full_ring(tries *t, tdi_readback_slot **slots)
{
    const td_readback_params params = {.slot_bytes = 64, .slots = 2};
    fake_add_memory();
    assert_int_equal(td_readback_create(t->device, &params, &t->ring), TD_OK);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(tdi_readback_acquire(t->ring, 0, &slots[i]), TD_OK);
}

static void nobody_waits_in_a_callback(void **state)
{
    (void)state;
    make(2);
    tries t = {.device = fake_device_create(3)};
    tdi_readback_slot *slots[2];
    make_full_ring(&t, slots);
    fake_hold(true);
    td_request *request, *last;
    assert_int_equal(td_completion_queue_create(&t.queue), TD_OK);
    const td_ticket first = submit(t.device);
    t.later = submit(t.device);
    assert_int_equal(td_ticket_request(t.device, first, &request), TD_OK);
    assert_int_equal(td_ticket_request(t.device, t.later, &last), TD_OK);
    assert_int_equal(td_request_on_finish(request, try_to_wait, &t), TD_OK);
    fake_complete(1, 1);
    while (!atomic_load(&t.done))
        sched_yield();
    fake_complete(1, 2);
    assert_int_equal(td_request_wait(last, TD_FOREVER), TD_OK);
    const td_result refused[] = {t.one, t.any, t.all, t.take, t.ticket, t.slot};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(refused[i], TD_ERROR_STATE);
    assert_non_null(strstr(t.sentence, "td_request_wait: a callback must not wait"));
    assert_int_equal(t.itself, TD_OK);
    assert_int_equal(t.any_now, TD_ERROR_TIMEOUT);
    assert_int_equal(t.take_now, TD_ERROR_TIMEOUT);
    assert_int_equal(t.ticket_now, TD_ERROR_TIMEOUT);
    assert_int_equal(t.slot_now, TD_ERROR_AGAIN);
    for (uint32_t i = 0; i < 2; i++)
        tdi_readback_release(slots[i]);
    td_readback_destroy(t.ring);
    td_request_release(request);
    td_request_release(last);
    td_completion_queue_destroy(t.queue);
    fake_device_destroy();
    tdi_requests_finish(requests, 2, TD_OK);
    release(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_gives_the_lowest_that_is_finished),
        cmocka_unit_test(all_wants_each_of_them_however_it_ends),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(a_time_limit_passes_by_the_clock),
        cmocka_unit_test(a_time_limit_does_not_pass_before_the_clock_says_so),
        cmocka_unit_test(many_need_memory_and_say_so),
        cmocka_unit_test(several_wait_for_the_same),
        cmocka_unit_test(one_may_be_there_twice),
        cmocka_unit_test(what_is_waited_for_may_be_released),
        cmocka_unit_test(nobody_waits_in_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
