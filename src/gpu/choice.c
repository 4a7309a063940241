#include "gpu/choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void lacks(td_device_info *info, const char *what)
{
    size_t length = strlen(info->missing);
    tdi_snprintf(info->missing + length, sizeof info->missing - length, "%s%s", length ? ", " : "",
                 what);
}

static void look_at_features(const tdi_vk_instance *instance, tdi_candidate *c)
{
    tdi_feature_chain chain;
    tdi_feature_chain_init(&chain);
    instance->vkGetPhysicalDeviceFeatures2(c->handle, &chain.core);
    tdi_feature_lack missing[TDI_MOST_LACKS];
    const uint32_t count = tdi_feature_chain_lacks(&chain, missing);
    for (uint32_t i = 0; i < count; i++) {
        char text[128];
        tdi_snprintf(text, sizeof text, "%s (%s)", missing[i].why, missing[i].feature);
        lacks(&c->info, text);
    }
    tdi_feature_chain_note(&chain, &c->features);
}

static td_result look_at_extensions(const tdi_vk_instance *instance, tdi_candidate *c)
{
    uint32_t count = 0;
    TDI_TRY_VK("vkEnumerateDeviceExtensionProperties",
               instance->vkEnumerateDeviceExtensionProperties(c->handle, NULL, &count, NULL));
    if (count == 0)
        return TD_OK;
    VkExtensionProperties *list = tdi_alloc_zero(count, sizeof *list);
    if (!list)
        return TD_ERROR_HOST_MEMORY;
    VkResult result = instance->vkEnumerateDeviceExtensionProperties(c->handle, NULL, &count, list);
    for (uint32_t i = 0; i < count && result >= VK_SUCCESS; i++) {
        const char *name = list[i].extensionName;
        if (strcmp(name, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) == 0)
            c->features.memory_budget = true;
        else if (strcmp(name, VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME) == 0)
            c->features.calibrated_timestamps = true;
        else if (strcmp(name, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME) == 0)
            c->features.external_memory_host = true;
    }
    tdi_free(list);
    return result < VK_SUCCESS ? tdi_vk_check(result, "vkEnumerateDeviceExtensionProperties")
                               : TD_OK;
}

static void look_at_memory(const tdi_vk_instance *instance, tdi_candidate *c)
{
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
    instance->vkGetPhysicalDeviceMemoryProperties2(c->handle, &memory);
    for (uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; i++) {
        const VkMemoryHeap *heap = &memory.memoryProperties.memoryHeaps[i];
        if ((heap->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) && heap->size > c->info.memory_bytes)
            c->info.memory_bytes = heap->size;
    }
}

static td_result look_at_queues(const tdi_vk_instance *instance, td_async_mode async,
                                tdi_candidate *c)
{
    uint32_t count = 0;
    instance->vkGetPhysicalDeviceQueueFamilyProperties2(c->handle, &count, NULL);
    VkQueueFamilyProperties2 *list = tdi_alloc_zero(count + 1, sizeof *list);
    if (!list)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        list[i].sType = VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2;
    instance->vkGetPhysicalDeviceQueueFamilyProperties2(c->handle, &count, list);
    c->family_count = count < TDI_MAX_QUEUE_FAMILIES ? count : TDI_MAX_QUEUE_FAMILIES;
    for (uint32_t i = 0; i < c->family_count; i++)
        c->families[i] = list[i].queueFamilyProperties;
    tdi_free(list);
    if (!tdi_queue_plan_make(c->families, c->family_count, async, &c->plan))
        lacks(&c->info, "a queue for compute");
    else
        tdi_queue_plan_lanes(&c->plan, c->info.lanes);
    return TD_OK;
}

static void look_at_properties(const tdi_vk_instance *instance, tdi_candidate *c)
{
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceIDProperties id = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
                                       .pNext = &driver};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &id};
    instance->vkGetPhysicalDeviceProperties2(c->handle, &properties);
    td_device_info *info = &c->info;
    tdi_snprintf(info->name, sizeof info->name, "%s", properties.properties.deviceName);
    tdi_snprintf(info->driver, sizeof info->driver, "%s %s", driver.driverName, driver.driverInfo);
    memcpy(info->uuid, id.deviceUUID, sizeof info->uuid);
    info->api_version = properties.properties.apiVersion;
    c->type = properties.properties.deviceType;
    info->software = c->type == VK_PHYSICAL_DEVICE_TYPE_CPU;
}

bool tdi_subgroups_suffice(const tdi_vk_instance *instance, VkPhysicalDevice physical)
{
    const VkSubgroupFeatureFlags needed = VK_SUBGROUP_FEATURE_BASIC_BIT |
                                          VK_SUBGROUP_FEATURE_VOTE_BIT |
                                          VK_SUBGROUP_FEATURE_BALLOT_BIT;
    VkPhysicalDeviceSubgroupProperties subgroups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &subgroups};
    instance->vkGetPhysicalDeviceProperties2(physical, &properties);
    return (subgroups.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
           (subgroups.supportedOperations & needed) == needed;
}

