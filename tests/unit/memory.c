/* Host memory: what the functions promise, and the allocator that a program may set. */
#include "support.h"

#include <string.h>

#include <tandem/host.h>

#include "base/memory.h"

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

static void blocks_are_counted(void **state)
{
    (void)state;
    assert_int_equal(tdi_live_blocks(), 0);
    void *first = tdi_alloc(10);
    void *second = tdi_alloc_zero(3, 7);
    assert_int_equal(tdi_live_blocks(), 2);
    first = tdi_realloc(first, 100, 100);
    assert_int_equal(tdi_live_blocks(), 2);
    tdi_free(first);
    tdi_free(second);
    tdi_free(NULL);
    assert_int_equal(tdi_live_blocks(), 0);
}

static void blocks_are_aligned_and_zeroed(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        void *block = tdi_alloc_aligned(5, alignment);
        assert_int_equal((uintptr_t)block % alignment, 0);
        assert_int_equal((uintptr_t)block % 16, 0);
        tdi_free(block);
    }
    uint8_t *dirty = tdi_alloc(1000);
    memset(dirty, 0xff, 1000);
    tdi_free(dirty);
    uint8_t *zeroed = tdi_alloc_zero(10, 100);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zeroed[i], 0);
    tdi_free(zeroed);
}

static void nothing_is_a_block_too(void **state)
{
    (void)state;
    void *empty = tdi_alloc(0);
    void *none = tdi_alloc_zero(0, 16);
    assert_non_null(empty);
    assert_non_null(none);
    empty = tdi_realloc(empty, 0, 16);
    assert_non_null(empty);
    tdi_free(empty);
    tdi_free(none);
}

static void products_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(tdi_alloc_zero(SIZE_MAX / 2, 3));
    assert_true(strlen(td_last_error()) > 0);
    uint8_t *block = tdi_alloc(1);
    *block = 42;
    assert_null(tdi_realloc(block, SIZE_MAX / 2, 3));
    assert_int_equal(*block, 42);
    tdi_free(block);
}

static void a_refused_resize_leaves_the_block(void **state)
{
    (void)state;
    char *text = tdi_strdup("kept");
    support_fail_allocation(1);
    assert_null(tdi_realloc(text, 1000, 1));
    assert_string_equal(text, "kept");
    assert_non_null(strstr(td_last_error(), "1000 bytes"));
    tdi_free(text);
}

static void strings_are_copied(void **state)
{
    (void)state;
    char *whole = tdi_strdup("whole");
    char *part = tdi_strndup("part of it", 4);
    char *shorter = tdi_strndup("ab", 10);
    char *made = tdi_format("%s-%03d", "view", 7);
    assert_string_equal(whole, "whole");
    assert_string_equal(part, "part");
    assert_string_equal(shorter, "ab");
    assert_string_equal(made, "view-007");
    tdi_free(whole);
    tdi_free(part);
    tdi_free(shorter);
    tdi_free(made);
}

static void strndup_reads_no_further_than_told(void **state)
{
    (void)state;
    const char unterminated[3] = {'a', 'b', 'c'};
    char *copy = tdi_strndup(unterminated, sizeof unterminated);
    assert_string_equal(copy, "abc");
    tdi_free(copy);
}

static void arrays_grow_by_doubling(void **state)
{
    (void)state;
    void *items = NULL;
    size_t capacity = 0;
    int growths = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        size_t before = capacity;
        assert_int_equal(tdi_grow(&items, &capacity, i + 1, sizeof(uint32_t)), TD_OK);
        growths += capacity != before;
        ((uint32_t *)items)[i] = i;
    }
    assert_in_range(growths, 1, 14);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(((uint32_t *)items)[i], i);
    size_t before = capacity;
    assert_int_equal(tdi_grow(&items, &capacity, SIZE_MAX / 2, 4), TD_ERROR_HOST_MEMORY);
    assert_int_equal(capacity, before);
    assert_int_equal(((uint32_t *)items)[9999], 9999);
    tdi_free(items);
}

static void the_allocator_cannot_change_under_live_blocks(void **state)
{
    (void)state;
    void *block = tdi_alloc(1);
    assert_int_equal(td_set_allocator(NULL), TD_ERROR_STATE);
    assert_non_null(strstr(td_last_error(), "td_set_allocator"));
    tdi_free(block);
}

static void an_allocator_needs_all_its_functions(void **state)
{
    (void)state;
    const td_allocator none = {0};
    assert_int_equal(td_set_allocator(&none), TD_ERROR_ARGUMENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, use_allocator, restore_allocator)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_are_counted),
        TEST(blocks_are_aligned_and_zeroed),
        TEST(nothing_is_a_block_too),
        TEST(products_that_overflow_are_refused),
        TEST(a_refused_resize_leaves_the_block),
        TEST(strings_are_copied),
        TEST(strndup_reads_no_further_than_told),
        TEST(arrays_grow_by_doubling),
        TEST(the_allocator_cannot_change_under_live_blocks),
        TEST(an_allocator_needs_all_its_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
