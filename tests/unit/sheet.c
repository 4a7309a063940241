/* Contact sheets: the grid, and averages of light. */
#include "support.h"

#include <string.h>

#include <spng.h>

#include "base/file.h"
#include "base/memory.h"
#include "batch/sheet.h"

typedef struct picture {
    uint32_t width, height;
    uint8_t *pixels;
} picture;

/* Writes a sheet and reads it with a library that is not ours. */
static picture read_back(const tdi_sheet *sheet)
{
    support_make_folder();
    tdi_file_writer_params params = {.path = support_path("sheet.png")};
    assert_int_equal(tdi_sheet_write(sheet, &params), TD_OK);
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read(params.path, UINT64_MAX, &data, &size), TD_OK);
    spng_ctx *context = spng_ctx_new(0);
    assert_int_equal(spng_set_png_buffer(context, data, size), 0);
    struct spng_ihdr header;
    assert_int_equal(spng_get_ihdr(context, &header), 0);
    picture out = {.width = header.width, .height = header.height};
    size_t bytes = (size_t)out.width * out.height * 4;
    out.pixels = tdi_alloc(bytes);
    assert_int_equal(spng_decode_image(context, out.pixels, bytes, SPNG_FMT_RGBA8, 0), 0);
    spng_ctx_free(context);
    tdi_free(data);
    support_remove_folder();
    return out;
}

static const uint8_t *pixel_at(const picture *sheet, uint32_t x, uint32_t y)
{
    return sheet->pixels + ((size_t)y * sheet->width + x) * 4;
}

static void assert_pixel(const picture *sheet, uint32_t x, uint32_t y, const uint8_t expected[4])
{
    const uint8_t *found = pixel_at(sheet, x, y);
    if (memcmp(found, expected, 4) != 0)
        fail_msg("(%u, %u): %u %u %u %u is not %u %u %u %u", x, y, found[0], found[1], found[2],
                 found[3], expected[0], expected[1], expected[2], expected[3]);
}

/* Fills an image with one colour. */
static td_image fill(uint8_t *pixels, uint32_t width, uint32_t height, const uint8_t color[4])
{
    for (size_t i = 0; i < (size_t)width * height; i++)
        memcpy(pixels + 4 * i, color, 4);
    return (td_image){.pixels = pixels,
                      .width = width,
                      .height = height,
                      .channels = 4,
                      .component = TD_COMPONENT_UINT8,
                      .row_bytes = width * 4ul};
}

static void tiles_stand_in_rows(void **state)
{
    (void)state;
    static uint8_t pixels[8 * 4 * 4];
    tdi_sheet *sheet;
    assert_int_equal(tdi_sheet_create(5, 8, 4, &sheet), TD_OK);
    for (uint8_t view = 0; view < 5; view++) {
        td_image image = fill(pixels, 8, 4, (const uint8_t[]){view, 0, 0, 255});
        tdi_sheet_set(sheet, view, &image);
    }
    picture found = read_back(sheet);
    assert_int_equal(found.width, 24);
    assert_int_equal(found.height, 8);
    for (uint8_t view = 0; view < 5; view++) {
        uint32_t left = view % 3 * 8u, top = view / 3 * 4u;
        assert_pixel(&found, left, top, (const uint8_t[]){view, 0, 0, 255});
        assert_pixel(&found, left + 7, top + 3, (const uint8_t[]){view, 0, 0, 255});
    }
    assert_pixel(&found, 16, 4, (const uint8_t[4]){0});
    tdi_free(found.pixels);
    tdi_sheet_destroy(sheet);
}

/* Black and white in equal parts are half the light, which is code 188 in sRGB (IEC 61966-2-1:
 * 1.055 * 0.5^(1/2.4) - 0.055 = 0.7354, times 255). */
