/* Skins and morph targets stand in the pose of the file. */
#include "gltf_support.h"

#include <stdio.h>
#include <string.h>

/* One triangle; vertex 0 hangs on joint 0, vertex 1 on joint 1, vertex 2 halfway between. */
static const struct {
    float positions[3][3];
    float deltas[3][3];
    float weights[3][4];
    uint8_t joints[3][4];
    float inverse_binds[2][16];
} data = {
    .positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}},
    .deltas = {{0, 0, 1}, {0, 0, 2}, {0, 0, 3}},
    .weights = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0.5f, 0.5f, 0, 0}},
    .joints = {{0, 1, 0, 0}, {0, 1, 0, 0}, {0, 1, 0, 0}},
    .inverse_binds = {{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1},
                      {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, -1, 0, 0, 1}},
};

#define HEAD                                                                                       \
    "{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"uri\":\"data.bin\",\"byteLength\":260}],"    \
    "\"bufferViews\":[{\"buffer\":0,\"byteLength\":260}],\"accessors\":["                          \
    "{\"bufferView\":0,\"componentType\":5126,\"type\":\"VEC3\",\"count\":3},"                     \
    "{\"bufferView\":0,\"byteOffset\":36,\"componentType\":5126,\"type\":\"VEC3\",\"count\":3},"   \
    "{\"bufferView\":0,\"byteOffset\":72,\"componentType\":5126,\"type\":\"VEC4\",\"count\":3},"   \
    "{\"bufferView\":0,\"byteOffset\":120,\"componentType\":5121,\"type\":\"VEC4\",\"count\":3},"  \
    "{\"bufferView\":0,\"byteOffset\":132,\"componentType\":5126,\"type\":\"MAT4\",\"count\":2}],"

#define MORPHED                                                                                    \
    "\"meshes\":[{\"weights\":[0.5],\"primitives\":[{\"attributes\":{\"POSITION\":0},"             \
    "\"targets\":[{\"POSITION\":1}]}]}],"

#define SKINNED                                                                                    \
    "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0,\"WEIGHTS_0\":2,"                \
    "\"JOINTS_0\":3}}]}],"

static void assert_first_triangle(const td_scene *scene, uint32_t mesh, const float expected[9])
{
    float corners[9];
    uint32_t cluster = scene->meshes[mesh].first_cluster;
    gltf_triangle(scene, scene->geometry.clusters[cluster].first_triangle, corners);
    assert_true(gltf_same_triangle(corners, expected));
}

static void morphs_have_the_weights_of_the_mesh(void **state)
{
    (void)state;
    gltf_write("data.bin", &data, sizeof data);
    td_scene *scene = gltf_load(HEAD MORPHED "\"nodes\":[{\"mesh\":0}]}");
    const float expected[9] = {0, 0, 0.5f, 1, 0, 1, 0, 1, 1.5f};
    assert_first_triangle(scene, 0, expected);
    assert_non_null(strstr(scene->unsupported[0], "morph targets"));
    td_scene_destroy(scene);
}

static void weights_of_nodes_make_meshes_of_their_own(void **state)
{
    (void)state;
    gltf_write("data.bin", &data, sizeof data);
    td_scene *scene = gltf_load(HEAD MORPHED "\"nodes\":[{\"mesh\":0,\"weights\":[1]},{\"mesh\":0},"
                                             "{\"mesh\":0,\"weights\":[0]}]}");
    const float full[9] = {0, 0, 1, 1, 0, 2, 0, 1, 3};
    const float half[9] = {0, 0, 0.5f, 1, 0, 1, 0, 1, 1.5f};
    assert_int_equal(scene->mesh_count, 3);
    assert_int_equal(scene->nodes[1].mesh, 0);
    assert_first_triangle(scene, scene->nodes[0].mesh, full);
    assert_first_triangle(scene, scene->nodes[1].mesh, half);
    assert_first_triangle(scene, scene->nodes[2].mesh, (const float *)data.positions);
    td_scene_destroy(scene);
}

