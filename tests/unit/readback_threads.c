/* A ring filled and drained by 16 threads, which release what they were lent in random order and in
 * any state: nobody sees a slot change that is lent, and nothing is lost. */
#include "fake_device.h"

#include <string.h>

#include <tandem/readback.h>

#define THREADS 16
#define ROUNDS  150
#define SLOTS   12
#define HELD    4
#define BYTES   256

static td_device *device;

typedef struct worker {
    td_readback *ring;
    td_completion_queue *queue;
    uint32_t seed;
    uint32_t number;
    tdi_thread thread;
} worker;

typedef struct held {
    td_request *request;
    uint32_t mark;
} held;

static uint32_t next_random(worker *w)
{
    w->seed = w->seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return w->seed >> 16;
}

/* False while the ring is full. */
static bool read_back(worker *w, held *out)
{
    td_readback_target target;
    td_ticket ticket;
    if (td_readback_begin(w->ring, 1, NULL, 0, &target) == TD_ERROR_AGAIN)
        return false;
    const td_lane_submit_params params = {.lane = TD_LANE_GRAPHICS};
    assert_int_equal(td_lane_submit(device, &params, &ticket), TD_OK);
    assert_int_equal(td_readback_submitted(w->ring, &target, NULL, ticket, &out->request), TD_OK);
    assert_int_equal(td_request_wait(out->request, TD_FOREVER), TD_OK);
    td_readback_data data;
    assert_int_equal(td_readback_get_data(out->request, &data), TD_OK);
    out->mark = next_random(w) % 251;
    memset((void *)(uintptr_t)data.bytes, (int)out->mark, data.size);
    return true;
}

static void check_and_release(held *h)
{
    td_readback_data data;
    assert_int_equal(td_readback_get_data(h->request, &data), TD_OK);
    for (uint64_t i = 0; i < data.size; i++)
        assert_int_equal(((const unsigned char *)data.bytes)[i], h->mark);
    td_request_release(h->request);
    h->request = NULL;
}

/* Requests that are released, cancelled or watched while they are pending. */
static void throw_away(worker *w)
{
    td_readback_target target;
    td_request *request;
    if (td_readback_begin(w->ring, 1, NULL, 0, &target) == TD_ERROR_AGAIN)
        return;
    const uint32_t way = next_random(w) % 4;
    if (way == 0) {
        assert_int_equal(td_readback_abandon(w->ring, &target, (td_ticket){0}), TD_OK);
        return;
    }
    assert_int_equal(td_readback_submitted(w->ring, &target, NULL, (td_ticket){0}, &request),
                     TD_OK);
    if (way == 1)
        (void)td_request_cancel(request);
    if (way == 2)
        assert_int_equal(td_completion_queue_watch(w->queue, request, w->number), TD_OK);
    td_request_release(request);
    td_completion done[8];
    uint32_t count = 0;
    if (way == 2 && td_completion_queue_take(w->queue, done, 8, 0, &count) == TD_OK)
        while (count > 0)
            td_request_release(done[--count].request);
}

static void work(void *user)
{
    worker *w = user;
    held holding[HELD] = {0};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        held *h = &holding[next_random(w) % HELD];
        if (h->request)
            check_and_release(h);
        else if (round % 3 == 0)
            throw_away(w);
        else
            (void)read_back(w, h);
        if (round % 16 == 0)
            (void)td_readback_trim(w->ring);
    }
    for (uint32_t i = 0; i < HELD; i++)
        if (holding[i].request)
            check_and_release(&holding[i]);
}

static void threads_fill_and_drain_a_ring(void **state)
{
    (void)state;
    support_use_allocator();
    device = fake_device_create(1);
    fake_add_memory();
    td_readback *ring;
    td_completion_queue *queue;
    const td_readback_params params = {
        .slot_bytes = BYTES, .slots = SLOTS, .grow = true, .most_slots = 2 * SLOTS};
    assert_int_equal(td_readback_create(device, &params, &ring), TD_OK);
    assert_int_equal(td_completion_queue_create(&queue), TD_OK);
    worker workers[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (worker){.ring = ring, .queue = queue, .seed = i + 1, .number = i};
        assert_int_equal(tdi_thread_start(&workers[i].thread, "reader", work, &workers[i]), TD_OK);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        tdi_thread_join(&workers[i].thread);
    td_completion_queue_destroy(queue);
    td_readback_destroy(ring);
    fake_device_destroy();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_fill_and_drain_a_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
