#include "gpu/import.h"

#include <stdarg.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "gpu/choice.h"
#include "gpu/queue.h"

static const char *const LANE_NAMES[TD_LANE_COUNT] = {"graphics", "compute", "transfer"};

/* What is missing, part after part. */
typedef struct lack_list {
    char text[2048];
    size_t length;
} lack_list;

static void add_lack(lack_list *list, const char *format, ...) TD_PRINTF(2, 3);

static void add_lack(lack_list *list, const char *format, ...)
{
    char part[256];
    va_list arguments;
    va_start(arguments, format);
    tdi_vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    const size_t room = sizeof list->text - list->length;
    const size_t length = (size_t)tdi_snprintf(list->text + list->length, room, "%s%s",
                                               list->length ? "; " : "", part);
    list->length += length < room ? length : room - 1;
}

static void add_features(lack_list *list, const tdi_feature_chain *enabled, tdi_feature_need need)
{
    tdi_feature_lack lacks[TDI_MOST_LACKS];
    const uint32_t count = tdi_feature_chain_lacks(enabled, lacks);
    for (uint32_t i = 0; i < count; i++) {
        if (lacks[i].need == need)
            add_lack(list, "%s was not enabled (%s)", lacks[i].feature, lacks[i].member);
    }
}

static td_result fail_null(const char *what)
{
    return tdi_fail(TD_ERROR_ARGUMENT, "td_device_import: `%s` is missing", what);
}

static td_result check_params(const td_device_import_params *params)
{
    if (!params->instance)
        return fail_null("instance");
    if (!params->physical_device)
        return fail_null("physical_device");
    if (!params->device)
        return fail_null("device");
    if (!params->features)
        return fail_null("features");
    if (params->features->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_device_import: `features` is no VkPhysicalDeviceFeatures2: its sType "
                        "is %d",
                        (int)params->features->sType);
    if (params->instance_extension_count > 0 && !params->instance_extensions)
        return fail_null("instance_extensions");
    if (params->device_extension_count > 0 && !params->device_extensions)
        return fail_null("device_extensions");
    if (!params->lock_queue != !params->unlock_queue)
        return fail_null(params->lock_queue ? "unlock_queue" : "lock_queue");
    if ((unsigned)params->async > TD_ASYNC_ON || (unsigned)params->budget_mode > TD_BUDGET_WARN)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_device_import: there is no %s %d",
                        (unsigned)params->async > TD_ASYNC_ON ? "mode of lanes" : "budget mode",
                        (unsigned)params->async > TD_ASYNC_ON ? (int)params->async
                                                              : (int)params->budget_mode);
    if (!params->queues[TD_LANE_GRAPHICS].handle)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_device_import: the graphics lane has no queue; every lane needs one, "
                        "and the others may share this one");
    return TD_OK;
}

static uint32_t asked_version(const td_device_import_params *params)
{
    return params->api_version ? params->api_version : VK_API_VERSION_1_3;
}

static td_result fail_lacks(const lack_list *list)
{
    return tdi_fail(TD_ERROR_UNSUPPORTED,
                    "td_device_import: %s; make the instance and the device with it", list->text);
}

static td_result check_lanes(const td_device_import_params *params,
                             const tdi_feature_chain *enabled, uint32_t device_version)
{
    lack_list list = {0};
    const uint32_t asked = asked_version(params);
    if (asked < VK_API_VERSION_1_3)
        add_lack(&list, "Vulkan 1.3 was not asked for (VkApplicationInfo::apiVersion says %u.%u)",
                 VK_API_VERSION_MAJOR(asked), VK_API_VERSION_MINOR(asked));
    if (device_version < VK_API_VERSION_1_3)
        add_lack(&list, "the physical device has Vulkan %u.%u and not 1.3",
                 VK_API_VERSION_MAJOR(device_version), VK_API_VERSION_MINOR(device_version));
    add_features(&list, enabled, TDI_NEED_LANES);
    return list.length ? fail_lacks(&list) : TD_OK;
}

