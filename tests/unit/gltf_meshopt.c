/* EXT_meshopt_compression, against what meshoptimizer's encoders were given; and damage. */
#include "gltf_support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <meshoptimizer.h>

#include "base/memory.h"
#include "scene/gltf_buffer.h"
#include "scene/gltf_meshopt.h"

enum { ELEMENTS = 48, STRIDE = 8, CAPACITY = 4096 };

/* One compressed view, of buffer 0. */
typedef struct fixture {
    tdi_gltf gltf;
    tdi_gltf_buffer buffers[2]; /* the second, of the view itself, has no bytes */
} fixture;

static void open_fixture(fixture *f, const uint8_t *data, size_t size, const char *extension,
                         size_t length)
{
    char json[1024];
    json_error_t error;
    *f = (fixture){.buffers = {{.data = data, .size = size}}};
    snprintf(json, sizeof json,
             "{\"bufferViews\":[{\"buffer\":1,\"byteLength\":%zu,\"byteStride\":12,\"extensions\":{"
             "\"EXT_meshopt_compression\":{\"buffer\":0,%s}}}]}",
             length, extension);
    f->gltf.document = json_loads(json, 0, &error);
    if (!f->gltf.document)
        fail_msg("%s: %s", json, error.text);
    f->gltf.root = (tdi_json){.value = f->gltf.document};
    f->gltf.buffers = f->buffers;
    f->gltf.buffer_count = 2;
    assert_int_equal(tdi_json_get_array(&f->gltf.root, "bufferViews", &f->gltf.arrays.buffer_views),
                     TD_OK);
}

static void close_fixture(fixture *f)
{
    tdi_gltf_free_decoded(&f->gltf);
    json_decref(f->gltf.document);
}

static void decodes_to(const uint8_t *data, size_t size, const char *extension,
                       const void *expected, size_t length)
{
    fixture f;
    const uint8_t *found = NULL;
    size_t found_size = 0;
    uint32_t stride = 0;
    open_fixture(&f, data, size, extension, length);
    if (tdi_gltf_decode_views(&f.gltf) != TD_OK ||
        tdi_gltf_view(&f.gltf, 0, &found, &found_size, &stride) != TD_OK)
        fail_msg("%s", td_last_error());
    assert_int_equal(found_size, length);
    assert_int_equal(stride, 12);
    assert_memory_equal(found, expected, length);
    close_fixture(&f);
}

static size_t encode_attributes(const void *elements, uint32_t stride, uint8_t *out)
{
    return meshopt_encodeVertexBuffer(out, CAPACITY, elements, ELEMENTS, stride);
}

static const char *describe(char text[256], size_t size, uint32_t stride, uint32_t count,
                            const char *rest)
{
    snprintf(text, 256, "\"byteLength\":%zu,\"byteStride\":%u,\"count\":%u,%s", size, stride, count,
             rest);
    return text;
}

static void make_elements(uint8_t elements[ELEMENTS][STRIDE])
{
    for (uint32_t i = 0; i < ELEMENTS; i++)
        for (uint32_t b = 0; b < STRIDE; b++)
            elements[i][b] = (uint8_t)(3 * i + 40 * b + i * i / 7);
}

static void attributes_come_back(void **state)
{
    (void)state;
    uint8_t elements[ELEMENTS][STRIDE], encoded[CAPACITY];
    char text[256];
    make_elements(elements);
    const size_t size = encode_attributes(elements, STRIDE, encoded);
    assert_true(size > 0);
    describe(text, size, STRIDE, ELEMENTS, "\"mode\":\"ATTRIBUTES\"");
    decodes_to(encoded, size, text, elements, sizeof elements);
}

/* The codec may begin a triangle with another of its corners. */
static void assert_triangles(const uint32_t *found, const uint32_t *expected)
{
    for (uint32_t t = 0; t < ELEMENTS; t += 3) {
        uint32_t turn = 0;
        while (turn < 3 && found[t] != expected[t + turn])
            turn++;
        assert_true(turn < 3);
        for (uint32_t corner = 1; corner < 3; corner++)
            assert_int_equal(found[t + corner], expected[t + (turn + corner) % 3]);
    }
}

static void indices_come_back(void **state)
{
    (void)state;
    uint32_t wide[ELEMENTS], turned[ELEMENTS];
    uint16_t narrow[ELEMENTS];
    uint8_t encoded[CAPACITY];
    char text[256];
    for (uint32_t i = 0; i < ELEMENTS; i++)
        wide[i] = i / 3 + i % 3;
    size_t size = meshopt_encodeIndexBuffer(encoded, CAPACITY, wide, ELEMENTS);
    assert_int_equal(meshopt_decodeIndexBuffer(turned, ELEMENTS, 4, encoded, size), 0);
    assert_triangles(turned, wide);
    describe(text, size, 4, ELEMENTS, "\"mode\":\"TRIANGLES\"");
    decodes_to(encoded, size, text, turned, sizeof turned);
    for (uint32_t i = 0; i < ELEMENTS; i++)
        narrow[i] = (uint16_t)turned[i];
    describe(text, size, 2, ELEMENTS, "\"mode\":\"TRIANGLES\"");
    decodes_to(encoded, size, text, narrow, sizeof narrow);
    size = meshopt_encodeIndexSequence(encoded, CAPACITY, wide, ELEMENTS);
    describe(text, size, 4, ELEMENTS, "\"mode\":\"INDICES\",\"filter\":\"NONE\"");
    decodes_to(encoded, size, text, wide, sizeof wide);
}

