/* Which object is seen where, and where nothing is. */
#include "scene_support.h"

#include <math.h>

/* One camera for all: 2 metres are 16 pixels, the origin is in the middle. */
static td_camera front(void)
{
    return scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
}

static td_camera back(void)
{
    td_camera camera = front();
    camera.world[0] = -1.0f;
    camera.world[10] = -1.0f;
    camera.world[14] = -5.0f;
    return camera;
}

static scene_picture render(td_device *device, td_scene *scene, const td_camera *camera)
{
    const td_renderer_params params = scene_renderer_params(scene, 16, 16);
    return scene_render(device, &params, camera);
}

static void assert_covered(td_device *device, td_scene *scene, td_camera camera, uint32_t covered)
{
    scene_picture picture = render(device, scene, &camera);
    assert_int_equal(scene_covered(&picture), covered);
    scene_picture_free(&picture);
}

static void known_boxes_have_their_ids(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t box = scene_box(scene, 0.25f, 0.25f, 0.25f, TD_NONE);
    for (int32_t row = 0; row < 4; row++)
        for (int32_t column = 0; column < 4; column++)
            scene_place_at(scene, box, -0.75f + 0.5f * (float)column, 0.75f - 0.5f * (float)row,
                           0.0f, 100 + 4 * (uint32_t)row + (uint32_t)column);
    const td_camera camera = front();
    scene_picture picture = render(device, scene, &camera);
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 16; x++) {
            /* Each box is 2 x 2 pixels in the middle of a square of 4 x 4. */
            const bool inside = (x + 1) / 2 % 2 == 1 && (y + 1) / 2 % 2 == 1;
            const int32_t expected = inside ? (int32_t)(100 + y / 4 * 4 + x / 4) : -1;
            assert_int_equal(scene_object_at(&picture, x, y), expected);
        }
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void a_node_without_an_id_shows_its_index(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 2.0f, 2.0f, TD_NONE);
    uint32_t parent = TD_NONE, node = TD_NONE;
    const td_node_params empty = {.parent = TD_NONE, .mesh = TD_NONE};
    gpu_ok(td_scene_add_node(scene, &empty, &parent));
    gpu_ok(td_scene_add_node(scene, &empty, &parent));
    const td_node_params params = {.parent = parent, .mesh = quad};
    gpu_ok(td_scene_add_node(scene, &params, &node));
    assert_int_equal(node, 2);
    const td_camera camera = front();
    scene_picture picture = render(device, scene, &camera);
    for (uint32_t i = 0; i < 256; i++)
        assert_int_equal(picture.object[i], 2);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void a_child_stands_where_its_parent_puts_it(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 0.25f, 0.25f, TD_NONE);
    float matrix[16];
    scene_translation(0.5f, -0.5f, 0.0f, matrix);
    const td_node_params parent_params = {.parent = TD_NONE, .mesh = TD_NONE, .matrix = matrix};
    uint32_t parent = TD_NONE, node = TD_NONE;
    gpu_ok(td_scene_add_node(scene, &parent_params, &parent));
    float local[16];
    scene_scaling(2.0f, 2.0f, 1.0f, local);
    const td_node_params params = {.parent = parent, .mesh = quad, .matrix = local, .object_id = 1};
    gpu_ok(td_scene_add_node(scene, &params, &node));
    const td_camera camera = front();
    scene_picture picture = render(device, scene, &camera);
    for (uint32_t y = 0; y < 16; y++)
        for (uint32_t x = 0; x < 16; x++)
            assert_int_equal(scene_object_at(&picture, x, y),
                             x >= 10 && x < 14 && y >= 10 && y < 14 ? 0 : -1);
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void an_empty_scene_shows_nothing(td_device *device)
{
    td_scene *scene = scene_make();
    td_renderer_params params = scene_renderer_params(scene, 17, 5);
    params.samples = 4;
    const td_camera camera = front();
    scene_picture picture = scene_render(device, &params, &camera);
    for (uint32_t i = 0; i < 17 * 5; i++) {
        assert_int_equal(picture.object[i], -1);
        assert_true(isinf(picture.depth[i]) && picture.depth[i] > 0.0f);
        for (uint32_t c = 0; c < 4; c++)
            assert_int_equal(picture.color[4 * i + c], 0);
    }
    scene_picture_free(&picture);
    td_scene_destroy(scene);
}

