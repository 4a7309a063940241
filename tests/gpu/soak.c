/* Many frames leave the process as they found it: memory after nine tenths of them is within 2 MiB
 * of that after one tenth, and descriptors, threads and the budget are equal. 100,000 frames with
 * TANDEM_TEST_LONG, else fewer. A frame is compute work by the scheduler with the graphics work
 * of its host, parts by the recorder, and a view by the renderer. Without validation, whose own
 * books grow. */
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
#define SHARE        256
#define SHARES       (IN_FLIGHT * SHARE)
#define GROWTH       (2 << 20)

/* What the host of a scheduler has of its own: its graphics work, and when that is done. */
typedef struct slot {
    VkCommandPool pool;
    VkCommandBuffer commands;
    td_ticket done;
} slot;

typedef struct soak {
    td_device *device;
    td_scheduler *scheduler;
    td_recorder *recorder;
    td_renderer *renderer;
    td_request *requests[IN_FLIGHT];
    slot slots[IN_FLIGHT];
    tdi_buffer buffer;
    uint32_t frame;
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

/* Each frame in flight has a share of the buffer for compute, and one SHARES later for the copy. */
static VkDeviceSize share(const soak *s)
{
    return s->frame % IN_FLIGHT * SHARE;
}

static td_result fill(void *user, VkCommandBuffer commands)
{
    const soak *s = user;
    s->device->vk.vkCmdFillBuffer(commands, s->buffer.handle, share(s), SHARE, 7);
    gpu_full_barrier(s->device, commands);
    return TD_OK;
}

static td_result fill_part(const td_recorder_part *part)
{
    const soak *s = part->user;
    for (uint32_t i = part->first; i < part->first + part->count; i++)
        s->device->vk.vkCmdFillBuffer(part->commands, s->buffer.handle, 2 * SHARES + 4 * i, 4, i);
    return TD_OK;
}

/* Copies what the compute work of the frame wrote. */
static void record_host(const soak *s, VkCommandBuffer commands)
{
    const VkBufferCopy region = {share(s), SHARES + share(s), SHARE};
    s->device->vk.vkCmdCopyBuffer(commands, s->buffer.handle, s->buffer.handle, 1, &region);
    gpu_full_barrier(s->device, commands);
    assert_int_equal(s->device->vk.vkEndCommandBuffer(commands), VK_SUCCESS);
}

static void run_scheduler(soak *s)
{
    slot *own = &s->slots[s->frame % IN_FLIGHT];
    const VkCommandBufferBeginInfo once = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    td_wait wait;
    td_lane_submit_params params = {
        .lane = TD_LANE_GRAPHICS, .commands = &own->commands, .command_count = 1, .waits = &wait};
    gpu_ok(td_ticket_wait(s->device, own->done, SCENE_LIMIT_NS));
    assert_int_equal(s->device->vk.vkResetCommandPool(s->device->handle, own->pool, 0), VK_SUCCESS);
    assert_int_equal(s->device->vk.vkBeginCommandBuffer(own->commands, &once), VK_SUCCESS);
    gpu_ok(td_scheduler_begin_frame(s->scheduler, s->frame, own->commands, SCENE_LIMIT_NS));
    gpu_ok(td_scheduler_record(s->scheduler, fill, s));
    gpu_ok(td_scheduler_submit(s->scheduler, NULL));
    record_host(s, own->commands);
    gpu_ok(td_scheduler_waits(s->scheduler, &wait, &params.wait_count));
    gpu_ok(td_lane_submit(s->device, &params, &own->done));
    gpu_ok(td_scheduler_consumed(s->scheduler, own->done));
}

static void run_recorder(soak *s)
{
    const td_recorder_frame frame = {.items = 64, .record = fill_part, .user = s};
    const VkCommandBuffer *parts;
    uint32_t part_count;
    td_ticket ticket;
    gpu_ok(td_recorder_record(s->recorder, &frame, SCENE_LIMIT_NS, &parts, &part_count));
    gpu_ok(td_recorder_submit(s->recorder, NULL, 0, &ticket));
}

static void run_renderer(soak *s)
{
    const td_camera camera = scene_rich_camera(s->frame % 7);
    td_request **request = &s->requests[s->frame % IN_FLIGHT];
    if (*request)
        gpu_ok(td_request_wait(*request, SCENE_LIMIT_NS));
    td_request_release(*request);
    gpu_ok(td_renderer_submit(s->renderer, &camera, 1, s->frame, SCENE_LIMIT_NS, request));
}

static void run_frame(soak *s)
{
    run_scheduler(s);
    run_recorder(s);
    run_renderer(s);
}

static void make_slot(const td_device *device, slot *out)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family,
    };
    assert_int_equal(device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &out->pool),
                     VK_SUCCESS);
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = out->pool,
        .commandBufferCount = 1,
    };
    assert_int_equal(device->vk.vkAllocateCommandBuffers(device->handle, &info, &out->commands),
                     VK_SUCCESS);
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
    gpu_make_buffer(s->device, 4096, TDI_MEMORY_READBACK, &s->buffer);
    for (uint32_t i = 0; i < IN_FLIGHT; i++)
        make_slot(s->device, &s->slots[i]);
}

static void end(soak *s)
{
    for (uint32_t i = 0; i < IN_FLIGHT; i++)
        td_request_release(s->requests[i]);
    td_renderer_destroy(s->renderer);
    td_recorder_destroy(s->recorder);
    td_scheduler_destroy(s->scheduler);
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        gpu_ok(td_ticket_wait(s->device, s->slots[i].done, SCENE_LIMIT_NS));
        s->device->vk.vkDestroyCommandPool(s->device->handle, s->slots[i].pool, NULL);
    }
    tdi_buffer_destroy(s->device, &s->buffer);
    td_device_destroy(s->device);
}

static void assert_all_copied(const soak *s)
{
    const uint8_t *bytes = s->buffer.memory.mapped;
    for (uint32_t i = 0; i < IN_FLIGHT; i++)
        gpu_ok(td_ticket_wait(s->device, s->slots[i].done, SCENE_LIMIT_NS));
    for (uint32_t i = 0; i < SHARES; i++)
        assert_int_equal(bytes[SHARES + i], i % 4 ? 0 : 7);
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
        s.frame = i;
        run_frame(&s);
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
    assert_all_copied(&s);
    end(&s);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_frames_leave_nothing_behind)};
    return gpu_finish(cmocka_run_group_tests(tests, NULL, NULL));
}
