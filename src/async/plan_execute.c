#include "async/arena.h"
#include "async/plan_declare.h"
#include "async/plan_spans.h"

#include "base/clock.h"
#include "base/memory.h"

struct tdi_plan_slot {
    td_device *device;
    const td_plan *plan;
    tdi_arena *arena;                   /* NULL: no transient memory */
    VkCommandPool pools[TD_LANE_COUNT]; /* by queue */
    VkCommandBuffer *commands;          /* by batch */
    td_ticket *tickets;                 /* by batch, of the execution under way */
    td_bound *bound;                    /* by td_resource */
    td_ticket *ready;                   /* by td_resource */
    td_ticket last[TD_LANE_COUNT];      /* what must be over before the slot is used again */
    bool shared;                        /* its transient memory, with other slots */
    /* What earlier executions have waited for holds for all later ones, too: by queue, the value up
     * to which a barrier ordered all that was submitted before, and the waits for other queues. */
    bool barrier[TD_LANE_COUNT]; /* recorded in the execution under way */
    uint64_t barred[TD_LANE_COUNT];
    td_wait waited[TD_LANE_COUNT][TD_LANE_COUNT];
    plan_spans spans;
    tdi_declare_uses_fn declare; /* NULL but under layers of tests */
};

static td_result make_pool(tdi_plan_slot *slot, uint32_t queue)
{
    const td_device *device = slot->device;
    const VkCommandPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[queue].family,
    };
    return tdi_lane_check(
        slot->device,
        device->vk.vkCreateCommandPool(device->handle, &info, NULL, &slot->pools[queue]),
        "vkCreateCommandPool");
}

static td_result make_commands(tdi_plan_slot *slot)
{
    const td_device *device = slot->device;
    for (uint32_t i = 0; i < slot->plan->batch_count; i++) {
        uint32_t queue = slot->plan->batches[i].queue;
        if (queue >= device->queue_count)
            return tdi_fail(TD_ERROR_ARGUMENT, "the plan is for a device of other queues");
        if (!slot->pools[queue])
            TDI_TRY(make_pool(slot, queue));
        const VkCommandBufferAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
            .commandPool = slot->pools[queue],
            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
            .commandBufferCount = 1,
        };
        TDI_TRY(tdi_lane_check(
            slot->device,
            device->vk.vkAllocateCommandBuffers(device->handle, &info, &slot->commands[i]),
            "vkAllocateCommandBuffers"));
    }
    return TD_OK;
}

static td_result bind_transients(tdi_plan_slot *slot, const tdi_buffer *transient)
{
    VkDeviceSize bytes = slot->plan->transient_bytes;
    if (bytes == 0)
        return TD_OK;
    if (!transient || transient->size < bytes)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "graph '%s' needs %llu bytes of transient memory and was given %llu",
                        slot->plan->graph->name, (unsigned long long)bytes,
                        (unsigned long long)(transient ? transient->size : 0));
    for (uint32_t i = 0; i < slot->plan->graph->resource_count; i++) {
        const plan_range *range = &slot->plan->ranges[i];
        if (range->size > 0)
            slot->bound[i] = (td_bound){
                .buffer = transient->handle, .offset = range->offset, .size = range->size};
    }
    return tdi_arena_join(slot->device, transient->handle, &slot->arena);
}

static td_result slot_build(tdi_plan_slot *slot, const tdi_buffer *transient)
{
    size_t resources = slot->plan->graph->resource_count;
    slot->commands = tdi_alloc_zero(slot->plan->batch_count, sizeof slot->commands[0]);
    slot->tickets = tdi_alloc_zero(slot->plan->batch_count, sizeof slot->tickets[0]);
    slot->bound = tdi_alloc_zero(resources, sizeof slot->bound[0]);
    slot->ready = tdi_alloc_zero(resources, sizeof slot->ready[0]);
    if (!slot->commands || !slot->tickets || !slot->bound || !slot->ready)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(tdi_lanes_ready(slot->device));
    TDI_TRY(make_commands(slot));
    TDI_TRY(bind_transients(slot, transient));
    return tdi_plan_spans_init(&slot->spans, slot->device, slot->plan);
}

