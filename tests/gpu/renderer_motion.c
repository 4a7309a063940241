/* Transforms and cameras may change while earlier views are in flight: each view shows the state
 * of its submission. */
#include "scene_support.h"

#include <string.h>

enum { SIDE = 16, STEPS = 12 };

/* A box of 2 x 2 pixels in the column 2 `step`; the pixels of the image are 1/8 m. */
static void move_box(td_scene *scene, uint32_t node, uint32_t step)
{
    float matrix[16];
    scene_translation(-1.0f + 0.25f * (float)(step % 8) + 0.125f, 0.25f * (float)(step % 3), 0.0f,
                      matrix);
    gpu_ok(td_scene_set_transform(scene, node, matrix));
}

static void assert_box(const scene_picture *picture, uint32_t step)
{
    const uint32_t left = 2 * (step % 8), top = 7 - 2 * (step % 3);
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++)
            assert_int_equal(scene_object_at(picture, x, y), x - left < 2 && y - top < 2 ? 4 : -1);
}

static void run_steps(td_device *device, uint32_t in_flight, uint32_t tile)
{
    td_scene *scene = scene_make();
    const uint32_t box = scene_box(scene, 0.25f, 0.25f, 0.25f, TD_NONE);
    const uint32_t node = scene_place_at(scene, box, 0.0f, 0.0f, 0.0f, 4);
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.in_flight = in_flight;
    params.result_slots = STEPS;
    params.views_per_submission = 1;
    params.tile_width = params.tile_height = tile;
    td_renderer *renderer = scene_renderer(device, &params);
    const td_camera camera = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
    td_request *requests[STEPS];
    for (uint32_t i = 0; i < STEPS; i++) {
        move_box(scene, node, i);
        scene_submit(renderer, &camera, 1, &requests[i]);
    }
    move_box(scene, node, 0);
    for (uint32_t i = STEPS; i-- > 0;) {
        scene_picture picture = scene_take(requests[i]);
        assert_box(&picture, i);
        scene_picture_free(&picture);
    }
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void each_view_shows_its_own_transforms(td_device *device)
{
    run_steps(device, 1, 0);
    run_steps(device, 4, 0);
    run_steps(device, 2, 5);
}

static void each_view_shows_its_own_camera(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t box = scene_box(scene, 0.25f, 0.25f, 0.25f, TD_NONE);
    scene_place_at(scene, box, 0.125f, 0.0f, 0.0f, 4);
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.result_slots = STEPS;
    params.views_per_submission = 2;
    td_renderer *renderer = scene_renderer(device, &params);
    td_request *requests[STEPS];
    for (uint32_t i = 0; i < STEPS; i += 2) {
        td_camera cameras[2];
        for (uint32_t j = 0; j < 2; j++) {
            cameras[j] = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
            cameras[j].world[12] = 1.0f - 0.25f * (float)((i + j) % 8);
            cameras[j].world[13] = -0.25f * (float)((i + j) % 3);
        }
        scene_submit(renderer, cameras, 2, requests + i);
    }
    for (uint32_t i = 0; i < STEPS; i++) {
        scene_picture picture = scene_take(requests[i]);
        assert_box(&picture, i);
        scene_picture_free(&picture);
    }
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

/* Light and background follow a submission too. */
static void each_view_shows_its_own_light(td_device *device)
{
    td_scene *scene = scene_make();
    td_material_params material;
    td_material_defaults(&material);
    material.metallic = 0.0f;
    scene_place_at(scene, scene_quad(scene, 2.0f, 2.0f, scene_material(scene, &material)), 0, 0, 0,
                   0);
    td_renderer_params params = scene_renderer_params(scene, 4, 4);
    params.result_slots = 4;
    params.views_per_submission = 1;
    td_renderer *renderer = scene_renderer(device, &params);
    const td_camera camera = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
    const float dark[3] = {0.0f, 0.0f, 0.0f};
    gpu_ok(td_scene_set_ambient(scene, dark));
    td_request *requests[4];
    for (uint32_t i = 0; i < 4; i++) {
        td_light_params light = {.direction = {0.0f, 0.0f, -1.0f}, .intensity = 2.0f};
        if (i < 3)
            light.color[i] = 1.0f;
        gpu_ok(td_scene_set_light(scene, &light));
        scene_submit(renderer, &camera, 1, &requests[i]);
    }
    for (uint32_t i = 0; i < 4; i++) {
        scene_picture picture = scene_take(requests[i]);
        for (uint32_t c = 0; c < 3; c++)
            assert_true((scene_color_at(&picture, 1, 1)[c] > 100) == (c == i));
        scene_picture_free(&picture);
    }
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void new_objects_need_a_new_renderer(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t box = scene_box(scene, 0.25f, 0.25f, 0.25f, TD_NONE);
    scene_place_at(scene, box, 0.125f, 0.0f, 0.0f, 4);
    const td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    td_renderer *renderer = scene_renderer(device, &params);
    const td_camera camera = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
    scene_picture before = scene_view(renderer, &camera);
    scene_place_at(scene, box, -0.5f, 0.0f, 0.0f, 5);
    td_request *request = NULL;
    assert_int_equal(td_renderer_submit(renderer, &camera, 1, 0, SCENE_LIMIT_NS, &request),
                     TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "make a new renderer"));
    assert_null(request);
    td_renderer_destroy(renderer);
    scene_picture after = scene_render(device, &params, &camera);
    assert_int_equal(scene_covered(&after), 2 * scene_covered(&before));
    scene_picture_free(&before);
    scene_picture_free(&after);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(each_view_shows_its_own_transforms),
        gpu_test(each_view_shows_its_own_camera),
        gpu_test(each_view_shows_its_own_light),
        gpu_test(new_objects_need_a_new_renderer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
