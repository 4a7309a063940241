/* Binary semaphores of the scheduler: each is waited for at most once between two signals, and none
 * ends while somebody may wait for it. */
#include "fake_device.h"

#include <tandem/scheduler.h>

#define CONSUMERS                                                                                  \
    (VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |               \
     VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT)

static td_scheduler *make(td_device *device, uint32_t frames)
{
    const td_scheduler_params params = {
        .frames_in_flight = frames, .mode = TD_ASYNC_ON, .binary_semaphores = true};
    td_scheduler *scheduler = NULL;
    assert_int_equal(td_scheduler_create(device, &params, &scheduler), TD_OK);
    return scheduler;
}

static void whole_frame(td_scheduler *scheduler, uint64_t index)
{
    assert_int_equal(td_scheduler_begin_frame(scheduler, index, VK_NULL_HANDLE, 0), TD_OK);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_OK);
}

static void a_binary_semaphore_that_nobody_took_is_replaced(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_scheduler *scheduler = make(device, 1);
    VkSemaphore semaphore;
    VkPipelineStageFlags stages;
    uint32_t count;
    whole_frame(scheduler, 0);
    assert_int_equal(td_scheduler_wait_semaphores(scheduler, &semaphore, &stages, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_int_equal(stages, CONSUMERS);
    assert_ptr_equal(semaphore, fake_binary(0));
    whole_frame(scheduler, 1);
    assert_ptr_equal(fake_submission_at(1).foreign_signal.semaphore, fake_binary(0));
    whole_frame(scheduler, 2);
    assert_ptr_equal(fake_submission_at(2).foreign_signal.semaphore, fake_binary(1));
    assert_int_equal(fake_semaphores_alive(), TD_LANE_COUNT + 1);
    fake_fail_semaphores(VK_ERROR_OUT_OF_DEVICE_MEMORY);
    assert_int_equal(td_scheduler_begin_frame(scheduler, 3, VK_NULL_HANDLE, 0),
                     TD_ERROR_DEVICE_MEMORY);
    assert_int_equal(td_scheduler_submit(scheduler, NULL), TD_ERROR_STATE);
    fake_fail_semaphores(VK_SUCCESS);
    whole_frame(scheduler, 3);
    assert_ptr_equal(fake_submission_at(3).foreign_signal.semaphore, fake_binary(2));
    td_scheduler_destroy(scheduler);
    assert_int_equal(fake_semaphores_alive(), TD_LANE_COUNT);
    fake_device_destroy();
}

/* The program's graphics work may still wait for what it was handed, unless it named that work. */
static void a_binary_semaphore_that_may_be_waited_for_outlives_its_scheduler(void **state)
{
    (void)state;
    enum { KEPT, NAMED, NOT_TAKEN, WAYS };
    for (int way = KEPT; way < WAYS; way++) {
        td_device *device = fake_device_create(3);
        const tdi_submission drawing = {.lane = TD_LANE_GRAPHICS};
        for (uint32_t nth = 1; nth <= 3; nth++) {
            td_scheduler *scheduler = make(device, 2);
            VkSemaphore semaphore;
            VkPipelineStageFlags stages;
            uint32_t count;
            td_ticket drawn;
            whole_frame(scheduler, 0);
            if (way != NOT_TAKEN)
                assert_int_equal(
                    td_scheduler_wait_semaphores(scheduler, &semaphore, &stages, &count), TD_OK);
            assert_int_equal(tdi_lane_submit(device, &drawing, &drawn), TD_OK);
            if (way == NAMED)
                assert_int_equal(td_scheduler_consumed(scheduler, drawn), TD_OK);
            td_scheduler_destroy(scheduler);
            assert_int_equal(fake_semaphores_alive(), TD_LANE_COUNT + (way == KEPT ? nth : 0));
        }
        fake_device_destroy(); /* counts the semaphores */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binary_semaphore_that_nobody_took_is_replaced),
        cmocka_unit_test(a_binary_semaphore_that_may_be_waited_for_outlives_its_scheduler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
