/* The ledger: never over, sums that add up, a sentence that shows them. */
#include "support.h"

#include <string.h>

#include <tandem/host.h>

#include "base/thread.h"
#include "gpu/budget.h"

#define MIB (UINT64_C(1) << 20)

static tdi_consumer use(td_budget *budget, td_budget_category category, uint64_t bytes,
                        const char *what)
{
    assert_int_equal(tdi_budget_claim(budget, category, bytes, 0, what), TD_OK);
    return tdi_budget_charge(budget, category, bytes, what);
}

static void holding_stops_at_the_limit(void **state)
{
    (void)state;
    td_budget *budget;
    td_budget_info info;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(tdi_budget_hold(budget, 48 * MIB, 0, "a"), TD_OK);
    assert_int_equal(tdi_budget_available(budget), 16 * MIB);
    assert_int_equal(tdi_budget_hold(budget, 16 * MIB + 1, 0, "b"), TD_ERROR_BUDGET);
    assert_int_equal(tdi_budget_hold(budget, UINT64_MAX, 0, "c"), TD_ERROR_BUDGET);
    assert_int_equal(tdi_budget_hold(budget, 16 * MIB, 0, "d"), TD_OK);
    tdi_budget_release(budget, 48 * MIB, 0);
    td_budget_get_info(budget, &info);
    assert_int_equal(info.held_bytes, 16 * MIB);
    assert_int_equal(info.peak_bytes, 64 * MIB);
    assert_int_equal(info.allocations, 1);
    assert_int_equal(info.exceeded, 0);
    tdi_budget_destroy(budget);
}

static void the_sentence_has_the_sums(void **state)
{
    (void)state;
    td_budget *budget;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(tdi_budget_hold(budget, 32 * MIB, 0, "blocks"), TD_OK);
    use(budget, TD_BUDGET_TEXTURES, 12 * MIB, "wall");
    use(budget, TD_BUDGET_TEXTURES, 4 * MIB, "leaves");
    use(budget, TD_BUDGET_TEXTURES, 4 * MIB, "leaves");
    use(budget, TD_BUDGET_READBACK, 4 * MIB, "ring");
    assert_int_equal(tdi_budget_hold(budget, 40 * MIB, 0, "the words"), TD_ERROR_BUDGET);
    assert_string_equal(td_last_error(),
                        "the words needs 40.0 MiB of device memory, and 32.0 MiB is held "
                        "(textures 20.0, readback 4.0, slack 8.0), the limit is 64.0 MiB; "
                        "the largest are wall (textures 12.0), leaves (2, textures 8.0), "
                        "ring (readback 4.0); raise the budget");
    assert_int_equal(tdi_budget_check(budget, 40 * MIB, "the job", "a 1, b 2"), TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "the job needs 40.0 MiB of device memory (a 1, b 2)"));
    assert_int_equal(tdi_budget_check(budget, 32 * MIB, "the job", NULL), TD_OK);
    assert_int_equal(tdi_budget_available(budget), 32 * MIB);
    tdi_budget_destroy(budget);
}

static void categories_are_counted_apart(void **state)
{
    (void)state;
    td_budget *budget;
    td_budget_info info;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    tdi_consumer consumer = 0;
    for (int i = 0; i < TD_BUDGET_CATEGORY_COUNT; i++)
        use(budget, (td_budget_category)i, i == TD_BUDGET_STAGING ? 100 : 100 + i, "one");
    consumer = use(budget, TD_BUDGET_STAGING, 3, "two");
    tdi_budget_uncharge(budget, TD_BUDGET_STAGING, 3, consumer);
    /* What is claimed and comes to nothing is no peak. */
    assert_int_equal(tdi_budget_claim(budget, TD_BUDGET_STAGING, 9, 0, "three"), TD_OK);
    tdi_budget_unclaim(budget, TD_BUDGET_STAGING, 9, 0);
    td_budget_get_info(budget, &info);
    for (int i = 0; i < TD_BUDGET_CATEGORY_COUNT; i++) {
        assert_int_equal(info.by_category[i], 100 + i - (i == TD_BUDGET_STAGING ? 3 : 0));
        assert_int_equal(info.peak_by_category[i], 100 + i);
    }
    assert_int_equal(info.used_bytes, 600 + 15 - 3);
    assert_string_equal(td_budget_category_name(TD_BUDGET_GEOMETRY), "geometry");
    assert_string_equal(td_budget_category_name(TD_BUDGET_CATEGORY_COUNT), "unknown");
    tdi_budget_destroy(budget);
}

