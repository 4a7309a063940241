/* Files that are damaged or ask for what is not there: a sentence, never a crash or a leak. */
#include "gltf_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ASSET "{\"asset\":{\"version\":\"2.0\"}"

static void json_must_be_json(void **state)
{
    (void)state;
    gltf_refuse("", TD_ERROR_INPUT, "JSON, line 1");
    gltf_refuse("{", TD_ERROR_INPUT, "JSON, line 1");
    gltf_refuse("{\n\"asset\": }", TD_ERROR_INPUT, "JSON, line 2");
    gltf_refuse("{\"asset\":1e999}", TD_ERROR_INPUT, "JSON, line 1");
    gltf_refuse("[]", TD_ERROR_INPUT, "root object: is not an object");
    gltf_refuse("{\"asset\":\"\\u0000\"}", TD_ERROR_INPUT, "JSON");
    gltf_refuse("{\"asset\":\"\xFF\"}", TD_ERROR_INPUT, "JSON");
}

static void deep_json_is_refused(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *json = test_malloc(DEPTH + 1);
    memset(json, '[', DEPTH);
    json[DEPTH] = '\0';
    gltf_refuse(json, TD_ERROR_INPUT, "depth");
    test_free(json);
}

static void versions_are_checked(void **state)
{
    (void)state;
    gltf_refuse("{}", TD_ERROR_INPUT, "has no \"asset\"");
    gltf_refuse("{\"asset\":{}}", TD_ERROR_INPUT, "/asset: has no \"version\"");
    gltf_refuse("{\"asset\":{\"version\":2.0}}", TD_ERROR_INPUT, "/asset/version: is not a string");
    gltf_refuse("{\"asset\":{\"version\":\"1.0\"}}", TD_ERROR_INPUT, "glTF version 1.0");
    gltf_refuse("{\"asset\":{\"version\":\"2\"}}", TD_ERROR_INPUT, "\"2\" is not a version");
    gltf_refuse("{\"asset\":{\"version\":\"2.0\",\"minVersion\":\"2.1\"}}", TD_ERROR_INPUT,
                "/asset/minVersion: the file needs glTF 2.1");
    td_scene_destroy(gltf_load("{\"asset\":{\"version\":\"2.1\",\"minVersion\":\"2.0\"}}"));
}

static void extensions_are_named(void **state)
{
    (void)state;
    gltf_refuse(ASSET ",\"extensionsRequired\":[\"KHR_texture_transform\",\"KHR_wonder\"]}",
                TD_ERROR_INPUT, "/extensionsRequired/1: the file needs the extension KHR_wonder");
    gltf_refuse(ASSET ",\"extensionsRequired\":{}}", TD_ERROR_INPUT, "is not an array");
    td_scene *scene = gltf_load(ASSET ",\"extensionsUsed\":[\"KHR_wonder\",\"KHR_materials_unlit\","
                                      "\"KHR_xmp_json_ld\",\"KHR_wonder\"],\"animations\":[{}]}");
    assert_int_equal(scene->unsupported_count, 2);
    assert_string_equal(scene->unsupported[0],
                        "extension KHR_wonder is not supported: drawn without it");
    assert_non_null(strstr(scene->unsupported[1], "animations are left out"));
    td_scene_destroy(scene);
}

static void types_must_be_right(void **state)
{
    (void)state;
    const char *const arrays[] = {"accessors", "animations", "bufferViews", "buffers", "cameras",
                                  "images",    "materials",  "meshes",      "nodes",   "samplers",
                                  "scenes",    "skins",      "textures"};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        char json[256], part[64];
        snprintf(json, sizeof json, ASSET ",\"%s\":{}}", arrays[i]);
        snprintf(part, sizeof part, "/%s: is not an array", arrays[i]);
        gltf_refuse(json, TD_ERROR_INPUT, part);
    }
    gltf_refuse(ASSET ",\"buffers\":[{\"byteLength\":-1}]}", TD_ERROR_INPUT,
                "/buffers/0/byteLength: is not a whole number of at least 0");
    gltf_refuse(ASSET ",\"buffers\":[{\"byteLength\":1,\"uri\":5}]}", TD_ERROR_INPUT,
                "/buffers/0/uri: is not a string");
    gltf_refuse(ASSET ",\"meshes\":[{}]}", TD_ERROR_INPUT, "/meshes/0: has no \"primitives\"");
    gltf_refuse(ASSET ",\"extensionsUsed\":[1]}", TD_ERROR_INPUT,
                "/extensionsUsed/0: is not a string");
}

static void missing_and_large_files_are_refused(void **state)
{
    (void)state;
    td_scene *scene;
    const td_scene_load_params params = {.max_file_bytes = 10};
    assert_int_equal(td_scene_load(support_path("nothing.gltf"), NULL, &scene), TD_ERROR_NOT_FOUND);
    assert_non_null(strstr(td_last_error(), "nothing.gltf"));
    gltf_write("scene.gltf", ASSET "}", strlen(ASSET "}"));
    assert_int_equal(td_scene_load(support_path("scene.gltf"), &params, &scene), TD_ERROR_INPUT);
    assert_null(scene);
    assert_int_equal(td_scene_load(NULL, NULL, &scene), TD_ERROR_ARGUMENT);
    assert_int_equal(td_scene_load("x", NULL, NULL), TD_ERROR_ARGUMENT);
}

