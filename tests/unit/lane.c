/* Lanes: each submits to its queue, tickets rise only with success, waits go where they belong. */
#include "fake_device.h"

#include <string.h>

#include "base/clock.h"

static td_ticket submit(td_device *device, td_lane lane, const td_wait *waits, uint32_t count)
{
    const tdi_submission submission = {.lane = lane, .waits = waits, .wait_count = count};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}

static void each_lane_submits_to_its_queue(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        td_ticket ticket = submit(device, (td_lane)lane, NULL, 0);
        assert_int_equal(ticket.queue, lane);
        assert_int_equal(ticket.value, 1);
        assert_int_equal(fake_submission_at(lane).queue, lane);
        assert_int_equal(fake_submission_at(lane).signal, 1);
    }
    fake_device_destroy();
}

static void lanes_of_one_queue_share_its_timeline(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    assert_int_equal(submit(device, TD_LANE_TRANSFER, NULL, 0).value, 1);
    assert_int_equal(submit(device, TD_LANE_COMPUTE, NULL, 0).value, 2);
    td_ticket last = submit(device, TD_LANE_GRAPHICS, NULL, 0);
    assert_int_equal(last.value, 3);
    assert_int_equal(last.queue, 0);
    fake_device_destroy();
}

static void waits_are_merged_by_queue(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_ticket first = submit(device, TD_LANE_COMPUTE, NULL, 0);
    td_ticket second = submit(device, TD_LANE_COMPUTE, NULL, 0);
    td_ticket copy = submit(device, TD_LANE_TRANSFER, NULL, 0);
    const td_wait waits[] = {
        {.ticket = second, .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT},
        {.ticket = first, .stages = VK_PIPELINE_STAGE_2_COPY_BIT},
        {.ticket = copy, .stages = VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT},
        {.ticket = {.queue = 2}, .stages = VK_PIPELINE_STAGE_2_HOST_BIT},
    };
    submit(device, TD_LANE_GRAPHICS, waits, 4);
    fake_submission got = fake_submission_at(3);
    assert_int_equal(got.wait_count, 2);
    assert_int_equal(got.waits[0].queue, 1);
    assert_int_equal(got.waits[0].value, 2);
    assert_int_equal(got.waits[0].stages,
                     VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_COPY_BIT);
    assert_int_equal(got.waits[1].queue, 2);
    assert_int_equal(got.waits[1].value, 1);
    assert_int_equal(got.waits[1].stages, VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT);
    fake_device_destroy();
}

static void waits_for_the_own_queue_are_dropped(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    const td_wait wait = {.ticket = submit(device, TD_LANE_COMPUTE, NULL, 0),
                          .stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    submit(device, TD_LANE_GRAPHICS, &wait, 1);
    assert_int_equal(fake_submission_at(1).wait_count, 0);
    fake_device_destroy();
}

static void tickets_of_the_future_are_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_ticket last = submit(device, TD_LANE_COMPUTE, NULL, 0);
    const td_wait waits[] = {
        {.ticket = {.queue = last.queue, .value = last.value + 1},
         .stages = VK_PIPELINE_STAGE_2_COPY_BIT},
        {.ticket = {.value = 1}, .stages = VK_PIPELINE_STAGE_2_COPY_BIT},
        {.ticket = {.queue = 7, .value = 1}, .stages = VK_PIPELINE_STAGE_2_COPY_BIT}};
    const td_result expected[] = {TD_ERROR_STATE, TD_ERROR_STATE, TD_ERROR_ARGUMENT};
    for (uint32_t i = 0; i < 3; i++) {
        const tdi_submission submission = {.lane = i == 1 ? TD_LANE_COMPUTE : TD_LANE_GRAPHICS,
                                           .waits = &waits[i],
                                           .wait_count = 1};
        td_ticket ticket;
        assert_int_equal(tdi_lane_submit(device, &submission, &ticket), expected[i]);
    }
    assert_int_equal(fake_submission_count(), 1);
    fake_device_destroy();
}

static void a_failed_submission_leaves_no_hole(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    assert_int_equal(submit(device, TD_LANE_GRAPHICS, NULL, 0).value, 1);
    const tdi_submission submission = {.lane = TD_LANE_GRAPHICS};
    td_ticket ticket = {.queue = 9, .value = 9};
    fake_fail_submit(1, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_ERROR_DEVICE_MEMORY);
    assert_non_null(strstr(td_last_error(), "vkQueueSubmit2"));
    assert_int_equal(ticket.value, 9);
    assert_int_equal(submit(device, TD_LANE_GRAPHICS, NULL, 0).value, 2);
    fake_device_destroy();
}

