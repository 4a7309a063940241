/* Accessors against arithmetic: component types, shapes, strides, normalisation, sparse, bounds. */
#include "gltf_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scene/gltf_accessor.h"

/* One buffer of bytes and the accessors that the JSON text describes. */
typedef struct fixture {
    tdi_gltf gltf;
    tdi_gltf_buffer buffer;
} fixture;

static void open_fixture(fixture *f, const void *data, size_t size, const char *json)
{
    *f = (fixture){.buffer = {.data = data, .size = size}};
    json_error_t error;
    f->gltf.document = json_loads(json, 0, &error);
    if (f->gltf.document == NULL)
        fail_msg("%s: %s", json, error.text);
    f->gltf.root = (tdi_json){.value = f->gltf.document};
    f->gltf.buffers = &f->buffer;
    f->gltf.buffer_count = 1;
    assert_int_equal(tdi_json_get_array(&f->gltf.root, "accessors", &f->gltf.arrays.accessors),
                     TD_OK);
    assert_int_equal(tdi_json_get_array(&f->gltf.root, "bufferViews", &f->gltf.arrays.buffer_views),
                     TD_OK);
}

static void close_fixture(fixture *f)
{
    json_decref(f->gltf.document);
}

/* Reads accessor 0 of a buffer of `size` bytes, one view of all of it. */
static void read_all(const void *data, size_t size, const char *accessor, float *out)
{
    char json[1024];
    fixture f;
    tdi_accessor opened;
    snprintf(json, sizeof json,
             "{\"bufferViews\":[{\"buffer\":0,\"byteLength\":%zu}],\"accessors\":[%s]}", size,
             accessor);
    open_fixture(&f, data, size, json);
    td_result result = tdi_accessor_open(&f.gltf, 0, &opened);
    if (result != TD_OK)
        fail_msg("%s", td_last_error());
    tdi_accessor_read_floats(&opened, 0, opened.count, out);
    close_fixture(&f);
}

static void integers_become_floats(void **state)
{
    (void)state;
    float out[4];
    const int8_t bytes[4] = {-128, -127, 0, 127};
    const float plain_bytes[4] = {-128, -127, 0, 127}, unit_bytes[4] = {-1, -1, 0, 1};
    read_all(bytes, 4, "{\"bufferView\":0,\"componentType\":5120,\"type\":\"VEC4\",\"count\":1}",
             out);
    gltf_assert_near(out, plain_bytes, 4, 0);
    read_all(bytes, 4,
             "{\"bufferView\":0,\"componentType\":5120,\"type\":\"SCALAR\",\"count\":4,"
             "\"normalized\":true}",
             out);
    gltf_assert_near(out, unit_bytes, 4, 0);
    const uint8_t ubytes[4] = {0, 51, 128, 255};
    const float unit_ubytes[4] = {0, 0.2f, 128.0f / 255.0f, 1};
    read_all(ubytes, 4,
             "{\"bufferView\":0,\"componentType\":5121,\"type\":\"VEC2\",\"count\":2,"
             "\"normalized\":true}",
             out);
    gltf_assert_near(out, unit_ubytes, 4, 1e-7);
    const int16_t shorts[4] = {-32768, -32767, 16384, 32767};
    const float unit_shorts[4] = {-1, -1, 16384.0f / 32767.0f, 1};
    read_all(shorts, 8,
             "{\"bufferView\":0,\"componentType\":5122,\"type\":\"VEC4\",\"count\":1,"
             "\"normalized\":true}",
             out);
    gltf_assert_near(out, unit_shorts, 4, 1e-7);
    const uint16_t ushorts[4] = {0, 13107, 65534, 65535};
    const float unit_ushorts[4] = {0, 0.2f, 65534.0f / 65535.0f, 1};
    read_all(ushorts, 8,
             "{\"bufferView\":0,\"componentType\":5123,\"type\":\"VEC4\",\"count\":1,"
             "\"normalized\":true}",
             out);
    gltf_assert_near(out, unit_ushorts, 4, 1e-7);
    const uint32_t words[2] = {7, 4294967295u};
    const float plain_words[2] = {7, 4294967296.0f};
    read_all(words, 8, "{\"bufferView\":0,\"componentType\":5125,\"type\":\"SCALAR\",\"count\":2}",
             out);
    gltf_assert_near(out, plain_words, 2, 0);
}

static void strides_and_offsets_are_kept(void **state)
{
    (void)state;
    float data[12], out[6];
    for (int i = 0; i < 12; i++)
        data[i] = (float)i;
    fixture f;
    tdi_accessor accessor;
    open_fixture(&f, data, sizeof data,
                 "{\"bufferViews\":[{\"buffer\":0,\"byteOffset\":4,\"byteLength\":44,"
                 "\"byteStride\":16}],\"accessors\":[{\"bufferView\":0,\"byteOffset\":4,"
                 "\"componentType\":5126,\"type\":\"VEC2\",\"count\":3}]}");
    assert_int_equal(tdi_accessor_open(&f.gltf, 0, &accessor), TD_OK);
    tdi_accessor_read_floats(&accessor, 0, 3, out);
    const float expected[6] = {2, 3, 6, 7, 10, 11};
    gltf_assert_near(out, expected, 6, 0);
    tdi_accessor_read_floats(&accessor, 1, 2, out);
    gltf_assert_near(out, expected + 2, 4, 0);
    close_fixture(&f);
}

