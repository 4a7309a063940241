/* A device is made and what it says is true. */
#include "gpu_test.h"

#include <stdlib.h>
#include <string.h>

static void default_device_is_usable(td_device *device)
{
    td_device_info info;
    td_device_get_info(device, &info);
    assert_true(info.usable);
    assert_string_equal(info.missing, "");
    assert_true(info.memory_bytes > 0);
    assert_true(info.api_version >= VK_API_VERSION_1_3);
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        assert_true(strlen(info.lanes[i].reason) > 0);
        assert_int_equal(device->queues[device->lane_queue[i]].family, info.lanes[i].family);
        assert_int_equal(device->queues[device->lane_queue[i]].index, info.lanes[i].queue);
    }
    assert_false(info.lanes[TD_LANE_GRAPHICS].passthrough);
}

static void async_off_shares_one_queue(td_device *device)
{
    td_device_info info;
    td_device_get_info(device, &info);
    assert_int_equal(device->queue_count, 1);
    assert_true(info.lanes[TD_LANE_COMPUTE].passthrough);
    assert_true(info.lanes[TD_LANE_TRANSFER].passthrough);
}

/* tests/gpu/meson.build says when the layer that splits queues is there. */
static void every_lane_has_its_queue_where_queues_are_split(td_device *device)
{
    td_device_info info;
    td_device_get_info(device, &info);
    if (!getenv("TANDEM_TEST_SPLIT_QUEUES"))
        return;
    assert_int_equal(device->queue_count, TD_LANE_COUNT);
    assert_int_equal(device->family_count, TD_LANE_COUNT);
    assert_false(info.lanes[TD_LANE_COMPUTE].passthrough);
    assert_false(info.lanes[TD_LANE_TRANSFER].passthrough);
}

static void budget_is_the_default(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    assert_int_equal(info.limit_bytes, TD_BUDGET_DEFAULT);
    assert_int_equal(info.held_bytes, 0);
    assert_int_equal(info.mode, TD_BUDGET_ENFORCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(default_device_is_usable),
        gpu_test_with(async_off_shares_one_queue,
                      {.run = async_off_shares_one_queue, .params = {.async = TD_ASYNC_OFF}}),
        gpu_test(every_lane_has_its_queue_where_queues_are_split),
        gpu_test(budget_is_the_default),
    };
    return gpu_run_tests(tests);
}
