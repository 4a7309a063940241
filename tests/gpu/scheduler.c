/* The scheduler on a device: real compute work consumed by a draw at its three stages gives the
 * same pixels in every mode, and only the modes that may use a second queue do. */
#include "scheduler_frame.h"

#include "async/lane.h"
#include "base/clock.h"

enum { FRAMES = 12, SLOTS = 2 };
#define LONG_NS (60 * TDI_NS_PER_S)

static bool has_own_queue(const td_device *device)
{
    return device->lane_queue[TD_LANE_COMPUTE] != device->lane_queue[TD_LANE_GRAPHICS];
}

static td_scheduler *make(td_device *device, td_async_mode mode, bool binary)
{
    const td_scheduler_params params = {
        .frames_in_flight = SLOTS, .mode = mode, .binary_semaphores = binary};
    td_scheduler *scheduler = NULL;
    gpu_ok(td_scheduler_create(device, &params, &scheduler));
    return scheduler;
}

static td_ticket submit_graphics(td_device *device, VkCommandBuffer commands, const td_wait *waits,
                                 uint32_t count)
{
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &commands,
        .command_count = 1,
        .waits = waits,
        .wait_count = count,
    };
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    return ticket;
}

/* What the graphics submission waits for, as a program without tickets would say it. */
static void add_binary(td_scheduler *scheduler, td_wait *wait, uint32_t *count)
{
    VkSemaphore semaphore;
    VkPipelineStageFlags stages;
    gpu_ok(td_scheduler_wait_semaphores(scheduler, &semaphore, &stages, count));
    if (*count)
        *wait = (td_wait){.semaphore = semaphore, .stages = stages};
}

static td_ticket one_frame(td_scheduler *scheduler, frame_world *world, uint32_t frame,
                           td_ticket before, bool binary)
{
    VkCommandBuffer graphics = frame_begin_graphics(world, frame);
    frame_compute work = {.world = world, .frame = frame};
    gpu_ok(td_scheduler_begin_frame(scheduler, frame, graphics, LONG_NS));
    const td_wait drawn = {.ticket = before, .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT};
    gpu_ok(td_scheduler_wait_for(scheduler, &drawn));
    if (!td_scheduler_is_async(scheduler))
        frame_barrier_to_compute(world->device, graphics);
    gpu_ok(td_scheduler_record(scheduler, frame_record_compute, &work));
    if (!td_scheduler_is_async(scheduler))
        frame_barrier_to_draw(world->device, graphics);
    gpu_ok(td_scheduler_submit(scheduler, NULL));
    frame_record_draw(world, frame, graphics);
    td_wait wait;
    uint32_t count = 0;
    if (binary)
        add_binary(scheduler, &wait, &count);
    else
        gpu_ok(td_scheduler_waits(scheduler, &wait, &count));
    assert_int_equal(count, td_scheduler_is_async(scheduler) ? 1 : 0);
    const td_ticket ticket = submit_graphics(world->device, graphics, &wait, count);
    gpu_ok(td_scheduler_consumed(scheduler, ticket));
    return ticket;
}

static void run_frames(td_device *device, td_async_mode mode, bool binary, uint32_t frames)
{
    frame_world world;
    td_ticket last = {0};
    frame_world_make(device, frames, &world);
    td_scheduler *scheduler = make(device, mode, binary);
    for (uint32_t frame = 0; frame < frames; frame++)
        last = one_frame(scheduler, &world, frame, last, binary);
    gpu_ok(td_ticket_wait(device, last, LONG_NS));
    td_scheduler_info info;
    td_scheduler_get_info(scheduler, &info);
    assert_int_equal(info.frames, frames);
    td_scheduler_destroy(scheduler);
    frame_check(&world);
    frame_world_free(&world);
}

static void passthrough_frames_are_right(td_device *device)
{
    run_frames(device, TD_ASYNC_OFF, false, FRAMES);
    run_frames(device, TD_ASYNC_OFF, true, FRAMES);
}

static void asynchronous_frames_are_right(td_device *device)
{
    if (has_own_queue(device))
        run_frames(device, TD_ASYNC_ON, false, FRAMES);
}

static void frames_that_wait_for_binary_semaphores_are_right(td_device *device)
{
    if (has_own_queue(device))
        run_frames(device, TD_ASYNC_ON, true, FRAMES);
}

/* Frames of both modes follow each other here, with and without the device's timestamps. */
static void automatic_frames_are_right(td_device *device)
{
    const bool software = device->info.software;
    run_frames(device, TD_ASYNC_AUTO, false, 40);
    device->info.software = false;
    run_frames(device, TD_ASYNC_AUTO, true, 40);
    device->info.software = software;
}

static void the_device_says_where_compute_goes(td_device *device)
{
    const td_scheduler_params on = {.frames_in_flight = 1, .mode = TD_ASYNC_ON};
    td_scheduler *scheduler = NULL;
    const td_result result = td_scheduler_create(device, &on, &scheduler);
    assert_int_equal(result, has_own_queue(device) ? TD_OK : TD_ERROR_UNSUPPORTED);
    td_scheduler_destroy(scheduler);
    scheduler = make(device, TD_ASYNC_AUTO, false);
    assert_int_equal(td_scheduler_is_async(scheduler), has_own_queue(device));
    td_scheduler_info info;
    td_scheduler_get_info(scheduler, &info);
    assert_int_equal(info.family, device->info.lanes[TD_LANE_COMPUTE].family);
    td_scheduler_destroy(scheduler);
}

/* A scheduler that is destroyed in the middle of everything waits for what it submitted. */
static void work_in_flight_is_waited_for(td_device *device)
{
    frame_world world;
    frame_world_make(device, 3, &world);
    td_scheduler *scheduler = make(device, TD_ASYNC_AUTO, false);
    td_ticket last = {0};
    for (uint32_t frame = 0; frame < 3; frame++)
        last = one_frame(scheduler, &world, frame, last, false);
    gpu_ok(td_scheduler_begin_frame(scheduler, 3, world.commands[0], LONG_NS));
    td_scheduler_destroy(scheduler);
    gpu_ok(td_ticket_wait(device, last, LONG_NS));
    frame_check(&world);
    frame_world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(passthrough_frames_are_right),
        gpu_test(asynchronous_frames_are_right),
        gpu_test(frames_that_wait_for_binary_semaphores_are_right),
        gpu_test(automatic_frames_are_right),
        gpu_test(the_device_says_where_compute_goes),
        gpu_test(work_in_flight_is_waited_for),
    };
    return gpu_run_tests(tests);
}
