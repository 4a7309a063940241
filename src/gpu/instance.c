#include "gpu/instance.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

#define VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

/* Only the loader's own entry points, the same for every instance. */
static tdi_mutex loader_mutex = TDI_MUTEX_STATIC(TDI_RANK_DEVICE);
static bool loader_ready;

static tdi_message_hook message_hook;
static void *message_user;

void tdi_instance_set_message_hook(tdi_message_hook hook, void *user)
{
    message_hook = hook;
    message_user = user;
}

static td_result load_loader(void)
{
    tdi_mutex_lock(&loader_mutex);
    if (!loader_ready)
        loader_ready = volkInitialize() == VK_SUCCESS && vkCreateInstance;
    bool ready = loader_ready;
    tdi_mutex_unlock(&loader_mutex);
    if (!ready)
        return tdi_fail(TD_ERROR_NO_DEVICE, "the Vulkan loader libvulkan.so.1 cannot be loaded; "
                                            "install it (Debian: libvulkan1)");
    uint32_t version = VK_API_VERSION_1_0;
    if (vkEnumerateInstanceVersion)
        vkEnumerateInstanceVersion(&version);
    if (version < VK_API_VERSION_1_3)
        return tdi_fail(TD_ERROR_NO_DEVICE,
                        "the Vulkan loader has version %u.%u, and tandem needs 1.3; update it",
                        VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version));
    return TD_OK;
}

static VkBool32 VKAPI_PTR on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                     VkDebugUtilsMessageTypeFlagsEXT types,
                                     const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    const char *id = data->pMessageIdName ? data->pMessageIdName : "Vulkan";
    const char *text = data->pMessage ? data->pMessage : "";
    bool general = !(types & ~(VkFlags)VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT);
    if (message_hook && !general)
        message_hook(message_user, id, text);
    td_log_level level =
        severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT ? TD_LOG_ERROR : TD_LOG_WARNING;
    tdi_messages_add(user, general ? TD_LOG_DEBUG : level, id, text);
    return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT messenger_info(tdi_messages *messages)
{
    return (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = messages,
    };
}

/* Whether the loader, or `layer` if not NULL, offers the extension. */
static td_result find_extension(const char *layer, const char *name, bool *found)
{
    uint32_t count = 0;
    *found = false;
    if (vkEnumerateInstanceExtensionProperties(layer, &count, NULL) != VK_SUCCESS || count == 0)
        return TD_OK;
    VkExtensionProperties *list = tdi_alloc_zero(count, sizeof *list);
    if (!list)
        return TD_ERROR_HOST_MEMORY;
    if (vkEnumerateInstanceExtensionProperties(layer, &count, list) >= VK_SUCCESS) {
        for (uint32_t i = 0; i < count && !*found; i++)
            *found = strcmp(list[i].extensionName, name) == 0;
    }
    tdi_free(list);
    return TD_OK;
}

static td_result find_validation_layer(bool *found)
{
    uint32_t count = 0;
    *found = false;
    if (vkEnumerateInstanceLayerProperties(&count, NULL) != VK_SUCCESS || count == 0)
        return TD_OK;
    VkLayerProperties *list = tdi_alloc_zero(count, sizeof *list);
    if (!list)
        return TD_ERROR_HOST_MEMORY;
    if (vkEnumerateInstanceLayerProperties(&count, list) >= VK_SUCCESS) {
        for (uint32_t i = 0; i < count && !*found; i++)
            *found = strcmp(list[i].layerName, VALIDATION_LAYER) == 0;
    }
    tdi_free(list);
    return TD_OK;
}

static VkResult create_handle(tdi_vk_instance *instance)
{
    const char *layers[] = {VALIDATION_LAYER};
    const char *extensions[2];
    uint32_t extension_count = 0;
    if (instance->debug_utils)
        extensions[extension_count++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    if (instance->validation_features)
        extensions[extension_count++] = VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME;

    VkValidationFeatureEnableEXT enabled =
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
    VkDebugUtilsMessengerCreateInfoEXT messenger = messenger_info(instance->messages);
    VkValidationFeaturesEXT validation = {
        .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
        .pNext = &messenger,
        .enabledValidationFeatureCount = 1,
        .pEnabledValidationFeatures = &enabled,
    };
    VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "tandem",
        .pEngineName = "tandem",
        .engineVersion =
            VK_MAKE_API_VERSION(0, TD_VERSION_MAJOR, TD_VERSION_MINOR, TD_VERSION_PATCH),
        .apiVersion = VK_API_VERSION_1_3,
    };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = instance->validation ? &validation : NULL,
        .pApplicationInfo = &application,
        .enabledLayerCount = instance->validation ? 1 : 0,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = extension_count,
        .ppEnabledExtensionNames = extensions,
    };
    return vkCreateInstance(&info, NULL, &instance->handle);
}

