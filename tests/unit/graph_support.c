#include "graph_support.h"

#define EVERYTHING (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT)

const tdi_lane_map ONE_QUEUE = {
    .queue = {0, 0, 0},
    .capabilities = {EVERYTHING, EVERYTHING, EVERYTHING},
};

const tdi_lane_map THREE_QUEUES = {
    .queue = {0, 1, 2},
    .capabilities = {EVERYTHING, VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT,
                     VK_QUEUE_TRANSFER_BIT},
};

/* Sizes live as long as the test program. */
static VkDeviceSize sizes[4096];
static uint32_t size_count;

static VkDeviceSize given_size(const td_graph_extent *extent, void *user)
{
    return *(VkDeviceSize *)user * extent->views;
}

td_graph *graph_make(void)
{
    td_graph *graph;
    assert_int_equal(td_graph_create("test", &graph), TD_OK);
    size_count = 0;
    return graph;
}

td_resource graph_transient(td_graph *graph, const char *name, VkDeviceSize size)
{
    td_resource resource;
    assert_true(size_count < sizeof sizes / sizeof sizes[0]);
    sizes[size_count] = size;
    const td_resource_params params = {
        .name = name,
        .kind = TD_RESOURCE_TRANSIENT,
        .size = given_size,
        .user = &sizes[size_count++],
    };
    assert_int_equal(td_graph_add_resource(graph, &params, &resource), TD_OK);
    return resource;
}

td_resource graph_bound(td_graph *graph, const char *name, td_resource_kind kind)
{
    td_resource resource;
    const td_resource_params params = {.name = name, .kind = kind};
    assert_int_equal(td_graph_add_resource(graph, &params, &resource), TD_OK);
    return resource;
}

td_use use_at(td_resource resource, VkPipelineStageFlags2 stages, VkAccessFlags2 access,
              td_access_mode mode)
{
    return (td_use){
        .resource = resource,
        .stages = stages,
        .access = access,
        .mode = mode,
        .before = mode == TD_ACCESS_WRITE ? TD_BEFORE_UNDEFINED : TD_BEFORE_KEPT,
    };
}

td_use use_read(td_resource resource)
{
    return use_at(resource, COMPUTE, SHADER_READ, TD_ACCESS_READ);
}

td_use use_write(td_resource resource)
{
    return use_at(resource, COMPUTE, SHADER_WRITE, TD_ACCESS_WRITE);
}

td_use use_accumulate(td_resource resource)
{
    return use_at(resource, COMPUTE, SHADER_READ | SHADER_WRITE, TD_ACCESS_ACCUMULATE);
}

static void record_nothing(const td_pass_context *context)
{
    (void)context;
}

void graph_pass_after(td_graph *graph, const char *name, td_lane lane, const char *const *after,
                      uint32_t after_count, uint32_t count, const td_use *uses)
{
    const td_pass_params params = {
        .name = name,
        .lane = lane,
        .uses = uses,
        .use_count = count,
        .record = record_nothing,
        .after = after,
        .after_count = after_count,
    };
    const td_result result = td_graph_add_pass(graph, &params);
    if (result != TD_OK)
        print_error("%s\n", td_last_error());
    assert_int_equal(result, TD_OK);
}

void graph_pass(td_graph *graph, const char *name, td_lane lane, uint32_t count, const td_use *uses)
{
    graph_pass_after(graph, name, lane, NULL, 0, count, uses);
}

void graph_host_pass(td_graph *graph, const char *name, td_resource resource)
{
    const td_use use = use_at(resource, HOST, VK_ACCESS_2_HOST_READ_BIT, TD_ACCESS_READ);
    const td_pass_params params = {.name = name, .uses = &use, .use_count = 1};
    assert_int_equal(td_graph_add_pass(graph, &params), TD_OK);
}

td_result graph_try(td_graph *graph, const tdi_lane_map *lanes, td_plan **plan)
{
    const td_graph_extent extent = {.tile_width = 64, .tile_height = 64, .views = 1, .samples = 1};
    td_result result = tdi_graph_compile(graph, &extent, lanes, plan);
    td_graph_destroy(graph);
    return result;
}

