/* A compute pipeline with buffers, constants, push constants and the bindless array gives the
 * numbers that its source says. */
#include "gpu_test.h"

#include <string.h>

#include "fill_spv.h"
#include "gpu/bindless.h"
#include "gpu/image.h"
#include "gpu/pipeline.h"

#define COUNT 1000

typedef struct fill {
    tdi_pipeline pipeline;
    tdi_descriptor_pool *pool;
    VkDescriptorSet set;
    tdi_buffer out, in, staging;
    tdi_vk_image image;
    uint32_t slot;
} fill;

static void make_pipeline(td_device *device, bool textured, fill *f)
{
    const uint32_t constants[] = {3, textured};
    const VkSpecializationMapEntry entries[] = {{0, 0, 4}, {1, 4, 4}};
    const VkSpecializationInfo specialization = {2, entries, sizeof constants, constants};
    const tdi_compute_pipeline_params params = {
        .name = "fill",
        .code = fill_spv,
        .code_bytes = sizeof fill_spv,
        .binding_count = 2,
        .push_bytes = 8,
        .bindless = true,
        .specialization = &specialization,
    };
    gpu_ok(tdi_pipeline_create_compute(device, &params, &f->pipeline));
    gpu_ok(tdi_descriptor_pool_create(device, 1, 2, &f->pool));
    gpu_make_buffer(device, COUNT * sizeof(uint32_t), TDI_MEMORY_READBACK, &f->out);
    gpu_make_buffer(device, sizeof(uint32_t), TDI_MEMORY_UPLOAD, &f->in);
    const tdi_binding bindings[] = {{f->out.handle, 0, VK_WHOLE_SIZE},
                                    {f->in.handle, 0, VK_WHOLE_SIZE}};
    gpu_ok(tdi_descriptor_set_create(device, f->pool, &f->pipeline, bindings, &f->set));
    *(uint32_t *)f->in.memory.mapped = 1000;
}

static void destroy_fill(td_device *device, fill *f)
{
    tdi_pipeline_destroy(device, &f->pipeline);
    tdi_descriptor_pool_destroy(device, f->pool);
    tdi_buffer_destroy(device, &f->out);
    tdi_buffer_destroy(device, &f->in);
    tdi_buffer_destroy(device, &f->staging);
    tdi_vk_image_destroy(device, &f->image);
}

static void record_fill(td_device *device, VkCommandBuffer commands, void *user)
{
    const fill *f = user;
    const VkDescriptorSet sets[] = {f->set, tdi_bindless_set(device->bindless)};
    const uint32_t push[] = {COUNT, f->slot};
    device->vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, f->pipeline.handle);
    device->vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, f->pipeline.layout,
                                       0, 2, sets, 0, NULL);
    device->vk.vkCmdPushConstants(commands, f->pipeline.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, 8,
                                  push);
    device->vk.vkCmdDispatch(commands, (COUNT + 63) / 64, 1, 1);
    gpu_full_barrier(device, commands);
}

static void check_values(td_device *device, const fill *f, uint32_t base)
{
    const uint32_t *values = f->out.memory.mapped;
    gpu_ok(tdi_memory_invalidate(device, &f->out.memory, 0, f->out.size));
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(values[i], base + 3 * i);
}

static void a_shader_writes_what_it_says(td_device *device)
{
    fill f = {0};
    make_pipeline(device, false, &f);
    gpu_submit(device, record_fill, &f);
    check_values(device, &f, 1000);
    destroy_fill(device, &f);
}

static void image_barrier(td_device *device, VkCommandBuffer commands, VkImage image,
                          VkImageLayout from, VkImageLayout to)
{
    const VkImageMemoryBarrier2 barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
        .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
        .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
        .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
        .oldLayout = from,
        .newLayout = to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1},
    };
    const VkDependencyInfo dependency = {
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
        .imageMemoryBarrierCount = 1,
        .pImageMemoryBarriers = &barrier,
    };
    device->vk.vkCmdPipelineBarrier2(commands, &dependency);
}

static void record_upload_and_fill(td_device *device, VkCommandBuffer commands, void *user)
{
    const fill *f = user;
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageExtent = {4, 4, 1},
    };
    image_barrier(device, commands, f->image.handle, VK_IMAGE_LAYOUT_UNDEFINED,
                  VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
    device->vk.vkCmdCopyBufferToImage(commands, f->staging.handle, f->image.handle,
                                      VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
    image_barrier(device, commands, f->image.handle, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
                  VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL);
    record_fill(device, commands, user);
}

static const VkSamplerCreateInfo NEAREST = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO};

static void a_bindless_texture_is_read(td_device *device)
{
    fill f = {0};
    VkSampler sampler;
    const tdi_vk_image_params image = {
        .name = "grey",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = 4,
        .height = 4,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    make_pipeline(device, true, &f);
    gpu_ok(tdi_vk_image_create(device, &image, &f.image));
    gpu_make_buffer(device, 64, TDI_MEMORY_UPLOAD, &f.staging);
    memset(f.staging.memory.mapped, 77, 64);
    gpu_ok(tdi_bindless_sampler(device, &NEAREST, &sampler));
    gpu_ok(tdi_bindless_add(device, f.image.view, sampler, &f.slot));
    gpu_submit(device, record_upload_and_fill, &f);
    check_values(device, &f, 1000 + 77);
    tdi_bindless_remove(device, f.slot);
    destroy_fill(device, &f);
}

static void equal_samplers_are_one(td_device *device)
{
    VkSampler a, b, c;
    VkSamplerCreateInfo linear = NEAREST;
    linear.magFilter = VK_FILTER_LINEAR;
    gpu_ok(tdi_bindless_sampler(device, &NEAREST, &a));
    gpu_ok(tdi_bindless_sampler(device, &linear, &b));
    gpu_ok(tdi_bindless_sampler(device, &NEAREST, &c));
    assert_ptr_equal(a, c);
    assert_ptr_not_equal(a, b);
}

static void what_the_device_cannot_do_is_said(td_device *device)
{
    tdi_pipeline pipeline;
    tdi_compute_pipeline_params params = {
        .name = "fill", .code = fill_spv, .code_bytes = sizeof fill_spv, .subgroup_size = 1024};
    assert_int_equal(tdi_pipeline_create_compute(device, &params, &pipeline), TD_ERROR_UNSUPPORTED);
    assert_non_null(strstr(td_last_error(), "the pipeline fill: it needs subgroups of 1024"));
    params.subgroup_size = 0;
    params.push_bytes = 1 << 20;
    assert_int_equal(tdi_pipeline_create_compute(device, &params, &pipeline), TD_ERROR_UNSUPPORTED);
    params.push_bytes = 0;
    params.binding_count = TDI_PIPELINE_MAX_BINDINGS + 1;
    assert_int_equal(tdi_pipeline_create_compute(device, &params, &pipeline), TD_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(a_shader_writes_what_it_says),
        gpu_test(a_bindless_texture_is_read),
        gpu_test(equal_samplers_are_one),
        gpu_test(what_the_device_cannot_do_is_said),
    };
    return gpu_run_tests(tests);
}
