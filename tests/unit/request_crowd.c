/* 16 threads that watch, take, cancel, wait for any and all, call back and release the same
 * requests at random while others finish them; each request ends once, and nothing of it is left.
 */
#include "support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "async/request_state.h"
#include "base/clock.h"

#define THREADS  16
#define REQUESTS 48
#define ROUNDS   (getenv("TANDEM_TEST_LONG") ? 2000 : 60)
#define STEPS    150 /* of a thread */
#define QUEUES   3

typedef struct entry {
    atomic_bool queued; /* work that nobody has started */
    atomic_int destroyed, released, called;
} entry;

static bool start(entry *e)
{
    return atomic_exchange(&e->queued, false);
}

static bool take_out(void *user)
{
    return start(user);
}

static void on_destroy(void *user)
{
    ((entry *)user)->destroyed++;
}

static void on_released(void *user)
{
    ((entry *)user)->released++;
}

static void on_finish(void *user, td_request *request)
{
    assert_int_not_equal(td_request_poll(request), TD_REQUEST_PENDING);
    ((entry *)user)->called++;
}

static const tdi_request_class CLASS = {
    .destroy = on_destroy, .released = on_released, .cancel = take_out};

static entry entries[REQUESTS];
static td_request *requests[REQUESTS];
static td_completion_queue *queues[QUEUES];

typedef struct member {
    uint64_t random;
    bool held[REQUESTS]; /* has a handle */
    tdi_thread thread;
} member;

static uint32_t draw(member *m, uint32_t below)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (uint32_t)(m->random >> 33) % below;
}

/* Some of those that the thread has. */
static uint32_t choose(member *m, td_request **out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        if (m->held[i] && draw(m, 4) == 0)
            out[count++] = requests[i];
    }
    return count;
}

static void wait_for_some(member *m, bool all)
{
    td_request *some[REQUESTS];
    const uint32_t count = choose(m, some);
    const uint64_t limits[] = {0, 1, 100000, TD_FOREVER};
    uint32_t index = REQUESTS;
    if (count == 0)
        return;
    const uint64_t limit = limits[draw(m, 4)];
    const td_result result = all ? td_request_wait_all(some, count, limit)
                                 : td_request_wait_any(some, count, limit, &index);
    assert_true(result == TD_OK || (result == TD_ERROR_TIMEOUT && limit != TD_FOREVER));
    if (result != TD_OK)
        return;
    for (uint32_t i = all ? 0 : index; i < (all ? count : index + 1); i++)
        assert_int_not_equal(td_request_poll(some[i]), TD_REQUEST_PENDING);
}

static void take_some(member *m)
{
    td_completion got[8];
    uint32_t count;
    (void)td_completion_queue_take(queues[draw(m, QUEUES)], got, 8, draw(m, 2) * 1000, &count);
    for (uint32_t i = 0; i < count; i++) {
        assert_ptr_equal(got[i].request, requests[got[i].tag]);
        assert_int_not_equal(td_request_poll(got[i].request), TD_REQUEST_PENDING);
        td_request_release(got[i].request);
    }
}

static void step(member *m)
{
    const uint32_t i = draw(m, REQUESTS);
    int fd;
    switch (m->held[i] ? draw(m, 10) : 9) {
    case 0:
        if (td_request_cancel(requests[i]))
            assert_int_not_equal(td_request_poll(requests[i]), TD_REQUEST_READY);
        break;
    case 1:
        wait_for_some(m, false);
        break;
    case 2:
        wait_for_some(m, true);
        break;
    case 3:
        (void)td_request_on_finish(requests[i], on_finish, &entries[i]);
        break;
    case 4:
        if (draw(m, 8) == 0)
            assert_int_equal(td_request_descriptor(requests[i], &fd), TD_OK);
        break;
    case 5:
    case 6:
        (void)td_completion_queue_watch(queues[draw(m, QUEUES)], requests[i], i);
        break;
    case 7:
        td_request_release(requests[i]);
        m->held[i] = false;
        break;
    case 8:
        (void)td_request_wait(requests[i], draw(m, 2) * 1000);
        break;
    default:
        take_some(m);
    }
}

static void behave_at_random(void *user)
{
    member *m = user;
    for (uint32_t i = 0; i < STEPS; i++)
        step(m);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        if (m->held[i])
            td_request_release(requests[i]);
    }
}

/* Finishes those whose work nobody took out, some of them together. */
static void finish_all(void *user)
{
    member *m = user;
    td_request *together[REQUESTS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        if (start(&entries[i]))
            together[count++] = requests[i];
        if (draw(m, 4) == 0 || i + 1 == REQUESTS) {
            tdi_requests_finish(together, count,
                                draw(m, 3) == 0 ? tdi_fail(TD_ERROR_IO, "%u", i) : TD_OK);
            count = 0;
        }
    }
}

static void make_requests(void)
{
    for (uint32_t i = 0; i < REQUESTS; i++) {
        memset(&entries[i], 0, sizeof entries[i]);
        atomic_store(&entries[i].queued, true);
        assert_int_equal(tdi_request_create(&CLASS, &entries[i], &requests[i]), TD_OK);
        for (uint32_t k = 1; k < THREADS; k++)
            tdi_request_retain(requests[i]);
    }
    for (uint32_t i = 0; i < QUEUES; i++)
        assert_int_equal(td_completion_queue_create(&queues[i]), TD_OK);
}

static void run_round(uint64_t seed)
{
    static member members[THREADS], finisher;
    make_requests();
    for (uint32_t i = 0; i < THREADS; i++) {
        members[i].random = seed * 1000003 + i + 1;
        memset(members[i].held, true, sizeof members[i].held);
        assert_int_equal(
            tdi_thread_start(&members[i].thread, "member", behave_at_random, &members[i]), TD_OK);
    }
    finisher.random = seed * 7919 + 1;
    assert_int_equal(tdi_thread_start(&finisher.thread, "finisher", finish_all, &finisher), TD_OK);
    for (uint32_t i = 0; i < THREADS; i++)
        tdi_thread_join(&members[i].thread);
    tdi_thread_join(&finisher.thread);
    for (uint32_t i = 0; i < QUEUES; i++)
        td_completion_queue_destroy(queues[i]);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        assert_int_equal(entries[i].destroyed, 1);
        assert_int_equal(entries[i].released, 1);
        assert_in_range(entries[i].called, 0, 1);
    }
}

static void sixteen_threads_at_random(void **state)
{
    (void)state;
    support_use_allocator();
    for (int round = 0; round < ROUNDS; round++)
        run_round((uint64_t)round);
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sixteen_threads_at_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
