/* Waiters: one thread a queue, asleep when nobody waits, bounded when somebody does; what is
 * reached is told on the completion thread. */
#include "fake_device.h"

#include "base/clock.h"

typedef struct told {
    tdi_watch watch;
    td_result result;
    uint32_t order; /* 0: not yet; 1: the first to be told */
    pthread_t thread;
} told;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint32_t told_count;

static void reached(tdi_watch *watch, td_result result)
{
    told *t = (told *)watch;
    pthread_mutex_lock(&mutex);
    assert_int_equal(t->order, 0);
    t->result = result;
    t->thread = pthread_self();
    t->order = ++told_count;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void count_up(uint32_t *count)
{
    pthread_mutex_lock(&mutex);
    ++*count;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void until_counted(const uint32_t *count, uint32_t least)
{
    pthread_mutex_lock(&mutex);
    while (*count < least)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void until_told(uint32_t count)
{
    until_counted(&told_count, count);
}

static td_ticket submit(td_device *device, td_lane lane)
{
    const tdi_submission submission = {.lane = lane};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}

static void watch(td_device *device, told *t, td_ticket ticket)
{
    *t = (told){.watch = {.ticket = ticket, .reached = reached}};
    tdi_ticket_watch(device, &t->watch);
}

static int reset(void **state)
{
    (void)state;
    told_count = 0;
    return 0;
}

static void nobody_waits_without_a_watch(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    for (uint32_t i = 0; i < 10; i++)
        submit(device, TD_LANE_COMPUTE);
    assert_int_equal(fake_wait_calls(), 0);
    fake_device_destroy();
}

static void a_watch_is_told_when_its_ticket_is_reached(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    told t;
    watch(device, &t, submit(device, TD_LANE_COMPUTE));
    fake_until_waiting(1);
    assert_int_equal(told_count, 0);
    fake_complete(1, 1);
    until_told(1);
    assert_int_equal(t.result, TD_OK);
    assert_false(pthread_equal(t.thread, pthread_self()));
    assert_true(fake_longest_wait_ns() <= TDI_NS_PER_S);
    fake_device_destroy();
}

/* The one that is told the earlier has the lower value, whichever was watched first. */
static void watches_are_told_in_the_order_of_their_tickets(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    told t[4];
    td_ticket tickets[4];
    for (uint32_t i = 0; i < 4; i++)
        tickets[i] = submit(device, TD_LANE_GRAPHICS);
    const uint32_t order[] = {2, 0, 3, 1};
    for (uint32_t i = 0; i < 4; i++)
        watch(device, &t[order[i]], tickets[order[i]]);
    fake_complete(0, 4);
    until_told(4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(t[i].order, i + 1);
    fake_device_destroy();
}

/* Two threads that submit to one queue may watch in the reverse order. */
static void a_lower_ticket_is_told_though_a_higher_one_was_watched_first(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    told low, high;
    td_ticket first = submit(device, TD_LANE_GRAPHICS);
    submit(device, TD_LANE_GRAPHICS);
    watch(device, &high, submit(device, TD_LANE_GRAPHICS));
    fake_until_waiting(1);
    watch(device, &low, first);
    uint64_t start = tdi_now_ns();
    fake_complete(0, 1);
    until_told(1);
    assert_true(tdi_now_ns() - start < TDI_NS_PER_S / 2);
    assert_int_equal(low.order, 1);
    assert_int_equal(high.order, 0);
    fake_complete(0, 3);
    until_told(2);
    fake_device_destroy();
}

/* The waiter has gone on to the second point when the first one is watched. */
static void a_ticket_that_the_waiter_has_passed_is_told(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    told low, high;
    td_ticket first = submit(device, TD_LANE_GRAPHICS);
    watch(device, &high, submit(device, TD_LANE_GRAPHICS));
    fake_until_waiting(1);
    fake_complete(0, 1);
    uint64_t start = tdi_now_ns();
    watch(device, &low, first);
    until_told(1);
    assert_true(tdi_now_ns() - start < TDI_NS_PER_S / 2);
    assert_int_equal(low.order, 1);
    fake_complete(0, 2);
    until_told(2);
    fake_device_destroy();
}

enum { RIVALS = 3, ROUNDS = 100 };

typedef struct rival {
    td_device *device;
    told tolds[ROUNDS];
    tdi_thread thread;
} rival;

static uint32_t rounds_begun, rivals_submitted;

static void submit_and_watch(void *user)
{
    rival *r = user;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        until_counted(&rounds_begun, i + 1);
        td_ticket ticket = submit(r->device, TD_LANE_GRAPHICS);
        count_up(&rivals_submitted);
        watch(r->device, &r->tolds[i], ticket);
    }
}

/* Nothing that is watched is overlooked, whatever the order: a watch that was would be told only
 * when a whole wait of a second is over. */
static void threads_that_watch_at_once_are_all_told_in_time(void **state)
{
    (void)state;
    static rival rivals[RIVALS];
    td_device *device = fake_device_create(1);
    fake_hold(true);
    rounds_begun = rivals_submitted = 0;
    for (uint32_t i = 0; i < RIVALS; i++) {
        rivals[i].device = device;
        assert_int_equal(tdi_thread_start(&rivals[i].thread, "rival", submit_and_watch, &rivals[i]),
                         TD_OK);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        count_up(&rounds_begun);
        until_counted(&rivals_submitted, (round + 1) * RIVALS);
        for (uint32_t i = 1; i <= RIVALS; i++) {
            uint64_t start = tdi_now_ns();
            fake_complete(0, round * RIVALS + i);
            until_told(round * RIVALS + i);
            assert_true(tdi_now_ns() - start < TDI_NS_PER_S / 2);
        }
    }
    for (uint32_t i = 0; i < RIVALS; i++)
        tdi_thread_join(&rivals[i].thread);
    fake_device_destroy();
}

static void what_is_reached_already_is_told_too(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    told t[2];
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
    watch(device, &t[0], (td_ticket){0});
    td_ticket ticket = submit(device, TD_LANE_GRAPHICS);
    assert_int_equal(tdi_ticket_wait(device, ticket, UINT64_MAX), TD_OK);
    watch(device, &t[1], ticket);
    until_told(2);
    assert_int_equal(t[1].result, TD_OK);
    assert_false(pthread_equal(t[1].thread, pthread_self()));
    fake_device_destroy();
}

static void queues_do_not_wait_for_each_other(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    told stuck;
    told quick;
    watch(device, &stuck, submit(device, TD_LANE_GRAPHICS));
    watch(device, &quick, submit(device, TD_LANE_TRANSFER));
    fake_until_waiting(2);
    fake_complete(2, 1);
    until_told(1);
    assert_int_equal(quick.order, 1);
    assert_int_equal(stuck.order, 0);
    fake_complete(0, 1);
    until_told(2);
    fake_device_destroy();
}

static void loss_wakes_all(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    told t[6];
    for (uint32_t i = 0; i < 6; i++)
        watch(device, &t[i], submit(device, (td_lane)(i % TD_LANE_COUNT)));
    fake_until_waiting(3);
    fake_lose();
    until_told(6);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(t[i].result, TD_ERROR_DEVICE_LOST);
    fake_device_destroy();
}

static void a_wait_that_fails_for_memory_is_tried_again(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    fake_fail_wait(VK_ERROR_OUT_OF_HOST_MEMORY);
    told t;
    watch(device, &t, submit(device, TD_LANE_GRAPHICS));
    fake_until_waiting(1);
    fake_complete(0, 1);
    until_told(1);
    assert_int_equal(t.result, TD_OK);
    assert_false(tdi_device_lost(device));
    fake_device_destroy();
}

/* fake_device_destroy ends the lanes as td_device_destroy does. */
static void the_end_waits_for_what_is_watched(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    told t[3];
    for (uint32_t i = 0; i < 3; i++)
        watch(device, &t[i], submit(device, (td_lane)i));
    fake_device_destroy();
    assert_int_equal(told_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(t[i].result, TD_OK);
}

typedef struct patient {
    td_device *device;
    td_ticket ticket;
    tdi_thread thread;
} patient;

static void wait_for_ticket(void *user)
{
    const patient *p = user;
    assert_int_equal(tdi_ticket_wait(p->device, p->ticket, UINT64_MAX), TD_OK);
    count_up(&told_count);
}

/* fake_device sees to it that no two are in the driver for one queue. The first comes back though
 * another thread is there for a later point. */
static void threads_take_turns_in_the_driver(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    patient patients[6];
    told t;
    for (uint32_t i = 0; i < 6; i++)
        patients[i] = (patient){.device = device, .ticket = submit(device, TD_LANE_GRAPHICS)};
    watch(device, &t, patients[4].ticket);
    fake_until_waiting(1);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(
            tdi_thread_start(&patients[i].thread, "patient", wait_for_ticket, &patients[i]), TD_OK);
    for (uint32_t i = 0; i < 6; i++) {
        fake_complete(0, i + 1);
        until_told(i >= 4 ? i + 2 : i + 1);
    }
    for (uint32_t i = 0; i < 6; i++)
        tdi_thread_join(&patients[i].thread);
    fake_device_destroy();
}

typedef struct chain {
    tdi_watch watch;
    td_device *device;
    uint32_t left;
} chain;

static void submit_another(tdi_watch *w, td_result result)
{
    chain *c = (chain *)w;
    assert_int_equal(result, TD_OK);
    if (c->left-- > 0) {
        w->ticket = submit(c->device, TD_LANE_COMPUTE);
        tdi_ticket_watch(c->device, w);
        return;
    }
    count_up(&told_count);
}

static void a_callback_may_submit_and_watch(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    chain c = {.watch = {.reached = submit_another}, .device = device, .left = 100};
    c.watch.ticket = submit(device, TD_LANE_COMPUTE);
    tdi_ticket_watch(device, &c.watch);
    until_told(1);
    assert_int_equal(fake_submission_count(), 101);
    fake_device_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_waits_without_a_watch, reset),
        cmocka_unit_test_setup(a_watch_is_told_when_its_ticket_is_reached, reset),
        cmocka_unit_test_setup(watches_are_told_in_the_order_of_their_tickets, reset),
        cmocka_unit_test_setup(a_lower_ticket_is_told_though_a_higher_one_was_watched_first, reset),
        cmocka_unit_test_setup(a_ticket_that_the_waiter_has_passed_is_told, reset),
        cmocka_unit_test_setup(threads_that_watch_at_once_are_all_told_in_time, reset),
        cmocka_unit_test_setup(what_is_reached_already_is_told_too, reset),
        cmocka_unit_test_setup(queues_do_not_wait_for_each_other, reset),
        cmocka_unit_test_setup(loss_wakes_all, reset),
        cmocka_unit_test_setup(a_wait_that_fails_for_memory_is_tried_again, reset),
        cmocka_unit_test_setup(the_end_waits_for_what_is_watched, reset),
        cmocka_unit_test_setup(threads_take_turns_in_the_driver, reset),
        cmocka_unit_test_setup(a_callback_may_submit_and_watch, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
