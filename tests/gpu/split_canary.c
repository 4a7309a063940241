/* What the layer split_queues is for, it finds: a known fault of each kind shows, and what is right
 * passes. */
#include "split_support.h"

#include <stdio.h>

#include "async/plan_declare.h"
#include "fill_spv.h"
#include "gpu/bindless.h"
#include "gpu/pipeline.h"

#define ALL_FAMILIES 7u
#define POISON_WORD  (SPLIT_POISON * UINT32_C(0x01010101))

/* ---- waits ---- */

/* Fills on one queue and copies on another, with or without a wait, and gives what was copied. */
static uint32_t copied_word(const split_bench *bench, uint32_t producer, uint32_t consumer,
                            bool wait)
{
    split_buffer source = split_make_buffer(bench, ALL_FAMILIES);
    split_buffer result = split_make_buffer(bench, ALL_FAMILIES);
    const VkSemaphore done = split_make_semaphore(bench, VK_SEMAPHORE_TYPE_TIMELINE);
    source.words[0] = 1;
    VkCommandBuffer commands = split_begin(bench, producer);
    split_fill(bench, commands, &source, 2);
    split_submit(bench, producer, commands, VK_NULL_HANDLE, 0, done, 1);
    commands = split_begin(bench, consumer);
    split_copy(bench, commands, &source, &result);
    split_barrier(bench, commands);
    split_submit(bench, consumer, commands, wait ? done : VK_NULL_HANDLE, 1, VK_NULL_HANDLE, 0);
    split_wait_idle(bench);
    const uint32_t word = result.words[0];
    split_free_semaphore(bench, done);
    split_free_buffer(bench, &source);
    split_free_buffer(bench, &result);
    return word;
}

static void a_missing_wait_shows(td_device *device)
{
    static const char *const starve[] = {"adversarial:0", "adversarial:1", "adversarial:2"};
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    gpu_watch_messages("SYNC-HAZARD"); /* newer validation sees it, too */
    for (uint32_t i = 0; i < SPLIT_QUEUES; i++) {
        const uint32_t other = (i + 1) % SPLIT_QUEUES;
        assert_int_equal(bench.set_schedule(device->handle, starve[i]), VK_SUCCESS);
        assert_int_equal(copied_word(&bench, i, other, false), 1);
        assert_int_equal(copied_word(&bench, i, other, true), 2);
        assert_int_equal(bench.set_schedule(device->handle, "adversarial"), VK_SUCCESS);
        assert_int_equal(copied_word(&bench, i, other, false), 1);
        assert_int_equal(copied_word(&bench, i, other, true), 2);
        assert_int_equal(bench.set_schedule(device->handle, "inorder"), VK_SUCCESS);
        assert_int_equal(copied_word(&bench, i, other, false), 2);
    }
    split_bench_free(&bench);
}

/* Some of the seeds turn the two round. */
static void seeds_give_both_orders(td_device *device)
{
    uint32_t early = 0, late = 0;
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    gpu_watch_messages("SYNC-HAZARD");
    for (uint32_t seed = 0; seed < 200 && (!early || !late); seed++) {
        char text[32];
        snprintf(text, sizeof text, "seed:%u", seed);
        assert_int_equal(bench.set_schedule(device->handle, text), VK_SUCCESS);
        *(copied_word(&bench, SPLIT_COMPUTE, SPLIT_TRANSFER, false) == 1 ? &early : &late) += 1;
        assert_int_equal(copied_word(&bench, SPLIT_COMPUTE, SPLIT_TRANSFER, true), 2);
    }
    assert_true(early > 0 && late > 0);
    split_bench_free(&bench);
}

/* A wait for what comes later on the same queue would never end. That of two queues for each other
 * is found in the same way; validation itself hangs on it for half a minute. */
