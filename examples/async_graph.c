/* Asynchronous work without a renderer: frames of three small passes on three lanes (td_graph,
 * td_frames), a frame that several threads record (td_recorder), and tasks that wait for them and
 * add up what they wrote (td_tasks). The passes fill and copy, so there is no shader.
 *
 *     cc async_graph.c host_buffer.c $(pkg-config --cflags --libs tandem) -o async_graph
 */
#include <inttypes.h>
#include <stdio.h>

#include <tandem/tandem.h>

#include "host_buffer.h"

#define FRAMES 8
#define WORDS  1024u
#define BYTES  (WORDS * sizeof(uint32_t))

/* The last of the areas is the recorder's. */
typedef struct program {
    td_device *device;
    td_device_vulkan vulkan;
    host_buffer out;
    td_ticket tickets[FRAMES + 1];
    uint64_t sums[FRAMES + 1];
    td_resource values, result;
} program;

static VkDeviceSize values_size(const td_graph_extent *extent, void *user)
{
    (void)user;
    return (VkDeviceSize)extent->tile_width * extent->tile_height * sizeof(uint32_t);
}

static void fill(const td_pass_context *context)
{
    const program *p = context->user;
    LOAD_VULKAN(&p->vulkan, vkCmdFillBuffer);
    const td_bound *to = &context->resources[p->values];
    vkCmdFillBuffer(context->commands, to->buffer, to->offset, BYTES,
                    *(const uint32_t *)context->frame);
}

static void mark(const td_pass_context *context)
{
    const program *p = context->user;
    LOAD_VULKAN(&p->vulkan, vkCmdFillBuffer);
    const td_bound *to = &context->resources[p->values];
    vkCmdFillBuffer(context->commands, to->buffer, to->offset + BYTES / 2, BYTES / 2, 1000);
}

static void copy(const td_pass_context *context)
{
    const program *p = context->user;
    LOAD_VULKAN(&p->vulkan, vkCmdCopyBuffer);
    const td_bound *from = &context->resources[p->values], *to = &context->resources[p->result];
    const VkBufferCopy region = {from->offset, to->offset, BYTES};
    vkCmdCopyBuffer(context->commands, from->buffer, to->buffer, 1, &region);
}

/* Order, barriers and waits follow from the uses: fill, mark (half of it again), copy. */
static td_result make_plan(program *p, td_graph *graph, td_plan **plan)
{
    const VkPipelineStageFlags2 transfer = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
    const td_resource_params values = {.name = "values", .size = values_size};
    const td_resource_params result = {.name = "result", .kind = TD_RESOURCE_EXTERNAL};
    td_result status = td_graph_add_resource(graph, &values, &p->values);
    if (status == TD_OK)
        status = td_graph_add_resource(graph, &result, &p->result);
    const td_use write = {.stages = transfer,
                          .access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                          .mode = TD_ACCESS_WRITE,
                          .before = TD_BEFORE_UNDEFINED};
    td_use all = write, half = write, out = write;
    all.resource = half.resource = p->values;
    half.offset = half.size = BYTES / 2;
    half.before = TD_BEFORE_KEPT;
    out.resource = p->result;
    const td_use copied[] = {
        {.resource = p->values, .stages = transfer, .access = VK_ACCESS_2_TRANSFER_READ_BIT}, out};
    const td_use seen = {.resource = p->result,
                         .stages = VK_PIPELINE_STAGE_2_HOST_BIT,
                         .access = VK_ACCESS_2_HOST_READ_BIT};
    const td_pass_params passes[] = {
        {"fill", TD_LANE_COMPUTE, 0, &all, 1, fill, p, NULL, 0},
        {"mark", TD_LANE_GRAPHICS, 0, &half, 1, mark, p, NULL, 0},
        {"copy", TD_LANE_TRANSFER, VK_QUEUE_TRANSFER_BIT, copied, 2, copy, p, NULL, 0},
        {"read", TD_LANE_TRANSFER, 0, &seen, 1, NULL, NULL, NULL, 0},
    };
    for (uint32_t i = 0; status == TD_OK && i < 4; i++)
        status = td_graph_add_pass(graph, &passes[i]);
    return status == TD_OK
               ? td_graph_compile(graph, p->device, &(td_graph_extent){WORDS, 1, 1, 1}, plan)
               : status;
}

static td_result run_frames(program *p, td_frames *frames)
{
    td_result status = TD_OK;
    for (uint32_t i = 0; status == TD_OK && i < FRAMES; i++) {
        const td_binding binding = {
            .resource = p->result,
            .bound = {.buffer = p->out.buffer, .offset = i * BYTES, .size = BYTES}};
        const td_execution execution = {.bindings = &binding, .binding_count = 1, .frame = &i};
        status = td_frames_execute(frames, &execution, TD_FOREVER, &p->tickets[i]);
    }
    return status;
}