td_result tdi_plan_slot_create(td_device *device, const td_plan *plan, const tdi_buffer *transient,
                               tdi_plan_slot **out)
{
    tdi_plan_slot *slot = tdi_alloc_zero(1, sizeof *slot);
    if (!slot)
        return TD_ERROR_HOST_MEMORY;
    slot->device = device;
    slot->plan = plan;
    slot->declare = tdi_plan_declare_find(device);
    td_result result = slot_build(slot, transient);
    if (result != TD_OK) {
        tdi_plan_slot_destroy(slot);
        return result;
    }
    *out = slot;
    return TD_OK;
}

td_result tdi_plan_slot_wait_for(tdi_plan_slot *slot, uint64_t timeout_ns)
{
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        const uint64_t now = tdi_now_ns();
        TDI_TRY(
            tdi_ticket_wait(slot->device, slot->last[queue], now < deadline ? deadline - now : 0));
    }
    return TD_OK;
}

td_result tdi_plan_slot_wait(tdi_plan_slot *slot)
{
    return tdi_plan_slot_wait_for(slot, UINT64_MAX);
}

void tdi_plan_slot_destroy(tdi_plan_slot *slot)
{
    if (!slot)
        return;
    const td_device *device = slot->device;
    (void)tdi_plan_slot_wait(slot);
    tdi_plan_spans_destroy(&slot->spans);
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        if (slot->pools[queue])
            device->vk.vkDestroyCommandPool(device->handle, slot->pools[queue], NULL);
    }
    tdi_arena_leave(slot->arena);
    tdi_free(slot->commands);
    tdi_free(slot->tickets);
    tdi_free(slot->bound);
    tdi_free(slot->ready);
    tdi_free(slot);
}

static td_result bind_given(tdi_plan_slot *slot, const td_execution *execution)
{
    const td_graph *graph = slot->plan->graph;
    for (uint32_t i = 0; i < graph->resource_count; i++) {
        if (graph->resources[i].params.kind != TD_RESOURCE_TRANSIENT)
            slot->bound[i] = (td_bound){0};
        slot->ready[i] = (td_ticket){0};
    }
    for (uint32_t i = 0; i < execution->binding_count; i++) {
        const td_binding *binding = &execution->bindings[i];
        if (binding->resource >= graph->resource_count ||
            graph->resources[binding->resource].params.kind == TD_RESOURCE_TRANSIENT)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "binding %u of graph '%s' is of no resource that is "
                            "bound",
                            i, graph->name);
        slot->bound[binding->resource] = binding->bound;
        slot->ready[binding->resource] = binding->ready;
    }
    for (uint32_t i = 0; i < slot->plan->import_count; i++) {
        td_resource resource = slot->plan->imports[i].resource;
        if (!slot->bound[resource].buffer && !slot->bound[resource].image)
            return tdi_fail(TD_ERROR_ARGUMENT, "resource '%s' of graph '%s' was not bound",
                            graph->resources[resource].name, graph->name);
    }
    return TD_OK;
}

/* What earlier submissions to this queue left is needed, or their memory is used again. */
static bool needs_entry_barrier(const tdi_plan_slot *slot, uint32_t queue,
                                const td_execution *execution)
{
    if (slot->shared || slot->plan->writes_persistent)
        return true;
    for (uint32_t i = 0; i < slot->plan->import_count; i++) {
        const plan_import *import = &slot->plan->imports[i];
        td_ticket ready = slot->ready[import->resource];
        if (import->queue == queue && ready.queue == queue && ready.value > slot->barred[queue])
            return true;
    }
    for (uint32_t i = 0; i < execution->wait_count; i++) {
        td_ticket ticket = execution->waits[i].ticket;
        if (ticket.queue == queue && ticket.value > slot->barred[queue])
            return true;
    }
    return false;
}

static bool first_of_queue(const td_plan *plan, uint32_t batch)
{
    for (uint32_t i = 0; i < batch; i++) {
        if (plan->batches[i].queue == plan->batches[batch].queue)
            return false;
    }
    return true;
}

