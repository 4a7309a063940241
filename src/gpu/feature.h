/* The features of Vulkan that tandem uses: which of them it needs, and what for. */
#ifndef TDI_GPU_FEATURE_H
#define TDI_GPU_FEATURE_H

#include "gpu/device.h"

/* The features of a device, as a chain for vkCreateDevice and for queries. */
typedef struct tdi_feature_chain {
    VkPhysicalDeviceFeatures2 core;
    VkPhysicalDeviceVulkan12Features v12;
    VkPhysicalDeviceVulkan13Features v13;
} tdi_feature_chain;

/* Links the chain (so it must not be copied afterwards) and clears it. */
void tdi_feature_chain_init(tdi_feature_chain *chain);
/* Turns on what is required and, of the optional things, what the device has. */
void tdi_feature_chain_require(tdi_feature_chain *chain, const tdi_device_features *optional);
/* Takes what somebody enabled, with the structures of 1.2 and 1.3 or those of single extensions. */
void tdi_feature_chain_read(tdi_feature_chain *chain, const VkPhysicalDeviceFeatures2 *enabled);

/* Notes in `features` what the chain says of optional things. */
void tdi_feature_chain_note(const tdi_feature_chain *chain, tdi_device_features *features);

typedef enum tdi_feature_need {
    TDI_NEED_LANES,    /* for lanes, and so for everything */
    TDI_NEED_RENDERER, /* for the renderer only */
} tdi_feature_need;

typedef struct tdi_feature_lack {
    tdi_feature_need need;
    const char *feature; /* timelineSemaphore */
    const char *member;  /* VkPhysicalDeviceVulkan12Features::timelineSemaphore */
    const char *why;     /* timeline semaphores */
} tdi_feature_lack;

#define TDI_MOST_LACKS 32

/* What is required and not turned on in the chain; the number of entries. */
uint32_t tdi_feature_chain_lacks(const tdi_feature_chain *chain,
                                 tdi_feature_lack lacks[TDI_MOST_LACKS]);

#endif
