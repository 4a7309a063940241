/* The layer that writes down Vulkan calls, which other tests compare streams with: what it writes
 * for known calls; the same work on other objects gives the same text, other work does not; what it
 * cannot write cannot be overlooked. */
#include "scene_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../layers/record_calls.h"

enum { BYTES = 64 };

static record_calls find_calls(td_device *device)
{
    record_calls calls;
    assert_true(record_calls_find(vkGetDeviceProcAddr, device->handle, &calls));
    return calls;
}

typedef struct frame {
    tdi_buffer buffer;
    uint32_t value;
    uint32_t barriers;
} frame;

static void record_frame(td_device *device, VkCommandBuffer commands, void *user)
{
    const frame *f = user;
    device->vk.vkCmdFillBuffer(commands, f->buffer.handle, 0, BYTES, f->value);
    for (uint32_t i = 0; i < f->barriers; i++)
        gpu_full_barrier(device, commands);
    device->vk.vkCmdFillBuffer(commands, f->buffer.handle, 8, 16, 7);
}

static record_calls_text text_of_frame(td_device *device, uint32_t value, uint32_t barriers)
{
    const record_calls calls = find_calls(device);
    frame f = {.value = value, .barriers = barriers};
    gpu_make_buffer(device, BYTES, TDI_MEMORY_READBACK, &f.buffer);
    calls.begin(device->handle);
    gpu_submit(device, record_frame, &f);
    const record_calls_text text = calls.end(device->handle);
    tdi_buffer_destroy(device, &f.buffer);
    return text;
}

/* Numbers of Vulkan's enumerations: ONE_TIME_SUBMIT is 1, ALL_COMMANDS 65536 and with HOST 81920,
 * MEMORY_WRITE 65536, and with MEMORY_READ 32768 and HOST_READ 8192 106496. */
static void known_calls_give_known_text(td_device *device)
{
    const record_calls_text text = text_of_frame(device, 3, 1);
    const uint32_t family = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family;
    assert_int_equal(family, 0);
    assert_true(text.complete);
    assert_string_equal(text.text,
                        "vkCreateCommandPool 0 0 CommandPool0\n"
                        "vkAllocateCommandBuffers CommandPool0 0 CommandBuffer0\n"
                        "vkBeginCommandBuffer CommandBuffer0 1\n"
                        "vkCmdFillBuffer CommandBuffer0 Buffer0 0 64 3\n"
                        "vkCmdPipelineBarrier2 CommandBuffer0 0 memory 65536 65536 81920 106496\n"
                        "vkCmdFillBuffer CommandBuffer0 Buffer0 8 16 7\n"
                        "vkEndCommandBuffer CommandBuffer0\n"
                        "vkQueueSubmit2 Queue0 batch 0 CommandBuffer0 0 Fence-\n"
                        "vkDestroyCommandPool CommandPool0\n");
}

static void the_same_work_gives_the_same_text(td_device *device)
{
    frame other = {0};
    const record_calls_text first = text_of_frame(device, 3, 1);
    gpu_make_buffer(device, BYTES, TDI_MEMORY_READBACK, &other.buffer);
    const record_calls_text second = text_of_frame(device, 3, 1);
    tdi_buffer_destroy(device, &other.buffer);
    assert_true(first.complete && second.complete);
    assert_string_equal(first.text, second.text);
}

/* The canary of every comparison made with this layer. */
static void one_more_barrier_is_seen(td_device *device)
{
    const record_calls_text one = text_of_frame(device, 3, 1);
    const record_calls_text two = text_of_frame(device, 3, 2);
    const record_calls_text value = text_of_frame(device, 4, 1);
    assert_string_not_equal(one.text, two.text);
    assert_string_not_equal(one.text, value.text);
}

static VkSemaphore make_timeline(td_device *device, uint64_t value)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
        .initialValue = value,
    };
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = &type};
    VkSemaphore semaphore;
    gpu_ok(tdi_vk_check(device->vk.vkCreateSemaphore(device->handle, &info, NULL, &semaphore),
                        "vkCreateSemaphore"));
    return semaphore;
}

