/* Tickets as requests, and the semaphores of programs in submissions: in order, with all stages
 * where none is said, and the device's own timeline last. */
#include "fake_device.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* Of the program's own. */
static VkSemaphore own_semaphore(uint32_t index)
{
    static char marks[TD_MAX_WAITS];
    return (VkSemaphore)&marks[index];
}

static td_ticket submit(td_device *device, const td_lane_submit_params *params)
{
    td_ticket ticket;
    assert_int_equal(td_lane_submit(device, params, &ticket), TD_OK);
    return ticket;
}

static void semaphores_of_the_program_join_the_timelines(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    const td_ticket copy = submit(device, &(td_lane_submit_params){.lane = TD_LANE_TRANSFER});
    const td_wait waits[] = {
        {.semaphore = own_semaphore(0), .value = 7, .stages = VK_PIPELINE_STAGE_2_HOST_BIT},
        {.ticket = copy, .stages = VK_PIPELINE_STAGE_2_COPY_BIT},
        {.ticket = copy, .semaphore = own_semaphore(1), .value = 8},
    };
    const td_signal signals[] = {
        {.semaphore = own_semaphore(2)},
        {.semaphore = own_semaphore(3), .value = 3, .stages = VK_PIPELINE_STAGE_2_COPY_BIT},
    };
    submit(device, &(td_lane_submit_params){.lane = TD_LANE_COMPUTE,
                                            .waits = waits,
                                            .wait_count = 3,
                                            .signals = signals,
                                            .signal_count = 2});
    const fake_submission entry = fake_submission_at(1);
    assert_int_equal(entry.signal, 1);
    assert_int_equal(entry.wait_count, 1);
    assert_int_equal(entry.waits[0].value, copy.value);
    assert_int_equal(entry.waits[0].stages,
                     VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_COPY_BIT);
    assert_int_equal(entry.foreign_waits, 2);
    assert_true(entry.foreign_wait.semaphore == own_semaphore(1));
    assert_int_equal(entry.foreign_wait.value, 8);
    assert_int_equal(entry.foreign_wait.stageMask, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT);
    assert_int_equal(entry.foreign_signals, 2);
    assert_true(entry.foreign_signal.semaphore == own_semaphore(3));
    assert_int_equal(entry.foreign_signal.value, 3);
    assert_int_equal(entry.foreign_signal.stageMask, VK_PIPELINE_STAGE_2_COPY_BIT);
    fake_device_destroy();
}

/* 16 batches with 16 waits and 16 signals each, beside the three timelines. */
static void the_most_of_everything_fits(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    const td_ticket copy = submit(device, &(td_lane_submit_params){.lane = TD_LANE_TRANSFER});
    td_wait waits[TD_MAX_WAITS];
    td_signal signals[TD_MAX_WAITS];
    tdi_submission submissions[TDI_MAX_SUBMISSIONS];
    for (uint32_t i = 0; i < TD_MAX_WAITS; i++) {
        waits[i] = (td_wait){.ticket = copy, .semaphore = own_semaphore(i), .value = 1};
        signals[i] = (td_signal){.semaphore = own_semaphore(i), .value = 2};
    }
    for (uint32_t i = 0; i < TDI_MAX_SUBMISSIONS; i++)
        submissions[i] = (tdi_submission){.lane = TD_LANE_COMPUTE,
                                          .waits = waits,
                                          .wait_count = TD_MAX_WAITS,
                                          .signals = signals,
                                          .signal_count = TD_MAX_WAITS};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit_many(device, submissions, TDI_MAX_SUBMISSIONS, &ticket),
                     TD_OK);
    for (uint32_t i = 0; i < TDI_MAX_SUBMISSIONS; i++) {
        const fake_submission entry = fake_submission_at(1 + i);
        assert_int_equal(entry.foreign_waits, TD_MAX_WAITS);
        assert_int_equal(entry.foreign_signals, TD_MAX_WAITS);
        assert_int_equal(entry.wait_count, 1);
        assert_int_equal(entry.signal, i + 1 == TDI_MAX_SUBMISSIONS ? ticket.value : 0);
    }
    fake_device_destroy();
}