static void many_go_in_one_call_and_the_last_is_signalled(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    tdi_submission submissions[TDI_MAX_SUBMISSIONS + 1] = {{.lane = TD_LANE_COMPUTE}};
    for (uint32_t i = 0; i <= TDI_MAX_SUBMISSIONS; i++)
        submissions[i].lane = TD_LANE_COMPUTE;
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit_many(device, submissions, TDI_MAX_SUBMISSIONS, &ticket),
                     TD_OK);
    assert_int_equal(ticket.value, 1);
    assert_int_equal(fake_submission_count(), TDI_MAX_SUBMISSIONS);
    for (uint32_t i = 0; i < TDI_MAX_SUBMISSIONS; i++) {
        assert_int_equal(fake_submission_at(i).call, 0);
        assert_int_equal(fake_submission_at(i).signal, i + 1 == TDI_MAX_SUBMISSIONS ? 1 : 0);
    }
    assert_int_equal(tdi_lane_submit_many(device, submissions, TDI_MAX_SUBMISSIONS + 1, &ticket),
                     TD_ERROR_ARGUMENT);
    assert_int_equal(tdi_lane_submit_many(device, submissions, 0, &ticket), TD_ERROR_ARGUMENT);
    submissions[1].lane = TD_LANE_TRANSFER;
    assert_int_equal(tdi_lane_submit_many(device, submissions, 2, &ticket), TD_ERROR_ARGUMENT);
    fake_device_destroy();
}

static void reached_and_waiting_follow_the_timeline(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    td_ticket ticket = submit(device, TD_LANE_COMPUTE, NULL, 0);
    assert_false(tdi_ticket_reached(device, ticket));
    assert_int_equal(tdi_ticket_wait(device, ticket, 0), TD_ERROR_TIMEOUT);
    assert_int_equal(tdi_ticket_wait(device, ticket, TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
    assert_true(tdi_ticket_reached(device, (td_ticket){.queue = 1}));
    fake_complete(1, 1);
    assert_int_equal(tdi_ticket_wait(device, ticket, UINT64_MAX), TD_OK);
    assert_true(tdi_ticket_reached(device, ticket));
    fake_device_destroy();
}

static void loss_is_recorded_once_and_seen_everywhere(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    fake_hold(true);
    td_ticket ticket = submit(device, TD_LANE_COMPUTE, NULL, 0);
    assert_false(tdi_device_lost(device));
    fake_lose();
    assert_int_equal(tdi_ticket_wait(device, ticket, UINT64_MAX), TD_ERROR_DEVICE_LOST);
    assert_true(tdi_device_lost(device));
    assert_false(tdi_ticket_reached(device, ticket));
    const tdi_submission submission = {.lane = TD_LANE_GRAPHICS};
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_ERROR_DEVICE_LOST);
    assert_non_null(strstr(td_last_error(), "lost"));
    fake_device_destroy();
}

static void a_loss_on_submission_is_recorded(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
    fake_lose();
    const tdi_submission submission = {.lane = TD_LANE_GRAPHICS};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_ERROR_DEVICE_LOST);
    assert_true(tdi_device_lost(device));
    fake_device_destroy();
}

typedef struct patient {
    td_device *device;
    td_ticket ticket;
    td_result result;
    tdi_thread thread;
} patient;

static void wait_for_ticket(void *user)
{
    patient *p = user;
    p->result = tdi_ticket_wait(p->device, p->ticket, 10 * TDI_NS_PER_S);
}

#define PATIENTS 4

static void start_patients(td_device *device, td_ticket ticket, patient patients[PATIENTS])
{
    for (uint32_t i = 0; i < PATIENTS; i++) {
        patients[i] = (patient){.device = device, .ticket = ticket};
        assert_int_equal(
            tdi_thread_start(&patients[i].thread, "patient", wait_for_ticket, &patients[i]), TD_OK);
    }
}

static void end_patients(patient patients[PATIENTS], td_result expected)
{
    for (uint32_t i = 0; i < PATIENTS; i++) {
        tdi_thread_join(&patients[i].thread);
        assert_int_equal(patients[i].result, expected);
    }
}

