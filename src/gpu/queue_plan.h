/* Which queues of a device become which lanes. Decided from the list of families alone. */
#ifndef TDI_GPU_QUEUE_PLAN_H
#define TDI_GPU_QUEUE_PLAN_H

#include <tandem/device.h>

#include "gpu/vulkan.h"

#define TDI_MAX_QUEUE_FAMILIES 32 /* later ones are not looked at */

typedef struct tdi_queue_plan {
    struct {
        uint32_t family;
        uint32_t index;
    } queues[TD_LANE_COUNT]; /* the distinct ones */
    uint32_t queue_count;
    uint32_t lane_queue[TD_LANE_COUNT]; /* lane -> index in queues */
    const char *reason[TD_LANE_COUNT];
} tdi_queue_plan;

/* False if no family can compute. */
bool tdi_queue_plan_make(const VkQueueFamilyProperties *families, uint32_t count,
                         td_async_mode mode, tdi_queue_plan *out);

/* The lanes as the public interface shows them. */
void tdi_queue_plan_lanes(const tdi_queue_plan *plan, td_lane_info lanes[TD_LANE_COUNT]);

#endif
