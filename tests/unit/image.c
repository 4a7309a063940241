/* Decoding of pictures: every kind of PNG and JPEG, and what is refused with which sentence. */
#include "support.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "base/memory.h"
#include "scene/image.h"
#include "scene/mipmap.h"

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

/* A file in memory, allocated by tandem. */
typedef struct file {
    uint8_t *data;
    size_t size;
} file;

static file keep(const void *data, size_t size)
{
    file f = {tdi_alloc(size), size};
    assert_non_null(f.data);
    memcpy(f.data, data, size);
    return f;
}

static file make_png(uint32_t width, uint32_t height, int color_type, int depth, const void *pixels,
                     size_t size)
{
    struct spng_ihdr ihdr = {
        .width = width,
        .height = height,
        .bit_depth = (uint8_t)depth,
        .color_type = (uint8_t)color_type,
    };
    spng_ctx *context = spng_ctx_new(SPNG_CTX_ENCODER);
    assert_int_equal(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1), 0);
    assert_int_equal(spng_set_ihdr(context, &ihdr), 0);
    if (color_type == SPNG_COLOR_TYPE_INDEXED) {
        struct spng_plte palette = {2, {{10, 20, 30, 0}, {40, 50, 60, 0}}};
        struct spng_trns alpha = {.n_type3_entries = 2, .type3_alpha = {255, 77}};
        assert_int_equal(spng_set_plte(context, &palette), 0);
        assert_int_equal(spng_set_trns(context, &alpha), 0);
    }
    assert_int_equal(spng_encode_image(context, pixels, size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE),
                     0);
    int error;
    size_t bytes;
    void *data = spng_get_png_buffer(context, &bytes, &error);
    assert_non_null(data);
    file f = keep(data, bytes);
    free(data);
    spng_ctx_free(context);
    return f;
}

static void check_decoded(file f, uint32_t width, uint32_t height, const uint8_t *expected)
{
    tdi_image_header header;
    assert_int_equal(tdi_image_read_header(f.data, f.size, &header), TD_OK);
    assert_int_equal(header.format, TDI_IMAGE_PNG);
    assert_int_equal(header.width, width);
    assert_int_equal(header.height, height);
    uint8_t *pixels = tdi_alloc((size_t)4 * width * height);
    assert_int_equal(tdi_image_decode(f.data, f.size, &header, pixels), TD_OK);
    assert_memory_equal(pixels, expected, (size_t)4 * width * height);
    tdi_free(pixels);
    tdi_free(f.data);
}

static void every_kind_of_png_becomes_rgba(void **state)
{
    (void)state;
    const uint8_t grey[2] = {9, 200};
    const uint8_t bits[1] = {0x40}; /* 0, then 1 */
    const uint8_t rgb[6] = {1, 2, 3, 4, 5, 6};
    const uint8_t grey_alpha[4] = {9, 100, 200, 255};
    const uint8_t rgba[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint16_t deep[6] = {0x1234, 0x5678, 0x9ABC, 0xDEF0, 0x0000, 0xFFFF};
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_GRAYSCALE, 8, grey, 2), 2, 1,
                  (const uint8_t[]){9, 9, 9, 255, 200, 200, 200, 255});
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_GRAYSCALE, 1, bits, 1), 2, 1,
                  (const uint8_t[]){0, 0, 0, 255, 255, 255, 255, 255});
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_TRUECOLOR, 8, rgb, 6), 2, 1,
                  (const uint8_t[]){1, 2, 3, 255, 4, 5, 6, 255});
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_INDEXED, 1, bits, 1), 2, 1,
                  (const uint8_t[]){10, 20, 30, 255, 40, 50, 60, 77});
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 8, grey_alpha, 4), 2, 1,
                  (const uint8_t[]){9, 9, 9, 100, 200, 200, 200, 255});
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, rgba, 8), 2, 1, rgba);
    check_decoded(make_png(2, 1, SPNG_COLOR_TYPE_TRUECOLOR, 16, deep, 12), 2, 1,
                  (const uint8_t[]){0x12, 0x56, 0x9A, 255, 0xDE, 0x00, 0xFF, 255});
}

static file make_jpeg(int width, int height, int format, int sampling, const uint8_t *pixels)
{
    tjhandle handle = tjInitCompress();
    unsigned char *data = NULL;
    unsigned long size = 0;
    assert_int_equal(tjCompress2(handle, pixels, width, 0, height, format, &data, &size, sampling,
                                 95, TJFLAG_ACCURATEDCT),
                     0);
    file f = keep(data, size);
    tjFree(data);
    tjDestroy(handle);
    return f;
}

