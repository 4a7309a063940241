#include "gpu/driver_budget.h"

void tdi_driver_budget_read(const td_device *device, uint32_t heap, tdi_driver_budget *out)
{
    *out = (tdi_driver_budget){.left = UINT64_MAX};
    if (!device->features.memory_budget || device->info.software)
        return;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT figures = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = &figures};
    device->instance.vkGetPhysicalDeviceMemoryProperties2(device->physical, &properties);
    for (uint32_t i = 0; i < properties.memoryProperties.memoryHeapCount; i++)
        out->used += figures.heapUsage[i];
    uint64_t used = figures.heapUsage[heap];
    uint64_t budget = figures.heapBudget[heap];
    out->left = budget > used ? budget - used : 0;
}
