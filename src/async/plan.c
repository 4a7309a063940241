#include "async/plan.h"

#include "base/memory.h"

#define WRITE_ACCESSES                                                                             \
    (VK_ACCESS_2_SHADER_WRITE_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT |                         \
     VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT |     \
     VK_ACCESS_2_TRANSFER_WRITE_BIT | VK_ACCESS_2_HOST_WRITE_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT)

#define NONE UINT32_MAX

/* What a pass waits for of other queues. */
typedef struct needs {
    tdi_plan_wait of[TD_LANE_COUNT];
    bool any;
} needs;

/* A compilation under way. */
typedef struct compiler {
    td_plan *plan;
    const td_graph *graph;
    const tdi_lane_map *map;
    uint32_t open[TD_LANE_COUNT]; /* batch of each queue that still takes passes, or NONE */
    needs needs;                  /* of the pass that is being placed */
} compiler;

/* One edge: `pass` must follow what an earlier pass did. */
typedef struct edge {
    uint32_t from, to;
    VkPipelineStageFlags2 src_stages, dst_stages;
    VkAccessFlags2 src_access, dst_access; /* 0: execution only */
} edge;

static bool ranges_meet(const td_use *a, const td_use *b)
{
    VkDeviceSize a_end = a->size ? a->offset + a->size : VK_WHOLE_SIZE;
    VkDeviceSize b_end = b->size ? b->offset + b->size : VK_WHOLE_SIZE;
    return a->offset < b_end && b->offset < a_end;
}

plan_hazard tdi_plan_hazard(const td_use *before, const td_use *after)
{
    if (!ranges_meet(before, after))
        return PLAN_NO_HAZARD;
    if (before->layout != after->layout)
        return PLAN_MEMORY;
    if (before->mode == TD_ACCESS_READ)
        return after->mode == TD_ACCESS_READ ? PLAN_NO_HAZARD : PLAN_EXECUTION;
    if (before->mode == TD_ACCESS_ACCUMULATE && after->mode == TD_ACCESS_ACCUMULATE)
        return PLAN_NO_HAZARD;
    return PLAN_MEMORY;
}

static const graph_pass *pass_at(const compiler *c, uint32_t index)
{
    return &c->graph->passes[index];
}

/* What the host reads is read after a barrier on the queue that wrote it last. */
static td_lane lane_of_writer(const compiler *c, uint32_t reader)
{
    const graph_pass *host = pass_at(c, reader);
    for (uint32_t q = reader; q-- > 0;) {
        const graph_pass *pass = pass_at(c, q);
        for (uint32_t i = 0; i < pass->params.use_count; i++) {
            for (uint32_t k = 0; k < host->params.use_count; k++) {
                if (pass->uses[i].mode != TD_ACCESS_READ &&
                    pass->uses[i].resource == host->uses[k].resource)
                    return c->plan->passes[q].lane;
            }
        }
    }
    return host->params.lane;
}

static td_result assign_lane(compiler *c, uint32_t index)
{
    const graph_pass *pass = pass_at(c, index);
    plan_pass *planned = &c->plan->passes[index];
    planned->lane = pass->params.record ? pass->params.lane : lane_of_writer(c, index);
    planned->queue = c->map->queue[planned->lane];
    planned->batch = NONE;
    VkQueueFlags missing = pass->params.capabilities & ~c->map->capabilities[planned->lane];
    if (missing)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "pass '%s' of graph '%s' needs queue capabilities 0x%x that its lane's "
                        "queue %u does not have",
                        pass->name, c->graph->name, (unsigned)missing, planned->queue);
    if (planned->queue >= TD_LANE_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "the lane map names queue %u, of at most %d",
                        planned->queue, TD_LANE_COUNT);
    return TD_OK;
}

static bool written_before(const compiler *c, uint32_t index, const td_use *use)
{
    for (uint32_t q = 0; q < index; q++) {
        const graph_pass *pass = pass_at(c, q);
        for (uint32_t i = 0; i < pass->params.use_count; i++) {
            const td_use *earlier = &pass->uses[i];
            if (earlier->resource == use->resource && earlier->mode != TD_ACCESS_READ &&
                ranges_meet(earlier, use))
                return true;
        }
    }
    return false;
}