static int warnings;

static void count_warning(void *user, td_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TD_LOG_WARNING);
    assert_non_null(strstr(message, "64.0 MiB is exceeded: the words brings it to 80.0 MiB"));
    warnings++;
}

static void mode_warn_goes_over_and_says_so(void **state)
{
    (void)state;
    td_budget *budget;
    td_budget_info info;
    td_set_log(count_warning, NULL, TD_LOG_WARNING);
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_WARN, &budget), TD_OK);
    tdi_budget_log_excess(budget);
    assert_int_equal(warnings, 0);
    assert_int_equal(tdi_budget_check(budget, 80 * MIB, "the job", NULL), TD_OK);
    assert_int_equal(tdi_budget_hold(budget, 80 * MIB, 0, "the words"), TD_OK);
    tdi_budget_log_excess(budget);
    tdi_budget_log_excess(budget);
    assert_int_equal(warnings, 1);
    td_budget_get_info(budget, &info);
    assert_int_equal(info.exceeded, 1);
    assert_int_equal(info.held_bytes, 80 * MIB);
    assert_int_equal(tdi_budget_available(budget), 0);
    tdi_budget_destroy(budget);
    td_set_log(NULL, NULL, td_default_log_level());
}

static void hold_and_release(void *user)
{
    td_budget *budget = user;
    for (int i = 0; i < 20000; i++) {
        if (tdi_budget_hold(budget, 3, 0, "a thread") != TD_OK)
            continue;
        td_budget_info info;
        td_budget_get_info(budget, &info);
        assert_true(info.held_bytes <= info.limit_bytes);
        tdi_budget_release(budget, 3, 0);
    }
}

static void threads_never_go_over(void **state)
{
    (void)state;
    td_budget *budget;
    td_budget_info info;
    tdi_thread threads[4];
    assert_int_equal(tdi_budget_create(10, TD_BUDGET_ENFORCE, &budget), TD_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(tdi_thread_start(&threads[i], "test", hold_and_release, budget), TD_OK);
    for (int i = 0; i < 4; i++)
        tdi_thread_join(&threads[i]);
    td_budget_get_info(budget, &info);
    assert_true(info.peak_bytes <= 9);
    assert_int_equal(info.held_bytes, 0);
    assert_int_equal(info.allocations, 0);
    tdi_budget_destroy(budget);
}

static void a_category_has_a_limit_of_its_own(void **state)
{
    (void)state;
    td_budget *budget;
    td_budget_info info;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    tdi_consumer consumer = use(budget, TD_BUDGET_STAGING, 6 * MIB, "ring");
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_STAGING, 4 * MIB),
                     TD_ERROR_AGAIN);
    assert_int_equal(tdi_budget_claim(budget, TD_BUDGET_STAGING, 1, 0, "a"), TD_ERROR_BUDGET);
    tdi_budget_uncharge(budget, TD_BUDGET_STAGING, 6 * MIB, consumer);
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_STAGING, 4 * MIB), TD_OK);
    consumer = use(budget, TD_BUDGET_STAGING, 3 * MIB, "ring");
    assert_int_equal(tdi_budget_claim(budget, TD_BUDGET_STAGING, 2 * MIB, 0, "b"), TD_ERROR_BUDGET);
    assert_string_equal(td_last_error(),
                        "b needs 2.0 MiB of device memory for staging, of which 3.0 MiB is in use "
                        "and 0.0 MiB is reserved, the limit for staging is 4.0 MiB; the largest "
                        "are ring (staging 3.0); raise that limit");
    use(budget, TD_BUDGET_TEXTURES, 50 * MIB, "others are free");
    td_budget_get_info(budget, &info);
    assert_int_equal(info.limit_by[TD_BUDGET_STAGING], 4 * MIB);
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_STAGING, 0), TD_OK);
    use(budget, TD_BUDGET_STAGING, 20 * MIB, "no limit");
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_CATEGORY_COUNT, 1),
                     TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_set_category_limit(NULL, TD_BUDGET_STAGING, 1), TD_ERROR_ARGUMENT);
    tdi_budget_destroy(budget);
}

