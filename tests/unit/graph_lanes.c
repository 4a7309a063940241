/* Lanes of a graph: each pass goes to the queue of its lane, waits between queues are as few, as
 * early and as narrow as the declared uses allow, and lanes of one queue do not wait. */
#include "graph_support.h"

#include <string.h>

static uint32_t batch_of(const td_plan *plan, uint32_t pass)
{
    const tdi_plan_batch *batches;
    uint32_t count = tdi_plan_batches(plan, &batches);
    const uint32_t *order = tdi_plan_order(plan);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < batches[i].pass_count; k++) {
            if (order[batches[i].first_pass + k] == pass)
                return i;
        }
    }
    fail_msg("pass %u is in no batch", pass);
    return 0;
}

static uint32_t count_waits(const tdi_plan_batch *batch)
{
    uint32_t count = 0;
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++)
        count += batch->waits[queue].stages != 0;
    return count;
}

static void add_frame(td_graph *graph)
{
    td_resource words = graph_transient(graph, "words", 1000);
    td_resource colour = graph_transient(graph, "colour", 1000);
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    PASS(graph, "visibility", TD_LANE_COMPUTE, use_write(words));
    PASS(graph, "shade", TD_LANE_GRAPHICS, use_read(words), use_write(colour));
    PASS(graph, "copy", TD_LANE_TRANSFER,
         use_at(colour, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ),
         use_at(out, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    graph_host_pass(graph, "read", out);
}

static void passes_go_to_their_lanes_and_wait_narrowly(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    add_frame(graph);
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 3);
    const uint32_t queues[] = {1, 0, 2};
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(batches[i].queue, queues[i]);
    assert_int_equal(count_waits(&batches[0]), 0);
    assert_int_equal(count_waits(&batches[1]), 1);
    assert_int_equal(batches[1].waits[1].batch, 0);
    assert_int_equal(batches[1].waits[1].stages, COMPUTE);
    assert_int_equal(count_waits(&batches[2]), 1);
    assert_int_equal(batches[2].waits[0].batch, 1);
    assert_int_equal(batches[2].waits[0].stages, COPY);
    for (uint32_t pass = 0; pass < 3; pass++)
        expect_no_barrier(plan, pass);
    assert_int_equal(batch_of(plan, 3), 2);
    expect_barrier(plan, 3, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, HOST, VK_ACCESS_2_HOST_READ_BIT);
    td_plan_destroy(plan);
}

static void lanes_of_one_queue_have_barriers_and_one_batch(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    add_frame(graph);
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 1);
    assert_int_equal(batches[0].pass_count, 4);
    assert_int_equal(count_waits(&batches[0]), 0);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    td_plan_destroy(plan);
}

/* Compute and transfer share a queue, graphics has its own. */
static void two_queues_mix_both(void **state)
{
    (void)state;
    tdi_lane_map two = ONE_QUEUE;
    two.queue[TD_LANE_COMPUTE] = two.queue[TD_LANE_TRANSFER] = 1;
    td_graph *graph = graph_make();
    add_frame(graph);
    td_plan *plan = graph_plan(graph, &two);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 3);
    assert_int_equal(batches[0].queue, 1);
    assert_int_equal(batches[1].queue, 0);
    assert_int_equal(batches[2].queue, 1);
    td_plan_destroy(plan);
}

/* What does not depend on the other queue goes before the wait, not behind it. */
static void a_wait_holds_up_only_what_needs_it(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "slow", TD_LANE_COMPUTE, use_write(a));
    PASS(graph, "free", TD_LANE_GRAPHICS, use_write(b));
    PASS(graph, "needs", TD_LANE_GRAPHICS, use_read(a), use_read(b));
    PASS(graph, "after", TD_LANE_GRAPHICS, use_read(a));
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 3);
    assert_int_equal(count_waits(&batches[batch_of(plan, 1)]), 0);
    assert_int_equal(count_waits(&batches[batch_of(plan, 2)]), 1);
    assert_int_equal(batch_of(plan, 3), batch_of(plan, 2));
    td_plan_destroy(plan);
}

/* A batch that is waited for ends there, so that its ticket does not wait for what comes later. */
static void a_batch_ends_where_it_is_waited_for(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "first", TD_LANE_COMPUTE, use_write(a));
    PASS(graph, "reader", TD_LANE_GRAPHICS, use_read(a));
    PASS(graph, "long", TD_LANE_COMPUTE, use_write(b));
    PASS(graph, "late", TD_LANE_GRAPHICS, use_read(b));
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    assert_int_not_equal(batch_of(plan, 0), batch_of(plan, 2));
    const tdi_plan_batch *batches;
    tdi_plan_batches(plan, &batches);
    assert_int_equal(batches[batch_of(plan, 1)].waits[1].batch, batch_of(plan, 0));
    td_plan_destroy(plan);
}

/* A wait holds for all later work of its queue at its stages; another stage needs its own. */
static void waits_are_not_repeated(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    td_resource c = graph_transient(graph, "c", 1000);
    PASS(graph, "both", TD_LANE_COMPUTE, use_write(a), use_write(b));
    PASS(graph, "one", TD_LANE_GRAPHICS, use_read(a), use_write(c));
    PASS(graph, "two", TD_LANE_GRAPHICS, use_read(b));
    PASS(graph, "draw", TD_LANE_GRAPHICS,
         use_at(b, DRAW, VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT, TD_ACCESS_READ));
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    const tdi_plan_batch *batches;
    tdi_plan_batches(plan, &batches);
    assert_int_equal(batch_of(plan, 1), batch_of(plan, 2));
    assert_int_not_equal(batch_of(plan, 3), batch_of(plan, 2));
    assert_int_equal(batches[batch_of(plan, 3)].waits[1].stages, DRAW);
    td_plan_destroy(plan);
}