static td_result load_functions(tdi_vk_instance *instance)
{
#define LOAD(name) instance->name = (PFN_##name)instance->get_proc_addr(instance->handle, #name);
    TDI_INSTANCE_FUNCTIONS(LOAD)
    TDI_INSTANCE_FUNCTIONS_OPTIONAL(LOAD)
#undef LOAD
#define CHECK(name)                                                                                \
    if (!instance->name)                                                                           \
        return tdi_fail(TD_ERROR_NO_DEVICE, "the Vulkan loader has no function %s; update it",     \
                        #name);
    TDI_INSTANCE_FUNCTIONS(CHECK)
#undef CHECK
    return TD_OK;
}

static td_result create_messenger(tdi_vk_instance *instance)
{
    if (!instance->messages || !instance->vkCreateDebugUtilsMessengerEXT)
        return TD_OK;
    VkDebugUtilsMessengerCreateInfoEXT info = messenger_info(instance->messages);
    return tdi_vk_check(instance->vkCreateDebugUtilsMessengerEXT(instance->handle, &info, NULL,
                                                                 &instance->messenger),
                        "vkCreateDebugUtilsMessengerEXT");
}

static td_result find_abilities(bool validation, tdi_vk_instance *instance)
{
    TDI_TRY(find_extension(NULL, VK_EXT_DEBUG_UTILS_EXTENSION_NAME, &instance->debug_utils));
    if (!validation)
        return TD_OK;
    TDI_TRY(find_validation_layer(&instance->validation));
    instance->validation = instance->validation && instance->debug_utils;
    if (!instance->validation) {
        tdi_log(TD_LOG_WARNING,
                "validation was asked for, but the layer %s is not installed "
                "(Debian: vulkan-validationlayers)",
                VALIDATION_LAYER);
        return TD_OK;
    }
    TDI_TRY(find_extension(VALIDATION_LAYER, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME,
                           &instance->validation_features));
    return tdi_messages_create(&instance->messages);
}

static td_result build(bool validation, tdi_vk_instance *instance)
{
    TDI_TRY(load_loader());
    TDI_TRY(find_abilities(validation, instance));
    VkResult result = create_handle(instance);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return tdi_fail(TD_ERROR_NO_DEVICE,
                        "no Vulkan driver is installed, or VK_DRIVER_FILES names none that works; "
                        "install one (Debian: mesa-vulkan-drivers)");
    TDI_TRY_VK("vkCreateInstance", result);
    instance->get_proc_addr = vkGetInstanceProcAddr;
    TDI_TRY(load_functions(instance));
    return create_messenger(instance);
}

td_result tdi_instance_create(bool validation, tdi_vk_instance *out)
{
    memset(out, 0, sizeof *out);
    td_result result = build(validation, out);
    if (result != TD_OK)
        tdi_instance_destroy(out);
    return result;
}

static td_result import(VkInstance handle, PFN_vkGetInstanceProcAddr get_proc_addr,
                        tdi_vk_instance *instance)
{
    if (!get_proc_addr)
        TDI_TRY(load_loader());
    instance->get_proc_addr = get_proc_addr ? get_proc_addr : vkGetInstanceProcAddr;
    instance->handle = handle;
    return load_functions(instance);
}

td_result tdi_instance_import(VkInstance handle, PFN_vkGetInstanceProcAddr get_proc_addr,
                              bool debug_utils, tdi_vk_instance *out)
{
    *out = (tdi_vk_instance){.imported = true, .debug_utils = debug_utils};
    td_result result = import(handle, get_proc_addr, out);
    if (result != TD_OK)
        tdi_instance_destroy(out);
    return result;
}

void tdi_instance_destroy(tdi_vk_instance *instance)
{
    if (instance->messenger)
        instance->vkDestroyDebugUtilsMessengerEXT(instance->handle, instance->messenger, NULL);
    if (instance->handle && instance->vkDestroyInstance && !instance->imported)
        instance->vkDestroyInstance(instance->handle, NULL);
    tdi_messages_destroy(instance->messages);
    memset(instance, 0, sizeof *instance);
}

void tdi_instance_load_device(const tdi_vk_instance *instance, VkDevice device,
                              struct VolkDeviceTable *out)
{
    /* volk reads this one global pointer; the loader's function finds the device's driver itself,
     * so it is the same for every instance. */
    tdi_mutex_lock(&loader_mutex);
    vkGetDeviceProcAddr = instance->vkGetDeviceProcAddr;
    volkLoadDeviceTable(out, device);
    tdi_mutex_unlock(&loader_mutex);
}
