#include "async/plan.h"

#include <string.h>

#include "base/living.h"
#include "base/log.h"
#include "base/memory.h"

td_result tdi_graph_check(const void *object, const char *call, const char *what)
{
    if (!tdi_living(object))
        return tdi_fail(TD_ERROR_STATE, "%s: this %s was destroyed; make a new one", call, what);
    return TD_OK;
}

td_result td_graph_create(const char *name, td_graph **out)
{
    if (!name || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_graph_create: name and out must not be NULL");
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
    tdi_living_add(graph);
    *out = graph;
    return TD_OK;
}

td_graph *tdi_graph_retain(const td_graph *graph)
{
    td_graph *self = graph->self;
    atomic_fetch_add(&self->references, 1);
    return self;
}

static void free_pass(graph_pass *pass)
{
    for (uint32_t i = 0; i < pass->params.after_count; i++)
        tdi_free(pass->after[i]);
    tdi_free(pass->name);
}

void tdi_graph_release(td_graph *graph)
{
    if (atomic_fetch_sub(&graph->references, 1) != 1)
        return;
    for (size_t i = 0; i < graph->resource_count; i++)
        tdi_free(graph->resources[i].name);
    for (size_t i = 0; i < graph->pass_count; i++)
        free_pass(&graph->passes[i]);
    tdi_free(graph->resources);
    tdi_free(graph->passes);
    tdi_free(graph->name);
    tdi_free(graph);
}

void td_graph_destroy(td_graph *graph)
{
    if (!graph)
        return;
    if (tdi_graph_check(graph, "td_graph_destroy", "graph") != TD_OK) {
        tdi_log(TD_LOG_ERROR, "%s", td_last_error());
        return;
    }
    tdi_living_remove(graph);
    tdi_graph_release(graph);
}

static td_result check_open(const td_graph *graph, const char *what)
{
    if (atomic_load(&graph->compiled))
        return tdi_fail(TD_ERROR_STATE, "graph '%s' was compiled; '%s' comes too late", graph->name,
                        what);
    return TD_OK;
}

static td_result check_resource(const td_graph *graph, const td_resource_params *params)
{
    bool transient = params->kind == TD_RESOURCE_TRANSIENT;
    if ((uint32_t)params->kind > TD_RESOURCE_EXTERNAL)
        return tdi_fail(TD_ERROR_ARGUMENT, "resource '%s' of graph '%s' is of no kind",
                        params->name, graph->name);
    if (transient && (params->image || !params->size))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "resource '%s' of graph '%s': transient resources are buffers with a size "
                        "function",
                        params->name, graph->name);
    for (size_t i = 0; i < graph->resource_count; i++) {
        if (strcmp(graph->resources[i].name, params->name) == 0)
            return tdi_fail(TD_ERROR_ARGUMENT, "graph '%s' has a resource '%s' already",
                            graph->name, params->name);
    }
    return TD_OK;
}

