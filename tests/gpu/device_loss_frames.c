/* The device is lost at any submission or wait of the scheduler's and the recorder's frames, which
 * run on threads of their own: each call returns, and destroying frees all. */
#include "fault_support.h"
#include "scheduler_frame.h"

#include <tandem/recorder.h>

#include "base/thread.h"

enum { FRAMES = 6, SLOTS = 2, WORDS = 300 };

#define LIMIT_NS UINT64_C(240000000000)

/* ---- the scheduler's ---- */

static td_result submit_graphics(td_device *device, td_scheduler *scheduler,
                                 VkCommandBuffer graphics, td_ticket *ticket)
{
    td_wait wait;
    uint32_t count = 0;
    TDI_TRY(td_scheduler_waits(scheduler, &wait, &count));
    const td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &graphics,
        .command_count = 1,
        .waits = &wait,
        .wait_count = count,
    };
    TDI_TRY(td_lane_submit(device, &params, ticket));
    return td_scheduler_consumed(scheduler, *ticket);
}

static td_result run_frame(frame_world *world, td_scheduler *scheduler, uint32_t frame,
                           td_ticket *ticket)
{
    VkCommandBuffer graphics = frame_begin_graphics(world, frame);
    frame_compute compute = {.world = world, .frame = frame};
    const td_wait drawn = {.ticket = *ticket};
    const bool async = td_scheduler_is_async(scheduler);
    if (!async)
        frame_barrier_to_compute(world->device, graphics);
    TDI_TRY(td_scheduler_begin_frame(scheduler, frame, graphics, LIMIT_NS));
    TDI_TRY(td_scheduler_wait_for(scheduler, &drawn));
    TDI_TRY(td_scheduler_record(scheduler, frame_record_compute, &compute));
    TDI_TRY(td_scheduler_submit(scheduler, NULL));
    if (!async)
        frame_barrier_to_draw(world->device, graphics);
    frame_record_draw(world, frame, graphics);
    return submit_graphics(world->device, scheduler, graphics, ticket);
}

/* Whatever came of the frames, the device is through with their commands. */
static void run_frames(frame_world *world, td_scheduler *scheduler)
{
    td_ticket ticket = {0};
    bool well = true;
    for (uint32_t frame = 0; frame < FRAMES && well; frame++)
        well = fault_went_well(run_frame(world, scheduler, frame, &ticket));
    well = fault_went_well(td_ticket_wait(world->device, ticket, LIMIT_NS)) && well;
    td_scheduler_destroy(scheduler);
    if (well)
        frame_check(world);
}

/* ---- the recorder's ---- */

typedef struct words {
    td_device *device;
    tdi_buffer buffer;
} words;

static td_result fill_words(const td_recorder_part *part)
{
    const words *w = part->user;
    for (uint32_t i = part->first; i < part->first + part->count; i++)
        w->device->vk.vkCmdFillBuffer(part->commands, w->buffer.handle, i * sizeof(uint32_t),
                                      sizeof(uint32_t), i);
    return TD_OK;
}

/* Each frame waits for the one before, since it writes the same words. */
static td_result record_frames(words *w, td_recorder *recorder)
{
    td_wait before = {0};
    const td_recorder_frame frame = {.items = WORDS, .record = fill_words, .user = w};
    for (uint32_t i = 0; i < FRAMES; i++) {
        const VkCommandBuffer *commands;
        uint32_t count;
        TDI_TRY(td_recorder_record(recorder, &frame, LIMIT_NS, &commands, &count));
        TDI_TRY(td_recorder_submit(recorder, &before, 1, &before.ticket));
        TDI_TRY(td_ticket_wait(w->device, before.ticket, LIMIT_NS));
    }
    return TD_OK;
}

static void record_on_thread(void *user)
{
    words w = {.device = user};
    const td_recorder_params params = {.threads = 3, .slots = SLOTS};
    td_recorder *recorder = NULL;
    gpu_make_buffer(w.device, WORDS * sizeof(uint32_t), TDI_MEMORY_DEVICE, &w.buffer);
    if (fault_went_well(td_recorder_create(w.device, &params, &recorder)))
        fault_went_well(record_frames(&w, recorder));
    td_recorder_destroy(recorder);
    tdi_buffer_destroy(w.device, &w.buffer);
}