/* One is in the driver, the others sleep until it comes back. */
static void threads_that_wait_do_not_look_meanwhile(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    td_ticket ticket = submit(device, TD_LANE_GRAPHICS, NULL, 0);
    patient patients[PATIENTS];
    start_patients(device, ticket, patients);
    fake_until_waiting(1);
    assert_int_equal(tdi_ticket_wait(device, ticket, 200 * TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
    assert_true(fake_look_calls() < 10 * (PATIENTS + 1));
    assert_true(fake_wait_calls() < 10);
    fake_complete(0, 1);
    end_patients(patients, TD_OK);
    fake_device_destroy();
}

/* The driver is waited in for the very next point, so nobody's is passed unseen. */
static void a_lower_ticket_ends_its_wait_first(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    td_ticket low = submit(device, TD_LANE_GRAPHICS, NULL, 0);
    submit(device, TD_LANE_GRAPHICS, NULL, 0);
    td_ticket high = submit(device, TD_LANE_GRAPHICS, NULL, 0);
    patient first[PATIENTS], later[PATIENTS];
    start_patients(device, high, first);
    fake_until_waiting(1);
    start_patients(device, low, later);
    uint64_t start = tdi_now_ns();
    fake_complete(0, 1);
    end_patients(later, TD_OK);
    assert_true(tdi_now_ns() - start < TDI_NS_PER_S / 2);
    fake_complete(0, 3);
    end_patients(first, TD_OK);
    assert_true(tdi_now_ns() - start < TDI_NS_PER_S / 2);
    fake_device_destroy();
}

static void waits_that_keep_failing_are_repeated_slowly(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    fake_fail_waits(VK_ERROR_OUT_OF_HOST_MEMORY, VK_SUCCESS);
    td_ticket ticket = submit(device, TD_LANE_GRAPHICS, NULL, 0);
    uint64_t start = tdi_now_ns();
    patient patients[PATIENTS];
    start_patients(device, ticket, patients);
    assert_int_equal(tdi_ticket_wait(device, ticket, 100 * TDI_NS_PER_MS), TD_ERROR_TIMEOUT);
    assert_true(fake_wait_calls() > 1);
    assert_true(fake_wait_calls() <= 10 + (tdi_now_ns() - start) / TDI_NS_PER_MS);
    fake_complete(0, 1);
    end_patients(patients, TD_OK);
    assert_false(tdi_device_lost(device));
    fake_device_destroy();
}

static void a_timeline_that_cannot_be_read_any_more_is_a_loss(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    fake_hold(true);
    td_ticket ticket = submit(device, TD_LANE_GRAPHICS, NULL, 0);
    fake_fail_waits(VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_HOST_MEMORY);
    patient patients[PATIENTS];
    start_patients(device, ticket, patients);
    end_patients(patients, TD_ERROR_DEVICE_LOST);
    assert_true(tdi_device_lost(device));
    fake_device_destroy();
}

/* Every allocation and every thread that making the lanes needs. */
static void lanes_can_fail_to_be_made(void **state)
{
    (void)state;
    support_use_allocator();
    for (uint32_t nth = 1;; nth++) {
        td_device *device = fake_device_create(3);
        support_fail_allocation(nth);
        td_result result = tdi_lanes_ready(device);
        bool failed = support_allocation_failed();
        assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
        support_fail_allocation(0);
        if (failed)
            assert_int_equal(fake_semaphores_alive(), 0);
        fake_device_destroy();
        if (!failed)
            break;
    }
    for (uint32_t nth = 1; nth <= 4; nth++) {
        td_device *device = fake_device_create(3);
        support_fail_thread(nth);
        assert_int_equal(tdi_lanes_ready(device), TD_ERROR_SYSTEM);
        assert_int_equal(fake_semaphores_alive(), 0);
        support_restore_threads();
        fake_device_destroy();
    }
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lane_submits_to_its_queue),
        cmocka_unit_test(lanes_of_one_queue_share_its_timeline),
        cmocka_unit_test(waits_are_merged_by_queue),
        cmocka_unit_test(waits_for_the_own_queue_are_dropped),
        cmocka_unit_test(tickets_of_the_future_are_refused),
        cmocka_unit_test(a_failed_submission_leaves_no_hole),
        cmocka_unit_test(many_go_in_one_call_and_the_last_is_signalled),
        cmocka_unit_test(reached_and_waiting_follow_the_timeline),
        cmocka_unit_test(loss_is_recorded_once_and_seen_everywhere),
        cmocka_unit_test(a_loss_on_submission_is_recorded),
        cmocka_unit_test(threads_that_wait_do_not_look_meanwhile),
        cmocka_unit_test(a_lower_ticket_ends_its_wait_first),
        cmocka_unit_test(waits_that_keep_failing_are_repeated_slowly),
        cmocka_unit_test(a_timeline_that_cannot_be_read_any_more_is_a_loss),
        cmocka_unit_test(lanes_can_fail_to_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
