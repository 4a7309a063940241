#include "gpu/vulkan.h"

typedef struct result_text {
    VkResult value;
    td_result code;
    const char *text;
} result_text;

static const result_text RESULTS[] = {
    {VK_NOT_READY, TD_ERROR_AGAIN, "it is not ready"},
    {VK_TIMEOUT, TD_ERROR_TIMEOUT, "the time limit passed"},
    {VK_INCOMPLETE, TD_ERROR_VULKAN, "the array was too small"},
    {VK_ERROR_OUT_OF_HOST_MEMORY, TD_ERROR_HOST_MEMORY, "the driver is out of host memory"},
    {VK_ERROR_OUT_OF_DEVICE_MEMORY, TD_ERROR_DEVICE_MEMORY,
     "the device is out of memory; close other programs that use it"},
    {VK_ERROR_INITIALIZATION_FAILED, TD_ERROR_VULKAN, "the driver could not be initialised"},
    {VK_ERROR_DEVICE_LOST, TD_ERROR_DEVICE_LOST, "the device was lost"},
    {VK_ERROR_MEMORY_MAP_FAILED, TD_ERROR_DEVICE_MEMORY, "the memory could not be mapped"},
    {VK_ERROR_LAYER_NOT_PRESENT, TD_ERROR_UNSUPPORTED, "a layer is not installed"},
    {VK_ERROR_EXTENSION_NOT_PRESENT, TD_ERROR_UNSUPPORTED, "an extension is missing"},
    {VK_ERROR_FEATURE_NOT_PRESENT, TD_ERROR_UNSUPPORTED, "a feature is missing"},
    {VK_ERROR_INCOMPATIBLE_DRIVER, TD_ERROR_NO_DEVICE, "no installed driver fits"},
    {VK_ERROR_TOO_MANY_OBJECTS, TD_ERROR_VULKAN, "the driver allows no more objects of this kind"},
    {VK_ERROR_FORMAT_NOT_SUPPORTED, TD_ERROR_UNSUPPORTED, "the format is not supported"},
    {VK_ERROR_FRAGMENTED_POOL, TD_ERROR_DEVICE_MEMORY, "the pool is fragmented"},
    {VK_ERROR_OUT_OF_POOL_MEMORY, TD_ERROR_DEVICE_MEMORY, "the pool is full"},
    {VK_ERROR_FRAGMENTATION, TD_ERROR_DEVICE_MEMORY, "memory is fragmented"},
    {VK_ERROR_INVALID_EXTERNAL_HANDLE, TD_ERROR_UNSUPPORTED, "the host memory cannot be imported"},
    {VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS, TD_ERROR_VULKAN, "the address is taken"},
};

td_result tdi_vk_check(VkResult result, const char *call)
{
    if (result == VK_SUCCESS)
        return TD_OK;
    for (size_t i = 0; i < sizeof RESULTS / sizeof RESULTS[0]; i++) {
        if (RESULTS[i].value == result)
            return tdi_fail(RESULTS[i].code, "%s: %s", call, RESULTS[i].text);
    }
    return tdi_fail(TD_ERROR_VULKAN, "%s: Vulkan reported the result %d", call, (int)result);
}
