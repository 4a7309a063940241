/* Primitives: modes and their turning sense, streams, normals that are missing, what is left out.
 */
#include "gltf_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scene/pack.h"

/* The corners of a zigzag: 0 2 4 below, 1 3 5 above. */
static const float zigzag[6][3] = {{0, 0, 0}, {0, 1, 0}, {1, 0, 0},
                                   {1, 1, 0}, {2, 0, 0}, {2, 1, 0}};

#define DATA_BYTES 1024

/* data.bin: the zigzag's positions (72 bytes), what the test adds, zeros. */
static void write_data(const void *more, size_t size)
{
    uint8_t bytes[DATA_BYTES] = {0};
    assert_true(sizeof zigzag + size <= sizeof bytes);
    memcpy(bytes, zigzag, sizeof zigzag);
    if (size > 0)
        memcpy(bytes + sizeof zigzag, more, size);
    gltf_write("data.bin", bytes, sizeof bytes);
}

/* A PNG of one white texel. */
#define WHITE                                                                                      \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5E"     \
    "rkJggg=="

/* A file with one mesh of that primitive. Accessor 0 is the positions; further accessors read what
 * the test adds through view 1, or view 2 in steps of four bytes. */
static const char *file_of(const char *primitive, const char *accessors)
{
    static char json[4096];
    snprintf(json, sizeof json,
             "{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"uri\":\"data.bin\","
             "\"byteLength\":1024}],\"bufferViews\":[{\"buffer\":0,\"byteLength\":72},"
             "{\"buffer\":0,\"byteOffset\":72,\"byteLength\":952},"
             "{\"buffer\":0,\"byteOffset\":72,\"byteLength\":952,\"byteStride\":4}],"
             "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"type\":\"VEC3\","
             "\"count\":6}%s],\"images\":[{\"uri\":\"data:;base64," WHITE "\"}],"
             "\"textures\":[{\"source\":0}],\"materials\":[{\"normalTexture\":{\"index\":0},"
             "\"emissiveTexture\":{\"index\":0,\"texCoord\":1}}],"
             "\"meshes\":[{\"primitives\":[%s]}],\"nodes\":[{\"mesh\":0}]}",
             accessors, primitive);
    return json;
}

static void assert_triangles(const td_scene *scene, const uint32_t (*expected)[3], uint32_t count)
{
    assert_int_equal(scene->geometry.triangle_count, count);
    for (uint32_t i = 0; i < count; i++) {
        float wanted[9], found[9];
        bool there = false;
        for (int j = 0; j < 3; j++)
            memcpy(wanted + 3 * j, zigzag[expected[i][j]], 3 * sizeof(float));
        for (uint32_t j = 0; j < count && !there; j++) {
            gltf_triangle(scene, j, found);
            there = gltf_same_triangle(found, wanted);
        }
        assert_true(there);
    }
}

/* glTF 2.0, section 3.7.2.1. */
static void modes_give_their_triangles(void **state)
{
    (void)state;
    const uint32_t lists[2][3] = {{0, 1, 2}, {3, 4, 5}};
    const uint32_t strips[4][3] = {{0, 1, 2}, {1, 3, 2}, {2, 3, 4}, {3, 5, 4}};
    const uint32_t fans[4][3] = {{1, 2, 0}, {2, 3, 0}, {3, 4, 0}, {4, 5, 0}};
    write_data(NULL, 0);
    td_scene *scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":0}}", ""));
    assert_triangles(scene, lists, 2);
    td_scene_destroy(scene);
    scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":0},\"mode\":5}", ""));
    assert_triangles(scene, strips, 4);
    td_scene_destroy(scene);
    scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":0},\"mode\":6}", ""));
    assert_triangles(scene, fans, 4);
    td_scene_destroy(scene);
}

static void indices_choose_vertices(void **state)
{
    (void)state;
    const uint8_t indices[] = {5, 4, 3, 3, 2};
    const uint32_t strips[3][3] = {{5, 4, 3}, {4, 3, 3}, {3, 3, 2}};
    const uint32_t lists[1][3] = {{5, 4, 3}};
    write_data(indices, sizeof indices);
    const char *accessor = ",{\"bufferView\":1,\"componentType\":5121,\"type\":\"SCALAR\","
                           "\"count\":5}";
    td_scene *scene =
        gltf_load(file_of("{\"attributes\":{\"POSITION\":0},\"indices\":1,\"mode\":5}", accessor));
    assert_triangles(scene, strips, 3);
    td_scene_destroy(scene);
    /* Two corners are left over; they make no triangle. */
    scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":0},\"indices\":1}", accessor));
    assert_triangles(scene, lists, 1);
    td_scene_destroy(scene);
}