static bool has_name(const char *const *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

/* Optional things count only where the program turned them on. */
static void note_features(td_device *device, const td_device_import_params *params,
                          const tdi_feature_chain *enabled)
{
    const char *const *names = params->device_extensions;
    const uint32_t count = params->device_extension_count;
    device->features = (tdi_device_features){
        .memory_budget = has_name(names, count, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME),
        .calibrated_timestamps =
            has_name(names, count, VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME),
        .external_memory_host = has_name(names, count, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME),
        .debug_utils = device->instance.debug_utils,
    };
    tdi_feature_chain_note(enabled, &device->features);
}

static td_result note_renderer(td_device *device, const tdi_feature_chain *enabled)
{
    lack_list list = {0};
    add_features(&list, enabled, TDI_NEED_RENDERER);
    if (!tdi_subgroups_suffice(&device->instance, device->physical))
        add_lack(&list, "the physical device has no %s", TDI_SUBGROUPS_NEEDED);
    device->info.usable = list.length == 0;
    tdi_snprintf(device->info.missing, sizeof device->info.missing, "%s", list.text);
    if (list.length == 0)
        return TD_OK;
    device->renderer_lacks = tdi_strdup(list.text);
    return device->renderer_lacks ? TD_OK : TD_ERROR_HOST_MEMORY;
}

td_result tdi_import_check_renderer(const td_device *device, const char *who)
{
    if (!device->renderer_lacks)
        return TD_OK;
    return tdi_fail(TD_ERROR_UNSUPPORTED,
                    "%s: the imported device misses what the renderer needs: "
                    "%s; make the device with it",
                    who, device->renderer_lacks);
}

static bool family_suffices(td_lane lane, VkQueueFlags flags)
{
    /* Families of graphics or compute can copy without saying so. */
    if (lane == TD_LANE_TRANSFER)
        return flags & (VK_QUEUE_TRANSFER_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_GRAPHICS_BIT);
    return flags & VK_QUEUE_COMPUTE_BIT;
}

static td_result check_queue(const tdi_candidate *candidate, td_lane lane,
                             const td_import_queue *queue)
{
    if (queue->family >= candidate->family_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_device_import: the %s lane's queue is of family %u, and the physical "
                        "device has %u families",
                        LANE_NAMES[lane], queue->family, candidate->family_count);
    const VkQueueFamilyProperties *family = &candidate->families[queue->family];
    if (queue->index >= family->queueCount)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_device_import: the %s lane's queue has index %u in family %u, which "
                        "has %u queues",
                        LANE_NAMES[lane], queue->index, queue->family, family->queueCount);
    if (!family_suffices(lane, family->queueFlags))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_device_import: the %s lane's queue is of family %u, which cannot %s",
                        LANE_NAMES[lane], queue->family,
                        lane == TD_LANE_TRANSFER ? "copy" : "compute");
    return TD_OK;
}

/* The lane's entry of device->queues, made if no lane before has it. */
static td_result take_queue(td_device *device, const tdi_candidate *candidate, td_lane lane,
                            const td_import_queue *given)
{
    TDI_TRY(check_queue(candidate, lane, given));
    for (uint32_t i = 0; i < device->queue_count; i++) {
        const tdi_queue *queue = &device->queues[i];
        const bool same_handle = queue->handle == given->handle;
        const bool same_place = queue->family == given->family && queue->index == given->index;
        if (same_handle != same_place)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_device_import: the %s lane's queue %s that of another lane, but "
                            "family and index %s",
                            LANE_NAMES[lane], same_handle ? "is" : "is not",
                            same_place ? "are the same" : "differ");
        if (same_handle) {
            device->lane_queue[lane] = i;
            return TD_OK;
        }
    }
    device->lane_queue[lane] = device->queue_count;
    return tdi_queue_add(device, given->handle, given->family, given->index,
                         &candidate->families[given->family]);
}

static const char *lane_reason(const td_device_import_params *params, const td_device *device,
                               td_lane lane)
{
    if (lane == TD_LANE_GRAPHICS)
        return "imported";
    if (params->async == TD_ASYNC_OFF)
        return "asynchronous lanes are turned off";
    if (!params->queues[lane].handle)
        return "no queue was imported for it";
    return device->lane_queue[lane] == device->lane_queue[TD_LANE_GRAPHICS]
               ? "imported, the same queue as for graphics"
               : "imported";
}

