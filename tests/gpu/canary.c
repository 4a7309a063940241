/* The detectors work: a known fault of each kind is reported. Where one of these fails, silence of
 * the other tests proves nothing. */
#include "gpu_test.h"

#include "fill_spv.h"
#include "gpu/bindless.h"
#include "gpu/pipeline.h"

/* The oldest layer that is known to see hazards between submissions; 1.3.239 sees none. */
#define SEES_SUBMISSIONS VK_MAKE_API_VERSION(0, 1, 4, 309)

static void record_copies_without_barrier(td_device *device, VkCommandBuffer commands, void *user)
{
    const tdi_buffer *buffers = user;
    VkBufferCopy region = {0, 0, 256};
    device->vk.vkCmdCopyBuffer(commands, buffers[0].handle, buffers[1].handle, 1, &region);
    device->vk.vkCmdCopyBuffer(commands, buffers[1].handle, buffers[2].handle, 1, &region);
}

static void a_missing_barrier_is_reported(td_device *device)
{
    tdi_buffer buffers[3];
    for (int i = 0; i < 3; i++)
        gpu_make_buffer(device, 256, TDI_MEMORY_DEVICE, &buffers[i]);
    gpu_submit(device, record_copies_without_barrier, buffers);
    for (int i = 0; i < 3; i++)
        tdi_buffer_destroy(device, &buffers[i]);
}

typedef struct dispatch {
    tdi_pipeline pipeline;
    VkDescriptorSet set;
    tdi_buffer written, read, copied;
} dispatch;

static void record_dispatch_and_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const dispatch *d = user;
    const VkDescriptorSet sets[] = {d->set, tdi_bindless_set(device->bindless)};
    const uint32_t push[] = {64, 0};
    const VkBufferCopy region = {0, 0, 256};
    device->vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, d->pipeline.handle);
    device->vk.vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, d->pipeline.layout,
                                       0, 2, sets, 0, NULL);
    device->vk.vkCmdPushConstants(commands, d->pipeline.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, 8,
                                  push);
    device->vk.vkCmdDispatch(commands, 1, 1, 1);
    device->vk.vkCmdCopyBuffer(commands, d->written.handle, d->copied.handle, 1, &region);
}

/* What a shader writes is seen only because it is bound through a plain descriptor. */
static void a_missing_barrier_after_a_shader_is_reported(td_device *device)
{
    const tdi_compute_pipeline_params params = {.name = "fill",
                                                .code = fill_spv,
                                                .code_bytes = sizeof fill_spv,
                                                .binding_count = 2,
                                                .push_bytes = 8,
                                                .bindless = true};
    dispatch d;
    tdi_descriptor_pool *pool;
    gpu_make_buffer(device, 256, TDI_MEMORY_DEVICE, &d.written);
    gpu_make_buffer(device, 256, TDI_MEMORY_UPLOAD, &d.read);
    gpu_make_buffer(device, 256, TDI_MEMORY_DEVICE, &d.copied);
    const tdi_binding bindings[] = {{d.written.handle, 0, 256}, {d.read.handle, 0, 256}};
    gpu_ok(tdi_pipeline_create_compute(device, &params, &d.pipeline));
    gpu_ok(tdi_descriptor_pool_create(device, 1, 2, &pool));
    gpu_ok(tdi_descriptor_set_create(device, pool, &d.pipeline, bindings, &d.set));
    gpu_submit(device, record_dispatch_and_copy, &d);
    tdi_pipeline_destroy(device, &d.pipeline);
    tdi_descriptor_pool_destroy(device, pool);
    tdi_buffer_destroy(device, &d.written);
    tdi_buffer_destroy(device, &d.read);
    tdi_buffer_destroy(device, &d.copied);
}

static void record_copy(td_device *device, VkCommandBuffer commands, void *user)
{
    const tdi_buffer *buffers = user;
    VkBufferCopy region = {0, 0, 256};
    device->vk.vkCmdCopyBuffer(commands, buffers[0].handle, buffers[1].handle, 1, &region);
}

/* The second reads what the first writes, and nothing orders the two but the order of submission.
 */
static void copy_twice(td_device *device, td_lane first_lane, td_lane second_lane)
{
    tdi_buffer buffers[3];
    for (int i = 0; i < 3; i++)
        gpu_make_buffer(device, 256, TDI_MEMORY_DEVICE, &buffers[i]);
    gpu_submission first = gpu_submit_to_lane(device, first_lane, record_copy, &buffers[0]);
    gpu_submission second = gpu_submit_to_lane(device, second_lane, record_copy, &buffers[1]);
    gpu_submission_wait(device, &first);
    gpu_submission_wait(device, &second);
    for (int i = 0; i < 3; i++)
        tdi_buffer_destroy(device, &buffers[i]);
}

static void a_missing_barrier_between_submissions_is_reported(td_device *device)
{
    copy_twice(device, TD_LANE_GRAPHICS, TD_LANE_GRAPHICS);
}

/* Where the lanes share a queue, this is the one above; else the read is said to race the write. */
static void a_missing_wait_between_lanes_is_reported(td_device *device)
{
    copy_twice(device, TD_LANE_COMPUTE, TD_LANE_TRANSFER);
}

static void record_copy_past_the_end(td_device *device, VkCommandBuffer commands, void *user)
{
    const tdi_buffer *buffers = user;
    VkBufferCopy region = {0, 0, 512};
    device->vk.vkCmdCopyBuffer(commands, buffers[0].handle, buffers[1].handle, 1, &region);
}

static void a_wrong_argument_is_reported(td_device *device)
{
    tdi_buffer buffers[2];
    gpu_make_buffer(device, 512, TDI_MEMORY_DEVICE, &buffers[0]);
    gpu_make_buffer(device, 256, TDI_MEMORY_DEVICE, &buffers[1]);
    gpu_submit(device, record_copy_past_the_end, buffers);
    tdi_buffer_destroy(device, &buffers[0]);
    tdi_buffer_destroy(device, &buffers[1]);
}

static void a_lost_object_is_reported(td_device *device)
{
    VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
    VkSemaphore semaphore;
    gpu_ok(tdi_vk_check(device->vk.vkCreateSemaphore(device->handle, &info, NULL, &semaphore),
                        "vkCreateSemaphore"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_canary(a_missing_barrier_is_reported, "SYNC-HAZARD-READ-AFTER-WRITE"),
        gpu_canary(a_missing_barrier_after_a_shader_is_reported, "SYNC-HAZARD-READ-AFTER-WRITE"),
        gpu_canary_since(a_missing_barrier_between_submissions_is_reported,
                         "SYNC-HAZARD-READ-AFTER-WRITE", SEES_SUBMISSIONS),
        gpu_canary_since(a_missing_wait_between_lanes_is_reported, "SYNC-HAZARD-READ-",
                         SEES_SUBMISSIONS),
        gpu_canary(a_wrong_argument_is_reported, "VUID-vkCmdCopyBuffer-size-00116"),
        gpu_canary(a_lost_object_is_reported, "VUID-vkDestroyDevice-device-"),
    };
    return gpu_run_tests(tests);
}