static void jpeg_keeps_its_colours(void **state)
{
    (void)state;
    uint8_t pixels[40 * 24 * 3];
    for (int i = 0; i < 40 * 24; i++) {
        bool left = i % 40 < 16;
        pixels[3 * i] = left ? 200 : 20;
        pixels[3 * i + 1] = left ? 40 : 160;
        pixels[3 * i + 2] = left ? 60 : 90;
    }
    for (int grey = 0; grey < 2; grey++) {
        file f = make_jpeg(40, 24, TJPF_RGB, grey ? TJSAMP_GRAY : TJSAMP_444, pixels);
        tdi_image_header header;
        uint8_t out[40 * 24 * 4];
        assert_int_equal(tdi_image_read_header(f.data, f.size, &header), TD_OK);
        assert_int_equal(header.format, TDI_IMAGE_JPEG);
        assert_int_equal(header.width, 40);
        assert_int_equal(header.height, 24);
        assert_int_equal(tdi_image_decode(f.data, f.size, &header, out), TD_OK);
        for (int i = 0; i < 40 * 24; i++) {
            const uint8_t *p = pixels + 3 * i;
            /* ITU-T T.871, section 7. */
            int luma = (299 * p[0] + 587 * p[1] + 114 * p[2]) / 1000;
            for (int c = 0; c < 3; c++)
                assert_in_range(out[4 * i + c] + 6 - (grey ? luma : p[c]), 0, 12);
            assert_int_equal(out[4 * i + 3], 255);
        }
        tdi_free(f.data);
    }
}

static void expect_refusal(const void *data, size_t size, const char *part)
{
    tdi_image_header header;
    assert_int_equal(tdi_image_read_header(data, size, &header), TD_ERROR_INPUT);
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" lacks \"%s\"", td_last_error(), part);
}

static void other_formats_are_named(void **state)
{
    (void)state;
    expect_refusal("", 0, "is empty");
    expect_refusal("GIF89a......", 12, "neither PNG nor JPEG");
    expect_refusal("RIFF....WEBPVP8 ", 16, "WebP");
    expect_refusal("\xABKTX 20\xBB\r\n\x1A\n", 12, "KTX");
    expect_refusal("\x89PNG\r\n\x1A\n", 8, "damaged");
    expect_refusal("\xFF\xD8\xFF", 3, "damaged");
}

static void cmyk_is_refused(void **state)
{
    (void)state;
    static const uint8_t pixels[8 * 8 * 4];
    file f = make_jpeg(8, 8, TJPF_CMYK, TJSAMP_444, pixels);
    expect_refusal(f.data, f.size, "CMYK");
    tdi_free(f.data);
}

static uint32_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Writes another size into the header of a small PNG. */
static void claim_size(file f, uint32_t width, uint32_t height)
{
    put_u32(f.data + 16, width);
    put_u32(f.data + 20, height);
    put_u32(f.data + 29, crc_of(f.data + 12, 17));
}

static void pictures_that_claim_too_much_are_refused(void **state)
{
    (void)state;
    static const uint8_t pixels[16 * 16 * 3];
    file png = make_png(16, 16, SPNG_COLOR_TYPE_TRUECOLOR, 8, pixels, sizeof pixels);
    claim_size(png, 16384, 16384);
    expect_refusal(png.data, png.size, "cannot hold");
    claim_size(png, 16385, 16);
    expect_refusal(png.data, png.size, "at most 16384 x 16384");
    tdi_free(png.data);
    file jpeg = make_jpeg(16, 16, TJPF_RGB, TJSAMP_420, pixels);
    for (size_t i = 0; i + 9 < jpeg.size; i++) {
        if (jpeg.data[i] != 0xFF || jpeg.data[i + 1] != 0xC0)
            continue;
        memset(jpeg.data + i + 5, 0x3F, 4);
        break;
    }
    expect_refusal(jpeg.data, jpeg.size, "cannot hold");
    tdi_free(jpeg.data);
}