/* Powers of two that the exponent alone makes. */
static void filters_are_undone(void **state)
{
    (void)state;
    float values[ELEMENTS];
    uint8_t filtered[ELEMENTS][4], encoded[CAPACITY];
    char text[256];
    for (uint32_t i = 0; i < ELEMENTS; i++)
        values[i] = ldexpf(1 + 0.25f * (float)(i % 4), (int)i - 20);
    meshopt_encodeFilterExp(filtered, ELEMENTS, 4, 15, values);
    assert_true(memcmp(filtered, values, sizeof values) != 0);
    const size_t size = encode_attributes(filtered, 4, encoded);
    describe(text, size, 4, ELEMENTS, "\"mode\":\"ATTRIBUTES\",\"filter\":\"EXPONENTIAL\"");
    decodes_to(encoded, size, text, values, sizeof values);
    float normals[ELEMENTS][4] = {{0}};
    for (uint32_t i = 0; i < ELEMENTS; i++)
        normals[i][i % 3] = 1;
    meshopt_encodeFilterOct(filtered, ELEMENTS, 4, 8, normals[0]);
    int8_t expected[ELEMENTS][4];
    memcpy(expected, filtered, sizeof expected);
    meshopt_decodeFilterOct(expected, ELEMENTS, 4);
    assert_int_equal(expected[0][0], 127);
    assert_int_equal(expected[1][1], 127);
    const size_t again = encode_attributes(filtered, 4, encoded);
    describe(text, again, 4, ELEMENTS, "\"mode\":\"ATTRIBUTES\",\"filter\":\"OCTAHEDRAL\"");
    decodes_to(encoded, again, text, expected, sizeof expected);
}

static void refuse(const uint8_t *data, size_t size, const char *extension, size_t length,
                   const char *words)
{
    fixture f;
    open_fixture(&f, data, size, extension, length);
    assert_int_equal(tdi_gltf_decode_views(&f.gltf), TD_ERROR_INPUT);
    if (!strstr(td_last_error(), words) ||
        !strstr(td_last_error(), "/bufferViews/0/extensions/EXT_meshopt_compression"))
        fail_msg("'%s' does not say '%s'", td_last_error(), words);
    close_fixture(&f);
}

static void wrong_descriptions_are_refused(void **state)
{
    (void)state;
    const uint8_t none[16] = {0};
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":4,\"count\":4", 16, "has no \"mode\"");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":4,\"count\":4,\"mode\":\"POINTS\"", 16,
           "\"POINTS\" is not known");
    refuse(none, 16, "\"byteLength\":17,\"byteStride\":4,\"count\":4,\"mode\":\"INDICES\"", 16,
           "past the end of buffer 0");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":6,\"count\":4,\"mode\":\"ATTRIBUTES\"", 24,
           "a byteStride of 6");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":260,\"count\":4,\"mode\":\"ATTRIBUTES\"",
           1040, "a byteStride of 260");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":0,\"count\":4,\"mode\":\"ATTRIBUTES\"", 0,
           "a byteStride of 0");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":8,\"count\":4,\"mode\":\"INDICES\"", 32,
           "2 or 4");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":4,\"count\":4,\"mode\":\"TRIANGLES\"", 16,
           "no number of triangles");
    refuse(none, 16,
           "\"byteLength\":16,\"byteStride\":4,\"count\":4,\"mode\":\"INDICES\","
           "\"filter\":\"OCTAHEDRAL\"",
           16, "the filter does not go");
    refuse(none, 16,
           "\"byteLength\":16,\"byteStride\":12,\"count\":4,\"mode\":\"ATTRIBUTES\","
           "\"filter\":\"QUATERNION\"",
           48, "the filter does not go");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":4,\"count\":4,\"mode\":\"ATTRIBUTES\"", 12,
           "where the view has 12 bytes");
    refuse(none, 16,
           "\"byteLength\":16,\"byteStride\":256,\"count\":4294967295,\"mode\":\"ATTRIBUTES\"", 16,
           "more than 16 bytes can hold");
    refuse(none, 16, "\"byteLength\":16,\"byteStride\":4,\"count\":4,\"mode\":\"ATTRIBUTES\"", 16,
           "damaged");
}

/* Cut off anywhere, or with any bit turned: decoded to something or refused, and nothing outside is
 * looked at. */
static void damage_does_no_harm(void **state)
{
    (void)state;
    uint8_t elements[ELEMENTS][STRIDE], encoded[CAPACITY];
    char text[256];
    make_elements(elements);
    const size_t size = encode_attributes(elements, STRIDE, encoded);
    for (size_t i = 0; i < size + 8 * size; i++) {
        const size_t length = i < size ? i : size;
        uint8_t *copy = tdi_alloc(length);
        fixture f;
        assert_non_null(copy);
        memcpy(copy, encoded, length);
        if (i >= size)
            copy[(i - size) / 8] ^= (uint8_t)(1 << (i - size) % 8);
        describe(text, length, STRIDE, ELEMENTS, "\"mode\":\"ATTRIBUTES\"");
        open_fixture(&f, copy, length, text, sizeof elements);
        const td_result result = tdi_gltf_decode_views(&f.gltf);
        assert_true(result == TD_ERROR_INPUT || (result == TD_OK && i >= size));
        close_fixture(&f);
        tdi_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_come_back), cmocka_unit_test(indices_come_back),
        cmocka_unit_test(filters_are_undone),   cmocka_unit_test(wrong_descriptions_are_refused),
        cmocka_unit_test(damage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
