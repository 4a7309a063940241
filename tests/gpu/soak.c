/* Many frames leave the process as they found it: memory after nine tenths of them is within 2 MiB
 * of that after one tenth, and descriptors, threads and the budget are equal. 100,000 frames with
 * TANDEM_TEST_LONG, else fewer. A frame is compute work by the scheduler, parts by the recorder,
 * and a view by the renderer. Without validation, whose own books grow. */
#include "scene_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tandem/budget.h>
#include <tandem/recorder.h>
#include <tandem/scheduler.h>

#include "base/memory.h"
#include "base/process.h"

#define LONG_FRAMES  100000
#define SHORT_FRAMES 10000
#define IN_FLIGHT    3
#define GROWTH       (2 << 20)

typedef struct soak {
    td_device *device;
    td_scheduler *scheduler;
    td_recorder *recorder;
    td_renderer *renderer;
    td_request *requests[IN_FLIGHT];
    tdi_buffer buffer;
} soak;

typedef struct state {
    uint64_t memory;
    uint64_t blocks; /* of tandem's host memory */
    tdi_process_info process;
    td_budget_info budget;
} state;

static uint64_t resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static state look(const soak *s)
{
    state now = {.memory = resident_bytes(), .blocks = tdi_live_blocks()};
    tdi_process_get_info(&now.process);
    td_budget_get_info(td_device_budget(s->device), &now.budget);
    return now;
}

static td_result fill(void *user, VkCommandBuffer commands)
{
    const soak *s = user;
    s->device->vk.vkCmdFillBuffer(commands, s->buffer.handle, 0, 256, 7);
    return TD_OK;
}

static td_result fill_part(const td_recorder_part *part)
{
    const soak *s = part->user;
    for (uint32_t i = part->first; i < part->first + part->count; i++)
        s->device->vk.vkCmdFillBuffer(part->commands, s->buffer.handle, 256 + 4 * i, 4, i);
    return TD_OK;
}

static void run_frame(soak *s, uint32_t index)
{
    const td_camera camera = scene_rich_camera(index % 7);
    const td_recorder_frame frame = {.items = 64, .record = fill_part, .user = s};
    const VkCommandBuffer *parts;
    uint32_t part_count, wait_count;
    td_wait wait;
    td_ticket ticket;
    gpu_ok(td_recorder_record(s->recorder, &frame, TD_FOREVER, &parts, &part_count));
    gpu_ok(td_scheduler_begin_frame(s->scheduler, index, parts[0], TD_FOREVER));
    if (td_scheduler_is_async(s->scheduler))
        gpu_ok(td_scheduler_record(s->scheduler, fill, s));
    gpu_ok(td_scheduler_submit(s->scheduler, NULL));
    gpu_ok(td_scheduler_waits(s->scheduler, &wait, &wait_count));
    gpu_ok(td_recorder_submit(s->recorder, &wait, wait_count, &ticket));
    gpu_ok(td_scheduler_consumed(s->scheduler, ticket));
    td_request **request = &s->requests[index % IN_FLIGHT];
    if (*request)
        gpu_ok(td_request_wait(*request, SCENE_LIMIT_NS));
    td_request_release(*request);
    gpu_ok(td_renderer_submit(s->renderer, &camera, 1, index, SCENE_LIMIT_NS, request));
}

static void begin(soak *s, td_scene *scene)
{
    const td_scheduler_params scheduler = {.frames_in_flight = IN_FLIGHT};
    const td_recorder_params recorder = {.threads = 2, .slots = IN_FLIGHT};
    td_renderer_params renderer = scene_renderer_params(scene, 16, 16);
    *s = (soak){0};
    renderer.outputs = TD_OUTPUT_COLOR;
    gpu_check_device(td_device_create(NULL, &s->device));
    gpu_ok(td_scheduler_create(s->device, &scheduler, &s->scheduler));
    gpu_ok(td_recorder_create(s->device, &recorder, &s->recorder));
    s->renderer = scene_renderer(s->device, &renderer);
    gpu_make_buffer(s->device, 4096, TDI_MEMORY_DEVICE, &s->buffer);
}

static void end(soak *s)
{
    for (uint32_t i = 0; i < IN_FLIGHT; i++)
        td_request_release(s->requests[i]);
    td_renderer_destroy(s->renderer);
    td_recorder_destroy(s->recorder);
    td_scheduler_destroy(s->scheduler);
    tdi_buffer_destroy(s->device, &s->buffer);
    td_device_destroy(s->device);
}

static void many_frames_leave_nothing_behind(void **unused)
{
    (void)unused;
    const uint32_t frames = getenv("TANDEM_TEST_LONG") ? LONG_FRAMES : SHORT_FRAMES;
    td_scene *scene = scene_rich(1);
    soak s;
    state early = {0}, late = {0};
    begin(&s, scene);
    for (uint32_t i = 0; i < frames; i++) {
        run_frame(&s, i);
        if (i % (frames / 10) == 0)
            print_message("%u frames: %llu KiB resident\n", i,
                          (unsigned long long)resident_bytes() >> 10);
        if (i == frames / 10)
            early = look(&s);
        if (i == frames / 10 * 9)
            late = look(&s);
    }
    assert_in_range(late.memory, 0, early.memory + GROWTH);
    assert_in_range(late.blocks, early.blocks - 8, early.blocks + 8); /* views come and go */
    assert_int_equal(late.process.descriptors, early.process.descriptors);
    assert_int_equal(late.process.threads, early.process.threads);
    assert_int_equal(late.budget.held_bytes, early.budget.held_bytes);
    assert_int_equal(late.budget.allocations, early.budget.allocations);
    end(&s);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_frames_leave_nothing_behind)};
    return gpu_finish(cmocka_run_group_tests(tests, NULL, NULL));
}
