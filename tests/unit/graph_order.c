/* The order of passes follows from what they declare, whatever order they are added in; what the
 * declarations leave open, or cannot be met, is an error with the names. */
#include "graph_support.h"

#include <string.h>

#define LANE  TD_LANE_COMPUTE
#define FRAME VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT

static void expect_order(const td_plan *plan, uint32_t count, const uint32_t *expected)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(tdi_plan_order(plan)[i], expected[i]);
}
#define ORDER(plan, ...)                                                                           \
    expect_order((plan), sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                     \
                 (uint32_t[]){__VA_ARGS__})

/* All of the words are in the sentence. */
static void expect_refused(td_graph *graph, uint32_t count, const char *const *words)
{
    td_plan *plan;
    assert_int_equal(graph_try(graph, &THREE_QUEUES, &plan), TD_ERROR_ARGUMENT);
    for (uint32_t i = 0; i < count; i++) {
        if (!strstr(td_last_error(), words[i]))
            fail_msg("no %s in: %s", words[i], td_last_error());
    }
}
#define REFUSED(graph, ...)                                                                        \
    expect_refused((graph), sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *),          \
                   (const char *[]){__VA_ARGS__})

static void readers_follow_writers_however_they_are_added(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "last", LANE, use_read(b));
    PASS(graph, "middle", LANE, use_read(a), use_write(b));
    PASS(graph, "first", LANE, use_write(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 2, 1, 0);
    expect_no_barrier(plan, 2);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    td_plan_destroy(plan);
}

static void filling_comes_before_adding_and_reading(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_use keep = use_write(a);
    keep.before = TD_BEFORE_KEPT;
    PASS(graph, "read", LANE, use_read(a));
    PASS(graph, "add", LANE, use_accumulate(a));
    PASS(graph, "add more", LANE, use_accumulate(a));
    PASS(graph, "fill", LANE, use_write(a));
    PASS_AFTER(graph, "change", LANE, "read", keep);
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 3, 1, 2, 0, 4);
    td_plan_destroy(plan);
}

static void what_nothing_orders_stands_as_added(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource b = graph_transient(graph, "b", 1000);
    PASS(graph, "read b", LANE, use_read(b));
    PASS(graph, "write a", LANE, use_write(a));
    PASS(graph, "write b", LANE, use_write(b));
    PASS(graph, "read a", LANE, use_read(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 1, 2, 0, 3);
    td_plan_destroy(plan);
}

/* Each reader sees what was written before it, and each writer waits for the reader. */
static void chains_overwrite_what_was_read(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_PERSISTENT);
    td_use low = use_write(out);
    td_use high = use_write(out);
    low.size = 100;
    high.offset = 100;
    PASS_AFTER(graph, "second read", LANE, "second write", use_read(a), high);
    PASS_AFTER(graph, "second write", LANE, "first read", use_write(a));
    PASS(graph, "first read", LANE, use_read(a), low);
    PASS(graph, "first write", LANE, use_write(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 3, 2, 1, 0);
    expect_barrier(plan, 2, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    expect_barrier(plan, 1, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_WRITE);
    expect_barrier(plan, 0, COMPUTE, SHADER_WRITE, COMPUTE, SHADER_READ);
    td_plan_destroy(plan);
}

/* "read" wrote what "link" reads, and "write" names "link": that puts the reader first. */
static void a_path_may_put_the_reader_first(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_bound(graph, "a", TD_RESOURCE_PERSISTENT);
    td_resource b = graph_transient(graph, "b", 100);
    PASS_AFTER(graph, "first", LANE, "link", use_write(a));
    PASS(graph, "link", LANE, use_read(b));
    PASS(graph, "read", LANE, use_read(a), use_write(b));
    PASS_AFTER(graph, "again", LANE, "first", use_write(a));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 2, 1, 0, 3);
    td_plan_destroy(plan);
}

static void writers_of_different_parts_are_free(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 1000);
    td_use low = use_write(a);
    td_use high = use_write(a);
    td_use tail = use_read(a);
    low.size = 500;
    high.offset = 500;
    tail.offset = 900;
    PASS(graph, "both", LANE, use_read(a));
    PASS(graph, "low", LANE, low);
    PASS(graph, "tail", LANE, tail);
    PASS(graph, "high", LANE, high);
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 1, 3, 0, 2);
    expect_no_barrier(plan, 3);
    td_plan_destroy(plan);
}

