#include "async/graph_order.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define BIT(index) (UINT64_C(1) << (index))

typedef struct order {
    const td_graph *graph;
    uint32_t count;
    uint32_t *writers;                    /* by td_resource: passes that do more than add to it */
    uint64_t direct[TD_GRAPH_MAX_PASSES]; /* by pass: those that it follows by an edge */
    uint64_t before[TD_GRAPH_MAX_PASSES]; /* those that it follows by a path */
} order;

static const char *name_of(const order *o, uint32_t pass)
{
    return o->graph->passes[pass].name;
}

static td_result find_pass(const order *o, uint32_t of, const char *name, uint32_t *out)
{
    for (*out = 0; *out < o->count; (*out)++) {
        if (strcmp(name_of(o, *out), name) == 0)
            return TD_OK;
    }
    return tdi_fail(TD_ERROR_ARGUMENT,
                    "pass '%s' of graph '%s' is to come after '%s', which names no pass of it",
                    name_of(o, of), o->graph->name, name);
}

static td_result add_named(order *o)
{
    for (uint32_t pass = 0; pass < o->count; pass++) {
        const graph_pass *given = &o->graph->passes[pass];
        for (uint32_t i = 0; i < given->params.after_count; i++) {
            uint32_t earlier;
            TDI_TRY(find_pass(o, pass, given->after[i], &earlier));
            o->direct[pass] |= BIT(earlier);
        }
    }
    return TD_OK;
}

static void find_paths(order *o)
{
    memcpy(o->before, o->direct, sizeof o->before);
    for (uint32_t middle = 0; middle < o->count; middle++) {
        for (uint32_t pass = 0; pass < o->count; pass++) {
            if (o->before[pass] & BIT(middle))
                o->before[pass] |= o->before[middle];
        }
    }
}

/* Who fills a resource comes before who adds to it or changes it, and those before who reads. */
static int turn_of(const td_use *use)
{
    if (use->mode == TD_ACCESS_READ)
        return 2;
    return use->mode == TD_ACCESS_WRITE && use->before == TD_BEFORE_UNDEFINED ? 0 : 1;
}

/* Which edges follow from uses, one kind after another, the plainest first. */
typedef enum implied {
    OF_LONE_WRITERS, /* resources that one pass at most writes */
    FROM_WHO_ADDS,   /* other resources: who reads follows who adds or changes */
    FROM_WHO_FILLS,  /* and all of these follow who fills */
    KINDS_OF_EDGES,
} implied;

static bool is_kind(const order *o, implied kind, const td_use *first)
{
    if (o->writers[first->resource] <= 1)
        return kind == OF_LONE_WRITERS;
    return kind == (turn_of(first) == 0 ? FROM_WHO_FILLS : FROM_WHO_ADDS);
}

static bool uses_precede(const order *o, uint32_t first, uint32_t second, implied kind)
{
    const graph_pass *x = &o->graph->passes[first];
    const graph_pass *y = &o->graph->passes[second];
    for (uint32_t i = 0; i < x->params.use_count; i++) {
        for (uint32_t k = 0; k < y->params.use_count; k++) {
            const td_use *a = &x->uses[i];
            const td_use *b = &y->uses[k];
            if (a->resource == b->resource && is_kind(o, kind, a) && tdi_plan_meet(a, b) &&
                turn_of(a) < turn_of(b))
                return true;
        }
    }
    return false;
}

/* A path that is there already may put the reader first: then it reads what was there before. All
 * edges of a kind are judged by the same paths, so that the order of adding says nothing. */
static void add_implied(order *o, implied kind)
{
    find_paths(o);
    for (uint32_t pass = 0; pass < o->count; pass++) {
        for (uint32_t earlier = 0; earlier < o->count; earlier++) {
            if (earlier != pass && !(o->before[earlier] & BIT(pass)) &&
                uses_precede(o, earlier, pass, kind))
                o->direct[pass] |= BIT(earlier);
        }
    }
}

static void count_writers(order *o)
{
    for (uint32_t pass = 0; pass < o->count; pass++) {
        const graph_pass *given = &o->graph->passes[pass];
        for (uint32_t i = 0; i < given->params.use_count; i++)
            o->writers[given->uses[i].resource] += given->uses[i].mode == TD_ACCESS_WRITE;
    }
}

