/* Batches through the public interface: what is handed on, counted and reported, how one is
 * cancelled, and how one ends that can write nothing. */
#include "scene_support.h"

#include <stdatomic.h>
#include <string.h>

#include <jansson.h>

#include <tandem/batch.h>

#include "../unit/support.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define SIDE  32
#define VIEWS 12

typedef struct sink {
    td_batch *batch;
    uint32_t frames;
    uint32_t fail_at;   /* this frame cannot be taken; UINT32_MAX: none */
    uint32_t cancel_at; /* after this frame the batch is cancelled */
    uint64_t hashes[VIEWS];
} sink;

static uint64_t hash(const void *data, size_t size)
{
    uint64_t value = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        value = (value ^ ((const uint8_t *)data)[i]) * UINT64_C(1099511628211);
    return value;
}

static td_result take_frame(void *user, const void *data, size_t size)
{
    sink *self = user;
    assert_int_equal(size, SIDE * SIDE * 4);
    if (self->frames == self->fail_at)
        return tdi_fail(TD_ERROR_IO, "the sink is full");
    self->hashes[self->frames++] = hash(data, size);
    if (self->frames == self->cancel_at)
        td_batch_cancel(self->batch);
    return TD_OK;
}

static td_batch_params params_for(td_device *device, td_scene *scene, td_camera cameras[VIEWS])
{
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    return (td_batch_params){
        .device = device,
        .scene = scene,
        .cameras = cameras,
        .view_count = VIEWS,
        .width = SIDE,
        .height = SIDE,
        .samples = 1,
        .tonemap = TD_TONEMAP_LINEAR,
        .views_per_submission = 1,
    };
}

static td_batch *batch_to(td_device *device, td_scene *scene, td_camera cameras[VIEWS], sink *to)
{
    td_batch_params params = params_for(device, scene, cameras);
    params.output = "-";
    params.write = take_frame;
    params.write_user = to;
    td_batch *batch;
    gpu_ok(td_batch_create(&params, &batch));
    to->batch = batch;
    return batch;
}

static void frames_come_in_order_and_are_those_of_the_renderer(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    sink to = {.fail_at = UINT32_MAX};
    td_batch *batch = batch_to(device, scene, cameras, &to);
    gpu_ok(td_batch_run(batch));
    td_batch_info info;
    td_batch_get_info(batch, &info);
    assert_int_equal(to.frames, VIEWS);
    assert_int_equal(info.done, VIEWS);
    assert_int_equal(info.failed, 0);
    assert_int_equal(td_batch_run(batch), TD_ERROR_STATE);
    td_batch_destroy(batch);
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    for (uint32_t i = 0; i < VIEWS; i++) {
        scene_picture picture = scene_render(device, &params, &cameras[i]);
        assert_true(to.hashes[i] == hash(picture.color, SIDE * SIDE * 4));
        scene_picture_free(&picture);
    }
    td_scene_destroy(scene);
}

static void a_cancelled_batch_ends(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    sink to = {.fail_at = UINT32_MAX, .cancel_at = 3};
    td_batch *batch = batch_to(device, scene, cameras, &to);
    assert_int_equal(td_batch_run(batch), TD_ERROR_CANCELLED);
    td_batch_info info;
    td_batch_get_info(batch, &info);
    assert_int_equal(to.frames, 3);
    assert_int_equal(info.done, 3);
    assert_int_equal(info.failed, 0);
    assert_true(info.cancelled);
    td_batch_destroy(batch);
    td_scene_destroy(scene);
}

static void a_stream_ends_with_its_first_missing_frame(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    sink to = {.fail_at = 4};
    td_batch *batch = batch_to(device, scene, cameras, &to);
    assert_int_equal(td_batch_run(batch), TD_ERROR_IO);
    assert_string_equal(td_last_error(), "the sink is full");
    assert_int_equal(to.frames, 4);
    td_batch_failure failure;
    gpu_ok(td_batch_get_failure(batch, 0, &failure));
    assert_int_equal(failure.view, 4);
    assert_int_equal(failure.result, TD_ERROR_IO);
    assert_string_equal(failure.sentence, "the sink is full");
    td_batch_destroy(batch);
    td_scene_destroy(scene);
}

