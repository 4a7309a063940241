#include "async/arena.h"
#include "async/plan_declare.h"
#include "async/plan_given.h"
#include "async/plan_spans.h"

#include "base/clock.h"
#include "base/memory.h"

/* Whatever the stages can do. */
#define ANY_ACCESS (VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT)

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
    tdi_touch sharers[TD_LANE_COUNT];   /* what those do to it, by queue */
    /* What earlier executions have waited for holds for all later ones, too: by queue, the value up
     * to which a barrier ordered all that was submitted before what is touched, and the waits for
     * other queues. */
    tdi_touch entry[TD_LANE_COUNT]; /* of the execution under way; no stages: no barrier */
    uint64_t barred[TD_LANE_COUNT];
    tdi_touch barred_touch[TD_LANE_COUNT];
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
    return tdi_arena_join(slot->device, transient->handle, slot->plan->transient_touches,
                          &slot->arena);
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
        slot->bound[binding->resource] = binding->bound;
        slot->ready[binding->resource] = binding->ready;
    }
    for (uint32_t i = 0; i < slot->plan->import_count; i++) {
        const td_resource resource = slot->plan->imports[i].resource;
        const bool image = graph->resources[resource].params.image;
        if (image ? !slot->bound[resource].image : !slot->bound[resource].buffer)
            return tdi_fail(
                TD_ERROR_ARGUMENT, "resource '%s' of graph '%s' was not bound; bind %s to it",
                graph->resources[resource].name, graph->name, image ? "an image" : "a buffer");
    }
    return TD_OK;
}

static void add_touch(tdi_touch *touch, VkPipelineStageFlags2 stages, VkAccessFlags2 access)
{
    touch->stages |= stages;
    touch->access |= stages ? access : 0;
}

static bool within(const tdi_touch *some, const tdi_touch *all)
{
    return (some->stages & ~all->stages) == 0 &&
           ((some->access & ~all->access) == 0 || (all->access & ANY_ACCESS) == ANY_ACCESS);
}

/* What must not begin before the queue is done with what was submitted to it earlier, on account
 * of what is bound, given to be waited for, or kept from one execution to the next. */
static tdi_touch find_entry(const tdi_plan_slot *slot, uint32_t queue,
                            const td_execution *execution)
{
    const td_plan *plan = slot->plan;
    tdi_touch touch = {0};
    uint64_t latest = 0;
    for (uint32_t i = 0; i < plan->import_count; i++) {
        const plan_import *import = &plan->imports[i];
        const td_ticket ready = slot->ready[import->resource];
        if (import->queue != queue || ready.queue != queue || ready.value == 0)
            continue;
        add_touch(&touch, import->touch.stages, import->touch.access);
        latest = ready.value > latest ? ready.value : latest;
    }
    for (uint32_t i = 0; i < execution->wait_count; i++) {
        const td_wait *wait = &execution->waits[i];
        if (wait->ticket.queue != queue || wait->ticket.value == 0)
            continue;
        add_touch(&touch, tdi_plan_given_stages(plan, queue, wait->stages), ANY_ACCESS);
        latest = wait->ticket.value > latest ? wait->ticket.value : latest;
    }
    if (latest <= slot->barred[queue] && within(&touch, &slot->barred_touch[queue]))
        touch = (tdi_touch){0};
    if (plan->writes_persistent)
        add_touch(&touch, plan->persistent_touches[queue].stages,
                  plan->persistent_touches[queue].access);
    return touch;
}

static bool first_of_queue(const td_plan *plan, uint32_t batch)
{
    for (uint32_t i = 0; i < batch; i++) {
        if (plan->batches[i].queue == plan->batches[batch].queue)
            return false;
    }
    return true;
}

/* What was bound may come from any work; transient memory was used by those that share it. */
static void record_entry_barriers(const tdi_plan_slot *slot, uint32_t queue,
                                  VkCommandBuffer commands)
{
    const tdi_touch *entry = &slot->entry[queue];
    const tdi_touch *before = &slot->sharers[queue];
    const tdi_touch *after = &slot->plan->transient_touches[queue];
    VkMemoryBarrier2 barriers[2];
    VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .pMemoryBarriers = barriers,
    };
    if (entry->stages && tdi_plan_has(slot->plan, PLAN_PART_ENTRY, queue, 0))
        barriers[info.memoryBarrierCount++] = (VkMemoryBarrier2){
            .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
            .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
            .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
            .dstStageMask = entry->stages,
            .dstAccessMask = entry->access,
        };
    if (slot->shared && after->stages && !(entry->stages && within(after, entry)) &&
        tdi_plan_has(slot->plan, PLAN_PART_SHARED, queue, 0))
        barriers[info.memoryBarrierCount++] = (VkMemoryBarrier2){
            .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
            .srcStageMask = before->stages,
            .srcAccessMask = tdi_plan_writes(before->access),
            .dstStageMask = after->stages,
            .dstAccessMask = after->access,
        };
    if (info.memoryBarrierCount > 0)
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

static void record_barriers(const tdi_plan_slot *slot, uint32_t index, VkCommandBuffer commands)
{
    const plan_pass *pass = &slot->plan->passes[index];
    VkMemoryBarrier2 barriers[PLAN_MAX_BARRIERS];
    VkImageMemoryBarrier2 images[TD_PASS_MAX_USES];
    VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .pMemoryBarriers = barriers,
        .pImageMemoryBarriers = images,
    };
    for (uint32_t i = 0; i < pass->barrier_count; i++) {
        if (tdi_plan_has(slot->plan, PLAN_PART_BARRIER, index, i))
            barriers[info.memoryBarrierCount++] = pass->barriers[i];
    }
    for (uint32_t i = 0; i < pass->image_count; i++) {
        if (tdi_plan_has(slot->plan, PLAN_PART_TRANSITION, index, i))
            images[info.imageMemoryBarrierCount++] = image_barrier(slot, &pass->images[i]);
    }
    if (info.memoryBarrierCount + info.imageMemoryBarrierCount > 0)
        slot->device->vk.vkCmdPipelineBarrier2(commands, &info);
}