static void writers_that_nothing_orders_are_named(void **state)
{
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        td_graph *graph = graph_make();
        td_resource a = graph_bound(graph, "depth", TD_RESOURCE_PERSISTENT);
        td_use keep = use_write(a);
        keep.before = TD_BEFORE_KEPT;
        PASS(graph, "one", LANE, mode == 0 ? use_write(a) : keep);
        PASS(graph, "two", LANE, mode == 0 ? use_write(a) : mode == 1 ? keep : use_accumulate(a));
        PASS(graph, "three", LANE, use_read(a));
        REFUSED(graph, "'one'", "'two'", "'test'", "both write 'depth'",
                "nothing orders them: name one in the other's `after`");
        assert_null(strstr(td_last_error(), "'three'"));
    }
}

static void circles_are_named(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 100);
    td_resource b = graph_transient(graph, "b", 100);
    td_resource c = graph_transient(graph, "c", 100);
    PASS(graph, "outside", LANE, use_read(c));
    PASS(graph, "one", LANE, use_read(c), use_write(a));
    PASS(graph, "two", LANE, use_read(a), use_write(b));
    PASS(graph, "three", LANE, use_read(b), use_write(c));
    REFUSED(graph, "circle", "'one' before 'two' before 'three' before 'one'");
    assert_null(strstr(td_last_error(), "'outside'"));
    graph = graph_make();
    PASS_AFTER(graph, "alone", LANE, "alone", use_write(graph_transient(graph, "a", 100)));
    REFUSED(graph, "'alone' before 'alone'");
}

static void names_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 100);
    td_resource again;
    const td_resource_params resource = {.name = "a", .kind = TD_RESOURCE_EXTERNAL};
    assert_int_equal(td_graph_add_resource(graph, &resource, &again), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "'a' already"));
    PASS_AFTER(graph, "one", LANE, "nobody", use_write(a));
    const td_pass_params pass = {.name = "one"};
    assert_int_equal(td_graph_add_pass(graph, &pass), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "'one' already"));
    REFUSED(graph, "'one'", "'nobody'", "names no pass");
}

static void uses_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource a = graph_transient(graph, "a", 100);
    const td_resource_params params = {
        .name = "image", .kind = TD_RESOURCE_EXTERNAL, .image = true};
    td_resource image;
    assert_int_equal(td_graph_add_resource(graph, &params, &image), TD_OK);
    td_use uses[] = {use_write(a), use_write(a), use_write(image), use_write(a), use_write(a)};
    uses[0].stages = 0;
    uses[1].mode = (td_access_mode)7;
    uses[3].offset = UINT64_MAX;
    uses[3].size = 2;
    for (uint32_t i = 0; i < 5; i++) { /* the last is a write without a record function */
        const td_pass_params pass = {.name = "blur", .uses = &uses[i], .use_count = 1};
        assert_int_equal(td_graph_add_pass(graph, &pass), TD_ERROR_ARGUMENT);
        assert_non_null(strstr(td_last_error(), "'blur'"));
        assert_non_null(strstr(td_last_error(), i == 2 ? "'image'" : "'a'"));
    }
    const td_pass_params nothing = {.name = "blur", .use_count = 1};
    assert_int_equal(td_graph_add_pass(graph, &nothing), TD_ERROR_ARGUMENT);
    assert_int_equal(td_graph_add_pass(graph, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_graph_add_resource(graph, NULL, &a), TD_ERROR_ARGUMENT);
    assert_int_equal(td_graph_create(NULL, &graph), TD_ERROR_ARGUMENT);
    td_graph_destroy(graph);
}

static void gaps_in_what_was_written_are_noticed(void **state)
{
    (void)state;
    for (VkDeviceSize gap = 0; gap < 2; gap++) {
        td_graph *graph = graph_make();
        td_resource a = graph_transient(graph, "a", 1000);
        td_use low = use_write(a);
        td_use high = use_write(a);
        low.size = 500;
        high.offset = 500 + gap;
        PASS(graph, "read", LANE, use_read(a));
        PASS(graph, "high", LANE, high);
        PASS(graph, "low", LANE, low);
        if (gap)
            REFUSED(graph, "'read'", "'a'", "no earlier pass wrote");
        else
            td_plan_destroy(graph_plan(graph, &ONE_QUEUE));
    }
    td_graph *graph = graph_make();
    td_use beyond = use_write(graph_transient(graph, "a", 1000));
    beyond.offset = 900;
    beyond.size = 101;
    PASS(graph, "write", LANE, beyond);
    REFUSED(graph, "'write'", "'a'", "1001", "1000");
}

