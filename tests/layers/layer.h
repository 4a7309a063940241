/* What every Vulkan layer of these tests needs: the chain of creation, a registry of instances and
 * devices by dispatch key, and the tables of entry points. It is compiled into each layer; a layer
 * is one `layer_definition` by the name of `layer`, and the functions that it intercepts.
 *
 *     static VKAPI_ATTR VkResult VKAPI_CALL queue_submit2(VkQueue queue, uint32_t count,
 *                                                         const VkSubmitInfo2 *infos, VkFence
 * fence)
 *     {
 *         layer_device *device = layer_find_device(queue);
 *         my_data *data = device->data;
 *         return LAYER_NEXT(device, vkQueueSubmit2)(queue, count, infos, fence);
 *     }
 *     static const layer_function functions[] = {LAYER_FUNCTION(vkQueueSubmit2, queue_submit2)};
 *     const layer_definition layer = {
 *         .device_functions = functions,
 *         .device_function_count = LAYER_COUNT(functions),
 *         .device_size = sizeof(my_data),
 *     };
 *
 * vkCreateInstance, vkDestroyInstance, vkCreateDevice, vkDestroyDevice and the two
 * vkGet*ProcAddr belong to this file: a layer uses the hooks instead. Safe from any thread.
 */
#ifndef TESTS_LAYERS_LAYER_H
#define TESTS_LAYERS_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

typedef struct layer_instance {
    VkInstance handle;
    PFN_vkGetInstanceProcAddr next;
    PFN_vkVoidFunction *found; /* of layer.c */
    void *data;                /* `instance_size` bytes of the layer, zero before the hook */
    void *key;
    struct layer_instance *following;
} layer_instance;

typedef struct layer_device {
    VkDevice handle;
    VkPhysicalDevice physical;
    layer_instance *instance;
    PFN_vkGetDeviceProcAddr next;
    void *data; /* `device_size` bytes of the layer, zero before `device_created` */
    void *key;
    struct layer_device *following;
} layer_device;

typedef struct layer_function {
    const char *name;
    PFN_vkVoidFunction function;
    bool own; /* what only this layer has, by a name of its own, for tests to ask for with
                 vkGetDeviceProcAddr; others are given only where the next layer has them too */
} layer_function;

#define LAYER_FUNCTION(vulkan_name, fn)                                                            \
    {                                                                                              \
#vulkan_name, (PFN_vkVoidFunction)(fn), false                                              \
    }
#define LAYER_OWN(text, fn)                                                                        \
    {                                                                                              \
        (text), (PFN_vkVoidFunction)(fn), true                                                     \
    }
#define LAYER_COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct layer_table {
    const layer_function *functions;
    size_t count;
} layer_table;

typedef struct layer_definition {
    const layer_function *instance_functions;
    size_t instance_function_count;
    size_t instance_size;
    const layer_function *device_functions;
    size_t device_function_count;
    const layer_table *const *device_tables; /* more of them, up to a null; or null */
    size_t device_size;
    /* Each hook may be null. */
    /* Before an instance is made; an error is what the program gets instead of it. */
    VkResult (*create_instance)(void);
    /* After creation, before anybody else sees the instance. */
    void (*instance_created)(layer_instance *instance);
    /* Before the next layer destroys the instance. */
    void (*instance_destroyed)(layer_instance *instance);
    /* Calls `create` with what the layer makes of `info`. */
    VkResult (*create_device)(PFN_vkCreateDevice create, VkPhysicalDevice physical,
                              const VkDeviceCreateInfo *info,
                              const VkAllocationCallbacks *allocator, VkDevice *out);
    /* After creation, before anybody else sees the device. On an error it is destroyed again,
     * without `device_destroyed`. */
    VkResult (*device_created)(layer_device *device, const VkDeviceCreateInfo *info);
    /* Before the next layer destroys the device. */
    void (*device_destroyed)(layer_device *device);
    /* The function for a name that is in no table; `next` is what lies below, perhaps null. */
    PFN_vkVoidFunction (*other_function)(layer_device *device, const char *name,
                                         PFN_vkVoidFunction next);
} layer_definition;

extern const layer_definition layer; /* the layer's own file defines it */

/* By any dispatchable handle of it: a VkPhysicalDevice; a VkQueue, a VkCommandBuffer. A command
 * buffer has its key only after vkAllocateCommandBuffers returned to the program. */
layer_instance *layer_find_instance(const void *dispatchable);
layer_device *layer_find_device(const void *dispatchable);
/* None is made or destroyed meanwhile. */
void layer_each_device(void (*visit)(layer_device *device, void *user), void *user);

/* Looked up by name at each call. */
#define LAYER_NEXT(device, vulkan_name)                                                            \
    ((PFN_##vulkan_name)(device)->next((device)->handle, #vulkan_name))
/* What the layer intercepts, and a few more; NULL for others. They are looked up when the instance
 * is made: later the loader answers the lowest layer with the functions of the topmost one. */
#define LAYER_NEXT_INSTANCE(instance, vulkan_name)                                                 \
    ((PFN_##vulkan_name)layer_next_instance((instance), #vulkan_name))
PFN_vkVoidFunction layer_next_instance(const layer_instance *instance, const char *name);

/* Gives a dispatchable handle that the layer made or fetched itself the device's key. */
void layer_adopt(const layer_device *device, void *dispatchable);

#endif
