#include "guest_support.h"

#include <string.h>

static void check(VkResult result, const char *call)
{
    gpu_ok(tdi_vk_check(result, call));
}

/* As many queues of each family as the host has. */
static uint32_t queue_infos(const td_device *host, VkDeviceQueueCreateInfo infos[TD_LANE_COUNT])
{
    static const float priorities[TD_LANE_COUNT] = {1.0f, 1.0f, 1.0f};
    for (uint32_t i = 0; i < host->family_count; i++) {
        infos[i] = (VkDeviceQueueCreateInfo){
            .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
            .queueFamilyIndex = host->families[i],
            .pQueuePriorities = priorities,
        };
        for (uint32_t j = 0; j < host->queue_count; j++)
            infos[i].queueCount += host->queues[j].family == host->families[i];
    }
    return host->family_count;
}

static void take_queues(guest *program)
{
    const td_device *host = program->host;
    for (int lane = 0; lane < TD_LANE_COUNT; lane++) {
        const tdi_queue *queue = &host->queues[host->lane_queue[lane]];
        td_import_queue *own = &program->params.queues[lane];
        *own = (td_import_queue){.family = queue->family, .index = queue->index};
        program->vk.vkGetDeviceQueue(program->device, own->family, own->index, &own->handle);
    }
}

static void open_with(td_device *host, guest *out)
{
    VkDeviceQueueCreateInfo queues[TD_LANE_COUNT];
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &out->enabled.core,
        .queueCreateInfoCount = queue_infos(host, queues),
        .pQueueCreateInfos = queues,
    };
    out->host = host;
    check(host->instance.vkCreateDevice(host->physical, &info, NULL, &out->device),
          "vkCreateDevice");
    tdi_instance_load_device(&host->instance, out->device, &out->vk);
    out->params = (td_device_import_params){
        .instance = host->instance.handle,
        .physical_device = host->physical,
        .device = out->device,
        .get_instance_proc_addr = host->instance.get_proc_addr,
        .features = &out->enabled.core,
        .no_cache = true,
    };
    take_queues(out);
}

void guest_open(td_device *host, guest *out)
{
    memset(out, 0, sizeof *out);
    tdi_feature_chain_init(&out->enabled);
    tdi_feature_chain_require(&out->enabled, &host->features);
    open_with(host, out);
}

void guest_open_bare(td_device *host, guest *out)
{
    memset(out, 0, sizeof *out);
    tdi_feature_chain_init(&out->enabled);
    out->enabled.v12.timelineSemaphore = VK_TRUE;
    out->enabled.v13.synchronization2 = VK_TRUE;
    open_with(host, out);
}

void guest_close(guest *program)
{
    check(program->vk.vkDeviceWaitIdle(program->device), "vkDeviceWaitIdle");
    program->vk.vkDestroyDevice(program->device, NULL);
}

td_device *guest_import(const guest *program)
{
    td_device *device = NULL;
    gpu_ok(td_device_import(&program->params, &device));
    return device;
}

VkSemaphore guest_semaphore(const guest *program, bool timeline)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
        .pNext = timeline ? &type : NULL,
    };
    VkSemaphore semaphore;
    check(program->vk.vkCreateSemaphore(program->device, &info, NULL, &semaphore),
          "vkCreateSemaphore");
    return semaphore;
}

void guest_signal(const guest *program, VkSemaphore timeline, uint64_t value)
{
    const VkSemaphoreSignalInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
        .semaphore = timeline,
        .value = value,
    };
    check(program->vk.vkSignalSemaphore(program->device, &info), "vkSignalSemaphore");
}

uint64_t guest_value(const guest *program, VkSemaphore timeline)
{
    uint64_t value = 0;
    check(program->vk.vkGetSemaphoreCounterValue(program->device, timeline, &value),
          "vkGetSemaphoreCounterValue");
    return value;
}

void guest_submit(const guest *program, td_lane lane, const VkSemaphoreSubmitInfo *wait,
                  const VkSemaphoreSubmitInfo *signal)
{
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = wait ? 1 : 0,
        .pWaitSemaphoreInfos = wait,
        .signalSemaphoreInfoCount = signal ? 1 : 0,
        .pSignalSemaphoreInfos = signal,
    };
    check(
        program->vk.vkQueueSubmit2(program->params.queues[lane].handle, 1, &submit, VK_NULL_HANDLE),
        "vkQueueSubmit2");
}
