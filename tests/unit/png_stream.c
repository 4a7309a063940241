/* PNG files that are written while their rows come: another decoder reads the very pixels back, and
 * the bytes do not depend on how the rows came. */
#include "support.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scene/png_stream.h"

enum { WIDTH = 701, HEIGHT = 903 };

/* What was written so far. */
typedef struct output {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t most;         /* that came at once */
    uint32_t calls_left; /* before a failure */
} output;

static td_result take(void *user, const void *data, size_t size)
{
    output *out = user;
    if (out->calls_left-- == 0)
        return tdi_fail(TD_ERROR_IO, "the disk is full");
    TDI_TRY(tdi_grow((void **)&out->data, &out->capacity, out->size + size, 1));
    memcpy(out->data + out->size, data, size);
    out->size += size;
    out->most = size > out->most ? size : out->most;
    return TD_OK;
}

static int use_allocator(void **state)
{
    (void)state;
    support_use_allocator();
    return 0;
}

static int restore_allocator(void **state)
{
    (void)state;
    support_restore_allocator();
    return 0;
}

/* Noise, so that the file has several chunks, and flat stretches. */
static uint8_t *make_pixels(size_t size)
{
    uint8_t *pixels = malloc(size);
    uint32_t random = 7;
    assert_non_null(pixels);
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525u + 1013904223u;
        pixels[i] = (uint8_t)(i / 4096 % 8 == 0 ? 9 : random >> 24);
    }
    return pixels;
}

static tdi_png_image picture(uint32_t channels, uint32_t depth)
{
    return (tdi_png_image){
        .width = WIDTH, .height = HEIGHT, .channels = channels, .depth = depth, .srgb = true};
}

static void check_png(const output *out, const tdi_png_image *image, const uint8_t *pixels)
{
    const size_t size = (size_t)WIDTH * HEIGHT * image->channels * (image->depth / 8);
    uint8_t *decoded = malloc(size);
    spng_ctx *context = spng_ctx_new(0);
    assert_non_null(decoded);
    assert_int_equal(spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_ERROR), 0);
    assert_int_equal(spng_set_png_buffer(context, out->data, out->size), 0);
    assert_int_equal(spng_decode_image(context, decoded, size, SPNG_FMT_PNG, 0), 0);
    assert_memory_equal(decoded, pixels, size);
    spng_ctx_free(context);
    free(decoded);
}

/* The whole picture, `rows` rows at a time. */
static td_result write_picture(tdi_png_stream *stream, const tdi_png_image *image,
                               const uint8_t *pixels, uint32_t rows, output *out)
{
    const size_t row_bytes = (size_t)WIDTH * image->channels * (image->depth / 8);
    out->size = 0;
    TDI_TRY(tdi_png_stream_begin(stream, image, take, out));
    for (uint32_t y = 0; y < HEIGHT; y += rows) {
        const uint32_t count = rows < HEIGHT - y ? rows : HEIGHT - y;
        /* The rows of one call are gone when the next come. */
        uint8_t *lent = malloc(count * row_bytes);
        assert_non_null(lent);
        memcpy(lent, pixels + y * row_bytes, count * row_bytes);
        const td_result result = tdi_png_stream_rows(stream, lent, 0, count);
        memset(lent, 0xA5, count * row_bytes);
        free(lent);
        TDI_TRY(result);
    }
    return tdi_png_stream_end(stream);
}

static void check_kind(tdi_png_stream *stream, uint32_t channels, uint32_t depth)
{
    static const uint32_t steps[] = {HEIGHT, 1, 7, 64, 500};
    const tdi_png_image image = picture(channels, depth);
    uint8_t *pixels = make_pixels((size_t)WIDTH * HEIGHT * channels * (depth / 8));
    output first = {.calls_left = UINT32_MAX};
    assert_int_equal(write_picture(stream, &image, pixels, steps[0], &first), TD_OK);
    check_png(&first, &image, pixels);
    assert_in_range(first.most, 1, 1024 * 1024 + 12);
    for (size_t i = 1; i < sizeof steps / sizeof steps[0]; i++) {
        output again = {.calls_left = UINT32_MAX};
        assert_int_equal(write_picture(stream, &image, pixels, steps[i], &again), TD_OK);
        assert_int_equal(again.size, first.size);
        assert_memory_equal(again.data, first.data, first.size);
        tdi_free(again.data);
    }
    tdi_free(first.data);
    free(pixels);
}

static void check_library(tdi_png_deflate deflate, const char *name)
{
    tdi_png_stream *stream;
    if (tdi_png_stream_create(deflate, &stream) == TD_ERROR_UNSUPPORTED)
        skip();
    assert_string_equal(tdi_png_stream_library(deflate), name);
    check_kind(stream, 4, 8);
    check_kind(stream, 1, 16);
    check_kind(stream, 3, 8);
    tdi_png_stream_destroy(stream);
}

static void isal_reads_back(void **state)
{
    (void)state;
    check_library(TDI_PNG_DEFLATE_ISAL, "ISA-L");
}

