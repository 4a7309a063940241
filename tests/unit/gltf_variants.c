/* KHR_materials_variants: the names, the materials that a variant draws, and what is wrong. */
#include "gltf_support.h"

#include <string.h>

#define FILE_OF(variants, mappings)                                                                \
    "{\"asset\":{\"version\":\"2.0\"},\"extensionsUsed\":[\"KHR_materials_variants\"],"            \
    "\"extensions\":{\"KHR_materials_variants\":{\"variants\":[" variants "]}},"                   \
    "\"materials\":[{},{},{\"doubleSided\":true}],"                                                \
    "\"buffers\":[{\"byteLength\":36,\"uri\":\"data:application/octet-stream;base64,"              \
    "AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAA\"}],"                                        \
    "\"bufferViews\":[{\"buffer\":0,\"byteLength\":36}],"                                          \
    "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"count\":3,\"type\":\"VEC3\","       \
    "\"min\":[0,0,0],\"max\":[1,1,0]}],\"nodes\":[{\"mesh\":0}],\"scenes\":[{\"nodes\":[0]}],"     \
    "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0},\"material\":1,"                \
    "\"extensions\":{\"KHR_materials_variants\":{\"mappings\":[" mappings "]}}},"                  \
    "{\"attributes\":{\"POSITION\":0},\"material\":1}]}]}"

#define NAMES "{\"name\":\"day\"},{\"name\":\"night\"},{\"name\":\"dusk\"}"
#define MAPPINGS                                                                                   \
    "{\"material\":0,\"variants\":[0]},{\"material\":2,\"variants\":[1,2],\"name\":\"dark\"}"

static td_result load_variant(const char *name, td_scene **out)
{
    const td_scene_load_params params = {.variant = name};
    const char *json = FILE_OF(NAMES, MAPPINGS);
    gltf_write("scene.gltf", json, strlen(json));
    return td_scene_load(support_path("scene.gltf"), &params, out);
}

static void assert_materials(const char *variant, uint32_t first, uint32_t second)
{
    td_scene *scene;
    assert_int_equal(load_variant(variant, &scene), TD_OK);
    assert_int_equal(scene->geometry.surface_count, 2);
    assert_int_equal(scene->geometry.surfaces[0].material, first);
    assert_int_equal(scene->geometry.surfaces[1].material, second);
    assert_int_equal(scene->geometry.surfaces[0].flags, first == 2 ? TDI_SURFACE_DOUBLE_SIDED : 0);
    td_scene_destroy(scene);
}

static void a_variant_draws_its_materials(void **state)
{
    (void)state;
    assert_materials(NULL, 1, 1);
    assert_materials("day", 0, 1);
    assert_materials("night", 2, 1);
    assert_materials("dusk", 2, 1);
}

static void the_names_are_told(void **state)
{
    (void)state;
    td_scene *scene;
    td_scene_info info;
    assert_int_equal(load_variant("night", &scene), TD_OK);
    assert_int_equal(td_scene_get_info(scene, &info), TD_OK);
    assert_int_equal(info.variant_count, 3);
    assert_string_equal(info.variants[1], "night");
    assert_int_equal(info.unsupported_count, 0);
    td_scene_destroy(scene);
}

static void a_variant_that_is_not_there_is_refused(void **state)
{
    (void)state;
    td_scene *scene;
    assert_int_equal(load_variant("Night", &scene), TD_ERROR_NOT_FOUND);
    assert_null(scene);
    assert_non_null(strstr(td_last_error(), "no material variant \"Night\"; the file has \"day\", "
                                            "\"night\", \"dusk\""));
    const td_scene_load_params params = {.variant = "night"};
    assert_int_equal(td_scene_load("builtin:spheres", &params, &scene), TD_ERROR_NOT_FOUND);
    assert_null(scene);
}

static void wrong_variants_are_refused(void **state)
{
    (void)state;
    gltf_refuse(FILE_OF("{}", ""), TD_ERROR_INPUT,
                "/extensions/KHR_materials_variants/variants/0: has no \"name\"");
    gltf_refuse(FILE_OF("{\"name\":7}", ""), TD_ERROR_INPUT, "variants/0/name: is not a string");
    gltf_refuse(FILE_OF(NAMES, "{\"material\":3,\"variants\":[0]}"), TD_ERROR_INPUT,
                "/meshes/0/primitives/0/extensions/KHR_materials_variants/mappings/0/material: 3 "
                "is past the last material (3 of them)");
    gltf_refuse(FILE_OF(NAMES, "{\"variants\":[0]}"), TD_ERROR_INPUT,
                "mappings/0: has no \"material\"");
    gltf_refuse(FILE_OF(NAMES, "{\"material\":0}"), TD_ERROR_INPUT,
                "mappings/0: has no \"variants\"");
    gltf_refuse(FILE_OF(NAMES, "{\"material\":0,\"variants\":[3]}"), TD_ERROR_INPUT,
                "mappings/0/variants/0: 3 is past the last material variant (3 of them)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variant_draws_its_materials),
        cmocka_unit_test(the_names_are_told),
        cmocka_unit_test(a_variant_that_is_not_there_is_refused),
        cmocka_unit_test(wrong_variants_are_refused),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
