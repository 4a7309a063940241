/* Streams put frames back into their order. */
#include "support.h"

#include "base/pool.h"
#include "batch/stream.h"

#define FRAMES 500

typedef struct frame {
    tdi_stream_item item;
    tdi_task task;
} frame;

static tdi_stream stream;
static frame frames[FRAMES];
static uint64_t delivered[FRAMES];
static uint32_t delivered_count;

/* One at a time, so that nothing guards these. */
static void deliver(tdi_stream_item *item, void *user, uint32_t worker)
{
    (void)user;
    (void)worker;
    delivered[delivered_count++] = item->number;
}

static void put(uint64_t number)
{
    frames[number].item.number = number;
    frames[number].item.deliver = deliver;
    tdi_stream_put(&stream, &frames[number].item, NULL, 0);
}

static int set_up(void **state)
{
    (void)state;
    delivered_count = 0;
    return tdi_stream_init(&stream);
}

static int tear_down(void **state)
{
    (void)state;
    tdi_stream_free(&stream);
    return 0;
}

static void a_frame_waits_for_those_before_it(void **state)
{
    (void)state;
    put(2);
    put(1);
    put(4);
    assert_int_equal(delivered_count, 0);
    put(0);
    assert_int_equal(delivered_count, 3);
    put(3);
    assert_int_equal(delivered_count, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(delivered[i], i);
}

static void put_from_pool(tdi_task *task, uint32_t worker)
{
    (void)worker;
    frame *self = (frame *)((char *)task - offsetof(frame, task));
    put((uint64_t)(self - frames));
}

static void the_order_holds_for_many_threads(void **state)
{
    (void)state;
    tdi_pool *pool;
    assert_int_equal(tdi_pool_create(4, "put", &pool), TD_OK);
    for (uint32_t i = 0; i < FRAMES; i++) {
        /* In blocks of five from the last to the first: every one but the last has to wait. */
        uint32_t number = i / 5 * 5 + (4 - i % 5);
        frames[number].task.run = put_from_pool;
        tdi_pool_submit(pool, &frames[number].task);
    }
    tdi_pool_wait_idle(pool);
    tdi_pool_destroy(pool);
    assert_int_equal(delivered_count, FRAMES);
    for (uint32_t i = 0; i < FRAMES; i++)
        assert_int_equal(delivered[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_frame_waits_for_those_before_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_order_holds_for_many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
