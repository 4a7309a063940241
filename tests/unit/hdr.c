/* Radiance pictures: the three ways in which rows are written, headers, and damage. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "scene/environment_map.h"
#include "scene/hdr.h"

#define START "#?RADIANCE\n# made for a test\nFORMAT=32-bit_rle_rgbe\n"

typedef struct file {
    uint8_t bytes[4096];
    size_t size;
} file;

static file make_file(const char *header, const uint8_t *rows, size_t size)
{
    file f;
    f.size = strlen(header);
    memcpy(f.bytes, header, f.size);
    memcpy(f.bytes + f.size, rows, size);
    f.size += size;
    return f;
}

typedef struct picture {
    uint32_t width, rows;
    float rgb[64][3];
} picture;

static void take_row(void *user, uint32_t row, const float *rgb)
{
    picture *p = user;
    assert_int_equal(row, p->rows++);
    memcpy(p->rgb[(size_t)row * p->width], rgb, 3 * p->width * sizeof(float));
}

static td_result read_bytes(const uint8_t *bytes, size_t size, picture *out)
{
    tdi_hdr hdr;
    *out = (picture){0};
    td_result result = tdi_hdr_open(bytes, size, "x.hdr", &hdr);
    if (result != TD_OK)
        return result;
    out->width = hdr.width;
    return tdi_hdr_read(&hdr, bytes, size, "x.hdr", take_row, out);
}

static td_result read_file(const file *f, picture *out)
{
    return read_bytes(f->bytes, f->size, out);
}

static void assert_pixel(const float found[3], double r, double g, double b)
{
    assert_float_equal(found[0], r, 1e-6);
    assert_float_equal(found[1], g, 1e-6);
    assert_float_equal(found[2], b, 1e-6);
}

static void flat_pixels(void **state)
{
    (void)state;
    const uint8_t rows[] = {128, 64, 32, 129, 0, 0, 0, 0, 255, 0, 1, 136, 16, 16, 16, 130};
    const file f = make_file(START "\n-Y 2 +X 2\n", rows, sizeof rows);
    picture p;
    assert_int_equal(read_file(&f, &p), TD_OK);
    assert_int_equal(p.rows, 2);
    assert_pixel(p.rgb[0], 1, 0.5, 0.25);
    assert_pixel(p.rgb[1], 0, 0, 0);
    assert_pixel(p.rgb[2], 255, 0, 1);
    assert_pixel(p.rgb[3], 0.25, 0.25, 0.25);
}

static void exposures_are_taken_out(void **state)
{
    (void)state;
    const uint8_t rows[] = {128, 128, 128, 129};
    const file f = make_file(START "EXPOSURE=  2.0\nEXPOSURE=4\n\n-Y 1 +X 1\n", rows, sizeof rows);
    picture p;
    assert_int_equal(read_file(&f, &p), TD_OK);
    assert_pixel(p.rgb[0], 0.125, 0.125, 0.125);
}

static void repeated_pixels(void **state)
{
    (void)state;
    const uint8_t rows[] = {128, 0, 0, 129, 1, 1, 1, 2, 0, 128, 0, 129};
    const file f = make_file(START "\n-Y 1 +X 4\n", rows, sizeof rows);
    picture p;
    assert_int_equal(read_file(&f, &p), TD_OK);
    for (uint32_t x = 0; x < 3; x++)
        assert_pixel(p.rgb[x], 1, 0, 0);
    assert_pixel(p.rgb[3], 0, 1, 0);
}

/* A run and a piece as it is in each channel. */
static const uint8_t encoded[] = {
    2, 2, 0, 9, 128 + 8, 128, 1, 64, 128 + 9, 32, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 128 + 9, 129,
};

static void runs_of_channels(void **state)
{
    (void)state;
    const file f = make_file(START "\n-Y 1 +X 9\n", encoded, sizeof encoded);
    picture p;
    assert_int_equal(read_file(&f, &p), TD_OK);
    for (uint32_t x = 0; x < 9; x++)
        assert_pixel(p.rgb[x], x < 8 ? 1 : 0.5, 0.25, (x + 1) / 128.0);
}