/* Its barriers, what it does, and what it tells a layer that checks declarations. */
static void record_pass(const tdi_plan_slot *slot, uint32_t index, td_pass_context *context)
{
    const td_pass_params *pass = &slot->plan->graph->passes[index].params;
    record_barriers(slot, index, context->commands);
    if (slot->declare)
        tdi_plan_declare(slot->declare, slot->device, slot->plan, index, slot->bound,
                         context->commands);
    context->user = pass->user;
    if (pass->record)
        pass->record(context);
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
        if (plan->graph->passes[index].params.record || !execution->more_to_come)
            record_pass(slot, index, &context);
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
    if (first_of_queue(slot->plan, batch)) {
        slot->entry[queue] = find_entry(slot, queue, execution);
        record_entry_barriers(slot, queue, commands);
    }
    record_passes(slot, batch, execution);
    return tdi_lane_check(slot->device, device->vk.vkEndCommandBuffer(commands),
                          "vkEndCommandBuffer");
}

static td_result record_all(tdi_plan_slot *slot, const td_execution *execution)
{
    const td_device *device = slot->device;
    slot->shared = tdi_arena_shared(slot->arena, slot->sharers);
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

/* One wait for each queue, at most, then those for semaphores of the caller's. */
typedef struct wait_set {
    td_wait of[TD_MAX_WAITS];
    uint32_t count;
} wait_set;

static void add_wait(wait_set *set, td_ticket ticket, VkPipelineStageFlags2 stages)
{
    if (ticket.value == 0 || stages == 0)
        return;
    td_wait *wait = &set->of[ticket.queue];
    if (wait->ticket.value < ticket.value)
        wait->ticket = ticket;
    wait->stages |= stages;
}

/* What a queue's first batch waits for, besides what the plan says. */
static void add_entry_waits(const tdi_plan_slot *slot, uint32_t queue,
                            const td_execution *execution, wait_set *set)
{
    const td_plan *plan = slot->plan;
    const bool given = tdi_plan_has(plan, PLAN_PART_GIVEN, queue, 0);
    for (uint32_t i = 0; i < execution->wait_count && given; i++) {
        const td_wait *wait = &execution->waits[i];
        const VkPipelineStageFlags2 stages = tdi_plan_given_stages(plan, queue, wait->stages);
        add_wait(set, wait->ticket, stages);
        if (wait->semaphore && stages)
            set->of[set->count++] =
                (td_wait){.stages = stages, .semaphore = wait->semaphore, .value = wait->value};
    }
    for (uint32_t other = 0; slot->shared && other < TD_LANE_COUNT; other++) {
        if (other != queue && tdi_plan_has(plan, PLAN_PART_SHARED_WAIT, queue, other))
            add_wait(set, slot->arena->last[other], plan->transient_touches[queue].stages);
    }
}

static void find_waits(const tdi_plan_slot *slot, uint32_t batch, const td_execution *execution,
                       wait_set *set)
{
    const td_plan *plan = slot->plan;
    const tdi_plan_batch *planned = &plan->batches[batch];
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++) {
        if (tdi_plan_has(plan, PLAN_PART_WAIT, batch, i))
            add_wait(set, slot->tickets[planned->waits[i].batch], planned->waits[i].stages);
    }
    for (uint32_t i = 0; i < plan->import_count; i++) {
        if (plan->imports[i].batch == batch && tdi_plan_has(plan, PLAN_PART_READY, i, 0))
            add_wait(set, slot->ready[plan->imports[i].resource], plan->imports[i].touch.stages);
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
    if (first_of_queue(slot->plan, batch) && slot->entry[queue].stages) {
        slot->barred[queue] = slot->tickets[batch].value - 1;
        slot->barred_touch[queue] = slot->entry[queue];
    }
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++) {
        if (set->of[i].ticket.value > 0)
            slot->waited[queue][i] = set->of[i];
    }
}

/* A plan need not realise lanes as the device does: what counts is the queue. */
static td_lane lane_of(const td_device *device, const tdi_plan_batch *planned)
{
    td_lane lane = planned->lane;
    for (int i = 0; i < TD_LANE_COUNT && device->lane_queue[lane] != planned->queue; i++)
        lane = (td_lane)i;
    return lane;
}

static td_result submit_batch(tdi_plan_slot *slot, uint32_t batch, const td_execution *execution)
{
    const tdi_plan_batch *planned = &slot->plan->batches[batch];
    wait_set set = {.count = TD_LANE_COUNT};
    find_waits(slot, batch, execution, &set);
    const tdi_submission submission = {
        .lane = lane_of(slot->device, planned),
        .commands = &slot->commands[batch],
        .command_count = 1,
        .waits = set.of,
        .wait_count = set.count,
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
    TDI_TRY(tdi_plan_check_given(slot->device, slot->plan, execution));
    TDI_TRY(tdi_plan_slot_wait(slot));
    TDI_TRY(bind_given(slot, execution));
    tdi_plan_spans_begin(&slot->spans, execution->monitor, execution->frame_index);
    TDI_TRY(record_all(slot, execution));
    TDI_TRY(submit_all(slot, execution));
    *out = slot->tickets[slot->plan->batch_count - 1];
    tdi_plan_spans_submitted(&slot->spans, *out);
    return TD_OK;
}