/* glTF 2.0, 3.6.2.4: columns of matrices begin at multiples of 4 bytes. */
static void matrix_columns_are_aligned(void **state)
{
    (void)state;
    const uint8_t two[8] = {1, 2, 99, 99, 3, 4, 99, 99};
    const uint8_t three[12] = {1, 2, 3, 99, 4, 5, 6, 99, 7, 8, 9, 99};
    const uint16_t wide[12] = {1, 2, 3, 99, 4, 5, 6, 99, 7, 8, 9, 99};
    const float expected[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float out[16];
    read_all(two, 6, "{\"bufferView\":0,\"componentType\":5121,\"type\":\"MAT2\",\"count\":1}",
             out);
    gltf_assert_near(out, expected, 4, 0);
    read_all(three, 11, "{\"bufferView\":0,\"componentType\":5121,\"type\":\"MAT3\",\"count\":1}",
             out);
    gltf_assert_near(out, expected, 9, 0);
    read_all(wide, 22, "{\"bufferView\":0,\"componentType\":5123,\"type\":\"MAT3\",\"count\":1}",
             out);
    gltf_assert_near(out, expected, 9, 0);
    float floats[16];
    for (int i = 0; i < 16; i++)
        floats[i] = (float)(i * i);
    read_all(floats, 64, "{\"bufferView\":0,\"componentType\":5126,\"type\":\"MAT4\",\"count\":1}",
             out);
    gltf_assert_near(out, floats, 16, 0);
}

static void sparse_values_replace(void **state)
{
    (void)state;
    struct {
        float base[8];
        uint8_t indices[4];
        float values[4];
    } data = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 3, 0, 0}, {10, 11, 30, 31}};
    const char *json =
        "{\"bufferViews\":[{\"buffer\":0,\"byteLength\":32},{\"buffer\":0,\"byteOffset\":32,"
        "\"byteLength\":2},{\"buffer\":0,\"byteOffset\":36,\"byteLength\":16}],\"accessors\":["
        "{\"bufferView\":0,\"componentType\":5126,\"type\":\"VEC2\",\"count\":4,\"sparse\":{"
        "\"count\":2,\"indices\":{\"bufferView\":1,\"componentType\":5121},\"values\":{"
        "\"bufferView\":2}}},"
        "{\"componentType\":5126,\"type\":\"VEC2\",\"count\":4,\"sparse\":{\"count\":2,"
        "\"indices\":{\"bufferView\":1,\"componentType\":5121},\"values\":{\"bufferView\":2}}}]}";
    fixture f;
    tdi_accessor accessor;
    float out[8];
    open_fixture(&f, &data, sizeof data, json);
    assert_int_equal(tdi_accessor_open(&f.gltf, 0, &accessor), TD_OK);
    tdi_accessor_read_floats(&accessor, 0, 4, out);
    const float replaced[8] = {0, 1, 10, 11, 4, 5, 30, 31};
    gltf_assert_near(out, replaced, 8, 0);
    tdi_accessor_read_floats(&accessor, 2, 2, out);
    gltf_assert_near(out, replaced + 4, 4, 0);
    assert_int_equal(tdi_accessor_open(&f.gltf, 1, &accessor), TD_OK);
    tdi_accessor_read_floats(&accessor, 0, 4, out);
    const float from_zero[8] = {0, 0, 10, 11, 0, 0, 30, 31};
    gltf_assert_near(out, from_zero, 8, 0);
    close_fixture(&f);
}

static void no_view_means_zeros(void **state)
{
    (void)state;
    float out[6] = {1, 1, 1, 1, 1, 1};
    const float zeros[6] = {0};
    read_all(zeros, 4, "{\"componentType\":5126,\"type\":\"VEC3\",\"count\":2}", out);
    gltf_assert_near(out, zeros, 6, 0);
}

static void integers_are_read_as_they_are(void **state)
{
    (void)state;
    const uint16_t data[4] = {1, 65535, 3, 4};
    uint32_t out[4];
    fixture f;
    tdi_accessor accessor;
    open_fixture(&f, data, sizeof data,
                 "{\"bufferViews\":[{\"buffer\":0,\"byteLength\":8}],\"accessors\":[{"
                 "\"bufferView\":0,\"componentType\":5123,\"type\":\"VEC2\",\"count\":2}]}");
    assert_int_equal(tdi_accessor_open(&f.gltf, 0, &accessor), TD_OK);
    assert_true(tdi_accessor_is_unsigned(&accessor));
    tdi_accessor_read_integers(&accessor, 0, 2, out);
    for (int i = 0; i < 4; i++)
        assert_int_equal(out[i], data[i]);
    close_fixture(&f);
}