/* An item is a word; the host reads after the barrier, when the ticket is reached. */
static td_result record_part(const td_recorder_part *part)
{
    const program *p = part->user;
    LOAD_VULKAN(&p->vulkan, vkCmdFillBuffer);
    LOAD_VULKAN(&p->vulkan, vkCmdPipelineBarrier2);
    for (uint32_t i = part->first; i < part->first + part->count; i++)
        vkCmdFillBuffer(part->commands, p->out.buffer, FRAMES * BYTES + i * sizeof i, sizeof i, i);
    const VkMemoryBarrier2 barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
                                      .srcStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
                                      .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                                      .dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT,
                                      .dstAccessMask = VK_ACCESS_2_HOST_READ_BIT};
    const VkDependencyInfo info = {.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                   .memoryBarrierCount = 1,
                                   .pMemoryBarriers = &barrier};
    vkCmdPipelineBarrier2(part->commands, &info);
    return TD_OK;
}

static td_result run_recorder(program *p, td_recorder *recorder)
{
    const td_recorder_frame frame = {.items = WORDS, .parts = 4, .record = record_part, .user = p};
    const VkCommandBuffer *commands;
    uint32_t count;
    const td_result status = td_recorder_record(recorder, &frame, TD_FOREVER, &commands, &count);
    return status == TD_OK ? td_recorder_submit(recorder, NULL, 0, &p->tickets[FRAMES]) : status;
}

static td_result add_up(void *user, uint64_t id, uint32_t worker, void **output)
{
    program *p = user;
    (void)worker;
    const td_result status = td_ticket_wait(p->device, p->tickets[id], TD_FOREVER);
    for (uint32_t i = 0; status == TD_OK && i < WORDS; i++)
        p->sums[id] += p->out.words[id * WORDS + i];
    *output = &p->sums[id];
    return status;
}

static td_result run_tasks(td_tasks *tasks)
{
    td_task_result got;
    td_result status = TD_OK;
    for (uint64_t id = 0; status == TD_OK && id <= FRAMES; id++)
        status = td_tasks_put(tasks, id, TD_FOREVER);
    td_tasks_finish(tasks);
    while (status == TD_OK && (status = td_tasks_take(tasks, TD_FOREVER, &got)) == TD_OK) {
        const uint64_t wanted =
            got.id < FRAMES ? (got.id + 1000) * (WORDS / 2) : (uint64_t)WORDS * (WORDS - 1) / 2;
        const uint64_t sum = got.result == TD_OK ? *(const uint64_t *)got.output : 0;
        printf("%s %" PRIu64 ": sum %" PRIu64 ", worker %u\n",
               got.id < FRAMES ? "frame" : "recorder", got.id, sum, got.worker);
        if (got.result != TD_OK || sum != wanted)
            return TD_ERROR_STATE;
    }
    return status == TD_ERROR_NOT_FOUND ? TD_OK : status; /* all were taken */
}

int main(void)
{
    program p = {0};
    td_graph *graph = NULL;
    td_plan *plan = NULL;
    td_frames *frames = NULL;
    td_recorder *recorder = NULL;
    td_tasks *tasks = NULL;
    const td_tasks_params workers = {.run = add_up, .user = &p, .workers = 2};
    td_result status = td_device_create(NULL, &p.device);
    if (status == TD_OK) {
        td_device_get_vulkan(p.device, &p.vulkan);
        status = make_host_buffer(&p.vulkan, (FRAMES + 1) * BYTES, &p.out) ? TD_OK
                                                                           : TD_ERROR_DEVICE_MEMORY;
    }
    if (status == TD_OK && (status = td_graph_create("async graph", &graph)) == TD_OK &&
        (status = make_plan(&p, graph, &plan)) == TD_OK &&
        (status = td_frames_create(p.device, plan, NULL, &frames)) == TD_OK &&
        (status = td_recorder_create(p.device, NULL, &recorder)) == TD_OK &&
        (status = run_frames(&p, frames)) == TD_OK &&
        (status = run_recorder(&p, recorder)) == TD_OK &&
        (status = td_tasks_create(&workers, &tasks)) == TD_OK)
        status = run_tasks(tasks);
    if (status != TD_OK)
        (void)fprintf(stderr, "async_graph: %s: %s\n", td_result_text(status), td_last_error());
    td_tasks_destroy(tasks);
    td_recorder_destroy(recorder);
    td_frames_destroy(frames);
    td_plan_destroy(plan);
    td_graph_destroy(graph);
    if (p.device)
        free_host_buffer(&p.vulkan, &p.out);
    td_device_destroy(p.device);
    return status == TD_OK ? 0 : 1;
}
