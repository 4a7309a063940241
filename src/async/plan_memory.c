#include "async/plan.h"

#include "base/memory.h"

/* Every use of `first` is over before any use of `second` begins, or can be made so by a barrier or
 * by a wait that delays nothing. */
static bool comes_before(const td_plan *plan, const plan_range *first, const plan_range *second)
{
    for (uint32_t pass = 0; pass < plan->graph->pass_count; pass++) {
        bool uses = (second->users >> pass) & 1;
        if (uses && (first->users & ~plan->passes[pass].ordered) != 0)
            return false;
    }
    return true;
}

static bool may_share(const td_plan *plan, const plan_range *a, const plan_range *b)
{
    return comes_before(plan, a, b) || comes_before(plan, b, a);
}

static bool overlaps(const plan_range *a, const plan_range *b)
{
    return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

bool tdi_plan_aliases(const td_plan *plan, td_resource a, td_resource b)
{
    const plan_range *x = &plan->ranges[a];
    const plan_range *y = &plan->ranges[b];
    return a != b && x->users && y->users && overlaps(x, y);
}

static VkDeviceSize align(VkDeviceSize offset)
{
    return (offset + PLAN_ALIGNMENT - 1) / PLAN_ALIGNMENT * PLAN_ALIGNMENT;
}

/* Pushes the range up until it meets nothing that it may not share memory with. */
static void find_offset(const td_plan *plan, plan_range *range, const td_resource *placed,
                        uint32_t placed_count)
{
    bool moved = true;
    range->offset = 0;
    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < placed_count; i++) {
            const plan_range *other = &plan->ranges[placed[i]];
            if (!overlaps(range, other) || may_share(plan, range, other))
                continue;
            range->offset = align(other->offset + other->size);
            moved = true;
        }
    }
}

td_result tdi_plan_measure(td_plan *plan)
{
    const td_graph *graph = plan->graph;
    for (uint32_t i = 0; i < graph->resource_count; i++) {
        const td_resource_params *params = &graph->resources[i].params;
        if (params->kind != TD_RESOURCE_TRANSIENT || !plan->ranges[i].users)
            continue;
        VkDeviceSize size = params->size(&plan->extent, params->user);
        if (size == 0 || size > UINT64_MAX / 2)
            return tdi_fail(TD_ERROR_ARGUMENT, "resource '%s' of graph '%s' has a size of %llu",
                            params->name, graph->name, (unsigned long long)size);
        plan->ranges[i].size = size;
    }
    return TD_OK;
}

/* Large ones first: what is small finds room beside them. Insertion keeps equals in order, so that
 * the outcome depends on the graph alone. */
static void sort_by_size(const td_plan *plan, td_resource *transients, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        td_resource moving = transients[i];
        uint32_t place = i;
        while (place > 0 && plan->ranges[transients[place - 1]].size < plan->ranges[moving].size) {
            transients[place] = transients[place - 1];
            place--;
        }
        transients[place] = moving;
    }
}

static void place_all(td_plan *plan, const td_resource *transients, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        plan_range *range = &plan->ranges[transients[i]];
        find_offset(plan, range, transients, i);
        if (plan->transient_bytes < range->offset + range->size)
            plan->transient_bytes = range->offset + range->size;
    }
}

td_result tdi_plan_place(td_plan *plan)
{
    uint32_t count = 0;
    td_resource *transients = tdi_alloc_zero(plan->graph->resource_count + 1, sizeof transients[0]);
    if (!transients)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < plan->graph->resource_count; i++) {
        if (plan->ranges[i].size > 0)
            transients[count++] = i;
    }
    sort_by_size(plan, transients, count);
    place_all(plan, transients, count);
    tdi_free(transients);
    return TD_OK;
}

VkDeviceSize td_plan_transient_bytes(const td_plan *plan)
{
    if (!plan || tdi_graph_check(plan, "td_plan_transient_bytes", "plan") != TD_OK)
        return 0;
    return plan->transient_bytes;
}

bool tdi_plan_transient_range(const td_plan *plan, td_resource resource, VkDeviceSize *offset,
                              VkDeviceSize *size)
{
    const plan_range *range = &plan->ranges[resource];
    if (range->size == 0)
        return false;
    *offset = range->offset;
    *size = range->size;
    return true;
}
