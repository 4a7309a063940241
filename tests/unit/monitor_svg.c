/* The timeline picture: every row, colour and title that the spans ask for, well-formed whatever
 * the names are, small however many spans there are, and complete or absent. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/monitor.h>

#include "base/file.h"
#include "base/memory.h"

#define MS UINT64_C(1000000)

/* Not inlined: gcc 12 at -O3 would take what it returns for a pointer to `data` itself. */
__attribute__((noinline)) static char *write_and_read(td_monitor *monitor)
{
    const char *path = support_path("timeline.svg");
    assert_int_equal(td_monitor_write_svg(monitor, path, true), TD_OK);
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read(path, 1 << 26, &data, &size), TD_OK);
    return (char *)data;
}

static void every_span_has_a_row_and_a_title(void **state)
{
    (void)state;
    support_make_folder();
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    for (int64_t i = 0; i < 10; i++) {
        uint64_t at = (uint64_t)i * 10 * MS;
        td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "visibility", i, at, at + 6 * MS);
        td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "shade", i, at + 6 * MS, at + 14 * MS);
        td_monitor_add(monitor, "encode 0", "encode", i, at + 14 * MS, at + 20 * MS);
    }
    char *text = write_and_read(monitor);
    support_expect_well_formed(text);
    assert_int_equal(support_count_text(text, "visibility of "), 10);
    assert_int_equal(support_count_text(text, "shade of "), 10);
    assert_int_equal(support_count_text(text, "encode of "), 10);
    assert_non_null(strstr(text, ">compute <"));
    assert_non_null(strstr(text, ">graphics <"));
    assert_non_null(strstr(text, ">encode 0 <"));
    assert_null(strstr(text, ">transfer <"));
    assert_non_null(strstr(text, "6.000 ms long"));
    assert_non_null(strstr(text, ">0 ms<"));
    assert_non_null(strstr(text, ">10<"));
    tdi_free(text);
    td_monitor_destroy(monitor);
    support_remove_folder();
}

static void names_cannot_break_out(void **state)
{
    (void)state;
    support_make_folder();
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    td_monitor_add(monitor, "<script>&\"", "a<b>&\x01", 0, 0, MS);
    char *text = write_and_read(monitor);
    support_expect_well_formed(text);
    assert_null(strstr(text, "<script"));
    assert_null(strchr(text, '\x01'));
    tdi_free(text);
    td_monitor_destroy(monitor);
    support_remove_folder();
}

static void nothing_makes_a_picture_too(void **state)
{
    (void)state;
    support_make_folder();
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    char *text = write_and_read(monitor);
    support_expect_well_formed(text);
    assert_non_null(strstr(text, "nothing was measured"));
    tdi_free(text);
    td_monitor_add(monitor, "t", "instant", 0, 5, 5);
    text = write_and_read(monitor);
    support_expect_well_formed(text);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    tdi_free(text);
    td_monitor_destroy(monitor);
    support_remove_folder();
}

static void long_runs_make_small_pictures(void **state)
{
    (void)state;
    support_make_folder();
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    for (uint64_t i = 0; i < 100000; i++)
        td_monitor_add_lane(monitor, TD_LANE_COMPUTE, "cull", (int64_t)i, i * MS, i * MS + MS / 2);
    char *text = write_and_read(monitor);
    support_expect_well_formed(text);
    assert_true(strlen(text) < 20000);
    assert_non_null(strstr(text, "cull: 100000 of them"));
    tdi_free(text);
    td_monitor_destroy(monitor);
    support_remove_folder();
}

static void a_picture_is_complete_or_absent(void **state)
{
    (void)state;
    support_use_allocator();
    const char *folder = support_make_folder();
    assert_non_null(folder);
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    td_monitor_add(monitor, "t", "work", 0, 0, MS);
    const char *path = support_path("timeline.svg");
    for (uint32_t nth = 1;; nth++) {
        support_fail_allocation(nth);
        td_result result = td_monitor_write_svg(monitor, path, false);
        bool failed = support_allocation_failed();
        support_fail_allocation(0);
        if (!failed) {
            assert_int_equal(result, TD_OK);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_int_equal(support_count_entries(), 0);
    }
    assert_int_equal(support_count_entries(), 1);
    assert_int_equal(td_monitor_write_svg(monitor, path, false), TD_ERROR_EXISTS);
    assert_int_equal(td_monitor_write_svg(monitor, NULL, false), TD_ERROR_ARGUMENT);
    td_monitor_destroy(monitor);
    support_remove_folder();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_span_has_a_row_and_a_title),
        cmocka_unit_test(names_cannot_break_out),
        cmocka_unit_test(nothing_makes_a_picture_too),
        cmocka_unit_test(long_runs_make_small_pictures),
        cmocka_unit_test(a_picture_is_complete_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
