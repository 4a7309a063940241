/* A graph whose passes stand on all three lanes gives the numbers that arithmetic says, however
 * many executions are under way and whether they share their transient memory or not. */
#include "gpu_test.h"

#include "async/graph.h"
#include "async/readback.h"
#include "base/clock.h"
#include "gpu/pipeline.h"
#include "step_spv.h"

#include <tandem/monitor.h>

#define COUNT  5000
#define BYTES  (COUNT * sizeof(uint32_t))
#define STEPS  4 /* values in A, B, C and D, each from the one before */
#define SLOTS  3
#define FRAMES 24

#define STORAGE_READ  VK_ACCESS_2_SHADER_STORAGE_READ_BIT
#define STORAGE_WRITE VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT
#define COMPUTE       VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT
#define COPY          VK_PIPELINE_STAGE_2_COPY_BIT

typedef struct chain chain;

typedef struct chain_slot {
    tdi_plan_slot *slot;
    tdi_buffer own; /* without sharing */
    VkDescriptorSet sets[STEPS];
    td_ticket ticket;
    tdi_readback_slot *out;
    uint32_t add;
} chain_slot;

struct chain {
    td_graph *graph;
    td_plan *plan;
    td_resource steps[STEPS], result;
    tdi_pipeline pipeline;
    tdi_descriptor_pool *pool;
    tdi_buffer shared;
    td_readback *ring;
    chain_slot slots[SLOTS];
    td_monitor *monitor;
};

typedef struct step_user {
    uint32_t index;
} step_user;

/* What the record functions of an execution see. */
typedef struct frame {
    chain *all;
    chain_slot *slot;
} frame;

static step_user users[STEPS] = {{0}, {1}, {2}, {3}};

static VkDeviceSize step_size(const td_graph_extent *extent, void *user)
{
    (void)user;
    return (VkDeviceSize)extent->tile_width * sizeof(uint32_t);
}

static void record_step(const td_pass_context *context)
{
    const frame *f = context->frame;
    const step_user *user = context->user;
    const tdi_pipeline *pipeline = &f->all->pipeline;
    const uint32_t push[] = {COUNT, f->slot->add, user->index > 0};
    td_device *device = context->device;
    device->vk.vkCmdBindPipeline(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                 pipeline->handle);
    device->vk.vkCmdBindDescriptorSets(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                       pipeline->layout, 0, 1, &f->slot->sets[user->index], 0,
                                       NULL);
    device->vk.vkCmdPushConstants(context->commands, pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT,
                                  0, sizeof push, push);
    device->vk.vkCmdDispatch(context->commands, (COUNT + 63) / 64, 1, 1);
}

static void record_copy(const td_pass_context *context)
{
    const frame *f = context->frame;
    const td_bound *from = &context->resources[f->all->steps[STEPS - 1]];
    const td_bound *to = &context->resources[f->all->result];
    const VkBufferCopy region = {from->offset, to->offset, BYTES};
    context->device->vk.vkCmdCopyBuffer(context->commands, from->buffer, to->buffer, 1, &region);
}

/* Step `careless` does not say that it reads; STEPS: all do. */
static void add_steps(chain *all, uint32_t careless)
{
    static const char *const NAMES[STEPS] = {"step 0", "step 1", "step 2", "step 3"};
    for (uint32_t i = 0; i < STEPS; i++) {
        const td_resource_params resource = {
            .name = NAMES[i], .kind = TD_RESOURCE_TRANSIENT, .size = step_size};
        gpu_ok(td_graph_add_resource(all->graph, &resource, &all->steps[i]));
        const td_use uses[] = {
            {.resource = all->steps[i],
             .stages = COMPUTE,
             .access = STORAGE_WRITE,
             .mode = TD_ACCESS_WRITE,
             .before = TD_BEFORE_UNDEFINED},
            {.resource = all->steps[i ? i - 1 : 0], .stages = COMPUTE, .access = STORAGE_READ},
        };
        const td_pass_params pass = {
            .name = NAMES[i],
            .lane = i % 2 ? TD_LANE_GRAPHICS : TD_LANE_COMPUTE,
            .capabilities = VK_QUEUE_COMPUTE_BIT,
            .uses = uses,
            .use_count = i && i != careless ? 2 : 1,
            .record = record_step,
            .user = &users[i],
        };
        gpu_ok(td_graph_add_pass(all->graph, &pass));
    }
}

