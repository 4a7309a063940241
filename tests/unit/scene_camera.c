/* Cameras: the way they look, where the orbit stands, what is refused. */
#include "gltf_support.h"

#include <math.h>
#include <string.h>

static const float up[3] = {0, 1, 0};

static void look_at_looks_there(void **state)
{
    (void)state;
    const float eye[3] = {3, 4, 5}, target[3] = {3, 4, -7};
    td_camera camera;
    assert_int_equal(td_camera_look_at(eye, target, up, &camera), TD_OK);
    const float straight[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 3, 4, 5, 1};
    gltf_assert_near(camera.world, straight, 16, 1e-6);
    assert_float_equal(camera.fov_y, 0.78539816f, 1e-6f);
    const float side[3] = {13, 4, 5};
    assert_int_equal(td_camera_look_at(eye, side, up, &camera), TD_OK);
    /* Looking along +X, its right is +Z and its back -X. */
    const float turned[16] = {0, 0, 1, 0, 0, 1, 0, 0, -1, 0, 0, 0, 3, 4, 5, 1};
    gltf_assert_near(camera.world, turned, 16, 1e-6);
}

static void look_at_needs_a_direction(void **state)
{
    (void)state;
    const float eye[3] = {1, 2, 3}, above[3] = {1, 9, 3}, zero[3] = {0, 0, 0};
    const float infinite[3] = {INFINITY, 0, 0};
    td_camera camera;
    assert_int_equal(td_camera_look_at(eye, eye, up, &camera), TD_ERROR_ARGUMENT);
    assert_int_equal(td_camera_look_at(eye, above, up, &camera), TD_ERROR_ARGUMENT);
    assert_int_equal(td_camera_look_at(eye, zero, zero, &camera), TD_ERROR_ARGUMENT);
    assert_int_equal(td_camera_look_at(eye, infinite, up, &camera), TD_ERROR_ARGUMENT);
    assert_int_equal(td_camera_look_at(eye, zero, up, NULL), TD_ERROR_ARGUMENT);
}

static td_scene *box_scene(void)
{
    td_scene *scene;
    uint32_t mesh;
    const float size[3] = {2, 4, 4};
    const td_node_params node = {.parent = TD_NONE, .mesh = 0};
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    assert_int_equal(td_scene_add_box(scene, size, TD_NONE, &mesh), TD_OK);
    assert_int_equal(td_scene_add_node(scene, &node, NULL), TD_OK);
    return scene;
}

/* Half the diagonal of 2 x 4 x 4 is 3, so the camera stands at a distance of 7.5. */
static void the_orbit_goes_round(void **state)
{
    (void)state;
    td_scene *scene = box_scene();
    td_camera camera;
    const struct {
        double yaw, pitch;
        float place[3];
    } table[] = {
        {0, 0, {0, 0, 7.5f}},    {90, 0, {7.5f, 0, 0}}, {180, 0, {0, 0, -7.5f}},
        {270, 0, {-7.5f, 0, 0}}, {0, 90, {0, 7.5f, 0}}, {0, 30, {0, 3.75f, 6.4951906f}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(td_scene_orbit_camera(scene, table[i].yaw, table[i].pitch, &camera),
                         TD_OK);
        gltf_assert_near(camera.world + 12, table[i].place, 3, 1e-5);
        /* Its back points away from the middle. */
        for (int j = 0; j < 3; j++)
            assert_float_equal(camera.world[8 + j], table[i].place[j] / 7.5f, 1e-6f);
        assert_float_equal(camera.near_plane, 0.03f, 1e-6f);
        assert_float_equal(camera.far_plane, 30.0f, 1e-5f);
    }
    assert_int_equal(td_scene_orbit_camera(scene, NAN, 0, &camera), TD_ERROR_ARGUMENT);
    td_scene_destroy(scene);
}

static void cameras_are_found_by_name(void **state)
{
    (void)state;
    td_scene *scene = box_scene();
    const float eye[3] = {0, 0, 9}, target[3] = {0, 0, 0};
    td_camera camera, back;
    uint32_t index;
    assert_int_equal(td_camera_look_at(eye, target, up, &camera), TD_OK);
    assert_int_equal(td_scene_add_camera(scene, &camera, NULL, &index), TD_OK);
    assert_int_equal(td_scene_add_camera(scene, &camera, "front", &index), TD_OK);
    assert_int_equal(index, 1);
    assert_int_equal(td_scene_find_camera(scene, "front", &index), TD_OK);
    assert_int_equal(index, 1);
    assert_int_equal(td_scene_find_camera(scene, "back", &index), TD_ERROR_NOT_FOUND);
    assert_int_equal(td_scene_get_camera(scene, 1, &back), TD_OK);
    gltf_assert_near(back.world, camera.world, 16, 1e-6);
    assert_int_equal(td_scene_get_camera(scene, 2, &back), TD_ERROR_NOT_FOUND);
    td_scene_destroy(scene);
}

static void refuse(td_scene *scene, td_camera camera, const char *part)
{
    assert_int_equal(td_scene_add_camera(scene, &camera, NULL, NULL), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), part));
}

static void impossible_cameras_are_refused(void **state)
{
    (void)state;
    td_scene *scene = box_scene();
    td_camera good, bad;
    assert_int_equal(td_scene_orbit_camera(scene, 0, 0, &good), TD_OK);
    bad = good;
    bad.fov_y = 3.2f;
    refuse(scene, bad, "field of view");
    bad = good;
    bad.near_plane = 0.0f;
    refuse(scene, bad, "near plane");
    bad = good;
    bad.far_plane = bad.near_plane;
    refuse(scene, bad, "far plane");
    bad = good;
    bad.fov_y = 0.0f;
    refuse(scene, bad, "orthographic height");
    bad = good;
    bad.aspect = -1.0f;
    refuse(scene, bad, "aspect");
    bad = good;
    bad.world[3] = NAN;
    refuse(scene, bad, "not finite");
    assert_int_equal(scene->camera_count, 0);
    td_scene_destroy(scene);
}

static void scale_and_shear_are_taken_off(void **state)
{
    (void)state;
    td_scene *scene = box_scene();
    td_camera camera, back;
    assert_int_equal(td_scene_orbit_camera(scene, 0, 0, &camera), TD_OK);
    for (int i = 0; i < 12; i++)
        camera.world[i] *= 5.0f;
    camera.world[6] = 2.5f; /* the up direction leans backwards */
    assert_int_equal(td_scene_add_camera(scene, &camera, NULL, NULL), TD_OK);
    assert_int_equal(td_scene_get_camera(scene, 0, &back), TD_OK);
    const float straight[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 7.5f, 1};
    gltf_assert_near(back.world, straight, 16, 1e-6);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_at_looks_there),
        cmocka_unit_test(look_at_needs_a_direction),
        cmocka_unit_test(the_orbit_goes_round),
        cmocka_unit_test(cameras_are_found_by_name),
        cmocka_unit_test(impossible_cameras_are_refused),
        cmocka_unit_test(scale_and_shear_are_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
