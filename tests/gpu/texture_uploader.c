/* td_uploader: what is read back of a texture is what was queued, with the levels that the mean of
 * it gives; levels arrive from the smallest on; limits, cancelling and counts. */
#include "gpu_test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/vulkan.h>

#include "base/clock.h"
#include "base/thread.h"
#include "scene/mipmap.h"

#define MIB (UINT64_C(1) << 20)

static uint8_t *noise(size_t size, uint32_t seed)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    return bytes;
}

static td_uploader *make_uploader(td_device *device, uint64_t limit)
{
    const td_uploader_params params = {.limit_bytes = limit, .threads = 2};
    td_uploader *uploader = NULL;
    gpu_ok(td_uploader_create(device, &params, &uploader));
    return uploader;
}

static td_result finish(td_request *request)
{
    const td_result result = td_request_wait(request, TD_FOREVER);
    td_request_release(request);
    return result;
}

static uint8_t *read_level(td_texture *texture, uint32_t level)
{
    td_texture_info info;
    td_texture_get_info(texture, &info);
    const size_t size = (size_t)tdi_mip_extent(info.width, level) *
                        tdi_mip_extent(info.height, level) * info.channels;
    uint8_t *out = malloc(size);
    assert_non_null(out);
    td_request *request = NULL;
    gpu_ok(td_texture_read(texture, level, out, size, &request));
    gpu_ok(finish(request));
    return out;
}

/* What the levels should be, as four channels. */
static uint8_t *expected_chain(const uint8_t *pixels, const td_upload_texture_params *params)
{
    const uint32_t w = params->width, h = params->height, channels = params->channels;
    uint8_t *chain = malloc(tdi_mip_offset(w, h, tdi_mip_levels(w, h)));
    assert_non_null(chain);
    for (size_t i = 0; i < (size_t)w * h; i++) {
        for (uint32_t c = 0; c < 4; c++)
            chain[4 * i + c] = c < channels ? pixels[channels * i + c] : c == 3 ? 255 : 0;
    }
    tdi_mip_generate(chain, w, h, params->srgb, NULL);
    return chain;
}

static void expect_level(td_texture *texture, const uint8_t *chain, uint32_t level)
{
    td_texture_info info;
    td_texture_get_info(texture, &info);
    uint8_t *got = read_level(texture, level);
    const uint8_t *want = chain + tdi_mip_offset(info.width, info.height, level);
    const size_t count =
        (size_t)tdi_mip_extent(info.width, level) * tdi_mip_extent(info.height, level);
    for (size_t i = 0; i < count; i++)
        assert_memory_equal(got + i * info.channels, want + 4 * i, info.channels);
    free(got);
}

static void check_texture(td_uploader *uploader, uint32_t width, uint32_t height, uint32_t channels,
                          bool srgb, bool no_mips)
{
    uint8_t *pixels = noise((size_t)width * height * channels, width * 7 + channels);
    const td_upload_texture_params params = {.pixels = pixels,
                                             .width = width,
                                             .height = height,
                                             .channels = channels,
                                             .srgb = srgb,
                                             .no_mips = no_mips};
    uint8_t *chain = expected_chain(pixels, &params);
    td_texture *texture = NULL;
    td_request *request = NULL;
    gpu_ok(td_uploader_queue_texture(uploader, &params, &texture, &request));
    memset(pixels, 0xEE, (size_t)width * height * channels); /* they may be reused at once */
    free(pixels);
    gpu_ok(finish(request));
    td_texture_info info;
    td_texture_get_info(texture, &info);
    assert_int_equal(info.levels, no_mips ? 1 : tdi_mip_levels(width, height));
    assert_int_equal(info.levels_present, info.levels);
    assert_int_equal(info.bytes, (uint64_t)width * height * channels);
    for (uint32_t level = 0; level < info.levels; level++)
        expect_level(texture, chain, level);
    td_texture_destroy(texture);
    free(chain);
}