static void a_wait_before_its_signal_is_reported(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    const VkSemaphore semaphore = split_make_semaphore(&bench, VK_SEMAPHORE_TYPE_TIMELINE);
    split_submit(&bench, SPLIT_COMPUTE, split_begin(&bench, SPLIT_COMPUTE), semaphore, 1,
                 VK_NULL_HANDLE, 0);
    split_submit(&bench, SPLIT_COMPUTE, split_begin(&bench, SPLIT_COMPUTE), VK_NULL_HANDLE, 0,
                 semaphore, 1);
    split_wait_idle(&bench);
    split_free_semaphore(&bench, semaphore);
    split_bench_free(&bench);
}

/* ---- owners ---- */

/* Fills on graphics, then copies on compute, in order, releasing and acquiring or not. */
static void use_on_two_families(const split_bench *bench, split_buffer *buffer, bool release,
                                bool acquire, bool wait)
{
    split_buffer result = split_make_buffer(bench, ALL_FAMILIES);
    const VkSemaphore done = split_make_semaphore(bench, VK_SEMAPHORE_TYPE_TIMELINE);
    VkCommandBuffer commands = split_begin(bench, SPLIT_GRAPHICS);
    split_fill(bench, commands, buffer, 2);
    if (release)
        split_transfer(bench, commands, buffer, SPLIT_GRAPHICS, SPLIT_COMPUTE);
    split_submit(bench, SPLIT_GRAPHICS, commands, VK_NULL_HANDLE, 0, done, 1);
    commands = split_begin(bench, SPLIT_COMPUTE);
    if (acquire)
        split_transfer(bench, commands, buffer, SPLIT_GRAPHICS, SPLIT_COMPUTE);
    split_copy(bench, commands, buffer, &result);
    split_submit(bench, SPLIT_COMPUTE, commands, wait ? done : VK_NULL_HANDLE, 1, VK_NULL_HANDLE,
                 0);
    split_wait_idle(bench);
    split_free_semaphore(bench, done);
    split_free_buffer(bench, &result);
}

static void hand_over(td_device *device, const char *schedule, bool release, bool acquire,
                      bool wait)
{
    split_bench bench;
    split_bench_make(device, schedule, &bench);
    const uint64_t before = bench.report_count(device->handle);
    split_buffer buffer = split_make_buffer(&bench, 0);
    use_on_two_families(&bench, &buffer, release, acquire, wait);
    const bool right = release && acquire && wait;
    assert_int_equal(bench.report_count(device->handle) > before, !right);
    split_free_buffer(&bench, &buffer);
    split_bench_free(&bench);
}

static void a_use_without_ownership_is_reported(td_device *device)
{
    hand_over(device, "inorder", false, false, true);
}

static void a_use_after_release_only_is_reported(td_device *device)
{
    hand_over(device, "inorder", true, false, true);
}

static void an_acquire_without_release_is_reported(td_device *device)
{
    hand_over(device, "inorder", false, true, true);
}

static void an_acquire_that_waits_for_nothing_is_reported(td_device *device)
{
    hand_over(device, "adversarial:0", true, true, false);
}

static void an_ordered_hand_over_is_right(td_device *device)
{
    hand_over(device, "adversarial:0", true, true, true);
}

static void a_family_that_does_not_share_is_reported(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    const uint64_t before = bench.report_count(device->handle);
    split_buffer buffer = split_make_buffer(&bench, 1u << SPLIT_GRAPHICS | 1u << SPLIT_TRANSFER);
    use_on_two_families(&bench, &buffer, false, false, true);
    assert_int_equal(bench.report_count(device->handle), before + 1);
    split_free_buffer(&bench, &buffer);
    split_bench_free(&bench);
}

static void families_that_share_are_right(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    split_buffer buffer = split_make_buffer(&bench, 1u << SPLIT_GRAPHICS | 1u << SPLIT_COMPUTE);
    use_on_two_families(&bench, &buffer, false, false, true);
    split_free_buffer(&bench, &buffer);
    split_bench_free(&bench);
}

typedef struct shader {
    tdi_pipeline pipeline;
    tdi_descriptor_pool *pool;
    VkDescriptorSet set;
    split_buffer read;
} shader;

