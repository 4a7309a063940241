/* PNG files that are written: another decoder (libspng) must read the very pixels back. */
#include "support.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scene/png.h"

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

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Flat areas, gradients and noise beside each other, so that matches, literals and incompressible
 * stretches all occur. */
static void fill_pixels(uint8_t *pixels, size_t size, uint32_t seed)
{
    uint32_t state = seed;
    for (size_t i = 0; i < size; i++) {
        uint32_t kind = (uint32_t)(i / 97) % 3;
        pixels[i] = (uint8_t)(kind == 0 ? 7 : kind == 1 ? i / 5 : next_random(&state));
    }
}

static void check_ihdr(spng_ctx *context, const tdi_png_image *image)
{
    static const uint8_t types[5] = {[1] = 0, [3] = 2, [4] = 6};
    struct spng_ihdr ihdr;
    assert_int_equal(spng_get_ihdr(context, &ihdr), 0);
    assert_int_equal(ihdr.width, image->width);
    assert_int_equal(ihdr.height, image->height);
    assert_int_equal(ihdr.bit_depth, image->depth);
    assert_int_equal(ihdr.color_type, types[image->channels]);
    assert_int_equal(ihdr.interlace_method, 0);
    uint8_t intent = 255;
    assert_int_equal(spng_get_srgb(context, &intent), image->srgb ? 0 : SPNG_ECHUNKAVAIL);
}

/* Decodes with every checksum verified, and compares row by row. */
static void check_png(const uint8_t *data, size_t size, const tdi_png_image *image)
{
    size_t row = (size_t)image->width * image->channels * (image->depth / 8);
    size_t stride = image->row_bytes ? image->row_bytes : row;
    uint8_t *decoded = malloc(row * image->height);
    spng_ctx *context = spng_ctx_new(0);
    assert_non_null(decoded);
    assert_non_null(context);
    assert_int_equal(spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_ERROR), 0);
    assert_int_equal(spng_set_png_buffer(context, data, size), 0);
    check_ihdr(context, image);
    /* SPNG_FMT_RAW leaves 16-bit samples in the file's order, PNG_FMT_PNG in the machine's. */
    assert_int_equal(spng_decode_image(context, decoded, row * image->height, SPNG_FMT_PNG, 0), 0);
    for (uint32_t y = 0; y < image->height; y++)
        assert_memory_equal(decoded + y * row, (const uint8_t *)image->pixels + y * stride, row);
    spng_ctx_free(context);
    free(decoded);
}

static void encode_and_check(tdi_png_encoder *encoder, const tdi_png_image *image)
{
    const uint8_t *data;
    size_t size;
    assert_int_equal(tdi_png_encode(encoder, image, &data, &size), TD_OK);
    check_png(data, size, image);
    /* The file ends with IEND and nothing after it. */
    static const uint8_t end[12] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    assert_memory_equal(data + size - sizeof end, end, sizeof end);
}

static void check_library(tdi_png_deflate deflate)
{
    static const uint32_t sizes[][2] = {{1, 1}, {3, 5}, {257, 1}, {1, 300}, {33, 47}, {640, 90}};
    static const uint32_t kinds[][2] = {{1, 8}, {3, 8}, {4, 8}, {1, 16}, {3, 16}, {4, 16}};
    const size_t most = (size_t)640 * 90 * 8 + 4096;
    uint8_t *pixels = tdi_alloc(most);
    tdi_png_encoder *encoder;
    assert_non_null(pixels);
    fill_pixels(pixels, most, 42);
    if (tdi_png_encoder_create(deflate, &encoder) == TD_ERROR_UNSUPPORTED) {
        tdi_free(pixels);
        skip();
    }
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            tdi_png_image image = {
                .pixels = pixels,
                .width = sizes[s][0],
                .height = sizes[s][1],
                .channels = kinds[k][0],
                .depth = kinds[k][1],
                .srgb = k % 2 == 0,
            };
            encode_and_check(encoder, &image);
        }
    }
    tdi_png_encoder_destroy(encoder);
    tdi_free(pixels);
}

static void isal_reads_back(void **state)
{
    (void)state;
    check_library(TDI_PNG_DEFLATE_ISAL);
}

static void libdeflate_reads_back(void **state)
{
    (void)state;
    check_library(TDI_PNG_DEFLATE_LIBDEFLATE);
}

/* Larger than a portion, with rows that are not tight, and used again for smaller and larger
 * pictures: nothing of the one before may show. */
