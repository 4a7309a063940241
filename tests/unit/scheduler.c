/* The scheduler: every state and error is the same in both modes, slots retire before they are used
 * again, and passthrough submits nothing. */
#include "fake_device.h"

#include <string.h>

#include <tandem/host.h>
#include <tandem/scheduler.h>

#include "base/clock.h"

#define GRAPHICS ((VkCommandBuffer)0x1234)
#define CONSUMERS                                                                                  \
    (VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |               \
     VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT)

static td_scheduler *make(td_device *device, td_async_mode mode, uint32_t frames, bool binary)
{
    const td_scheduler_params params = {
        .frames_in_flight = frames, .mode = mode, .binary_semaphores = binary};
    td_scheduler *scheduler = NULL;
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_OK);
    return scheduler;
}

typedef struct work {
    VkCommandBuffer seen;
    uint32_t calls;
    td_result result;
} work;

static td_result note(void *user, VkCommandBuffer commands)
{
    work *w = user;
    w->seen = commands;
    w->calls++;
    return w->result;
}

static td_result begin(td_scheduler *scheduler, uint64_t index)
{
    return td_scheduler_begin_frame(scheduler, index, GRAPHICS, 0);
}

static td_ticket whole_frame(td_scheduler *scheduler, uint64_t index)
{
    work w = {0};
    td_ticket ticket;
    assert_int_equal(begin(scheduler, index), TD_OK);
    assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, &ticket), TD_OK);
    assert_int_equal(w.calls, 1);
    return ticket;
}

static const td_async_mode modes[] = {TD_ASYNC_OFF, TD_ASYNC_ON, TD_ASYNC_AUTO};

#define FOR_EACH_MODE(mode)                                                                        \
    for (uint32_t mode##_i = 0; mode##_i < 3; mode##_i++)                                          \
        for (td_async_mode mode = modes[mode##_i], *once = &mode; once; once = NULL)

static void compute_goes_to_its_own_queue(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 2, false);
    assert_true(td_scheduler_is_async(scheduler));
    work w = {0};
    td_ticket ticket;
    assert_int_equal(td_scheduler_begin_frame(scheduler, 0, VK_NULL_HANDLE, 0), TD_OK);
    assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_OK);
    assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, &ticket), TD_OK);
    assert_int_equal(w.calls, 2);
    assert_int_equal(fake_submission_count(), 1);
    assert_int_equal(fake_submission_at(0).queue, 1);
    assert_int_equal(fake_submission_at(0).command_count, 1);
    assert_ptr_equal(fake_submission_at(0).commands, w.seen);
    assert_int_equal(ticket.queue, 1);
    assert_int_equal(ticket.value, 1);
    td_wait wait;
    uint32_t count = 9;
    assert_int_equal(td_scheduler_waits(scheduler, &wait, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_int_equal(wait.ticket.value, 1);
    assert_int_equal(wait.ticket.queue, 1);
    assert_int_equal(wait.stages, CONSUMERS | VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT);
    VkSemaphore semaphore;
    uint64_t value;
    VkPipelineStageFlags2 stages;
    assert_int_equal(td_scheduler_wait_tickets(scheduler, &semaphore, &value, &stages, &count),
                     TD_OK);
    assert_ptr_equal(semaphore, tdi_queue_timeline(device, 1));
    assert_int_equal(value, 1);
    assert_int_equal(stages, wait.stages);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void passthrough_makes_and_submits_nothing(void **state)
{
    (void)state;
    for (uint32_t queues = 1; queues <= 3; queues += 2) {
        td_device *device = fake_device_create(queues);
        td_scheduler *scheduler =
            make(device, queues == 1 ? TD_ASYNC_AUTO : TD_ASYNC_OFF, 2, queues == 3);
        assert_int_equal(fake_semaphores_alive(), 0);
        assert_false(td_scheduler_is_async(scheduler));
        work w = {0};
        td_ticket ticket;
        for (uint64_t i = 0; i < 5; i++) {
            assert_int_equal(begin(scheduler, i), TD_OK);
            assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_OK);
            assert_ptr_equal(w.seen, GRAPHICS);
            td_wait wait;
            uint32_t count = 9;
            /* There is nothing to wait for, so it may be asked early. */
            assert_int_equal(td_scheduler_waits(scheduler, &wait, &count), TD_OK);
            assert_int_equal(count, 0);
            assert_int_equal(td_scheduler_submit(scheduler, &ticket), TD_OK);
            assert_int_equal(ticket.value, 0);
            VkSemaphore semaphore;
            VkPipelineStageFlags stages;
            count = 9;
            assert_int_equal(td_scheduler_wait_semaphores(scheduler, &semaphore, &stages, &count),
                             queues == 3 ? TD_OK : TD_ERROR_STATE);
            assert_int_equal(count, queues == 3 ? 0 : 9);
        }
        assert_int_equal(fake_submission_count(), 0);
        assert_int_equal(fake_semaphores_alive(), 0);
        td_scheduler_destroy(scheduler);
        fake_device_destroy();
    }
}

static void bad_parameters_are_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    td_scheduler *scheduler = NULL;
    td_scheduler_params params = {0};
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_ERROR_ARGUMENT);
    params.frames_in_flight = 17;
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "17"));
    params = (td_scheduler_params){.frames_in_flight = 2, .mode = (td_async_mode)7};
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_ERROR_ARGUMENT);
    params.mode = TD_ASYNC_ON;
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_ERROR_UNSUPPORTED);
    params.mode = TD_ASYNC_OFF;
    assert_int_equal(td_scheduler_create(NULL, &params, &scheduler), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scheduler_create(device, NULL, &scheduler), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scheduler_create(device, &params, NULL), TD_ERROR_ARGUMENT);
    assert_null(scheduler);
    td_scheduler_destroy(NULL);
    fake_device_destroy();
}