static td_result check_contents(const compiler *c, uint32_t index)
{
    const graph_pass *pass = pass_at(c, index);
    for (uint32_t i = 0; i < pass->params.use_count; i++) {
        const td_use *use = &pass->uses[i];
        const graph_resource *resource = &c->graph->resources[use->resource];
        bool inherits = use->mode != TD_ACCESS_WRITE || use->before == TD_BEFORE_KEPT;
        if (resource->params.kind == TD_RESOURCE_TRANSIENT && inherits &&
            !written_before(c, index, use))
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "pass '%s' of graph '%s' needs what is in '%s', which no earlier pass "
                            "wrote",
                            pass->name, c->graph->name, resource->name);
    }
    return TD_OK;
}

typedef void (*edge_fn)(compiler *c, const edge *e);

static edge make_edge(uint32_t from, const td_use *before, uint32_t to, const td_use *after,
                      plan_hazard hazard)
{
    edge e = {.from = from, .to = to, .src_stages = before->stages, .dst_stages = after->stages};
    if (hazard == PLAN_MEMORY) {
        e.src_access = before->access & WRITE_ACCESSES;
        e.dst_access = after->access;
    }
    return e;
}

/* Memory that two resources share: the later one's first writes wait for all that used it before.
 * Its reads follow from those. */
static plan_hazard alias_hazard(const compiler *c, const td_use *before, const td_use *after)
{
    if (after->mode == TD_ACCESS_READ ||
        !tdi_plan_aliases(c->plan, before->resource, after->resource))
        return PLAN_NO_HAZARD;
    return before->mode == TD_ACCESS_READ ? PLAN_EXECUTION : PLAN_MEMORY;
}

static void visit_pair(compiler *c, uint32_t from, uint32_t to, edge_fn visit)
{
    const graph_pass *earlier = pass_at(c, from);
    const graph_pass *later = pass_at(c, to);
    for (uint32_t i = 0; i < earlier->params.use_count; i++) {
        for (uint32_t k = 0; k < later->params.use_count; k++) {
            const td_use *before = &earlier->uses[i];
            const td_use *after = &later->uses[k];
            plan_hazard hazard = before->resource == after->resource
                                     ? tdi_plan_hazard(before, after)
                                     : alias_hazard(c, before, after);
            if (hazard == PLAN_NO_HAZARD)
                continue;
            edge e = make_edge(from, before, to, after, hazard);
            visit(c, &e);
        }
    }
}

/* The nearest passes first: their barriers cover many of the older ones. */
static void visit_edges(compiler *c, uint32_t to, edge_fn visit)
{
    for (uint32_t from = to; from-- > 0;)
        visit_pair(c, from, to, visit);
}

static void note_order(compiler *c, const edge *e)
{
    plan_pass *to = &c->plan->passes[e->to];
    const plan_pass *from = &c->plan->passes[e->from];
    if (from->queue != to->queue)
        to->ordered |= from->ordered | UINT64_C(1) << e->from;
}

/* Which passes are over before each begins, whatever shares memory: all earlier ones of its queue,
 * and those that a wait for another queue reaches. */
static void find_order(compiler *c)
{
    uint64_t before[TD_LANE_COUNT] = {0};
    for (uint32_t i = 0; i < c->graph->pass_count; i++) {
        plan_pass *pass = &c->plan->passes[i];
        pass->ordered = before[pass->queue];
        visit_edges(c, i, note_order);
        before[pass->queue] = pass->ordered | UINT64_C(1) << i;
    }
}

static bool covers(VkFlags64 all, VkFlags64 some)
{
    return (some & ~all) == 0;
}

/* A barrier orders all that was submitted to its queue before it against all that comes after. */
static bool barrier_covers(const plan_pass *pass, const edge *e)
{
    for (uint32_t i = 0; i < pass->barrier_count; i++) {
        const VkMemoryBarrier2 *barrier = &pass->barriers[i];
        if (covers(barrier->srcStageMask, e->src_stages) &&
            covers(barrier->dstStageMask, e->dst_stages) &&
            covers(barrier->srcAccessMask, e->src_access) &&
            covers(barrier->dstAccessMask, e->dst_access))
            return true;
    }
    return false;
}

static void widen(VkMemoryBarrier2 *barrier, const edge *e)
{
    barrier->srcStageMask |= e->src_stages;
    barrier->dstStageMask |= e->dst_stages;
    barrier->srcAccessMask |= e->src_access;
    barrier->dstAccessMask |= e->dst_access;
}

