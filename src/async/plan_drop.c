#include "async/plan.h"

#include "base/text.h"

/* Counts up to the part that is wanted. */
typedef struct finder {
    uint32_t wanted, seen;
    plan_part found;
} finder;

static void offer(finder *f, plan_part_kind kind, uint32_t a, uint32_t b)
{
    if (f->seen++ == f->wanted)
        f->found = (plan_part){kind, a, b};
}

static bool uses_queue(const td_plan *plan, uint32_t queue)
{
    return plan->touches[queue].stages != 0;
}

static void offer_passes(const td_plan *plan, finder *f)
{
    for (uint32_t i = 0; i < plan->graph->pass_count; i++) {
        const uint32_t pass = plan->order[i];
        for (uint32_t k = 0; k < plan->passes[pass].barrier_count; k++)
            offer(f, PLAN_PART_BARRIER, pass, k);
        for (uint32_t k = 0; k < plan->passes[pass].image_count; k++)
            offer(f, PLAN_PART_TRANSITION, pass, k);
    }
}

static void offer_waits(const td_plan *plan, finder *f)
{
    for (uint32_t batch = 0; batch < plan->batch_count; batch++) {
        for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
            if (plan->batches[batch].waits[queue].stages)
                offer(f, PLAN_PART_WAIT, batch, queue);
        }
    }
    for (uint32_t i = 0; i < plan->import_count; i++)
        offer(f, PLAN_PART_READY, i, 0);
}

static void offer_entries(const td_plan *plan, finder *f)
{
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        if (!uses_queue(plan, queue))
            continue;
        offer(f, PLAN_PART_GIVEN, queue, 0);
        offer(f, PLAN_PART_ENTRY, queue, 0);
        if (!plan->transient_touches[queue].stages)
            continue;
        offer(f, PLAN_PART_SHARED, queue, 0);
        for (uint32_t other = 0; other < TD_LANE_COUNT; other++) {
            if (other != queue && plan->transient_touches[other].stages)
                offer(f, PLAN_PART_SHARED_WAIT, queue, other);
        }
    }
}

static uint32_t find_part(const td_plan *plan, uint32_t wanted, plan_part *out)
{
    finder f = {.wanted = wanted};
    offer_passes(plan, &f);
    offer_waits(plan, &f);
    offer_entries(plan, &f);
    *out = f.found;
    return f.seen;
}

uint32_t tdi_plan_droppable(const td_plan *plan)
{
    plan_part ignored;
    return find_part(plan, UINT32_MAX, &ignored);
}

void tdi_plan_drop(td_plan *plan, uint32_t index)
{
    find_part(plan, index, &plan->dropped);
}

static bool explains(const td_plan *plan, const plan_part *part, const plan_edge *edge)
{
    switch (part->kind) {
    case PLAN_PART_BARRIER:
        return edge->kind == PLAN_EDGE_BARRIER && edge->to == part->a && edge->index == part->b;
    case PLAN_PART_TRANSITION:
        return edge->kind == PLAN_EDGE_TRANSITION && edge->to == part->a &&
               edge->resource == plan->passes[part->a].images[part->b].resource;
    case PLAN_PART_WAIT:
        return edge->kind == PLAN_EDGE_WAIT && plan->passes[edge->to].batch == part->a &&
               edge->index == part->b;
    default:
        return false;
    }
}

static void append_reasons(const td_plan *plan, const plan_part *part, tdi_text_builder *text)
{
    const char *between = ": ";
    for (size_t i = 0; i < plan->edge_count; i++) {
        const plan_edge *edge = &plan->edges[i];
        if (!explains(plan, part, edge))
            continue;
        tdi_text_append(text, "%s'%s' -> '%s' (%s%s)", between,
                        plan->graph->passes[edge->from].name, plan->graph->passes[edge->to].name,
                        edge->aliased ? "memory of " : "",
                        plan->graph->resources[edge->resource].name);
        between = ", ";
    }
}

static void append_part(const td_plan *plan, const plan_part *part, tdi_text_builder *text)
{
    const graph_pass *passes = plan->graph->passes;
    const uint32_t a = part->a;
    switch (part->kind) {
    case PLAN_PART_NONE:
        break;
    case PLAN_PART_BARRIER:
        tdi_text_append(text, "barrier before '%s'", passes[a].name);
        break;
    case PLAN_PART_TRANSITION:
        tdi_text_append(text, "change of layout before '%s'", passes[a].name);
        break;
    case PLAN_PART_WAIT:
        if (plan->batches[a].pass_count == 0)
            tdi_text_append(text, "wait of the end for queue %u", part->b);
        else
            tdi_text_append(text, "wait of '%s' for queue %u",
                            passes[plan->order[plan->batches[a].first_pass]].name, part->b);
        break;
    case PLAN_PART_READY:
        tdi_text_append(text, "wait of queue %u for the ticket of '%s'", plan->imports[a].queue,
                        plan->graph->resources[plan->imports[a].resource].name);
        break;
    case PLAN_PART_GIVEN:
        tdi_text_append(text, "waits of queue %u that the execution is given", a);
        break;
    case PLAN_PART_ENTRY:
        tdi_text_append(text, "first barrier on queue %u: what is bound, given or kept", a);
        break;
    case PLAN_PART_SHARED:
        tdi_text_append(text, "first barrier on queue %u: transient memory", a);
        break;
    case PLAN_PART_SHARED_WAIT:
        tdi_text_append(text, "first wait of queue %u for queue %u: transient memory", a, part->b);
        break;
    }
}

td_result tdi_plan_droppable_text(const td_plan *plan, uint32_t index, char **out)
{
    plan_part part;
    tdi_text_builder text = {0};
    find_part(plan, index, &part);
    append_part(plan, &part, &text);
    append_reasons(plan, &part, &text);
    return tdi_text_take(&text, out, NULL);
}
