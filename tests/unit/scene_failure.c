/* Every allocation of loading and building may fail: a code, a sentence, nothing left behind. Each
 * operation is repeated with its first, second, ... allocation failing until it succeeds. */
#include "gltf_support.h"

#include <string.h>

#include "base/memory.h"

static td_result load_file(void)
{
    td_scene *scene;
    const td_scene_load_params params = {.threads = 1};
    TDI_TRY(td_scene_load(support_path("scene.gltf"), &params, &scene));
    td_scene_destroy(scene);
    return TD_OK;
}

static td_result fill_scene(td_scene *scene)
{
    uint32_t mesh, texture, material;
    const float size[3] = {1, 2, 3};
    const uint8_t texel[4] = {1, 2, 3, 4};
    const td_texture_params pixels = {
        .pixels = texel, .width = 1, .height = 1, .channels = 4, .name = "texel"};
    td_material_params params;
    td_camera camera = {.fov_y = 1, .near_plane = 1};
    td_material_defaults(&params);
    params.name = "paint";
    TDI_TRY(td_scene_add_texture(scene, &pixels, &texture));
    params.base_color_texture.texture = texture + 1;
    params.clearcoat.factor = 1;
    params.clearcoat.texture.texture = texture + 1;
    TDI_TRY(td_scene_add_material(scene, &params, &material));
    TDI_TRY(td_scene_add_box(scene, size, material, &mesh));
    TDI_TRY(td_scene_add_box(scene, size, TD_NONE, &mesh));
    const td_node_params node = {.parent = TD_NONE, .mesh = mesh, .name = "box"};
    TDI_TRY(td_scene_add_node(scene, &node, NULL));
    TDI_TRY(td_scene_add_camera(scene, &camera, "eye", NULL));
    return tdi_scene_update(scene);
}

static td_result build_scene(void)
{
    td_scene *scene;
    TDI_TRY(td_scene_create(NULL, &scene));
    td_result result = fill_scene(scene);
    td_scene_destroy(scene);
    return result;
}

static void fail_until_it_succeeds(td_result (*operation)(void))
{
    support_use_allocator();
    for (uint32_t nth = 1;; nth++) {
        support_fail_allocation(nth);
        td_result result = operation();
        if (!support_allocation_failed()) {
            assert_int_equal(result, TD_OK);
            assert_true(nth > 10);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_true(strlen(td_last_error()) > 0);
        assert_int_equal(tdi_live_blocks(), 0);
    }
    support_restore_allocator();
}

static void loading_may_fail_anywhere(void **state)
{
    (void)state;
    const char json[] =
        "{\"asset\":{\"version\":\"2.0\"},\"extensionsUsed\":[\"KHR_wonder\"],"
        "\"accessors\":[{\"componentType\":5126,\"type\":\"VEC3\",\"count\":9},"
        "{\"componentType\":5126,\"type\":\"MAT4\",\"count\":1},"
        "{\"componentType\":5121,\"type\":\"VEC4\",\"count\":9},"
        "{\"componentType\":5126,\"type\":\"VEC4\",\"count\":9}],"
        "\"images\":[{\"uri\":\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
        "AAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==\",\"name\":\"white\"}],"
        "\"textures\":[{\"source\":0,\"name\":\"t\"}],"
        "\"materials\":[{\"name\":\"m\",\"normalTexture\":{\"index\":0},"
        "\"extensions\":{\"KHR_materials_transmission\":{\"transmissionFactor\":1}}}],"
        "\"buffers\":[{\"uri\":\"data:;base64,AAAA\",\"byteLength\":3}],"
        "\"cameras\":[{\"type\":\"perspective\",\"name\":\"c\",\"perspective\":{\"yfov\":1,"
        "\"znear\":1}}],\"skins\":[{\"joints\":[1],\"inverseBindMatrices\":1}],"
        "\"meshes\":[{\"name\":\"a\",\"weights\":[0.5],\"primitives\":[{\"attributes\":{"
        "\"POSITION\":0,\"NORMAL\":0,\"TEXCOORD_0\":0,\"JOINTS_0\":2,\"WEIGHTS_0\":3},"
        "\"targets\":[{\"POSITION\":0}]},{\"attributes\":{\"POSITION\":0},\"material\":0}]}],"
        "\"nodes\":[{\"name\":\"n\",\"mesh\":0,\"children\":[1]},{\"name\":\"o\",\"camera\":0},"
        "{\"mesh\":0,\"extensions\":{\"EXT_mesh_gpu_instancing\":{\"attributes\":{"
        "\"TRANSLATION\":0}}}}]}";
    gltf_write("scene.gltf", json, sizeof json - 1);
    fail_until_it_succeeds(load_file);
}

static void building_may_fail_anywhere(void **state)
{
    (void)state;
    fail_until_it_succeeds(build_scene);
}

static void threads_may_fail_to_start(void **state)
{
    (void)state;
    td_scene *scene;
    const char json[] = "{\"asset\":{\"version\":\"2.0\"}}";
    const td_scene_load_params params = {.threads = 3};
    gltf_write("scene.gltf", json, sizeof json - 1);
    for (uint32_t nth = 1; nth <= 3; nth++) {
        support_fail_thread(nth);
        assert_int_equal(td_scene_load(support_path("scene.gltf"), &params, &scene),
                         TD_ERROR_SYSTEM);
        assert_null(scene);
        assert_int_equal(tdi_live_blocks(), 0);
    }
    support_restore_threads();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_may_fail_anywhere),
        cmocka_unit_test(building_may_fail_anywhere),
        cmocka_unit_test(threads_may_fail_to_start),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
