/* The devices of an instance in tandem's order, what each of them lacks, and which one is meant. */
#ifndef TDI_GPU_CHOICE_H
#define TDI_GPU_CHOICE_H

#include "gpu/device.h"
#include "gpu/instance.h"
#include "gpu/queue_plan.h"

typedef struct tdi_candidate {
    VkPhysicalDevice handle;
    VkPhysicalDeviceType type;
    td_device_info info;
    tdi_device_features features;
    tdi_queue_plan plan;
    VkQueueFamilyProperties families[TDI_MAX_QUEUE_FAMILIES];
    uint32_t family_count;
} tdi_candidate;

/* Looks at every device: discrete, integrated, virtual, other, and software last. The list is the
 * caller's (tdi_free). TD_ERROR_NO_DEVICE if there is none. */
td_result tdi_candidates_list(const tdi_vk_instance *instance, td_async_mode async,
                              tdi_candidate **out, uint32_t *count);

/* `select` as in td_device_params; NULL or "": the first usable one. */
td_result tdi_candidates_select(const tdi_candidate *list, uint32_t count, const char *select,
                                const tdi_candidate **out);

/* The features that tandem needs, as a chain for vkCreateDevice and for queries. */
typedef struct tdi_feature_chain {
    VkPhysicalDeviceFeatures2 core;
    VkPhysicalDeviceVulkan12Features v12;
    VkPhysicalDeviceVulkan13Features v13;
} tdi_feature_chain;

/* Links the chain (so it must not be copied afterwards) and clears it. */
void tdi_feature_chain_init(tdi_feature_chain *chain);
/* Turns on what is required and, of the optional things, what the device has. */
void tdi_feature_chain_require(tdi_feature_chain *chain, const tdi_device_features *optional);

#endif
