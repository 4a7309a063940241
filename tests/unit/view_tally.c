/* Views are counted, not their bands. */
#include "support.h"

#include "base/memory.h"
#include "render/view_tally.h"

enum { BANDS = 70 };

static tdi_view_tally *make(uint32_t bands)
{
    tdi_view_tally *tally = NULL;
    support_use_allocator();
    assert_int_equal(tdi_view_tally_create(bands, &tally), TD_OK);
    return tally;
}

static void done(tdi_view_tally *tally)
{
    tdi_view_tally_destroy(tally);
    support_restore_allocator();
}

static struct tdi_view view_at(float x)
{
    return (struct tdi_view){.world = {x}};
}

static void whole_views_count_each(void **state)
{
    (void)state;
    tdi_view_tally *tally = make(1);
    tdi_view_tally_add(tally, 3);
    tdi_view_tally_add(tally, 1);
    assert_int_equal(tdi_view_tally_count(tally), 4);
    done(tally);
}

static void bands_of_a_view_count_once_in_any_order(void **state)
{
    (void)state;
    tdi_view_tally *tally = make(BANDS);
    const struct tdi_view view = view_at(1);
    for (uint32_t band = BANDS; band-- > 0;)
        tdi_view_tally_add_band(tally, &view, 0, band);
    assert_int_equal(tdi_view_tally_count(tally), 1);
    done(tally);
}

/* The same camera and the same number: only that a band comes again tells that it is a new view. */
static void a_band_that_comes_again_is_of_another_view(void **state)
{
    (void)state;
    tdi_view_tally *tally = make(BANDS);
    const struct tdi_view view = view_at(1);
    for (uint32_t times = 0; times < 3; times++)
        for (uint32_t band = 5; band < BANDS; band++)
            tdi_view_tally_add_band(tally, &view, 0, band);
    assert_int_equal(tdi_view_tally_count(tally), 3);
    done(tally);
}

static void views_may_take_turns(void **state)
{
    (void)state;
    tdi_view_tally *tally = make(BANDS);
    for (uint32_t band = 0; band < BANDS; band++) {
        for (uint32_t i = 0; i < TDI_TALLY_VIEWS; i++) {
            /* Each two differ in the camera or in the number. */
            const struct tdi_view view = view_at((float)(i / 2));
            tdi_view_tally_add_band(tally, &view, i % 2, band);
        }
    }
    assert_int_equal(tdi_view_tally_count(tally), TDI_TALLY_VIEWS);
    done(tally);
}

static void a_view_takes_the_place_of_the_oldest(void **state)
{
    (void)state;
    tdi_view_tally *tally = make(BANDS);
    for (uint32_t i = 0; i < 3 * TDI_TALLY_VIEWS; i++) {
        const struct tdi_view view = view_at((float)i);
        for (uint32_t band = 0; band < BANDS; band++)
            tdi_view_tally_add_band(tally, &view, i, band);
    }
    assert_int_equal(tdi_view_tally_count(tally), 3 * TDI_TALLY_VIEWS);
    done(tally);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    tdi_view_tally *tally = NULL;
    support_use_allocator();
    support_fail_allocation(1);
    assert_int_equal(tdi_view_tally_create(BANDS, &tally), TD_ERROR_HOST_MEMORY);
    assert_null(tally);
    done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_views_count_each),
        cmocka_unit_test(bands_of_a_view_count_once_in_any_order),
        cmocka_unit_test(a_band_that_comes_again_is_of_another_view),
        cmocka_unit_test(views_may_take_turns),
        cmocka_unit_test(a_view_takes_the_place_of_the_oldest),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
