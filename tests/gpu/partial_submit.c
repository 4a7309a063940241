/* A submission that fails, alone, among others of many threads, or as one of several of a plan:
 * nothing of it happens, there is no hole in the timeline, and later work goes on. */
#include "fault_support.h"
#include "scene_support.h"

#include <string.h>

#include <tandem/ticket.h>

#include "async/lane.h"
#include "base/thread.h"

enum { BATCHES = 3, BYTES = 64, THREADS = 4, ROUNDS = 40, VIEWS = 4, SIDE = 16 };

static void fail_submission(td_device *device, uint32_t nth, uint32_t times)
{
    const faults f = fault_find(device);
    f.arm(device->handle, &(faults_plan){.calls = FAULTS_SUBMIT2,
                                         .nth = nth,
                                         .times = times,
                                         .result = VK_ERROR_OUT_OF_DEVICE_MEMORY});
}

static bool has_failed(td_device *device)
{
    return fault_find(device).happened(device->handle);
}

/* ---- several batches in one call ---- */

typedef struct batches {
    td_device *device;
    VkCommandPool pool;
    tdi_buffer buffers[BATCHES];
    VkSemaphore signals[BATCHES];
} batches;

static void make_batches(td_device *device, batches *b)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_COMPUTE]].family,
    };
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                             .pNext = &type};
    b->device = device;
    assert_int_equal(device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &b->pool), 0);
    for (uint32_t i = 0; i < BATCHES; i++) {
        gpu_make_buffer(device, BYTES, TDI_MEMORY_READBACK, &b->buffers[i]);
        memset(b->buffers[i].memory.mapped, 0, BYTES);
        gpu_ok(tdi_memory_flush(device, &b->buffers[i].memory, 0, BYTES));
        assert_int_equal(
            device->vk.vkCreateSemaphore(device->handle, &semaphore, NULL, &b->signals[i]), 0);
    }
}

static void free_batches(batches *b)
{
    td_device *device = b->device;
    for (uint32_t i = 0; i < BATCHES; i++) {
        device->vk.vkDestroySemaphore(device->handle, b->signals[i], NULL);
        tdi_buffer_destroy(device, &b->buffers[i]);
    }
    device->vk.vkDestroyCommandPool(device->handle, b->pool, NULL);
}

static VkCommandBuffer record_fill(const batches *b, uint32_t index, uint32_t value)
{
    const td_device *device = b->device;
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = b->pool,
        .commandBufferCount = 1,
    };
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkCommandBuffer commands;
    assert_int_equal(device->vk.vkAllocateCommandBuffers(device->handle, &info, &commands), 0);
    assert_int_equal(device->vk.vkBeginCommandBuffer(commands, &begin), 0);
    device->vk.vkCmdFillBuffer(commands, b->buffers[index].handle, 0, BYTES, value);
    gpu_full_barrier(b->device, commands);
    assert_int_equal(device->vk.vkEndCommandBuffer(commands), 0);
    return commands;
}

/* Each batch fills a buffer of its own and signals a semaphore of its own. */
static td_result submit_batches(const batches *b, uint32_t value, td_ticket *ticket)
{
    VkCommandBuffer commands[BATCHES];
    td_signal signals[BATCHES];
    tdi_submission submissions[BATCHES];
    for (uint32_t i = 0; i < BATCHES; i++) {
        commands[i] = record_fill(b, i, value);
        signals[i] = (td_signal){.semaphore = b->signals[i], .value = value};
        submissions[i] = (tdi_submission){
            .lane = TD_LANE_COMPUTE,
            .commands = &commands[i],
            .command_count = 1,
            .signals = &signals[i],
            .signal_count = 1,
        };
    }
    return tdi_lane_submit_many(b->device, submissions, BATCHES, ticket);
}

static void assert_batches(const batches *b, uint32_t value)
{
    td_device *device = b->device;
    for (uint32_t i = 0; i < BATCHES; i++) {
        uint64_t signalled = 99;
        uint32_t word;
        gpu_ok(tdi_memory_invalidate(device, &b->buffers[i].memory, 0, BYTES));
        memcpy(&word, b->buffers[i].memory.mapped, sizeof word);
        assert_int_equal(word, value);
        assert_int_equal(
            device->vk.vkGetSemaphoreCounterValue(device->handle, b->signals[i], &signalled), 0);
        assert_int_equal(signalled, value);
    }
}

