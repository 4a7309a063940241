/* Transient memory of a graph: exact bytes, sharing where lifetimes allow it and nowhere else. */
#include "graph_support.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static VkDeviceSize offset_of(const td_plan *plan, td_resource resource)
{
    VkDeviceSize offset;
    VkDeviceSize size;
    assert_true(tdi_plan_transient_range(plan, resource, &offset, &size));
    return offset;
}

/* a and b are alive together, c comes after a. */
static void bytes_are_exact(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 300);
    td_resource c = graph_transient(graph, "c", 900);
    td_resource unused = graph_transient(graph, "unused", 1 << 20);
    PASS(graph, "1", TD_LANE_COMPUTE, use_write(a));
    PASS(graph, "2", TD_LANE_COMPUTE, use_read(a), use_write(b));
    PASS(graph, "3", TD_LANE_COMPUTE, use_read(b), use_write(c));
    PASS(graph, "4", TD_LANE_COMPUTE, use_read(c));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    assert_int_equal(td_plan_transient_bytes(plan), 1024 + 300);
    assert_int_equal(offset_of(plan, a), 0);
    assert_int_equal(offset_of(plan, b), 1024);
    assert_int_equal(offset_of(plan, c), 0);
    VkDeviceSize offset;
    VkDeviceSize size;
    assert_false(tdi_plan_transient_range(plan, unused, &offset, &size));
    td_plan_destroy(plan);
}

static void sizes_follow_the_extent(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    PASS(graph, "1", TD_LANE_COMPUTE, use_write(a));
    for (uint32_t views = 1; views <= 4; views++) {
        const td_graph_extent extent = {.views = views};
        td_plan *plan;
        assert_int_equal(tdi_graph_compile(graph, &extent, &ONE_QUEUE, &plan), TD_OK);
        assert_int_equal(td_plan_transient_bytes(plan), 1000 * views);
        td_plan_destroy(plan);
    }
    td_graph_destroy(graph);
}

static void queues_share_only_what_is_ordered_anyway(void **state)
{
    (void)state;
    for (int ordered = 0; ordered <= 1; ordered++) {
        td_graph *graph = graph_make();
        td_resource a = graph_transient(graph, "a", 1024);
        td_resource b = graph_transient(graph, "b", 1024);
        td_resource link = graph_bound(graph, "link", TD_RESOURCE_PERSISTENT);
        PASS(graph, "1", TD_LANE_COMPUTE, use_write(a));
        PASS(graph, "2", TD_LANE_COMPUTE, use_read(a), use_write(link));
        if (ordered)
            PASS(graph, "3", TD_LANE_GRAPHICS, use_read(link), use_write(b));
        else
            PASS(graph, "3", TD_LANE_GRAPHICS, use_write(b));
        td_plan *plan = graph_plan(graph, &THREE_QUEUES);
        assert_int_equal(td_plan_transient_bytes(plan), ordered ? 1024 : 2048);
        td_plan_destroy(plan);
    }
}

static void what_was_never_written_is_named(void **state)
{
    (void)state;
    for (int mode = 0; mode < 4; mode++) {
        td_graph *graph = graph_make();
        td_resource a = graph_transient(graph, "depth pyramid", 1000);
        td_use use = mode == 0 ? use_read(a) : mode == 1 ? use_accumulate(a) : use_write(a);
        if (mode == 2)
            use.before = TD_BEFORE_KEPT;
        if (mode == 3) {
            td_use low = use_write(a);
            low.size = 100;
            PASS(graph, "low", TD_LANE_COMPUTE, low);
            use = use_read(a);
            use.offset = 100;
        }
        PASS(graph, "cull", TD_LANE_COMPUTE, use);
        const char *const earlier[] = {"cull", "low"};
        const td_use whole = use_write(a);
        graph_pass_after(graph, "late", TD_LANE_COMPUTE, earlier, mode == 3 ? 2 : 1, 1, &whole);
        td_plan *plan;
        assert_int_equal(graph_try(graph, &ONE_QUEUE, &plan), TD_ERROR_ARGUMENT);
        assert_non_null(strstr(td_last_error(), "'cull'"));
        assert_non_null(strstr(td_last_error(), "'depth pyramid'"));
    }
}

