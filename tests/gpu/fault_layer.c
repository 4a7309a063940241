/* The layer that makes Vulkan calls fail: those that make things, plans that begin before there is
 * a device, and less memory than there is. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include "fault_support.h"

#include <stdlib.h>
#include <string.h>

#include "gpu/image.h"

#define MIB (UINT64_C(1) << 20)

static td_result make_buffer(td_device *device)
{
    const tdi_buffer_params params = {.name = "buffer",
                                      .size = 9 * MIB,
                                      .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                      .kind = TDI_MEMORY_READBACK};
    tdi_buffer buffer;
    TDI_TRY(tdi_buffer_create(device, &params, &buffer));
    tdi_buffer_destroy(device, &buffer);
    return TD_OK;
}

static td_result make_image(td_device *device)
{
    const tdi_vk_image_params params = {.name = "image",
                                        .format = VK_FORMAT_R8G8B8A8_UNORM,
                                        .width = 16,
                                        .height = 16,
                                        .levels = 1,
                                        .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
    tdi_vk_image image;
    TDI_TRY(tdi_vk_image_create(device, &params, &image));
    tdi_vk_image_destroy(device, &image);
    return TD_OK;
}

/* A call that `make` makes exactly once. */
static void fails_alone(td_device *device, td_result (*make)(td_device *device), uint64_t call,
                        const char *name)
{
    const faults f = fault_find(device);
    const faults_plan plan = {.calls = call, .nth = 1, .result = VK_ERROR_OUT_OF_HOST_MEMORY};
    f.arm(device->handle, &plan);
    assert_null(f.failed(device->handle));
    assert_int_equal(make(device), TD_ERROR_HOST_MEMORY);
    assert_string_equal(f.failed(device->handle), name);
    assert_non_null(strstr(td_last_error(), name));
    gpu_ok(make(device));
    assert_int_equal(f.counted(device->handle), 2);
}

static void calls_that_make_things_fail_alone(td_device *device)
{
    fails_alone(device, make_buffer, FAULTS_CREATE_BUFFER, "vkCreateBuffer");
    fails_alone(device, make_buffer, FAULTS_ALLOCATE_MEMORY, "vkAllocateMemory");
    fails_alone(device, make_buffer, FAULTS_MAP_MEMORY, "vkMapMemory");
    fails_alone(device, make_buffer, FAULTS_BIND_BUFFER, "vkBindBufferMemory");
    fails_alone(device, make_image, FAULTS_CREATE_IMAGE, "vkCreateImage");
    fails_alone(device, make_image, FAULTS_BIND_IMAGE, "vkBindImageMemory");
    fails_alone(device, make_image, FAULTS_CREATE_IMAGE_VIEW, "vkCreateImageView");
}

static void calls_may_fail_from_then_on(td_device *device)
{
    const faults f = fault_find(device);
    const faults_plan plan = {.calls = FAULTS_ANY,
                              .nth = 4,
                              .times = FAULTS_EVER,
                              .result = VK_ERROR_OUT_OF_DEVICE_MEMORY};
    f.arm(device->handle, &plan);
    assert_int_equal(make_buffer(device), TD_ERROR_DEVICE_MEMORY); /* the first three pass */
    assert_int_equal(make_buffer(device), TD_ERROR_DEVICE_MEMORY);
    assert_int_equal(make_image(device), TD_ERROR_DEVICE_MEMORY);
    f.arm(device->handle, &(faults_plan){0});
    gpu_ok(make_buffer(device));
    gpu_ok(make_image(device));
}

/* vkCreateBuffer and its like cannot tell of a lost device. */
static void only_what_may_return_the_error_counts(td_device *device)
{
    const faults f = fault_find(device);
    const faults_plan plan = {.calls = FAULTS_ANY, .nth = 1, .result = VK_ERROR_DEVICE_LOST};
    f.arm(device->handle, &plan);
    gpu_ok(make_buffer(device));
    assert_int_equal(f.counted(device->handle), 0);
    assert_false(f.lost(device->handle));
}