static void a_request_is_pending_until_the_ticket_is_reached(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    const td_ticket ticket = submit(device, &(td_lane_submit_params){.lane = TD_LANE_COMPUTE});
    td_request *request;
    assert_int_equal(td_ticket_request(device, ticket, &request), TD_OK);
    assert_int_equal(td_request_wait(request, TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
    assert_int_equal(td_request_poll(request), TD_REQUEST_PENDING);
    fake_complete(ticket.queue, ticket.value);
    assert_int_equal(td_request_wait(request, 10 * TDI_NS_PER_S), TD_OK);
    td_request_release(request);
    fake_device_destroy();
}

static void a_request_fails_with_the_device(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    const td_ticket ticket = submit(device, &(td_lane_submit_params){.lane = TD_LANE_COMPUTE});
    td_request *request;
    assert_int_equal(td_ticket_request(device, ticket, &request), TD_OK);
    fake_lose();
    assert_int_equal(td_request_wait(request, 10 * TDI_NS_PER_S), TD_ERROR_DEVICE_LOST);
    assert_int_equal(td_ticket_wait(device, ticket, 10 * TDI_NS_PER_S), TD_ERROR_DEVICE_LOST);
    td_request_release(request);
    fake_device_destroy();
}

static void a_released_request_goes_on_alone(void **state)
{
    (void)state;
    const uint64_t blocks = tdi_live_blocks();
    td_device *device = fake_device_create(3);
    fake_hold(true);
    const td_ticket ticket = submit(device, &(td_lane_submit_params){.lane = TD_LANE_COMPUTE});
    td_request *request;
    assert_int_equal(td_ticket_request(device, ticket, &request), TD_OK);
    td_request_release(request);
    fake_complete(ticket.queue, ticket.value);
    fake_device_destroy();
    assert_int_equal(tdi_live_blocks(), blocks);
}

static void a_request_without_memory_leaves_nothing(void **state)
{
    (void)state;
    support_use_allocator();
    td_device *device = fake_device_create(3);
    const td_ticket ticket = submit(device, &(td_lane_submit_params){.lane = TD_LANE_COMPUTE});
    const uint64_t blocks = tdi_live_blocks();
    for (uint32_t nth = 1; nth <= 2; nth++) {
        td_request *request = NULL;
        support_fail_allocation(nth);
        assert_int_equal(td_ticket_request(device, ticket, &request), TD_ERROR_HOST_MEMORY);
        support_fail_allocation(0);
        assert_null(request);
        assert_int_equal(tdi_live_blocks(), blocks);
    }
    fake_device_destroy();
    support_restore_allocator();
}

static void a_failed_submission_gives_no_ticket(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    const td_signal signal = {.semaphore = own_semaphore(0)};
    const td_lane_submit_params params = {
        .lane = TD_LANE_COMPUTE, .signals = &signal, .signal_count = 1};
    td_ticket ticket = {.value = 99};
    fake_fail_submit(1, VK_ERROR_OUT_OF_HOST_MEMORY);
    assert_int_equal(td_lane_submit(device, &params, &ticket), TD_ERROR_HOST_MEMORY);
    assert_int_equal(ticket.value, 99);
    assert_int_equal(submit(device, &params).value, 1);
    fake_device_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semaphores_of_the_program_join_the_timelines),
        cmocka_unit_test(the_most_of_everything_fits),
        cmocka_unit_test(a_request_is_pending_until_the_ticket_is_reached),
        cmocka_unit_test(a_request_fails_with_the_device),
        cmocka_unit_test(a_released_request_goes_on_alone),
        cmocka_unit_test(a_request_without_memory_leaves_nothing),
        cmocka_unit_test(a_failed_submission_gives_no_ticket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