static void add_readback(chain *all)
{
    const td_resource_params resource = {.name = "result", .kind = TD_RESOURCE_EXTERNAL};
    gpu_ok(td_graph_add_resource(all->graph, &resource, &all->result));
    const td_use copied[] = {
        {.resource = all->steps[STEPS - 1],
         .stages = COPY,
         .access = VK_ACCESS_2_TRANSFER_READ_BIT},
        {.resource = all->result,
         .stages = COPY,
         .access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
         .mode = TD_ACCESS_WRITE,
         .before = TD_BEFORE_UNDEFINED},
    };
    const td_pass_params copy = {
        .name = "copy",
        .lane = TD_LANE_TRANSFER,
        .capabilities = VK_QUEUE_TRANSFER_BIT,
        .uses = copied,
        .use_count = 2,
        .record = record_copy,
    };
    gpu_ok(td_graph_add_pass(all->graph, &copy));
    const td_use seen = {.resource = all->result,
                         .stages = VK_PIPELINE_STAGE_2_HOST_BIT,
                         .access = VK_ACCESS_2_HOST_READ_BIT};
    const td_pass_params host = {.name = "read", .uses = &seen, .use_count = 1};
    gpu_ok(td_graph_add_pass(all->graph, &host));
}

static void make_pipeline(td_device *device, chain *all)
{
    const tdi_compute_pipeline_params params = {
        .name = "step",
        .code = step_spv,
        .code_bytes = sizeof step_spv,
        .binding_count = 2,
        .push_bytes = 12,
    };
    gpu_ok(tdi_pipeline_create_compute(device, &params, &all->pipeline));
    gpu_ok(tdi_descriptor_pool_create(device, SLOTS * STEPS, SLOTS * STEPS * 2, &all->pool));
}

static tdi_binding range_of(const chain *all, uint32_t step, const tdi_buffer *memory)
{
    tdi_binding binding = {.buffer = memory->handle};
    assert_true(
        tdi_plan_transient_range(all->plan, all->steps[step], &binding.offset, &binding.size));
    return binding;
}

static void make_slot(td_device *device, chain *all, chain_slot *slot, bool share)
{
    VkDeviceSize bytes = td_plan_transient_bytes(all->plan);
    if (!share)
        gpu_make_buffer(device, bytes, TDI_MEMORY_DEVICE, &slot->own);
    const tdi_buffer *memory = share ? &all->shared : &slot->own;
    gpu_ok(tdi_plan_slot_create(device, all->plan, memory, &slot->slot));
    for (uint32_t i = 0; i < STEPS; i++) {
        const tdi_binding bindings[] = {range_of(all, i ? i - 1 : i + 1, memory),
                                        range_of(all, i, memory)};
        gpu_ok(
            tdi_descriptor_set_create(device, all->pool, &all->pipeline, bindings, &slot->sets[i]));
    }
}

static void make_careless_chain(td_device *device, chain *all, bool share, uint32_t careless)
{
    *all = (chain){0};
    gpu_ok(td_graph_create("chain", &all->graph));
    add_steps(all, careless);
    add_readback(all);
    tdi_lane_map lanes;
    tdi_lane_map_of(device, &lanes);
    const td_graph_extent extent = {
        .tile_width = COUNT, .tile_height = 1, .views = 1, .samples = 1};
    gpu_ok(tdi_graph_compile(all->graph, &extent, &lanes, &all->plan));
    make_pipeline(device, all);
    gpu_make_buffer(device, td_plan_transient_bytes(all->plan), TDI_MEMORY_DEVICE, &all->shared);
    const td_readback_params ring = {.name = "ring", .slot_bytes = BYTES, .slots = SLOTS};
    gpu_ok(td_readback_create(device, &ring, &all->ring));
    for (uint32_t i = 0; i < SLOTS; i++)
        make_slot(device, all, &all->slots[i], share);
    gpu_ok(td_monitor_create(0, &all->monitor));
}

static void make_chain(td_device *device, chain *all, bool share)
{
    make_careless_chain(device, all, share, STEPS);
}

static void destroy_chain(td_device *device, chain *all)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        tdi_plan_slot_destroy(all->slots[i].slot);
        tdi_buffer_destroy(device, &all->slots[i].own);
    }
    td_readback_destroy(all->ring);
    tdi_buffer_destroy(device, &all->shared);
    tdi_descriptor_pool_destroy(device, all->pool);
    tdi_pipeline_destroy(device, &all->pipeline);
    td_plan_destroy(all->plan);
    td_graph_destroy(all->graph);
    td_monitor_destroy(all->monitor);
}

static void start_frame(chain *all, chain_slot *slot, uint32_t index)
{
    gpu_ok(tdi_readback_acquire(all->ring, 0, &slot->out));
    slot->add = index * 7 + 1;
    frame f = {all, slot};
    const td_binding binding = {
        .resource = all->result,
        .bound = {.buffer = slot->out->buffer, .size = slot->out->size},
    };
    const td_execution execution = {
        .bindings = &binding,
        .binding_count = 1,
        .frame = &f,
        .monitor = all->monitor,
        .frame_index = index,
    };
    gpu_ok(tdi_plan_execute(slot->slot, &execution, &slot->ticket));
}