static uint32_t lowest(uint64_t passes)
{
    return (uint32_t)__builtin_ctzll(passes);
}

/* All of `left` follow some other of `left`: going back from any of them leads into a circle. */
static td_result name_circle(const order *o, uint64_t left)
{
    uint64_t seen = 0;
    uint32_t pass = lowest(left);
    while (!(seen & BIT(pass))) {
        seen |= BIT(pass);
        pass = lowest(o->direct[pass] & left);
    }
    const uint32_t last = pass;
    uint32_t circle[TD_GRAPH_MAX_PASSES];
    uint32_t length = 0;
    do {
        circle[length++] = pass;
        pass = lowest(o->direct[pass] & left);
    } while (pass != last);
    tdi_text_builder names = {0};
    for (uint32_t i = length; i-- > 0;)
        tdi_text_append(&names, "'%s' before ", name_of(o, circle[i]));
    tdi_text_append(&names, "'%s'", name_of(o, circle[length - 1]));
    char *text;
    TDI_TRY(tdi_text_take(&names, &text, NULL));
    const td_result result = tdi_fail(
        TD_ERROR_ARGUMENT, "passes of graph '%s' go round in a circle: %s", o->graph->name, text);
    tdi_free(text);
    return result;
}

static td_result sort(const order *o, td_plan *plan)
{
    uint64_t left = o->count == 64 ? UINT64_MAX : BIT(o->count) - 1;
    for (uint32_t place = 0; place < o->count; place++) {
        uint32_t next = 0;
        while (next < o->count && (!(left & BIT(next)) || (o->direct[next] & left)))
            next++;
        if (next == o->count)
            return name_circle(o, left);
        left &= ~BIT(next);
        plan->sequence[place] = next;
        plan->passes[next].place = place;
    }
    return TD_OK;
}

static td_result refuse_pair(const order *o, uint32_t a, uint32_t b, const td_use *x,
                             const td_use *y)
{
    const char *resource = o->graph->resources[x->resource].name;
    const bool written = x->mode != TD_ACCESS_READ && y->mode != TD_ACCESS_READ;
    return tdi_fail(TD_ERROR_ARGUMENT,
                    "passes '%s' and '%s' of graph '%s' both %s '%s'%s, and nothing orders them: "
                    "name one in the other's `after`",
                    name_of(o, a), name_of(o, b), o->graph->name, written ? "write" : "use",
                    resource, written ? "" : " in two layouts");
}

/* Two uses that must not run at once need a path between their passes. */
static td_result check_pair(const order *o, uint32_t a, uint32_t b)
{
    const graph_pass *x = &o->graph->passes[a];
    const graph_pass *y = &o->graph->passes[b];
    if ((o->before[a] & BIT(b)) || (o->before[b] & BIT(a)))
        return TD_OK;
    for (uint32_t i = 0; i < x->params.use_count; i++) {
        for (uint32_t k = 0; k < y->params.use_count; k++) {
            if (x->uses[i].resource == y->uses[k].resource &&
                tdi_plan_hazard(&x->uses[i], &y->uses[k]) != PLAN_NO_HAZARD)
                return refuse_pair(o, a, b, &x->uses[i], &y->uses[k]);
        }
    }
    return TD_OK;
}

static td_result find_order(order *o, td_plan *plan)
{
    TDI_TRY(add_named(o));
    count_writers(o);
    for (int kind = 0; kind < KINDS_OF_EDGES; kind++)
        add_implied(o, (implied)kind);
    TDI_TRY(sort(o, plan));
    find_paths(o);
    for (uint32_t b = 0; b < o->count; b++) {
        for (uint32_t a = 0; a < b; a++)
            TDI_TRY(check_pair(o, a, b));
    }
    return TD_OK;
}

td_result tdi_graph_order(td_plan *plan)
{
    order o = {.graph = plan->graph, .count = (uint32_t)plan->graph->pass_count};
    o.writers = tdi_alloc_zero(plan->graph->resource_count + 1, sizeof o.writers[0]);
    if (!o.writers)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = find_order(&o, plan);
    tdi_free(o.writers);
    return result;
}
