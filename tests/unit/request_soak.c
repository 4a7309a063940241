/* Many requests leave the process as they found it: memory after nine tenths of them is within 1
 * MiB of that after one tenth, and blocks, descriptors and threads are equal. 1,000,000 requests
 * with TANDEM_TEST_LONG, else fewer. */
#include "fake_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "async/request.h"
#include "base/memory.h"
#include "base/process.h"

#define LONG_COUNT  1000000
#define SHORT_COUNT 50000
#define TOGETHER    10
#define GROWTH      (1 << 20)

typedef struct soak {
    td_device *device;
    td_completion_queue *queue;
    uint32_t round;
} soak;

typedef struct look {
    uint64_t resident, blocks;
    tdi_process_info process;
} look;

static uint64_t resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static look look_now(void)
{
    look now = {.resident = resident_bytes(), .blocks = tdi_live_blocks()};
    tdi_process_get_info(&now.process);
    return now;
}

static const tdi_request_class CLASS = {.destroy = NULL};

static void ignore(void *user, td_request *request)
{
    (void)user;
    (void)request;
}

/* Half are finished here, half by the device's completion thread. */
static td_request *make(const soak *s, uint32_t index)
{
    td_request *request;
    if (index % 2)
        assert_int_equal(td_ticket_request(s->device, (td_ticket){0}, &request), TD_OK);
    else
        assert_int_equal(tdi_request_create(&CLASS, NULL, &request), TD_OK);
    return request;
}

static void use(soak *s, td_request *request, uint32_t index)
{
    int fd;
    if (index == 2)
        assert_int_equal(td_request_descriptor(request, &fd), TD_OK);
    if (index == 3 || index == 4)
        assert_int_equal(td_request_on_finish(request, ignore, NULL), TD_OK);
    if (index == 6)
        (void)td_request_cancel(request);
    if (index < 8)
        assert_int_equal(td_completion_queue_watch(s->queue, request, index), TD_OK);
}

static void run_round(soak *s)
{
    td_request *requests[TOGETHER], *own[TOGETHER / 2];
    td_completion taken[TOGETHER];
    uint32_t index, count = 0;
    for (uint32_t i = 0; i < TOGETHER; i++) {
        requests[i] = make(s, i);
        use(s, requests[i], i);
        if (i % 2 == 0)
            own[i / 2] = requests[i];
    }
    tdi_requests_finish(own, TOGETHER / 2,
                        s->round % 2 ? tdi_fail(TD_ERROR_IO, "round %u", s->round) : TD_OK);
    assert_int_equal(td_request_wait_any(requests, TOGETHER, TD_FOREVER, &index), TD_OK);
    assert_int_equal(td_request_wait_all(requests, TOGETHER, TD_FOREVER), TD_OK);
    for (uint32_t left = 8; left > 0; left -= count) {
        assert_int_equal(td_completion_queue_take(s->queue, taken, TOGETHER, TD_FOREVER, &count),
                         TD_OK);
        for (uint32_t i = 0; i < count; i++)
            td_request_release(taken[i].request);
    }
    for (uint32_t i = 0; i < TOGETHER; i++)
        td_request_release(requests[i]);
}

/* A completion thread may still hold what it has finished. */
static void settle(const soak *s)
{
    td_request *last;
    assert_int_equal(td_ticket_request(s->device, (td_ticket){0}, &last), TD_OK);
    assert_int_equal(td_request_wait(last, TD_FOREVER), TD_OK);
    td_request_release(last);
}

static void many_requests_leave_nothing_behind(void **state)
{
    (void)state;
    const uint32_t rounds = (getenv("TANDEM_TEST_LONG") ? LONG_COUNT : SHORT_COUNT) / TOGETHER;
    soak s = {.device = fake_device_create(3)};
    look early = {0}, late = {0};
    assert_int_equal(td_completion_queue_create(&s.queue), TD_OK);
    (void)td_completion_queue_descriptor(s.queue);
    assert_int_equal(tdi_lanes_ready(s.device), TD_OK);
    for (s.round = 0; s.round < rounds; s.round++) {
        run_round(&s);
        if (s.round != rounds / 10 && s.round != rounds / 10 * 9)
            continue;
        settle(&s);
        *(s.round == rounds / 10 ? &early : &late) = look_now();
    }
    print_message("%u requests: %llu KiB resident, then %llu KiB\n", rounds * TOGETHER,
                  (unsigned long long)early.resident >> 10,
                  (unsigned long long)late.resident >> 10);
    assert_in_range(late.resident, 0, early.resident + GROWTH);
    assert_in_range(late.blocks, early.blocks - 2,
                    early.blocks + 2); /* the last one comes or goes */
    assert_int_equal(late.process.descriptors, early.process.descriptors);
    assert_int_equal(late.process.threads, early.process.threads);
    td_completion_queue_destroy(s.queue);
    fake_device_destroy();
    assert_int_equal(tdi_live_blocks(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_requests_leave_nothing_behind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