static void describe_lane(td_device *device, const td_device_import_params *params, td_lane lane)
{
    const tdi_queue *queue = &device->queues[device->lane_queue[lane]];
    device->info.lanes[lane] = (td_lane_info){
        .family = queue->family,
        .queue = queue->index,
        .passthrough = lane != TD_LANE_GRAPHICS &&
                       device->lane_queue[lane] == device->lane_queue[TD_LANE_GRAPHICS],
        .reason = lane_reason(params, device, lane),
    };
}

static td_result take_queues(td_device *device, const tdi_candidate *candidate,
                             const td_device_import_params *params)
{
    for (td_lane lane = 0; lane < TD_LANE_COUNT; lane++) {
        const td_import_queue *given = &params->queues[lane];
        if (!given->handle || params->async == TD_ASYNC_OFF)
            given = &params->queues[TD_LANE_GRAPHICS];
        TDI_TRY(take_queue(device, candidate, lane, given));
        describe_lane(device, params, lane);
    }
    if (params->async == TD_ASYNC_ON && device->queue_count < 2)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "td_device_import: asynchronous lanes were asked "
                                              "for, but one queue only was handed over");
    /* Nothing ever resets the queries otherwise. */
    for (uint32_t i = 0; i < device->queue_count && !device->features.host_query_reset; i++)
        device->queues[i].timestamp_bits = 0;
    device->lock_queue = params->lock_queue;
    device->unlock_queue = params->unlock_queue;
    device->lock_user = params->user;
    return TD_OK;
}

static td_result take_device(td_device *device, const td_device_import_params *params,
                             const tdi_feature_chain *enabled)
{
    tdi_candidate candidate = {.handle = params->physical_device};
    TDI_TRY(tdi_candidate_look(&device->instance, TD_ASYNC_AUTO, &candidate));
    TDI_TRY(check_lanes(params, enabled, candidate.info.api_version));
    device->physical = params->physical_device;
    device->info = candidate.info;
    note_features(device, params, enabled);
    tdi_instance_load_device(&device->instance, params->device, &device->vk);
    device->handle = params->device;
    tdi_device_read_properties(device);
    TDI_TRY(note_renderer(device, enabled));
    return take_queues(device, &candidate, params);
}

static td_result build(td_device *device, const td_device_import_params *params)
{
    tdi_feature_chain enabled;
    tdi_feature_chain_read(&enabled, params->features);
    device->imported = true;
    /* Of an older instance not even the functions that look at the device are there. */
    if (asked_version(params) < VK_API_VERSION_1_3)
        return check_lanes(params, &enabled, VK_API_VERSION_1_3);
    TDI_TRY(
        tdi_instance_import(params->instance, params->get_instance_proc_addr,
                            has_name(params->instance_extensions, params->instance_extension_count,
                                     VK_EXT_DEBUG_UTILS_EXTENSION_NAME),
                            &device->instance));
    TDI_TRY(take_device(device, params, &enabled));
    return tdi_device_furnish(device, params->budget_bytes, params->budget_mode,
                              params->cache_folder, params->no_cache);
}

td_result td_device_import(const td_device_import_params *params, td_device **out)
{
    if (!params || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_device_import: `%s` is NULL",
                        params ? "out" : "params");
    *out = NULL;
    TDI_TRY(check_params(params));
    td_device *device;
    TDI_TRY(tdi_device_allocate(&device));
    td_result result = build(device, params);
    if (result != TD_OK) {
        td_device_destroy(device);
        return result;
    }
    *out = device;
    return TD_OK;
}

void td_device_get_vulkan(const td_device *device, td_device_vulkan *out)
{
    if (!out)
        return;
    *out = (td_device_vulkan){0};
    if (tdi_device_check(device, "td_device_get_vulkan") != TD_OK)
        return;
    *out = (td_device_vulkan){
        .instance = device->instance.handle,
        .physical_device = device->physical,
        .device = device->handle,
        .get_instance_proc_addr = device->instance.get_proc_addr,
        .family_count = device->family_count,
    };
    memcpy(out->families, device->families, sizeof out->families);
    for (td_lane lane = 0; lane < TD_LANE_COUNT; lane++) {
        const tdi_queue *queue = &device->queues[device->lane_queue[lane]];
        out->queues[lane] = (td_import_queue){queue->handle, queue->family, queue->index};
    }
}