static void zlib_reads_back(void **state)
{
    (void)state;
    check_library(TDI_PNG_DEFLATE_LIBDEFLATE, "zlib");
}

/* Where ISA-L writes both, a file is the same whether it was written at once or in parts. */
static void the_encoder_writes_the_same_file(void **state)
{
    (void)state;
    tdi_png_stream *stream;
    tdi_png_encoder *encoder;
    if (tdi_png_stream_create(TDI_PNG_DEFLATE_ISAL, &stream) == TD_ERROR_UNSUPPORTED)
        skip();
    assert_int_equal(tdi_png_encoder_create(TDI_PNG_DEFLATE_ISAL, &encoder), TD_OK);
    tdi_png_image image = picture(4, 8);
    uint8_t *pixels = make_pixels((size_t)WIDTH * HEIGHT * 4);
    output out = {.calls_left = UINT32_MAX};
    assert_int_equal(write_picture(stream, &image, pixels, 100, &out), TD_OK);
    const uint8_t *data;
    size_t size;
    image.pixels = pixels;
    assert_int_equal(tdi_png_encode(encoder, &image, &data, &size), TD_OK);
    assert_int_equal(size, out.size);
    assert_memory_equal(data, out.data, size);
    tdi_free(out.data);
    free(pixels);
    tdi_png_encoder_destroy(encoder);
    tdi_png_stream_destroy(stream);
}

static void rows_are_counted(void **state)
{
    (void)state;
    tdi_png_stream *stream;
    const tdi_png_image image = picture(4, 8);
    uint8_t *pixels = make_pixels((size_t)WIDTH * HEIGHT * 4);
    output out = {.calls_left = UINT32_MAX};
    assert_int_equal(tdi_png_stream_create(TDI_PNG_DEFLATE_AUTO, &stream), TD_OK);
    assert_int_equal(tdi_png_stream_begin(stream, &image, take, &out), TD_OK);
    assert_int_equal(tdi_png_stream_rows(stream, pixels, 0, HEIGHT - 1), TD_OK);
    assert_int_equal(tdi_png_stream_end(stream), TD_ERROR_STATE);
    assert_int_equal(tdi_png_stream_rows(stream, pixels, 0, 2), TD_ERROR_ARGUMENT);
    assert_int_equal(tdi_png_stream_rows(stream, pixels, 0, 1), TD_OK);
    assert_int_equal(tdi_png_stream_end(stream), TD_OK);
    tdi_png_image bad = image;
    bad.width = 0;
    assert_int_equal(tdi_png_stream_begin(stream, &bad, take, &out), TD_ERROR_ARGUMENT);
    tdi_free(out.data);
    free(pixels);
    tdi_png_stream_destroy(stream);
}

/* Whenever the output takes no more, that is told, and the next picture is good again. */
static void failing_output_is_told(void **state)
{
    (void)state;
    const tdi_png_image image = picture(4, 8);
    uint8_t *pixels = make_pixels((size_t)WIDTH * HEIGHT * 4);
    for (int library = 0; library < 2; library++) {
        tdi_png_stream *stream;
        output out = {0};
        td_result result = TD_ERROR_IO;
        uint32_t calls = 0;
        assert_int_equal(
            tdi_png_stream_create(library == 0 ? TDI_PNG_DEFLATE_AUTO : TDI_PNG_DEFLATE_LIBDEFLATE,
                                  &stream),
            TD_OK);
        for (; result != TD_OK; calls++) {
            out.calls_left = calls;
            result = write_picture(stream, &image, pixels, 50, &out);
            assert_true(result == TD_OK || result == TD_ERROR_IO);
        }
        /* Header, at least two chunks of data, end. */
        assert_true(calls > 4);
        check_png(&out, &image, pixels);
        tdi_free(out.data);
        tdi_png_stream_destroy(stream);
    }
    free(pixels);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const uint8_t pixels[4 * 64];
    const tdi_png_image image = {.width = 64, .height = 1, .channels = 4, .depth = 8};
    for (int library = 0; library < 2; library++) {
        for (uint32_t nth = 1;; nth++) {
            tdi_png_stream *stream = NULL;
            output out = {.calls_left = UINT32_MAX};
            support_fail_allocation(nth);
            td_result result = tdi_png_stream_create(
                library == 0 ? TDI_PNG_DEFLATE_AUTO : TDI_PNG_DEFLATE_LIBDEFLATE, &stream);
            if (result == TD_OK)
                result = tdi_png_stream_begin(stream, &image, take, &out);
            if (result == TD_OK)
                result = tdi_png_stream_rows(stream, pixels, 0, 1);
            if (result == TD_OK)
                result = tdi_png_stream_end(stream);
            const bool failed = support_allocation_failed();
            tdi_png_stream_destroy(stream);
            tdi_free(out.data);
            assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
            if (!failed)
                break;
        }
        support_fail_allocation(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isal_reads_back),
        cmocka_unit_test(zlib_reads_back),
        cmocka_unit_test(the_encoder_writes_the_same_file),
        cmocka_unit_test(rows_are_counted),
        cmocka_unit_test(failing_output_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, use_allocator, restore_allocator);
}
