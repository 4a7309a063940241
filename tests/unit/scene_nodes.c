/* The hierarchy: world matrices, mirrored instances, order, bounds, changes between views. */
#include "gltf_support.h"

#include <math.h>
#include <string.h>

static td_scene *scene_with_box(uint32_t *mesh)
{
    td_scene *scene;
    const float size[3] = {2.0f, 2.0f, 2.0f};
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    assert_int_equal(td_scene_add_box(scene, size, TD_NONE, mesh), TD_OK);
    return scene;
}

static void scale_move(float x, float y, float z, float scale, float out[16])
{
    const float matrix[16] = {scale, 0, 0, 0, 0, scale, 0, 0, 0, 0, scale, 0, x, y, z, 1};
    memcpy(out, matrix, sizeof matrix);
}

static uint32_t add_node(td_scene *scene, uint32_t parent, uint32_t mesh, const float *matrix)
{
    uint32_t node;
    const td_node_params params = {.parent = parent, .mesh = mesh, .matrix = matrix};
    assert_int_equal(td_scene_add_node(scene, &params, &node), TD_OK);
    return node;
}

static void children_stand_on_their_parents(void **state)
{
    (void)state;
    uint32_t mesh;
    float first[16], second[16];
    td_scene *scene = scene_with_box(&mesh);
    /* A quarter turn about Z with a move; then a move and a doubling in the child. */
    const float turn[16] = {0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 10, 20, 30, 1};
    memcpy(first, turn, sizeof first);
    scale_move(1, 2, 3, 2, second);
    uint32_t parent = add_node(scene, TD_NONE, TD_NONE, first);
    add_node(scene, parent, mesh, second);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_int_equal(scene->flat->instance_count, 1);
    const float rows[12] = {0, -2, 0, 8, 2, 0, 0, 21, 0, 0, 2, 33};
    gltf_assert_near(scene->flat->instances[0].rows, rows, 12, 1e-5);
    const float lowest[3] = {6, 19, 31}, highest[3] = {10, 23, 35};
    gltf_assert_near(scene->flat->bounds_min, lowest, 3, 1e-5);
    gltf_assert_near(scene->flat->bounds_max, highest, 3, 1e-5);
    assert_int_equal(scene->flat->instances[0].object_id, 1);
    td_scene_destroy(scene);
}

static void bounds_are_those_of_the_vertices(void **state)
{
    (void)state;
    uint32_t mesh;
    td_scene *scene = scene_with_box(&mesh);
    float half = sqrtf(0.5f);
    const float turn[16] = {half, 0, -half, 0, 0, 1, 0, 0, half, 0, half, 0, 0, 0, 0, 1};
    uint32_t parent = add_node(scene, TD_NONE, TD_NONE, turn);
    add_node(scene, parent, mesh, turn);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    /* Two eighths of a turn make a quarter, after which the box is as wide as before. */
    const float lowest[3] = {-1, -1, -1}, highest[3] = {1, 1, 1};
    gltf_assert_near(scene->flat->bounds_min, lowest, 3, 1e-5);
    gltf_assert_near(scene->flat->bounds_max, highest, 3, 1e-5);
    td_scene_destroy(scene);
}

static void negative_determinants_are_mirrored(void **state)
{
    (void)state;
    uint32_t mesh;
    td_scene *scene = scene_with_box(&mesh);
    float mirror[16], flat[16];
    scale_move(0, 0, 0, 1, mirror);
    mirror[0] = -1;
    scale_move(0, 0, 0, 0, flat);
    uint32_t once = add_node(scene, TD_NONE, mesh, mirror);
    add_node(scene, once, mesh, mirror);
    add_node(scene, once, mesh, NULL);
    add_node(scene, TD_NONE, mesh, flat);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    const uint32_t flags[4] = {TDI_INSTANCE_MIRRORED, 0, TDI_INSTANCE_MIRRORED, 0};
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(scene->flat->instances[i].flags, flags[i]);
    td_scene_destroy(scene);
}

