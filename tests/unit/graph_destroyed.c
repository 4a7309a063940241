/* Graphs, plans and frames that were destroyed are refused by every call, where assertions are on;
 * a graph that is destroyed leaves its plans as they are. */
#include "fake_device.h"

#include <string.h>

#include <tandem/host.h>

#include "base/living.h"
#include "graph_support.h"

static uint32_t errors;

static void count_errors(void *user, td_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TD_LOG_ERROR);
    assert_non_null(strstr(message, "was destroyed"));
    errors++;
}

#define REFUSED(call, name)                                                                        \
    do {                                                                                           \
        assert_int_equal((call), TD_ERROR_STATE);                                                  \
        assert_non_null(strstr(td_last_error(), name));                                            \
        assert_non_null(strstr(td_last_error(), "was destroyed"));                                 \
    } while (0)

static void calls_are_refused(void **state)
{
    (void)state;
#ifdef NDEBUG
    skip();
#endif
    support_make_folder();
    td_device *device = fake_device_create(3);
    td_graph *graph = graph_make();
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    PASS(graph, "write", TD_LANE_COMPUTE, use_write(out));
    const td_graph_extent extent = {.views = 1};
    td_plan *plan;
    td_frames *frames;
    assert_int_equal(td_graph_compile(graph, device, &extent, &plan), TD_OK);
    td_graph_destroy(graph);
    assert_int_equal(td_frames_create(device, plan, NULL, &frames), TD_OK);
    td_frames_destroy(frames);
    td_set_log(count_errors, NULL, TD_LOG_ERROR);
    const td_execution execution = {0};
    td_ticket ticket;
    REFUSED(td_frames_execute(frames, &execution, 0, &ticket), "td_frames_execute");
    td_frames_destroy(frames);
    td_plan_destroy(plan);
    REFUSED(td_frames_create(device, plan, NULL, &frames), "td_frames_create");
    REFUSED(td_plan_write_svg(plan, NULL, support_path("a.svg"), true), "td_plan_write_svg");
    assert_int_equal(td_plan_transient_bytes(plan), 0);
    td_plan_destroy(plan);
    const td_resource_params resource = {.name = "late", .kind = TD_RESOURCE_EXTERNAL};
    const td_pass_params pass = {.name = "late"};
    REFUSED(td_graph_add_resource(graph, &resource, &out), "td_graph_add_resource");
    REFUSED(td_graph_add_pass(graph, &pass), "td_graph_add_pass");
    REFUSED(td_graph_compile(graph, device, &extent, &plan), "td_graph_compile");
    td_graph_destroy(graph);
    assert_int_equal(errors, 3);
    td_set_log(NULL, NULL, TD_LOG_WARNING);
    fake_device_destroy();
    support_remove_folder();
}

static td_plan *compiled_for(td_device *device)
{
    td_graph *graph = graph_make();
    td_resource out = graph_bound(graph, "out", TD_RESOURCE_EXTERNAL);
    PASS(graph, "write", TD_LANE_COMPUTE, use_write(out));
    const td_graph_extent extent = {.views = 1};
    td_plan *plan;
    assert_int_equal(td_graph_compile(graph, device, &extent, &plan), TD_OK);
    td_graph_destroy(graph);
    return plan;
}

static void plans_of_other_devices_are_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    td_frames *frames;
    device->serial = 5;
    td_plan *plan = compiled_for(device);
    device->serial = 6;
    assert_int_equal(td_frames_create(device, plan, NULL, &frames), TD_ERROR_ARGUMENT);
    assert_non_null(strstr(td_last_error(), "compiled for device 5"));
    device->serial = 5;
    assert_int_equal(td_frames_create(device, plan, NULL, &frames), TD_OK);
    td_frames_destroy(frames);
    td_plan_destroy(plan);
    fake_device_destroy();
}

static void destroyed_devices_are_refused(void **state)
{
    (void)state;
#ifdef NDEBUG
    skip();
#endif
    td_device *device = fake_device_create(3);
    td_plan *plan = compiled_for(device);
    td_frames *frames;
    td_graph *graph = graph_make();
    const td_graph_extent extent = {.views = 1};
    tdi_living_remove(device);
    REFUSED(td_frames_create(device, plan, NULL, &frames), "td_frames_create");
    REFUSED(td_graph_compile(graph, device, &extent, &plan), "td_graph_compile");
    tdi_living_add(device);
    td_graph_destroy(graph);
    td_plan_destroy(plan);
    fake_device_destroy();
}

static void what_is_missing_or_out_of_range_is_refused(void **state)
{
    (void)state;
    td_device *device = fake_device_create(3);
    frame_graph f;
    frame_make(device, &f);
    td_frames *frames;
    const td_frames_params crowded = {.in_flight = 17};
    const td_frames_params spread = {.in_flight = 2, .transient_sets = 3};
    assert_int_equal(td_frames_create(device, f.plan, &crowded, &frames), TD_ERROR_ARGUMENT);
    assert_int_equal(td_frames_create(device, f.plan, &spread, &frames), TD_ERROR_ARGUMENT);
    assert_int_equal(td_frames_create(NULL, f.plan, NULL, &frames), TD_ERROR_ARGUMENT);
    assert_int_equal(td_frames_create(device, NULL, NULL, &frames), TD_ERROR_ARGUMENT);
    assert_int_equal(td_frames_create(device, f.plan, NULL, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_frames_execute(NULL, NULL, 0, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_graph_compile(NULL, device, NULL, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(td_plan_transient_bytes(NULL), 0);
    assert_false(tdi_living(NULL));
    td_frames_destroy(NULL);
    td_plan_destroy(f.plan);
    fake_device_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_refused),
        cmocka_unit_test(plans_of_other_devices_are_refused),
        cmocka_unit_test(destroyed_devices_are_refused),
        cmocka_unit_test(what_is_missing_or_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