td_result td_graph_add_resource(td_graph *graph, const td_resource_params *params, td_resource *out)
{
    if (!graph || !params || !params->name || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_graph_add_resource: graph, params, its name and out must not be NULL");
    TDI_TRY(tdi_graph_check(graph, "td_graph_add_resource", "graph"));
    TDI_TRY(check_open(graph, params->name));
    TDI_TRY(check_resource(graph, params));
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

static td_result check_use(const td_graph *graph, const td_pass_params *params, uint32_t index)
{
    const td_use *use = &params->uses[index];
    const char *fault = NULL;
    if (use->resource >= graph->resource_count)
        return tdi_fail(TD_ERROR_ARGUMENT, "use %u of pass '%s' of graph '%s' is of no resource",
                        index, params->name, graph->name);
    const td_resource_params *resource = &graph->resources[use->resource].params;
    if (use->stages == 0)
        fault = "names no stages";
    else if ((uint32_t)use->mode > TD_ACCESS_ACCUMULATE ||
             (uint32_t)use->before > TD_BEFORE_UNDEFINED)
        fault = "has no mode that there is";
    else if (resource->image && (use->layout == VK_IMAGE_LAYOUT_UNDEFINED || use->size > 0))
        fault = "is of an image: it needs a layout, and no range";
    else if (use->offset + use->size < use->offset)
        fault = "has a range that ends before it begins";
    else if (!params->record && use->mode != TD_ACCESS_READ)
        fault = "writes, but without a record function the host reads";
    if (fault)
        return tdi_fail(TD_ERROR_ARGUMENT, "the use of '%s' by pass '%s' of graph '%s' %s",
                        resource->name, params->name, graph->name, fault);
    return TD_OK;
}

static td_result check_pass(const td_graph *graph, const td_pass_params *params)
{
    if (graph->pass_count == TD_GRAPH_MAX_PASSES)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "pass '%s' is one more than the %d that graph '%s' takes", params->name,
                        TD_GRAPH_MAX_PASSES, graph->name);
    if (params->use_count > TD_PASS_MAX_USES || params->after_count > TD_PASS_MAX_USES)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "pass '%s' of graph '%s' has %u uses and follows %u passes, of at most %d",
                        params->name, graph->name, params->use_count, params->after_count,
                        TD_PASS_MAX_USES);
    if ((params->use_count > 0 && !params->uses) || (params->after_count > 0 && !params->after))
        return tdi_fail(TD_ERROR_ARGUMENT, "pass '%s' of graph '%s': uses or after is NULL",
                        params->name, graph->name);
    if ((uint32_t)params->lane >= TD_LANE_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "pass '%s' of graph '%s' names no lane", params->name,
                        graph->name);
    for (size_t i = 0; i < graph->pass_count; i++) {
        if (strcmp(graph->passes[i].name, params->name) == 0)
            return tdi_fail(TD_ERROR_ARGUMENT, "graph '%s' has a pass '%s' already", graph->name,
                            params->name);
    }
    for (uint32_t i = 0; i < params->use_count; i++)
        TDI_TRY(check_use(graph, params, i));
    return TD_OK;
}

static td_result copy_pass(graph_pass *pass, const td_pass_params *params)
{
    *pass = (graph_pass){.name = tdi_strdup(params->name), .params = *params};
    pass->params.name = pass->name;
    pass->params.uses = NULL; /* the array moves when the graph grows */
    pass->params.after = NULL;
    pass->params.after_count = 0;
    if (!pass->name)
        return TD_ERROR_HOST_MEMORY;
    if (params->use_count > 0)
        memcpy(pass->uses, params->uses, params->use_count * sizeof params->uses[0]);
    for (uint32_t i = 0; i < params->after_count; i++) {
        if (!params->after[i])
            return tdi_fail(TD_ERROR_ARGUMENT, "pass '%s': after[%u] is NULL", params->name, i);
        pass->after[i] = tdi_strdup(params->after[i]);
        if (!pass->after[i])
            return TD_ERROR_HOST_MEMORY;
        pass->params.after_count++;
    }
    return TD_OK;
}

td_result td_graph_add_pass(td_graph *graph, const td_pass_params *params)
{
    if (!graph || !params || !params->name)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_graph_add_pass: graph, params and its name must not be NULL");
    TDI_TRY(tdi_graph_check(graph, "td_graph_add_pass", "graph"));
    TDI_TRY(check_open(graph, params->name));
    TDI_TRY(check_pass(graph, params));
    TDI_TRY(tdi_grow((void **)&graph->passes, &graph->pass_capacity, graph->pass_count + 1,
                     sizeof graph->passes[0]));
    graph_pass *pass = &graph->passes[graph->pass_count];
    const td_result result = copy_pass(pass, params);
    if (result != TD_OK) {
        free_pass(pass);
        return result;
    }
    graph->pass_count++;
    return TD_OK;
}