static void null_graphics_is_refused_where_it_may_be_needed(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    FOR_EACH_MODE(mode)
    {
        td_scheduler *scheduler = make(device, mode, 1, false);
        assert_int_equal(td_scheduler_begin_frame(scheduler, 0, VK_NULL_HANDLE, 0),
                         mode == TD_ASYNC_ON ? TD_OK : TD_ERROR_ARGUMENT);
        td_scheduler_destroy(scheduler);
    }
    fake_device_destroy();
}

/* What a frame without td_scheduler_begin_frame, or one that was dropped, answers. */
static void assert_no_frame(td_scheduler *scheduler)
{
    work w = {0};
    td_wait wait = {0};
    VkSemaphore semaphore;
    VkPipelineStageFlags stages;
    VkPipelineStageFlags2 stages2;
    uint64_t value;
    uint32_t count;
    assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "td_scheduler_begin_frame first"));
    assert_int_equal(td_scheduler_wait_for(scheduler, &wait), TD_ERROR_STATE);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_ERROR_STATE);
    assert_int_equal(td_scheduler_waits(scheduler, &wait, &count), TD_ERROR_STATE);
    assert_int_equal(td_scheduler_wait_tickets(scheduler, &semaphore, &value, &stages2, &count),
                     TD_ERROR_STATE);
    assert_int_equal(td_scheduler_wait_semaphores(scheduler, &semaphore, &stages, &count),
                     TD_ERROR_STATE);
    assert_int_equal(td_scheduler_consumed(scheduler, (td_ticket){0}), TD_ERROR_STATE);
    assert_int_equal(w.calls, 0);
}

static void assert_submitted(td_scheduler *scheduler)
{
    work w = {0};
    td_wait wait = {0};
    uint32_t count;
    assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "submitted"));
    assert_int_equal(td_scheduler_wait_for(scheduler, &wait), TD_ERROR_STATE);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_ERROR_STATE);
    assert_int_equal(w.calls, 0);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(td_scheduler_waits(scheduler, &wait, &count), TD_OK);
    assert_int_equal(td_scheduler_consumed(scheduler, (td_ticket){0}), TD_OK);
}