static void textures_come_back_as_they_went(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 0);
    for (uint32_t channels = 1; channels <= 4; channels++) {
        check_texture(uploader, 64, 64, channels, false, false);
        check_texture(uploader, 37, 91, channels, channels > 2, false);
        check_texture(uploader, 1, 1, channels, false, false);
        check_texture(uploader, 5, 3, channels, false, true);
    }
    check_texture(uploader, 2100, 1300, 4, true, false); /* larger than a slot of the ring */
    check_texture(uploader, 16384, 3, 3, false, false);
    td_uploader_info info;
    td_uploader_get_info(uploader, &info);
    assert_int_equal(info.processed, 18);
    assert_int_equal(info.used_bytes, 0);
    assert_int_equal(info.queued + info.failed + info.cancelled, 0);
    gpu_close_uploader(device, uploader);
}

static td_result queue(td_uploader *uploader, uint32_t side, int64_t priority, td_texture **texture,
                       td_request **request)
{
    uint8_t *pixels = noise((size_t)side * side * 4, side);
    const td_upload_texture_params params = {
        .pixels = pixels, .width = side, .height = side, .channels = 4, .priority = priority};
    const td_result result = td_uploader_queue_texture(uploader, &params, texture, request);
    free(pixels);
    return result;
}

static void what_is_queued_counts_at_once(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 3 * MIB);
    td_texture *textures[4] = {0};
    td_request *requests[4] = {0};
    assert_true(td_uploader_fits(uploader, 512, 512, 4));
    for (uint32_t i = 0; i < 3; i++)
        gpu_ok(queue(uploader, 512, 0, &textures[i], &requests[i]));
    assert_false(td_uploader_fits(uploader, 1, 1, 1));
    assert_int_equal(queue(uploader, 512, 0, &textures[3], &requests[3]), TD_ERROR_BUDGET);
    assert_null(textures[3]);
    assert_null(requests[3]);
    td_texture_destroy(textures[1]); /* whatever it has come to */
    td_result result = finish(requests[1]);
    assert_true(result == TD_OK || result == TD_ERROR_CANCELLED);
    gpu_ok(finish(requests[0]));
    gpu_ok(finish(requests[2]));
    gpu_ok(queue(uploader, 512, 0, &textures[3], &requests[3]));
    gpu_ok(finish(requests[3]));
    td_texture_destroy(textures[0]);
    td_texture_destroy(textures[2]);
    td_texture_destroy(textures[3]);
    td_texture_destroy(NULL);
    gpu_close_uploader(device, uploader);
}

/* The device has 8 MiB in all. */
static void the_budget_of_the_device_counts_too(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 64 * MIB);
    td_texture *texture = NULL;
    td_request *request = NULL;
    assert_int_equal(queue(uploader, 2048, 0, &texture, &request), TD_ERROR_BUDGET);
    assert_null(texture);
    td_uploader_info info;
    td_uploader_get_info(uploader, &info);
    assert_int_equal(info.used_bytes, 0);
    gpu_ok(queue(uploader, 512, 0, &texture, &request));
    gpu_ok(finish(request));
    td_texture_destroy(texture);
    gpu_close_uploader(device, uploader);
}

