/* Nodes of files: transforms, scenes, instances, cameras, and hierarchies that are none. */
#include "gltf_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ASSET "{\"asset\":{\"version\":\"2.0\"},"

/* A mesh of one triangle: without a buffer view its positions are all zero. */
#define MESH                                                                                       \
    "\"accessors\":[{\"componentType\":5126,\"type\":\"VEC3\",\"count\":3}],"                      \
    "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0}}]}],"

static void transforms_are_trs_or_a_matrix(void **state)
{
    (void)state;
    /* A quarter turn about Y, and scale before rotation before translation. */
    td_scene *scene =
        gltf_load(ASSET MESH "\"nodes\":[{\"mesh\":0,\"translation\":[1,2,3],\"scale\":[2,3,4],"
                             "\"rotation\":[0,0.70710678,0,0.70710678],\"children\":[1]},"
                             "{\"mesh\":0,\"matrix\":[1,0,0,0, 0,-1,0,0, 0,0,1,0, 5,6,7,1]}]}");
    const float parent[12] = {0, 0, 4, 1, 0, 3, 0, 2, -2, 0, 0, 3};
    gltf_assert_near(scene->flat->instances[0].rows, parent, 12, 1e-5);
    assert_int_equal(scene->flat->instances[0].flags, 0);
    const float child[12] = {0, 0, 4, 29, 0, -3, 0, 20, -2, 0, 0, -7};
    gltf_assert_near(scene->flat->instances[1].rows, child, 12, 1e-4);
    assert_int_equal(scene->flat->instances[1].flags, TDI_INSTANCE_MIRRORED);
    td_scene_destroy(scene);
}

static void rotations_are_normalised(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(ASSET MESH "\"nodes\":[{\"mesh\":0,\"rotation\":[0,0,5,5]},"
                                           "{\"mesh\":0,\"rotation\":[0,0,0,0]}]}");
    const float turned[12] = {0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0};
    const float straight[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    gltf_assert_near(scene->flat->instances[0].rows, turned, 12, 1e-6);
    gltf_assert_near(scene->flat->instances[1].rows, straight, 12, 0);
    td_scene_destroy(scene);
}

static void only_the_chosen_scene_is_drawn(void **state)
{
    (void)state;
    const char *json = ASSET MESH "\"scene\":1,\"scenes\":[{\"nodes\":[0]},{\"nodes\":[2,1]}],"
                                  "\"nodes\":[{\"mesh\":0},{\"mesh\":0},{\"mesh\":0}]}";
    td_scene *scene = gltf_load(json);
    assert_int_equal(scene->flat->instance_count, 2);
    assert_int_equal(scene->flat->sources[0].node, 2);
    assert_int_equal(scene->flat->sources[1].node, 1);
    assert_int_equal(scene->flat->instances[0].object_id, 2);
    td_scene_destroy(scene);
    td_scene_load_params params = {.scene = 1};
    assert_int_equal(td_scene_load(support_path("scene.gltf"), &params, &scene), TD_OK);
    assert_int_equal(scene->flat->instance_count, 1);
    assert_int_equal(scene->flat->sources[0].node, 0);
    td_scene_destroy(scene);
    params.scene = 3;
    assert_int_equal(td_scene_load(support_path("scene.gltf"), &params, &scene),
                     TD_ERROR_NOT_FOUND);
    assert_non_null(strstr(td_last_error(), "there is no scene 2; the file has 2"));
}

static void what_is_no_tree_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *json;
        const char *part;
    } table[] = {
        {"\"nodes\":[{\"children\":[0]}]}", "/nodes/0/children/0: node 0 is its own child"},
        {"\"nodes\":[{},{\"children\":[2]},{\"children\":[3]},{\"children\":[1]}]}",
         "/nodes/1: the node is, or hangs below, a descendant of itself"},
        {"\"nodes\":[{\"children\":[2]},{\"children\":[2]},{}]}",
         "/nodes/1/children/0: node 2 has two parents, nodes 0 and 1"},
        {"\"nodes\":[{\"children\":[1,1]},{}]}", "/nodes/0/children/1: node 1 has two parents"},
        {"\"nodes\":[{\"children\":[5]}]}", "/nodes/0/children/0: 5 is past the last node"},
        {"\"nodes\":[{\"children\":7}]}", "/nodes/0/children: is not an array"},
        {"\"nodes\":[{\"mesh\":0}]}", "/nodes/0/mesh: 0 is past the last mesh (0 of them)"},
        {"\"nodes\":[3]}", "/nodes/0: is not an object"},
        {"\"scenes\":[{\"nodes\":[1]}],\"nodes\":[{\"children\":[1]},{}]}",
         "/scenes/0/nodes/0: node 1 is not a root"},
        {"\"scenes\":[{\"nodes\":[0,0]}],\"nodes\":[{}]}", "/scenes/0/nodes/1: node 0 is in the"},
        {"\"scene\":1,\"scenes\":[{}]}", "/scene: 1 is past the last scene (1 of them)"},
        {"\"nodes\":[{\"matrix\":[1,2,3]}]}", "/nodes/0/matrix: has 3 numbers where 16"},
        {"\"nodes\":[{\"scale\":[1,2,\"3\"]}]}", "/nodes/0/scale/2: is not a number"},
        {"\"nodes\":[{\"scale\":[1,2,1e39]}]}", "/nodes/0/scale/2: 1e+39 is too large"},
        {"\"nodes\":[{\"matrix\":[1,0,0,0.5,0,1,0,0,0,0,1,0,0,0,0,1]}]}",
         "/nodes/0/matrix: the last row is not 0 0 0 1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char json[512];
        snprintf(json, sizeof json, ASSET "%s", table[i].json);
        gltf_refuse(json, TD_ERROR_INPUT, table[i].part);
    }
}

