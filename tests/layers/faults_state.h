/* What the parts of the layer VK_LAYER_TANDEM_faults share: the plans, what was counted, and the
 * loss of a device. */
#ifndef TESTS_LAYERS_FAULTS_STATE_H
#define TESTS_LAYERS_FAULTS_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "faults.h"
#include "layer.h"
#include "object_map.h"

typedef struct faults_count {
    pthread_mutex_t mutex;
    faults_plan plan;
    uint32_t counted;
    uint32_t failed;
    const char *first; /* the name of the first call that failed */
} faults_count;

typedef struct faults_instance {
    faults_count count; /* until there is a device */
    pthread_mutex_t memory_mutex;
    faults_memory memory;
    bool discrete;
} faults_instance;

typedef struct faults_device {
    faults_count count;
    atomic_bool lost;
    /* Held around every call on a queue, so that the loss can wait for the device to be idle. */
    pthread_mutex_t queue_mutex;
    bool idle; /* after the loss */
    pthread_mutex_t heap_mutex;
    uint64_t heap_bytes[VK_MAX_MEMORY_HEAPS]; /* allocated of each */
    object_map allocations;                   /* memory -> what faults_heaps.c keeps */
} faults_device;

typedef struct faults_verdict {
    VkResult result; /* VK_SUCCESS: the call is made as ever */
    bool after;
} faults_verdict;

faults_verdict faults_judge(faults_count *count, faults_call call);

/* The error, after the device is lost if that is what it says: nothing is in use any more then. */
VkResult faults_fail(layer_device *device, VkResult result);
bool faults_is_lost(const layer_device *device);

static inline faults_device *faults_of(const layer_device *device)
{
    return device->data;
}

extern const layer_table faults_calls_table; /* faults_calls.c: what is made or fails */
extern const layer_table faults_waits_table; /* faults_waits.c: what a lost device ends */
extern const layer_table faults_heaps_table; /* faults_heaps.c */

bool faults_heaps_start(faults_device *device);
void faults_heaps_end(faults_device *device);
VKAPI_ATTR void VKAPI_CALL faults_set_memory(VkDevice handle, const faults_memory *memory);
VKAPI_ATTR void VKAPI_CALL faults_memory_properties(VkPhysicalDevice physical,
                                                    VkPhysicalDeviceMemoryProperties *out);
VKAPI_ATTR void VKAPI_CALL faults_memory_properties2(VkPhysicalDevice physical,
                                                     VkPhysicalDeviceMemoryProperties2 *out);

/* faults_instances.c */
enum { FAULTS_INSTANCE_FUNCTIONS = 9 };
extern const layer_function faults_instance_functions[FAULTS_INSTANCE_FUNCTIONS];
VkResult faults_create_instance(void);
void faults_instance_created(layer_instance *instance);
void faults_instance_destroyed(layer_instance *instance);
VkResult faults_create_device(PFN_vkCreateDevice create, VkPhysicalDevice physical,
                              const VkDeviceCreateInfo *info,
                              const VkAllocationCallbacks *allocator, VkDevice *out);

#endif