static void a_back_face_is_seen_if_double_sided(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t quad = scene_quad(scene, 1.0f, 1.0f, scene_unlit(scene, 1.0f, 1.0f, 1.0f));
    scene_place_at(scene, quad, 0.0f, 0.0f, 0.0f, 0);
    assert_covered(device, scene, front(), 64);
    assert_covered(device, scene, back(), 0);
    td_scene_destroy(scene);

    scene = scene_make();
    td_material_params params = scene_unlit_params();
    params.double_sided = true;
    const uint32_t both = scene_quad(scene, 1.0f, 1.0f, scene_material(scene, &params));
    scene_place_at(scene, both, 0.0f, 0.0f, 0.0f, 0);
    assert_covered(device, scene, front(), 64);
    assert_covered(device, scene, back(), 64);
    td_scene_destroy(scene);
}

/* Quads of 64 pixels: how many are covered from the front and from the back. glTF 2.0, 3.7.4: a
 * negative determinant reverses the winding order. */
static void assert_scaled(td_device *device, float x, float y, float z, uint32_t seen_in_front,
                          uint32_t seen_from_the_back)
{
    td_scene *scene = scene_make();
    float matrix[16];
    scene_scaling(x, y, z, matrix);
    scene_place(scene, scene_quad(scene, 1.0f, 1.0f, TD_NONE), matrix, 0);
    assert_covered(device, scene, front(), seen_in_front);
    assert_covered(device, scene, back(), seen_from_the_back);
    td_scene_destroy(scene);
}

static void a_mirrored_instance_keeps_its_facing(td_device *device)
{
    assert_scaled(device, -1.0f, 1.0f, 1.0f, 64, 0);
    assert_scaled(device, 1.0f, -1.0f, 1.0f, 64, 0);
    assert_scaled(device, -1.0f, -1.0f, 1.0f, 64, 0);
    assert_scaled(device, 1.0f, 1.0f, -1.0f, 0, 64);
    assert_scaled(device, -1.0f, 1.0f, -1.0f, 0, 64);
}

static void a_node_of_zero_scale_draws_nothing(td_device *device)
{
    const float scales[][3] = {{0, 0, 0}, {0, 1, 1}, {1, 0, 1}};
    for (uint32_t i = 0; i < 3; i++) {
        td_scene *scene = scene_make();
        float matrix[16];
        scene_scaling(scales[i][0], scales[i][1], scales[i][2], matrix);
        scene_place(scene, scene_box(scene, 1.0f, 1.0f, 1.0f, TD_NONE), matrix, 0);
        assert_covered(device, scene, front(), 0);
        td_scene_destroy(scene);
    }
}

static void inside_a_single_sided_box_nothing_is_seen(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t box = scene_box(scene, 2.0f, 2.0f, 2.0f, TD_NONE);
    scene_place_at(scene, box, 0.0f, 0.0f, 0.0f, 0);
    assert_covered(device, scene, scene_perspective(0.0f, 1.0f, 0.01f, 0.0f), 0);
    td_scene_destroy(scene);
}

static void what_lies_beside_or_behind_is_not_seen(td_device *device)
{
    td_scene *scene = scene_make();
    const uint32_t box = scene_box(scene, 1.0f, 1.0f, 1.0f, TD_NONE);
    scene_place_at(scene, box, 0.0f, 0.0f, 8.0f, 0);
    scene_place_at(scene, box, 20.0f, 0.0f, 0.0f, 1);
    scene_place_at(scene, box, 0.0f, -20.0f, 0.0f, 2);
    assert_covered(device, scene, front(), 0);
    assert_covered(device, scene, scene_perspective(5.0f, 0.8f, 0.01f, 0.0f), 0);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(known_boxes_have_their_ids),
        gpu_test(a_node_without_an_id_shows_its_index),
        gpu_test(a_child_stands_where_its_parent_puts_it),
        gpu_test(an_empty_scene_shows_nothing),
        gpu_test(a_back_face_is_seen_if_double_sided),
        gpu_test(a_mirrored_instance_keeps_its_facing),
        gpu_test(a_node_of_zero_scale_draws_nothing),
        gpu_test(inside_a_single_sided_box_nothing_is_seen),
        gpu_test(what_lies_beside_or_behind_is_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