/* A GLB of one triangle: 12 bytes of header, a JSON chunk, a BIN chunk of 36 bytes. */
static size_t make_glb(uint8_t *out)
{
    const char json[] =
        ASSET ",\"buffers\":[{\"byteLength\":36}],\"bufferViews\":[{\"buffer\":0,"
              "\"byteLength\":36}],\"accessors\":[{\"bufferView\":0,\"componentType\":5126,"
              "\"type\":\"VEC3\",\"count\":3}],\"meshes\":[{\"primitives\":[{\"attributes\":{"
              "\"POSITION\":0}}]}],\"nodes\":[{\"mesh\":0}]}";
    const float positions[9] = {0, 0, 0, 1, 0, 0, 0, 1, 0};
    uint32_t length = (uint32_t)strlen(json);
    uint32_t padded = (length + 3) / 4 * 4;
    const uint32_t header[5] = {0x46546C67, 2, 12 + 8 + padded + 8 + 36, padded, 0x4E4F534A};
    const uint32_t chunk[2] = {36, 0x004E4942};
    memcpy(out, header, 20);
    memset(out + 20, ' ', padded);
    memcpy(out + 20, json, length);
    memcpy(out + 20 + padded, chunk, 8);
    memcpy(out + 28 + padded, positions, 36);
    return header[2];
}

static td_result try_glb(const uint8_t *data, size_t size)
{
    td_scene *scene;
    const td_scene_load_params params = {.threads = 1};
    gltf_write("scene.glb", data, size);
    td_result result = td_scene_load(support_path("scene.glb"), &params, &scene);
    assert_true((result == TD_OK) == (scene != NULL));
    td_scene_destroy(scene);
    return result;
}

static void set_u32(uint8_t *glb, size_t offset, uint32_t value)
{
    memcpy(glb + offset, &value, 4);
}

static void glb_files_are_read(void **state)
{
    (void)state;
    uint8_t glb[1024] = {0};
    td_scene *scene;
    size_t size = make_glb(glb);
    /* What comes after the length that the header gives is not looked at. */
    gltf_write("scene.glb", glb, size + 5);
    assert_int_equal(td_scene_load(support_path("scene.glb"), NULL, &scene), TD_OK);
    assert_int_equal(tdi_scene_update(scene), TD_OK);
    assert_float_equal(scene->flat->bounds_max[1], 1.0f, 0.0f);
    td_scene_destroy(scene);
}

static void cut_glb_files_are_refused(void **state)
{
    (void)state;
    uint8_t glb[1024];
    size_t size = make_glb(glb);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(try_glb(glb, cut), TD_ERROR_INPUT);
        /* Also if the header agrees with what is left. */
        uint8_t agreeing[1024];
        memcpy(agreeing, glb, size);
        set_u32(agreeing, 8, (uint32_t)cut);
        assert_int_equal(try_glb(agreeing, cut), TD_ERROR_INPUT);
    }
}

static void damaged_glb_headers_are_refused(void **state)
{
    (void)state;
    const struct {
        size_t offset;
        uint32_t value;
        const char *part;
    } table[] = {
        {4, 1, "byte 4: GLB version 1"},
        {8, 4000000000u, "byte 8: the header says 4000000000 bytes"},
        {8, 13, "byte 8"},
        {12, 4000000000u, "byte 12: a chunk of 4000000000 bytes does not fit"},
        {12, 0, "byte 20: a chunk of"},
        {16, 0x004E4942, "byte 16: the first chunk is not JSON"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint8_t glb[1024];
        size_t size = make_glb(glb);
        set_u32(glb, table[i].offset, table[i].value);
        assert_int_equal(try_glb(glb, size), TD_ERROR_INPUT);
        assert_non_null(strstr(td_last_error(), table[i].part));
    }
}

/* Any byte may be anything: the outcome is success or a sentence about the input. */
static void flipped_bytes_do_no_harm(void **state)
{
    (void)state;
    srand(5);
    for (int i = 0; i < 1500; i++) {
        uint8_t glb[1024];
        size_t size = make_glb(glb);
        for (int flips = 0; flips < 1 + i % 3; flips++)
            glb[(size_t)rand() % size] = (uint8_t)rand();
        td_result result = try_glb(glb, size);
        assert_true(result == TD_OK || result == TD_ERROR_INPUT || result == TD_ERROR_NOT_FOUND);
    }
    assert_int_equal(tdi_live_blocks(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_must_be_json),
        cmocka_unit_test(deep_json_is_refused),
        cmocka_unit_test(versions_are_checked),
        cmocka_unit_test(extensions_are_named),
        cmocka_unit_test(types_must_be_right),
        cmocka_unit_test(missing_and_large_files_are_refused),
        cmocka_unit_test(glb_files_are_read),
        cmocka_unit_test(cut_glb_files_are_refused),
        cmocka_unit_test(damaged_glb_headers_are_refused),
        cmocka_unit_test(flipped_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
