/* The recorder on a device: what a frame leaves does not depend on the number of threads, in
 * primary command buffers and in secondary ones inside a rendering; slots, failures and states. */
#include "gpu_test.h"

#include <stdatomic.h>
#include <string.h>

#include <tandem/recorder.h>

#include "base/error.h"
#include "gpu/image.h"

#define SIZE  64 /* pixels across and down */
#define BYTES ((VkDeviceSize)SIZE * SIZE * 4)
#define ITEMS 3000

typedef struct work {
    td_device *device;
    tdi_buffer result;
    tdi_vk_image image;
    const VkCommandBuffer *parts;
    uint32_t part_count;
    atomic_uint threads_seen; /* bits */
    uint32_t failing_part;
} work;

static void begin(td_device *device, work *w)
{
    memset(w, 0, sizeof *w);
    w->device = device;
    w->failing_part = UINT32_MAX;
    gpu_make_buffer(device, BYTES, TDI_MEMORY_READBACK, &w->result);
    const tdi_vk_image_params image = {
        .name = "target",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = SIZE,
        .height = SIZE,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
        .category = TD_BUDGET_TARGETS,
    };
    gpu_ok(tdi_vk_image_create(device, &image, &w->image));
}

static void end(work *w)
{
    tdi_vk_image_destroy(w->device, &w->image);
    tdi_buffer_destroy(w->device, &w->result);
}

static td_recorder *make_recorder(td_device *device, uint32_t threads, uint32_t slots)
{
    const td_recorder_params params = {.threads = threads, .slots = slots};
    td_recorder *recorder = NULL;
    gpu_ok(td_recorder_create(device, &params, &recorder));
    return recorder;
}

/* Each item fills a word of its own. */
static td_result fill_words(const td_recorder_part *part)
{
    work *w = part->user;
    atomic_fetch_or(&w->threads_seen, 1u << part->thread);
    for (uint32_t i = part->first; i < part->first + part->count; i++)
        w->device->vk.vkCmdFillBuffer(part->commands, w->result.handle, i * sizeof(uint32_t),
                                      sizeof(uint32_t), i * 2654435761u);
    if (part->part == w->failing_part)
        return tdi_fail(TD_ERROR_INPUT, "part %u cannot be drawn", part->part);
    return TD_OK;
}

static void check_words(const work *w)
{
    gpu_ok(tdi_memory_invalidate(w->device, &w->result.memory, 0, BYTES));
    const uint32_t *words = w->result.memory.mapped;
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_int_equal(words[i], i * 2654435761u);
}

static void record_host_barrier(const td_device *device, VkCommandBuffer commands)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
        .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
        .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT,
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .memoryBarrierCount = 1,
                                   .pMemoryBarriers = &barrier};
    device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static td_result fill_words_for_host(const td_recorder_part *part)
{
    const work *w = part->user;
    const td_result result = fill_words(part);
    record_host_barrier(w->device, part->commands);
    return result;
}

static void primary_parts_are_submitted_as_one(td_device *device)
{
    static const uint32_t THREADS[] = {1, 2, 3, 16};
    for (uint32_t t = 0; t < sizeof THREADS / sizeof THREADS[0]; t++) {
        work w;
        begin(device, &w);
        td_recorder *recorder = make_recorder(device, THREADS[t], 2);
        const td_recorder_frame frame = {
            .items = ITEMS, .parts = t == 1 ? 64 : 0, .record = fill_words_for_host, .user = &w};
        for (uint32_t i = 0; i < 5; i++) {
            td_ticket ticket;
            gpu_ok(td_recorder_record(recorder, &frame, TD_FOREVER, &w.parts, &w.part_count));
            assert_int_equal(w.part_count, t == 1 ? 64 : THREADS[t]);
            gpu_ok(td_recorder_submit(recorder, NULL, 0, &ticket));
            gpu_ok(td_ticket_wait(device, ticket, TD_FOREVER));
            check_words(&w);
            memset(w.result.memory.mapped, 0, BYTES);
        }
        td_recorder_destroy(recorder);
        end(&w);
    }
}

/* Rectangles that lie over each other: their order can be seen. */
static td_result clear_rectangles(const td_recorder_part *part)
{
    const work *w = part->user;
    for (uint32_t i = part->first; i < part->first + part->count; i++) {
        const uint32_t x = i * 7919 % (SIZE - 8), y = i * 104729 % (SIZE - 8);
        const VkClearAttachment clear = {
            .aspectMask = VK_IMAGE_ASPECT_COLOR_BIT,
            .clearValue.color.float32 = {(float)(i & 255) / 255.0f, (float)(i >> 8 & 255) / 255.0f,
                                         1.0f, 1.0f},
        };
        const VkClearRect area = {{{(int32_t)x, (int32_t)y}, {8, 8}}, 0, 1};
        w->device->vk.vkCmdClearAttachments(part->commands, 1, &clear, 1, &area);
    }
    return TD_OK;
}

