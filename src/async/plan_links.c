/* What must follow what, and how: the rules of include/tandem/graph.h for pairs of uses. */
#include "async/plan.h"

#define WRITE_ACCESSES                                                                             \
    (VK_ACCESS_2_SHADER_WRITE_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT |                         \
     VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT |     \
     VK_ACCESS_2_TRANSFER_WRITE_BIT | VK_ACCESS_2_HOST_WRITE_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT)

VkAccessFlags2 tdi_plan_writes(VkAccessFlags2 access)
{
    return access & WRITE_ACCESSES;
}

static VkDeviceSize end_of(const td_use *use)
{
    return use->size ? use->offset + use->size : VK_WHOLE_SIZE;
}

bool tdi_plan_meet(const td_use *a, const td_use *b)
{
    return a->offset < end_of(b) && b->offset < end_of(a);
}

plan_hazard tdi_plan_hazard(const td_use *before, const td_use *after)
{
    if (!tdi_plan_meet(before, after))
        return PLAN_NO_HAZARD;
    if (before->layout != after->layout)
        return PLAN_MEMORY;
    if (before->mode == TD_ACCESS_READ)
        return after->mode == TD_ACCESS_READ ? PLAN_NO_HAZARD : PLAN_EXECUTION;
    if (before->mode == TD_ACCESS_ACCUMULATE && after->mode == TD_ACCESS_ACCUMULATE)
        return PLAN_NO_HAZARD;
    return PLAN_MEMORY;
}

/* Memory that two resources share: the later one's first writes wait for all that used it before.
 * Its reads follow from those. */
static plan_hazard alias_hazard(const td_plan *plan, const td_use *before, const td_use *after)
{
    if (after->mode == TD_ACCESS_READ || !tdi_plan_aliases(plan, before->resource, after->resource))
        return PLAN_NO_HAZARD;
    return before->mode == TD_ACCESS_READ ? PLAN_EXECUTION : PLAN_MEMORY;
}

static bool changes_layout(const td_plan *plan, uint32_t pass, uint32_t use)
{
    return (plan->passes[pass].transitions >> use) & 1;
}

/* A change of layout writes the image, whoever asks for it. */
static plan_hazard link_hazard(const td_plan *plan, uint32_t from, uint32_t i, uint32_t to,
                               uint32_t k)
{
    const td_use *before = &plan->graph->passes[from].uses[i];
    const td_use *after = &plan->graph->passes[to].uses[k];
    if (before->resource != after->resource)
        return alias_hazard(plan, before, after);
    return changes_layout(plan, from, i) ? PLAN_MEMORY : tdi_plan_hazard(before, after);
}

static void visit_pair(const td_plan *plan, uint32_t from, uint32_t to, plan_link_fn visit,
                       void *data)
{
    const graph_pass *earlier = &plan->graph->passes[from];
    const graph_pass *later = &plan->graph->passes[to];
    for (uint32_t i = 0; i < earlier->params.use_count; i++) {
        for (uint32_t k = 0; k < later->params.use_count; k++) {
            const td_use *before = &earlier->uses[i];
            const td_use *after = &later->uses[k];
            const plan_hazard hazard = link_hazard(plan, from, i, to, k);
            if (hazard == PLAN_NO_HAZARD)
                continue;
            const bool memory = hazard == PLAN_MEMORY;
            const plan_link link = {
                .from = from,
                .to = to,
                .resource = after->resource,
                .aliased = before->resource != after->resource,
                .transition = changes_layout(plan, to, k),
                .src_stages = before->stages,
                .dst_stages = after->stages,
                .src_access = memory ? tdi_plan_writes(before->access) : 0,
                .dst_access = memory ? after->access : 0,
            };
            visit(data, &link);
        }
    }
}

void tdi_plan_visit_links(const td_plan *plan, uint32_t to, plan_link_fn visit, void *data)
{
    for (uint32_t place = plan->passes[to].place; place-- > 0;)
        visit_pair(plan, plan->sequence[place], to, visit, data);
}

static const td_use *use_of(const td_plan *plan, uint32_t pass, td_resource resource)
{
    const graph_pass *given = &plan->graph->passes[pass];
    for (uint32_t i = 0; i < given->params.use_count; i++) {
        if (given->uses[i].resource == resource)
            return &given->uses[i];
    }
    return NULL;
}

static bool transitions(const td_plan *plan, uint32_t pass, const td_use *use)
{
    return changes_layout(plan, pass, (uint32_t)(use - plan->graph->passes[pass].uses));
}

