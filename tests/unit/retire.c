/* What the GPU may still use goes when it is done with it, and whoever needs the memory waits. */
#include "fake_device.h"

#include <sched.h>

#include "async/retire.h"
#include "base/memory.h"
#include "gpu/budget.h"

#define MIB (UINT64_C(1) << 20)

static td_ticket submit(td_device *device)
{
    const tdi_submission submission = {.lane = TD_LANE_COMPUTE};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}

static td_result make(td_device *device, uint64_t size, tdi_buffer *out)
{
    const tdi_buffer_params params = {
        .name = "a buffer", .size = size, .kind = TDI_MEMORY_READBACK};
    return tdi_buffer_create(device, &params, out);
}

static td_budget_info sums(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(device->budget, &info);
    return info;
}

static td_device *start(void)
{
    support_use_allocator();
    td_device *device = fake_device_create(3);
    fake_add_memory();
    return device;
}

static void finish(void)
{
    fake_device_destroy();
    support_restore_allocator();
}

static void what_is_done_goes_at_once(void **state)
{
    (void)state;
    td_device *device = start();
    tdi_buffer buffer;
    assert_int_equal(make(device, 20 * MIB, &buffer), TD_OK);
    tdi_retire_buffer(device, &buffer, submit(device));
    assert_int_equal(sums(device).used_bytes, 0);
    assert_null(buffer.handle);
    assert_int_equal(make(device, 20 * MIB, &buffer), TD_OK);
    tdi_retire_buffer(device, &buffer, (td_ticket){0});
    assert_int_equal(sums(device).used_bytes, 0);
    tdi_retire_buffer(device, &buffer, (td_ticket){0}); /* nothing */
    finish();
}

static void what_is_used_stays_until_the_device_goes(void **state)
{
    (void)state;
    td_device *device = start();
    tdi_buffer buffer;
    fake_hold(true);
    assert_int_equal(make(device, 20 * MIB, &buffer), TD_OK);
    tdi_retire_buffer(device, &buffer, submit(device));
    assert_int_equal(sums(device).used_bytes, 20 * MIB);
    finish(); /* lets go, and would find a block that is lost */
}

typedef struct allocation {
    td_device *device;
    tdi_buffer buffer;
    td_result result;
} allocation;

static void allocate_on_thread(void *user)
{
    allocation *a = user;
    a->result = make(a->device, 40 * MIB, &a->buffer);
}

static void until_one_waits(td_device *device)
{
    while (atomic_load(&tdi_budget_pressure(device->budget)->waiting) == 0)
        sched_yield();
}

static void an_allocation_waits_for_it(void **state)
{
    (void)state;
    td_device *device = start();
    allocation a = {.device = device};
    tdi_buffer old;
    tdi_thread thread;
    fake_hold(true);
    assert_int_equal(make(device, 48 * MIB, &old), TD_OK);
    td_ticket last_use = submit(device);
    tdi_retire_buffer(device, &old, last_use);
    assert_int_equal(tdi_thread_start(&thread, "test", allocate_on_thread, &a), TD_OK);
    until_one_waits(device);
    fake_complete(last_use.queue, last_use.value);
    tdi_thread_join(&thread);
    assert_int_equal(a.result, TD_OK);
    assert_int_equal(sums(device).waits, 1);
    assert_int_equal(sums(device).used_bytes, 40 * MIB);
    tdi_buffer_destroy(device, &a.buffer);
    finish();
}

/* Nothing that was retired is used any more after a loss. */
static void a_loss_gives_it_back(void **state)
{
    (void)state;
    td_device *device = start();
    allocation a = {.device = device};
    tdi_buffer old;
    tdi_thread thread;
    fake_hold(true);
    assert_int_equal(make(device, 48 * MIB, &old), TD_OK);
    tdi_retire_buffer(device, &old, submit(device));
    assert_int_equal(tdi_thread_start(&thread, "test", allocate_on_thread, &a), TD_OK);
    until_one_waits(device);
    fake_lose();
    tdi_thread_join(&thread);
    assert_int_equal(a.result, TD_OK);
    tdi_buffer_destroy(device, &a.buffer);
    finish();
}

typedef struct continuation {
    tdi_watch watch;
    allocation allocation;
    atomic_bool done;
} continuation;

static void allocate_in_callback(tdi_watch *watch, td_result result)
{
    continuation *c = (continuation *)watch;
    assert_int_equal(result, TD_OK);
    allocate_on_thread(&c->allocation);
    atomic_store(&c->done, true);
}

/* The thread that brings memory back would wait for itself. */
static void a_completion_thread_does_not_wait(void **state)
{
    (void)state;
    td_device *device = start();
    continuation c = {.allocation.device = device};
    tdi_buffer old;
    fake_hold(true);
    assert_int_equal(make(device, 48 * MIB, &old), TD_OK);
    td_ticket first = submit(device);
    c.watch = (tdi_watch){.ticket = first, .reached = allocate_in_callback};
    tdi_ticket_watch(device, &c.watch);
    tdi_retire_buffer(device, &old, submit(device));
    fake_complete(first.queue, first.value);
    while (!atomic_load(&c.done))
        sched_yield();
    assert_int_equal(c.allocation.result, TD_ERROR_BUDGET);
    finish();
}

/* Without host memory for the note, it waits itself. */
static void retiring_cannot_fail(void **state)
{
    (void)state;
    td_device *device = start();
    tdi_buffer buffer;
    assert_int_equal(make(device, 20 * MIB, &buffer), TD_OK);
    td_ticket last_use = submit(device);
    support_fail_allocation(1);
    tdi_retire_buffer(device, &buffer, last_use);
    assert_true(support_allocation_failed());
    assert_int_equal(sums(device).used_bytes, 0);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_done_goes_at_once),
        cmocka_unit_test(what_is_used_stays_until_the_device_goes),
        cmocka_unit_test(an_allocation_waits_for_it),
        cmocka_unit_test(a_loss_gives_it_back),
        cmocka_unit_test(a_completion_thread_does_not_wait),
        cmocka_unit_test(retiring_cannot_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