static void record_entry_barrier(const tdi_plan_slot *slot, uint32_t queue,
                                 VkCommandBuffer commands)
{
    const VkMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = slot->plan->queue_stages[queue],
        .dstAccessMask = slot->plan->queue_access[queue],
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &barrier,
    };
    slot->device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static VkImageMemoryBarrier2 image_barrier(const tdi_plan_slot *slot,
                                           const plan_image_barrier *planned)
{
    return (VkImageMemoryBarrier2){
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = planned->src_stages,
        .srcAccessMask = planned->src_access,
        .dstStageMask = planned->dst_stages,
        .dstAccessMask = planned->dst_access,
        .oldLayout = planned->from,
        .newLayout = planned->to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = slot->bound[planned->resource].image,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, VK_REMAINING_MIP_LEVELS, 0,
                             VK_REMAINING_ARRAY_LAYERS},
    };
}

static void record_barriers(const tdi_plan_slot *slot, const plan_pass *pass,
                            VkCommandBuffer commands)
{
    VkImageMemoryBarrier2 images[TD_PASS_MAX_USES];
    for (uint32_t i = 0; i < pass->image_count; i++)
        images[i] = image_barrier(slot, &pass->images[i]);
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = pass->barrier_count,
        .pMemoryBarriers = pass->barriers,
        .imageMemoryBarrierCount = pass->image_count,
        .pImageMemoryBarriers = images,
    };
    if (pass->barrier_count + pass->image_count > 0)
        slot->device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static void record_passes(tdi_plan_slot *slot, uint32_t batch, const td_execution *execution)
{
    const td_plan *plan = slot->plan;
    td_pass_context context = {
        .device = slot->device,
        .commands = slot->commands[batch],
        .resources = slot->bound,
        .extent = plan->extent,
        .frame = execution->frame,
    };
    tdi_plan_spans_start_batch(&slot->spans, context.commands, batch);
    for (uint32_t i = 0; i < plan->batches[batch].pass_count; i++) {
        uint32_t index = plan->order[plan->batches[batch].first_pass + i];
        const td_pass_params *pass = &plan->graph->passes[index].params;
        record_barriers(slot, &plan->passes[index], context.commands);
        if (slot->declare)
            tdi_plan_declare(slot->declare, slot->device, plan, index, slot->bound,
                             context.commands);
        context.user = pass->user;
        if (pass->record)
            pass->record(&context);
        tdi_plan_spans_after_pass(&slot->spans, context.commands, batch, i);
    }
    tdi_plan_spans_end_batch(&slot->spans, context.commands, batch);
}

static td_result record_batch(tdi_plan_slot *slot, uint32_t batch, const td_execution *execution)
{
    const td_device *device = slot->device;
    uint32_t queue = slot->plan->batches[batch].queue;
    VkCommandBuffer commands = slot->commands[batch];
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TDI_TRY(tdi_lane_check(slot->device, device->vk.vkBeginCommandBuffer(commands, &begin),
                           "vkBeginCommandBuffer"));
    if (first_of_queue(slot->plan, batch))
        slot->barrier[queue] =
            slot->plan->queue_stages[queue] && needs_entry_barrier(slot, queue, execution);
    if (first_of_queue(slot->plan, batch) && slot->barrier[queue])
        record_entry_barrier(slot, queue, commands);
    record_passes(slot, batch, execution);
    return tdi_lane_check(slot->device, device->vk.vkEndCommandBuffer(commands),
                          "vkEndCommandBuffer");
}

static td_result record_all(tdi_plan_slot *slot, const td_execution *execution)
{
    const td_device *device = slot->device;
    slot->shared = tdi_arena_shared(slot->arena);
    for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
        if (slot->pools[queue])
            TDI_TRY(tdi_lane_check(
                slot->device, device->vk.vkResetCommandPool(device->handle, slot->pools[queue], 0),
                "vkResetCommandPool"));
    }
    for (uint32_t batch = 0; batch < slot->plan->batch_count; batch++)
        TDI_TRY(record_batch(slot, batch, execution));
    return TD_OK;
}

/* One wait for each queue, at most. */
typedef struct wait_set {
    td_wait of[TD_LANE_COUNT];
} wait_set;

static void add_wait(wait_set *set, td_ticket ticket, VkPipelineStageFlags2 stages)
{
    td_wait *wait = &set->of[ticket.queue];
    if (ticket.value == 0 || stages == 0)
        return;
    if (wait->ticket.value < ticket.value)
        wait->ticket = ticket;
    wait->stages |= stages;
}

