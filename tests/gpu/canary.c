/* The detectors work: a known fault of each kind is reported. Where one of these fails, silence of
 * the other tests proves nothing. */
#include "gpu_test.h"

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
        gpu_canary(a_wrong_argument_is_reported, "VUID-vkCmdCopyBuffer-size-00116"),
        gpu_canary(a_lost_object_is_reported, "VUID-vkDestroyDevice-device-00378"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
