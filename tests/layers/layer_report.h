/* What a layer finds wrong is told to the program's VK_EXT_debug_utils messengers, as validation
 * does, and counted. Safe from any thread; callbacks come under a lock of this file. */
#ifndef TESTS_LAYERS_LAYER_REPORT_H
#define TESTS_LAYERS_LAYER_REPORT_H

#include "layer.h"

/* For the table of instance functions, one by one or as a table. */
extern const layer_function layer_report_functions[2];
VKAPI_ATTR VkResult VKAPI_CALL layer_report_create_messenger(
    VkInstance handle, const VkDebugUtilsMessengerCreateInfoEXT *info,
    const VkAllocationCallbacks *allocator, VkDebugUtilsMessengerEXT *out);
VKAPI_ATTR void VKAPI_CALL layer_report_destroy_messenger(VkInstance handle,
                                                          VkDebugUtilsMessengerEXT destroyed,
                                                          const VkAllocationCallbacks *allocator);

/* An error of validation, with a name such as "TANDEM-split-ownership". */
void layer_report(const layer_device *device, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many there were, of all devices. */
uint64_t layer_report_count(void);

#endif