/* ---- both at once ---- */

static bool has_compute_queue(const td_device *device)
{
    return device->lane_queue[TD_LANE_COMPUTE] != device->lane_queue[TD_LANE_GRAPHICS];
}

static void make_frames(td_device *device, const faults *f, const faults_plan *plan)
{
    const td_scheduler_params params = {
        .frames_in_flight = SLOTS,
        .mode = has_compute_queue(device) ? TD_ASYNC_ON : TD_ASYNC_OFF,
    };
    frame_world world;
    td_scheduler *scheduler = NULL;
    tdi_thread recording;
    frame_world_make(device, FRAMES, &world);
    gpu_ok(td_scheduler_create(device, &params, &scheduler));
    f->arm(device->handle, plan);
    gpu_ok(tdi_thread_start(&recording, "recording", record_on_thread, device));
    run_frames(&world, scheduler);
    tdi_thread_join(&recording);
    frame_world_free(&world);
}

static void lost_at_a_submission(void **state)
{
    (void)state;
    fault_survives_at_each(make_frames, FAULTS_SUBMIT2, 2 * FRAMES, 1);
}

static void lost_at_a_wait(void **state)
{
    (void)state;
    fault_survives_at_each(make_frames, FAULTS_WAIT_SEMAPHORES, 1, 2);
}

static void lost_when_a_timeline_is_read(void **state)
{
    (void)state;
    fault_survives_at_each(make_frames, FAULTS_COUNTER_VALUE, 1, 5);
}

/* The frame's graphics commands are recorded anew, and their pool cannot be reset now. */
static void renew_graphics(frame_world *world, uint32_t frame)
{
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = world->pool,
        .commandBufferCount = 1,
    };
    const td_device *device = world->device;
    assert_int_equal(
        device->vk.vkAllocateCommandBuffers(device->handle, &info, &world->commands[frame]), 0);
}

/* A submission that finds no memory is none; the frame is dropped, and the next are whole. */
static void make_frames_again(td_device *device, const faults *f, const faults_plan *plan)
{
    const td_scheduler_params params = {
        .frames_in_flight = SLOTS,
        .mode = has_compute_queue(device) ? TD_ASYNC_ON : TD_ASYNC_OFF,
    };
    frame_world world;
    td_scheduler *scheduler = NULL;
    td_ticket ticket = {0};
    frame_world_make(device, FRAMES, &world);
    gpu_ok(td_scheduler_create(device, &params, &scheduler));
    gpu_ok(run_frame(&world, scheduler, 0, &ticket));
    f->arm(device->handle, plan);
    for (uint32_t frame = 1; frame < FRAMES; frame++) {
        const td_result result = run_frame(&world, scheduler, frame, &ticket);
        if (result == TD_OK)
            continue;
        assert_int_equal(result, TD_ERROR_DEVICE_MEMORY);
        renew_graphics(&world, frame);
        gpu_ok(run_frame(&world, scheduler, frame, &ticket));
    }
    gpu_ok(td_ticket_wait(device, ticket, LIMIT_NS));
    td_scheduler_destroy(scheduler);
    frame_check(&world);
    frame_world_free(&world);
}

static void a_frame_without_memory_is_made_again(void **state)
{
    (void)state;
    uint32_t failures = 0;
    faults_plan plan = {.calls = FAULTS_SUBMIT2, .nth = 1, .result = VK_ERROR_OUT_OF_DEVICE_MEMORY};
    for (; fault_survives(make_frames_again, &plan); plan.nth++)
        failures++;
    assert_true(failures >= FRAMES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_at_a_submission),
        cmocka_unit_test(lost_at_a_wait),
        cmocka_unit_test(lost_when_a_timeline_is_read),
        cmocka_unit_test(a_frame_without_memory_is_made_again),
    };
    return gpu_run_tests(tests);
}
