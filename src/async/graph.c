#include "async/plan.h"

#include <string.h>

#include "base/memory.h"

td_result td_graph_create(const char *name, td_graph **out)
{
    td_graph *graph = tdi_alloc_zero(1, sizeof *graph);
    if (!graph)
        return TD_ERROR_HOST_MEMORY;
    graph->name = tdi_strdup(name);
    if (!graph->name) {
        tdi_free(graph);
        return TD_ERROR_HOST_MEMORY;
    }
    graph->self = graph;
    atomic_init(&graph->references, 1);
    atomic_init(&graph->compiled, false);
    *out = graph;
    return TD_OK;
}

td_graph *tdi_graph_retain(const td_graph *graph)
{
    td_graph *self = graph->self;
    atomic_store(&self->compiled, true);
    atomic_fetch_add(&self->references, 1);
    return self;
}

void td_graph_destroy(td_graph *graph)
{
    if (!graph || atomic_fetch_sub(&graph->references, 1) != 1)
        return;
    for (size_t i = 0; i < graph->resource_count; i++)
        tdi_free(graph->resources[i].name);
    for (size_t i = 0; i < graph->pass_count; i++)
        tdi_free(graph->passes[i].name);
    tdi_free(graph->resources);
    tdi_free(graph->passes);
    tdi_free(graph->name);
    tdi_free(graph);
}

static td_result check_open(const td_graph *graph, const char *what)
{
    if (atomic_load(&graph->compiled))
        return tdi_fail(TD_ERROR_STATE, "graph '%s' was compiled; '%s' comes too late", graph->name,
                        what);
    return TD_OK;
}

td_result td_graph_add_resource(td_graph *graph, const td_resource_params *params, td_resource *out)
{
    TDI_TRY(check_open(graph, params->name));
    bool transient = params->kind == TD_RESOURCE_TRANSIENT;
    if (transient && (params->image || !params->size))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "resource '%s' of graph '%s': transient resources are buffers with a size "
                        "function",
                        params->name, graph->name);
    TDI_TRY(tdi_grow((void **)&graph->resources, &graph->resource_capacity,
                     graph->resource_count + 1, sizeof graph->resources[0]));
    char *name = tdi_strdup(params->name);
    if (!name)
        return TD_ERROR_HOST_MEMORY;
    graph_resource *resource = &graph->resources[graph->resource_count];
    *resource = (graph_resource){.name = name, .params = *params};
    resource->params.name = name;
    *out = (td_resource)graph->resource_count++;
    return TD_OK;
}

static td_result check_pass(const td_graph *graph, const td_pass_params *params)
{
    if (graph->pass_count == TD_GRAPH_MAX_PASSES)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "pass '%s' is one more than the %d that graph '%s' takes", params->name,
                        TD_GRAPH_MAX_PASSES, graph->name);
    if (params->use_count > TD_PASS_MAX_USES)
        return tdi_fail(TD_ERROR_ARGUMENT, "pass '%s' of graph '%s' has %u uses, of at most %d",
                        params->name, graph->name, params->use_count, TD_PASS_MAX_USES);
    if ((uint32_t)params->lane >= TD_LANE_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "pass '%s' of graph '%s' names no lane", params->name,
                        graph->name);
    for (uint32_t i = 0; i < params->use_count; i++) {
        if (params->uses[i].resource >= graph->resource_count)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "use %u of pass '%s' of graph '%s' is of no resource", i, params->name,
                            graph->name);
    }
    return TD_OK;
}

td_result td_graph_add_pass(td_graph *graph, const td_pass_params *params)
{
    TDI_TRY(check_open(graph, params->name));
    TDI_TRY(check_pass(graph, params));
    TDI_TRY(tdi_grow((void **)&graph->passes, &graph->pass_capacity, graph->pass_count + 1,
                     sizeof graph->passes[0]));
    char *name = tdi_strdup(params->name);
    if (!name)
        return TD_ERROR_HOST_MEMORY;
    graph_pass *pass = &graph->passes[graph->pass_count++];
    *pass = (graph_pass){.name = name, .params = *params};
    pass->params.name = name;
    pass->params.uses = NULL; /* the array moves when the graph grows */
    if (params->use_count > 0)
        memcpy(pass->uses, params->uses, params->use_count * sizeof params->uses[0]);
    return TD_OK;
}