/* Those of the stages that the plan uses on a queue: others may not even exist there. */
static VkPipelineStageFlags2 stages_on_queue(const td_plan *plan, uint32_t queue,
                                             VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 all = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    VkPipelineStageFlags2 used = plan->queue_stages[queue];
    if (stages & all)
        return used;
    return used & all ? stages : used & stages;
}

/* What a queue's first batch waits for, besides what the plan says. */
static void add_entry_waits(const tdi_plan_slot *slot, uint32_t queue,
                            const td_execution *execution, wait_set *set)
{
    for (uint32_t i = 0; i < execution->wait_count; i++)
        add_wait(set, execution->waits[i].ticket,
                 stages_on_queue(slot->plan, queue, execution->waits[i].stages));
    for (uint32_t other = 0; slot->shared && other < TD_LANE_COUNT; other++) {
        if (other != queue)
            add_wait(set, slot->arena->last[other], slot->plan->queue_stages[queue]);
    }
}

static void find_waits(const tdi_plan_slot *slot, uint32_t batch, const td_execution *execution,
                       wait_set *set)
{
    const td_plan *plan = slot->plan;
    const tdi_plan_batch *planned = &plan->batches[batch];
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++)
        add_wait(set, slot->tickets[planned->waits[i].batch], planned->waits[i].stages);
    for (uint32_t i = 0; i < plan->import_count; i++) {
        if (plan->imports[i].batch == batch)
            add_wait(set, slot->ready[plan->imports[i].resource], plan->imports[i].stages);
    }
    if (first_of_queue(plan, batch))
        add_entry_waits(slot, planned->queue, execution, set);
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++) {
        const td_wait *done = &slot->waited[planned->queue][i];
        if (set->of[i].ticket.value <= done->ticket.value &&
            (set->of[i].stages & ~done->stages) == 0)
            set->of[i] = (td_wait){0};
    }
}

/* The batch was submitted, and all that follows on its queue comes after what it waited for. */
static void note_submitted(tdi_plan_slot *slot, uint32_t batch, const wait_set *set)
{
    uint32_t queue = slot->plan->batches[batch].queue;
    slot->last[queue] = slot->tickets[batch];
    if (first_of_queue(slot->plan, batch) && slot->barrier[queue])
        slot->barred[queue] = slot->tickets[batch].value - 1;
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++) {
        if (set->of[i].ticket.value > 0)
            slot->waited[queue][i] = set->of[i];
    }
}

static td_result submit_batch(tdi_plan_slot *slot, uint32_t batch, const td_execution *execution)
{
    const tdi_plan_batch *planned = &slot->plan->batches[batch];
    wait_set set = {0};
    find_waits(slot, batch, execution, &set);
    const tdi_submission submission = {
        .lane = planned->lane,
        .commands = &slot->commands[batch],
        .command_count = 1,
        .waits = set.of,
        .wait_count = TD_LANE_COUNT,
    };
    TDI_TRY(tdi_lane_submit(slot->device, &submission, &slot->tickets[batch]));
    note_submitted(slot, batch, &set);
    return TD_OK;
}

static td_result submit_all(tdi_plan_slot *slot, const td_execution *execution)
{
    td_result result = TD_OK;
    if (slot->arena)
        tdi_mutex_lock(&slot->arena->mutex);
    for (uint32_t batch = 0; result == TD_OK && batch < slot->plan->batch_count; batch++)
        result = submit_batch(slot, batch, execution);
    for (uint32_t queue = 0; slot->arena && queue < TD_LANE_COUNT; queue++) {
        if (slot->last[queue].value > slot->arena->last[queue].value)
            slot->arena->last[queue] = slot->last[queue];
    }
    if (slot->arena)
        tdi_mutex_unlock(&slot->arena->mutex);
    return result;
}

td_result tdi_plan_execute(tdi_plan_slot *slot, const td_execution *execution, td_ticket *out)
{
    TDI_TRY(tdi_plan_slot_wait(slot));
    TDI_TRY(bind_given(slot, execution));
    tdi_plan_spans_begin(&slot->spans, execution->monitor, execution->frame_index);
    TDI_TRY(record_all(slot, execution));
    TDI_TRY(submit_all(slot, execution));
    *out = slot->tickets[slot->plan->batch_count - 1];
    tdi_plan_spans_submitted(&slot->spans, *out);
    return TD_OK;
}