/* A chain as deep as this would end a loader that recurses. */
static void deep_chains_are_fine(void **state)
{
    (void)state;
    enum { DEPTH = 100000, ROOM = 40 * DEPTH };
    char *json = test_malloc(ROOM);
    int length = snprintf(json, ROOM, ASSET "\"nodes\":[{}");
    for (int i = 1; i < DEPTH; i++)
        length += snprintf(json + length, (size_t)(ROOM - length), ",{\"children\":[%d]}", i - 1);
    snprintf(json + length, (size_t)(ROOM - length), "]}");
    td_scene *scene = gltf_load(json);
    assert_int_equal(scene->flat->order_count, DEPTH);
    td_scene_destroy(scene);
    test_free(json);
}

static void instances_are_placed(void **state)
{
    (void)state;
    const struct {
        float translations[2][3];
        int16_t rotations[2][4];
        float scales[2][3];
    } data = {
        {{1, 2, 3}, {4, 5, 6}}, {{0, 0, 0, 32767}, {0, 0, 32767, 0}}, {{1, 1, 1}, {2, -2, 2}}};
    gltf_write("data.bin", &data, sizeof data);
    td_scene *scene = gltf_load(
        ASSET "\"extensionsRequired\":[\"EXT_mesh_gpu_instancing\"],"
              "\"buffers\":[{\"uri\":\"data.bin\",\"byteLength\":64}],"
              "\"bufferViews\":[{\"buffer\":0,\"byteLength\":64}],"
              "\"accessors\":[{\"componentType\":5126,\"type\":\"VEC3\",\"count\":3},"
              "{\"bufferView\":0,\"componentType\":5126,\"type\":\"VEC3\",\"count\":2},"
              "{\"bufferView\":0,\"byteOffset\":24,\"componentType\":5122,\"normalized\":true,"
              "\"type\":\"VEC4\",\"count\":2},"
              "{\"bufferView\":0,\"byteOffset\":40,\"componentType\":5126,\"type\":\"VEC3\","
              "\"count\":2}],"
              "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0}}]}],"
              "\"nodes\":[{\"mesh\":0,\"translation\":[10,0,0],\"extensions\":{"
              "\"EXT_mesh_gpu_instancing\":{\"attributes\":{\"TRANSLATION\":1,\"ROTATION\":2,"
              "\"SCALE\":3}}}}]}");
    assert_int_equal(scene->flat->instance_count, 2);
    const float first[12] = {1, 0, 0, 11, 0, 1, 0, 2, 0, 0, 1, 3};
    const float second[12] = {-2, 0, 0, 14, 0, 2, 0, 5, 0, 0, 2, 6};
    gltf_assert_near(scene->flat->instances[0].rows, first, 12, 1e-6);
    gltf_assert_near(scene->flat->instances[1].rows, second, 12, 1e-6);
    assert_int_equal(scene->flat->instances[0].flags, 0);
    assert_int_equal(scene->flat->instances[1].flags, TDI_INSTANCE_MIRRORED);
    td_scene_destroy(scene);
}