td_result tdi_candidate_look(const tdi_vk_instance *instance, td_async_mode async, tdi_candidate *c)
{
    look_at_properties(instance, c);
    look_at_memory(instance, c);
    TDI_TRY(look_at_queues(instance, async, c));
    TDI_TRY(look_at_extensions(instance, c));
    c->features.debug_utils = instance->debug_utils;
    if (c->info.api_version < VK_API_VERSION_1_3) {
        lacks(&c->info, "Vulkan 1.3");
    } else {
        look_at_features(instance, c);
        if (!tdi_subgroups_suffice(instance, c->handle))
            lacks(&c->info, TDI_SUBGROUPS_NEEDED);
    }
    c->info.usable = c->info.missing[0] == '\0';
    return TD_OK;
}

static int rank(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 0;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 1;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return 4;
    default:
        return 3;
    }
}

/* Stable, so that devices of one kind keep the loader's order. */
static void sort(tdi_candidate *list, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0 && rank(list[j].type) < rank(list[j - 1].type); j--) {
            tdi_candidate swap = list[j];
            list[j] = list[j - 1];
            list[j - 1] = swap;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        list[i].info.index = i;
}

static td_result look_at_all(const tdi_vk_instance *instance, td_async_mode async,
                             const VkPhysicalDevice *handles, uint32_t count, tdi_candidate *list)
{
    for (uint32_t i = 0; i < count; i++) {
        list[i].handle = handles[i];
        TDI_TRY(tdi_candidate_look(instance, async, &list[i]));
    }
    sort(list, count);
    return TD_OK;
}

td_result tdi_candidates_list(const tdi_vk_instance *instance, td_async_mode async,
                              tdi_candidate **out, uint32_t *count)
{
    VkPhysicalDevice handles[32];
    uint32_t found = sizeof handles / sizeof handles[0];
    VkResult listed = instance->vkEnumeratePhysicalDevices(instance->handle, &found, handles);
    if (listed != VK_INCOMPLETE)
        TDI_TRY_VK("vkEnumeratePhysicalDevices", listed);
    if (found == 0)
        return tdi_fail(TD_ERROR_NO_DEVICE, "Vulkan has no device; install a driver (Debian: "
                                            "mesa-vulkan-drivers)");
    tdi_candidate *list = tdi_alloc_zero(found, sizeof *list);
    if (!list)
        return TD_ERROR_HOST_MEMORY;
    td_result result = look_at_all(instance, async, handles, found, list);
    if (result != TD_OK) {
        tdi_free(list);
        return result;
    }
    *out = list;
    *count = found;
    return TD_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++) {
        size_t i = 0;
        while (part[i] && lower(text[i]) == lower(part[i]))
            i++;
        if (!part[i])
            return true;
    }
    return false;
}

static int hex_digit(char c)
{
    c = lower(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_uuid(const char *text, uint8_t uuid[16])
{
    uint32_t digits = 0;
    for (; *text; text++) {
        if (*text == '-')
            continue;
        int digit = hex_digit(*text);
        if (digit < 0 || digits == 32)
            return false;
        uint8_t *byte = &uuid[digits / 2];
        *byte = (uint8_t)(digits % 2 ? *byte << 4 | digit : digit);
        digits++;
    }
    return digits == 32;
}

static bool matches(const tdi_candidate *c, const char *select)
{
    uint8_t uuid[16];
    uint32_t index;
    if (!select || !select[0])
        return true;
    if (parse_uuid(select, uuid))
        return memcmp(uuid, c->info.uuid, sizeof uuid) == 0;
    if (tdi_parse_u32(select, &index))
        return index == c->info.index;
    return contains(c->info.name, select);
}

/* Appends "NAME lacks X, Y" for each device that fits `select`. */
static td_result fail_unusable(const tdi_candidate *list, uint32_t count, const char *select)
{
    char text[1024] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < count && length < sizeof text; i++) {
        if (matches(&list[i], select))
            length +=
                (size_t)tdi_snprintf(text + length, sizeof text - length, "%s%s lacks %s",
                                     length ? "; " : "", list[i].info.name, list[i].info.missing);
    }
    return tdi_fail(TD_ERROR_NO_DEVICE, "no usable Vulkan device: %s", text);
}

td_result tdi_candidates_select(const tdi_candidate *list, uint32_t count, const char *select,
                                const tdi_candidate **out)
{
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!matches(&list[i], select))
            continue;
        any = true;
        if (list[i].info.usable) {
            *out = &list[i];
            return TD_OK;
        }
    }
    if (any)
        return fail_unusable(list, count, select);
    return tdi_fail(TD_ERROR_NOT_FOUND,
                    "no device is called \"%s\"; there are %u, the first is 0, \"%s\"", select,
                    count, list[0].info.name);
}
