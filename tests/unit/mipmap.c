/* Mip chains: sizes, and means that are known. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/mipmap.h"

static uint8_t *make_chain(uint32_t width, uint32_t height)
{
    uint8_t *pixels = tdi_alloc(tdi_mip_offset(width, height, tdi_mip_levels(width, height)));
    assert_non_null(pixels);
    return pixels;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill_noise(uint8_t *pixels, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++)
        pixels[i] = (uint8_t)next_random(&seed);
}

static void levels_go_down_to_one_texel(void **state)
{
    (void)state;
    assert_int_equal(tdi_mip_levels(1, 1), 1);
    assert_int_equal(tdi_mip_levels(2, 1), 2);
    assert_int_equal(tdi_mip_levels(5, 3), 3);
    assert_int_equal(tdi_mip_levels(1024, 1), 11);
    assert_int_equal(tdi_mip_levels(TDI_MAX_EXTENT, 3), TDI_MAX_MIP_LEVELS);
    assert_int_equal(tdi_mip_extent(5, 1), 2);
    assert_int_equal(tdi_mip_extent(5, 2), 1);
    assert_int_equal(tdi_mip_extent(5, 9), 1);
    assert_int_equal(tdi_mip_offset(5, 3, 1), 60);
    assert_int_equal(tdi_mip_offset(5, 3, 3), 60 + 8 + 4);
}

/* A constant picture stays constant, for every value and every kind of size. */
static void constant_pictures_stay(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{8, 8}, {7, 5}, {6, 9}, {1, 12}, {13, 1}};
    for (size_t s = 0; s < 5; s++) {
        uint32_t width = sizes[s][0];
        uint32_t height = sizes[s][1];
        size_t size = tdi_mip_offset(width, height, tdi_mip_levels(width, height));
        uint8_t *pixels = make_chain(width, height);
        for (uint32_t value = 0; value < 512; value++) {
            memset(pixels, (int)(value & 255), (size_t)4 * width * height);
            tdi_mip_generate(pixels, width, height, value > 255, NULL);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(pixels[i], value & 255);
        }
        tdi_free(pixels);
    }
}

static double to_linear(double value)
{
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double to_srgb(double value)
{
    return value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055;
}

/* The mean of a box of the level above, each texel weighted by the area that lies in the box. */
static double box_mean(const uint8_t *level, const uint32_t size[2], const double low[2],
                       const double high[2], int channel, bool srgb)
{
    double sum = 0;
    double area = 0;
    for (uint32_t y = 0; y < size[1]; y++) {
        for (uint32_t x = 0; x < size[0]; x++) {
            double w = fmin(high[0], x + 1.0) - fmax(low[0], x);
            double h = fmin(high[1], y + 1.0) - fmax(low[1], y);
            if (w <= 0 || h <= 0)
                continue;
            double value = level[((size_t)y * size[0] + x) * 4 + channel];
            sum += w * h * (srgb ? to_linear(value / 255) : value);
            area += w * h;
        }
    }
    return srgb ? 255 * to_srgb(sum / area) : sum / area;
}

static void check_level(const uint8_t *chain, uint32_t width, uint32_t height, uint32_t level,
                        bool srgb)
{
    const uint8_t *above = chain + tdi_mip_offset(width, height, level - 1);
    const uint8_t *made = chain + tdi_mip_offset(width, height, level);
    const uint32_t from[2] = {tdi_mip_extent(width, level - 1), tdi_mip_extent(height, level - 1)};
    const uint32_t to[2] = {tdi_mip_extent(width, level), tdi_mip_extent(height, level)};
    for (uint32_t y = 0; y < to[1]; y++) {
        for (uint32_t x = 0; x < to[0]; x++) {
            const uint32_t at[2] = {x, y};
            double low[2];
            double high[2];
            for (int i = 0; i < 2; i++) {
                low[i] = (double)at[i] * from[i] / to[i];
                high[i] = (double)(at[i] + 1) * from[i] / to[i];
            }
            for (int c = 0; c < 4; c++) {
                double expected = box_mean(above, from, low, high, c, srgb && c < 3);
                int value = made[((size_t)y * to[0] + x) * 4 + c];
                /* Half a step of rounding, and in linear light a table of 16384 entries. */
                assert_true(fabs(value - expected) <= (srgb && c < 3 ? 0.72 : 0.502));
            }
        }
    }
}

static void texels_are_the_mean_of_their_area(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{16, 8}, {15, 9}, {10, 7}, {3, 3}, {1, 6}, {5, 1}};
    for (size_t s = 0; s < 6; s++) {
        for (int srgb = 0; srgb < 2; srgb++) {
            uint32_t width = sizes[s][0];
            uint32_t height = sizes[s][1];
            uint8_t *pixels = make_chain(width, height);
            fill_noise(pixels, (size_t)4 * width * height, 9 + (uint32_t)s);
            tdi_mip_generate(pixels, width, height, srgb, NULL);
            for (uint32_t level = 1; level < tdi_mip_levels(width, height); level++)
                check_level(pixels, width, height, level, srgb);
            tdi_free(pixels);
        }
    }
}

/* Black and white in equal parts are half the light, which is 188 in sRGB; as data they are 128. */
static void light_is_averaged_not_codes(void **state)
{
    (void)state;
    uint8_t chain[5 * 4] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0};
    tdi_mip_generate(chain, 2, 2, true, NULL);
    assert_int_equal(chain[16], 188);
    assert_int_equal(chain[18], 188);
    assert_int_equal(chain[19], 128);
    tdi_mip_generate(chain, 2, 2, false, NULL);
    assert_int_equal(chain[16], 128);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{1024, 512}, {601, 433}};
    tdi_pool *pool;
    assert_int_equal(tdi_pool_create(3, "mip", &pool), TD_OK);
    for (size_t s = 0; s < 4; s++) {
        uint32_t width = sizes[s / 2][0];
        uint32_t height = sizes[s / 2][1];
        size_t size = tdi_mip_offset(width, height, tdi_mip_levels(width, height));
        uint8_t *alone = make_chain(width, height);
        uint8_t *shared = make_chain(width, height);
        fill_noise(alone, (size_t)4 * width * height, 3);
        memcpy(shared, alone, (size_t)4 * width * height);
        tdi_mip_generate(alone, width, height, s % 2, NULL);
        tdi_mip_generate(shared, width, height, s % 2, pool);
        assert_memory_equal(alone, shared, size);
        tdi_free(alone);
        tdi_free(shared);
    }
    tdi_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_go_down_to_one_texel),
        cmocka_unit_test(constant_pictures_stay),
        cmocka_unit_test(texels_are_the_mean_of_their_area),
        cmocka_unit_test(light_is_averaged_not_codes),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests_name("mipmap", tests, NULL, NULL);
}