static void assert_refused(const char *header, const uint8_t *rows, size_t size, td_result code,
                           const char *words)
{
    const file f = make_file(header, rows, size);
    picture p;
    assert_int_equal(read_file(&f, &p), code);
    if (!strstr(td_last_error(), words))
        fail_msg("'%s' does not say '%s'", td_last_error(), words);
    assert_non_null(strstr(td_last_error(), "x.hdr: byte "));
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    const uint8_t none[1] = {0};
    assert_refused("P6\n", none, 0, TD_ERROR_INPUT, "no Radiance picture");
    assert_refused("#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n", none, 0,
                   TD_ERROR_UNSUPPORTED, "another format");
    assert_refused(START, none, 0, TD_ERROR_INPUT, "the header of a Radiance picture ends here");
    assert_refused(START "\n", none, 0, TD_ERROR_INPUT, "ends here");
    assert_refused(START "EXPOSURE=0\n\n-Y 1 +X 1\n", none, 0, TD_ERROR_INPUT, "EXPOSURE");
    assert_refused(START "EXPOSURE=much\n\n-Y 1 +X 1\n", none, 0, TD_ERROR_INPUT, "EXPOSURE");
    assert_refused(START "EXPOSURE=1e-300\nEXPOSURE=1e-300\n\n-Y 1 +X 1\n", none, 0, TD_ERROR_INPUT,
                   "EXPOSURE");
    assert_refused(START "\n+X 4 +Y 4\n", none, 0, TD_ERROR_UNSUPPORTED, "upper left");
    assert_refused(START "\n-Y 0 +X 4\n", none, 0, TD_ERROR_INPUT, "-Y height +X width");
    assert_refused(START "\n-Y 4 +X 32769\n", none, 0, TD_ERROR_INPUT, "1 to 32768");
    assert_refused(START "\n-Y 32768 +X 32768\n", none, 0, TD_ERROR_UNSUPPORTED, "134 million");
    assert_refused(START "\n-Y 4 +X 4 \n", none, 0, TD_ERROR_INPUT, "-Y height +X width");
}

static void damaged_rows_are_refused(void **state)
{
    (void)state;
    const uint8_t first_repeat[] = {1, 1, 1, 1};
    const uint8_t long_repeat[] = {9, 9, 9, 9, 1, 1, 1, 9};
    const uint8_t other_width[] = {2, 2, 0, 8, 0};
    const uint8_t long_run[] = {2, 2, 0, 9, 128 + 10, 1};
    const uint8_t no_run[] = {2, 2, 0, 9, 0, 1};
    assert_refused(START "\n-Y 1 +X 4\n", first_repeat, 4, TD_ERROR_INPUT, "past the end");
    assert_refused(START "\n-Y 1 +X 4\n", long_repeat, 8, TD_ERROR_INPUT, "past the end");
    assert_refused(START "\n-Y 1 +X 9\n", other_width, 5, TD_ERROR_INPUT, "another width");
    assert_refused(START "\n-Y 1 +X 9\n", long_run, 6, TD_ERROR_INPUT, "a run of a row");
    assert_refused(START "\n-Y 1 +X 9\n", no_run, 6, TD_ERROR_INPUT, "a run of a row");
}

/* Wherever the file ends; nothing behind it is looked at. */
static void cut_off_pictures_are_refused(void **state)
{
    (void)state;
    const file whole = make_file(START "\n-Y 1 +X 9\n", encoded, sizeof encoded);
    picture p;
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *cut = tdi_alloc(size);
        assert_non_null(cut);
        memcpy(cut, whole.bytes, size);
        assert_int_equal(read_bytes(cut, size, &p), TD_ERROR_INPUT);
        tdi_free(cut);
    }
}

static void flipped_bits_do_no_harm(void **state)
{
    (void)state;
    const file whole = make_file(START "\n-Y 1 +X 9\n", encoded, sizeof encoded);
    for (size_t bit = 0; bit < 8 * whole.size; bit++) {
        file f = whole;
        picture p;
        tdi_hdr hdr;
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (tdi_hdr_open(f.bytes, f.size, "x.hdr", &hdr) == TD_OK &&
            hdr.width * (uint64_t)hdr.height <= 64)
            (void)read_file(&f, &p);
    }
}

/* ---- maps ---- */

static tdi_environment_map make_map(const float *pixels, uint32_t width, uint32_t height)
{
    const td_environment_params params = {.pixels = pixels, .width = width, .height = height};
    tdi_environment_map map = {0};
    assert_int_equal(tdi_environment_map_make(&params, &map), TD_OK);
    return map;
}

static void uniform_light_stays_so(void **state)
{
    (void)state;
    const float pixels[3 * 3][3] = {{2, 1, 3}, {2, 1, 3}, {2, 1, 3}, {2, 1, 3}, {2, 1, 3},
                                    {2, 1, 3}, {2, 1, 3}, {2, 1, 3}, {2, 1, 3}};
    tdi_environment_map map = make_map(pixels[0], 3, 3);
    for (uint32_t c = 0; c < 3; c++) {
        assert_float_equal(map.irradiance[0][c], pixels[0][c], 1e-4);
        for (uint32_t i = 1; i < TDI_IRRADIANCE_TERMS; i++)
            assert_float_equal(map.irradiance[i][c], 0, 1e-3);
        for (uint32_t i = 0; i < TDI_ENVIRONMENT_WIDTH * TDI_ENVIRONMENT_HEIGHT; i++)
            assert_float_equal(map.pixels[3 * i + c], pixels[0][c], 1e-4);
    }
    tdi_environment_map_free(&map);
}