static void what_is_wrong_is_said(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 0);
    static const uint8_t pixels[16] = {0};
    const td_upload_texture_params good = {
        .pixels = pixels, .width = 2, .height = 2, .channels = 4};
    td_upload_texture_params bad[] = {good, good, good, good, good, good};
    bad[0].pixels = NULL;
    bad[1].width = 0;
    bad[2].height = 16385;
    bad[3].channels = 5;
    bad[4].channels = 0;
    bad[5].channels = 2;
    bad[5].srgb = true;
    td_texture *texture = NULL;
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(td_uploader_queue_texture(uploader, &bad[i], &texture, NULL),
                         TD_ERROR_ARGUMENT);
    assert_int_equal(td_uploader_queue_texture(NULL, &good, &texture, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_uploader_queue_texture(uploader, NULL, &texture, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_uploader_queue_texture(uploader, &good, NULL, NULL), TD_ERROR_ARGUMENT);
    gpu_ok(td_uploader_queue_texture(uploader, &good, &texture, NULL));
    uint8_t out[16];
    td_request *request = NULL;
    assert_int_equal(td_texture_read(texture, 2, out, 16, &request), TD_ERROR_ARGUMENT);
    td_result result = TD_ERROR_AGAIN;
    while (result == TD_ERROR_AGAIN)
        result = td_texture_read(texture, 0, out, 15, &request);
    assert_int_equal(result, TD_ERROR_ARGUMENT);
    td_texture_destroy(texture);
    gpu_close_uploader(device, uploader);
}

static void views_hold_what_is_there(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 0);
    td_texture *texture = NULL;
    td_request *request = NULL;
    td_texture_vulkan vulkan;
    gpu_ok(queue(uploader, 256, 0, &texture, &request));
    td_result result = TD_ERROR_AGAIN;
    while ((result = td_texture_get_vulkan(texture, &vulkan)) == TD_ERROR_AGAIN)
        continue;
    gpu_ok(result);
    assert_true(vulkan.first_level < 9);
    gpu_ok(finish(request));
    gpu_ok(td_texture_get_vulkan(texture, &vulkan));
    assert_int_equal(vulkan.first_level, 0);
    assert_true(vulkan.view != VK_NULL_HANDLE);
    assert_int_equal(vulkan.format, VK_FORMAT_R8G8B8A8_UNORM);
    gpu_ok(td_ticket_wait(device, vulkan.ticket, TD_FOREVER));
    td_texture_destroy(texture);
    gpu_close_uploader(device, uploader);
}

typedef struct buffer_copy {
    tdi_buffer from, to;
} buffer_copy;

static void record_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const buffer_copy *c = user;
    const VkBufferCopy region = {0, 0, c->from.size};
    device->vk.vkCmdCopyBuffer(commands, c->from.handle, c->to.handle, 1, &region);
    gpu_full_barrier(device, commands);
}

static void buffers_are_filled(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 0);
    const size_t size = 9 * MIB + 5;
    uint8_t *bytes = noise(size, 3);
    buffer_copy c;
    gpu_make_buffer(device, size, TDI_MEMORY_DEVICE, &c.from);
    gpu_make_buffer(device, size, TDI_MEMORY_READBACK, &c.to);
    td_upload_buffer_params params = {.buffer = c.from.handle, .size = size, .data = bytes};
    td_request *request = NULL;
    gpu_ok(td_uploader_queue_buffer(uploader, &params, &request));
    gpu_ok(finish(request));
    gpu_submit(device, record_copy, &c);
    gpu_ok(tdi_memory_invalidate(device, &c.to.memory, 0, size));
    assert_memory_equal(c.to.memory.mapped, bytes, size);
    gpu_ok(td_uploader_queue_buffer(uploader, &params, &request));
    (void)td_request_cancel(request);
    const td_result result = finish(request);
    assert_true(result == TD_OK || result == TD_ERROR_CANCELLED);
    params.size = 0;
    assert_int_equal(td_uploader_queue_buffer(uploader, &params, &request), TD_ERROR_ARGUMENT);
    params.buffer = VK_NULL_HANDLE;
    assert_int_equal(td_uploader_queue_buffer(uploader, &params, &request), TD_ERROR_ARGUMENT);
    assert_int_equal(td_uploader_queue_buffer(uploader, NULL, &request), TD_ERROR_ARGUMENT);
    gpu_close_uploader(device, uploader);
    tdi_buffer_destroy(device, &c.from);
    tdi_buffer_destroy(device, &c.to);
    free(bytes);
}

#define MANY 24

