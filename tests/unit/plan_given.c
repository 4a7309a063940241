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
        cmocka_unit_test(buffers_and_images_do_not_stand_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