/* The graphics queue has waited for the compute queue: who waits for the one need not wait for the
 * other, unless at stages that its wait does not hold up. */
static void what_was_waited_for_has_waited_too(void **state)
{
    (void)state;
    for (int narrow = 0; narrow < 2; narrow++) {
        td_graph *graph = graph_make();
        td_resource a = graph_transient(graph, "a", 1000);
        td_resource b = graph_transient(graph, "b", 1000);
        PASS(graph, "first", TD_LANE_COMPUTE, use_write(a));
        PASS(graph, "second", TD_LANE_GRAPHICS, use_read(a), use_write(b));
        PASS(graph, "third", TD_LANE_TRANSFER,
             use_at(b, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ),
             use_at(a, narrow ? VK_PIPELINE_STAGE_2_CLEAR_BIT : COPY, VK_ACCESS_2_TRANSFER_READ_BIT,
                    TD_ACCESS_READ));
        td_plan *plan = graph_plan(graph, &THREE_QUEUES);
        const tdi_plan_batch *batches;
        assert_int_equal(tdi_plan_batches(plan, &batches), 3);
        assert_int_equal(batches[2].waits[0].stages, COPY);
        assert_int_equal(batches[2].waits[1].stages, narrow ? VK_PIPELINE_STAGE_2_CLEAR_BIT : 0);
        td_plan_destroy(plan);
    }
}

static void a_write_waits_for_readers_on_other_queues(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_bound(graph, "a", TD_RESOURCE_PERSISTENT);
    PASS(graph, "read", TD_LANE_TRANSFER,
         use_at(a, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ));
    PASS_AFTER(graph, "write", TD_LANE_COMPUTE, "read", use_write(a));
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 2);
    assert_int_equal(batches[1].waits[2].batch, 0);
    assert_int_equal(batches[1].waits[2].stages, COMPUTE);
    td_plan_destroy(plan);
}

static void an_empty_batch_joins_loose_ends(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_bound(graph, "a", TD_RESOURCE_EXTERNAL);
    td_resource b = graph_bound(graph, "b", TD_RESOURCE_EXTERNAL);
    PASS(graph, "one", TD_LANE_COMPUTE, use_write(a));
    PASS(graph, "two", TD_LANE_GRAPHICS, use_write(b));
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 3);
    assert_int_equal(batches[2].pass_count, 0);
    assert_int_equal(batches[2].waits[1].batch, 0);
    assert_int_equal(batches[2].waits[1].stages, ALL);
    assert_int_equal(batches[2].queue, 0);
    td_plan_destroy(plan);
}

/* No queue can wait at the host's stage: the wait is for everything, and a barrier goes on. */
static void the_host_reads_what_several_queues_wrote(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_bound(graph, "a", TD_RESOURCE_EXTERNAL);
    td_resource b = graph_bound(graph, "b", TD_RESOURCE_EXTERNAL);
    PASS(graph, "one", TD_LANE_COMPUTE, use_write(a));
    PASS(graph, "two", TD_LANE_GRAPHICS, use_write(b));
    const td_use uses[] = {use_at(a, HOST, VK_ACCESS_2_HOST_READ_BIT, TD_ACCESS_READ),
                           use_at(b, HOST, VK_ACCESS_2_HOST_READ_BIT, TD_ACCESS_READ)};
    const td_pass_params host = {.name = "read", .uses = uses, .use_count = 2};
    assert_int_equal(td_graph_add_pass(graph, &host), TD_OK);
    td_plan *plan = graph_plan(graph, &THREE_QUEUES);
    const tdi_plan_batch *batches;
    assert_int_equal(tdi_plan_batches(plan, &batches), 3);
    assert_int_equal(batch_of(plan, 2), 2);
    assert_int_equal(batches[2].queue, 0);
    assert_int_equal(batches[2].waits[1].stages, ALL);
    const VkMemoryBarrier2 *barriers;
    uint32_t count = tdi_plan_barriers(plan, 2, &barriers);
    VkPipelineStageFlags2 sources = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(barriers[i].dstStageMask, HOST);
        sources |= barriers[i].srcStageMask;
    }
    assert_int_equal(sources, COMPUTE | ALL);
    td_plan_destroy(plan);
}

static void never_recorded(const td_pass_context *context)
{
    (void)context;
    fail();
}

static void a_missing_capability_is_named(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    const td_use use = use_write(a);
    const td_pass_params pass = {
        .name = "resolve",
        .lane = TD_LANE_TRANSFER,
        .capabilities = VK_QUEUE_COMPUTE_BIT,
        .uses = &use,
        .use_count = 1,
        .record = never_recorded,
    };
    assert_int_equal(td_graph_add_pass(graph, &pass), TD_OK);
    td_plan *plan;
    assert_int_equal(graph_try(graph, &THREE_QUEUES, &plan), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "resolve"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_go_to_their_lanes_and_wait_narrowly),
        cmocka_unit_test(lanes_of_one_queue_have_barriers_and_one_batch),
        cmocka_unit_test(two_queues_mix_both),
        cmocka_unit_test(a_wait_holds_up_only_what_needs_it),
        cmocka_unit_test(a_batch_ends_where_it_is_waited_for),
        cmocka_unit_test(waits_are_not_repeated),
        cmocka_unit_test(what_was_waited_for_has_waited_too),
        cmocka_unit_test(a_write_waits_for_readers_on_other_queues),
        cmocka_unit_test(an_empty_batch_joins_loose_ends),
        cmocka_unit_test(the_host_reads_what_several_queues_wrote),
        cmocka_unit_test(a_missing_capability_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