static void image_barrier(const work *w, VkCommandBuffer commands, bool to_copy)
{
    const VkPipelineStageFlags2 attachment = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = to_copy ? attachment : VK_PIPELINE_STAGE_2_COPY_BIT,
        .srcAccessMask = to_copy ? VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT : 0,
        .dstStageMask = to_copy ? VK_PIPELINE_STAGE_2_COPY_BIT : attachment,
        .dstAccessMask =
            to_copy ? VK_ACCESS_2_TRANSFER_READ_BIT : VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
        .oldLayout = to_copy ? VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL : VK_IMAGE_LAYOUT_UNDEFINED,
        .newLayout = to_copy ? VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL
                             : VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = w->image.handle,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .imageMemoryBarrierCount = 1,
                                   .pImageMemoryBarriers = &barrier};
    w->device->vk.vkCmdPipelineBarrier2(commands, &info);
}

/* Executes the secondary parts inside a rendering and copies the picture out. */
static void draw_and_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const work *w = user;
    const VkRenderingAttachmentInfo target = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = w->image.view,
        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
    };
    const VkRenderingInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .flags = VK_RENDERING_CONTENTS_SECONDARY_COMMAND_BUFFERS_BIT,
        .renderArea = {{0, 0}, {SIZE, SIZE}},
        .layerCount = 1,
        .colorAttachmentCount = 1,
        .pColorAttachments = &target,
    };
    image_barrier(w, commands, false);
    device->vk.vkCmdBeginRendering(commands, &rendering);
    device->vk.vkCmdExecuteCommands(commands, w->part_count, w->parts);
    device->vk.vkCmdEndRendering(commands);
    image_barrier(w, commands, true);
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageExtent = {SIZE, SIZE, 1},
    };
    device->vk.vkCmdCopyImageToBuffer(commands, w->image.handle,
                                      VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, w->result.handle, 1,
                                      &region);
    record_host_barrier(device, commands);
}

/* The picture by a plain loop. */
static void paint(uint8_t *pixels)
{
    memset(pixels, 0, BYTES);
    for (uint32_t i = 0; i < ITEMS; i++) {
        const uint32_t x = i * 7919 % (SIZE - 8), y = i * 104729 % (SIZE - 8);
        const uint8_t color[4] = {(uint8_t)i, (uint8_t)(i >> 8), 255, 255};
        for (uint32_t p = 0; p < 64; p++)
            memcpy(pixels + ((y + p / 8) * SIZE + x + p % 8) * 4, color, 4);
    }
}

static void secondary_parts_are_drawn_in_the_order_of_items(td_device *device)
{
    static const uint32_t THREADS[] = {1, 2, 16};
    static uint8_t expected[BYTES];
    const VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
    const VkCommandBufferInheritanceRenderingInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO,
        .colorAttachmentCount = 1,
        .pColorAttachmentFormats = &format,
        .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
    };
    const VkCommandBufferInheritanceInfo inheritance = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO, .pNext = &rendering};
    paint(expected);
    for (uint32_t t = 0; t < sizeof THREADS / sizeof THREADS[0]; t++) {
        work w;
        td_ticket ticket;
        begin(device, &w);
        td_recorder *recorder = make_recorder(device, THREADS[t], 1);
        const td_recorder_frame frame = {.items = ITEMS,
                                         .parts = 32,
                                         .record = clear_rectangles,
                                         .user = &w,
                                         .inheritance = &inheritance};
        gpu_ok(td_recorder_record(recorder, &frame, TD_FOREVER, &w.parts, &w.part_count));
        assert_int_equal(td_recorder_submit(recorder, NULL, 0, &ticket), TD_ERROR_STATE);
        gpu_submit(device, draw_and_copy, &w);
        gpu_ok(tdi_memory_invalidate(device, &w.result.memory, 0, BYTES));
        assert_memory_equal(w.result.memory.mapped, expected, BYTES);
        gpu_ok(td_recorder_submitted(recorder, (td_ticket){0}));
        assert_int_equal(td_recorder_submitted(recorder, (td_ticket){0}), TD_ERROR_STATE);
        td_recorder_destroy(recorder);
        end(&w);
    }
}

static void a_failed_part_fails_the_frame_alone(td_device *device)
{
    work w;
    td_ticket ticket;
    begin(device, &w);
    td_recorder *recorder = make_recorder(device, 4, 1);
    const td_recorder_frame frame = {
        .items = ITEMS, .parts = 9, .record = fill_words_for_host, .user = &w};
    w.failing_part = 5;
    assert_int_equal(td_recorder_record(recorder, &frame, 0, &w.parts, &w.part_count),
                     TD_ERROR_INPUT);
    assert_non_null(strstr(td_last_error(), "part 5"));
    assert_int_equal(td_recorder_submit(recorder, NULL, 0, &ticket), TD_ERROR_STATE);
    w.failing_part = UINT32_MAX;
    gpu_ok(td_recorder_record(recorder, &frame, 0, &w.parts, &w.part_count));
    gpu_ok(td_recorder_submit(recorder, NULL, 0, &ticket));
    gpu_ok(td_ticket_wait(device, ticket, TD_FOREVER));
    check_words(&w);
    td_recorder_destroy(recorder);
    end(&w);
}

