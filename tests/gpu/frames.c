/* Frames in flight as programs use them: tiles of several executions on all lanes give the numbers
 * that arithmetic says, however many are in flight and share transient memory; a free frame is
 * waited for as long as was asked, and no longer. */
#include "gpu_test.h"

#include <string.h>

#include <tandem/graph.h>

#include "base/clock.h"
#include "gpu/pipeline.h"
#include "step_spv.h"

#define COUNT  3000 /* values of a tile */
#define BYTES  (COUNT * sizeof(uint32_t))
#define TILES  5
#define ROUNDS 3
#define SETS   (2 * TILES * ROUNDS)

#define STORAGE_READ  VK_ACCESS_2_SHADER_STORAGE_READ_BIT
#define STORAGE_WRITE VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT
#define COMPUTE       VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT
#define COPY          VK_PIPELINE_STAGE_2_COPY_BIT

typedef struct program {
    td_plan *plan;
    td_resource first, second, result;
    tdi_pipeline pipeline;
    tdi_descriptor_pool *pool;
    VkDescriptorSet sets[SETS]; /* each is used once */
    uint32_t used;
    tdi_buffer out;
} program;

typedef struct frame {
    program *all;
    uint32_t add;
} frame;

static VkDeviceSize tile_size(const td_graph_extent *extent, void *user)
{
    (void)user;
    return (VkDeviceSize)extent->tile_width * extent->tile_height * sizeof(uint32_t);
}

static void record_step(const td_pass_context *context, td_resource from, td_resource to)
{
    const frame *f = context->frame;
    program *all = f->all;
    const td_bound *in = &context->resources[from];
    const td_bound *out = &context->resources[to];
    const tdi_binding bindings[] = {{in->buffer, in->offset, in->size},
                                    {out->buffer, out->offset, out->size}};
    const uint32_t push[] = {COUNT, f->add, to == all->second};
    const struct VolkDeviceTable *vk = &context->device->vk;
    assert_true(all->used < SETS);
    const VkDescriptorSet set = all->sets[all->used++];
    tdi_descriptor_set_update(context->device, &all->pipeline, set, bindings);
    vk->vkCmdBindPipeline(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE, all->pipeline.handle);
    vk->vkCmdBindDescriptorSets(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                all->pipeline.layout, 0, 1, &set, 0, NULL);
    vk->vkCmdPushConstants(context->commands, all->pipeline.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                           sizeof push, push);
    vk->vkCmdDispatch(context->commands, (COUNT + 63) / 64, 1, 1);
}

static void record_first(const td_pass_context *context)
{
    const program *all = ((const frame *)context->frame)->all;
    record_step(context, all->second, all->first);
}

static void record_second(const td_pass_context *context)
{
    const program *all = ((const frame *)context->frame)->all;
    record_step(context, all->first, all->second);
}

static void record_copy(const td_pass_context *context)
{
    const program *all = ((const frame *)context->frame)->all;
    const td_bound *from = &context->resources[all->second];
    const td_bound *to = &context->resources[all->result];
    const VkBufferCopy region = {from->offset, to->offset, BYTES};
    context->device->vk.vkCmdCopyBuffer(context->commands, from->buffer, to->buffer, 1, &region);
}

static td_use use_of(td_resource resource, VkPipelineStageFlags2 stages, VkAccessFlags2 access)
{
    const bool writes = access == STORAGE_WRITE || access == VK_ACCESS_2_TRANSFER_WRITE_BIT;
    return (td_use){
        .resource = resource,
        .stages = stages,
        .access = access,
        .mode = writes ? TD_ACCESS_WRITE : TD_ACCESS_READ,
        .before = writes ? TD_BEFORE_UNDEFINED : TD_BEFORE_KEPT,
    };
}

static void add_pass(td_graph *graph, const char *name, td_lane lane, td_record_fn record,
                     td_use one, td_use two, uint32_t count)
{
    const td_use uses[] = {one, two};
    const td_pass_params pass = {
        .name = name,
        .lane = lane,
        .capabilities = lane == TD_LANE_TRANSFER ? VK_QUEUE_TRANSFER_BIT : VK_QUEUE_COMPUTE_BIT,
        .uses = uses,
        .use_count = count,
        .record = record,
    };
    gpu_ok(td_graph_add_pass(graph, &pass));
}

