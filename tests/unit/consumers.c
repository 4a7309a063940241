/* Who holds memory: by name and category, the largest first, in a table that never grows. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "gpu/consumers.h"

#define MIB (UINT64_C(1) << 20)

static tdi_consumers table;

static int reset(void **state)
{
    (void)state;
    memset(&table, 0, sizeof table);
    tdi_consumers_init(&table);
    return 0;
}

static void one_name_is_one_consumer(void **state)
{
    (void)state;
    td_budget_consumer list[4];
    tdi_consumer a = tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, 10, "wall");
    assert_int_equal(tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, 5, "wall"), a);
    assert_int_not_equal(tdi_consumers_charge(&table, TD_BUDGET_GEOMETRY, 20, "wall"), a);
    tdi_consumer unnamed = tdi_consumers_charge(&table, TD_BUDGET_STAGING, 1, NULL);
    assert_int_equal(tdi_consumers_largest(&table, list, 4), 3);
    assert_string_equal(list[0].name, "wall");
    assert_int_equal(list[0].category, TD_BUDGET_GEOMETRY);
    assert_int_equal(list[1].bytes, 15);
    assert_int_equal(list[1].count, 2);
    assert_string_equal(list[2].name, "unnamed");
    tdi_consumers_discharge(&table, unnamed, 1);
    tdi_consumers_discharge(&table, a, 10);
    assert_int_equal(tdi_consumers_largest(&table, list, 1), 2);
    assert_int_equal(list[0].bytes, 20);
    tdi_consumers_discharge(&table, a, 5);
    assert_int_equal(tdi_consumers_largest(&table, NULL, 0), 1);
}

static void long_names_keep_their_end(void **state)
{
    (void)state;
    td_budget_consumer list[2];
    char name[200];
    memset(name, 'a', sizeof name);
    memcpy(name + sizeof name - 10, "/door.png", 10);
    tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, 10, name);
    assert_int_equal(tdi_consumers_largest(&table, list, 2), 1);
    assert_int_equal(strlen(list[0].name), TD_BUDGET_NAME_CAPACITY - 1);
    assert_memory_equal(list[0].name, "...a", 4);
    assert_non_null(strstr(list[0].name, "a/door.png"));
    /* Whole characters only. */
    for (size_t i = 0; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xc3\xa4", 2);
    name[sizeof name - 2] = '\0';
    tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, 20, name);
    tdi_consumers_largest(&table, list, 2);
    assert_memory_equal(list[0].name, "...\xc3", 4);
}

/* Half of them go again, in another order, and their places are used again. */
static void places_are_used_again(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    tdi_consumer places[COUNT];
    char name[16];
    for (uint32_t round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            snprintf(name, sizeof name, "%u-%u", round, i);
            places[i] = tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, i + 1, name);
            assert_true(places[i] >= TD_BUDGET_CATEGORY_COUNT);
        }
        assert_int_equal(tdi_consumers_largest(&table, NULL, 0), COUNT);
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t at = i * 7 % COUNT;
            tdi_consumers_discharge(&table, places[at], at + 1);
        }
        assert_int_equal(tdi_consumers_largest(&table, NULL, 0), 0);
    }
    assert_int_equal(table.taken, table.idle);
}

/* The large ones are what a reader looks for. */
static void small_things_share_when_it_gets_full(void **state)
{
    (void)state;
    enum { COUNT = 2000, KEPT = TDI_CONSUMER_PLACES / 4 * 3 };
    static tdi_consumer places[COUNT];
    td_budget_consumer list[3];
    char name[16];
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "small %u", i);
        places[i] = tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, 1000, name);
    }
    tdi_consumer large = tdi_consumers_charge(&table, TD_BUDGET_TEXTURES, 8 * MIB, "large");
    assert_int_equal(tdi_consumers_largest(&table, list, 3), KEPT + 2);
    assert_string_equal(list[0].name, "large");
    assert_string_equal(list[1].name, "others");
    assert_int_equal(list[1].bytes, (COUNT - KEPT) * 1000);
    assert_int_equal(list[1].count, COUNT - KEPT);
    for (uint32_t i = 0; i < COUNT; i++)
        tdi_consumers_discharge(&table, places[i], 1000);
    tdi_consumers_discharge(&table, large, 8 * MIB);
    assert_int_equal(tdi_consumers_largest(&table, list, 3), 0);
}

static void a_full_table_takes_large_things_too(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    td_budget_consumer list[600];
    char name[16];
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "large %u", i);
        tdi_consumers_charge(&table, TD_BUDGET_READBACK, (1 + i % 7) * MIB, name);
    }
    uint32_t named = TDI_CONSUMER_NAMED;
    assert_int_equal(tdi_consumers_largest(&table, list, 600), named + 1);
    assert_string_equal(list[0].name, "others");
    assert_int_equal(list[0].count, COUNT - named);
    for (uint32_t i = 0; i < named; i++)
        assert_true(list[i].bytes >= list[i + 1].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_name_is_one_consumer, reset),
        cmocka_unit_test_setup(long_names_keep_their_end, reset),
        cmocka_unit_test_setup(places_are_used_again, reset),
        cmocka_unit_test_setup(small_things_share_when_it_gets_full, reset),
        cmocka_unit_test_setup(a_full_table_takes_large_things_too, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
