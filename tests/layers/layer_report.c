#include "layer_report.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct messenger {
    struct messenger *following;
    const layer_instance *instance;
    VkDebugUtilsMessengerEXT handle;
    VkDebugUtilsMessengerCreateInfoEXT info;
} messenger;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static messenger *messengers;
static uint64_t reports;

/* A list of its own, because the loader's vkSubmitDebugUtilsMessageEXT takes the lock that it holds
 * in vkDestroyDevice. */
VKAPI_ATTR VkResult VKAPI_CALL
layer_report_create_messenger(VkInstance handle, const VkDebugUtilsMessengerCreateInfoEXT *info,
                              const VkAllocationCallbacks *allocator, VkDebugUtilsMessengerEXT *out)
{
    const layer_instance *instance = layer_find_instance(handle);
    messenger *added = malloc(sizeof *added);
    if (!added)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    const VkResult result =
        LAYER_NEXT_INSTANCE(instance, vkCreateDebugUtilsMessengerEXT)(handle, info, allocator, out);
    if (result != VK_SUCCESS) {
        free(added);
        return result;
    }
    pthread_mutex_lock(&mutex);
    *added = (messenger){messengers, instance, *out, *info};
    messengers = added;
    pthread_mutex_unlock(&mutex);
    return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL layer_report_destroy_messenger(VkInstance handle,
                                                          VkDebugUtilsMessengerEXT destroyed,
                                                          const VkAllocationCallbacks *allocator)
{
    pthread_mutex_lock(&mutex);
    messenger **link = &messengers;
    while (*link && (*link)->handle != destroyed)
        link = &(*link)->following;
    messenger *found = *link;
    if (found)
        *link = found->following;
    pthread_mutex_unlock(&mutex);
    free(found);
    LAYER_NEXT_INSTANCE(layer_find_instance(handle), vkDestroyDebugUtilsMessengerEXT)
    (handle, destroyed, allocator);
}

const layer_function layer_report_functions[2] = {
    LAYER_FUNCTION(vkCreateDebugUtilsMessengerEXT, layer_report_create_messenger),
    LAYER_FUNCTION(vkDestroyDebugUtilsMessengerEXT, layer_report_destroy_messenger),
};

static void tell(const messenger *to, const char *name, const char *text)
{
    const VkDebugUtilsMessengerCallbackDataEXT data = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
        .pMessageIdName = name,
        .pMessage = text,
    };
    const VkFlags severity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    const VkFlags type = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    if ((to->info.messageSeverity & severity) && (to->info.messageType & type))
        to->info.pfnUserCallback(severity, type, &data, to->info.pUserData);
}

/* A program without a messenger has its messages printed, as validation's are. */
void layer_report(const layer_device *device, const char *name, const char *format, ...)
{
    bool told = false;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&mutex);
    reports++;
    for (const messenger *at = messengers; at; at = at->following) {
        if (at->instance != device->instance)
            continue;
        tell(at, name, text);
        told = true;
    }
    if (!told)
        fprintf(stderr, "Validation Error: [ %s ] %s\n", name, text);
    pthread_mutex_unlock(&mutex);
}

uint64_t layer_report_count(void)
{
    pthread_mutex_lock(&mutex);
    const uint64_t count = reports;
    pthread_mutex_unlock(&mutex);
    return count;
}