/* A shader that writes `written`. */
static void make_shader(const split_bench *bench, const split_buffer *written, shader *out)
{
    const tdi_compute_pipeline_params params = {.name = "fill",
                                                .code = fill_spv,
                                                .code_bytes = sizeof fill_spv,
                                                .binding_count = 2,
                                                .push_bytes = 8,
                                                .bindless = true};
    out->read = split_make_buffer(bench, ALL_FAMILIES);
    const tdi_binding bindings[] = {{written->handle, 0, VK_WHOLE_SIZE},
                                    {out->read.handle, 0, VK_WHOLE_SIZE}};
    gpu_ok(tdi_pipeline_create_compute(bench->device, &params, &out->pipeline));
    gpu_ok(tdi_descriptor_pool_create(bench->device, 1, 2, &out->pool));
    gpu_ok(
        tdi_descriptor_set_create(bench->device, out->pool, &out->pipeline, bindings, &out->set));
}

static void free_shader(const split_bench *bench, shader *freed)
{
    tdi_pipeline_destroy(bench->device, &freed->pipeline);
    tdi_descriptor_pool_destroy(bench->device, freed->pool);
    split_free_buffer(bench, &freed->read);
}

static void record_shader(const split_bench *bench, VkCommandBuffer commands, const shader *bound)
{
    const td_device *device = bench->device;
    const VkDescriptorSet sets[] = {bound->set, tdi_bindless_set(device->bindless)};
    const uint32_t push[] = {SPLIT_WORDS, 0};
    device->vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, bound->pipeline.handle);
    device->vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                       bound->pipeline.layout, 0, 2, sets, 0, NULL);
    device->vk.vkCmdPushConstants(commands, bound->pipeline.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                  8, push);
    bench->vkCmdDispatch(commands, 1, 1, 1);
}

/* Filled on graphics, then written by a shader on compute, in order. */
static void a_shader_without_ownership_is_reported(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    split_buffer buffer = split_make_buffer(&bench, 0);
    shader writer;
    make_shader(&bench, &buffer, &writer);
    const VkSemaphore done = split_make_semaphore(&bench, VK_SEMAPHORE_TYPE_TIMELINE);
    VkCommandBuffer commands = split_begin(&bench, SPLIT_GRAPHICS);
    split_fill(&bench, commands, &buffer, 2);
    split_submit(&bench, SPLIT_GRAPHICS, commands, VK_NULL_HANDLE, 0, done, 1);
    commands = split_begin(&bench, SPLIT_COMPUTE);
    record_shader(&bench, commands, &writer);
    split_submit(&bench, SPLIT_COMPUTE, commands, done, 1, VK_NULL_HANDLE, 0);
    split_wait_idle(&bench);
    split_free_semaphore(&bench, done);
    free_shader(&bench, &writer);
    split_free_buffer(&bench, &buffer);
    split_bench_free(&bench);
}

/* ---- abilities ---- */

/* By the layer and by validation, which must lie above it to see the families. */
static void a_dispatch_on_the_transfer_family_is_reported(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    const uint64_t before = bench.report_count(device->handle);
    const VkCommandBuffer commands = split_begin(&bench, SPLIT_TRANSFER);
    bench.vkCmdDispatch(commands, 1, 1, 1);
    assert_int_equal(bench.report_count(device->handle), before + 1);
    assert_true(gpu_expected_count() > 1);
    split_bench_free(&bench);
}

/* ---- poison ---- */

static void new_memory_is_poisoned(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    split_buffer buffer = split_make_buffer(&bench, 0);
    for (uint32_t i = 0; i < SPLIT_WORDS; i++)
        assert_int_equal(buffer.words[i], POISON_WORD);
    split_free_buffer(&bench, &buffer);
    split_bench_free(&bench);
}

