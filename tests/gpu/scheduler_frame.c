#include "scheduler_frame.h"

#include <string.h>

#include "scheduler_draw_frag_spv.h"
#include "scheduler_draw_vert_spv.h"
#include "scheduler_produce_spv.h"

static void make_buffer(td_device *device, VkDeviceSize size, VkBufferUsageFlags usage,
                        tdi_memory_kind kind, tdi_buffer *out)
{
    const tdi_buffer_params params = {
        .name = "frame",
        .size = size,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT | usage,
        .kind = kind,
        .category = TD_BUDGET_TRANSIENT,
    };
    gpu_ok(tdi_buffer_create(device, &params, out));
}

static void make_pipelines(frame_world *world)
{
    const tdi_compute_pipeline_params compute = {
        .name = "produce",
        .code = scheduler_produce_spv,
        .code_bytes = sizeof scheduler_produce_spv,
        .binding_count = 3,
        .push_bytes = 12,
    };
    const tdi_graphics_pipeline_params draw = {
        .name = "draw",
        .vertex_code = scheduler_draw_vert_spv,
        .vertex_bytes = sizeof scheduler_draw_vert_spv,
        .fragment_code = scheduler_draw_frag_spv,
        .fragment_bytes = sizeof scheduler_draw_frag_spv,
        .samples = 1,
        .binding_count = 3,
        .push_bytes = 8,
    };
    gpu_ok(tdi_pipeline_create_compute(world->device, &compute, &world->compute));
    gpu_ok(tdi_pipeline_create_graphics(world->device, &draw, &world->draw));
}

static tdi_binding whole(const tdi_buffer *buffer)
{
    return (tdi_binding){.buffer = buffer->handle, .size = buffer->size};
}

static void make_sets(frame_world *world)
{
    const tdi_binding compute[] = {whole(&world->command), whole(&world->corners),
                                   whole(&world->colors)};
    const tdi_binding draw[] = {whole(&world->corners), whole(&world->colors), whole(&world->seen)};
    gpu_ok(tdi_descriptor_pool_create(world->device, 2, 6, &world->sets));
    gpu_ok(tdi_descriptor_set_create(world->device, world->sets, &world->compute, compute,
                                     &world->compute_set));
    gpu_ok(tdi_descriptor_set_create(world->device, world->sets, &world->draw, draw,
                                     &world->draw_set));
}

static void make_commands(frame_world *world)
{
    td_device *device = world->device;
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family,
    };
    gpu_ok(tdi_vk_check(device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &world->pool),
                        "vkCreateCommandPool"));
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = world->pool,
        .commandBufferCount = world->frames,
    };
    gpu_ok(tdi_vk_check(
        device->vk.vkAllocateCommandBuffers(device->handle, &commands, world->commands),
        "vkAllocateCommandBuffers"));
}

void frame_world_make(td_device *device, uint32_t frames, frame_world *out)
{
    *out = (frame_world){.device = device, .frames = frames};
    assert_true(frames <= sizeof out->commands / sizeof out->commands[0]);
    make_pipelines(out);
    make_buffer(device, 4 * sizeof(uint32_t), VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT,
                TDI_MEMORY_DEVICE, &out->command);
    make_buffer(device, 12 * sizeof(float), 0, TDI_MEMORY_DEVICE, &out->corners);
    make_buffer(device, FRAME_PIXELS * sizeof(uint32_t), 0, TDI_MEMORY_DEVICE, &out->colors);
    make_buffer(device, (VkDeviceSize)frames * FRAME_PIXELS * sizeof(uint32_t), 0,
                TDI_MEMORY_READBACK, &out->seen);
    memset(out->seen.memory.mapped, 0xee, out->seen.size);
    gpu_ok(tdi_memory_flush(device, &out->seen.memory, 0, out->seen.size));
    make_sets(out);
    make_commands(out);
}

void frame_world_free(frame_world *world)
{
    td_device *device = world->device;
    device->vk.vkDestroyCommandPool(device->handle, world->pool, NULL);
    tdi_descriptor_pool_destroy(device, world->sets);
    tdi_pipeline_destroy(device, &world->compute);
    tdi_pipeline_destroy(device, &world->draw);
    tdi_buffer_destroy(device, &world->command);
    tdi_buffer_destroy(device, &world->corners);
    tdi_buffer_destroy(device, &world->colors);
    tdi_buffer_destroy(device, &world->seen);
}

VkCommandBuffer frame_begin_graphics(frame_world *world, uint32_t frame)
{
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    VkCommandBuffer commands = world->commands[frame];
    gpu_ok(tdi_vk_check(world->device->vk.vkBeginCommandBuffer(commands, &begin),
                        "vkBeginCommandBuffer"));
    return commands;
}