static void an_encoder_serves_many_pictures(void **state)
{
    (void)state;
    const size_t stride = 4 * 1000 + 24;
    uint8_t *pixels = tdi_alloc(stride * 300);
    tdi_png_encoder *encoder;
    assert_int_equal(tdi_png_encoder_create(TDI_PNG_DEFLATE_AUTO, &encoder), TD_OK);
    for (uint32_t round = 0; round < 4; round++) {
        fill_pixels(pixels, stride * 300, round);
        tdi_png_image image = {
            .pixels = pixels,
            .row_bytes = stride,
            .width = 1000 - 300 * (round % 2),
            .height = 300 - 100 * (round % 3),
            .channels = 4,
            .depth = 8,
            .srgb = true,
        };
        encode_and_check(encoder, &image);
    }
    tdi_png_encoder_destroy(encoder);
    tdi_free(pixels);
}

/* Noise grows when it is compressed: the output must make room. */
static void noise_fits(void **state)
{
    (void)state;
    static const tdi_png_deflate libraries[2] = {TDI_PNG_DEFLATE_AUTO, TDI_PNG_DEFLATE_LIBDEFLATE};
    const size_t size = (size_t)701 * 503 * 4;
    uint8_t *pixels = tdi_alloc(size);
    uint32_t random = 5;
    for (size_t i = 0; i < size; i++)
        pixels[i] = (uint8_t)next_random(&random);
    for (int i = 0; i < 2; i++) {
        tdi_png_encoder *encoder;
        assert_int_equal(tdi_png_encoder_create(libraries[i], &encoder), TD_OK);
        tdi_png_image image = {
            .pixels = pixels, .width = 701, .height = 503, .channels = 4, .depth = 8};
        encode_and_check(encoder, &image);
        tdi_png_encoder_destroy(encoder);
    }
    tdi_free(pixels);
}

static void impossible_pictures_are_refused(void **state)
{
    (void)state;
    static const uint8_t pixels[64];
    const tdi_png_image good = {
        .pixels = pixels, .width = 2, .height = 2, .channels = 4, .depth = 8};
    tdi_png_image bad[7] = {good, good, good, good, good, good, good};
    bad[0].width = 0;
    bad[1].height = 0;
    bad[2].channels = 2;
    bad[3].depth = 4;
    bad[4].row_bytes = 7;
    bad[5].pixels = NULL;
    bad[6].width = TDI_PNG_MOST_SIDE + 1;
    tdi_png_encoder *encoder;
    assert_int_equal(tdi_png_encoder_create(TDI_PNG_DEFLATE_AUTO, &encoder), TD_OK);
    for (size_t i = 0; i < 7; i++) {
        const uint8_t *data = NULL;
        size_t size = 0;
        assert_int_equal(tdi_png_encode(encoder, &bad[i], &data, &size), TD_ERROR_ARGUMENT);
        assert_null(data);
    }
    encode_and_check(encoder, &good);
    tdi_png_encoder_destroy(encoder);
}

static td_result encode_once(tdi_png_deflate deflate)
{
    static const uint8_t pixels[4 * 64 * 64];
    tdi_png_image image = {.pixels = pixels, .width = 64, .height = 64, .channels = 4, .depth = 8};
    tdi_png_encoder *encoder;
    const uint8_t *data;
    size_t size;
    TDI_TRY(tdi_png_encoder_create(deflate, &encoder));
    td_result result = tdi_png_encode(encoder, &image, &data, &size);
    if (result == TD_ERROR_HOST_MEMORY) {
        /* The encoder can be used on. */
        assert_int_equal(tdi_png_encode(encoder, &image, &data, &size), TD_OK);
        check_png(data, size, &image);
    }
    tdi_png_encoder_destroy(encoder);
    return result;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const tdi_png_deflate libraries[2] = {TDI_PNG_DEFLATE_AUTO, TDI_PNG_DEFLATE_LIBDEFLATE};
    for (int i = 0; i < 2; i++) {
        for (uint32_t nth = 1;; nth++) {
            support_fail_allocation(nth);
            td_result result = encode_once(libraries[i]);
            if (!support_allocation_failed())
                break;
            assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        }
        support_fail_allocation(0);
        assert_int_equal(encode_once(libraries[i]), TD_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isal_reads_back),
        cmocka_unit_test(libdeflate_reads_back),
        cmocka_unit_test(an_encoder_serves_many_pictures),
        cmocka_unit_test(noise_fits),
        cmocka_unit_test(impossible_pictures_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("png", tests, use_allocator, restore_allocator);
}