/* Views 3 and 7 have a folder where their file should be. */
static void a_view_that_cannot_be_written_fails_alone(td_device *device)
{
    support_make_folder();
    char pattern[512];
    tdi_snprintf(pattern, sizeof pattern, "%s/{view}.png", support_path("out"));
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    params.output = pattern;
    params.existing = TD_EXISTING_REPLACE;
    td_batch *batch;
    gpu_ok(td_batch_create(&params, &batch));
    gpu_ok(tdi_make_folders_for(support_path("out/3.png/x")));
    gpu_ok(tdi_make_folders_for(support_path("out/7.png/x")));
    assert_int_equal(td_batch_run(batch), TD_ERROR_IO);
    td_batch_info info;
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, VIEWS - 2);
    assert_int_equal(info.failed, 2);
    uint64_t views = 0;
    td_batch_failure failure;
    for (uint32_t i = 0; i < 2; i++) {
        gpu_ok(td_batch_get_failure(batch, i, &failure));
        assert_non_null(strstr(failure.sentence, ".png"));
        views |= UINT64_C(1) << failure.view;
    }
    assert_int_equal(views, 1u << 3 | 1u << 7);
    assert_int_equal(td_batch_get_failure(batch, 2, &failure), TD_ERROR_NOT_FOUND);
    td_batch_destroy(batch);
    td_scene_destroy(scene);
    support_remove_folder();
}

/* Four views share a submission; one of them has a camera that cannot be used. */
static void a_camera_that_cannot_be_used_fails_alone(td_device *device)
{
    support_make_folder();
    char pattern[512];
    tdi_snprintf(pattern, sizeof pattern, "%s/{view}.npy", support_path("out"));
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    cameras[5].near_plane = -1;
    params.output = pattern;
    params.views_per_submission = 4;
    td_batch *batch;
    gpu_ok(td_batch_create(&params, &batch));
    assert_int_equal(td_batch_run(batch), TD_ERROR_ARGUMENT);
    td_batch_info info;
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, VIEWS - 1);
    assert_int_equal(info.failed, 1);
    td_batch_failure failure;
    gpu_ok(td_batch_get_failure(batch, 0, &failure));
    assert_int_equal(failure.view, 5);
    td_batch_destroy(batch);
    td_scene_destroy(scene);
    support_remove_folder();
}

static void wrong_params_are_refused(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params good = params_for(device, scene, cameras);
    td_batch *batch;
    td_batch_params bad = good;
    bad.device = NULL;
    assert_int_equal(td_batch_create(&bad, &batch), TD_ERROR_ARGUMENT);
    bad = good;
    bad.view_count = 0;
    assert_int_equal(td_batch_create(&bad, &batch), TD_ERROR_ARGUMENT);
    bad = good;
    bad.output = "-";
    assert_int_equal(td_batch_create(&bad, &batch), TD_ERROR_ARGUMENT);
    bad = good;
    bad.contact_sheet = "sheet.jpg";
    assert_int_equal(td_batch_create(&bad, &batch), TD_ERROR_ARGUMENT);
    bad = good;
    bad.output = "one.png";
    assert_int_equal(td_batch_create(&bad, &batch), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "{view}"));
    assert_null(batch);
    assert_int_equal(td_batch_create(NULL, &batch), TD_ERROR_ARGUMENT);
    td_batch_destroy(NULL);
    td_scene_destroy(scene);
}

static void the_report_is_json(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    sink to = {.fail_at = UINT32_MAX};
    td_batch *batch = batch_to(device, scene, cameras, &to);
    gpu_ok(td_batch_run(batch));
    char *text;
    gpu_ok(td_batch_report(batch, NULL, &text));
    json_t *report = json_loads(text, 0, NULL);
    assert_non_null(report);
    json_t *done = json_object_get(json_object_get(report, "frames"), "done");
    assert_int_equal(json_integer_value(done), VIEWS);
    json_decref(report);
    td_batch_free_report(text);
    td_batch_destroy(batch);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(frames_come_in_order_and_are_those_of_the_renderer),
        gpu_test(a_cancelled_batch_ends),
        gpu_test(a_stream_ends_with_its_first_missing_frame),
        gpu_test(a_view_that_cannot_be_written_fails_alone),
        gpu_test(a_camera_that_cannot_be_used_fails_alone),
        gpu_test(wrong_params_are_refused),
        gpu_test(the_report_is_json),
    };
    return gpu_run_tests(tests);
}
