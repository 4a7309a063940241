/* Bands cover an image once, from top to bottom. */
#include "support.h"

#include "render/band.h"

static void check(uint32_t height, uint32_t band_height)
{
    const uint32_t count = tdi_band_count(height, band_height);
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        const tdi_band band = tdi_band_at(height, band_height, i);
        assert_int_equal(band.first_row, next);
        assert_true(band.rows == band_height || i == count - 1);
        assert_in_range(band.rows, 1, band_height);
        next += band.rows;
    }
    assert_int_equal(next, height);
}

static void bands_cover_the_image_once(void **state)
{
    (void)state;
    for (uint32_t height = 1; height <= 40; height++)
        for (uint32_t band_height = 1; band_height <= height; band_height++)
            check(height, band_height);
    check(16384, 1);
    check(16384, 1000);
    check(16384, 16384);
}

static void tiles_begin_anew_in_each_band(void **state)
{
    (void)state;
    assert_int_equal(tdi_band_tiles(100, 100, 100, 100, 100), 1);
    assert_int_equal(tdi_band_tiles(100, 100, 50, 100, 50), 2);
    assert_int_equal(tdi_band_tiles(100, 100, 64, 33, 64), 4 * 2);
    assert_int_equal(tdi_band_tiles(100, 100, 64, 50, 40), 2 * (2 + 1));
    assert_int_equal(tdi_band_tiles(100, 100, 64, 50, 30), 2 * (3 + 2));
    assert_int_equal(tdi_band_tiles(16384, 16384, 1, 1, 1), 16384u * 16384u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_cover_the_image_once),
        cmocka_unit_test(tiles_begin_anew_in_each_band),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