/* Barriers with one side in common are one barrier without ordering anything more. */
static void add_barrier(plan_pass *pass, const edge *e)
{
    for (uint32_t i = 0; i < pass->barrier_count; i++) {
        VkMemoryBarrier2 *barrier = &pass->barriers[i];
        if (barrier->srcStageMask == e->src_stages || barrier->dstStageMask == e->dst_stages) {
            widen(barrier, e);
            return;
        }
    }
    if (pass->barrier_count == PLAN_MAX_BARRIERS) {
        widen(&pass->barriers[PLAN_MAX_BARRIERS - 1], e);
        return;
    }
    pass->barriers[pass->barrier_count++] = (VkMemoryBarrier2){
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = e->src_stages,
        .srcAccessMask = e->src_access,
        .dstStageMask = e->dst_stages,
        .dstAccessMask = e->dst_access,
    };
}

static void order_on_queue(compiler *c, const edge *e)
{
    const plan_pass *passes = c->plan->passes;
    for (uint32_t i = e->from + 1; i <= e->to; i++) {
        if (passes[i].queue == passes[e->to].queue && barrier_covers(&passes[i], e))
            return;
    }
    add_barrier(&c->plan->passes[e->to], e);
}

/* A semaphore's wait, too, holds for all that follows on its queue, at its stages. */
static bool wait_covers(const compiler *c, uint32_t queue, uint32_t from_queue, uint32_t from_batch,
                        VkPipelineStageFlags2 stages)
{
    for (uint32_t i = 0; i < c->plan->batch_count; i++) {
        const tdi_plan_wait *wait = &c->plan->batches[i].waits[from_queue];
        if (c->plan->batches[i].queue == queue && wait->stages && wait->batch >= from_batch &&
            covers(wait->stages, stages))
            return true;
    }
    return false;
}

static uint32_t open_batch(compiler *c, td_lane lane, uint32_t queue)
{
    uint32_t index = c->plan->batch_count++;
    c->plan->batches[index] = (tdi_plan_batch){.lane = lane, .queue = queue};
    c->open[queue] = index;
    return index;
}

static void need_queue(compiler *c, const edge *e)
{
    const plan_pass *from = &c->plan->passes[e->from];
    plan_pass *to = &c->plan->passes[e->to];
    VkPipelineStageFlags2 stages = e->dst_stages;
    if (stages & VK_PIPELINE_STAGE_2_HOST_BIT) {
        /* No queue waits at the host's stage: a barrier carries the wait on to it. */
        const edge to_host = {
            .from = e->to,
            .to = e->to,
            .src_stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
            .dst_stages = stages,
            .src_access = VK_ACCESS_2_MEMORY_WRITE_BIT,
            .dst_access = e->dst_access,
        };
        if (!barrier_covers(to, &to_host))
            add_barrier(to, &to_host);
        stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    }
    if (wait_covers(c, to->queue, from->queue, from->batch, stages))
        return;
    tdi_plan_wait *wait = &c->needs.of[from->queue];
    if (wait->stages == 0 || wait->batch < from->batch)
        wait->batch = from->batch;
    wait->stages |= stages;
    c->needs.any = true;
}

static void order_by_edge(compiler *c, const edge *e)
{
    if (c->plan->passes[e->from].queue == c->plan->passes[e->to].queue)
        order_on_queue(c, e);
    else
        need_queue(c, e);
}

/* A batch that is waited for takes no more passes, so that its ticket comes early and no wait can
 * go round in a circle; a pass that waits begins one, so that what was before it does not wait. */
static void put_in_batch(compiler *c, uint32_t index)
{
    plan_pass *pass = &c->plan->passes[index];
    c->needs = (needs){0};
    visit_edges(c, index, order_by_edge);
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        if (c->needs.of[queue].stages && c->open[queue] == c->needs.of[queue].batch)
            c->open[queue] = NONE;
    }
    uint32_t batch = c->open[pass->queue];
    if (batch == NONE || c->needs.any)
        batch = open_batch(c, pass->lane, pass->queue);
    for (uint32_t queue = 0; queue < TD_LANE_COUNT && c->needs.any; queue++)
        c->plan->batches[batch].waits[queue] = c->needs.of[queue];
    c->plan->batches[batch].pass_count++;
    pass->batch = batch;
}