static td_device *make_device_with(const char *variable, const char *value)
{
    const td_device_params params = {.validation = true};
    td_device *device = NULL;
    setenv(variable, value, 1);
    const td_result result = td_device_create(&params, &device);
    unsetenv(variable);
    gpu_check_device(result);
    return device;
}

static void a_plan_may_begin_before_the_device(void **state)
{
    (void)state;
    gpu_watch_messages(NULL);
    td_device *device = make_device_with("TANDEM_FAULTS", "1000 host");
    const faults f = fault_find(device);
    const uint32_t before = f.counted(device->handle);
    assert_true(before > 3 && before < 1000);
    gpu_ok(make_buffer(device));
    assert_true(f.counted(device->handle) > before);
    assert_false(f.happened(device->handle));
    td_device_destroy(device);
    assert_int_equal(gpu_message_count(), 0);
}

static VkDeviceMemory allocate(td_device *device, uint64_t bytes, VkResult expected)
{
    const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .allocationSize = bytes};
    VkDeviceMemory memory = VK_NULL_HANDLE;
    assert_int_equal(device->vk.vkAllocateMemory(device->handle, &info, NULL, &memory), expected);
    return memory;
}

static void heaps_are_as_small_as_asked(void **state)
{
    (void)state;
    gpu_watch_messages(NULL);
    td_device *device = make_device_with("TANDEM_FAULTS_HEAPS", "33554432");
    assert_int_equal(device->memory_properties.memoryHeaps[0].size, 32 * MIB);
    const VkDeviceMemory a = allocate(device, 20 * MIB, VK_SUCCESS);
    allocate(device, 20 * MIB, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    const VkDeviceMemory b = allocate(device, 12 * MIB, VK_SUCCESS);
    device->vk.vkFreeMemory(device->handle, a, NULL);
    const VkDeviceMemory c = allocate(device, 20 * MIB, VK_SUCCESS);
    device->vk.vkFreeMemory(device->handle, b, NULL);
    device->vk.vkFreeMemory(device->handle, c, NULL);
    td_device_destroy(device);
    assert_int_equal(gpu_message_count(), 0);
}

static VkPhysicalDeviceMemoryBudgetPropertiesEXT figures_of(td_device *device)
{
    VkPhysicalDeviceMemoryBudgetPropertiesEXT figures = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = &figures};
    device->instance.vkGetPhysicalDeviceMemoryProperties2(device->physical, &properties);
    return figures;
}

static void figures_change_while_the_device_runs(td_device *device)
{
    const faults f = fault_find(device);
    if (!device->features.memory_budget) {
        print_message("skipped: no VK_EXT_memory_budget\n");
        skip();
    }
    f.set_memory(device->handle, &(faults_memory){.budget_bytes = 100 * MIB});
    assert_int_equal(figures_of(device).heapBudget[0], 100 * MIB);
    assert_int_equal(figures_of(device).heapUsage[0], 0);
    const VkDeviceMemory memory = allocate(device, 3 * MIB, VK_SUCCESS);
    assert_int_equal(figures_of(device).heapUsage[0], 3 * MIB);
    f.set_memory(device->handle,
                 &(faults_memory){.budget_bytes = 50 * MIB, .usage_bytes = 4 * MIB});
    assert_int_equal(figures_of(device).heapBudget[0], 50 * MIB);
    assert_int_equal(figures_of(device).heapUsage[0], 7 * MIB);
    device->vk.vkFreeMemory(device->handle, memory, NULL);
    f.set_memory(device->handle, &(faults_memory){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(calls_that_make_things_fail_alone),
        gpu_test(calls_may_fail_from_then_on),
        gpu_test(only_what_may_return_the_error_counts),
        cmocka_unit_test(a_plan_may_begin_before_the_device),
        cmocka_unit_test(heaps_are_as_small_as_asked),
        gpu_test(figures_change_while_the_device_runs),
    };
    return gpu_run_tests(tests);
}
