/* A Vulkan layer for tests: checks every submission against what its passes declare. Between two
 * uses of the same memory that do not go together there must be a chain of barriers, semaphores and
 * host waits with the right stages and accesses; hazards_track.h says what counts.
 *
 * It lies nearest to the program, above validation: what is declared names the program's handles.
 */
#include <string.h>

#include "hazards_device.h"
#include "layer_report.h"

hazards_device *hazards_of(const void *dispatchable)
{
    return layer_find_device(dispatchable)->data;
}

static VkResult device_created(layer_device *device, const VkDeviceCreateInfo *info)
{
    (void)info;
    hazards_device *data = device->data;
    data->device = device;
    data->track.device = device;
    if (pthread_mutex_init(&data->mutex, NULL))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    object_map_init(&data->places);
    object_map_init(&data->records);
    object_map_init(&data->semaphores);
    return VK_SUCCESS;
}

static void device_destroyed(layer_device *device)
{
    hazards_device *data = device->data;
    object_map_clear(&data->records, hazards_free_record);
    object_map_destroy(&data->records);
    object_map_destroy(&data->places);
    object_map_destroy(&data->semaphores);
    hazards_track_destroy(&data->track);
    pthread_mutex_destroy(&data->mutex);
}

#define FUNCTION_COUNT                                                                             \
    (HAZARDS_OBJECT_FUNCTIONS + HAZARDS_COMMAND_FUNCTIONS + HAZARDS_SUBMIT_FUNCTIONS +             \
     HAZARDS_TRANSFER_FUNCTIONS)

static layer_function functions[FUNCTION_COUNT];

__attribute__((constructor)) static void join_functions(void)
{
    layer_function *next = functions;
    memcpy(next, hazards_object_functions, sizeof hazards_object_functions);
    next += HAZARDS_OBJECT_FUNCTIONS;
    memcpy(next, hazards_command_functions, sizeof hazards_command_functions);
    next += HAZARDS_COMMAND_FUNCTIONS;
    memcpy(next, hazards_submit_functions, sizeof hazards_submit_functions);
    next += HAZARDS_SUBMIT_FUNCTIONS;
    memcpy(next, hazards_transfer_functions, sizeof hazards_transfer_functions);
}

static const layer_function instance_functions[] = {
    LAYER_FUNCTION(vkCreateDebugUtilsMessengerEXT, layer_report_create_messenger),
    LAYER_FUNCTION(vkDestroyDebugUtilsMessengerEXT, layer_report_destroy_messenger),
};

const layer_definition layer = {
    .instance_functions = instance_functions,
    .instance_function_count = LAYER_COUNT(instance_functions),
    .device_functions = functions,
    .device_function_count = FUNCTION_COUNT,
    .device_size = sizeof(hazards_device),
    .device_created = device_created,
    .device_destroyed = device_destroyed,
};
