/* Every allocation of the base layer may fail: then there is a code and a sentence, and nothing is
 * left behind. Each operation is repeated with its first, second, ... allocation failing until it
 * succeeds. */
#include "support.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/text.h"

static td_result make_text(void)
{
    tdi_text_builder text = {0};
    for (int i = 0; i < 400; i++)
        tdi_text_append(&text, "%d,", i);
    tdi_text_append(&text, "%0500d", 1);
    char *taken;
    TDI_TRY(tdi_text_take(&text, &taken, NULL));
    tdi_free(taken);
    return TD_OK;
}

static td_result make_format(void)
{
    char *text = tdi_format("%d", 1);
    if (!text)
        return TD_ERROR_HOST_MEMORY;
    tdi_free(text);
    return TD_OK;
}

static td_result make_pool(void)
{
    tdi_pool *pool;
    td_result result = tdi_pool_create(3, "test", &pool);
    assert_true((result == TD_OK) == (pool != NULL));
    tdi_pool_destroy(pool);
    return result;
}

static td_result read_file(void)
{
    uint8_t *data;
    size_t size;
    TDI_TRY(tdi_file_read("/proc/self/maps", 10000000, &data, &size));
    tdi_free(data);
    return TD_OK;
}

static td_result write_file(void)
{
    const tdi_file_writer_params params = {
        .path = support_path("written"), .replace = true, .durable = true};
    td_result result = tdi_file_write(&params, "data", 4);
    assert_int_equal(support_count_entries(), result == TD_OK);
    return result;
}

static td_result make_folders(void)
{
    return tdi_make_folders_for(support_path("a/b/c"));
}

static void fail_each_allocation(td_result (*operation)(void), uint32_t fewest)
{
    support_make_folder();
    support_use_allocator();
    for (uint32_t nth = 1;; nth++) {
        tdi_set_last_error("");
        support_fail_allocation(nth);
        td_result result = operation();
        bool failed = support_allocation_failed();
        support_fail_allocation(0);
        assert_int_equal(tdi_live_blocks(), 0);
        if (!failed) {
            assert_int_equal(result, TD_OK);
            assert_true(nth > fewest);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_non_null(strstr(td_last_error(), "memory"));
    }
    support_restore_allocator();
    support_remove_folder();
}

static void texts(void **state)
{
    (void)state;
    fail_each_allocation(make_text, 3);
}

static void formats(void **state)
{
    (void)state;
    fail_each_allocation(make_format, 1);
}

static void pools(void **state)
{
    (void)state;
    fail_each_allocation(make_pool, 1);
}

static void reading(void **state)
{
    (void)state;
    fail_each_allocation(read_file, 1);
}

static void writing(void **state)
{
    (void)state;
    fail_each_allocation(write_file, 3);
}

static void folders(void **state)
{
    (void)state;
    fail_each_allocation(make_folders, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),   cmocka_unit_test(formats), cmocka_unit_test(pools),
        cmocka_unit_test(reading), cmocka_unit_test(writing), cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