static void calls_out_of_order_are_refused_in_all_modes(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    FOR_EACH_MODE(mode)
    {
        td_scheduler *scheduler = make(device, mode, 2, true);
        assert_no_frame(scheduler);
        whole_frame(scheduler, 0);
        assert_submitted(scheduler);
        assert_int_equal(begin(scheduler, 1), TD_OK);
        assert_int_equal(td_scheduler_consumed(scheduler, (td_ticket){0}), TD_ERROR_STATE);
        assert_int_equal(td_scheduler_record(scheduler, NULL, NULL), TD_ERROR_ARGUMENT);
        assert_int_equal(td_scheduler_wait_for(scheduler, NULL), TD_ERROR_ARGUMENT);
        assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
        assert_submitted(scheduler);
        td_scheduler_destroy(scheduler);
    }
    fake_device_destroy();
}

static void waits_are_known_only_after_submission_when_asynchronous(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, true);
    td_wait wait;
    uint32_t count;
    VkSemaphore semaphore;
    VkPipelineStageFlags stages;
    assert_int_equal(begin(scheduler, 0), TD_OK);
    assert_int_equal(td_scheduler_waits(scheduler, &wait, &count), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "td_scheduler_submit"));
    assert_int_equal(td_scheduler_wait_semaphores(scheduler, &semaphore, &stages, &count),
                     TD_ERROR_STATE);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void an_empty_frame_is_submitted_too(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, true);
    assert_int_equal(begin(scheduler, 0), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
    assert_int_equal(fake_submission_count(), 1);
    assert_int_equal(fake_submission_at(0).signal, 1);
    assert_int_equal(fake_submission_at(0).foreign_signals, 1);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void a_slot_retires_before_it_is_used_again(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 2, false);
    fake_hold(true);
    whole_frame(scheduler, 6);
    whole_frame(scheduler, 7);
    assert_int_equal(begin(scheduler, 8), TD_ERROR_AGAIN);
    assert_no_frame(scheduler);
    assert_int_equal(td_scheduler_begin_frame(scheduler, 8, GRAPHICS, TDI_NS_PER_MS),
                     TD_ERROR_TIMEOUT);
    fake_complete(1, 1);
    assert_int_equal(begin(scheduler, 9), TD_ERROR_AGAIN);
    whole_frame(scheduler, 8);
    fake_complete(1, 2);
    whole_frame(scheduler, 9);
    td_scheduler_info info;
    td_scheduler_get_info(scheduler, &info);
    assert_int_equal(info.frames, 4);
    fake_hold(false);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void the_consumer_holds_the_slot(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, false);
    whole_frame(scheduler, 0);
    fake_hold(true);
    const tdi_submission drawing = {.lane = TD_LANE_GRAPHICS};
    td_ticket drawn;
    assert_int_equal(tdi_lane_submit(device, &drawing, &drawn), TD_OK);
    assert_int_equal(td_scheduler_consumed(scheduler, drawn), TD_OK);
    const td_ticket never = {.queue = 0, .value = 9, .device = drawn.device};
    const td_ticket foreign = {.queue = 0, .value = 1, .device = drawn.device + 1};
    assert_int_equal(td_scheduler_consumed(scheduler, never), TD_ERROR_STATE);
    assert_int_equal(td_scheduler_consumed(scheduler, foreign), TD_ERROR_ARGUMENT);
    assert_int_equal(begin(scheduler, 1), TD_ERROR_AGAIN);
    fake_complete(0, 1);
    assert_int_equal(begin(scheduler, 1), TD_OK);
    fake_hold(false);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void a_dropped_frame_frees_its_slot_at_once(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    FOR_EACH_MODE(mode)
    {
        td_scheduler *scheduler = make(device, mode, 1, true);
        const uint32_t before = fake_submission_count();
        work w = {.result = TD_ERROR_IO};
        assert_int_equal(begin(scheduler, 0), TD_OK);
        assert_int_equal(begin(scheduler, 0), TD_OK);
        assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_ERROR_IO);
        assert_no_frame(scheduler);
        assert_int_equal(fake_submission_count(), before);
        whole_frame(scheduler, 0);
        td_scheduler_destroy(scheduler);
    }
    fake_device_destroy();
}

static td_result fail_with_a_sentence(void *user, VkCommandBuffer commands)
{
    (void)user;
    (void)commands;
    return tdi_fail(TD_ERROR_BUDGET, "there is no pipeline");
}