static void signal_timeline(td_device *device, VkSemaphore semaphore, uint64_t value)
{
    const VkSemaphoreSubmitInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = semaphore,
        .value = value,
        .stageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
    };
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .signalSemaphoreInfoCount = 1,
        .pSignalSemaphoreInfos = &signal,
    };
    VkQueue queue = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].handle;
    gpu_ok(tdi_vk_check(device->vk.vkQueueSubmit2(queue, 1, &submit, VK_NULL_HANDLE),
                        "vkQueueSubmit2"));
}

static void values_count_from_the_first_of_a_section(td_device *device)
{
    const record_calls calls = find_calls(device);
    VkSemaphore semaphore = make_timeline(device, 40);
    record_calls_text texts[2];
    for (uint64_t i = 0; i < 2; i++) {
        calls.begin(device->handle);
        signal_timeline(device, semaphore, 41 + 5 * i);
        signal_timeline(device, semaphore, 43 + 5 * i);
        texts[i] = calls.end(device->handle);
    }
    gpu_ok(tdi_vk_check(device->vk.vkDeviceWaitIdle(device->handle), "vkDeviceWaitIdle"));
    device->vk.vkDestroySemaphore(device->handle, semaphore, NULL);
    /* COPY is bit 32. */
    assert_string_equal(texts[0].text,
                        "vkQueueSubmit2 Queue0 batch 0 signal Semaphore0@+0 4294967296 0 Fence-\n"
                        "vkQueueSubmit2 Queue0 batch 0 signal Semaphore0@+2 4294967296 0 Fence-\n");
    assert_string_equal(texts[0].text, texts[1].text);
}

/* A structure that the layer has no writer for, in a place where Vulkan allows it. */
static void an_unknown_chain_is_told(td_device *device)
{
    const record_calls calls = find_calls(device);
    const VkExportSemaphoreCreateInfo export_info = {
        .sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO};
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = &export_info};
    VkSemaphore semaphore;
    calls.begin(device->handle);
    gpu_ok(tdi_vk_check(device->vk.vkCreateSemaphore(device->handle, &info, NULL, &semaphore),
                        "vkCreateSemaphore"));
    const record_calls_text text = calls.end(device->handle);
    device->vk.vkDestroySemaphore(device->handle, semaphore, NULL);
    assert_false(text.complete);
}

static void call_unknown(td_device *device, VkCommandBuffer commands, void *user)
{
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        device->vk.vkCmdSetEvent(commands, user, VK_PIPELINE_STAGE_TRANSFER_BIT);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void an_unknown_command_ends_the_program(td_device *device)
{
    const VkEventCreateInfo info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
    VkEvent event;
    gpu_ok(tdi_vk_check(device->vk.vkCreateEvent(device->handle, &info, NULL, &event),
                        "vkCreateEvent"));
    gpu_submit(device, call_unknown, event);
    device->vk.vkDestroyEvent(device->handle, event, NULL);
}

static const char *text_of_view(td_device *device, td_renderer *renderer, uint32_t camera)
{
    const record_calls calls = find_calls(device);
    const td_camera view = scene_rich_camera(camera);
    td_request *request;
    calls.begin(device->handle);
    scene_submit(renderer, &view, 1, &request);
    scene_picture picture = scene_take(request);
    const record_calls_text text = calls.end(device->handle);
    scene_picture_free(&picture);
    assert_true(text.complete);
    return text.text;
}

static void two_views_of_a_renderer_are_the_same_calls(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 20, 20);
    params.in_flight = 1;
    td_renderer *renderer = scene_renderer(device, &params);
    text_of_view(device, renderer, 0);
    const char *first = text_of_view(device, renderer, 0);
    const char *second = text_of_view(device, renderer, 0);
    assert_non_null(strstr(first, "vkCmdDispatch"));
    assert_non_null(strstr(first, "vkQueueSubmit2"));
    assert_string_equal(first, second);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(known_calls_give_known_text),
        gpu_test(the_same_work_gives_the_same_text),
        gpu_test(one_more_barrier_is_seen),
        gpu_test(values_count_from_the_first_of_a_section),
        gpu_test(an_unknown_chain_is_told),
        gpu_test(an_unknown_command_ends_the_program),
        gpu_test(two_views_of_a_renderer_are_the_same_calls),
    };
    return gpu_run_tests(tests);
}
