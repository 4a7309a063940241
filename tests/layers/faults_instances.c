/* What happens before a test has its device: the environment's plan, heaps and kind of device,
 * and the calls that make instances and devices. */
#include "faults_state.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    VkResult result;
} results[] = {
    {"host", VK_ERROR_OUT_OF_HOST_MEMORY},
    {"device", VK_ERROR_OUT_OF_DEVICE_MEMORY},
    {"lost", VK_ERROR_DEVICE_LOST},
};

static faults_plan plan_of_environment(void)
{
    const char *text = getenv("TANDEM_FAULTS");
    faults_plan plan = {0};
    char name[8] = "", ever[8] = "";
    unsigned nth;
    if (!text || sscanf(text, "%u %7s %7s", &nth, name, ever) < 2)
        return plan;
    for (size_t i = 0; i < LAYER_COUNT(results); i++)
        if (!strcmp(name, results[i].name))
            plan.result = results[i].result;
    plan.calls = FAULTS_ANY;
    plan.nth = nth;
    plan.times = strcmp(ever, "ever") ? 1 : FAULTS_EVER;
    return plan;
}

static uint64_t heaps_of_environment(void)
{
    const char *text = getenv("TANDEM_FAULTS_HEAPS");
    return text ? strtoull(text, NULL, 10) : 0;
}

static VkResult judge(const layer_instance *instance, faults_call call)
{
    faults_instance *data = instance->data;
    return faults_judge(&data->count, call).result;
}

VkResult faults_create_instance(void)
{
    faults_count count = {.mutex = PTHREAD_MUTEX_INITIALIZER, .plan = plan_of_environment()};
    return faults_judge(&count, FAULTS_INDEX_CREATE_INSTANCE).result;
}

void faults_instance_created(layer_instance *instance)
{
    faults_instance *data = instance->data;
    pthread_mutex_init(&data->count.mutex, NULL);
    pthread_mutex_init(&data->memory_mutex, NULL);
    data->count.plan = plan_of_environment();
    data->memory.heap_bytes = heaps_of_environment();
    data->discrete = getenv("TANDEM_FAULTS_DISCRETE") != NULL;
    (void)judge(instance, FAULTS_INDEX_CREATE_INSTANCE); /* it counts */
}

void faults_instance_destroyed(layer_instance *instance)
{
    faults_instance *data = instance->data;
    pthread_mutex_destroy(&data->memory_mutex);
    pthread_mutex_destroy(&data->count.mutex);
}

VkResult faults_create_device(PFN_vkCreateDevice create, VkPhysicalDevice physical,
                              const VkDeviceCreateInfo *info,
                              const VkAllocationCallbacks *allocator, VkDevice *out)
{
    const VkResult result = judge(layer_find_instance(physical), FAULTS_INDEX_CREATE_DEVICE);
    return result == VK_SUCCESS ? create(physical, info, allocator, out) : result;
}

#define INSTANCE_CALL(name, function, parameters, arguments)                                       \
    static VKAPI_ATTR VkResult VKAPI_CALL call_##function parameters                               \
    {                                                                                              \
        const layer_instance *instance = layer_find_instance(handle);                              \
        const VkResult result = judge(instance, FAULTS_INDEX_##name);                              \
        if (result != VK_SUCCESS)                                                                  \
            return result;                                                                         \
        const PFN_##function next = LAYER_NEXT_INSTANCE(instance, function);                       \
        return next ? next arguments : VK_ERROR_EXTENSION_NOT_PRESENT;                             \
    }

INSTANCE_CALL(CREATE_MESSENGER, vkCreateDebugUtilsMessengerEXT,
              (VkInstance handle, const VkDebugUtilsMessengerCreateInfoEXT *info,
               const VkAllocationCallbacks *allocator, VkDebugUtilsMessengerEXT *out),
              (handle, info, allocator, out))
INSTANCE_CALL(ENUMERATE_DEVICES, vkEnumeratePhysicalDevices,
              (VkInstance handle, uint32_t *count, VkPhysicalDevice *out), (handle, count, out))
INSTANCE_CALL(ENUMERATE_EXTENSIONS, vkEnumerateDeviceExtensionProperties,
              (VkPhysicalDevice handle, const char *layer_name, uint32_t *count,
               VkExtensionProperties *out),
              (handle, layer_name, count, out))
INSTANCE_CALL(FORMAT_PROPERTIES, vkGetPhysicalDeviceImageFormatProperties2,
              (VkPhysicalDevice handle, const VkPhysicalDeviceImageFormatInfo2 *info,
               VkImageFormatProperties2 *out),
              (handle, info, out))
INSTANCE_CALL(TIME_DOMAINS, vkGetPhysicalDeviceCalibrateableTimeDomainsEXT,
              (VkPhysicalDevice handle, uint32_t *count, VkTimeDomainEXT *out),
              (handle, count, out))

static void disguise(const layer_instance *instance, VkPhysicalDeviceProperties *properties)
{
    const faults_instance *data = instance->data;
    if (data->discrete)
        properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

static VKAPI_ATTR void VKAPI_CALL device_properties(VkPhysicalDevice physical,
                                                    VkPhysicalDeviceProperties *out)
{
    const layer_instance *instance = layer_find_instance(physical);
    LAYER_NEXT_INSTANCE(instance, vkGetPhysicalDeviceProperties)(physical, out);
    disguise(instance, out);
}

static VKAPI_ATTR void VKAPI_CALL device_properties2(VkPhysicalDevice physical,
                                                     VkPhysicalDeviceProperties2 *out)
{
    const layer_instance *instance = layer_find_instance(physical);
    LAYER_NEXT_INSTANCE(instance, vkGetPhysicalDeviceProperties2)(physical, out);
    disguise(instance, &out->properties);
}

const layer_function faults_instance_functions[FAULTS_INSTANCE_FUNCTIONS] = {
    LAYER_FUNCTION(vkCreateDebugUtilsMessengerEXT, call_vkCreateDebugUtilsMessengerEXT),
    LAYER_FUNCTION(vkEnumeratePhysicalDevices, call_vkEnumeratePhysicalDevices),
    LAYER_FUNCTION(vkEnumerateDeviceExtensionProperties, call_vkEnumerateDeviceExtensionProperties),
    LAYER_FUNCTION(vkGetPhysicalDeviceImageFormatProperties2,
                   call_vkGetPhysicalDeviceImageFormatProperties2),
    LAYER_FUNCTION(vkGetPhysicalDeviceCalibrateableTimeDomainsEXT,
                   call_vkGetPhysicalDeviceCalibrateableTimeDomainsEXT),
    LAYER_FUNCTION(vkGetPhysicalDeviceProperties, device_properties),
    LAYER_FUNCTION(vkGetPhysicalDeviceProperties2, device_properties2),
    LAYER_FUNCTION(vkGetPhysicalDeviceMemoryProperties, faults_memory_properties),
    LAYER_FUNCTION(vkGetPhysicalDeviceMemoryProperties2, faults_memory_properties2),
};