/* The chain by the definition of a step. */
static uint32_t expected_value(uint32_t i, uint32_t add)
{
    uint32_t value = i + add;
    for (uint32_t step = 1; step < STEPS; step++)
        value = value * 3 + add;
    return value;
}

static void finish_frame(td_device *device, chain_slot *slot)
{
    gpu_ok(tdi_ticket_wait(device, slot->ticket, 20 * TDI_NS_PER_S));
    gpu_ok(tdi_readback_finish(slot->out));
    const uint32_t *values = slot->out->mapped;
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(values[i], expected_value(i, slot->add));
    tdi_readback_release(slot->out);
    slot->out = NULL;
}

static void run_frames(td_device *device, chain *all)
{
    for (uint32_t i = 0; i < FRAMES; i++) {
        chain_slot *slot = &all->slots[i % SLOTS];
        if (slot->out)
            finish_frame(device, slot);
        start_frame(all, slot, i);
    }
    for (uint32_t i = 0; i < SLOTS; i++)
        finish_frame(device, &all->slots[i]);
}

static void frames_with_memory_of_their_own(td_device *device)
{
    chain all;
    make_chain(device, &all, false);
    run_frames(device, &all);
    destroy_chain(device, &all);
}

static void frames_that_share_memory(td_device *device)
{
    chain all;
    make_chain(device, &all, true);
    run_frames(device, &all);
    destroy_chain(device, &all);
}

/* Neighbours in the chain are alive together, the others need not be. */
static void memory_is_shared_within_a_frame(td_device *device)
{
    chain all;
    make_chain(device, &all, true);
    VkDeviceSize one = (BYTES + 255) / 256 * 256;
    assert_true(td_plan_transient_bytes(all.plan) <= one + BYTES);
    destroy_chain(device, &all);
}

/* A batch for each lane where lanes have queues of their own, one in all where they do not. */
static void batches_follow_the_queues(td_device *device)
{
    chain all;
    make_chain(device, &all, false);
    const tdi_plan_batch *batches;
    uint32_t count = tdi_plan_batches(all.plan, &batches);
    assert_int_equal(count, device->queue_count == 1 ? 1 : STEPS + 1);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(batches[i].queue, device->lane_queue[batches[i].lane]);
    destroy_chain(device, &all);
}

static void spans_lie_between_begin_and_end(td_device *device)
{
    chain all;
    make_chain(device, &all, false);
    uint64_t begin = tdi_now_ns();
    run_frames(device, &all);
    for (uint32_t i = 0; i < SLOTS; i++)
        tdi_plan_slot_destroy(all.slots[i].slot);
    uint64_t end = tdi_now_ns();
    td_operation operations[16];
    uint32_t count;
    gpu_ok(td_monitor_operations(all.monitor, operations, 16, &count));
    assert_int_equal(count, STEPS + 1);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(operations[i].count, FRAMES);
        sum += operations[i].total_ms;
    }
    assert_true(sum > 0);
    assert_true(sum <= (double)(end - begin) / 1e6 * (device->queue_count > 1 ? SLOTS : 1));
    for (uint32_t i = 0; i < SLOTS; i++)
        all.slots[i].slot = NULL;
    destroy_chain(device, &all);
}

/* The plan stands on what is declared: a read that is not makes a hazard, which synchronisation
 * validation sees. */
static void an_undeclared_read_is_a_hazard(td_device *device)
{
    chain all;
    make_careless_chain(device, &all, false, 3);
    start_frame(&all, &all.slots[0], 0);
    gpu_ok(tdi_ticket_wait(device, all.slots[0].ticket, 20 * TDI_NS_PER_S));
    tdi_readback_release(all.slots[0].out);
    destroy_chain(device, &all);
}

/* Empty submissions on each lane in turn, each after the one before. */
static void tickets_are_reached_and_watched(td_device *device)
{
    td_ticket last = {0};
    for (uint32_t i = 0; i < 300; i++) {
        const td_wait wait = {.ticket = last, .stages = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
        const tdi_submission submission = {
            .lane = (td_lane)(i % TD_LANE_COUNT), .waits = &wait, .wait_count = 1};
        gpu_ok(tdi_lane_submit(device, &submission, &last));
    }
    gpu_ok(gpu_watch(device, last));
    assert_true(tdi_ticket_reached(device, last));
    gpu_ok(tdi_ticket_wait(device, last, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(frames_with_memory_of_their_own),
        gpu_test(frames_that_share_memory),
        gpu_test(memory_is_shared_within_a_frame),
        gpu_test(batches_follow_the_queues),
        gpu_test(spans_lie_between_begin_and_end),
        gpu_test(tickets_are_reached_and_watched),
        /* Older layers do not see hazards between submissions, so all is in one. */
        gpu_test_with(an_undeclared_read_is_a_hazard, {.run = an_undeclared_read_is_a_hazard,
                                                       .expected = "SYNC-HAZARD-READ",
                                                       .params = {.async = TD_ASYNC_OFF}}),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