static void a_shortage_says_what_would_help(void **state)
{
    (void)state;
    td_budget *budget;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(tdi_budget_hold(budget, 60 * MIB, 0, "blocks"), TD_OK);
    use(budget, TD_BUDGET_STAGING, 3 * MIB, "ring");
    tdi_shortage shortage = tdi_budget_shortage(budget, TD_BUDGET_STAGING, 6 * MIB, 0);
    assert_int_equal(shortage.bytes, 2 * MIB);
    assert_int_equal(shortage.categories, UINT32_MAX);
    /* It is in pieces, or the driver has no more. */
    assert_int_equal(tdi_budget_shortage(budget, TD_BUDGET_STAGING, MIB, 0).bytes, MIB);
    assert_int_equal(tdi_budget_shortage(budget, TD_BUDGET_STAGING, 65 * MIB, 0).bytes, 0);
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_STAGING, 4 * MIB), TD_OK);
    shortage = tdi_budget_shortage(budget, TD_BUDGET_STAGING, 2 * MIB, 0);
    assert_int_equal(shortage.bytes, MIB);
    assert_int_equal(shortage.categories, 1u << TD_BUDGET_STAGING);
    assert_int_equal(tdi_budget_shortage(budget, TD_BUDGET_STAGING, 5 * MIB, 0).bytes, 0);
    /* Of several categories, whose own limits do not count. */
    shortage = tdi_budget_shortage_of_all(budget, 6 * MIB);
    assert_int_equal(shortage.bytes, 2 * MIB);
    assert_int_equal(shortage.categories, UINT32_MAX);
    assert_int_equal(tdi_budget_shortage_of_all(budget, 65 * MIB).bytes, 0);
    tdi_budget_destroy(budget);
}

static void a_category_says_what_is_left_of_it(void **state)
{
    (void)state;
    td_budget *budget;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(tdi_budget_hold(budget, 60 * MIB, 0, "blocks"), TD_OK);
    use(budget, TD_BUDGET_STAGING, 3 * MIB, "ring");
    assert_int_equal(tdi_budget_available_to(budget, TD_BUDGET_STAGING), UINT64_MAX);
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_STAGING, 5 * MIB), TD_OK);
    assert_int_equal(tdi_budget_available_to(budget, TD_BUDGET_STAGING), 2 * MIB);
    assert_int_equal(tdi_budget_check_category(budget, TD_BUDGET_STAGING, 2 * MIB, "more"), TD_OK);
    assert_int_equal(tdi_budget_check_category(budget, TD_BUDGET_STAGING, 3 * MIB, "more"),
                     TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "more needs 3.0 MiB of device memory for staging"));
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_STAGING, 3 * MIB), TD_OK);
    assert_int_equal(tdi_budget_available_to(budget, TD_BUDGET_STAGING), 0);
    tdi_budget_destroy(budget);
}

static void what_the_driver_has_left_bounds_it_too(void **state)
{
    (void)state;
    td_budget *budget;
    td_budget_info info;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    td_budget_get_info(budget, &info);
    assert_int_equal(info.driver_left, UINT64_MAX);
    tdi_budget_set_driver(budget, 5, 10 * MIB);
    td_budget_get_info(budget, &info);
    assert_int_equal(info.driver_bytes, 5);
    assert_int_equal(tdi_budget_available(budget), 10 * MIB);
    assert_int_equal(tdi_budget_check(budget, 20 * MIB, "the job", NULL), TD_ERROR_BUDGET);
    assert_string_equal(td_last_error(),
                        "the job needs 20.0 MiB of device memory, and the driver has 10.0 MiB left "
                        "for this program; 0.0 MiB is held (slack 0.0), the limit is 64.0 MiB; "
                        "close other programs that use the device");
    tdi_budget_destroy(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holding_stops_at_the_limit),
        cmocka_unit_test(the_sentence_has_the_sums),
        cmocka_unit_test(categories_are_counted_apart),
        cmocka_unit_test(mode_warn_goes_over_and_says_so),
        cmocka_unit_test(threads_never_go_over),
        cmocka_unit_test(a_category_has_a_limit_of_its_own),
        cmocka_unit_test(a_shortage_says_what_would_help),
        cmocka_unit_test(a_category_says_what_is_left_of_it),
        cmocka_unit_test(what_the_driver_has_left_bounds_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
