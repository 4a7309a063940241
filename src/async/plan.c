#include "async/plan.h"

#include <string.h>

#include "async/graph_order.h"
#include "base/living.h"
#include "base/log.h"
#include "base/memory.h"

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
    /* How many batches, counted over all queues, are over on each queue when a batch is: those that
     * it follows, and those that they follow. */
    uint32_t over[TD_GRAPH_MAX_PASSES + 1][TD_LANE_COUNT];
    td_result result; /* of what links could not report */
} compiler;

static const graph_pass *pass_at(const compiler *c, uint32_t index)
{
    return &c->graph->passes[index];
}

/* What the host reads is read after a barrier on the queue that wrote it last. */
static td_lane lane_of_writer(const compiler *c, uint32_t reader)
{
    const graph_pass *host = pass_at(c, reader);
    for (uint32_t place = c->plan->passes[reader].place; place-- > 0;) {
        const uint32_t q = c->plan->sequence[place];
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

static void note_order(void *data, const plan_link *e)
{
    compiler *c = data;
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
    for (uint32_t place = 0; place < c->graph->pass_count; place++) {
        const uint32_t i = c->plan->sequence[place];
        plan_pass *pass = &c->plan->passes[i];
        pass->ordered = before[pass->queue];
        tdi_plan_visit_links(c->plan, i, note_order, c);
        before[pass->queue] = pass->ordered | UINT64_C(1) << i;
    }
}

static bool covers(VkFlags64 all, VkFlags64 some)
{
    return (some & ~all) == 0;
}

/* A barrier orders all that was submitted to its queue before it against all that comes after. */
static bool barrier_covers(const plan_pass *pass, const plan_link *e)
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

static void widen(VkMemoryBarrier2 *barrier, const plan_link *e)
{
    barrier->srcStageMask |= e->src_stages;
    barrier->dstStageMask |= e->dst_stages;
    barrier->srcAccessMask |= e->src_access;
    barrier->dstAccessMask |= e->dst_access;
}

/* Barriers with one side in common are one barrier without ordering anything more. Gives the number
 * of the one that holds the link now. */
static uint32_t add_barrier(plan_pass *pass, const plan_link *e)
{
    for (uint32_t i = 0; i < pass->barrier_count; i++) {
        VkMemoryBarrier2 *barrier = &pass->barriers[i];
        if (barrier->srcStageMask == e->src_stages || barrier->dstStageMask == e->dst_stages) {
            widen(barrier, e);
            return i;
        }
    }
    if (pass->barrier_count == PLAN_MAX_BARRIERS) {
        widen(&pass->barriers[PLAN_MAX_BARRIERS - 1], e);
        return PLAN_MAX_BARRIERS - 1;
    }
    pass->barriers[pass->barrier_count] = (VkMemoryBarrier2){
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = e->src_stages,
        .srcAccessMask = e->src_access,
        .dstStageMask = e->dst_stages,
        .dstAccessMask = e->dst_access,
    };
    return pass->barrier_count++;
}

static bool same_edge(const plan_edge *a, const plan_edge *b)
{
    return a->kind == b->kind && a->from == b->from && a->to == b->to &&
           a->resource == b->resource && a->index == b->index;
}

/* For drawings and descriptions. */
static void note_edge(compiler *c, plan_edge_kind kind, const plan_link *e, uint32_t index)
{
    td_plan *plan = c->plan;
    const plan_edge edge = {kind, e->from, e->to, e->resource, e->aliased, index};
    for (size_t i = 0; i < plan->edge_count; i++) {
        if (same_edge(&plan->edges[i], &edge))
            return;
    }
    if (c->result == TD_OK)
        c->result = tdi_grow((void **)&plan->edges, &plan->edge_capacity, plan->edge_count + 1,
                             sizeof plan->edges[0]);
    if (c->result == TD_OK)
        plan->edges[plan->edge_count++] = edge;
}

static void order_on_queue(compiler *c, const plan_link *e)
{
    plan_pass *passes = c->plan->passes;
    plan_pass *to = &passes[e->to];
    if (e->transition) {
        note_edge(c, PLAN_EDGE_TRANSITION, e, 0);
        return;
    }
    for (uint32_t place = passes[e->from].place + 1; place <= to->place; place++) {
        const plan_pass *between = &passes[c->plan->sequence[place]];
        if (between->queue == to->queue && barrier_covers(between, e))
            return;
    }
    note_edge(c, PLAN_EDGE_BARRIER, e, add_barrier(to, e));
}

/* A semaphore's wait, too, holds for all that follows on its queue, at its stages; and what was
 * waited for comes after all that it has waited for itself. */
static bool wait_covers(const compiler *c, const tdi_plan_wait *wait, uint32_t from_queue,
                        uint32_t from_batch, VkPipelineStageFlags2 stages)
{
    return wait->stages && covers(wait->stages, stages) &&
           c->over[wait->batch][from_queue] > from_batch;
}

static bool earlier_wait_covers(const compiler *c, uint32_t queue, uint32_t from_queue,
                                uint32_t from_batch, VkPipelineStageFlags2 stages)
{
    for (uint32_t i = 0; i < c->plan->batch_count; i++) {
        const tdi_plan_batch *batch = &c->plan->batches[i];
        for (uint32_t other = 0; other < TD_LANE_COUNT && batch->queue == queue; other++) {
            if (wait_covers(c, &batch->waits[other], from_queue, from_batch, stages))
                return true;
        }
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

static void need_queue(compiler *c, const plan_link *e)
{
    const plan_pass *from = &c->plan->passes[e->from];
    plan_pass *to = &c->plan->passes[e->to];
    VkPipelineStageFlags2 stages = e->dst_stages;
    if (stages & VK_PIPELINE_STAGE_2_HOST_BIT) {
        /* No queue waits at the host's stage: a barrier carries the wait on to it. */
        const plan_link to_host = {
            .from = e->to,
            .to = e->to,
            .src_stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
            .dst_stages = stages,
            .src_access = VK_ACCESS_2_MEMORY_WRITE_BIT,
            .dst_access = e->dst_access,
        };
        if (!barrier_covers(to, &to_host))
            note_edge(c, PLAN_EDGE_BARRIER, e, add_barrier(to, &to_host));
        stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    }
    if (earlier_wait_covers(c, to->queue, from->queue, from->batch, stages))
        return;
    tdi_plan_wait *wait = &c->needs.of[from->queue];
    if (wait->stages && wait->batch >= from->batch && covers(wait->stages, stages))
        return;
    if (wait->stages == 0 || wait->batch < from->batch)
        wait->batch = from->batch;
    wait->stages |= stages;
    c->needs.any = true;
    note_edge(c, PLAN_EDGE_WAIT, e, from->queue);
}

static void order_by_link(void *data, const plan_link *e)
{
    compiler *c = data;
    if (c->plan->passes[e->from].queue == c->plan->passes[e->to].queue)
        order_on_queue(c, e);
    else
        need_queue(c, e);
}

static void forget_wait(compiler *c, uint32_t pass, uint32_t queue)
{
    td_plan *plan = c->plan;
    size_t kept = 0;
    for (size_t i = 0; i < plan->edge_count; i++) {
        const plan_edge *edge = &plan->edges[i];
        if (edge->kind != PLAN_EDGE_WAIT || edge->to != pass || edge->index != queue)
            plan->edges[kept++] = *edge;
    }
    plan->edge_count = kept;
    c->needs.of[queue] = (tdi_plan_wait){0};
}

/* Of two waits, one may stand for the other. */
static void thin_needs(compiler *c, uint32_t pass)
{
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        const tdi_plan_wait wait = c->needs.of[queue];
        for (uint32_t other = 0; other < TD_LANE_COUNT; other++) {
            if (other != queue && c->needs.of[queue].stages &&
                wait_covers(c, &c->needs.of[other], queue, wait.batch, wait.stages))
                forget_wait(c, pass, queue);
        }
    }
}

static void note_over(compiler *c, uint32_t index)
{
    const tdi_plan_batch *batch = &c->plan->batches[index];
    uint32_t *over = c->over[index];
    for (uint32_t i = 0; i < index; i++) {
        const uint32_t other = c->plan->batches[i].queue;
        const tdi_plan_wait *wait = &batch->waits[other];
        if (other != batch->queue && !(wait->stages && wait->batch == i))
            continue;
        for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++)
            over[queue] = c->over[i][queue] > over[queue] ? c->over[i][queue] : over[queue];
    }
    over[batch->queue] = index + 1;
}

/* A batch that is waited for takes no more passes, so that its ticket comes early and no wait can
 * go round in a circle; a pass that waits begins one, so that what was before it does not wait. */
static void put_in_batch(compiler *c, uint32_t index)
{
    plan_pass *pass = &c->plan->passes[index];
    c->needs = (needs){0};
    tdi_plan_visit_links(c->plan, index, order_by_link, c);
    thin_needs(c, index);
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        if (c->needs.of[queue].stages && c->open[queue] == c->needs.of[queue].batch)
            c->open[queue] = NONE;
    }
    uint32_t batch = c->open[pass->queue];
    if (batch == NONE || c->needs.any) {
        batch = open_batch(c, pass->lane, pass->queue);
        memcpy(c->plan->batches[batch].waits, c->needs.of, sizeof c->needs.of);
        note_over(c, batch);
    }
    c->plan->batches[batch].pass_count++;
    pass->batch = batch;
}

static void add_touch(tdi_touch *touch, const td_use *use)
{
    touch->stages |= use->stages;
    touch->access |= use->access;
}

static void note_uses(compiler *c, uint32_t index)
{
    td_plan *plan = c->plan;
    const graph_pass *pass = pass_at(c, index);
    plan_pass *planned = &plan->passes[index];
    for (uint32_t i = 0; i < pass->params.use_count; i++) {
        const td_use *use = &pass->uses[i];
        const td_resource_kind kind = c->graph->resources[use->resource].params.kind;
        if ((planned->transitions >> i) & 1)
            planned->images[planned->image_count++] = tdi_plan_transition(plan, index, use);
        if (kind == TD_RESOURCE_PERSISTENT && use->mode != TD_ACCESS_READ)
            plan->writes_persistent = true;
        if (use->stages & VK_PIPELINE_STAGE_2_HOST_BIT)
            continue;
        add_touch(&plan->touches[planned->queue], use);
        if (kind == TD_RESOURCE_TRANSIENT)
            add_touch(&plan->transient_touches[planned->queue], use);
        if (kind == TD_RESOURCE_PERSISTENT)
            add_touch(&plan->persistent_touches[planned->queue], use);
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
        add_touch(&import_on(c->plan, use->resource, planned->queue, planned->batch)->touch, use);
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
        for (uint32_t place = 0; place < plan->graph->pass_count; place++) {
            if (plan->passes[plan->sequence[place]].batch == batch)
                plan->order[next++] = plan->sequence[place];
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
    TDI_TRY(tdi_graph_order(c->plan));
    for (uint32_t i = 0; i < passes; i++)
        TDI_TRY(assign_lane(c, c->plan->sequence[i]));
    note_users(c);
    tdi_plan_find_transitions(c->plan);
    find_order(c); /* before there is memory that could be shared */
    TDI_TRY(tdi_plan_measure(c->plan));
    TDI_TRY(tdi_plan_check_contents(c->plan));
    TDI_TRY(tdi_plan_place(c->plan));
    for (uint32_t i = 0; i < passes; i++) {
        put_in_batch(c, c->plan->sequence[i]);
        note_uses(c, c->plan->sequence[i]);
        note_imports(c, c->plan->sequence[i]);
    }
    join_queues(c);
    sort_by_batch(c->plan);
    return c->result;
}

static td_result plan_allocate(td_plan *plan)
{
    size_t passes = plan->graph->pass_count;
    size_t resources = plan->graph->resource_count;
    plan->passes = tdi_alloc_zero(passes, sizeof plan->passes[0]);
    plan->sequence = tdi_alloc_zero(passes, sizeof plan->sequence[0]);
    plan->order = tdi_alloc_zero(passes, sizeof plan->order[0]);
    plan->ranges = tdi_alloc_zero(resources, sizeof plan->ranges[0]);
    plan->batches = tdi_alloc_zero(passes + 1, sizeof plan->batches[0]);
    plan->imports = tdi_alloc_zero(resources * TD_LANE_COUNT, sizeof plan->imports[0]);
    if (!plan->passes || !plan->sequence || !plan->order || !plan->ranges || !plan->batches ||
        !plan->imports)
        return TD_ERROR_HOST_MEMORY;
    return TD_OK;
}

static void plan_free(td_plan *plan)
{
    tdi_free(plan->passes);
    tdi_free(plan->sequence);
    tdi_free(plan->order);
    tdi_free(plan->edges);
    tdi_free(plan->ranges);
    tdi_free(plan->batches);
    tdi_free(plan->imports);
    tdi_graph_release(plan->graph);
    tdi_free(plan);
}

uint32_t tdi_plan_queue_count(const td_plan *plan)
{
    uint32_t queues = 0;
    for (uint32_t i = 0; i < plan->batch_count; i++)
        queues |= 1u << plan->batches[i].queue;
    return (queues & 1) + (queues >> 1 & 1) + (queues >> 2 & 1);
}

static void (*plan_hook)(td_plan *plan, void *user);
static void *plan_hook_user;

void tdi_set_plan_hook(void (*hook)(td_plan *plan, void *user), void *user)
{
    plan_hook = hook;
    plan_hook_user = user;
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
        plan_free(plan);
        return result;
    }
    atomic_store(&plan->graph->compiled, true);
    tdi_living_add(plan);
    if (plan_hook)
        plan_hook(plan, plan_hook_user);
    *out = plan;
    return TD_OK;
}

td_result td_graph_compile(const td_graph *graph, const td_device *device,
                           const td_graph_extent *extent, td_plan **out)
{
    if (!graph || !device || !extent || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_graph_compile: graph, device, extent and out must not be NULL");
    TDI_TRY(tdi_graph_check(graph, "td_graph_compile", "graph"));
    TDI_TRY(tdi_device_check(device, "td_graph_compile"));
    tdi_lane_map lanes;
    tdi_lane_map_of(device, &lanes);
    TDI_TRY(tdi_graph_compile(graph, extent, &lanes, out));
    (*out)->device = device->serial;
    return TD_OK;
}

void td_plan_destroy(td_plan *plan)
{
    if (!plan)
        return;
    if (tdi_graph_check(plan, "td_plan_destroy", "plan") != TD_OK) {
        tdi_log(TD_LOG_ERROR, "%s", td_last_error());
        return;
    }
    tdi_living_remove(plan);
    plan_free(plan);
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
