#include "async/plan_declare.h"

#include "async/plan.h"

tdi_declare_uses_fn tdi_plan_declare_find(const td_device *device)
{
    if (!device->instance.vkGetDeviceProcAddr)
        return NULL;
    return (tdi_declare_uses_fn)device->instance.vkGetDeviceProcAddr(device->handle,
                                                                     TDI_DECLARE_USES);
}

static tdi_declared_use declared(const td_graph *graph, const td_use *use, const td_bound *bound)
{
    const td_resource_params *resource = &graph->resources[use->resource].params;
    VkDeviceSize size = use->size ? use->size : bound->size;
    return (tdi_declared_use){
        .resource = resource->name,
        .buffer = bound->buffer,
        .offset = bound->offset + use->offset,
        .size = size ? size : VK_WHOLE_SIZE,
        .image = bound->image,
        .layout = use->layout,
        .stages = use->stages,
        .access = use->access,
        .mode = use->mode,
        .before = use->before,
        .new_life = resource->kind == TD_RESOURCE_TRANSIENT && use->mode == TD_ACCESS_WRITE &&
                    use->before == TD_BEFORE_UNDEFINED,
    };
}

void tdi_plan_declare(tdi_declare_uses_fn declare, const td_device *device, const td_plan *plan,
                      uint32_t pass, const td_bound *bound, VkCommandBuffer commands)
{
    const graph_pass *recorded = &plan->graph->passes[pass];
    tdi_declared_use uses[TD_PASS_MAX_USES];
    const tdi_declared_pass info = {
        .graph = plan->graph->name,
        .pass = recorded->name,
        .commands = commands,
        .uses = uses,
        .use_count = recorded->params.use_count,
    };
    for (uint32_t i = 0; i < info.use_count; i++)
        uses[i] = declared(plan->graph, &recorded->uses[i], &bound[recorded->uses[i].resource]);
    declare(device->handle, &info);
}