static void light_is_averaged_not_codes(void **state)
{
    (void)state;
    static uint8_t pixels[512 * 512 * 4];
    td_image image = fill(pixels, 512, 512, (const uint8_t[]){0, 0, 0, 255});
    for (size_t i = 0; i < sizeof pixels / 4; i += 2)
        memset(pixels + 4 * i, 255, 3);
    tdi_sheet *sheet;
    assert_int_equal(tdi_sheet_create(1, 512, 512, &sheet), TD_OK);
    tdi_sheet_set(sheet, 0, &image);
    picture found = read_back(sheet);
    assert_int_equal(found.width, 256);
    assert_pixel(&found, 3, 5, (const uint8_t[]){188, 188, 188, 255});
    tdi_free(found.pixels);
    tdi_sheet_destroy(sheet);
}

static void what_is_transparent_has_no_colour(void **state)
{
    (void)state;
    static uint8_t pixels[512 * 512 * 4];
    td_image image = fill(pixels, 512, 512, (const uint8_t[]){200, 100, 50, 255});
    for (size_t i = 0; i < sizeof pixels / 4; i += 2)
        memcpy(pixels + 4 * i, (const uint8_t[]){255, 255, 255, 0}, 4);
    tdi_sheet *sheet;
    assert_int_equal(tdi_sheet_create(1, 512, 512, &sheet), TD_OK);
    tdi_sheet_set(sheet, 0, &image);
    picture found = read_back(sheet);
    assert_pixel(&found, 100, 100, (const uint8_t[]){200, 100, 50, 128});
    tdi_free(found.pixels);
    tdi_sheet_destroy(sheet);
}

static void many_views_are_thinned_out_evenly(void **state)
{
    (void)state;
    static uint8_t pixels[4];
    tdi_sheet *sheet;
    assert_int_equal(tdi_sheet_create(1024, 1, 1, &sheet), TD_OK);
    for (uint32_t view = 0; view < 1024; view++) {
        td_image image =
            fill(pixels, 1, 1, (const uint8_t[]){(uint8_t)(view / 4), view % 4, 0, 255});
        tdi_sheet_set(sheet, view, &image);
    }
    picture found = read_back(sheet);
    assert_int_equal(found.width * found.height, 256);
    for (uint32_t i = 0; i < 256; i++)
        assert_pixel(&found, i % found.width, i / found.width,
                     (const uint8_t[]){(uint8_t)i, 0, 0, 255});
    tdi_free(found.pixels);
    tdi_sheet_destroy(sheet);
}

/* A picture whose rows come in parts, with boxes of pixels that lie across two of them. */
static void rows_in_parts_give_the_same_sheet(void **state)
{
    (void)state;
    enum { WIDTH = 700, HEIGHT = 611 };
    static uint8_t pixels[WIDTH * HEIGHT * 4];
    static tdi_sheet_part part;
    td_image image = fill(pixels, WIDTH, HEIGHT, (const uint8_t[4]){0});
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i / 7);
    for (uint32_t step = 1; step < HEIGHT; step = 3 * step + 1) {
        tdi_sheet *whole, *parts;
        assert_int_equal(tdi_sheet_create(2, WIDTH, HEIGHT, &whole), TD_OK);
        assert_int_equal(tdi_sheet_create(2, WIDTH, HEIGHT, &parts), TD_OK);
        tdi_sheet_set(whole, 1, &image);
        memset(&part, 0, sizeof part);
        for (uint32_t y = 0; y < HEIGHT; y += step) {
            td_image rows = image;
            rows.pixels = pixels + y * image.row_bytes;
            rows.height = y + step <= HEIGHT ? step : HEIGHT - y;
            tdi_sheet_add(parts, 1, &rows, HEIGHT, &part);
        }
        picture a = read_back(whole), b = read_back(parts);
        assert_int_equal(a.width, b.width);
        assert_int_equal(a.height, b.height);
        assert_memory_equal(a.pixels, b.pixels, (size_t)a.width * a.height * 4);
        tdi_free(a.pixels);
        tdi_free(b.pixels);
        tdi_sheet_destroy(whole);
        tdi_sheet_destroy(parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_stand_in_rows),
        cmocka_unit_test(light_is_averaged_not_codes),
        cmocka_unit_test(what_is_transparent_has_no_colour),
        cmocka_unit_test(many_views_are_thinned_out_evenly),
        cmocka_unit_test(rows_in_parts_give_the_same_sheet),
    };
    return cmocka_run_group_tests_name("sheet", tests, NULL, NULL);
}