td_plan *graph_plan(td_graph *graph, const tdi_lane_map *lanes)
{
    td_plan *plan;
    td_result result = graph_try(graph, lanes, &plan);
    if (result != TD_OK)
        print_error("%s\n", td_last_error());
    assert_int_equal(result, TD_OK);
    return plan;
}

void expect_barrier(const td_plan *plan, uint32_t pass, VkPipelineStageFlags2 src_stages,
                    VkAccessFlags2 src_access, VkPipelineStageFlags2 dst_stages,
                    VkAccessFlags2 dst_access)
{
    const VkMemoryBarrier2 *barriers;
    assert_int_equal(tdi_plan_barriers(plan, pass, &barriers), 1);
    assert_int_equal(barriers->srcStageMask, src_stages);
    assert_int_equal(barriers->srcAccessMask, src_access);
    assert_int_equal(barriers->dstStageMask, dst_stages);
    assert_int_equal(barriers->dstAccessMask, dst_access);
}

void expect_no_barrier(const td_plan *plan, uint32_t pass)
{
    const VkMemoryBarrier2 *barriers;
    assert_int_equal(tdi_plan_barriers(plan, pass, &barriers), 0);
}

uint32_t frame_recorded;

static void record(const td_pass_context *context)
{
    assert_non_null(context->commands);
    assert_non_null(context->device);
    frame_recorded++;
}

static void add(td_graph *graph, const char *name, td_lane lane, td_use from, td_use to)
{
    const td_use uses[] = {from, to};
    const td_pass_params pass = {
        .name = name, .lane = lane, .uses = uses, .use_count = 2, .record = record};
    assert_int_equal(td_graph_add_pass(graph, &pass), TD_OK);
}

void frame_make(td_device *device, frame_graph *f)
{
    f->graph = graph_make();
    f->words = graph_transient(f->graph, "words", 1000);
    f->colour = graph_transient(f->graph, "colour", 1000);
    f->scene = graph_bound(f->graph, "scene", TD_RESOURCE_EXTERNAL);
    f->out = graph_bound(f->graph, "out", TD_RESOURCE_EXTERNAL);
    add(f->graph, "visibility", TD_LANE_COMPUTE, use_read(f->scene), use_write(f->words));
    add(f->graph, "shade", TD_LANE_GRAPHICS, use_read(f->words), use_write(f->colour));
    add(f->graph, "copy", TD_LANE_TRANSFER,
        use_at(f->colour, COPY, VK_ACCESS_2_TRANSFER_READ_BIT, TD_ACCESS_READ),
        use_at(f->out, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE));
    graph_host_pass(f->graph, "read", f->out);
    tdi_lane_map lanes;
    tdi_lane_map_of(device, &lanes);
    f->plan = graph_plan(f->graph, &lanes);
    f->transient = (tdi_buffer){.handle = (VkBuffer)f, .size = td_plan_transient_bytes(f->plan)};
    frame_recorded = 0;
}

tdi_plan_slot *frame_slot(td_device *device, const frame_graph *f)
{
    tdi_plan_slot *slot;
    assert_int_equal(tdi_plan_slot_create(device, f->plan, &f->transient, &slot), TD_OK);
    return slot;
}

td_result frame_execute(const frame_graph *f, tdi_plan_slot *slot, td_ticket ready, td_ticket *out)
{
    const td_binding bindings[] = {
        {.resource = f->scene, .bound = {.buffer = f->transient.handle}, .ready = ready},
        {.resource = f->out, .bound = {.buffer = f->transient.handle}},
    };
    const td_execution execution = {.bindings = bindings, .binding_count = 2};
    return tdi_plan_execute(slot, &execution, out);
}

td_ticket frame_submit(td_device *device, td_lane lane)
{
    const tdi_submission submission = {.lane = lane};
    td_ticket ticket;
    assert_int_equal(tdi_lane_submit(device, &submission, &ticket), TD_OK);
    return ticket;
}
