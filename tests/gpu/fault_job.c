#include "fault_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/batch.h>
#include <tandem/vulkan.h>
#include <xxhash.h>

#include "../layers/ledger.h"
#include "../unit/support.h"
#include "base/memory.h"
#include "gpu/memory.h"
#include "scene/flat.h"
#include "scene/mipmap.h"

enum { SIDE = 16, TEXELS = 8 };

/* A checkerboard of transparent and opaque squares. */
static uint32_t add_texture(td_scene *scene)
{
    uint8_t pixels[TEXELS * TEXELS * 4];
    for (uint32_t i = 0; i < TEXELS * TEXELS; i++) {
        const bool odd = ((i % TEXELS + i / TEXELS) & 1) != 0;
        const uint8_t texel[4] = {(uint8_t)(i * 4), 200, 40, odd ? 255 : 0};
        memcpy(pixels + 4 * i, texel, sizeof texel);
    }
    const td_texture_params params = {
        .pixels = pixels, .width = TEXELS, .height = TEXELS, .channels = 4};
    uint32_t texture = TD_NONE;
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    return texture;
}

td_scene *fault_scene(void)
{
    td_scene *scene = NULL;
    const td_scene_params params = {.name = "faults", .threads = 2};
    gpu_ok(td_scene_create(&params, &scene));
    td_material_params leaf = scene_unlit_params();
    leaf.alpha_mode = TD_ALPHA_MASK;
    leaf.double_sided = true;
    leaf.base_color_texture.texture = add_texture(scene) + 1;
    scene_place_at(scene, scene_quad(scene, 3.0f, 3.0f, scene_material(scene, &leaf)), 0.0f, 0.0f,
                   1.0f, 1);
    scene_place_at(scene, scene_box(scene, 1.0f, 1.0f, 1.0f, scene_unlit(scene, 0.9f, 0.2f, 0.1f)),
                   0.2f, 0.1f, 0.0f, 2);
    gpu_ok(tdi_scene_update(scene)); /* what the first render would leave in it */
    return scene;
}

static void note_failure(fault_outcome *out, td_result result)
{
    out->result = result;
    if (result != TD_OK)
        snprintf(out->sentence, sizeof out->sentence, "%s", td_last_error());
}

/* True if it went well. The first failure of several is what came of it all. */
static bool went_well(fault_outcome *out, td_result result)
{
    if (out->result == TD_OK)
        note_failure(out, result);
    return result == TD_OK;
}

/* ---- files ---- */

static uint64_t hash_of_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t bytes[16384];
    if (!file)
        return 0;
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size > 0 && size < sizeof bytes);
    return XXH3_64bits(bytes, size);
}

static void hash_files(fault_outcome *out)
{
    int there = 0;
    for (uint32_t i = 0; i < FAULT_VIEWS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u.png", i);
        out->hashes[i] = hash_of_file(support_path(name));
        there += out->hashes[i] != 0;
    }
    if (support_count_entries() != there)
        fail_msg("%d entries in the folder, of which %d are pictures", support_count_entries(),
                 there);
}