/* The transition of an image to the layout of a use, after all that used it before. */
static void add_image_barrier(compiler *c, uint32_t index, const td_use *use)
{
    plan_pass *pass = &c->plan->passes[index];
    /* Chained to waits for other queues, which are made at these stages. */
    plan_image_barrier barrier = {
        .resource = use->resource,
        .src_stages = use->stages,
        .dst_stages = use->stages,
        .dst_access = use->access,
        .from = use->before == TD_BEFORE_UNDEFINED ? VK_IMAGE_LAYOUT_UNDEFINED : use->layout,
        .to = use->layout,
    };
    for (uint32_t q = 0; q < index; q++) {
        const graph_pass *earlier = pass_at(c, q);
        for (uint32_t i = 0; i < earlier->params.use_count; i++) {
            const td_use *before = &earlier->uses[i];
            if (before->resource != use->resource)
                continue;
            barrier.from = before->layout;
            if (c->plan->passes[q].queue != pass->queue)
                continue;
            barrier.src_stages |= before->stages;
            barrier.src_access |= before->access & WRITE_ACCESSES;
        }
    }
    if (barrier.from != barrier.to)
        pass->images[pass->image_count++] = barrier;
}

static void note_uses(compiler *c, uint32_t index)
{
    const graph_pass *pass = pass_at(c, index);
    uint32_t queue = c->plan->passes[index].queue;
    for (uint32_t i = 0; i < pass->params.use_count; i++) {
        const td_use *use = &pass->uses[i];
        const td_resource_params *resource = &c->graph->resources[use->resource].params;
        if (resource->image)
            add_image_barrier(c, index, use);
        if (resource->kind == TD_RESOURCE_PERSISTENT && use->mode != TD_ACCESS_READ)
            c->plan->writes_persistent = true;
        if (use->stages & VK_PIPELINE_STAGE_2_HOST_BIT)
            continue;
        c->plan->queue_stages[queue] |= use->stages;
        c->plan->queue_access[queue] |= use->access;
    }
}

static plan_import *import_on(td_plan *plan, td_resource resource, uint32_t queue, uint32_t batch)
{
    for (uint32_t i = 0; i < plan->import_count; i++) {
        if (plan->imports[i].resource == resource && plan->imports[i].queue == queue)
            return &plan->imports[i];
    }
    plan_import *import = &plan->imports[plan->import_count++];
    *import = (plan_import){.resource = resource, .queue = queue, .batch = batch};
    return import;
}

static void note_imports(compiler *c, uint32_t index)
{
    const graph_pass *pass = pass_at(c, index);
    const plan_pass *planned = &c->plan->passes[index];
    for (uint32_t i = 0; i < pass->params.use_count; i++) {
        const td_use *use = &pass->uses[i];
        if (c->graph->resources[use->resource].params.kind == TD_RESOURCE_TRANSIENT ||
            (use->stages & VK_PIPELINE_STAGE_2_HOST_BIT))
            continue;
        import_on(c->plan, use->resource, planned->queue, planned->batch)->stages |= use->stages;
    }
}

/* Batches that are over when this one is. */
static uint64_t batches_before(const td_plan *plan, uint32_t index)
{
    uint64_t before = UINT64_C(1) << index;
    for (uint32_t i = index + 1; i-- > 0;) {
        if (!((before >> i) & 1))
            continue;
        for (uint32_t k = 0; k < i; k++) {
            if (plan->batches[k].queue == plan->batches[i].queue)
                before |= UINT64_C(1) << k;
        }
        for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
            if (plan->batches[i].waits[queue].stages)
                before |= UINT64_C(1) << plan->batches[i].waits[queue].batch;
        }
    }
    return before;
}

/* The ticket of the last batch must say that everything is over: if it does not, an empty batch
 * joins the queues. */