static void nothing_to_record_is_a_frame_too(td_device *device)
{
    work w;
    td_ticket ticket;
    begin(device, &w);
    td_recorder *recorder = make_recorder(device, 2, 1);
    const td_recorder_frame frame = {.record = fill_words, .user = &w};
    gpu_ok(td_recorder_record(recorder, &frame, TD_FOREVER, &w.parts, &w.part_count));
    gpu_ok(td_recorder_submit(recorder, NULL, 0, &ticket));
    gpu_ok(td_ticket_wait(device, ticket, TD_FOREVER));
    td_recorder_destroy(recorder);
    end(&w);
}

static void wrong_parameters_are_named(td_device *device)
{
    td_recorder *recorder = NULL;
    td_recorder_params params = {.threads = 65};
    assert_int_equal(td_recorder_create(device, &params, &recorder), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "65"));
    params = (td_recorder_params){.slots = 17};
    assert_int_equal(td_recorder_create(device, &params, &recorder), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "17"));
    params = (td_recorder_params){.lane = TD_LANE_COUNT};
    assert_int_equal(td_recorder_create(device, &params, &recorder), TD_ERROR_ARGUMENT);
    assert_int_equal(td_recorder_create(NULL, NULL, &recorder), TD_ERROR_ARGUMENT);
    gpu_ok(td_recorder_create(device, NULL, &recorder));
    td_recorder_frame frame = {.items = 1, .parts = 65, .record = fill_words};
    const VkCommandBufferInheritanceInfo inheritance = {0};
    const td_recorder_frame nothing = {.items = 1};
    const VkCommandBuffer *parts;
    uint32_t count;
    assert_int_equal(td_recorder_record(recorder, &frame, 0, &parts, &count), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "64 primary"));
    frame.inheritance = &inheritance;
    frame.parts = 1025;
    assert_int_equal(td_recorder_record(recorder, &frame, 0, &parts, &count), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "1024 secondary"));
    assert_int_equal(td_recorder_record(recorder, &nothing, 0, &parts, &count), TD_ERROR_ARGUMENT);
    td_recorder_destroy(recorder);
    td_recorder_destroy(NULL);
}

static td_result fail_silently(const td_recorder_part *part)
{
    (void)part;
    return TD_ERROR_INPUT;
}

static void refused_frames_can_be_submitted_again(td_device *device)
{
    work w;
    td_ticket ticket;
    begin(device, &w);
    td_recorder *recorder = make_recorder(device, 3, 1);
    td_recorder_frame frame = {.items = ITEMS, .record = fill_words_for_host, .user = &w};
    const td_wait foreign = {.ticket = {.value = 1, .device = UINT32_MAX},
                             .stages = VK_PIPELINE_STAGE_2_COPY_BIT};
    gpu_ok(td_recorder_record(recorder, &frame, TD_FOREVER, &w.parts, &w.part_count));
    assert_int_equal(td_recorder_submit(recorder, &foreign, 1, &ticket), TD_ERROR_ARGUMENT);
    gpu_ok(td_recorder_submit(recorder, NULL, 0, &ticket));
    gpu_ok(td_ticket_wait(device, ticket, TD_FOREVER));
    check_words(&w);
    frame.record = fail_silently;
    (void)tdi_fail(TD_ERROR_STATE, "an old sentence");
    assert_int_equal(td_recorder_record(recorder, &frame, TD_FOREVER, &w.parts, &w.part_count),
                     TD_ERROR_INPUT);
    assert_string_equal(td_last_error(), td_result_text(TD_ERROR_INPUT));
    td_recorder_destroy(recorder);
    end(&w);
}

#ifndef NDEBUG
static void the_destroyed_are_refused(td_device *device)
{
    td_recorder *recorder = make_recorder(device, 2, 1);
    const td_recorder_frame frame = {.items = 1, .record = fill_words};
    const VkCommandBuffer *parts;
    uint32_t count;
    td_recorder_destroy(recorder);
    assert_int_equal(td_recorder_record(recorder, &frame, 0, &parts, &count), TD_ERROR_STATE);
    td_recorder_destroy(recorder);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(primary_parts_are_submitted_as_one),
        gpu_test(secondary_parts_are_drawn_in_the_order_of_items),
        gpu_test(a_failed_part_fails_the_frame_alone),
        gpu_test(nothing_to_record_is_a_frame_too),
        gpu_test(wrong_parameters_are_named),
        gpu_test(refused_frames_can_be_submitted_again),
#ifndef NDEBUG
        gpu_test(the_destroyed_are_refused),
#endif
    };
    return gpu_run_tests(tests);
}