static void the_host_reads_last(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    graph_host_pass(graph, "host", out);
    PASS(graph, "write", LANE, use_write(out));
    td_plan *plan = graph_plan(graph, &ONE_QUEUE);
    ORDER(plan, 1, 0);
    td_plan_destroy(plan);
    graph = graph_make();
    out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    graph_host_pass(graph, "host", out);
    PASS_AFTER(graph, "write", LANE, "host", use_write(out));
    REFUSED(graph, "'write'", "'host'", "'out'");
}

static td_resource add_image(td_graph *graph)
{
    const td_resource_params params = {
        .name = "image", .kind = TD_RESOURCE_EXTERNAL, .image = true};
    td_resource image;
    assert_int_equal(td_graph_add_resource(graph, &params, &image), TD_OK);
    return image;
}

static td_use in_layout(td_use use, VkImageLayout layout)
{
    use.layout = layout;
    return use;
}

/* The first reader's change of layout is a write to the second one, on the same queue and on
 * another. */
static void readers_of_images_follow_the_change_of_layout(void **state)
{
    (void)state;
    for (int other_queue = 0; other_queue < 2; other_queue++) {
        td_graph *graph = graph_make();
        td_resource image = add_image(graph);
        PASS(graph, "write", TD_LANE_GRAPHICS,
             in_layout(use_write(image), VK_IMAGE_LAYOUT_GENERAL));
        PASS_AFTER(
            graph, "read", TD_LANE_GRAPHICS, "write",
            in_layout(use_at(image, FRAME, VK_ACCESS_2_SHADER_SAMPLED_READ_BIT, TD_ACCESS_READ),
                      VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL));
        PASS_AFTER(graph, "read too", other_queue ? TD_LANE_COMPUTE : TD_LANE_GRAPHICS, "write",
                   in_layout(use_read(image), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL));
        td_plan *plan = graph_plan(graph, &THREE_QUEUES);
        expect_no_barrier(plan, 1); /* the image's own orders it */
        const tdi_plan_batch *batches;
        const uint32_t count = tdi_plan_batches(plan, &batches);
        if (other_queue) {
            /* For the batch of the first reader, which is that of the writer too. */
            assert_int_equal(count, 2);
            assert_int_equal(batches[0].pass_count, 2);
            assert_int_equal(batches[1].waits[0].stages, COMPUTE);
            assert_int_equal(batches[1].waits[0].batch, 0);
        } else {
            const VkMemoryBarrier2 *barriers;
            assert_int_equal(tdi_plan_barriers(plan, 2, &barriers), 1);
            assert_true(barriers->srcStageMask & FRAME);
            assert_int_equal(barriers->dstStageMask, COMPUTE);
            assert_int_equal(barriers->dstAccessMask, SHADER_READ);
        }
        td_plan_destroy(plan);
    }
}

static void layouts_that_nothing_orders_are_named(void **state)
{
    (void)state;
    td_graph *graph = graph_make();
    td_resource image = add_image(graph);
    PASS(graph, "sample", LANE,
         in_layout(use_read(image), VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL));
    PASS(graph, "load", LANE, in_layout(use_read(image), VK_IMAGE_LAYOUT_GENERAL));
    REFUSED(graph, "'sample'", "'load'", "'image'", "two layouts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_follow_writers_however_they_are_added),
        cmocka_unit_test(filling_comes_before_adding_and_reading),
        cmocka_unit_test(what_nothing_orders_stands_as_added),
        cmocka_unit_test(chains_overwrite_what_was_read),
        cmocka_unit_test(a_path_may_put_the_reader_first),
        cmocka_unit_test(writers_of_different_parts_are_free),
        cmocka_unit_test(writers_that_nothing_orders_are_named),
        cmocka_unit_test(circles_are_named),
        cmocka_unit_test(names_that_do_not_fit_are_refused),
        cmocka_unit_test(uses_that_do_not_fit_are_refused),
        cmocka_unit_test(gaps_in_what_was_written_are_noticed),
        cmocka_unit_test(the_host_reads_last),
        cmocka_unit_test(readers_of_images_follow_the_change_of_layout),
        cmocka_unit_test(layouts_that_nothing_orders_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