/* Whatever each has come to, it ends once, and the counts agree. */
static void cancelled_ones_end_once(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 0);
    td_texture *textures[MANY];
    td_request *requests[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        gpu_ok(queue(uploader, 128 + i, i % 3, &textures[i], &requests[i]));
        td_texture_set_priority(textures[i / 2], i % 5);
        if (i % 2)
            (void)td_request_cancel(requests[i]);
    }
    uint64_t good = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        const td_result result = finish(requests[i]);
        good += result == TD_OK;
        assert_true(result == TD_OK || (i % 2 && result == TD_ERROR_CANCELLED));
    }
    td_uploader_info info;
    td_uploader_get_info(uploader, &info);
    assert_int_equal(info.processed + info.cancelled, MANY);
    assert_int_equal(info.queued + info.failed, 0);
    assert_true(info.processed >= good);
    for (uint32_t i = 0; i < MANY; i++)
        td_texture_destroy(textures[i]);
    td_uploader_get_info(uploader, &info);
    assert_int_equal(info.used_bytes, 0);
    gpu_close_uploader(device, uploader);
}

static void the_end_of_the_uploader_leaves_textures(td_device *device)
{
    td_texture *textures[MANY];
    td_request *requests[MANY];
    td_uploader *uploader = make_uploader(device, 0);
    for (uint32_t i = 0; i < MANY; i++)
        gpu_ok(queue(uploader, 200, 0, &textures[i], &requests[i]));
    gpu_close_uploader(device, uploader);
    for (uint32_t i = 0; i < MANY; i++) {
        const td_result result = finish(requests[i]);
        assert_true(result == TD_OK || result == TD_ERROR_CANCELLED);
        if (result == TD_OK)
            free(read_level(textures[i], 0));
        td_texture_destroy(textures[i]);
    }
    td_uploader_destroy(NULL);
}

typedef struct worker {
    td_uploader *uploader;
    uint32_t seed;
} worker;

static void queue_and_cancel(void *user)
{
    worker *w = user;
    for (uint32_t i = 0; i < 6; i++) {
        td_texture *texture = NULL;
        td_request *request = NULL;
        w->seed = w->seed * 1664525u + 1013904223u;
        gpu_ok(queue(w->uploader, 1 + (w->seed >> 26), w->seed >> 30, &texture, &request));
        if (w->seed >> 24 & 1)
            (void)td_request_cancel(request);
        if (w->seed >> 25 & 1)
            td_texture_set_priority(texture, w->seed >> 29);
        if (w->seed >> 23 & 1) {
            td_texture_destroy(texture);
            (void)finish(request);
        } else {
            (void)finish(request);
            td_texture_destroy(texture);
        }
    }
}

static void threads_queue_and_cancel(td_device *device)
{
    td_uploader *uploader = make_uploader(device, 0);
    worker workers[16];
    tdi_thread threads[16];
    for (uint32_t i = 0; i < 16; i++) {
        workers[i] = (worker){uploader, i * 77 + 1};
        gpu_ok(tdi_thread_start(&threads[i], "worker", queue_and_cancel, &workers[i]));
    }
    for (uint32_t i = 0; i < 16; i++)
        tdi_thread_join(&threads[i]);
    td_uploader_info info;
    td_uploader_get_info(uploader, &info);
    assert_int_equal(info.processed + info.cancelled, 96);
    assert_int_equal(info.used_bytes, 0);
    gpu_close_uploader(device, uploader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(textures_come_back_as_they_went),
        gpu_test(what_is_queued_counts_at_once),
        gpu_test_with(the_budget_of_the_device_counts_too,
                      {.run = the_budget_of_the_device_counts_too, .params.budget_bytes = 8 * MIB}),
        gpu_test(what_is_wrong_is_said),
        gpu_test(views_hold_what_is_there),
        gpu_test(buffers_are_filled),
        gpu_test(cancelled_ones_end_once),
        gpu_test(the_end_of_the_uploader_leaves_textures),
        gpu_test(threads_queue_and_cancel),
    };
    return gpu_run_tests(tests);
}