static void order_is_depth_first(void **state)
{
    (void)state;
    uint32_t mesh;
    td_scene *scene = scene_with_box(&mesh);
    uint32_t a = add_node(scene, TD_NONE, mesh, NULL);
    uint32_t b = add_node(scene, TD_NONE, mesh, NULL);
    uint32_t a1 = add_node(scene, a, mesh, NULL);
    uint32_t b1 = add_node(scene, b, mesh, NULL);
    uint32_t a2 = add_node(scene, a, mesh, NULL);
    uint32_t a11 = add_node(scene, a1, mesh, NULL);
    const uint32_t expected[6] = {a, a1, a11, a2, b, b1};
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_int_equal(scene->flat->instance_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(scene->flat->sources[i].node, expected[i]);
        assert_int_equal(scene->flat->cluster_instances[i].instance, i);
    }
    td_scene_destroy(scene);
}

static void transforms_may_change(void **state)
{
    (void)state;
    uint32_t mesh;
    td_scene *scene = scene_with_box(&mesh);
    float matrix[16];
    uint32_t parent = add_node(scene, TD_NONE, TD_NONE, NULL);
    uint32_t child = add_node(scene, parent, mesh, NULL);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    uint64_t before = scene->flat->transform_revision;
    scale_move(5, 0, 0, 1, matrix);
    assert_int_equal(td_scene_set_transform(scene, parent, matrix), TD_OK);
    scale_move(0, 7, 0, 1, matrix);
    assert_int_equal(td_scene_set_transform(scene, child, matrix), TD_OK);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_true(scene->flat->transform_revision > before);
    assert_float_equal(scene->flat->instances[0].rows[3], 5.0f, 0.0f);
    assert_float_equal(scene->flat->instances[0].rows[7], 7.0f, 0.0f);
    before = scene->flat->transform_revision;
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_int_equal(scene->flat->transform_revision, before);
    td_scene_destroy(scene);
}

static void object_ids_can_be_chosen(void **state)
{
    (void)state;
    uint32_t mesh;
    td_scene *scene = scene_with_box(&mesh);
    const td_node_params params = {.parent = TD_NONE, .mesh = mesh, .object_id = 1001};
    assert_int_equal(td_scene_add_node(scene, &params, NULL), TD_OK);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_int_equal(scene->flat->instances[0].object_id, 1000);
    td_scene_destroy(scene);
}

static void wrong_nodes_are_refused(void **state)
{
    (void)state;
    uint32_t mesh;
    td_scene *scene = scene_with_box(&mesh);
    float matrix[16];
    scale_move(0, 0, 0, 1, matrix);
    td_node_params params = {.parent = 0, .mesh = mesh};
    assert_int_equal(td_scene_add_node(scene, &params, NULL), TD_ERROR_ARGUMENT);
    params = (td_node_params){.parent = TD_NONE, .mesh = 1};
    assert_int_equal(td_scene_add_node(scene, &params, NULL), TD_ERROR_ARGUMENT);
    params = (td_node_params){.parent = TD_NONE, .mesh = mesh, .matrix = matrix};
    matrix[5] = NAN;
    assert_int_equal(td_scene_add_node(scene, &params, NULL), TD_ERROR_ARGUMENT);
    matrix[5] = 1.0f;
    matrix[3] = 0.5f;
    assert_int_equal(td_scene_add_node(scene, &params, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(scene->node_count, 0);
    assert_int_equal(td_scene_set_transform(scene, 0, matrix), TD_ERROR_ARGUMENT);
    td_scene_destroy(scene);
}

static void an_empty_scene_has_no_extent(void **state)
{
    (void)state;
    td_scene *scene;
    td_scene_info info;
    assert_int_equal(td_scene_create(NULL, &scene), TD_OK);
    assert_int_equal(td_scene_get_info(scene, &info), TD_OK);
    assert_string_equal(info.name, "scene");
    assert_int_equal(info.triangles, 0);
    for (int i = 0; i < 3; i++)
        assert_float_equal(info.bounds_min[i], info.bounds_max[i], 0.0f);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_stand_on_their_parents),
        cmocka_unit_test(bounds_are_those_of_the_vertices),
        cmocka_unit_test(negative_determinants_are_mirrored),
        cmocka_unit_test(order_is_depth_first),
        cmocka_unit_test(transforms_may_change),
        cmocka_unit_test(object_ids_can_be_chosen),
        cmocka_unit_test(wrong_nodes_are_refused),
        cmocka_unit_test(an_empty_scene_has_no_extent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
