#include "async/plan_given.h"

static td_result check_arrays(const td_plan *plan, const td_execution *execution)
{
    const char *name = plan->graph->name;
    if (execution->wait_count > TD_MAX_WAITS)
        return tdi_fail(TD_ERROR_ARGUMENT, "an execution of graph '%s' has %u waits, of at most %d",
                        name, execution->wait_count, TD_MAX_WAITS);
    if ((execution->wait_count > 0 && !execution->waits) ||
        (execution->binding_count > 0 && !execution->bindings))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "an execution of graph '%s' has %u bindings and %u waits, but the array "
                        "of %s is NULL",
                        name, execution->binding_count, execution->wait_count,
                        execution->wait_count > 0 && !execution->waits ? "waits" : "bindings");
    return TD_OK;
}

/* A binary semaphore can be waited for but once, and only a timeline's wait has a value. */
static td_result check_waits(const td_plan *plan, const td_execution *execution)
{
    const char *name = plan->graph->name;
    const uint32_t queues = tdi_plan_queue_count(plan);
    uint32_t semaphores = 0;
    for (uint32_t i = 0; i < execution->wait_count; i++) {
        const td_wait *wait = &execution->waits[i];
        semaphores += wait->semaphore != VK_NULL_HANDLE;
        if (wait->semaphore && wait->value == 0 && queues > 1)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "wait %u of graph '%s': %u queues would wait for a binary semaphore; "
                            "make a ticket of it with td_ticket_import",
                            i, name, queues);
    }
    if (semaphores > TD_MAX_WAITS - TD_LANE_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "an execution of graph '%s' waits for %u semaphores, of at most %d", name,
                        semaphores, TD_MAX_WAITS - TD_LANE_COUNT);
    return TD_OK;
}

static td_result check_bindings(const td_plan *plan, const td_execution *execution)
{
    const td_graph *graph = plan->graph;
    for (uint32_t i = 0; i < execution->binding_count; i++) {
        const td_resource resource = execution->bindings[i].resource;
        if (resource >= graph->resource_count ||
            graph->resources[resource].params.kind == TD_RESOURCE_TRANSIENT)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "binding %u of graph '%s' is of no resource that is "
                            "bound",
                            i, graph->name);
    }
    return TD_OK;
}

/* Before they are merged by queue and value, where one of another device would stand for one of
 * this. */
static td_result check_tickets(td_device *device, const td_execution *execution)
{
    for (uint32_t i = 0; i < execution->wait_count; i++)
        TDI_TRY(tdi_ticket_check(device, execution->waits[i].ticket));
    for (uint32_t i = 0; i < execution->binding_count; i++)
        TDI_TRY(tdi_ticket_check(device, execution->bindings[i].ready));
    return TD_OK;
}

td_result tdi_plan_check_given(td_device *device, const td_plan *plan,
                               const td_execution *execution)
{
    TDI_TRY(check_arrays(plan, execution));
    TDI_TRY(check_waits(plan, execution));
    TDI_TRY(check_bindings(plan, execution));
    return check_tickets(device, execution);
}

/* Of stages that stand for several (VkPipelineStageFlagBits2): those of commands that a plan may
 * name one by one, too. */
static VkPipelineStageFlags2 expand(VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 input =
        VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT | VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT;
    if (stages & VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT)
        stages |= VK_PIPELINE_STAGE_2_COPY_BIT | VK_PIPELINE_STAGE_2_BLIT_BIT |
                  VK_PIPELINE_STAGE_2_RESOLVE_BIT | VK_PIPELINE_STAGE_2_CLEAR_BIT;
    if (stages & VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT)
        stages |= VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT |
                  VK_PIPELINE_STAGE_2_PRE_RASTERIZATION_SHADERS_BIT |
                  VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT |
                  VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT |
                  VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT |
                  VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    if (stages & VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT)
        stages |= input;
    if (stages & VK_PIPELINE_STAGE_2_PRE_RASTERIZATION_SHADERS_BIT)
        stages |= VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT;
    return stages;
}

/* Others may not even exist on the queue. */
static VkPipelineStageFlags2 used_stages(const td_plan *plan, uint32_t queue,
                                         VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 all = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    const VkPipelineStageFlags2 used = plan->touches[queue].stages;
    if (stages & all)
        return used;
    return used & all ? stages : (used & expand(stages)) | (expand(used) & stages);
}

VkPipelineStageFlags2 tdi_plan_given_stages(const td_plan *plan, uint32_t queue,
                                            VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 all = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    const VkPipelineStageFlags2 asked = stages ? stages : all;
    VkPipelineStageFlags2 anywhere = 0;
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++)
        anywhere |= used_stages(plan, i, asked);
    if (anywhere)
        return used_stages(plan, queue, asked);
    if (queue != plan->batches[0].queue)
        return 0;
    return plan->touches[queue].stages ? plan->touches[queue].stages : all;
}