/* What came before the last change of layout was ordered by that one. */
plan_image_barrier tdi_plan_transition(const td_plan *plan, uint32_t pass, const td_use *use)
{
    const uint32_t queue = plan->passes[pass].queue;
    /* Chained to waits for other queues, which are made at these stages. */
    plan_image_barrier barrier = {
        .resource = use->resource,
        .src_stages = use->stages,
        .dst_stages = use->stages,
        .dst_access = use->access,
        .from = use->before == TD_BEFORE_UNDEFINED ? VK_IMAGE_LAYOUT_UNDEFINED : use->layout,
        .to = use->layout,
    };
    bool first = true;
    for (uint32_t place = plan->passes[pass].place; place-- > 0;) {
        const uint32_t earlier = plan->sequence[place];
        const td_use *before = use_of(plan, earlier, use->resource);
        if (!before)
            continue;
        if (first && use->before != TD_BEFORE_UNDEFINED)
            barrier.from = before->layout;
        first = false;
        if (plan->passes[earlier].queue == queue) {
            barrier.src_stages |= before->stages;
            barrier.src_access |= tdi_plan_writes(before->access);
        }
        if (transitions(plan, earlier, before))
            break;
    }
    return barrier;
}

void tdi_plan_find_transitions(td_plan *plan)
{
    for (uint32_t place = 0; place < plan->graph->pass_count; place++) {
        const uint32_t pass = plan->sequence[place];
        const graph_pass *given = &plan->graph->passes[pass];
        for (uint32_t i = 0; i < given->params.use_count; i++) {
            const td_use *use = &given->uses[i];
            if (!plan->graph->resources[use->resource].params.image)
                continue;
            const plan_image_barrier barrier = tdi_plan_transition(plan, pass, use);
            if (barrier.from != barrier.to)
                plan->passes[pass].transitions |= UINT32_C(1) << i;
        }
    }
}

/* End of what is written without a gap from `from` on by passes before `pass`. */
static VkDeviceSize written_up_to(const td_plan *plan, uint32_t pass, td_resource resource,
                                  VkDeviceSize from)
{
    bool grown = true;
    while (grown) {
        grown = false;
        for (uint32_t place = 0; place < plan->passes[pass].place; place++) {
            const graph_pass *earlier = &plan->graph->passes[plan->sequence[place]];
            for (uint32_t i = 0; i < earlier->params.use_count; i++) {
                const td_use *use = &earlier->uses[i];
                if (use->resource == resource && use->mode != TD_ACCESS_READ &&
                    use->offset <= from && from < end_of(use)) {
                    from = end_of(use);
                    grown = true;
                }
            }
        }
    }
    return from;
}

static td_result check_transient(const td_plan *plan, uint32_t pass, const td_use *use)
{
    const td_graph *graph = plan->graph;
    const VkDeviceSize size = plan->ranges[use->resource].size;
    const VkDeviceSize end = use->size ? end_of(use) : size;
    const bool inherits = use->mode != TD_ACCESS_WRITE || use->before == TD_BEFORE_KEPT;
    if (end > size || use->offset >= size)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "pass '%s' of graph '%s' uses '%s' up to byte %llu, of %llu",
                        graph->passes[pass].name, graph->name, graph->resources[use->resource].name,
                        (unsigned long long)(use->offset + use->size), (unsigned long long)size);
    if (inherits && written_up_to(plan, pass, use->resource, use->offset) < end)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "pass '%s' of graph '%s' needs what is in '%s', which no earlier pass "
                        "wrote",
                        graph->passes[pass].name, graph->name,
                        graph->resources[use->resource].name);
    return TD_OK;
}

/* The host reads when everything is over. */
static td_result check_host(const td_plan *plan, uint32_t pass, const td_use *use)
{
    const td_graph *graph = plan->graph;
    for (uint32_t place = 0; place < plan->passes[pass].place; place++) {
        const uint32_t earlier = plan->sequence[place];
        const td_use *read = use_of(plan, earlier, use->resource);
        if (read && !graph->passes[earlier].params.record && use->mode != TD_ACCESS_READ &&
            tdi_plan_meet(read, use))
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "pass '%s' of graph '%s' writes '%s' after '%s', by which the host "
                            "reads it; but the host reads only when all passes are over",
                            graph->passes[pass].name, graph->name,
                            graph->resources[use->resource].name, graph->passes[earlier].name);
    }
    return TD_OK;
}

td_result tdi_plan_check_contents(const td_plan *plan)
{
    for (uint32_t place = 0; place < plan->graph->pass_count; place++) {
        const uint32_t pass = plan->sequence[place];
        const graph_pass *given = &plan->graph->passes[pass];
        for (uint32_t i = 0; i < given->params.use_count; i++) {
            const td_use *use = &given->uses[i];
            if (plan->graph->resources[use->resource].params.kind == TD_RESOURCE_TRANSIENT)
                TDI_TRY(check_transient(plan, pass, use));
            TDI_TRY(check_host(plan, pass, use));
        }
    }
    return TD_OK;
}
