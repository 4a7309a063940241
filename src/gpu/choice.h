/* The devices of an instance in tandem's order, what each of them lacks, and which one is meant. */
#ifndef TDI_GPU_CHOICE_H
#define TDI_GPU_CHOICE_H

#include "gpu/feature.h"
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

/* Fills in everything about the device whose `handle` is set. */
td_result tdi_candidate_look(const tdi_vk_instance *instance, td_async_mode async,
                             tdi_candidate *c);

/* What shading asks its neighbours. */
#define TDI_SUBGROUPS_NEEDED "votes and ballots of subgroups in compute"
bool tdi_subgroups_suffice(const tdi_vk_instance *instance, VkPhysicalDevice physical);

#endif
