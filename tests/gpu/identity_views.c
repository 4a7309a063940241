/* The same bytes however views are grouped, tiled and kept in flight. */
#include "scene_support.h"

#include <stdio.h>

enum { VIEWS = 5, WIDTH = 75, HEIGHT = 50 };

static td_renderer_params rich_params(td_scene *scene, uint32_t samples)
{
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.samples = samples;
    params.views_per_submission = 1;
    params.tonemap = TD_TONEMAP_PBR_NEUTRAL;
    return params;
}

/* Each view alone, by a renderer that does one thing after another. */
static void render_alone(td_device *device, td_scene *scene, uint32_t samples,
                         scene_picture alone[VIEWS])
{
    td_renderer_params params = rich_params(scene, samples);
    params.in_flight = 1;
    td_renderer *renderer = scene_renderer(device, &params);
    for (uint32_t i = 0; i < VIEWS; i++) {
        const td_camera camera = scene_rich_camera(i);
        alone[i] = scene_view(renderer, &camera);
        /* A picture of nothing would be the same in any way. */
        assert_in_range(scene_covered(&alone[i]), WIDTH * HEIGHT / 4, WIDTH * HEIGHT);
    }
    td_renderer_destroy(renderer);
    assert_true(scene_hash(&alone[0]) != scene_hash(&alone[1]));
}

static void free_all(scene_picture pictures[VIEWS])
{
    for (uint32_t i = 0; i < VIEWS; i++)
        scene_picture_free(&pictures[i]);
}