static void batches_fail_as_one(td_device *device)
{
    batches b;
    td_ticket before = {0}, failed = {.value = 77}, after = {0};
    make_batches(device, &b);
    gpu_ok(submit_batches(&b, 1, &before));
    gpu_ok(tdi_ticket_wait(device, before, SCENE_LIMIT_NS));
    fail_submission(device, 1, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(submit_batches(&b, 2, &failed), TD_ERROR_DEVICE_MEMORY);
        assert_non_null(strstr(td_last_error(), "vkQueueSubmit2"));
        assert_int_equal(failed.value, 77);
        const td_ticket next = {
            .queue = before.queue, .value = before.value + 1, .device = before.device};
        assert_int_equal(td_ticket_wait(device, next, 0), TD_ERROR_STATE);
    }
    assert_batches(&b, 1);
    gpu_ok(submit_batches(&b, 3, &after));
    assert_int_equal(after.value, before.value + 1);
    gpu_ok(tdi_ticket_wait(device, after, SCENE_LIMIT_NS));
    assert_batches(&b, 3);
    free_batches(&b);
}

/* ---- many threads ---- */

typedef struct submitter {
    tdi_thread thread;
    td_device *device;
    uint32_t failures, successes;
    uint64_t values[ROUNDS];
} submitter;

static void submit_often(void *user)
{
    submitter *s = user;
    const td_lane_submit_params params = {.lane = TD_LANE_COMPUTE};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        td_ticket ticket;
        const td_result result = td_lane_submit(s->device, &params, &ticket);
        if (result == TD_OK) {
            gpu_ok(td_ticket_wait(s->device, ticket, SCENE_LIMIT_NS));
            s->values[s->successes++] = ticket.value;
        } else {
            assert_int_equal(result, TD_ERROR_DEVICE_MEMORY);
            s->failures++;
        }
    }
}

/* The values given out are all numbers from the first to the last, each to one thread. */
static void assert_no_hole(const submitter *submitters, uint64_t first, uint32_t count)
{
    bool seen[THREADS * ROUNDS] = {false};
    for (uint32_t t = 0; t < THREADS; t++) {
        for (uint32_t i = 0; i < submitters[t].successes; i++) {
            const uint64_t place = submitters[t].values[i] - first;
            assert_true(place < count);
            assert_false(seen[place]);
            seen[place] = true;
        }
    }
}

static void threads_leave_no_hole(td_device *device)
{
    enum { TIMES = 57 };
    submitter submitters[THREADS] = {0};
    const td_lane_submit_params params = {.lane = TD_LANE_COMPUTE};
    td_ticket start;
    uint32_t failures = 0;
    gpu_ok(td_lane_submit(device, &params, &start));
    fail_submission(device, 20, TIMES);
    for (uint32_t t = 0; t < THREADS; t++) {
        submitters[t].device = device;
        gpu_ok(tdi_thread_start(&submitters[t].thread, "submitter", submit_often, &submitters[t]));
    }
    for (uint32_t t = 0; t < THREADS; t++) {
        tdi_thread_join(&submitters[t].thread);
        failures += submitters[t].failures;
    }
    assert_int_equal(failures, TIMES);
    assert_no_hole(submitters, start.value + 1, THREADS * ROUNDS - TIMES);
}

/* ---- a plan of several submissions, with others of its kind under way ---- */

static void render_round_a_failure(td_renderer *renderer, const scene_picture *expected,
                                   uint32_t *failures)
{
    td_request *requests[VIEWS] = {NULL};
    for (uint32_t i = 0; i < VIEWS; i++) {
        const td_camera camera = scene_rich_camera(i);
        const td_result result =
            td_renderer_submit(renderer, &camera, 1, 0, SCENE_LIMIT_NS, &requests[i]);
        if (result != TD_OK) {
            assert_int_equal(result, TD_ERROR_DEVICE_MEMORY);
            assert_true(strlen(td_last_error()) > 0);
            assert_null(requests[i]);
            ++*failures;
        }
    }
    for (uint32_t i = 0; i < VIEWS; i++) {
        if (!requests[i])
            continue;
        scene_picture picture = scene_take(requests[i]);
        scene_assert_same(&picture, &expected[i], "beside a view that failed");
        scene_picture_free(&picture);
    }
}

/* Any submission of a view may fail: the views before and after it are as ever. */
static void views_beside_a_failure_are_whole(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.in_flight = VIEWS;
    params.result_slots = VIEWS;
    params.views_per_submission = 1;
    td_renderer *renderer = scene_renderer(device, &params);
    scene_picture expected[VIEWS];
    uint32_t failures = 0;
    for (uint32_t i = 0; i < VIEWS; i++) {
        const td_camera camera = scene_rich_camera(i);
        expected[i] = scene_view(renderer, &camera);
    }
    for (uint32_t nth = 1;; nth++) {
        fail_submission(device, nth, 1);
        render_round_a_failure(renderer, expected, &failures);
        if (!has_failed(device))
            break;
        assert_int_equal(failures, nth);
    }
    assert_true(failures >= VIEWS);
    for (uint32_t i = 0; i < VIEWS; i++)
        scene_picture_free(&expected[i]);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(batches_fail_as_one),
        gpu_test(threads_leave_no_hole),
        gpu_test(views_beside_a_failure_are_whole),
    };
    return gpu_run_tests(tests);
}
