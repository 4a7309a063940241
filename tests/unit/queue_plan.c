/* Which queues become which lanes, on the families of well-known kinds of devices. The families
 * are those that vulkan.gpuinfo.org lists for such devices. */
#include "support.h"

#include "gpu/queue_plan.h"

#define G            VK_QUEUE_GRAPHICS_BIT
#define C            VK_QUEUE_COMPUTE_BIT
#define T            VK_QUEUE_TRANSFER_BIT
#define S            VK_QUEUE_SPARSE_BINDING_BIT
#define VIDEO_DECODE 0x20

typedef struct expected {
    uint32_t family, queue;
    bool passthrough;
} expected;

static void check(const VkQueueFamilyProperties *families, uint32_t count, td_async_mode mode,
                  const expected want[TD_LANE_COUNT])
{
    tdi_queue_plan plan;
    td_lane_info lanes[TD_LANE_COUNT];
    assert_true(tdi_queue_plan_make(families, count, mode, &plan));
    tdi_queue_plan_lanes(&plan, lanes);
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        assert_int_equal(lanes[i].family, want[i].family);
        assert_int_equal(lanes[i].queue, want[i].queue);
        assert_int_equal(lanes[i].passthrough, want[i].passthrough);
        assert_non_null(lanes[i].reason);
        assert_true(lanes[i].queue < families[lanes[i].family].queueCount);
    }
}

static void one_queue_carries_every_lane(void **state)
{
    (void)state;
    const VkQueueFamilyProperties lavapipe[] = {{.queueFlags = G | C | T | S, .queueCount = 1}};
    const expected want[] = {{0, 0, false}, {0, 0, true}, {0, 0, true}};
    check(lavapipe, 1, TD_ASYNC_AUTO, want);
    check(lavapipe, 1, TD_ASYNC_OFF, want);
}

static void dedicated_families_are_taken(void **state)
{
    (void)state;
    const VkQueueFamilyProperties nvidia[] = {
        {.queueFlags = G | C | T | S, .queueCount = 16},
        {.queueFlags = T | S, .queueCount = 2},
        {.queueFlags = C | T | S, .queueCount = 8},
        {.queueFlags = T | S | VIDEO_DECODE, .queueCount = 1},
    };
    const expected want[] = {{0, 0, false}, {2, 0, false}, {1, 0, false}};
    check(nvidia, 4, TD_ASYNC_AUTO, want);
}

static void video_queues_are_not_for_copies(void **state)
{
    (void)state;
    const VkQueueFamilyProperties families[] = {
        {.queueFlags = G | C | T, .queueCount = 1},
        {.queueFlags = T | VIDEO_DECODE, .queueCount = 1},
    };
    const expected want[] = {{0, 0, false}, {0, 0, true}, {0, 0, true}};
    check(families, 2, TD_ASYNC_AUTO, want);
}

static void further_queues_of_the_graphics_family_are_taken(void **state)
{
    (void)state;
    const VkQueueFamilyProperties two[] = {{.queueFlags = G | C | T, .queueCount = 2}};
    const expected want_two[] = {{0, 0, false}, {0, 1, false}, {0, 0, true}};
    check(two, 1, TD_ASYNC_AUTO, want_two);
    const VkQueueFamilyProperties many[] = {{.queueFlags = G | C | T, .queueCount = 8}};
    const expected want_many[] = {{0, 0, false}, {0, 1, false}, {0, 2, false}};
    check(many, 1, TD_ASYNC_AUTO, want_many);
}

static void copies_take_a_further_compute_queue(void **state)
{
    (void)state;
    const VkQueueFamilyProperties families[] = {
        {.queueFlags = G | C | T, .queueCount = 1},
        {.queueFlags = C | T, .queueCount = 4},
    };
    const expected want[] = {{0, 0, false}, {1, 0, false}, {1, 1, false}};
    check(families, 2, TD_ASYNC_AUTO, want);
}

static void compute_only_devices_have_a_graphics_lane(void **state)
{
    (void)state;
    const VkQueueFamilyProperties accelerator[] = {
        {.queueFlags = T, .queueCount = 1},
        {.queueFlags = C | T, .queueCount = 3},
    };
    const expected want[] = {{1, 0, false}, {1, 1, false}, {0, 0, false}};
    check(accelerator, 2, TD_ASYNC_AUTO, want);
    const VkQueueFamilyProperties two_families[] = {
        {.queueFlags = C | T, .queueCount = 1},
        {.queueFlags = C, .queueCount = 1},
    };
    const expected want_two[] = {{0, 0, false}, {1, 0, false}, {0, 0, true}};
    check(two_families, 2, TD_ASYNC_AUTO, want_two);
}

static void off_uses_one_queue_of_many(void **state)
{
    (void)state;
    const VkQueueFamilyProperties families[] = {
        {.queueFlags = G | C | T, .queueCount = 16},
        {.queueFlags = C | T, .queueCount = 8},
    };
    const expected want[] = {{0, 0, false}, {0, 0, true}, {0, 0, true}};
    check(families, 2, TD_ASYNC_OFF, want);
}

static void devices_without_compute_are_refused(void **state)
{
    (void)state;
    const VkQueueFamilyProperties families[] = {{.queueFlags = T, .queueCount = 1},
                                                {.queueFlags = C, .queueCount = 0}};
    tdi_queue_plan plan;
    assert_false(tdi_queue_plan_make(families, 2, TD_ASYNC_AUTO, &plan));
    assert_false(tdi_queue_plan_make(families, 0, TD_ASYNC_AUTO, &plan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_queue_carries_every_lane),
        cmocka_unit_test(dedicated_families_are_taken),
        cmocka_unit_test(video_queues_are_not_for_copies),
        cmocka_unit_test(further_queues_of_the_graphics_family_are_taken),
        cmocka_unit_test(copies_take_a_further_compute_queue),
        cmocka_unit_test(compute_only_devices_have_a_graphics_lane),
        cmocka_unit_test(off_uses_one_queue_of_many),
        cmocka_unit_test(devices_without_compute_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
