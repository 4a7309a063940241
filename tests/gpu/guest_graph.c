/* A graph over the lanes of another program's device that has what lanes need and nothing else:
 * the bytes are right, and neither addresses nor queries are used. */
#include "guest_support.h"

#include <tandem/graph.h>

#include "base/clock.h"

#define WORDS     1024
#define BYTES     (WORDS * sizeof(uint32_t))
#define FRAMES    7
#define IN_FLIGHT 2
#define LIMIT_NS  (60 * TDI_NS_PER_S)

typedef struct fill_and_copy {
    PFN_vkCmdFillBuffer fill; /* as a program has them */
    PFN_vkCmdCopyBuffer copy;
    td_resource filled, result;
} fill_and_copy;

typedef struct frame {
    const fill_and_copy *passes;
    uint32_t word;
} frame;

static VkDeviceSize size_of(const td_graph_extent *extent, void *user)
{
    (void)extent;
    (void)user;
    return BYTES;
}

static void record_fill(const td_pass_context *context)
{
    const frame *f = context->frame;
    const td_bound *to = &context->resources[f->passes->filled];
    f->passes->fill(context->commands, to->buffer, to->offset, BYTES, f->word);
}

static void record_copy(const td_pass_context *context)
{
    const frame *f = context->frame;
    const td_bound *from = &context->resources[f->passes->filled];
    const td_bound *to = &context->resources[f->passes->result];
    const VkBufferCopy region = {from->offset, to->offset, BYTES};
    f->passes->copy(context->commands, from->buffer, to->buffer, 1, &region);
}

static td_use written(td_resource resource)
{
    return (td_use){
        .resource = resource,
        .stages = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
        .access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
        .mode = TD_ACCESS_WRITE,
        .before = TD_BEFORE_UNDEFINED,
    };
}

static td_use read_by(td_resource resource, VkPipelineStageFlags2 stages, VkAccessFlags2 access)
{
    return (td_use){
        .resource = resource,
        .stages = stages,
        .access = access,
        .mode = TD_ACCESS_READ,
        .before = TD_BEFORE_KEPT,
    };
}

static void add_pass(td_graph *graph, const char *name, td_lane lane, td_record_fn record,
                     const td_use *uses, uint32_t count)
{
    const td_pass_params params = {
        .name = name,
        .lane = lane,
        .capabilities = VK_QUEUE_TRANSFER_BIT,
        .uses = uses,
        .use_count = count,
        .record = record,
    };
    gpu_ok(td_graph_add_pass(graph, &params));
}

static td_plan *make_plan(td_device *device, fill_and_copy *passes)
{
    td_graph *graph;
    td_plan *plan;
    const td_resource_params filled = {
        .name = "filled", .kind = TD_RESOURCE_TRANSIENT, .size = size_of};
    const td_resource_params result = {.name = "result", .kind = TD_RESOURCE_EXTERNAL};
    gpu_ok(td_graph_create("guest", &graph));
    gpu_ok(td_graph_add_resource(graph, &filled, &passes->filled));
    gpu_ok(td_graph_add_resource(graph, &result, &passes->result));
    const td_use fill[] = {written(passes->filled)};
    const td_use copy[] = {read_by(passes->filled, VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
                                   VK_ACCESS_2_TRANSFER_READ_BIT),
                           written(passes->result)};
    const td_use seen[] = {
        read_by(passes->result, VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT)};
    add_pass(graph, "fill", TD_LANE_COMPUTE, record_fill, fill, 1);
    add_pass(graph, "copy", TD_LANE_TRANSFER, record_copy, copy, 2);
    add_pass(graph, "see", TD_LANE_TRANSFER, NULL, seen, 1);
    const td_graph_extent extent = {.tile_width = 1, .tile_height = 1, .views = 1, .samples = 1};
    gpu_ok(td_graph_compile(graph, device, &extent, &plan));
    td_graph_destroy(graph);
    return plan;
}

static void make_result(td_device *device, tdi_buffer *out)
{
    const tdi_buffer_params params = {
        .name = "result",
        .size = FRAMES * BYTES,
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_READBACK,
        .category = TD_BUDGET_READBACK,
    };
    gpu_ok(tdi_buffer_create(device, &params, out));
}

static td_ticket run_frame(td_frames *frames, const fill_and_copy *passes, const tdi_buffer *out,
                           td_monitor *monitor, uint32_t index)
{
    const td_binding binding = {
        .resource = passes->result,
        .bound = {.buffer = out->handle, .offset = index * BYTES, .size = BYTES},
    };
    frame f = {passes, 0xABCD0000u + index};
    const td_execution execution = {
        .bindings = &binding, .binding_count = 1, .frame = &f, .monitor = monitor};
    td_ticket ticket;
    gpu_ok(td_frames_execute(frames, &execution, LIMIT_NS, &ticket));
    return ticket;
}

static void run_frames(const guest *program, td_device *device, td_monitor *monitor)
{
    fill_and_copy passes = {.fill = program->vk.vkCmdFillBuffer,
                            .copy = program->vk.vkCmdCopyBuffer};
    td_plan *plan = make_plan(device, &passes);
    const td_frames_params params = {.in_flight = IN_FLIGHT};
    td_frames *frames;
    tdi_buffer out;
    td_ticket tickets[FRAMES];
    gpu_ok(td_frames_create(device, plan, &params, &frames));
    make_result(device, &out);
    for (uint32_t i = 0; i < FRAMES; i++)
        tickets[i] = run_frame(frames, &passes, &out, monitor, i);
    for (uint32_t i = 0; i < FRAMES; i++) {
        gpu_ok(td_ticket_wait(device, tickets[i], LIMIT_NS));
        gpu_ok(tdi_memory_invalidate(device, &out.memory, i * BYTES, BYTES));
        const uint32_t *words = (const uint32_t *)out.memory.mapped + i * WORDS;
        for (uint32_t j = 0; j < WORDS; j++)
            assert_int_equal(words[j], 0xABCD0000u + i);
    }
    td_frames_destroy(frames);
    tdi_buffer_destroy(device, &out);
    td_plan_destroy(plan);
}

static void a_graph_runs_on_a_bare_device(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    td_monitor *monitor;
    gpu_ok(td_monitor_create(0, &monitor));
    run_frames(&program, device, monitor);
    td_monitor_destroy(monitor);
    td_device_destroy(device);
    guest_close(&program);
}

/* The program hands over one queue for all. */
static void a_graph_runs_on_one_imported_queue(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    program.params.async = TD_ASYNC_OFF;
    td_device *device = guest_import(&program);
    run_frames(&program, device, NULL);
    td_device_destroy(device);
    guest_close(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(a_graph_runs_on_a_bare_device),
        gpu_test(a_graph_runs_on_one_imported_queue),
    };
    return gpu_run_tests(tests);
}
