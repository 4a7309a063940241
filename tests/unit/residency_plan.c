/* Which levels of textures stay, come and go. */
#include "support.h"

#include "scene/residency_plan.h"

/* A texture of four levels that take 64, 16, 4 and 1 bytes more than the next. */
static tdi_residency_item item(uint32_t base, uint32_t needed, float weight, uint64_t last_needed)
{
    return (tdi_residency_item){
        .bytes = {85, 21, 5, 1},
        .tail = 3,
        .base = base,
        .needed = needed,
        .weight = weight,
        .last_needed = last_needed,
    };
}

static void what_is_there_stays_while_there_is_room(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(0, 3, 1, 1), item(3, 1, 1, 2)};
    assert_true(tdi_residency_plan(items, 2, 106, TD_TEXTURES_NEEDED));
    assert_int_equal(items[0].planned, 0);
    assert_int_equal(items[1].planned, 1);
}

static void what_was_not_needed_for_longest_goes_first(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(0, 3, 1, 5), item(0, 2, 1, 4), item(3, 0, 1, 9)};
    assert_true(tdi_residency_plan(items, 3, 175, TD_TEXTURES_NEEDED));
    assert_int_equal(items[0].planned, 0);
    assert_int_equal(items[1].planned, 2);
    assert_int_equal(items[2].planned, 0);
    assert_true(tdi_residency_plan(items, 3, 174, TD_TEXTURES_NEEDED));
    assert_int_equal(items[0].planned, 3);
    assert_int_equal(items[1].planned, 2);
    assert_int_equal(items[2].planned, 0);
}

static void needed_leaves_nothing_out_that_is_needed(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(3, 0, 1, 1), item(3, 1, 1, 1)};
    assert_true(tdi_residency_plan(items, 2, 106, TD_TEXTURES_NEEDED));
    assert_false(tdi_residency_plan(items, 2, 105, TD_TEXTURES_NEEDED));
    assert_int_equal(items[0].planned, 0);
    assert_int_equal(items[1].planned, 1);
}

static uint64_t planned_bytes(const tdi_residency_item *items, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += items[i].bytes[items[i].planned];
    return sum;
}

static void priority_blurs_what_few_pixels_show(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(3, 0, 1000, 1), item(3, 0, 10, 1), item(3, 0, 500, 1)};
    assert_false(tdi_residency_plan(items, 3, 191, TD_TEXTURES_PRIORITY));
    assert_int_equal(items[0].planned, 0);
    assert_int_equal(items[1].planned, 1);
    assert_int_equal(items[2].planned, 0);
    assert_false(tdi_residency_plan(items, 3, 100, TD_TEXTURES_PRIORITY));
    assert_true(planned_bytes(items, 3) <= 100);
    assert_true(items[1].planned >= items[2].planned);
    assert_true(items[2].planned >= items[0].planned);
}

/* A texture that lost a level loses the next less gladly. */
static void priority_spreads_the_loss(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(3, 0, 100, 1), item(3, 0, 101, 1)};
    assert_false(tdi_residency_plan(items, 2, 42, TD_TEXTURES_PRIORITY));
    assert_int_equal(items[0].planned, 1);
    assert_int_equal(items[1].planned, 1);
}

static void lru_keeps_what_is_there_before_what_comes(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(0, 0, 1, 7), item(3, 0, 1000, 7)};
    assert_false(tdi_residency_plan(items, 2, 110, TD_TEXTURES_LRU));
    assert_int_equal(items[0].planned, 0);
    assert_int_equal(items[1].planned, 1);
    assert_false(tdi_residency_plan(items, 2, 20, TD_TEXTURES_LRU));
    assert_true(planned_bytes(items, 2) <= 20);
}

/* Tails always stay, be there room for them or not. */
static void nothing_is_left_out_below_the_tails(void **state)
{
    (void)state;
    static const td_texture_policy policies[] = {TD_TEXTURES_LRU, TD_TEXTURES_PRIORITY};
    for (int i = 0; i < 2; i++) {
        tdi_residency_item items[] = {item(1, 0, 1, 1), item(2, 1, 0, 1)};
        assert_false(tdi_residency_plan(items, 2, 0, policies[i]));
        assert_int_equal(items[0].planned, 3);
        assert_int_equal(items[1].planned, 3);
    }
}

/* Memory that others took meanwhile is no reason to refuse what needs none. */
static void what_is_there_is_never_too_much(void **state)
{
    (void)state;
    tdi_residency_item items[] = {item(0, 0, 1, 1), item(1, 2, 1, 1)};
    assert_true(tdi_residency_plan(items, 2, 10, TD_TEXTURES_NEEDED));
    assert_int_equal(items[0].planned, 0);
    assert_int_equal(items[1].planned, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_stays_while_there_is_room),
        cmocka_unit_test(what_was_not_needed_for_longest_goes_first),
        cmocka_unit_test(needed_leaves_nothing_out_that_is_needed),
        cmocka_unit_test(priority_blurs_what_few_pixels_show),
        cmocka_unit_test(priority_spreads_the_loss),
        cmocka_unit_test(lru_keeps_what_is_there_before_what_comes),
        cmocka_unit_test(nothing_is_left_out_below_the_tails),
        cmocka_unit_test(what_is_there_is_never_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
