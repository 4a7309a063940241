#include "render/environment_filter.h"

#include <string.h>

#include <tandem/readback.h>

#include "gpu/bindless.h"
#include "gpu/pipeline.h"
#include "shaders.h"

#define GROUP 64 /* texels of a workgroup */

typedef struct push {
    uint32_t source, width, height, levels, count;
} push;

/* What a run needs, made for it alone: environments are made seldom. */
typedef struct filter {
    td_device *device;
    push push;
    tdi_pipeline pipeline;
    tdi_descriptor_pool *sets;
    VkCommandPool pool;
    VkCommandBuffer commands;
    td_readback *ring;
} filter;

static td_result create_commands(filter *f)
{
    const td_device *device = f->device;
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->queues[device->lane_queue[TD_LANE_GRAPHICS]].family,
    };
    TDI_TRY_VK("vkCreateCommandPool",
               device->vk.vkCreateCommandPool(device->handle, &pool, NULL, &f->pool));
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = f->pool,
        .commandBufferCount = 1,
    };
    TDI_TRY_VK("vkAllocateCommandBuffers",
               device->vk.vkAllocateCommandBuffers(device->handle, &commands, &f->commands));
    return TD_OK;
}

static td_result open_filter(filter *f)
{
    const tdi_compute_pipeline_params pipeline = {
        .name = "environment filter",
        .code = tdi_shader_environment_filter.words,
        .code_bytes = tdi_shader_environment_filter.bytes,
        .binding_count = 1,
        .push_bytes = sizeof(push),
        .bindless = true,
    };
    const td_readback_params ring = {
        .name = "environment", .slot_bytes = f->push.count * sizeof(uint32_t), .slots = 2};
    TDI_TRY(tdi_pipeline_create_compute(f->device, &pipeline, &f->pipeline));
    TDI_TRY(tdi_descriptor_pool_create(f->device, 1, 1, &f->sets));
    TDI_TRY(create_commands(f));
    return td_readback_create(f->device, &ring, &f->ring);
}

static void close_filter(filter *f)
{
    td_readback_destroy(f->ring);
    if (f->pool)
        f->device->vk.vkDestroyCommandPool(f->device->handle, f->pool, NULL);
    tdi_descriptor_pool_destroy(f->device, f->sets);
    tdi_pipeline_destroy(f->device, &f->pipeline);
}

static td_result record(const filter *f, VkBuffer buffer)
{
    const struct VolkDeviceTable *vk = &f->device->vk;
    const tdi_binding binding = {buffer, 0, f->push.count * sizeof(uint32_t)};
    VkDescriptorSet sets[2] = {VK_NULL_HANDLE, tdi_bindless_set(f->device->bindless)};
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    TDI_TRY(tdi_descriptor_set_create(f->device, f->sets, &f->pipeline, &binding, &sets[0]));
    TDI_TRY_VK("vkBeginCommandBuffer", vk->vkBeginCommandBuffer(f->commands, &begin));
    vk->vkCmdBindPipeline(f->commands, VK_PIPELINE_BIND_POINT_COMPUTE, f->pipeline.handle);
    vk->vkCmdBindDescriptorSets(f->commands, VK_PIPELINE_BIND_POINT_COMPUTE, f->pipeline.layout, 0,
                                2, sets, 0, NULL);
    vk->vkCmdPushConstants(f->commands, f->pipeline.layout, f->pipeline.stages, 0, sizeof f->push,
                           &f->push);
    vk->vkCmdDispatch(f->commands, (f->push.count + GROUP - 1) / GROUP, 1, 1);
    td_readback_record_barrier(f->ring, f->commands, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
                               VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
    TDI_TRY_VK("vkEndCommandBuffer", vk->vkEndCommandBuffer(f->commands));
    return TD_OK;
}

static td_result submit(const filter *f, const td_readback_target *target, td_ticket ready,
                        td_ticket *out)
{
    const td_wait wait = {.ticket = ready, .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT};
    const tdi_submission submission = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &f->commands,
        .command_count = 1,
        .waits = &wait,
        .wait_count = 1,
    };
    TDI_TRY(record(f, target->buffer));
    return tdi_lane_submit(f->device, &submission, out);
}

static td_result take(td_request *request, uint32_t count, uint32_t *texels)
{
    td_readback_data data;
    td_result result = td_request_wait(request, TD_FOREVER);
    if (result == TD_OK)
        result = td_readback_get_data(request, &data);
    if (result == TD_OK)
        memcpy(texels, data.bytes, count * sizeof *texels);
    td_request_release(request);
    return result;
}

static td_result run(const filter *f, td_ticket ready, uint32_t *texels)
{
    td_readback_target target;
    td_ticket ticket = {0};
    td_request *request = NULL;
    TDI_TRY(td_readback_begin(f->ring, 1, NULL, TD_FOREVER, &target));
    td_result result = submit(f, &target, ready, &ticket);
    if (result == TD_OK)
        result = td_readback_submitted(f->ring, &target, NULL, ticket, &request);
    if (result != TD_OK) {
        (void)td_readback_abandon(f->ring, &target, ticket);
        return result;
    }
    return take(request, f->push.count, texels);
}

td_result tdi_environment_filter(td_device *device, uint32_t source, td_ticket ready,
                                 uint32_t levels, uint32_t *texels)
{
    filter f = {
        .device = device,
        .push =
            {
                .source = source,
                .width = TDI_ENVIRONMENT_WIDTH,
                .height = TDI_ENVIRONMENT_HEIGHT,
                .levels = levels,
                .count = (uint32_t)(tdi_environment_texels(levels) - tdi_environment_texels(1)),
            },
    };
    td_result result = open_filter(&f);
    if (result == TD_OK)
        result = run(&f, ready, texels);
    close_filter(&f);
    return result;
}
