#define _XOPEN_SOURCE 700

#include "gpu_test.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../layers/ledger.h"
#include "async/lane.h"
#include "async/uploader.h"
#include "base/memory.h"
#include "gpu/memory.h"
#include "gpu/queue.h"

static bool device_found;
static atomic_uint message_count;
static atomic_uint expected_count;
static const char *expected_part;

/* Comes on any thread and under any lock, so it only counts and prints. */
static void on_message(void *user, const char *id, const char *text)
{
    (void)user;
    if (expected_part && (strstr(id, expected_part) || strstr(text, expected_part))) {
        atomic_fetch_add(&expected_count, 1);
        return;
    }
    atomic_fetch_add(&message_count, 1);
    fprintf(stderr, "validation message: %s: %s\n", id, text);
}

/* Under the allocator's lock, so that both sums are of the same moment. */
static void compare_with_ledger(td_device *device)
{
    const ledger_read_fn read = ledger_find(device->instance.vkGetDeviceProcAddr, device->handle);
    ledger_sums sums;
    td_budget_info info;
    if (!read)
        return;
    read(device->handle, &sums);
    td_budget_get_info(td_device_budget(device), &info);
    if (sums.bytes == info.held_bytes - info.host_bytes && sums.allocations == info.allocations)
        return;
    char text[160];
    snprintf(text, sizeof text,
             "the budget holds %" PRIu64 " bytes in %" PRIu64 " allocations, the driver %" PRIu64
             " in %" PRIu64,
             info.held_bytes - info.host_bytes, info.allocations, sums.bytes, sums.allocations);
    on_message(NULL, "ledger", text);
}

void gpu_watch_messages(const char *expected)
{
    atomic_store(&message_count, 0);
    atomic_store(&expected_count, 0);
    expected_part = expected;
    /* Newer layers look at what shaders do with descriptors only if asked to. */
    setenv("VK_KHRONOS_VALIDATION_SYNCVAL_SHADER_ACCESSES_HEURISTIC", "true", 0);
    tdi_instance_set_message_hook(on_message, NULL);
    tdi_set_memory_hook(compare_with_ledger);
}

uint32_t gpu_message_count(void)
{
    return atomic_load(&message_count);
}

uint32_t gpu_expected_count(void)
{
    return atomic_load(&expected_count);
}

void gpu_check(td_result result, const char *expression, const char *file, int line)
{
    if (result == TD_OK)
        return;
    print_error("%s: %s: %s\n", expression, td_result_name(result), td_last_error());
    _fail(file, line);
}

void gpu_check_device(td_result result)
{
    if (result == TD_ERROR_NO_DEVICE && !getenv("TANDEM_REQUIRE_DEVICE")) {
        print_message("skipped: %s\n", td_last_error());
        skip();
    }
    gpu_ok(result);
    device_found = true;
}

int gpu_finish(int failed)
{
    return failed == 0 && !device_found ? 77 : failed;
}

/* Its messages are only for the canary that wants them. */
static void drop_log(void *user, td_log_level level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

static void check_budget_is_back(td_device *device, const td_budget_info *start)
{
    td_budget_info end;
    tdi_memory_trim(device);
    td_budget_get_info(td_device_budget(device), &end);
    assert_int_equal(end.used_bytes, start->used_bytes);
    assert_int_equal(end.held_bytes, start->held_bytes);
    assert_int_equal(end.allocations, start->allocations);
    assert_memory_equal(end.by_category, start->by_category, sizeof end.by_category);
}

/* 0 if it is not installed. Needs an instance to have been made, which loads the loader. */
static uint32_t validation_layer_version(void)
{
    VkLayerProperties list[64];
    uint32_t count = 64;
    if (vkEnumerateInstanceLayerProperties(&count, list) < VK_SUCCESS)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(list[i].layerName, "VK_LAYER_KHRONOS_validation") == 0)
            return list[i].specVersion;
    }
    return 0;
}

static void skip_with_older_layer(td_device *device, uint32_t oldest)
{
    uint32_t version = validation_layer_version();
    if (version >= oldest)
        return;
    print_message("skipped: needs validation layer %u.%u.%u, this is %u.%u.%u\n",
                  VK_API_VERSION_MAJOR(oldest), VK_API_VERSION_MINOR(oldest),
                  VK_API_VERSION_PATCH(oldest), VK_API_VERSION_MAJOR(version),
                  VK_API_VERSION_MINOR(version), VK_API_VERSION_PATCH(version));
    td_device_destroy(device);
    td_set_log(NULL, NULL, td_default_log_level());
    skip();
}

typedef struct settling {
    tdi_watch watch;
    tdi_mutex mutex;
    tdi_cond changed;
    td_result result;
    bool reached;
} settling;

static void on_settled(tdi_watch *watch, td_result result)
{
    settling *all = (settling *)watch;
    tdi_mutex_lock(&all->mutex);
    all->result = result;
    all->reached = true;
    tdi_cond_signal(&all->changed);
    tdi_mutex_unlock(&all->mutex);
}