/* Not the sentence of a failure before it. */
static void a_failed_record_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    FOR_EACH_MODE(mode)
    {
        td_scheduler *scheduler = make(device, mode, 1, false);
        work w = {.result = TD_ERROR_IO};
        (void)tdi_fail(TD_ERROR_ARGUMENT, "something old");
        assert_int_equal(begin(scheduler, 0), TD_OK);
        assert_int_equal(td_scheduler_record(scheduler, note, &w), TD_ERROR_IO);
        assert_null(strstr(td_last_error(), "something old"));
        assert_non_null(strstr(td_last_error(), "td_scheduler_record"));
        assert_non_null(strstr(td_last_error(), td_result_text(TD_ERROR_IO)));
        assert_int_equal(begin(scheduler, 0), TD_OK);
        assert_int_equal(td_scheduler_record(scheduler, fail_with_a_sentence, NULL),
                         TD_ERROR_BUDGET);
        assert_string_equal(td_last_error(), "there is no pipeline");
        td_scheduler_destroy(scheduler);
    }
    fake_device_destroy();
}

static void a_failed_submission_drops_the_frame(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, true);
    assert_int_equal(begin(scheduler, 0), TD_OK);
    fake_fail_submit(1, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_ERROR_DEVICE_MEMORY);
    assert_no_frame(scheduler);
    assert_int_equal(whole_frame(scheduler, 0).value, 1);
    /* The semaphore was not signalled by the one that failed, and is used again. */
    assert_ptr_equal(fake_submission_at(0).foreign_signal.semaphore, fake_binary(0));
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static td_ticket submit_to(td_device *device, td_lane lane)
{
    const tdi_submission submission = {.lane = lane};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}

static void compute_waits_for_what_it_is_told(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, false);
    td_wait wait = {.ticket = submit_to(device, TD_LANE_GRAPHICS),
                    .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT};
    assert_int_equal(begin(scheduler, 0), TD_OK);
    assert_int_equal(td_scheduler_wait_for(scheduler, &wait), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
    const fake_submission got = fake_submission_at(1);
    assert_int_equal(got.wait_count, 1);
    assert_int_equal(got.waits[0].queue, 0);
    assert_int_equal(got.waits[0].stages, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT);
    whole_frame(scheduler, 1);
    assert_int_equal(fake_submission_at(2).wait_count, 0);
    assert_int_equal(begin(scheduler, 2), TD_OK);
    for (uint32_t i = 0; i < TD_MAX_WAITS; i++)
        assert_int_equal(td_scheduler_wait_for(scheduler, &wait), TD_OK);
    assert_int_equal(td_scheduler_wait_for(scheduler, &wait), TD_ERROR_ARGUMENT);
    wait.ticket.device++;
    assert_int_equal(td_scheduler_wait_for(scheduler, &wait), TD_ERROR_ARGUMENT);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void passthrough_waits_on_the_graphics_queue(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_OFF, 1, false);
    const td_wait own = {.ticket = submit_to(device, TD_LANE_GRAPHICS)};
    const td_wait copied = {.ticket = submit_to(device, TD_LANE_TRANSFER),
                            .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT};
    assert_int_equal(begin(scheduler, 0), TD_OK);
    assert_int_equal(td_scheduler_wait_for(scheduler, &own), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
    assert_int_equal(fake_submission_count(), 2);
    assert_int_equal(begin(scheduler, 1), TD_OK);
    assert_int_equal(td_scheduler_wait_for(scheduler, &copied), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
    assert_int_equal(fake_submission_count(), 3);
    const fake_submission got = fake_submission_at(2);
    assert_int_equal(got.queue, 0);
    assert_int_equal(got.command_count, 0);
    assert_int_equal(got.wait_count, 1);
    assert_int_equal(got.waits[0].queue, 2);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void loss_ends_a_wait_for_a_slot(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, false);
    fake_hold(true);
    whole_frame(scheduler, 0);
    fake_lose();
    assert_int_equal(td_scheduler_begin_frame(scheduler, 1, GRAPHICS, UINT64_MAX),
                     TD_ERROR_DEVICE_LOST);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static char logged[4096];

static void keep_log(void *user, td_log_level level, const char *message)
{
    (void)user;
    (void)level;
    strncat(logged, message, sizeof logged - strlen(logged) - 1);
}

static void mode_and_family_are_logged(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_set_log(keep_log, NULL, TD_LOG_INFO);
    logged[0] = 0;
    td_scheduler_destroy(make(device, TD_ASYNC_ON, 1, false));
    assert_non_null(strstr(logged, "asynchronous"));
    assert_non_null(strstr(logged, "family 1"));
    logged[0] = 0;
    td_scheduler_destroy(make(device, TD_ASYNC_OFF, 1, false));
    assert_non_null(strstr(logged, "passed through"));
    assert_non_null(strstr(logged, "family 1"));
    td_set_log(NULL, NULL, td_default_log_level());
    fake_device_destroy();
}

static void use_after_destroy_is_refused(void **state)
{
    (void)state;
#ifdef NDEBUG
    skip();
#endif
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 1, false);
    td_scheduler_destroy(scheduler);
    td_set_log(keep_log, NULL, TD_LOG_ERROR);
    logged[0] = 0;
    td_scheduler_info info;
    assert_int_equal(begin(scheduler, 0), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "destroyed"));
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_ERROR_STATE);
    assert_false(td_scheduler_is_async(scheduler));
    td_scheduler_get_info(scheduler, &info);
    assert_int_equal(info.frames, 0);
    td_scheduler_destroy(scheduler);
    assert_non_null(strstr(logged, "destroyed before"));
    td_set_log(NULL, NULL, td_default_log_level());
    fake_device_destroy();
    const td_scheduler_params params = {.frames_in_flight = 1, .mode = TD_ASYNC_OFF};
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "device was destroyed"));
}

