/* Ranges of a memory block: never overlapping, always aligned, and all given back is one again. */
#include "support.h"

#include <string.h>

#include "gpu/ranges.h"

#define BLOCK 4096
#define LIVE  64

/* Numerical Recipes' linear congruential generator; the upper bits are good enough here. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void whole_block_can_be_taken(void **state)
{
    (void)state;
    tdi_ranges ranges;
    uint64_t offset;
    assert_int_equal(tdi_ranges_init(&ranges, BLOCK), TD_OK);
    assert_int_equal(tdi_ranges_take(&ranges, BLOCK, 256, &offset), TD_OK);
    assert_int_equal(offset, 0);
    assert_int_equal(tdi_ranges_take(&ranges, 1, 1, &offset), TD_ERROR_AGAIN);
    tdi_ranges_give(&ranges, 0, BLOCK);
    assert_int_equal(ranges.taken_count, 0);
    assert_int_equal(tdi_ranges_take(&ranges, BLOCK, 1, &offset), TD_OK);
    tdi_ranges_free(&ranges);
}

static void more_than_the_block_is_refused(void **state)
{
    (void)state;
    tdi_ranges ranges;
    uint64_t offset;
    assert_int_equal(tdi_ranges_init(&ranges, BLOCK), TD_OK);
    assert_int_equal(tdi_ranges_take(&ranges, BLOCK + 1, 1, &offset), TD_ERROR_AGAIN);
    assert_int_equal(tdi_ranges_take(&ranges, UINT64_MAX, 1, &offset), TD_ERROR_AGAIN);
    tdi_ranges_free(&ranges);
}

static void the_smallest_range_that_suffices_is_taken(void **state)
{
    (void)state;
    tdi_ranges ranges;
    uint64_t at[5];
    static const uint64_t sizes[5] = {100, 10, 50, 10, BLOCK - 170};
    assert_int_equal(tdi_ranges_init(&ranges, BLOCK), TD_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(tdi_ranges_take(&ranges, sizes[i], 1, &at[i]), TD_OK);
    tdi_ranges_give(&ranges, at[0], 100);
    tdi_ranges_give(&ranges, at[2], 50);
    uint64_t offset;
    assert_int_equal(tdi_ranges_take(&ranges, 40, 1, &offset), TD_OK);
    assert_int_equal(offset, at[2]);
    tdi_ranges_free(&ranges);
}

static void neighbours_are_merged_in_any_order(void **state)
{
    (void)state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int i = 0; i < 6; i++) {
        tdi_ranges ranges;
        uint64_t at[3];
        assert_int_equal(tdi_ranges_init(&ranges, 300), TD_OK);
        for (int j = 0; j < 3; j++)
            assert_int_equal(tdi_ranges_take(&ranges, 100, 1, &at[j]), TD_OK);
        for (int j = 0; j < 3; j++)
            tdi_ranges_give(&ranges, at[orders[i][j]], 100);
        assert_int_equal(ranges.free_count, 1);
        assert_int_equal(ranges.free[0].size, 300);
        tdi_ranges_free(&ranges);
    }
}

typedef struct taken {
    uint64_t offset, size;
} taken;

/* A map of bytes is the truth that the ranges are held against. */
static void mark(uint8_t *map, taken range, uint8_t from, uint8_t to)
{
    for (uint64_t i = range.offset; i < range.offset + range.size; i++) {
        assert_int_equal(map[i], from);
        map[i] = to;
    }
}

static void random_use_never_overlaps(void **state)
{
    (void)state;
    uint8_t map[BLOCK] = {0};
    taken live[LIVE];
    uint32_t count = 0, seed = 1;
    tdi_ranges ranges;
    assert_int_equal(tdi_ranges_init(&ranges, BLOCK), TD_OK);
    for (int step = 0; step < 20000; step++) {
        if (count == LIVE || (count > 0 && next_random(&seed) % 2)) {
            uint32_t which = next_random(&seed) % count;
            mark(map, live[which], 1, 0);
            tdi_ranges_give(&ranges, live[which].offset, live[which].size);
            live[which] = live[--count];
            continue;
        }
        uint64_t alignment = UINT64_C(1) << next_random(&seed) % 8;
        taken range = {0, 1 + next_random(&seed) % 300};
        td_result result = tdi_ranges_take(&ranges, range.size, alignment, &range.offset);
        if (result == TD_ERROR_AGAIN)
            continue;
        assert_int_equal(result, TD_OK);
        assert_int_equal(range.offset % alignment, 0);
        assert_true(range.offset + range.size <= BLOCK);
        mark(map, range, 0, 1);
        live[count++] = range;
    }
    while (count > 0) {
        count--;
        tdi_ranges_give(&ranges, live[count].offset, live[count].size);
    }
    assert_int_equal(ranges.free_count, 1);
    assert_int_equal(ranges.free[0].size, BLOCK);
    tdi_ranges_free(&ranges);
}

static void running_out_of_host_memory_changes_nothing(void **state)
{
    (void)state;
    support_use_allocator();
    tdi_ranges ranges;
    support_fail_allocation(1);
    assert_int_equal(tdi_ranges_init(&ranges, BLOCK), TD_ERROR_HOST_MEMORY);
    assert_int_equal(tdi_ranges_init(&ranges, BLOCK), TD_OK);
    bool failed = false;
    uint64_t offset;
    for (int i = 0; i < 200; i++) {
        size_t before = ranges.taken_count;
        support_fail_allocation(1);
        if (tdi_ranges_take(&ranges, 1, 16, &offset) == TD_OK)
            continue;
        failed = true;
        assert_int_equal(ranges.taken_count, before);
        support_fail_allocation(0);
        assert_int_equal(tdi_ranges_take(&ranges, 1, 16, &offset), TD_OK);
    }
    assert_true(failed);
    tdi_ranges_free(&ranges);
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_block_can_be_taken),
        cmocka_unit_test(more_than_the_block_is_refused),
        cmocka_unit_test(the_smallest_range_that_suffices_is_taken),
        cmocka_unit_test(neighbours_are_merged_in_any_order),
        cmocka_unit_test(random_use_never_overlaps),
        cmocka_unit_test(running_out_of_host_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