static td_resource add_resource(td_graph *graph, const char *name, td_resource_kind kind)
{
    const td_resource_params params = {
        .name = name, .kind = kind, .size = kind == TD_RESOURCE_TRANSIENT ? tile_size : NULL};
    td_resource resource;
    gpu_ok(td_graph_add_resource(graph, &params, &resource));
    return resource;
}

/* Added from the last pass to the first. */
static void make_plan(td_device *device, program *all)
{
    td_graph *graph;
    gpu_ok(td_graph_create("tiles", &graph));
    all->first = add_resource(graph, "first", TD_RESOURCE_TRANSIENT);
    all->second = add_resource(graph, "second", TD_RESOURCE_TRANSIENT);
    all->result = add_resource(graph, "result", TD_RESOURCE_EXTERNAL);
    const td_use seen =
        use_of(all->result, VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT);
    add_pass(graph, "read", TD_LANE_TRANSFER, NULL, seen, seen, 1);
    add_pass(graph, "copy", TD_LANE_TRANSFER, record_copy,
             use_of(all->second, COPY, VK_ACCESS_2_TRANSFER_READ_BIT),
             use_of(all->result, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT), 2);
    add_pass(graph, "double", TD_LANE_GRAPHICS, record_second,
             use_of(all->first, COMPUTE, STORAGE_READ), use_of(all->second, COMPUTE, STORAGE_WRITE),
             2);
    add_pass(graph, "count", TD_LANE_COMPUTE, record_first,
             use_of(all->first, COMPUTE, STORAGE_WRITE), use_of(all->first, COMPUTE, STORAGE_WRITE),
             1);
    const td_graph_extent extent = {
        .tile_width = COUNT, .tile_height = 1, .views = 1, .samples = 1};
    gpu_ok(td_graph_compile(graph, device, &extent, &all->plan));
    td_graph_destroy(graph);
}

static void make_program(td_device *device, program *all)
{
    *all = (program){0};
    make_plan(device, all);
    const tdi_compute_pipeline_params params = {
        .name = "step",
        .code = step_spv,
        .code_bytes = sizeof step_spv,
        .binding_count = 2,
        .push_bytes = 12,
    };
    gpu_ok(tdi_pipeline_create_compute(device, &params, &all->pipeline));
    gpu_ok(tdi_descriptor_pool_create(device, SETS, SETS * 2, &all->pool));
    for (uint32_t i = 0; i < SETS; i++)
        gpu_ok(tdi_descriptor_set_create(device, all->pool, &all->pipeline, NULL, &all->sets[i]));
    gpu_make_buffer(device, TILES * BYTES, TDI_MEMORY_READBACK, &all->out);
}

static void destroy_program(td_device *device, program *all)
{
    tdi_buffer_destroy(device, &all->out);
    tdi_descriptor_pool_destroy(device, all->pool);
    tdi_pipeline_destroy(device, &all->pipeline);
    td_plan_destroy(all->plan);
}

static td_result start_tile(program *all, td_frames *frames, uint32_t tile, uint32_t add,
                            const td_wait *wait, uint64_t timeout_ns, td_ticket *out)
{
    frame f = {all, add};
    const td_binding binding = {
        .resource = all->result,
        .bound = {.buffer = all->out.handle, .offset = tile * BYTES, .size = BYTES},
    };
    const td_execution execution = {
        .bindings = &binding,
        .binding_count = 1,
        .waits = wait,
        .wait_count = wait ? 1 : 0,
        .frame = &f,
    };
    return td_frames_execute(frames, &execution, timeout_ns, out);
}

/* What step.comp says, twice. */
static void check_tile(td_device *device, const program *all, uint32_t tile, uint32_t add)
{
    gpu_ok(tdi_memory_invalidate(device, &all->out.memory, 0, TILES * BYTES));
    const uint32_t *values = (const uint32_t *)all->out.memory.mapped + tile * COUNT;
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(values[i], (i + add) * 3 + add);
}

