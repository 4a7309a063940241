/* What a renderer is not made from, and what it says of itself. */
#include "scene_support.h"

#include <math.h>
#include <string.h>

static void assert_refused(td_device *device, const td_renderer_params *params, const char *part)
{
    td_renderer *renderer = NULL;
    assert_int_equal(td_renderer_create(device, params, &renderer), TD_ERROR_ARGUMENT);
    assert_null(renderer);
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), part);
}

/* Expects a refusal that says `part` after one member was changed. */
#define assert_member_refused(device, good, member, value, part)                                   \
    do {                                                                                           \
        td_renderer_params bad_ = (good);                                                          \
        bad_.member = (value);                                                                     \
        assert_refused((device), &bad_, (part));                                                   \
    } while (0)

static void wrong_params_are_refused_with_a_sentence(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params good = scene_renderer_params(scene, 8, 8);
    assert_member_refused(device, good, scene, NULL, "scene");
    assert_member_refused(device, good, width, 0, "0x8");
    assert_member_refused(device, good, height, 0, "8x0");
    assert_member_refused(device, good, width, 20000, "20000x8");
    assert_member_refused(device, good, height, 16385, "8x16385");
    assert_member_refused(device, good, samples, 2, "2 samples");
    assert_member_refused(device, good, samples, 3, "3 samples");
    assert_member_refused(device, good, samples, 32, "32 samples");
    assert_member_refused(device, good, outputs, 9, "0x8");
    assert_member_refused(device, good, in_flight, 17, "17 submissions");
    assert_member_refused(device, good, result_slots, 1, "1 result slots");
    assert_member_refused(device, good, result_slots, UINT32_MAX, "4294967295 result slots");
    assert_member_refused(device, good, views_per_submission, 65, "65 views");
    assert_member_refused(device, good, exposure, NAN, "exposure");
    assert_member_refused(device, good, exposure, 1000.0f, "exposure of 1000");
    assert_member_refused(device, good, tonemap, (td_tonemap)3, "tone curve: 3");
    assert_member_refused(device, good, copy_results, (td_copy_mode)3, "way of results: 3");
    assert_member_refused(device, good, background[2], INFINITY, "background");
    td_scene_destroy(scene);
}

static void null_is_refused(td_device *device)
{
    td_scene *scene = scene_make();
    const td_renderer_params params = scene_renderer_params(scene, 8, 8);
    td_renderer *renderer = NULL;
    assert_int_equal(td_renderer_create(NULL, &params, &renderer), TD_ERROR_ARGUMENT);
    assert_int_equal(td_renderer_create(device, NULL, &renderer), TD_ERROR_ARGUMENT);
    assert_int_equal(td_renderer_create(device, &params, NULL), TD_ERROR_ARGUMENT);
    td_renderer_destroy(NULL);
    td_scene_destroy(scene);
}

static void zero_means_the_defaults(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = {.scene = scene, .width = 32, .height = 24};
    td_renderer *renderer = scene_renderer(device, &params);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    assert_int_equal(info.in_flight, 3);
    assert_int_equal(info.result_slots, 5);
    assert_in_range(info.views_per_submission, 1, 64);
    assert_int_equal(info.tile_width, 32);
    assert_int_equal(info.tile_height, 24);
    assert_int_equal(info.tiles, 1);
    assert_int_equal(info.readback_bytes, 32 * 24 * 4 * info.views_per_submission * 5);
    const td_camera camera = scene_rich_camera(0);
    scene_picture picture = scene_view(renderer, &camera);
    assert_non_null(picture.color);
    assert_null(picture.depth);
    assert_null(picture.object);
    scene_picture_free(&picture);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void info_counts_tiles(td_device *device)
{
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 100, 50);
    params.tile_width = 33;
    params.tile_height = 17;
    td_renderer *renderer = scene_renderer(device, &params);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    assert_int_equal(info.tile_width, 33);
    assert_int_equal(info.tile_height, 17);
    assert_int_equal(info.tiles, 4 * 3);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void info_says_how_results_come(td_device *device)
{
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 16, 16);
    const td_copy_mode modes[] = {TD_COPY_AUTO, TD_COPY_ALWAYS, TD_COPY_NEVER};
    for (int i = 0; i < 3; i++) {
        params.copy_results = modes[i];
        td_renderer *renderer = scene_renderer(device, &params);
        td_renderer_info info;
        td_renderer_get_info(renderer, &info);
        assert_true(modes[i] == TD_COPY_AUTO || info.copied == (modes[i] == TD_COPY_ALWAYS));
        assert_non_null(info.copy_reason);
        td_renderer_destroy(renderer);
    }
    td_scene_destroy(scene);
}

static void what_cannot_be_bound_is_not_written_directly(td_device *device)
{
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 16384, 16384);
    params.copy_results = TD_COPY_NEVER;
    td_renderer *renderer = NULL;
    if (device->max_storage_range < UINT64_C(16384) * 16384 * 4)
        assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_UNSUPPORTED);
    assert_null(renderer);
    td_scene_destroy(scene);
}

/* 16384 x 16384 pixels of 4 bytes are a gibibyte a result: more than fits any default. */
static void an_image_too_large_is_refused(td_device *device)
{
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 16384, 16384);
    params.outputs = TD_OUTPUT_DEPTH;
    td_renderer *renderer = NULL;
    const td_result result = td_renderer_create(device, &params, &renderer);
    assert_int_equal(result, TD_ERROR_BUDGET);
    assert_null(renderer);
    assert_non_null(strstr(td_last_error(), "MiB"));
    td_scene_destroy(scene);
}

static void the_smallest_image_is_one_pixel(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = scene_renderer_params(scene, 1, 1);
    const td_camera camera = scene_ortho(5.0f, 0.1f, 0.1f, 20.0f);
    for (params.samples = 1; params.samples <= 16; params.samples *= params.samples == 1 ? 4 : 2) {
        scene_picture picture = scene_render(device, &params, &camera);
        assert_true(scene_object_at(&picture, 0, 0) >= 10);
        assert_true(scene_depth_at(&picture, 0, 0) < 10.0f);
        scene_picture_free(&picture);
    }
    /* As far from square as it gets. */
    params = scene_renderer_params(scene, 16384, 1);
    scene_picture wide = scene_render(device, &params, &camera);
    assert_true(scene_covered(&wide) > 0);
    scene_picture_free(&wide);
    params = scene_renderer_params(scene, 1, 16384);
    scene_picture high = scene_render(device, &params, &camera);
    assert_true(scene_covered(&high) > 0);
    scene_picture_free(&high);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(wrong_params_are_refused_with_a_sentence),
        gpu_test(null_is_refused),
        gpu_test(zero_means_the_defaults),
        gpu_test(info_counts_tiles),
        gpu_test(info_says_how_results_come),
        gpu_test(what_cannot_be_bound_is_not_written_directly),
        gpu_test(an_image_too_large_is_refused),
        gpu_test(the_smallest_image_is_one_pixel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
