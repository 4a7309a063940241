/* The layer that keeps the sum of live allocations: what it tells, and that a test fails whose
 * budget tells otherwise. */
#include "gpu_test.h"

#include "../layers/ledger.h"
#include "gpu/memory.h"

#define MIB (UINT64_C(1) << 20)

static ledger_sums sums_of(td_device *device)
{
    const ledger_read_fn read = ledger_find(vkGetDeviceProcAddr, device->handle);
    ledger_sums sums;
    assert_non_null(read);
    read(device->handle, &sums);
    return sums;
}

static VkDeviceMemory allocate(td_device *device, uint64_t bytes)
{
    const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .allocationSize = bytes};
    VkDeviceMemory memory;
    gpu_ok(tdi_vk_check(device->vk.vkAllocateMemory(device->handle, &info, NULL, &memory),
                        "vkAllocateMemory"));
    return memory;
}

static void sums_are_of_live_allocations(td_device *device)
{
    const VkDeviceMemory a = allocate(device, MIB), b = allocate(device, 3 * MIB);
    ledger_sums sums = sums_of(device);
    assert_int_equal(sums.allocations, 2);
    assert_int_equal(sums.bytes, 4 * MIB);
    device->vk.vkFreeMemory(device->handle, a, NULL);
    device->vk.vkFreeMemory(device->handle, VK_NULL_HANDLE, NULL);
    sums = sums_of(device);
    assert_int_equal(sums.allocations, 1);
    assert_int_equal(sums.bytes, 3 * MIB);
    assert_int_equal(sums.peak_bytes, 4 * MIB);
    device->vk.vkFreeMemory(device->handle, b, NULL);
    assert_int_equal(sums_of(device).bytes, 0);
}

static void the_budget_agrees(td_device *device)
{
    tdi_buffer buffer;
    td_budget_info info;
    gpu_make_buffer(device, 9 * MIB, TDI_MEMORY_DEVICE, &buffer);
    td_budget_get_info(td_device_budget(device), &info);
    assert_int_equal(sums_of(device).bytes, info.held_bytes);
    assert_true(info.held_bytes >= 9 * MIB);
    tdi_buffer_destroy(device, &buffer);
}

/* Memory that no budget knows of. */
static void a_difference_is_reported(td_device *device)
{
    tdi_buffer buffer;
    const VkDeviceMemory hidden = allocate(device, MIB);
    gpu_make_buffer(device, MIB, TDI_MEMORY_DEVICE, &buffer);
    tdi_buffer_destroy(device, &buffer);
    tdi_memory_trim(device);
    device->vk.vkFreeMemory(device->handle, hidden, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(sums_are_of_live_allocations),
        gpu_test(the_budget_agrees),
        gpu_canary(a_difference_is_reported, "ledger"),
    };
    return gpu_run_tests(tests);
}
