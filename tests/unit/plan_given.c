/* What an execution is given: what cannot be taken is refused before anything is recorded, and
 * every wait is made somewhere. */
#include "fake_device.h"

#include <string.h>

#include "graph_support.h"

/* A slot of the plan of frame_make. */
typedef struct given {
    td_device *device;
    frame_graph f;
    tdi_plan_slot *slot;
    td_binding bindings[2];
} given;

static void setup(given *g, uint32_t queues)
{
    g->device = fake_device_create(queues);
    frame_make(g->device, &g->f);
    g->slot = frame_slot(g->device, &g->f);
    g->bindings[0] =
        (td_binding){.resource = g->f.scene, .bound = {.buffer = g->f.transient.handle}};
    g->bindings[1] = (td_binding){.resource = g->f.out, .bound = {.buffer = g->f.transient.handle}};
}

static void teardown(given *g)
{
    tdi_plan_slot_destroy(g->slot);
    td_plan_destroy(g->f.plan);
    fake_device_destroy();
}

/* Nothing was recorded or submitted. */
static void expect_refused(const given *g, const td_execution *execution, td_result code,
                           const char *part)
{
    const uint32_t submissions = fake_submission_count();
    td_ticket ticket;
    frame_recorded = 0;
    assert_int_equal(tdi_plan_execute(g->slot, execution, &ticket), code);
    assert_non_null(strstr(td_last_error(), part));
    assert_int_equal(frame_recorded, 0);
    assert_int_equal(fake_submission_count(), submissions);
}

static void missing_arrays_are_refused(void **state)
{
    (void)state;
    given g;
    setup(&g, 1);
    td_execution execution = {.binding_count = 2};
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "array of bindings is NULL");
    execution = (td_execution){.bindings = g.bindings, .binding_count = 2, .wait_count = 1};
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "array of waits is NULL");
    teardown(&g);
}

/* The highest value would be the one of the other device, and the other would be forgotten. */
static void tickets_that_are_not_the_devices_are_refused(void **state)
{
    (void)state;
    given g;
    setup(&g, 3);
    const td_ticket good = frame_submit(g.device, TD_LANE_TRANSFER);
    const td_ticket early = {.queue = 1, .value = 999, .device = good.device};
    const td_ticket foreign = {.queue = 1, .value = 1, .device = good.device + 1};
    const td_ticket bogus = {.queue = 0, .value = 999999, .device = good.device + 7};
    td_wait waits[] = {{.ticket = good, .stages = HOST}, {.ticket = bogus, .stages = COMPUTE}};
    const td_execution execution = {
        .bindings = g.bindings, .binding_count = 2, .waits = waits, .wait_count = 2};
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "a ticket of queue 0");
    waits[1] = (td_wait){.ticket = bogus, .stages = HOST}; /* that no pass uses */
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "a ticket of queue 0");
    waits[1].ticket = early;
    expect_refused(&g, &execution, TD_ERROR_STATE, "never given out");
    waits[1].ticket = NO_TICKET;
    g.bindings[0].ready = foreign;
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "not one of this device");
    g.bindings[0].ready = (td_ticket){.queue = 77}; /* value 0: nothing */
    td_ticket ticket;
    assert_int_equal(tdi_plan_execute(g.slot, &execution, &ticket), TD_OK);
    teardown(&g);
}

/* With a ticket of the transfer lane and a semaphore: what they are waited for at. */
static void expect_waits(given *g, VkPipelineStageFlags2 stages,
                         const VkPipelineStageFlags2 expected[TD_LANE_COUNT])
{
    const td_wait wait = {.ticket = frame_submit(g->device, TD_LANE_TRANSFER),
                          .stages = stages,
                          .semaphore = (VkSemaphore)(uintptr_t)0x5e,
                          .value = 7};
    const td_execution execution = {
        .bindings = g->bindings, .binding_count = 2, .waits = &wait, .wait_count = 1};
    const uint32_t first = fake_submission_count();
    td_ticket ticket;
    assert_int_equal(tdi_plan_execute(g->slot, &execution, &ticket), TD_OK);
    for (uint32_t i = first; i < fake_submission_count(); i++) {
        const fake_submission got = fake_submission_at(i);
        assert_int_equal(got.foreign_waits, expected[got.queue] ? 1 : 0);
        if (!expected[got.queue])
            continue;
        assert_int_equal(got.foreign_wait.stageMask, expected[got.queue]);
        for (uint32_t k = 0; k < got.wait_count && got.queue == 1; k++)
            assert_int_equal(got.waits[k].stages, expected[1]);
        assert_true(got.wait_count > 0);
    }
}