td_result gpu_watch(td_device *device, td_ticket ticket)
{
    settling all = {.watch = {.ticket = ticket, .reached = on_settled}};
    gpu_ok(tdi_mutex_init(&all.mutex, TDI_RANK_NONE));
    gpu_ok(tdi_cond_init(&all.changed));
    tdi_ticket_watch(device, &all.watch);
    tdi_mutex_lock(&all.mutex);
    while (!all.reached)
        tdi_cond_wait(&all.changed, &all.mutex);
    tdi_mutex_unlock(&all.mutex);
    tdi_cond_destroy(&all.changed);
    tdi_mutex_destroy(&all.mutex);
    return all.result;
}

void gpu_settle(td_device *device)
{
    tdi_uploader *engine = device->attached[TDI_ATTACH_UPLOADER];
    if (!device->attached[TDI_ATTACH_LANES])
        return;
    while (engine && !tdi_uploader_is_idle(engine))
        continue;
    for (uint32_t i = 0; i < device->queue_count; i++)
        (void)gpu_watch(device, (td_ticket){.queue = i});
}

void gpu_close_uploader(td_device *device, td_uploader *uploader)
{
    td_budget_info info;
    td_uploader_destroy(uploader);
    do
        td_budget_get_info(td_device_budget(device), &info);
    while (info.by_category[TD_BUDGET_STAGING] > 0);
}

void gpu_run(void **state)
{
    const gpu_case *test = *state;
    td_device_params params = test->params;
    params.validation = true;
    uint64_t blocks = tdi_live_blocks();
    gpu_watch_messages(test->expected);
    if (test->expected)
        td_set_log(drop_log, NULL, TD_LOG_ERROR);
    td_device *device;
    gpu_check_device(td_device_create(&params, &device));
    skip_with_older_layer(device, test->layer);
    td_budget_info start;
    td_budget_get_info(td_device_budget(device), &start);
    test->run(device);
    gpu_settle(device);
    check_budget_is_back(device, &start);
    td_device_destroy(device);
    assert_int_equal(gpu_message_count(), 0);
    assert_true(!test->expected || gpu_expected_count() > 0);
    assert_int_equal(tdi_live_blocks(), blocks);
    td_set_log(NULL, NULL, td_default_log_level());
}

static VkCommandPool make_pool(td_device *device, uint32_t family)
{
    VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = family,
    };
    VkCommandPool pool;
    gpu_ok(tdi_vk_check(device->vk.vkCreateCommandPool(device->handle, &info, NULL, &pool),
                        "vkCreateCommandPool"));
    return pool;
}

static VkCommandBuffer begin_commands(td_device *device, VkCommandPool pool)
{
    VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = pool,
        .commandBufferCount = 1,
    };
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    VkCommandBuffer commands;
    gpu_ok(tdi_vk_check(device->vk.vkAllocateCommandBuffers(device->handle, &info, &commands),
                        "vkAllocateCommandBuffers"));
    gpu_ok(tdi_vk_check(device->vk.vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer"));
    return commands;
}

gpu_submission gpu_submit_to_lane(td_device *device, td_lane lane,
                                  void (*record)(td_device *device, VkCommandBuffer commands,
                                                 void *user),
                                  void *user)
{
    const uint32_t index = device->lane_queue[lane];
    const tdi_queue *queue = &device->queues[index];
    gpu_submission submission = {index, make_pool(device, queue->family)};
    VkCommandBuffer commands = begin_commands(device, submission.pool);
    record(device, commands, user);
    gpu_ok(tdi_vk_check(device->vk.vkEndCommandBuffer(commands), "vkEndCommandBuffer"));
    VkCommandBufferSubmitInfo buffer = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
        .commandBuffer = commands,
    };
    VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &buffer,
    };
    tdi_queue_lock(device, index);
    const VkResult result = device->vk.vkQueueSubmit2(queue->handle, 1, &submit, VK_NULL_HANDLE);
    tdi_queue_unlock(device, index);
    gpu_ok(tdi_vk_check(result, "vkQueueSubmit2"));
    return submission;
}

void gpu_submission_wait(td_device *device, const gpu_submission *submission)
{
    const uint32_t index = submission->queue;
    tdi_queue_lock(device, index);
    const VkResult result = device->vk.vkQueueWaitIdle(device->queues[index].handle);
    tdi_queue_unlock(device, index);
    gpu_ok(tdi_vk_check(result, "vkQueueWaitIdle"));
    device->vk.vkDestroyCommandPool(device->handle, submission->pool, NULL);
}

void gpu_submit(td_device *device,
                void (*record)(td_device *device, VkCommandBuffer commands, void *user), void *user)
{
    gpu_submission submission = gpu_submit_to_lane(device, TD_LANE_GRAPHICS, record, user);
    gpu_submission_wait(device, &submission);
}

void gpu_make_buffer(td_device *device, VkDeviceSize size, tdi_memory_kind kind, tdi_buffer *out)
{
    tdi_buffer_params params = {
        .name = "test",
        .size = size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
        .kind = kind,
        .category = TD_BUDGET_TRANSIENT,
    };
    gpu_ok(tdi_buffer_create(device, &params, out));
}

void gpu_full_barrier(td_device *device, VkCommandBuffer commands)
{
    VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask =
            VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT | VK_ACCESS_2_HOST_READ_BIT,
    };
    VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &dependency);
}