/* A view of 16 bytes in a buffer of 20. */
static void refuse(const char *view, const char *accessor, const char *part)
{
    char json[1024];
    const uint8_t data[20] = {0, 0, 0, 0, 9};
    fixture f;
    tdi_accessor opened;
    snprintf(json, sizeof json, "{\"bufferViews\":[%s],\"accessors\":[%s]}", view, accessor);
    open_fixture(&f, data, sizeof data, json);
    assert_int_equal(tdi_accessor_open(&f.gltf, 0, &opened), TD_ERROR_INPUT);
    if (strstr(td_last_error(), part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, td_last_error());
    close_fixture(&f);
}

#define VIEW         "{\"buffer\":0,\"byteOffset\":4,\"byteLength\":16}"
#define FLOATS(rest) "{\"bufferView\":0,\"componentType\":5126,\"type\":\"SCALAR\"," rest "}"

static void what_lies_outside_is_refused(void **state)
{
    (void)state;
    refuse(VIEW, FLOATS("\"count\":5"), "/accessors/0: 5 elements from byte 0 on need 20 bytes");
    refuse(VIEW, FLOATS("\"count\":4,\"byteOffset\":1"), "/accessors/0: ");
    refuse(VIEW, FLOATS("\"count\":1,\"byteOffset\":9007199254740993"), "/accessors/0: ");
    refuse(VIEW, FLOATS("\"count\":4294967294"), "/accessors/0: ");
    refuse(VIEW, FLOATS("\"count\":0"), "count of 0");
    refuse(VIEW, FLOATS("\"count\":-1"), "/accessors/0/count");
    refuse(VIEW, FLOATS("\"count\":1.5"), "/accessors/0/count");
    refuse(VIEW, FLOATS("\"count\":\"1\""), "/accessors/0/count");
    refuse("{\"buffer\":0,\"byteOffset\":8,\"byteLength\":16}", FLOATS("\"count\":1"),
           "/bufferViews/0: bytes 8 to 24 are past the end of buffer 0 (20 bytes)");
    refuse("{\"buffer\":0,\"byteOffset\":1e19,\"byteLength\":16}", FLOATS("\"count\":1"),
           "/bufferViews/0/byteOffset");
    refuse("{\"buffer\":0,\"byteOffset\":9223372036854775807,\"byteLength\":16}",
           FLOATS("\"count\":1"), "/bufferViews/0: ");
    refuse("{\"buffer\":1,\"byteLength\":16}", FLOATS("\"count\":1"),
           "/bufferViews/0/buffer: 1 is past the last buffer (1 of them)");
    refuse("{\"buffer\":0,\"byteLength\":16,\"byteStride\":3}", FLOATS("\"count\":1"),
           "do not fit the byteStride of 3");
    refuse("{\"buffer\":0}", FLOATS("\"count\":1"), "/bufferViews/0: has no \"byteLength\"");
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    refuse(VIEW, "{\"bufferView\":7,\"componentType\":5126,\"type\":\"SCALAR\",\"count\":1}",
           "/accessors/0/bufferView: 7 is past the last buffer view (1 of them)");
    refuse(VIEW, "{\"bufferView\":0,\"componentType\":5124,\"type\":\"SCALAR\",\"count\":1}",
           "/accessors/0/componentType: 5124");
    refuse(VIEW, "{\"bufferView\":0,\"componentType\":5126,\"type\":\"VEC5\",\"count\":1}",
           "/accessors/0/type: \"VEC5\"");
    refuse(VIEW, "{\"bufferView\":0,\"componentType\":5126,\"count\":1}", "has no \"type\"");
    refuse(VIEW, "7", "/accessors/0: is not an object");
    refuse(VIEW, "{\"componentType\":5126,\"type\":\"MAT4\",\"count\":4000000000}",
           "without a bufferView");
    refuse(VIEW,
           FLOATS("\"count\":2,\"sparse\":{\"count\":1,\"indices\":{\"bufferView\":0,"
                  "\"componentType\":5121},\"values\":{\"bufferView\":0}}"),
           "index 0 is 9, past the last element (2 of them)");
    refuse(VIEW,
           FLOATS("\"count\":2,\"sparse\":{\"count\":9,\"indices\":{\"bufferView\":0,"
                  "\"componentType\":5123},\"values\":{\"bufferView\":0}}"),
           "/accessors/0/sparse/indices");
    refuse(VIEW,
           FLOATS("\"count\":2,\"sparse\":{\"count\":1,\"indices\":{\"bufferView\":0,"
                  "\"componentType\":5120},\"values\":{\"bufferView\":0}}"),
           "not one for indices");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_become_floats),
        cmocka_unit_test(strides_and_offsets_are_kept),
        cmocka_unit_test(matrix_columns_are_aligned),
        cmocka_unit_test(sparse_values_replace),
        cmocka_unit_test(no_view_means_zeros),
        cmocka_unit_test(integers_are_read_as_they_are),
        cmocka_unit_test(what_lies_outside_is_refused),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