static void wrong_indices_are_refused(void **state)
{
    (void)state;
    const uint8_t indices[] = {0, 1, 255, 0, 1, 6};
    write_data(indices, sizeof indices);
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0},\"indices\":1}",
                        ",{\"bufferView\":1,\"componentType\":5121,\"type\":\"SCALAR\","
                        "\"count\":3}"),
                TD_ERROR_INPUT, "/meshes/0/primitives/0/indices: index 2 is 255, the primitive");
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0},\"indices\":1}",
                        ",{\"bufferView\":1,\"byteOffset\":3,\"componentType\":5121,"
                        "\"type\":\"SCALAR\",\"count\":3}"),
                TD_ERROR_INPUT, "index 2 is 6, past the last vertex (6 of them)");
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0},\"indices\":0}", ""), TD_ERROR_INPUT,
                "/meshes/0/primitives/0/indices: the accessor does not hold unsigned");
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0},\"indices\":2}", ""), TD_ERROR_INPUT,
                "/meshes/0/primitives/0/indices: 2 is past the last accessor (1 of them)");
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0},\"mode\":7}", ""), TD_ERROR_INPUT,
                "/meshes/0/primitives/0/mode: 7");
    gltf_refuse(file_of("{}", ""), TD_ERROR_INPUT, "has no \"attributes\"");
}

static void points_and_lines_are_left_out(void **state)
{
    (void)state;
    write_data(NULL, 0);
    for (int mode = 0; mode < 4; mode++) {
        char primitive[64];
        snprintf(primitive, sizeof primitive, "{\"attributes\":{\"POSITION\":0},\"mode\":%d}",
                 mode);
        td_scene *scene = gltf_load(file_of(primitive, ""));
        assert_int_equal(scene->geometry.triangle_count, 0);
        assert_int_equal(scene->unsupported_count, 1);
        assert_string_equal(scene->unsupported[0], "points and lines are left out");
        td_scene_destroy(scene);
    }
    td_scene *scene = gltf_load(file_of("{\"attributes\":{}}", ""));
    assert_string_equal(scene->unsupported[0], "primitives without positions are left out");
    td_scene_destroy(scene);
}

static void missing_normals_are_flat(void **state)
{
    (void)state;
    write_data(NULL, 0);
    td_scene *scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":0},\"mode\":5}", ""));
    for (uint32_t i = 0; i < scene->geometry.vertex_count; i++) {
        float normal[3];
        const float away[3] = {0, 0, -1}; /* the zigzag turns clockwise */
        tdi_unpack_normal(scene->geometry.normals[i], normal);
        gltf_assert_near(normal, away, 3, 1e-4);
    }
    td_scene_destroy(scene);
}

/* Two triangles with a common edge need four vertices, unless they are bent along it. */
static void equal_vertices_are_merged(void **state)
{
    (void)state;
    float quad[6][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 1, 0}, {1, 0, 0}, {1, 1, 0}};
    const char *accessor =
        ",{\"bufferView\":1,\"componentType\":5126,\"type\":\"VEC3\",\"count\":6}";
    write_data(quad, sizeof quad);
    td_scene *scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":1}}", accessor));
    assert_int_equal(scene->geometry.triangle_count, 2);
    assert_int_equal(scene->geometry.vertex_count, 4);
    td_scene_destroy(scene);
    quad[5][2] = 1;
    write_data(quad, sizeof quad);
    scene = gltf_load(file_of("{\"attributes\":{\"POSITION\":1}}", accessor));
    assert_int_equal(scene->geometry.vertex_count, 6);
    td_scene_destroy(scene);
}

/* Finds the vertex that stands where zigzag vertex `index` does. */
static uint32_t find_vertex(const td_scene *scene, uint32_t index)
{
    for (uint32_t i = 0; i < scene->geometry.vertex_count; i++) {
        if (memcmp(scene->geometry.positions + 3 * i, zigzag[index], sizeof zigzag[0]) == 0)
            return i;
    }
    fail_msg("no vertex stands where %u does", index);
    return 0;
}

