/* A Vulkan instance with its own function table, and the validation layer on request. Every device
 * and every listing has an instance of its own, so nothing is shared between them. */
#ifndef TDI_GPU_INSTANCE_H
#define TDI_GPU_INSTANCE_H

#include "gpu/messages.h"
#include "gpu/vulkan.h"

/* Always there in Vulkan 1.3. */
#define TDI_INSTANCE_FUNCTIONS(X)                                                                  \
    X(vkDestroyInstance)                                                                           \
    X(vkEnumeratePhysicalDevices)                                                                  \
    X(vkEnumerateDeviceExtensionProperties)                                                        \
    X(vkGetPhysicalDeviceProperties2)                                                              \
    X(vkGetPhysicalDeviceFeatures2)                                                                \
    X(vkGetPhysicalDeviceMemoryProperties2)                                                        \
    X(vkGetPhysicalDeviceQueueFamilyProperties2)                                                   \
    X(vkGetPhysicalDeviceImageFormatProperties2)                                                   \
    X(vkCreateDevice)                                                                              \
    X(vkGetDeviceProcAddr)

/* NULL without their extension. */
#define TDI_INSTANCE_FUNCTIONS_OPTIONAL(X)                                                         \
    X(vkCreateDebugUtilsMessengerEXT)                                                              \
    X(vkDestroyDebugUtilsMessengerEXT)                                                             \
    X(vkSetDebugUtilsObjectNameEXT)                                                                \
    X(vkGetPhysicalDeviceCalibrateableTimeDomainsEXT)

typedef struct tdi_vk_instance {
    VkInstance handle;
    PFN_vkGetInstanceProcAddr get_proc_addr; /* the loader's */
    bool imported;                           /* `handle` is somebody else's */
    bool debug_utils;
    bool validation;          /* the layer is on */
    bool validation_features; /* the layer can be told what to look at */
    tdi_messages *messages;   /* NULL without validation */
    VkDebugUtilsMessengerEXT messenger;
#define TDI_INSTANCE_MEMBER(name) PFN_##name name;
    TDI_INSTANCE_FUNCTIONS(TDI_INSTANCE_MEMBER)
    TDI_INSTANCE_FUNCTIONS_OPTIONAL(TDI_INSTANCE_MEMBER)
#undef TDI_INSTANCE_MEMBER
} tdi_vk_instance;

/* Loads Vulkan and makes an instance. Validation: core and synchronisation validation, where the
 * layer is installed (else a warning). TD_ERROR_NO_DEVICE if there is no Vulkan 1.3. */
td_result tdi_instance_create(bool validation, tdi_vk_instance *out);
/* Takes somebody else's instance of Vulkan 1.3. `get_proc_addr` NULL: that of the loader which
 * tandem finds by itself. */
td_result tdi_instance_import(VkInstance handle, PFN_vkGetInstanceProcAddr get_proc_addr,
                              bool debug_utils, tdi_vk_instance *out);
/* A zeroed instance is fine, and an imported one stays what it is. */
void tdi_instance_destroy(tdi_vk_instance *instance);

/* Fills the table of a device made from this instance. */
void tdi_instance_load_device(const tdi_vk_instance *instance, VkDevice device,
                              struct VolkDeviceTable *out);

/* Receives each validation and performance message, on the thread that caused it and possibly under
 * a lock of tandem's. For tests; set it while no instance exists. NULL turns it off. */
typedef void (*tdi_message_hook)(void *user, const char *id, const char *text);
void tdi_instance_set_message_hook(tdi_message_hook hook, void *user);

#endif
