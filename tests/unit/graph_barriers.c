/* Barriers on one queue follow from what passes declare: for reads after writes, writes after
 * reads and writes after writes, and for nothing else. */
#include "graph_support.h"

#define LANE TD_LANE_COMPUTE

static void read_after_write_is_a_memory_barrier(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    PASS(graph, "write", LANE, use_write(a));
    PASS(graph, "copy", LANE, use_at(a, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ),
         use_at(out, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_no_barrier(plan, 0);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, COPY, VK_ACCESS_2_TRANSFER_READ_BIT);
    td_plan_destroy(plan);
}

static void write_after_read_orders_execution_only(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_bound(graph, "a", TD_RESOURCE_PERSISTENT);
    PASS(graph, "read", LANE, use_at(a, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ));
    PASS_AFTER(graph, "write", LANE, "read", use_write(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_barrier(plan, 1, COPY, 0, COMPUTE, 0);
    td_plan_destroy(plan);
}

static void write_after_write_is_a_memory_barrier(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    PASS(graph, "one", LANE, use_write(a));
    PASS_AFTER(graph, "two", LANE, "one", use_write(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_WRITE);
    td_plan_destroy(plan);
}

static void reads_are_not_ordered(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_bound(graph, "a", TD_RESOURCE_PERSISTENT);
    PASS(graph, "one", LANE, use_read(a));
    PASS(graph, "two", LANE, use_at(a, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_no_barrier(plan, 1);
    td_plan_destroy(plan);
}

static void accumulations_are_ordered_against_others_only(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    PASS(graph, "clear", LANE, use_at(a, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    PASS(graph, "small", LANE, use_accumulate(a));
    PASS(graph, "large", LANE, use_accumulate(a));
    PASS(graph, "shade", LANE, use_read(a));
    PASS_AFTER(graph, "clear again", LANE, "shade", use_write(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_barrier(plan, 1, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, COMPUTE,
                   SHADER_READ | SHADER_WRITE);
    expect_no_barrier(plan, 2);
    expect_barrier(plan, 3, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    expect_barrier(plan, 4, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_WRITE);
    td_plan_destroy(plan);
}

/* A barrier orders all before it against all after it, so the second reader needs none. */
static void one_barrier_serves_all_that_follow(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "write", LANE, use_write(a));
    PASS(graph, "read", LANE, use_read(a), use_write(b));
    PASS(graph, "read again", LANE, use_read(a));
    PASS(graph, "other stage", LANE,
         use_at(a, DRAW, VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT, TD_ACCESS_READ));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    expect_no_barrier(plan, 2);
    expect_barrier(plan, 3, COMPUTE, SHADER_WRITE, DRAW, VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT);
    td_plan_destroy(plan);
}

static void barriers_of_one_pass_are_merged(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "fill", LANE, use_at(a, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    PASS(graph, "compute", LANE, use_write(b));
    PASS(graph, "both", LANE, use_read(a), use_read(b));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_barrier(plan, 2, COMPUTE | COPY, SHADER_WRITE | VK_ACCESS_2_TRANSFER_WRITE_BIT, COMPUTE,
                   SHADER_READ);
    td_plan_destroy(plan);
}

/* Merging these would hold a copy up until all compute is done. */
static void barriers_with_nothing_in_common_stay_apart(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "compute", LANE, use_write(a));
    PASS(graph, "fill", LANE, use_at(b, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    PASS(graph, "both", LANE, use_read(b),
         use_at(a, DRAW, VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT, TD_ACCESS_READ));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    const VkMemoryBarrier2 *barriers;
    assert_int_equal(tdi_plan_barriers(plan, 2, &barriers), 2);
    for (uint32_t i = 0; i < 2; i++) {
        bool copy = barriers[i].srcStageMask == COPY;
        assert_int_equal(barriers[i].srcStageMask, copy ? COPY : COMPUTE);
        assert_int_equal(barriers[i].dstStageMask, copy ? COMPUTE : DRAW);
    }
    td_plan_destroy(plan);
}

static void ranges_that_do_not_meet_are_not_ordered(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_use low = use_write(a);
    td_use high = use_write(a);
    low.size = 500;
    high.offset = 500;
    td_use both = use_read(a);
    td_use upper = use_read(a);
    upper.offset = 600;
    upper.size = 100;
    PASS(graph, "low", LANE, low);
    PASS(graph, "high", LANE, high);
    PASS(graph, "upper", LANE, upper);
    PASS(graph, "both", LANE, both);
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_no_barrier(plan, 1);
    expect_barrier(plan, 2, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    expect_no_barrier(plan, 3);
    td_plan_destroy(plan);
}

static void the_host_reads_after_a_barrier(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    PASS(graph, "write", LANE, use_write(out));
    graph_host_pass(graph, "read", out);
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, HOST, VK_ACCESS_2_HOST_READ_BIT);
    td_plan_destroy(plan);
}

/* Both lie at offset 0: the second waits for the first to be read. */
static void shared_memory_is_written_after_its_last_use(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "write a", LANE, use_write(a));
    PASS(graph, "copy a", LANE, use_at(a, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ));
    PASS(graph, "write b", LANE, use_write(b));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    assert_int_equal(td_plan_transient_bytes(plan), 1000);
    expect_barrier(plan, 2, COPY | COMPUTE, SHADER_WRITE, COMPUTE, SHADER_WRITE);
    td_plan_destroy(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_after_write_is_a_memory_barrier),
        cmocka_unit_test(write_after_read_orders_execution_only),
        cmocka_unit_test(write_after_write_is_a_memory_barrier),
        cmocka_unit_test(reads_are_not_ordered),
        cmocka_unit_test(accumulations_are_ordered_against_others_only),
        cmocka_unit_test(one_barrier_serves_all_that_follow),
        cmocka_unit_test(barriers_of_one_pass_are_merged),
        cmocka_unit_test(barriers_with_nothing_in_common_stay_apart),
        cmocka_unit_test(ranges_that_do_not_meet_are_not_ordered),
        cmocka_unit_test(the_host_reads_after_a_barrier),
        cmocka_unit_test(shared_memory_is_written_after_its_last_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
