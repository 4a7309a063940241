#include "gpu/device.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/living.h"
#include "base/memory.h"
#include "base/text.h"
#include "gpu/bindless.h"
#include "gpu/budget.h"
#include "gpu/choice.h"
#include "gpu/memory.h"
#include "gpu/pipeline.h"
#include "gpu/queue.h"

static atomic_uint devices_made;

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static bool wants_validation(const td_device_params *params)
{
    const char *value = environment("TANDEM_VALIDATION");
    return params->validation || (value && strcmp(value, "0") != 0);
}

static td_result find_budget(uint64_t asked, uint64_t *out)
{
    const char *value = environment("TANDEM_BUDGET");
    *out = asked ? asked : TD_BUDGET_DEFAULT;
    if (asked == 0 && value && (!tdi_parse_size(value, out) || *out == 0))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "the environment variable TANDEM_BUDGET is \"%s\"; it must be a size such "
                        "as 512MiB",
                        value);
    return TD_OK;
}

static uint32_t add_extensions(const tdi_device_features *features, const char *names[4])
{
    uint32_t count = 0;
    if (features->memory_budget)
        names[count++] = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
    if (features->calibrated_timestamps)
        names[count++] = VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME;
    if (features->external_memory_host)
        names[count++] = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
    return count;
}

/* One entry a family, as vkCreateDevice wants it. */
static uint32_t add_queues(const tdi_queue_plan *plan, VkDeviceQueueCreateInfo infos[TD_LANE_COUNT],
                           const float *priorities)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->queue_count; i++) {
        uint32_t j = 0;
        while (j < count && infos[j].queueFamilyIndex != plan->queues[i].family)
            j++;
        if (j < count) {
            infos[j].queueCount++;
            continue;
        }
        infos[count++] = (VkDeviceQueueCreateInfo){
            .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
            .queueFamilyIndex = plan->queues[i].family,
            .queueCount = 1,
            .pQueuePriorities = priorities,
        };
    }
    return count;
}

static td_result create_handle(td_device *device, const tdi_candidate *candidate)
{
    static const float priorities[TD_LANE_COUNT] = {1.0f, 1.0f, 1.0f};
    VkDeviceQueueCreateInfo queues[TD_LANE_COUNT];
    const char *extensions[4];
    tdi_feature_chain features;
    tdi_feature_chain_init(&features);
    tdi_feature_chain_require(&features, &candidate->features);
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &features.core,
        .queueCreateInfoCount = add_queues(&candidate->plan, queues, priorities),
        .pQueueCreateInfos = queues,
        .enabledExtensionCount = add_extensions(&candidate->features, extensions),
        .ppEnabledExtensionNames = extensions,
    };
    TDI_TRY_VK("vkCreateDevice",
               device->instance.vkCreateDevice(candidate->handle, &info, NULL, &device->handle));
    tdi_instance_load_device(&device->instance, device->handle, &device->vk);
    return TD_OK;
}

void tdi_device_read_properties(td_device *device)
{
    VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
    VkPhysicalDeviceMaintenance4Properties maintenance = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES, .pNext = &sizes};
    device->subgroup = (VkPhysicalDeviceSubgroupProperties){
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, .pNext = &maintenance};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &device->subgroup};
    device->instance.vkGetPhysicalDeviceProperties2(device->physical, &properties);
    device->subgroup.pNext = NULL;
    device->min_subgroup_size = sizes.minSubgroupSize;
    device->max_subgroup_size = sizes.maxSubgroupSize;
    device->subgroup_size_selectable =
        (sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
    device->properties = properties.properties;
    device->max_storage_range = properties.properties.limits.maxStorageBufferRange;
    device->max_buffer_bytes = maintenance.maxBufferSize;
    device->non_coherent_atom = properties.properties.limits.nonCoherentAtomSize;
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
    device->instance.vkGetPhysicalDeviceMemoryProperties2(device->physical, &memory);
    device->memory_properties = memory.memoryProperties;
}

static td_result take_queues(td_device *device, const tdi_candidate *candidate)
{
    const tdi_queue_plan *plan = &candidate->plan;
    memcpy(device->lane_queue, plan->lane_queue, sizeof device->lane_queue);
    for (uint32_t i = 0; i < plan->queue_count; i++) {
        uint32_t family = plan->queues[i].family;
        VkQueue handle;
        device->vk.vkGetDeviceQueue(device->handle, family, plan->queues[i].index, &handle);
        TDI_TRY(tdi_queue_add(device, handle, family, plan->queues[i].index,
                              &candidate->families[family]));
    }
    return TD_OK;
}

static td_result choose(td_device *device, const td_device_params *params)
{
    const char *select = params->select ? params->select : environment("TANDEM_DEVICE");
    tdi_candidate *list;
    uint32_t count;
    TDI_TRY(tdi_candidates_list(&device->instance, params->async, &list, &count));
    const tdi_candidate *chosen;
    td_result result = tdi_candidates_select(list, count, select, &chosen);
    if (result == TD_OK && params->async == TD_ASYNC_ON && chosen->plan.queue_count < 2)
        result = tdi_fail(TD_ERROR_UNSUPPORTED,
                          "asynchronous lanes were asked for, but %s has one queue only",
                          chosen->info.name);
    if (result == TD_OK) {
        device->physical = chosen->handle;
        device->features = chosen->features;
        device->info = chosen->info;
        result = create_handle(device, chosen);
    }
    if (result == TD_OK) {
        tdi_device_read_properties(device);
        result = take_queues(device, chosen);
    }
    tdi_free(list);
    return result;
}