static void join_queues(compiler *c)
{
    td_plan *plan = c->plan;
    uint32_t last = plan->batch_count - 1;
    uint64_t before = batches_before(plan, last);
    tdi_plan_batch join = {.lane = plan->batches[last].lane, .queue = plan->batches[last].queue};
    bool needed = false;
    for (uint32_t i = 0; i < last; i++) {
        if ((before >> i) & 1)
            continue;
        join.waits[plan->batches[i].queue] =
            (tdi_plan_wait){i, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
        needed = true;
    }
    if (needed)
        plan->batches[plan->batch_count++] = join;
}

static void sort_by_batch(td_plan *plan)
{
    uint32_t next = 0;
    for (uint32_t batch = 0; batch < plan->batch_count; batch++) {
        plan->batches[batch].first_pass = next;
        for (uint32_t pass = 0; pass < plan->graph->pass_count; pass++) {
            if (plan->passes[pass].batch == batch)
                plan->order[next++] = pass;
        }
    }
}

static void note_users(compiler *c)
{
    for (uint32_t pass = 0; pass < c->graph->pass_count; pass++) {
        for (uint32_t i = 0; i < pass_at(c, pass)->params.use_count; i++)
            c->plan->ranges[pass_at(c, pass)->uses[i].resource].users |= UINT64_C(1) << pass;
    }
}

static td_result plan_build(compiler *c)
{
    uint32_t passes = (uint32_t)c->graph->pass_count;
    if (passes == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "graph '%s' has no passes", c->graph->name);
    for (uint32_t i = 0; i < passes; i++) {
        TDI_TRY(assign_lane(c, i));
        TDI_TRY(check_contents(c, i));
    }
    note_users(c);
    find_order(c);
    TDI_TRY(tdi_plan_place(c->plan));
    for (uint32_t i = 0; i < passes; i++) {
        put_in_batch(c, i);
        note_uses(c, i);
        note_imports(c, i);
    }
    join_queues(c);
    sort_by_batch(c->plan);
    return TD_OK;
}

static td_result plan_allocate(td_plan *plan)
{
    size_t passes = plan->graph->pass_count;
    size_t resources = plan->graph->resource_count;
    plan->passes = tdi_alloc_zero(passes, sizeof plan->passes[0]);
    plan->order = tdi_alloc_zero(passes, sizeof plan->order[0]);
    plan->ranges = tdi_alloc_zero(resources, sizeof plan->ranges[0]);
    plan->batches = tdi_alloc_zero(passes + 1, sizeof plan->batches[0]);
    plan->imports = tdi_alloc_zero(resources * TD_LANE_COUNT, sizeof plan->imports[0]);
    if (!plan->passes || !plan->order || !plan->ranges || !plan->batches || !plan->imports)
        return TD_ERROR_HOST_MEMORY;
    return TD_OK;
}

td_result tdi_graph_compile(const td_graph *graph, const td_graph_extent *extent,
                            const tdi_lane_map *lanes, td_plan **out)
{
    td_plan *plan = tdi_alloc_zero(1, sizeof *plan);
    if (!plan)
        return TD_ERROR_HOST_MEMORY;
    plan->graph = tdi_graph_retain(graph);
    plan->extent = *extent;
    compiler c = {.plan = plan, .graph = graph, .map = lanes};
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++)
        c.open[i] = NONE;
    td_result result = plan_allocate(plan);
    if (result == TD_OK)
        result = plan_build(&c);
    if (result != TD_OK) {
        td_plan_destroy(plan);
        return result;
    }
    *out = plan;
    return TD_OK;
}

td_result td_graph_compile(const td_graph *graph, const td_device *device,
                           const td_graph_extent *extent, td_plan **out)
{
    if (!graph || !device || !extent || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_graph_compile: graph, device, extent and out must not be NULL");
    tdi_lane_map lanes;
    tdi_lane_map_of(device, &lanes);
    return tdi_graph_compile(graph, extent, &lanes, out);
}

void td_plan_destroy(td_plan *plan)
{
    if (!plan)
        return;
    tdi_free(plan->passes);
    tdi_free(plan->order);
    tdi_free(plan->ranges);
    tdi_free(plan->batches);
    tdi_free(plan->imports);
    td_graph_destroy(plan->graph);
    tdi_free(plan);
}

uint32_t tdi_plan_batches(const td_plan *plan, const tdi_plan_batch **out)
{
    *out = plan->batches;
    return plan->batch_count;
}

const uint32_t *tdi_plan_order(const td_plan *plan)
{
    return plan->order;
}

uint32_t tdi_plan_barriers(const td_plan *plan, uint32_t pass, const VkMemoryBarrier2 **out)
{
    *out = plan->passes[pass].barriers;
    return plan->passes[pass].barrier_count;
}

void tdi_lane_map_of(const td_device *device, tdi_lane_map *out)
{
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        out->queue[lane] = device->lane_queue[lane];
        out->capabilities[lane] = device->queues[device->lane_queue[lane]].capabilities;
    }
}