static void barrier(td_device *device, VkCommandBuffer commands, VkPipelineStageFlags2 from,
                    VkAccessFlags2 from_access, VkPipelineStageFlags2 to, VkAccessFlags2 to_access)
{
    const VkMemoryBarrier2 memory = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
        .srcStageMask = from,
        .srcAccessMask = from_access,
        .dstStageMask = to,
        .dstAccessMask = to_access,
    };
    const VkDependencyInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .memoryBarrierCount = 1,
        .pMemoryBarriers = &memory,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &info);
}

static void barrier_between_passes(td_device *device, VkCommandBuffer commands)
{
    barrier(device, commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
}

#define DRAW_STAGES                                                                                \
    (VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |               \
     VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT)

/* Draws of several frames write parts of their own, but through one binding, which is all that
 * validation sees. */
void frame_barrier_to_draw(td_device *device, VkCommandBuffer commands)
{
    barrier(device, commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT, DRAW_STAGES,
            VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_READ_BIT |
                VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
}

void frame_barrier_to_compute(td_device *device, VkCommandBuffer commands)
{
    barrier(device, commands, DRAW_STAGES | VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
}

td_result frame_record_compute(void *user, VkCommandBuffer commands)
{
    const frame_compute *work = user;
    const frame_world *world = work->world;
    td_device *device = world->device;
    const VkPipelineLayout layout = world->compute.layout;
    device->vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, world->compute.handle);
    device->vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1,
                                       &world->compute_set, 0, NULL);
    for (uint32_t pass = 0; pass < FRAME_PASSES; pass++) {
        const uint32_t push[] = {pass, work->frame, FRAME_PIXELS};
        device->vk.vkCmdPushConstants(commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push,
                                      push);
        device->vk.vkCmdDispatch(commands, FRAME_PIXELS / 64, 1, 1);
        if (pass + 1 < FRAME_PASSES)
            barrier_between_passes(device, commands);
    }
    for (uint32_t i = 0; i < work->extra_barriers; i++)
        barrier_between_passes(device, commands);
    return TD_OK;
}

static void draw_indirect(const frame_world *world, uint32_t frame, VkCommandBuffer commands)
{
    const td_device *device = world->device;
    const uint32_t push[] = {FRAME_WIDTH, frame * FRAME_PIXELS};
    const VkViewport viewport = {0, 0, FRAME_WIDTH, FRAME_WIDTH, 0, 1};
    const VkRect2D scissor = {{0, 0}, {FRAME_WIDTH, FRAME_WIDTH}};
    device->vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, world->draw.handle);
    device->vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_GRAPHICS,
                                       world->draw.layout, 0, 1, &world->draw_set, 0, NULL);
    device->vk.vkCmdPushConstants(commands, world->draw.layout, world->draw.stages, 0, sizeof push,
                                  push);
    device->vk.vkCmdSetViewport(commands, 0, 1, &viewport);
    device->vk.vkCmdSetScissor(commands, 0, 1, &scissor);
    device->vk.vkCmdDrawIndirect(commands, world->command.handle, 0, 1, 16);
}

void frame_record_draw(frame_world *world, uint32_t frame, VkCommandBuffer commands)
{
    td_device *device = world->device;
    const VkRenderingInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea = {{0, 0}, {FRAME_WIDTH, FRAME_WIDTH}},
        .layerCount = 1,
    };
    device->vk.vkCmdBeginRendering(commands, &rendering);
    draw_indirect(world, frame, commands);
    device->vk.vkCmdEndRendering(commands);
    barrier(device, commands, VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT,
            VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT, VK_PIPELINE_STAGE_2_HOST_BIT,
            VK_ACCESS_2_HOST_READ_BIT);
    gpu_ok(tdi_vk_check(device->vk.vkEndCommandBuffer(commands), "vkEndCommandBuffer"));
}

static uint32_t expected_color(uint32_t frame, uint32_t pixel)
{
    uint32_t color = pixel * UINT32_C(2654435761) + frame;
    for (uint32_t pass = 1; pass < FRAME_PASSES; pass++)
        color = color * 3 + pass;
    return color;
}

void frame_check(frame_world *world)
{
    const uint32_t *seen = world->seen.memory.mapped;
    gpu_ok(tdi_memory_invalidate(world->device, &world->seen.memory, 0, world->seen.size));
    for (uint32_t frame = 0; frame < world->frames; frame++) {
        for (uint32_t i = 0; i < FRAME_PIXELS; i++)
            assert_int_equal(seen[frame * FRAME_PIXELS + i], expected_color(frame, i));
    }
}