td_result tdi_device_furnish(td_device *device, uint64_t budget_bytes, td_budget_mode budget_mode,
                             const char *cache_folder, bool no_cache)
{
    uint64_t limit;
    TDI_TRY(find_budget(budget_bytes, &limit));
    TDI_TRY(tdi_budget_create(limit, budget_mode, &device->budget));
    TDI_TRY(tdi_memory_create(device, &device->memory));
    TDI_TRY(tdi_pipeline_cache_create(device, cache_folder, !no_cache, &device->pipeline_cache));
    return device->renderer_lacks ? TD_OK : tdi_bindless_create(device, &device->bindless);
}

static td_result build(td_device *device, const td_device_params *params)
{
    TDI_TRY(tdi_instance_create(wants_validation(params), &device->instance));
    TDI_TRY(choose(device, params));
    return tdi_device_furnish(device, params->budget_bytes, params->budget_mode,
                              params->cache_folder, params->no_cache);
}

td_result tdi_device_allocate(td_device **out)
{
    td_device *device = tdi_alloc_zero(1, sizeof *device);
    if (!device)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&device->attach_mutex, TDI_RANK_ATTACH);
    if (result != TD_OK) {
        tdi_free(device);
        return result;
    }
    device->serial = atomic_fetch_add(&devices_made, 1) + 1;
    tdi_living_add(device);
    *out = device;
    return TD_OK;
}

td_result td_device_create(const td_device_params *params, td_device **out)
{
    static const td_device_params defaults = {0};
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_device_create: `out` is NULL");
    *out = NULL;
    td_device *device;
    TDI_TRY(tdi_device_allocate(&device));
    td_result result = build(device, params ? params : &defaults);
    if (result != TD_OK) {
        td_device_destroy(device);
        return result;
    }
    *out = device;
    return TD_OK;
}

static void detach(td_device *device, int slot)
{
    if (device->attached[slot])
        device->detach[slot](device->attached[slot]);
    device->attached[slot] = NULL;
}

/* Without waiting for the whole of an imported device: what hangs on it waits for tandem's work. No
 * thread may submit anything while a device is waited for. */
static void dismantle(td_device *device)
{
    detach(device, TDI_ATTACH_UPLOADER);
    if (!device->imported)
        device->vk.vkDeviceWaitIdle(device->handle);
    for (int slot = TDI_ATTACH_UPLOADER - 1; slot >= 0; slot--)
        detach(device, slot);
    tdi_bindless_destroy(device, device->bindless);
    tdi_pipeline_cache_destroy(device, device->pipeline_cache);
    tdi_memory_destroy(device->memory);
    if (!device->imported)
        device->vk.vkDestroyDevice(device->handle, NULL);
}

td_result tdi_device_check(const td_device *device, const char *call)
{
    if (!device)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: `device` is NULL", call);
    if (!tdi_living(device))
        return tdi_fail(TD_ERROR_STATE, "%s: this device was destroyed", call);
    return TD_OK;
}

/* In debug builds a second destruction is seen, and does nothing. */
void td_device_destroy(td_device *device)
{
    if (!device || !tdi_living(device))
        return;
    if (device->handle)
        dismantle(device);
    tdi_budget_destroy(device->budget);
    tdi_instance_destroy(&device->instance);
    tdi_queues_destroy(device);
    tdi_mutex_destroy(&device->attach_mutex);
    tdi_free(device->renderer_lacks);
    tdi_living_remove(device);
    tdi_free(device);
}

void td_device_get_info(const td_device *device, td_device_info *out)
{
    *out = device->info;
}

td_budget *td_device_budget(td_device *device)
{
    return device->budget;
}

td_result td_device_list(td_device_info *infos, uint32_t capacity, uint32_t *count)
{
    if (!count || (capacity > 0 && !infos))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_device_list: `%s` is NULL",
                        count ? "infos" : "count");
    *count = 0;
    tdi_vk_instance instance;
    TDI_TRY(tdi_instance_create(false, &instance));
    tdi_candidate *list = NULL;
    td_result result = tdi_candidates_list(&instance, TD_ASYNC_AUTO, &list, count);
    for (uint32_t i = 0; result == TD_OK && i < *count && i < capacity; i++)
        infos[i] = list[i].info;
    tdi_free(list);
    tdi_instance_destroy(&instance);
    return result;
}

td_result tdi_device_attach(td_device *device, tdi_device_attachment slot,
                            td_result (*make)(td_device *device, void **out),
                            void (*destroy)(void *attached), void **out)
{
    td_result result = TD_OK;
    tdi_mutex_lock(&device->attach_mutex);
    if (!device->attached[slot]) {
        result = make(device, &device->attached[slot]);
        if (result != TD_OK)
            device->attached[slot] = NULL;
        device->detach[slot] = destroy;
    }
    *out = device->attached[slot];
    tdi_mutex_unlock(&device->attach_mutex);
    return result;
}

void tdi_device_name(td_device *device, VkObjectType type, uint64_t handle, const char *format, ...)
{
    if (!device->features.debug_utils || !device->instance.vkSetDebugUtilsObjectNameEXT)
        return;
    char name[128];
    va_list arguments;
    va_start(arguments, format);
    tdi_vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    VkDebugUtilsObjectNameInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
        .objectType = type,
        .objectHandle = handle,
        .pObjectName = name,
    };
    device->instance.vkSetDebugUtilsObjectNameEXT(device->handle, &info);
}