static void no_wait_is_left_out(void **state)
{
    (void)state;
    const struct {
        VkPipelineStageFlags2 stages, expected[TD_LANE_COUNT];
    } cases[] = {
        {0, {COMPUTE, COMPUTE, COPY}}, /* all */
        {ALL, {COMPUTE, COMPUTE, COPY}},
        {COPY, {0, 0, COPY}},
        {VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT, {0, 0, COPY}},
        /* Used by no queue: the first batch is on the compute lane. */
        {VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT, {0, COMPUTE, 0}},
        {VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT, {0, COMPUTE, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        given g;
        setup(&g, 3);
        expect_waits(&g, cases[i].stages, cases[i].expected);
        teardown(&g);
    }
}

/* On its own queue a ticket is a barrier; a binary semaphore is consumed. */
static void one_queue_waits_for_stages_that_it_does_not_use(void **state)
{
    (void)state;
    const VkPipelineStageFlags2 stages[] = {0, HOST, VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT};
    for (uint32_t i = 0; i < 3; i++) {
        given g;
        setup(&g, 1);
        const td_wait wait = {.ticket = frame_submit(g.device, TD_LANE_COMPUTE),
                              .stages = stages[i],
                              .semaphore = (VkSemaphore)(uintptr_t)0x5e};
        const td_execution execution = {
            .bindings = g.bindings, .binding_count = 2, .waits = &wait, .wait_count = 1};
        td_ticket ticket;
        assert_int_equal(tdi_plan_execute(g.slot, &execution, &ticket), TD_OK);
        const fake_submission got = fake_submission_at(1);
        assert_int_equal(got.foreign_waits, 1);
        assert_int_equal(got.foreign_wait.stageMask, COMPUTE | COPY);
        assert_int_equal(got.commands->barriers[0].srcStageMask, ALL);
        assert_int_equal(got.commands->barriers[0].dstStageMask, COMPUTE | COPY);
        teardown(&g);
    }
}

static td_graph *graph_with_image(td_resource *image)
{
    td_graph *graph = graph_make();
    const td_resource_params params = {
        .name = "image", .kind = TD_RESOURCE_EXTERNAL, .image = true};
    assert_int_equal(td_graph_add_resource(graph, &params, image), TD_OK);
    td_use use = use_write(*image);
    use.layout = VK_IMAGE_LAYOUT_GENERAL;
    PASS(graph, "draw", TD_LANE_COMPUTE, use);
    return graph;
}

static void buffers_and_images_do_not_stand_for_each_other(void **state)
{
    (void)state;
    given g;
    setup(&g, 1);
    td_resource image;
    td_plan *plan = graph_plan(graph_with_image(&image), &ONE_QUEUE);
    const td_bound buffer = {.buffer = (VkBuffer)&g};
    const td_bound picture = {.image = (VkImage)&g};
    td_execution execution = {.bindings = g.bindings, .binding_count = 2};
    g.bindings[0].bound = picture;
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "bind a buffer");
    tdi_plan_slot *frame = g.slot;
    assert_int_equal(tdi_plan_slot_create(g.device, plan, NULL, &g.slot), TD_OK);
    g.bindings[0] = (td_binding){.resource = image, .bound = buffer};
    execution.binding_count = 1;
    expect_refused(&g, &execution, TD_ERROR_ARGUMENT, "bind an image");
    g.bindings[0].bound = picture;
    td_ticket ticket;
    assert_int_equal(tdi_plan_execute(g.slot, &execution, &ticket), TD_OK);
    tdi_plan_slot_destroy(g.slot);
    td_plan_destroy(plan);
    g.slot = frame;
    teardown(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_arrays_are_refused),
        cmocka_unit_test(tickets_that_are_not_the_devices_are_refused),
        cmocka_unit_test(no_wait_is_left_out),
        cmocka_unit_test(one_queue_waits_for_stages_that_it_does_not_use),
        cmocka_unit_test(buffers_and_images_do_not_stand_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
