/* See faults.h. The plans and who they are for; the loss of a device. */
#include "faults_state.h"

/* ---- which call fails ---- */

static const struct {
    const char *name;
    int results;
} calls[FAULTS_CALL_COUNT] = {
#define FAULTS_ENTRY(name, function, results) {#function, results},
    FAULTS_CALLS(FAULTS_ENTRY)
#undef FAULTS_ENTRY
};

static bool may_return(faults_call call, VkResult result)
{
    switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return (calls[call].results & FAULTS_HOST) != 0;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return (calls[call].results & FAULTS_DEVICE) != 0;
    case VK_ERROR_DEVICE_LOST:
        return (calls[call].results & FAULTS_LOST) != 0;
    default:
        return true;
    }
}

faults_verdict faults_judge(faults_count *count, faults_call call)
{
    faults_verdict v = {VK_SUCCESS, false};
    pthread_mutex_lock(&count->mutex);
    const faults_plan *plan = &count->plan;
    if (plan->calls >> call & 1 && may_return(call, plan->result)) {
        const uint32_t number = ++count->counted;
        const uint32_t times = plan->times ? plan->times : 1;
        if (plan->nth && number >= plan->nth && number - plan->nth < times) {
            if (count->failed++ == 0)
                count->first = calls[call].name;
            v = (faults_verdict){plan->result, plan->after};
        }
    }
    pthread_mutex_unlock(&count->mutex);
    return v;
}

bool faults_is_lost(const layer_device *device)
{
    return atomic_load(&faults_of(device)->lost);
}

static void lose(layer_device *device)
{
    faults_device *data = device->data;
    atomic_store(&data->lost, true);
    pthread_mutex_lock(&data->queue_mutex);
    if (!data->idle)
        LAYER_NEXT(device, vkDeviceWaitIdle)(device->handle);
    data->idle = true;
    pthread_mutex_unlock(&data->queue_mutex);
}

VkResult faults_fail(layer_device *device, VkResult result)
{
    if (result == VK_ERROR_DEVICE_LOST)
        lose(device);
    return result;
}

/* ---- the test's side ---- */

static VKAPI_ATTR void VKAPI_CALL arm(VkDevice handle, const faults_plan *plan)
{
    faults_count *count = &faults_of(layer_find_device(handle))->count;
    pthread_mutex_lock(&count->mutex);
    count->plan = *plan;
    count->counted = 0;
    count->failed = 0;
    count->first = NULL;
    pthread_mutex_unlock(&count->mutex);
}

static VKAPI_ATTR uint32_t VKAPI_CALL counted(VkDevice handle)
{
    faults_count *count = &faults_of(layer_find_device(handle))->count;
    pthread_mutex_lock(&count->mutex);
    const uint32_t number = count->counted;
    pthread_mutex_unlock(&count->mutex);
    return number;
}

static VKAPI_ATTR const char *VKAPI_CALL failed(VkDevice handle)
{
    faults_count *count = &faults_of(layer_find_device(handle))->count;
    pthread_mutex_lock(&count->mutex);
    const char *name = count->first;
    pthread_mutex_unlock(&count->mutex);
    return name;
}

static VKAPI_ATTR bool VKAPI_CALL happened(VkDevice handle)
{
    return failed(handle) != NULL;
}

static VKAPI_ATTR bool VKAPI_CALL lost(VkDevice handle)
{
    return faults_is_lost(layer_find_device(handle));
}

static const layer_function functions[] = {
    LAYER_OWN("vkTandemFaultsArm", arm),
    LAYER_OWN("vkTandemFaultsCounted", counted),
    LAYER_OWN("vkTandemFaultsHappened", happened),
    LAYER_OWN("vkTandemFaultsFailed", failed),
    LAYER_OWN("vkTandemFaultsLost", lost),
    LAYER_OWN("vkTandemFaultsSetMemory", faults_set_memory),
};

/* ---- the layer ---- */

/* The first device of an instance goes on with the environment's plan. */
static void take_over(faults_count *from, faults_count *to)
{
    pthread_mutex_lock(&from->mutex);
    to->plan = from->plan;
    to->counted = from->counted;
    to->failed = from->failed;
    to->first = from->first;
    from->plan = (faults_plan){0};
    pthread_mutex_unlock(&from->mutex);
}

static VkResult start(layer_device *device, const VkDeviceCreateInfo *info)
{
    faults_device *data = device->data;
    faults_instance *instance = device->instance->data;
    (void)info;
    if (!faults_heaps_start(data))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    pthread_mutex_init(&data->count.mutex, NULL);
    pthread_mutex_init(&data->queue_mutex, NULL);
    take_over(&instance->count, &data->count);
    return VK_SUCCESS;
}

static void end(layer_device *device)
{
    faults_device *data = device->data;
    pthread_mutex_destroy(&data->queue_mutex);
    pthread_mutex_destroy(&data->count.mutex);
    faults_heaps_end(data);
}

static const layer_table *const tables[] = {
    &faults_calls_table,
    &faults_waits_table,
    &faults_heaps_table,
    NULL,
};

const layer_definition layer = {
    .instance_functions = faults_instance_functions,
    .instance_function_count = FAULTS_INSTANCE_FUNCTIONS,
    .instance_size = sizeof(faults_instance),
    .create_instance = faults_create_instance,
    .instance_created = faults_instance_created,
    .instance_destroyed = faults_instance_destroyed,
    .device_functions = functions,
    .device_function_count = LAYER_COUNT(functions),
    .device_tables = tables,
    .device_size = sizeof(faults_device),
    .create_device = faults_create_device,
    .device_created = start,
    .device_destroyed = end,
};