static void all_streams_arrive(void **state)
{
    (void)state;
    struct {
        float normals[6][3];
        int8_t tangents[6][4];
        uint16_t texcoords[6][2];
        float texcoords1[6][2];
        uint8_t colors[6][4];
    } more;
    for (int i = 0; i < 6; i++) {
        memcpy(more.normals[i], (float[3]){0, (float)(i % 2), (float)(1 - i % 2)}, 12);
        memcpy(more.tangents[i], (int8_t[4]){127, 0, 0, (int8_t)(i < 3 ? 127 : -127)}, 4);
        memcpy(more.texcoords[i], (uint16_t[2]){(uint16_t)(13107 * i), 65535}, 4);
        memcpy(more.texcoords1[i], (float[2]){(float)i, -2.5f}, 8);
        memcpy(more.colors[i], (uint8_t[4]){(uint8_t)(51 * i), 255, 0, 9}, 4);
    }
    write_data(&more, sizeof more);
    td_scene *scene = gltf_load(
        file_of("{\"attributes\":{\"POSITION\":0,\"NORMAL\":1,\"TANGENT\":2,\"TEXCOORD_0\":3,"
                "\"TEXCOORD_1\":4,\"COLOR_0\":5},\"material\":0,\"mode\":5}",
                ",{\"bufferView\":1,\"componentType\":5126,\"type\":\"VEC3\",\"count\":6}"
                ",{\"bufferView\":1,\"byteOffset\":72,\"componentType\":5120,\"normalized\":true,"
                "\"type\":\"VEC4\",\"count\":6}"
                ",{\"bufferView\":1,\"byteOffset\":96,\"componentType\":5123,\"normalized\":true,"
                "\"type\":\"VEC2\",\"count\":6}"
                ",{\"bufferView\":1,\"byteOffset\":120,\"componentType\":5126,\"type\":\"VEC2\","
                "\"count\":6}"
                ",{\"bufferView\":2,\"byteOffset\":168,\"componentType\":5121,\"normalized\":true,"
                "\"type\":\"VEC3\",\"count\":6}"));
    const tdi_geometry *geometry = &scene->geometry;
    assert_int_equal(geometry->vertex_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t vertex = find_vertex(scene, i);
        float normal[3], tangent[4], color[4];
        tdi_unpack_normal(geometry->normals[vertex], normal);
        tdi_unpack_tangent(geometry->tangents[vertex], tangent);
        tdi_unpack_color(geometry->colors + 2 * vertex, color);
        gltf_assert_near(normal, more.normals[i], 3, 1e-4);
        gltf_assert_near(tangent, (float[4]){1, 0, 0, i < 3 ? 1 : -1}, 4, 1e-4);
        gltf_assert_near(geometry->texcoords0 + 2 * vertex, (float[2]){0.2f * (float)i, 1}, 2,
                         1e-6);
        gltf_assert_near(geometry->texcoords1 + 2 * vertex, more.texcoords1[i], 2, 0);
        gltf_assert_near(color, (float[4]){0.2f * (float)i, 1, 0, 1}, 4, 1e-3);
    }
    td_scene_destroy(scene);
}

static void streams_must_fit_the_positions(void **state)
{
    (void)state;
    const float more[100] = {0};
    write_data(more, sizeof more);
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0,\"NORMAL\":1}}",
                        ",{\"bufferView\":1,\"componentType\":5126,\"type\":\"VEC3\",\"count\":5}"),
                TD_ERROR_INPUT, "/meshes/0/primitives/0/attributes/NORMAL: the accessor has 5");
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0,\"NORMAL\":1}}",
                        ",{\"bufferView\":1,\"componentType\":5126,\"type\":\"VEC2\",\"count\":6}"),
                TD_ERROR_INPUT, "NORMAL: the accessor has 2 components");
}

static void positions_must_be_finite(void **state)
{
    (void)state;
    float broken[DATA_BYTES / 4] = {0};
    broken[10] = INFINITY;
    gltf_write("data.bin", broken, sizeof broken);
    gltf_refuse(file_of("{\"attributes\":{\"POSITION\":0}}", ""), TD_ERROR_INPUT,
                "POSITION: element 3 of the accessor is not finite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_give_their_triangles),
        cmocka_unit_test(indices_choose_vertices),
        cmocka_unit_test(wrong_indices_are_refused),
        cmocka_unit_test(points_and_lines_are_left_out),
        cmocka_unit_test(missing_normals_are_flat),
        cmocka_unit_test(equal_vertices_are_merged),
        cmocka_unit_test(all_streams_arrive),
        cmocka_unit_test(streams_must_fit_the_positions),
        cmocka_unit_test(positions_must_be_finite),
    };
    return cmocka_run_group_tests(tests, gltf_make_folder, gltf_remove_folder);
}
