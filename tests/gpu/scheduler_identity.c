/* Passthrough adds nothing: the stream of Vulkan calls of a frame is the same, byte for byte, with
 * a scheduler and without one. */
#include "scheduler_frame.h"

#include "../layers/record_calls.h"
#include "async/lane.h"
#include "base/clock.h"

#define LONG_NS (60 * TDI_NS_PER_S)

/* How a frame is made, besides what all frames have. */
typedef struct way {
    td_scheduler *scheduler; /* NULL: by hand */
    uint32_t extra_barriers;
} way;

static void compute_by_hand(frame_compute *work, VkCommandBuffer graphics)
{
    gpu_ok(frame_record_compute(work, graphics));
}

static void compute_scheduled(td_scheduler *scheduler, frame_compute *work,
                              VkCommandBuffer graphics)
{
    gpu_ok(td_scheduler_begin_frame(scheduler, work->frame, graphics, LONG_NS));
    gpu_ok(td_scheduler_record(scheduler, frame_record_compute, work));
    gpu_ok(td_scheduler_submit(scheduler, NULL));
}

static void one_frame(frame_world *world, uint32_t frame, const way *w)
{
    td_device *device = world->device;
    VkCommandBuffer graphics = frame_begin_graphics(world, frame);
    frame_compute work = {
        .world = world, .frame = frame, .extra_barriers = frame == 1 ? w->extra_barriers : 0};
    frame_barrier_to_compute(device, graphics);
    if (w->scheduler)
        compute_scheduled(w->scheduler, &work, graphics);
    else
        compute_by_hand(&work, graphics);
    frame_barrier_to_draw(device, graphics);
    frame_record_draw(world, frame, graphics);
    td_wait wait;
    uint32_t count = 0;
    if (w->scheduler)
        gpu_ok(td_scheduler_waits(w->scheduler, &wait, &count));
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &graphics,
        .command_count = 1,
        .waits = &wait,
        .wait_count = count,
    };
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &params, &ticket));
    if (w->scheduler)
        gpu_ok(td_scheduler_consumed(w->scheduler, ticket));
    gpu_ok(td_ticket_wait(device, ticket, LONG_NS));
}

enum { FRAMES = 3 };

static record_calls_text stream_of(td_device *device, const way *w)
{
    frame_world world;
    record_calls calls;
    assert_true(record_calls_find(vkGetDeviceProcAddr, device->handle, &calls));
    frame_world_make(device, FRAMES, &world);
    gpu_ok(tdi_lanes_ready(device));
    calls.begin(device->handle);
    for (uint32_t frame = 0; frame < FRAMES; frame++)
        one_frame(&world, frame, w);
    const record_calls_text text = calls.end(device->handle);
    frame_check(&world);
    frame_world_free(&world);
    assert_true(text.complete);
    return text;
}

static record_calls_text stream_of_mode(td_device *device, td_async_mode mode, uint32_t barriers)
{
    const td_scheduler_params params = {
        .frames_in_flight = 2, .mode = mode, .binary_semaphores = true};
    way w = {.extra_barriers = barriers};
    gpu_ok(td_scheduler_create(device, &params, &w.scheduler));
    const record_calls_text text = stream_of(device, &w);
    td_scheduler_destroy(w.scheduler);
    return text;
}

static uint32_t count_lines(const char *text, const char *begin)
{
    uint32_t count = 0;
    for (const char *at = strstr(text, begin); at; at = strstr(at + 1, begin))
        count++;
    return count;
}

static void passthrough_adds_nothing_to_the_stream(td_device *device)
{
    const way by_hand = {0};
    const record_calls_text plain = stream_of(device, &by_hand);
    const record_calls_text scheduled = stream_of_mode(device, TD_ASYNC_OFF, 0);
    assert_int_equal(count_lines(plain.text, "vkCmdDispatch "), FRAMES * FRAME_PASSES);
    assert_int_equal(count_lines(plain.text, "vkCmdDrawIndirect "), FRAMES);
    assert_int_equal(count_lines(plain.text, "vkQueueSubmit2 "), FRAMES);
    assert_string_equal(plain.text, scheduled.text);
    const bool split = device->lane_queue[TD_LANE_COMPUTE] != device->lane_queue[TD_LANE_GRAPHICS];
    if (!split)
        assert_string_equal(plain.text, stream_of_mode(device, TD_ASYNC_AUTO, 0).text);
}

/* The canary: what must not be equal is not. */
static void one_more_barrier_is_seen(td_device *device)
{
    const way by_hand = {0};
    const record_calls_text plain = stream_of(device, &by_hand);
    const record_calls_text more = stream_of_mode(device, TD_ASYNC_OFF, 1);
    assert_string_not_equal(plain.text, more.text);
    assert_int_equal(count_lines(more.text, "vkCmdPipelineBarrier2 "),
                     count_lines(plain.text, "vkCmdPipelineBarrier2 ") + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(passthrough_adds_nothing_to_the_stream),
        gpu_test(one_more_barrier_is_seen),
    };
    return gpu_run_tests(tests);
}
