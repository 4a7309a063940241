#include "gpu/queue_plan.h"

#include <string.h>

#define ENGINES                                                                                    \
    (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | 0x20 /* video decode */ |                      \
     0x40 /* video encode */ | VK_QUEUE_OPTICAL_FLOW_BIT_NV)

typedef struct planner {
    const VkQueueFamilyProperties *families;
    uint32_t count;
    uint32_t taken[TDI_MAX_QUEUE_FAMILIES];
    tdi_queue_plan *plan;
} planner;

/* The first family with all of `with`, none of `without` and a queue left; with `fresh`, only one
 * that no lane has taken a queue of. */
static bool find_family(const planner *p, VkQueueFlags with, VkQueueFlags without, bool fresh,
                        uint32_t *out)
{
    for (uint32_t i = 0; i < p->count; i++) {
        VkQueueFlags flags = p->families[i].queueFlags;
        uint32_t available = fresh && p->taken[i] > 0 ? 0 : p->families[i].queueCount;
        if ((flags & with) == with && !(flags & without) && p->taken[i] < available) {
            *out = i;
            return true;
        }
    }
    return false;
}

static void take(planner *p, td_lane lane, uint32_t family, const char *reason)
{
    tdi_queue_plan *plan = p->plan;
    plan->queues[plan->queue_count].family = family;
    plan->queues[plan->queue_count].index = p->taken[family]++;
    plan->lane_queue[lane] = plan->queue_count++;
    plan->reason[lane] = reason;
}

static void share(planner *p, td_lane lane, const char *reason)
{
    p->plan->lane_queue[lane] = p->plan->lane_queue[TD_LANE_GRAPHICS];
    p->plan->reason[lane] = reason;
}

static bool plan_graphics(planner *p)
{
    uint32_t family;
    if (find_family(p, VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT, 0, false, &family))
        take(p, TD_LANE_GRAPHICS, family, "first family with graphics and compute");
    else if (find_family(p, VK_QUEUE_COMPUTE_BIT, 0, false, &family))
        take(p, TD_LANE_GRAPHICS, family, "first family with compute; none has graphics");
    else
        return false;
    return true;
}

static void plan_compute(planner *p)
{
    uint32_t main_family = p->plan->queues[0].family;
    uint32_t family;
    if (find_family(p, VK_QUEUE_COMPUTE_BIT, VK_QUEUE_GRAPHICS_BIT, true, &family))
        take(p, TD_LANE_COMPUTE, family, "dedicated family, compute without graphics");
    else if (p->taken[main_family] < p->families[main_family].queueCount)
        take(p, TD_LANE_COMPUTE, main_family, "second queue of the graphics family");
    else
        share(p, TD_LANE_COMPUTE, "the device has no second queue for compute");
}

static void plan_transfer(planner *p)
{
    uint32_t family;
    if (find_family(p, VK_QUEUE_TRANSFER_BIT, ENGINES, false, &family))
        take(p, TD_LANE_TRANSFER, family, "dedicated family, transfer only");
    else if (find_family(p, VK_QUEUE_COMPUTE_BIT, VK_QUEUE_GRAPHICS_BIT, false, &family))
        take(p, TD_LANE_TRANSFER, family, "further queue of a compute family");
    else if (find_family(p, VK_QUEUE_COMPUTE_BIT, 0, false, &family))
        take(p, TD_LANE_TRANSFER, family, "further queue of the graphics family");
    else
        share(p, TD_LANE_TRANSFER, "the device has no further queue for copies");
}

bool tdi_queue_plan_make(const VkQueueFamilyProperties *families, uint32_t count,
                         td_async_mode mode, tdi_queue_plan *out)
{
    memset(out, 0, sizeof *out);
    planner p = {.families = families, .count = count, .plan = out};
    if (p.count > TDI_MAX_QUEUE_FAMILIES)
        p.count = TDI_MAX_QUEUE_FAMILIES;
    if (!plan_graphics(&p))
        return false;
    if (mode == TD_ASYNC_OFF) {
        share(&p, TD_LANE_COMPUTE, "asynchronous lanes are turned off");
        share(&p, TD_LANE_TRANSFER, "asynchronous lanes are turned off");
        return true;
    }
    plan_compute(&p);
    plan_transfer(&p);
    return true;
}

void tdi_queue_plan_lanes(const tdi_queue_plan *plan, td_lane_info lanes[TD_LANE_COUNT])
{
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        uint32_t queue = plan->lane_queue[i];
        lanes[i] = (td_lane_info){
            .family = plan->queues[queue].family,
            .queue = plan->queues[queue].index,
            .passthrough = i != TD_LANE_GRAPHICS && queue == plan->lane_queue[TD_LANE_GRAPHICS],
            .reason = plan->reason[i],
        };
    }
}