static void run_tiles(td_device *device, uint32_t in_flight, uint32_t sets)
{
    program all;
    td_frames *frames;
    make_program(device, &all);
    const td_frames_params params = {.in_flight = in_flight, .transient_sets = sets};
    gpu_ok(td_frames_create(device, all.plan, &params, &frames));
    for (uint32_t round = 0; round < ROUNDS; round++) {
        td_ticket tickets[TILES];
        for (uint32_t tile = 0; tile < TILES; tile++)
            gpu_ok(start_tile(&all, frames, tile, 100 * round + 7 * tile + 1, NULL, TD_FOREVER,
                              &tickets[tile]));
        for (uint32_t tile = 0; tile < TILES; tile++) {
            gpu_ok(td_ticket_wait(device, tickets[tile], 60 * TDI_NS_PER_S));
            check_tile(device, &all, tile, 100 * round + 7 * tile + 1);
        }
    }
    td_frames_destroy(frames);
    destroy_program(device, &all);
}

static void tiles_are_right_however_many_are_in_flight(td_device *device)
{
    run_tiles(device, 0, 0);
    run_tiles(device, 1, 1);
    run_tiles(device, 4, 1);
    run_tiles(device, 4, 3);
}

static VkSemaphore make_timeline(td_device *device)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
        .pNext = &type,
    };
    VkSemaphore semaphore;
    assert_int_equal(device->vk.vkCreateSemaphore(device->handle, &info, NULL, &semaphore),
                     VK_SUCCESS);
    return semaphore;
}

/* All frames wait for the program, which signals when it has seen that there is no other. */
static void a_free_frame_is_waited_for(td_device *device)
{
    program all;
    td_frames *frames;
    make_program(device, &all);
    const td_frames_params params = {.in_flight = 2};
    gpu_ok(td_frames_create(device, all.plan, &params, &frames));
    const VkSemaphore semaphore = make_timeline(device);
    const td_wait wait = {.stages = COMPUTE, .semaphore = semaphore, .value = 1};
    td_ticket tickets[3];
    for (uint32_t i = 0; i < 2; i++)
        gpu_ok(start_tile(&all, frames, i, i, &wait, 0, &tickets[i]));
    assert_int_equal(start_tile(&all, frames, 2, 2, NULL, 0, &tickets[2]), TD_ERROR_AGAIN);
    assert_non_null(strstr(td_last_error(), "all 2 frames"));
    const uint64_t begin = tdi_now_ns();
    assert_int_equal(start_tile(&all, frames, 2, 2, NULL, 20 * TDI_NS_PER_MS, &tickets[2]),
                     TD_ERROR_TIMEOUT);
    assert_true(tdi_now_ns() - begin >= 20 * TDI_NS_PER_MS);
    assert_false(td_ticket_reached(device, tickets[0]));
    const VkSemaphoreSignalInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
        .semaphore = semaphore,
        .value = 1,
    };
    assert_int_equal(device->vk.vkSignalSemaphore(device->handle, &signal), VK_SUCCESS);
    gpu_ok(start_tile(&all, frames, 2, 2, NULL, 60 * TDI_NS_PER_S, &tickets[2]));
    td_frames_destroy(frames); /* waits */
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(td_ticket_reached(device, tickets[i]));
        check_tile(device, &all, i, i);
    }
    device->vk.vkDestroySemaphore(device->handle, semaphore, NULL);
    destroy_program(device, &all);
}

static void transient_memory_comes_from_the_budget(td_device *device)
{
    program all;
    make_program(device, &all);
    const td_frames_params params = {.in_flight = 3, .transient_sets = 2};
    td_budget_info before;
    td_budget_info after;
    td_frames *frames;
    td_budget_get_info(td_device_budget(device), &before);
    gpu_ok(td_frames_create(device, all.plan, &params, &frames));
    td_budget_get_info(td_device_budget(device), &after);
    assert_true(after.by_category[TD_BUDGET_TRANSIENT] - before.by_category[TD_BUDGET_TRANSIENT] >=
                2 * td_plan_transient_bytes(all.plan));
    td_frames_destroy(frames);
    td_budget_get_info(td_device_budget(device), &after);
    assert_int_equal(after.by_category[TD_BUDGET_TRANSIENT],
                     before.by_category[TD_BUDGET_TRANSIENT]);
    destroy_program(device, &all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(tiles_are_right_however_many_are_in_flight),
        gpu_test(a_free_frame_is_waited_for),
        gpu_test(transient_memory_comes_from_the_budget),
    };
    return gpu_run_tests(tests);
}