static void cameras_stand_at_their_nodes(void **state)
{
    (void)state;
    td_scene *scene = gltf_load(
        ASSET "\"cameras\":[{\"type\":\"orthographic\",\"name\":\"flat\",\"orthographic\":{"
              "\"xmag\":3,\"ymag\":2,\"znear\":0,\"zfar\":50}},"
              "{\"type\":\"perspective\",\"perspective\":{\"yfov\":1,\"znear\":0.5}}],"
              "\"nodes\":[{\"camera\":1,\"name\":\"eye\",\"translation\":[1,2,3],"
              "\"scale\":[9,9,9]},{\"camera\":0}]}");
    td_camera camera;
    uint32_t index;
    assert_int_equal(scene->camera_count, 2);
    assert_int_equal(td_scene_get_camera(scene, 0, &camera), TD_OK);
    assert_float_equal(camera.fov_y, 0.0f, 0.0f);
    assert_float_equal(camera.ortho_height, 4.0f, 0.0f);
    assert_float_equal(camera.aspect, 1.5f, 0.0f);
    assert_float_equal(camera.far_plane, 50.0f, 0.0f);
    assert_int_equal(td_scene_find_camera(scene, "eye", &index), TD_OK);
    assert_int_equal(index, 1);
    assert_int_equal(td_scene_find_camera(scene, "flat", &index), TD_OK);
    assert_int_equal(index, 0);
    assert_int_equal(td_scene_get_camera(scene, 1, &camera), TD_OK);
    const float world[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 2, 3, 1};
    gltf_assert_near(camera.world, world, 16, 1e-6);
    assert_float_equal(camera.fov_y, 1.0f, 0.0f);
    assert_float_equal(camera.far_plane, 0.0f, 0.0f);
    td_scene_destroy(scene);
}

static void impossible_cameras_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *camera;
        const char *part;
    } table[] = {
        {"{}", "/cameras/0: has no \"type\""},
        {"{\"type\":\"fish\"}", "\"fish\" is not a kind of camera"},
        {"{\"type\":\"perspective\"}", "has no \"perspective\""},
        {"{\"type\":\"perspective\",\"perspective\":{\"yfov\":1}}", "has no \"znear\""},
        {"{\"type\":\"perspective\",\"perspective\":{\"yfov\":1,\"znear\":0}}", "near plane"},
        {"{\"type\":\"perspective\",\"perspective\":{\"yfov\":4,\"znear\":1}}", "field of view"},
        {"{\"type\":\"orthographic\",\"orthographic\":{\"xmag\":1,\"ymag\":0,\"znear\":0,"
         "\"zfar\":1}}",
         "must not be 0"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char json[512];
        snprintf(json, sizeof json, ASSET "\"cameras\":[%s]}", table[i].camera);
        gltf_refuse(json, TD_ERROR_INPUT, table[i].part);
        assert_non_null(strstr(td_last_error(), "/cameras/0"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_are_trs_or_a_matrix),
        cmocka_unit_test(rotations_are_normalised),
        cmocka_unit_test(only_the_chosen_scene_is_drawn),
        cmocka_unit_test(what_is_no_tree_is_refused),
        cmocka_unit_test(deep_chains_are_fine),
        cmocka_unit_test(instances_are_placed),
        cmocka_unit_test(cameras_stand_at_their_nodes),
        cmocka_unit_test(impossible_cameras_are_refused),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