static void information_needs_a_place(void **state)
{
    (void)state;
    td_device *device = fake_device_create(1);
    td_scheduler *scheduler = make(device, TD_ASYNC_OFF, 1, false);
    td_scheduler_get_info(scheduler, NULL);
    assert_non_null(strstr(td_last_error(), "td_scheduler_get_info"));
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
}

static void creation_can_fail(void **state)
{
    (void)state;
    support_use_allocator();
    for (uint32_t nth = 1;; nth++) {
        td_device *device = fake_device_create(3);
        const td_scheduler_params params = {
            .frames_in_flight = 3, .mode = TD_ASYNC_ON, .binary_semaphores = true};
        td_scheduler *scheduler = NULL;
        support_fail_allocation(nth);
        const td_result result = td_scheduler_create(device, &params, &scheduler);
        const bool failed = support_allocation_failed();
        assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
        support_fail_allocation(0);
        td_scheduler_destroy(scheduler);
        fake_device_destroy();
        if (!failed)
            break;
    }
    support_restore_allocator();
}

static void a_frame_allocates_nothing(void **state)
{
    (void)state;
    support_use_allocator();
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, TD_ASYNC_ON, 2, false);
    for (uint64_t i = 0; i < 8; i++) {
        support_fail_allocation(1);
        whole_frame(scheduler, i);
        assert_false(support_allocation_failed());
    }
    support_fail_allocation(0);
    td_scheduler_destroy(scheduler);
    fake_device_destroy();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compute_goes_to_its_own_queue),
        cmocka_unit_test(passthrough_makes_and_submits_nothing),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(null_graphics_is_refused_where_it_may_be_needed),
        cmocka_unit_test(calls_out_of_order_are_refused_in_all_modes),
        cmocka_unit_test(waits_are_known_only_after_submission_when_asynchronous),
        cmocka_unit_test(an_empty_frame_is_submitted_too),
        cmocka_unit_test(a_slot_retires_before_it_is_used_again),
        cmocka_unit_test(the_consumer_holds_the_slot),
        cmocka_unit_test(a_dropped_frame_frees_its_slot_at_once),
        cmocka_unit_test(a_failed_record_has_a_sentence_of_its_own),
        cmocka_unit_test(a_failed_submission_drops_the_frame),
        cmocka_unit_test(compute_waits_for_what_it_is_told),
        cmocka_unit_test(passthrough_waits_on_the_graphics_queue),
        cmocka_unit_test(loss_ends_a_wait_for_a_slot),
        cmocka_unit_test(mode_and_family_are_logged),
        cmocka_unit_test(use_after_destroy_is_refused),
        cmocka_unit_test(information_needs_a_place),
        cmocka_unit_test(creation_can_fail),
        cmocka_unit_test(a_frame_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