/* Light 1 from the upper half: irradiance over pi is (1 + y) / 2, which has terms of orders 0 and 1
 * only but for odd ones above 2. */
static void a_bright_half_lights_as_half_a_sphere(void **state)
{
    (void)state;
    const float pixels[2][3] = {{1, 1, 1}, {0, 0, 0}};
    tdi_environment_map map = make_map(pixels[0], 1, 2);
    const double expected[TDI_IRRADIANCE_TERMS] = {0.5, 0.5};
    for (uint32_t i = 0; i < TDI_IRRADIANCE_TERMS; i++)
        assert_float_equal(map.irradiance[i][0], expected[i], 1e-3);
    tdi_environment_map_free(&map);
}

static double unpack(uint32_t texel, uint32_t channel)
{
    return ldexp((double)(texel >> 9 * channel & 511), (int)(texel >> 27) - 15 - 9);
}

static void texels_are_as_near_as_nine_bits_get(void **state)
{
    (void)state;
    const float colors[][3] = {{0, 0, 0},       {1, 1, 1},         {0.75f, 0.5f, 0.001f},
                               {511.9f, 3, 40}, {65408, 65408, 1}, {1e9f, 2, 3},
                               {1e-9f, 0, 0},   {3e-5f, 1e-5f, 0}, {0.9999f, 0.3f, 0.1f}};
    for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++) {
        const uint32_t texel = tdi_pack_shared_exponent(colors[i]);
        const double most = fmin(65408, fmax(colors[i][0], fmax(colors[i][1], colors[i][2])));
        for (uint32_t c = 0; c < 3; c++) {
            const double expected = fmin(65408, (double)colors[i][c]);
            if (fabs(unpack(texel, c) - expected) > fmax(most / 511, 1e-7))
                fail_msg("colour %zu, channel %u: %g instead of %g", i, c, unpack(texel, c),
                         expected);
        }
    }
}

static void levels_are_means(void **state)
{
    (void)state;
    const float pixels[2][3] = {{4, 0, 1}, {0, 2, 1}};
    tdi_environment_map map = make_map(pixels[0], 2, 1);
    uint32_t *texels = tdi_environment_map_pack(&map);
    assert_non_null(texels);
    const uint32_t last = texels[tdi_environment_texels(TDI_ENVIRONMENT_LEVELS) - 1];
    assert_float_equal(unpack(last, 0), 2, 0.01);
    assert_float_equal(unpack(last, 1), 1, 0.01);
    assert_float_equal(unpack(texels[0], 0), 4, 0.01);
    assert_float_equal(unpack(texels[TDI_ENVIRONMENT_WIDTH - 1], 1), 2, 0.01);
    tdi_free(texels);
    tdi_environment_map_free(&map);
}

static void impossible_pixels_are_refused(void **state)
{
    (void)state;
    const float bad[][3] = {{-1, 0, 0}, {0, NAN, 0}, {0, 0, INFINITY}};
    tdi_environment_map map;
    for (uint32_t i = 0; i < 3; i++) {
        const td_environment_params params = {.pixels = bad[i], .width = 1, .height = 1};
        assert_int_equal(tdi_environment_map_make(&params, &map), TD_ERROR_ARGUMENT);
    }
    const td_environment_params empty = {.pixels = bad[0], .width = 0, .height = 1};
    const td_environment_params neither = {0};
    assert_int_equal(tdi_environment_map_make(&empty, &map), TD_ERROR_ARGUMENT);
    assert_int_equal(tdi_environment_map_make(&neither, &map), TD_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_pixels),
        cmocka_unit_test(exposures_are_taken_out),
        cmocka_unit_test(repeated_pixels),
        cmocka_unit_test(runs_of_channels),
        cmocka_unit_test(wrong_headers_are_refused),
        cmocka_unit_test(damaged_rows_are_refused),
        cmocka_unit_test(cut_off_pictures_are_refused),
        cmocka_unit_test(flipped_bits_do_no_harm),
        cmocka_unit_test(uniform_light_stays_so),
        cmocka_unit_test(a_bright_half_lights_as_half_a_sphere),
        cmocka_unit_test(texels_are_as_near_as_nine_bits_get),
        cmocka_unit_test(levels_are_means),
        cmocka_unit_test(impossible_pixels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