/* All views at once, as many a submission as the renderer takes. */
static void assert_same_views(td_device *device, const td_renderer_params *params,
                              const scene_picture alone[VIEWS], const char *what)
{
    td_renderer *renderer = scene_renderer(device, params);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    td_camera cameras[VIEWS];
    td_request *requests[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    const uint32_t step = info.views_per_submission;
    for (uint32_t i = 0; i < VIEWS; i += step)
        scene_submit(renderer, cameras + i, i + step <= VIEWS ? step : VIEWS - i, requests + i);
    for (uint32_t i = 0; i < VIEWS; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s, view %u", what, i);
        scene_picture picture = scene_take(requests[i]);
        scene_assert_same(&picture, &alone[i], text);
        scene_picture_free(&picture);
    }
    td_renderer_destroy(renderer);
}

/* What the tests below rely on: a single changed bit is seen, and other views are other pictures.
 */
static void one_bit_is_seen(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture alone[VIEWS];
    render_alone(device, scene, 1, alone);
    const td_renderer_params params = rich_params(scene, 1);
    const td_camera camera = scene_rich_camera(0);
    scene_picture picture = scene_render(device, &params, &camera);
    uint32_t first;
    assert_int_equal(scene_differences(&picture, &alone[0], &first), 0);
    assert_true(scene_hash(&picture) == scene_hash(&alone[0]));
    picture.color[4 * 100 + 2] ^= 1;
    assert_int_equal(scene_differences(&picture, &alone[0], &first), 1);
    assert_int_equal(first, 100);
    assert_true(scene_hash(&picture) != scene_hash(&alone[0]));
    for (uint32_t i = 1; i < VIEWS; i++)
        assert_true(scene_differences(&alone[i], &alone[i - 1], &first) > WIDTH * HEIGHT / 2);
    scene_picture_free(&picture);
    free_all(alone);
    td_scene_destroy(scene);
}

static void views_in_flight_do_not_matter(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture alone[VIEWS];
    render_alone(device, scene, 4, alone);
    td_renderer_params params = rich_params(scene, 4);
    params.result_slots = VIEWS + 1;
    assert_same_views(device, &params, alone, "three in flight");
    params.in_flight = 4;
    assert_same_views(device, &params, alone, "four in flight");
    assert_same_views(device, &params, alone, "four in flight, again");
    free_all(alone);
    td_scene_destroy(scene);
}

static void views_of_a_submission_do_not_matter(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture alone[VIEWS];
    render_alone(device, scene, 4, alone);
    td_renderer_params params = rich_params(scene, 4);
    params.result_slots = VIEWS + 1;
    const uint32_t counts[] = {2, VIEWS, 64};
    for (int i = 0; i < 3; i++) {
        params.views_per_submission = counts[i];
        assert_same_views(device, &params, alone, "several a submission");
    }
    free_all(alone);
    td_scene_destroy(scene);
}

static void assert_same_tiles(td_device *device, td_scene *scene, uint32_t samples, uint32_t views)
{
    scene_picture alone[VIEWS];
    render_alone(device, scene, samples, alone);
    const uint32_t sizes[][2] = {{(WIDTH + 1) / 2, (HEIGHT + 1) / 2}, {33, 17}};
    for (int i = 0; i < 2; i++) {
        td_renderer_params params = rich_params(scene, samples);
        params.result_slots = VIEWS + 1;
        params.views_per_submission = views;
        params.tile_width = sizes[i][0];
        params.tile_height = sizes[i][1];
        char text[80];
        snprintf(text, sizeof text, "tiles of %ux%u, %u samples", sizes[i][0], sizes[i][1],
                 samples);
        assert_same_views(device, &params, alone, text);
    }
    free_all(alone);
}

static void tiles_do_not_matter(td_device *device)
{
    td_scene *scene = scene_rich(1);
    assert_same_tiles(device, scene, 1, 1);
    assert_same_tiles(device, scene, 4, 3);
    assert_same_tiles(device, scene, 8, 1);
    assert_same_tiles(device, scene, 16, 2);
    td_scene_destroy(scene);
}

static void the_way_of_results_does_not_matter(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture alone[VIEWS];
    render_alone(device, scene, 4, alone);
    td_renderer_params params = rich_params(scene, 4);
    params.result_slots = VIEWS + 1;
    params.copy_results = TD_COPY_ALWAYS;
    assert_same_views(device, &params, alone, "copied");
    params.views_per_submission = 3;
    assert_same_views(device, &params, alone, "copied, three a submission");
    params.tile_width = 33;
    params.tile_height = 17;
    assert_same_views(device, &params, alone, "copied, in tiles");
    free_all(alone);
    td_scene_destroy(scene);
}

static void threads_do_not_matter(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture alone[VIEWS];
    render_alone(device, scene, 4, alone);
    td_scene_destroy(scene);
    scene = scene_rich(4);
    td_renderer_params params = rich_params(scene, 4);
    params.result_slots = VIEWS + 1;
    assert_same_views(device, &params, alone, "four threads");
    free_all(alone);
    td_scene_destroy(scene);
}

static void outputs_do_not_depend_on_each_other(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture alone[VIEWS];
    render_alone(device, scene, 4, alone);
    const td_camera camera = scene_rich_camera(2);
    const uint32_t choices[] = {TD_OUTPUT_COLOR, TD_OUTPUT_DEPTH, TD_OUTPUT_OBJECT,
                                TD_OUTPUT_COLOR | TD_OUTPUT_OBJECT};
    for (int i = 0; i < 4; i++) {
        const uint32_t outputs = choices[i];
        td_renderer_params params = rich_params(scene, 4);
        params.outputs = outputs;
        scene_picture picture = scene_render(device, &params, &camera);
        const scene_picture expected = {
            .width = WIDTH,
            .height = HEIGHT,
            .color = outputs & TD_OUTPUT_COLOR ? alone[2].color : NULL,
            .depth = outputs & TD_OUTPUT_DEPTH ? alone[2].depth : NULL,
            .object = outputs & TD_OUTPUT_OBJECT ? alone[2].object : NULL,
        };
        scene_assert_same(&picture, &expected, "some of the outputs");
        scene_picture_free(&picture);
    }
    free_all(alone);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(one_bit_is_seen),
        gpu_test(views_in_flight_do_not_matter),
        gpu_test(views_of_a_submission_do_not_matter),
        gpu_test(tiles_do_not_matter),
        gpu_test(the_way_of_results_does_not_matter),
        gpu_test(threads_do_not_matter),
        gpu_test(outputs_do_not_depend_on_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
