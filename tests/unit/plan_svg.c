/* The picture of a plan: every lane, pass, reason, size and time, well-formed whatever the names
 * are, and complete or absent. */
#include "graph_support.h"

#include <string.h>

#include <tandem/monitor.h>

#include "base/file.h"
#include "base/memory.h"

/* Not inlined: gcc 12 at -O3 would take what it returns for a pointer to `data` itself. */
__attribute__((noinline)) static char *write_and_read(const td_plan *plan, td_monitor *monitor)
{
    const char *path = support_path("graph.svg");
    assert_int_equal(td_plan_write_svg(plan, monitor, path, true), TD_OK);
    uint8_t *data;
    size_t size;
    assert_int_equal(tdi_file_read(path, 1 << 26, &data, &size), TD_OK);
    return (char *)data;
}

/* Three lanes, of which one changes its mind: the second write takes over memory of the first. */
static td_graph *make_graph(void)
{
    td_graph *graph = graph_make();
    td_resource words = graph_transient(graph, "words", 3 << 20);
    td_resource colour = graph_transient(graph, "colour", 2048);
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    PASS(graph, "clear", TD_LANE_COMPUTE, use_write(words));
    PASS(graph, "raster", TD_LANE_COMPUTE, use_accumulate(words));
    PASS(graph, "shade", TD_LANE_GRAPHICS, use_read(words), use_write(colour));
    PASS(graph, "copy", TD_LANE_TRANSFER,
         use_at(colour, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ),
         use_at(out, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    graph_host_pass(graph, "read", out);
    return graph;
}

static void passes_reasons_and_bytes_are_drawn(void **state)
{
    (void)state;
    support_make_folder();
    for (int split = 0; split < 2; split++) {
        td_plan *plan = graph_plan(make_graph(), split ? &THREE_QUEUES : &ONE_QUEUE);
        td_monitor *monitor;
        assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
        td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "shade", 0, 0, 1000000);
        td_monitor_add_lane(monitor, TD_LANE_GRAPHICS, "shade", 1, 0, 2000000);
        char *text = write_and_read(plan, monitor);
        support_expect_well_formed(text);
        assert_int_equal(support_count_text(text, "1.500 ms, mean of 2"), 1);
        assert_int_equal(support_count_text(text, "mean of"), 1);
        assert_int_equal(support_count_text(text, ">graphics<"), 1);
        assert_int_equal(support_count_text(text, ">transfer<"), 1);
        assert_int_equal(support_count_text(text, "marker-end"), 4);
        assert_int_equal(support_count_text(text, ">barrier: words<"), split ? 1 : 2);
        assert_int_equal(support_count_text(text, ">wait: words<"), split ? 1 : 0);
        assert_int_equal(support_count_text(text, ">wait: colour<"), split ? 1 : 0);
        assert_int_equal(support_count_text(text, ">barrier: out<"), 1);
        assert_int_equal(support_count_text(text, "3.0 MiB"),
                         2); /* of the words and, rounded, of all */
        assert_int_equal(support_count_text(text, "2.0 KiB"), 1);
        assert_int_equal(support_count_text(text, "the host reads"), 1);
        assert_int_equal(support_count_text(text, "<title>submission"), 3);
        assert_non_null(strstr(text, split ? "5 passes in 3 submissions to 3 queues"
                                           : "5 passes in 1 submission to 1 queue;"));
        tdi_free(text);
        td_monitor_destroy(monitor);
        td_plan_destroy(plan);
    }
    support_remove_folder();
}

static void names_cannot_break_out(void **state)
{
    (void)state;
    support_make_folder();
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "<script>&\"", 1);
    PASS(graph, "a<b>&\x01", TD_LANE_COMPUTE, use_write(a));
    PASS(graph, "</text>", TD_LANE_COMPUTE, use_read(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    char *text = write_and_read(plan, NULL);
    support_expect_well_formed(text);
    assert_null(strstr(text, "<script"));
    assert_null(strchr(text, '\x01'));
    tdi_free(text);
    td_plan_destroy(plan);
    support_remove_folder();
}

static void a_picture_is_complete_or_absent(void **state)
{
    (void)state;
    support_use_allocator();
    assert_non_null(support_make_folder());
    td_plan *plan = graph_plan(make_graph(), &THREE_QUEUES);
    td_monitor *monitor;
    assert_int_equal(td_monitor_create(0, &monitor), TD_OK);
    const char *path = support_path("graph.svg");
    for (uint32_t nth = 1;; nth++) {
        support_fail_allocation(nth);
        td_result result = td_plan_write_svg(plan, monitor, path, false);
        bool failed = support_allocation_failed();
        support_fail_allocation(0);
        if (!failed) {
            assert_int_equal(result, TD_OK);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_int_equal(support_count_entries(), 0);
    }
    assert_int_equal(td_plan_write_svg(plan, monitor, path, false), TD_ERROR_EXISTS);
    assert_int_equal(td_plan_write_svg(plan, NULL, NULL, true), TD_ERROR_ARGUMENT);
    assert_int_equal(td_plan_write_svg(NULL, NULL, path, true), TD_ERROR_ARGUMENT);
    td_monitor_destroy(monitor);
    td_plan_destroy(plan);
    support_remove_folder();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_reasons_and_bytes_are_drawn),
        cmocka_unit_test(names_cannot_break_out),
        cmocka_unit_test(a_picture_is_complete_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