static void faults_in_a_graph_are_named(void **state)
{
    (void)state;
    td_plan *plan;
    assert_int_equal(graph_try(graph_make(), &ONE_QUEUE, &plan), TD_ERROR_ARGUMENT);
    td_graph *graph = graph_make();
    PASS(graph, "write", TD_LANE_COMPUTE, use_write(graph_transient(graph, "empty", 0)));
    assert_int_equal(graph_try(graph, &ONE_QUEUE, &plan), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "'empty'"));
    graph = graph_make();
    const td_use foreign = use_write(7);
    const td_pass_params pass = {.name = "foreign", .uses = &foreign, .use_count = 1};
    assert_int_equal(td_graph_add_pass(graph, &pass), TD_ERROR_ARGUMENT);
    const td_pass_params crowded = {.name = "crowded", .use_count = TD_PASS_MAX_USES + 1};
    assert_int_equal(td_graph_add_pass(graph, &crowded), TD_ERROR_ARGUMENT);
    const td_pass_params nowhere = {.name = "nowhere", .lane = TD_LANE_COUNT};
    assert_int_equal(td_graph_add_pass(graph, &nowhere), TD_ERROR_ARGUMENT);
    for (uint32_t i = 0; i < TD_GRAPH_MAX_PASSES; i++) {
        char name[16];
        assert_true(snprintf(name, sizeof name, "pass %u", i) > 0);
        graph_pass(graph, name, TD_LANE_COMPUTE, 0, NULL);
    }
    const td_pass_params last = {.name = "too many"};
    assert_int_equal(td_graph_add_pass(graph, &last), TD_ERROR_ARGUMENT);
    assert_int_equal(graph_try(graph, &THREE_QUEUES, &plan), TD_OK);
    td_plan_destroy(plan);
}

static void a_compiled_graph_is_closed(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 10);
    PASS(graph, "write", TD_LANE_COMPUTE, use_write(a));
    const td_graph_extent extent = {.views = 1};
    td_plan *plan;
    assert_int_equal(tdi_graph_compile(graph, &extent, &ONE_QUEUE, &plan), TD_OK);
    const td_pass_params late = {.name = "late"};
    assert_int_equal(td_graph_add_pass(graph, &late), TD_ERROR_STATE);
    const td_resource_params late_resource = {.name = "late", .kind = TD_RESOURCE_EXTERNAL};
    assert_int_equal(td_graph_add_resource(graph, &late_resource, &a), TD_ERROR_STATE);
    td_graph_destroy(graph);
    td_plan_destroy(plan);
    td_plan_destroy(NULL);
    td_graph_destroy(NULL);
}

static void never_recorded(const td_pass_context *context)
{
    (void)context;
}

static void a_graph_that_did_not_compile_can_be_mended(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 64);
    PASS(graph, "read", TD_LANE_COMPUTE, use_read(a));
    const td_graph_extent extent = {.views = 1};
    td_plan *plan;
    assert_int_equal(tdi_graph_compile(graph, &extent, &ONE_QUEUE, &plan), TD_ERROR_ARGUMENT);
    PASS(graph, "write", TD_LANE_COMPUTE, use_write(a));
    plan = graph_plan(graph, &ONE_QUEUE);
    td_plan_destroy(plan);
}

/* A graph of some size, made and compiled with the nth allocation failing. */
static td_result build_small(void)
{
    td_graph *graph;
    TDI_TRY(td_graph_create("small", &graph));
    td_resource out = 0;
    const td_resource_params resource = {.name = "out", .kind = TD_RESOURCE_EXTERNAL};
    td_result result = td_graph_add_resource(graph, &resource, &out);
    for (uint32_t i = 0; result == TD_OK && i < 10; i++) {
        static const char *const NAMES[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
        const td_use use = use_write(out);
        const td_pass_params pass = {
            .name = NAMES[i],
            .uses = &use,
            .use_count = 1,
            .record = never_recorded,
            .after = &NAMES[i ? i - 1 : 0],
            .after_count = i > 0,
        };
        result = td_graph_add_pass(graph, &pass);
    }
    td_plan *plan = NULL;
    const td_graph_extent extent = {.views = 1};
    if (result == TD_OK)
        result = tdi_graph_compile(graph, &extent, &THREE_QUEUES, &plan);
    td_plan_destroy(plan);
    td_graph_destroy(graph);
    return result;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    support_use_allocator();
    uint32_t failures = 0;
    for (uint32_t nth = 1;; nth++) {
        support_fail_allocation(nth);
        td_result result = build_small();
        bool failed = support_allocation_failed();
        support_fail_allocation(0);
        assert_int_equal(result, failed ? TD_ERROR_HOST_MEMORY : TD_OK);
        assert_int_equal(tdi_live_blocks(), 0);
        if (!failed)
            break;
        failures++;
    }
    assert_true(failures > 15);
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_exact),
        cmocka_unit_test(sizes_follow_the_extent),
        cmocka_unit_test(queues_share_only_what_is_ordered_anyway),
        cmocka_unit_test(what_was_never_written_is_named),
        cmocka_unit_test(faults_in_a_graph_are_named),
        cmocka_unit_test(a_compiled_graph_is_closed),
        cmocka_unit_test(a_graph_that_did_not_compile_can_be_mended),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