/* A pass that starts the life of half a buffer leaves nothing of what was in it. */
static void a_new_life_is_poisoned(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    split_buffer buffer = split_make_buffer(&bench, ALL_FAMILIES);
    for (uint32_t i = 0; i < SPLIT_WORDS; i++)
        buffer.words[i] = i;
    const VkCommandBuffer commands = split_begin(&bench, SPLIT_COMPUTE);
    const tdi_declared_use use = {
        .resource = "half",
        .buffer = buffer.handle,
        .offset = SPLIT_WORDS / 2 * sizeof(uint32_t),
        .size = VK_WHOLE_SIZE,
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
        .access = VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT,
        .mode = TD_ACCESS_WRITE,
        .new_life = true,
    };
    const tdi_declared_pass pass = {
        .graph = "canary", .pass = "first", .commands = commands, .uses = &use, .use_count = 1};
    const tdi_declare_uses_fn declare = tdi_plan_declare_find(device);
    assert_non_null(declare);
    declare(device->handle, &pass);
    split_submit(&bench, SPLIT_COMPUTE, commands, VK_NULL_HANDLE, 0, VK_NULL_HANDLE, 0);
    split_wait_idle(&bench);
    for (uint32_t i = 0; i < SPLIT_WORDS; i++)
        assert_int_equal(buffer.words[i], i < SPLIT_WORDS / 2 ? i : POISON_WORD);
    split_free_buffer(&bench, &buffer);
    split_bench_free(&bench);
}

/* Cleared, given up by a barrier, and copied. */
static void record_discard(const split_bench *bench, VkCommandBuffer commands, VkImage image,
                           const split_buffer *result)
{
    const VkClearColorValue one = {.uint32 = {1, 1, 1, 1}};
    const VkImageSubresourceRange range = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
        .newLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image,
        .subresourceRange = range,
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .imageMemoryBarrierCount = 1,
                                   .pImageMemoryBarriers = &barrier};
    const VkBufferImageCopy region = {.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                      .imageExtent = {8, SPLIT_WORDS / 8, 1}};
    bench->device->vk.vkCmdPipelineBarrier2(commands, &info);
    bench->vkCmdClearColorImage(commands, image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, &one, 1,
                                &range);
    barrier.newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
    bench->device->vk.vkCmdPipelineBarrier2(commands, &info);
    bench->vkCmdCopyImageToBuffer(commands, image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                                  result->handle, 1, &region);
    split_barrier(bench, commands);
}

static void what_an_image_gives_up_is_poisoned(td_device *device)
{
    split_bench bench;
    split_bench_make(device, "inorder", &bench);
    split_buffer result = split_make_buffer(&bench, ALL_FAMILIES);
    split_image image = split_make_image(&bench, 8, SPLIT_WORDS / 8);
    const VkCommandBuffer commands = split_begin(&bench, SPLIT_GRAPHICS);
    record_discard(&bench, commands, image.handle, &result);
    split_submit(&bench, SPLIT_GRAPHICS, commands, VK_NULL_HANDLE, 0, VK_NULL_HANDLE, 0);
    split_wait_idle(&bench);
    for (uint32_t i = 0; i < SPLIT_WORDS; i++)
        assert_int_equal(result.words[i], POISON_WORD);
    split_free_image(&bench, &image);
    split_free_buffer(&bench, &result);
    split_bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(a_missing_wait_shows),
        gpu_test(seeds_give_both_orders),
        gpu_canary(a_wait_before_its_signal_is_reported, "TANDEM-split-deadlock"),
        gpu_canary(a_use_without_ownership_is_reported, "TANDEM-split-ownership"),
        gpu_canary(a_use_after_release_only_is_reported, "TANDEM-split-ownership"),
        /* Newer validation sees the next three, too, in its own words; that the layer does, the
         * tests look at themselves. */
        gpu_canary(an_acquire_without_release_is_reported, "acquir"),
        gpu_canary(an_acquire_that_waits_for_nothing_is_reported, "vkCmd"),
        gpu_canary(a_family_that_does_not_share_is_reported, "famil"),
        gpu_test(an_ordered_hand_over_is_right),
        gpu_test(families_that_share_are_right),
        gpu_canary(a_shader_without_ownership_is_reported, "TANDEM-split-ownership"),
        gpu_canary(a_dispatch_on_the_transfer_family_is_reported, "vkCmdDispatch"),
        gpu_test(new_memory_is_poisoned),
        gpu_test(what_an_image_gives_up_is_poisoned),
        gpu_test(a_new_life_is_poisoned),
    };
    return gpu_run_tests(tests);
}