/* Each byte in turn, and each length: an error or a picture, and nothing else. */
static void damage_never_crashes(void **state)
{
    (void)state;
    uint8_t pixels[16 * 12 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 7);
    file files[2] = {make_png(16, 12, SPNG_COLOR_TYPE_TRUECOLOR, 8, pixels, sizeof pixels),
                     make_jpeg(16, 12, TJPF_RGB, TJSAMP_420, pixels)};
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < 2 * files[k].size; i++) {
            bool cut = i >= files[k].size;
            size_t at = i % files[k].size;
            tdi_image image = {.encoded = tdi_alloc(files[k].size + 1),
                               .encoded_bytes = cut ? at : files[k].size};
            memcpy(image.encoded, files[k].data, files[k].size);
            if (!cut)
                image.encoded[at] ^= 0x55;
            td_result result = tdi_image_prepare(&image, NULL);
            /* Nobody needs the checksum of the empty chunk at the end, nor all of the chunk. */
            if (k == 0 && at + (cut ? 4 : 12) < files[k].size)
                assert_int_equal(result, TD_ERROR_INPUT);
            assert_true(result == TD_OK || result == TD_ERROR_INPUT);
            tdi_free(image.encoded);
            tdi_free(image.pixels);
        }
        tdi_free(files[k].data);
    }
}

static void preparation_makes_the_chain(void **state)
{
    (void)state;
    const uint8_t pixels[2 * 2 * 4] = {0,   0,   0,   255, 255, 255, 255, 255,
                                       255, 255, 255, 255, 0,   0,   0,   255};
    file f = make_png(2, 2, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, pixels, sizeof pixels);
    tdi_image image = {
        .encoded = f.data, .encoded_bytes = f.size, .uses = TDI_IMAGE_USED_SRGB, .has_alpha = true};
    assert_int_equal(tdi_image_prepare(&image, NULL), TD_OK);
    assert_null(image.encoded);
    assert_int_equal(image.levels, 2);
    assert_int_equal(image.pixel_bytes, 20);
    assert_false(image.has_alpha);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    assert_int_equal(image.pixels[16], 188); /* half the light, in sRGB */
    const uint8_t *before = image.pixels;
    assert_int_equal(tdi_image_prepare(&image, NULL), TD_OK);
    assert_ptr_equal(image.pixels, before);
    tdi_free(image.pixels);
}

/* A failure leaves the image as it was. */
static void a_bad_image_stays_encoded(void **state)
{
    (void)state;
    static const uint8_t pixels[64 * 64 * 3];
    file f = make_png(64, 64, SPNG_COLOR_TYPE_TRUECOLOR, 8, pixels, sizeof pixels);
    tdi_image image = {.encoded = f.data, .encoded_bytes = 60};
    assert_int_equal(tdi_image_prepare(&image, NULL), TD_ERROR_INPUT);
    assert_ptr_equal(image.encoded, f.data);
    assert_int_equal(image.encoded_bytes, 60);
    assert_null(image.pixels);
    tdi_free(f.data);
}

static td_result prepare_copy(const file *f)
{
    file copy = keep(f->data, f->size);
    tdi_image image = {.encoded = copy.data, .encoded_bytes = copy.size};
    td_result result = tdi_image_prepare(&image, NULL);
    tdi_free(image.encoded);
    tdi_free(image.pixels);
    return result;
}

/* The decoders' own memory too, where they let us give it. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const uint8_t pixels[16 * 16 * 3];
    file files[2] = {make_png(16, 16, SPNG_COLOR_TYPE_TRUECOLOR, 8, pixels, sizeof pixels),
                     make_jpeg(16, 16, TJPF_RGB, TJSAMP_420, pixels)};
    for (int k = 0; k < 2; k++) {
        for (uint32_t nth = 2;; nth++) {
            support_fail_allocation(nth);
            td_result result = prepare_copy(&files[k]);
            if (!support_allocation_failed())
                break;
            assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        }
        support_fail_allocation(0);
        assert_int_equal(prepare_copy(&files[k]), TD_OK);
        tdi_free(files[k].data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_png_becomes_rgba),
        cmocka_unit_test(jpeg_keeps_its_colours),
        cmocka_unit_test(other_formats_are_named),
        cmocka_unit_test(cmyk_is_refused),
        cmocka_unit_test(pictures_that_claim_too_much_are_refused),
        cmocka_unit_test(damage_never_crashes),
        cmocka_unit_test(preparation_makes_the_chain),
        cmocka_unit_test(a_bad_image_stays_encoded),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("image", tests, use_allocator, restore_allocator);
}