void fault_job_batch(td_device *device, td_scene *scene, fault_outcome *out)
{
    td_camera cameras[FAULT_VIEWS];
    char pattern[512];
    td_batch *batch = NULL;
    for (uint32_t i = 0; i < FAULT_VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    support_make_folder();
    snprintf(pattern, sizeof pattern, "%s", support_path("{view}.png"));
    const td_batch_params params = {
        .device = device,
        .scene = scene,
        .cameras = cameras,
        .view_count = FAULT_VIEWS,
        .output = pattern,
        .width = SIDE,
        .height = SIDE,
        .samples = 1,
        .in_flight = 2,
        .views_per_submission = 1,
        .encode_threads = 2,
    };
    *out = (fault_outcome){0};
    td_result result = td_batch_create(&params, &batch);
    if (result == TD_OK)
        result = td_batch_run(batch);
    note_failure(out, result);
    td_batch_destroy(batch);
    hash_files(out);
    support_remove_folder();
}

/* ---- requests ---- */

static td_result take_picture(td_request *request, uint64_t *hash)
{
    td_image image;
    TDI_TRY(td_request_wait(request, SCENE_LIMIT_NS));
    TDI_TRY(td_request_image(request, TD_OUTPUT_COLOR, &image));
    *hash = XXH3_64bits(image.pixels, (size_t)image.height * image.row_bytes);
    return TD_OK;
}

static td_result render(td_renderer *renderer, fault_outcome *out)
{
    td_camera cameras[FAULT_VIEWS];
    td_request *requests[FAULT_VIEWS] = {NULL};
    for (uint32_t i = 0; i < FAULT_VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    TDI_TRY(td_renderer_submit(renderer, cameras, FAULT_VIEWS, 0, SCENE_LIMIT_NS, requests));
    for (uint32_t i = 0; i < FAULT_VIEWS; i++) {
        (void)went_well(out, take_picture(requests[i], &out->hashes[i]));
        td_request_release(requests[i]);
    }
    return TD_OK;
}

void fault_job_requests(td_device *device, td_scene *scene, fault_outcome *out)
{
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    td_renderer *renderer = NULL;
    params.in_flight = 2;
    params.views_per_submission = FAULT_VIEWS;
    *out = (fault_outcome){0};
    td_result result = td_renderer_create(device, &params, &renderer);
    if (result == TD_OK)
        result = render(renderer, out);
    if (result != TD_OK)
        note_failure(out, result);
    td_renderer_destroy(renderer);
}

/* ---- uploads ---- */

enum { UPLOAD_SIDE = 21, UPLOAD_BYTES = UPLOAD_SIDE * UPLOAD_SIDE * 4 };

static const uint8_t *upload_pixels(void)
{
    static uint8_t pixels[UPLOAD_BYTES];
    for (uint32_t i = 0; i < UPLOAD_BYTES; i++)
        pixels[i] = (uint8_t)(i * i / 7);
    return pixels;
}

static td_result finish(td_request *request)
{
    const td_result result = td_request_wait(request, SCENE_LIMIT_NS);
    td_request_release(request);
    return result;
}

static td_result queue_texture(td_uploader *uploader, uint32_t index, td_texture **texture,
                               td_request **request)
{
    const td_upload_texture_params params = {
        .pixels = upload_pixels(),
        .width = UPLOAD_SIDE,
        .height = UPLOAD_SIDE - index,
        .channels = 4 - index,
        .srgb = index == 0,
        .priority = index,
    };
    return td_uploader_queue_texture(uploader, &params, texture, request);
}

/* All levels, one after the other. */
static td_result read_texture(td_texture *texture, uint64_t *hash)
{
    uint8_t bytes[2 * UPLOAD_BYTES];
    size_t used = 0;
    td_texture_info info;
    td_texture_vulkan vulkan;
    TDI_TRY(td_texture_get_vulkan(texture, &vulkan));
    td_texture_get_info(texture, &info);
    for (uint32_t level = 0; level < info.levels; level++) {
        const size_t size = (size_t)tdi_mip_extent(info.width, level) *
                            tdi_mip_extent(info.height, level) * info.channels;
        td_request *request = NULL;
        assert_true(used + size <= sizeof bytes);
        TDI_TRY(td_texture_read(texture, level, bytes + used, size, &request));
        TDI_TRY(finish(request));
        used += size;
    }
    *hash = XXH3_64bits(bytes, used);
    return TD_OK;
}

static td_result fill_buffer(td_uploader *uploader, const tdi_buffer *buffer)
{
    td_request *request = NULL;
    const td_upload_buffer_params params = {
        .buffer = buffer->handle, .size = UPLOAD_BYTES, .data = upload_pixels()};
    TDI_TRY(td_uploader_queue_buffer(uploader, &params, &request));
    return finish(request);
}

static td_result upload_buffer(td_device *device, td_uploader *uploader)
{
    const tdi_buffer_params params = {
        .name = "filled",
        .size = UPLOAD_BYTES,
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_DEVICE,
        .category = TD_BUDGET_GEOMETRY,
    };
    tdi_buffer buffer;
    TDI_TRY(tdi_buffer_create(device, &params, &buffer));
    const td_result result = fill_buffer(uploader, &buffer);
    tdi_buffer_destroy(device, &buffer);
    return result;
}

/* All of them are on their way together, and one more that nobody waits for. */
static void upload(td_device *device, td_uploader *uploader, fault_outcome *out)
{
    td_texture *textures[FAULT_VIEWS] = {NULL}, *dropped = NULL;
    td_request *requests[FAULT_VIEWS] = {NULL};
    for (uint32_t i = 0; i < FAULT_VIEWS; i++)
        (void)went_well(out, queue_texture(uploader, i, &textures[i], &requests[i]));
    (void)went_well(out, queue_texture(uploader, 0, &dropped, NULL));
    td_texture_destroy(dropped);
    (void)went_well(out, upload_buffer(device, uploader));
    for (uint32_t i = 0; i < FAULT_VIEWS; i++) {
        if (textures[i] && went_well(out, finish(requests[i])))
            (void)went_well(out, read_texture(textures[i], &out->hashes[i]));
        td_texture_destroy(textures[i]);
    }
}

static void assert_uploads_counted(td_uploader *uploader)
{
    td_uploader_info info;
    td_uploader_get_info(uploader, &info);
    assert_true(info.processed + info.failed + info.cancelled <= FAULT_VIEWS + 1);
    assert_true(info.queued <= 1); /* what nobody waited for */
}

void fault_job_uploads(td_device *device, td_scene *scene, fault_outcome *out)
{
    const td_uploader_params params = {.threads = 2};
    td_uploader *uploader = NULL;
    (void)scene;
    *out = (fault_outcome){0};
    if (!went_well(out, td_uploader_create(device, &params, &uploader)))
        return;
    upload(device, uploader, out);
    assert_uploads_counted(uploader);
    gpu_close_uploader(device, uploader);
}

/* ---- environments ---- */

void fault_job_environment(td_device *device, td_scene *scene, fault_outcome *out)
{
    const float pixels[2][3] = {{1, 2, 3}, {3, 2, 1}};
    const td_environment_params params = {.pixels = pixels[0], .width = 2, .height = 1};
    td_environment *environment = NULL;
    (void)scene;
    *out = (fault_outcome){0};
    if (went_well(out, td_environment_create(device, &params, &environment)))
        for (uint32_t i = 0; i < FAULT_VIEWS; i++)
            out->hashes[i] = 1;
    td_environment_destroy(environment);
}

/* ---- what must hold ---- */

static void assert_right(const fault_outcome *found, const fault_outcome *expected,
                         const char *where)
{
    if (found->result != TD_OK)
        fail_msg("%s: %s: %s", where, td_result_name(found->result), found->sentence);
    for (uint32_t i = 0; i < FAULT_VIEWS; i++)
        if (!found->hashes[i] || found->hashes[i] != expected->hashes[i])
            fail_msg("%s: picture %u is %s", where, i, found->hashes[i] ? "wrong" : "missing");
}

void fault_assert_sound(const fault_outcome *found, const fault_outcome *expected, td_result code,
                        const char *where)
{
    if (found->result == TD_OK || code == TD_OK) {
        assert_right(found, expected, where);
        return;
    }
    if (found->result != code)
        fail_msg("%s: %s instead of %s: %s", where, td_result_name(found->result),
                 td_result_name(code), found->sentence);
    if (!found->sentence[0])
        fail_msg("%s: %s without a sentence", where, td_result_name(code));
    for (uint32_t i = 0; i < FAULT_VIEWS; i++)
        if (found->hashes[i] && found->hashes[i] != expected->hashes[i])
            fail_msg("%s: picture %u is wrong", where, i);
}

void fault_assert_returned(td_device *device, const char *where)
{
    const ledger_read_fn read = ledger_find(vkGetDeviceProcAddr, device->handle);
    ledger_sums sums;
    td_budget_info info;
    assert_non_null(read);
    gpu_settle(device);
    tdi_memory_trim(device);
    td_budget_get_info(td_device_budget(device), &info);
    read(device->handle, &sums);
    if (info.used_bytes || info.held_bytes || sums.bytes || sums.allocations)
        fail_msg("%s: %llu bytes are used, %llu are held, %llu are allocated", where,
                 (unsigned long long)info.used_bytes, (unsigned long long)info.held_bytes,
                 (unsigned long long)sums.bytes);
}

void fault_place_check(const fault_place *place, const char *where)
{
    fault_assert_returned(place->device, where);
    if (gpu_message_count() > 0)
        fail_msg("%s: validation has something to say", where);
    if (tdi_live_blocks() != place->blocks)
        fail_msg("%s: %llu blocks of host memory instead of %llu", where,
                 (unsigned long long)tdi_live_blocks(), (unsigned long long)place->blocks);
}

void fault_place_again(const fault_place *place, const char *where)
{
    fault_outcome outcome;
    place->job(place->device, place->scene, &outcome);
    assert_right(&outcome, &place->expected, where);
    fault_place_check(place, where);
}

static void make_device(fault_place *place)
{
    const td_device_params params = {.validation = true, .budget_bytes = FAULT_BUDGET};
    fault_outcome outcome;
    place->blocks_before = tdi_live_blocks();
    gpu_check_device(td_device_create(&params, &place->device));
    place->job(place->device, place->scene, &outcome);
    assert_right(&outcome, place->blocks ? &place->expected : &outcome, "a new device");
    fault_assert_returned(place->device, "a new device");
    place->expected = outcome;
    place->blocks = tdi_live_blocks();
}

static void end_device(fault_place *place)
{
    td_device_destroy(place->device);
    assert_int_equal(gpu_message_count(), 0);
    assert_int_equal(tdi_live_blocks(), place->blocks_before);
}

void fault_place_open(fault_job_fn job, fault_place *out)
{
    *out = (fault_place){.job = job, .scene = fault_scene()};
    gpu_watch_messages(NULL);
    make_device(out);
}

void fault_place_close(fault_place *place)
{
    end_device(place);
    td_scene_destroy(place->scene);
}

void fault_place_renew(fault_place *place)
{
    end_device(place);
    make_device(place);
}