static void skins_follow_their_joints(void **state)
{
    (void)state;
    gltf_write("data.bin", &data, sizeof data);
    /* Joint 0 lifts by 10. Joint 1 turns a quarter about Z where vertex 1 is, on top of that. The
     * node of the mesh has a transform, which does not count. */
    td_scene *scene = gltf_load(
        HEAD SKINNED "\"skins\":[{\"joints\":[1,2],\"inverseBindMatrices\":4}],"
                     "\"nodes\":[{\"mesh\":0,\"skin\":0,\"translation\":[7,7,7]},"
                     "{\"translation\":[0,0,10],\"children\":[2]},"
                     "{\"translation\":[1,0,0],\"rotation\":[0,0,0.70710678,0.70710678]}]}");
    /* Vertex 2 is (-1, 1, 0) from joint 1, turned (-1, -1, 0), so at (0, -1, 10); half of that and
     * half of (0, 1, 10). */
    const float expected[9] = {0, 0, 10, 1, 0, 10, 0, 0, 10};
    assert_first_triangle(scene, 0, expected);
    const float still[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    gltf_assert_near(scene->flat->instances[0].rows, still, 12, 0);
    td_scene_destroy(scene);
}

static void one_mesh_may_have_several_poses(void **state)
{
    (void)state;
    gltf_write("data.bin", &data, sizeof data);
    td_scene *scene =
        gltf_load(HEAD SKINNED "\"skins\":[{\"joints\":[2,2]},{\"joints\":[3,3]}],"
                               "\"nodes\":[{\"mesh\":0,\"skin\":0},{\"mesh\":0,\"skin\":1},"
                               "{\"translation\":[0,0,1]},{\"translation\":[0,0,2]}]}");
    const float first[9] = {0, 0, 1, 1, 0, 1, 0, 1, 1};
    const float second[9] = {0, 0, 2, 1, 0, 2, 0, 1, 2};
    assert_int_equal(scene->mesh_count, 2);
    assert_first_triangle(scene, scene->nodes[0].mesh, first);
    assert_first_triangle(scene, scene->nodes[1].mesh, second);
    td_scene_destroy(scene);
}

static void wrong_skins_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *rest;
        const char *part;
    } table[] = {
        {"\"skins\":[{\"joints\":[1]}],\"nodes\":[{\"mesh\":0,\"skin\":0},{}]}",
         "vertex 1 uses joint 1, past the last joint of the skin (1 of them)"},
        {"\"skins\":[{\"joints\":[9]}],\"nodes\":[{\"mesh\":0,\"skin\":0}]}",
         "/skins/0/joints/0: 9 is past the last node (1 of them)"},
        {"\"skins\":[{}],\"nodes\":[{\"mesh\":0,\"skin\":0}]}", "/skins/0: has no \"joints\""},
        {"\"nodes\":[{\"mesh\":0,\"skin\":0}]}", "/nodes/0/skin: 0 is past the last skin"},
        {"\"skins\":[{\"joints\":[0,0,0],\"inverseBindMatrices\":4}],"
         "\"nodes\":[{\"mesh\":0,\"skin\":0}]}",
         "/skins/0/inverseBindMatrices: the accessor has 2 matrices, but the skin has 3 joints"},
        {"\"skins\":[{\"joints\":[0],\"inverseBindMatrices\":0}],"
         "\"nodes\":[{\"mesh\":0,\"skin\":0}]}",
         "does not hold 4x4 matrices"},
    };
    gltf_write("data.bin", &data, sizeof data);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char json[2048];
        snprintf(json, sizeof json, HEAD SKINNED "%s", table[i].rest);
        gltf_refuse(json, TD_ERROR_INPUT, table[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(morphs_have_the_weights_of_the_mesh),
        cmocka_unit_test(weights_of_nodes_make_meshes_of_their_own),
        cmocka_unit_test(skins_follow_their_joints),
        cmocka_unit_test(one_mesh_may_have_several_poses),
        cmocka_unit_test(wrong_skins_are_refused),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
