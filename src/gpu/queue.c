#include "gpu/queue.h"

#include <tandem/vulkan.h>

static void add_family(td_device *device, uint32_t family)
{
    uint32_t i = 0;
    while (i < device->family_count && device->families[i] != family)
        i++;
    if (i == device->family_count)
        device->families[device->family_count++] = family;
}

td_result tdi_queue_add(td_device *device, VkQueue handle, uint32_t family, uint32_t index,
                        const VkQueueFamilyProperties *properties)
{
    tdi_queue *queue = &device->queues[device->queue_count];
    *queue = (tdi_queue){
        .handle = handle,
        .family = family,
        .index = index,
        .capabilities = properties->queueFlags,
        .timestamp_bits = properties->timestampValidBits,
        .granularity = properties->minImageTransferGranularity,
    };
    TDI_TRY(tdi_mutex_init(&queue->mutex, TDI_RANK_QUEUE));
    device->queue_count++;
    add_family(device, family);
    return TD_OK;
}

void tdi_queues_destroy(td_device *device)
{
    while (device->queue_count > 0)
        tdi_mutex_destroy(&device->queues[--device->queue_count].mutex);
}

void tdi_queue_lock(td_device *device, uint32_t queue)
{
    tdi_queue *locked = &device->queues[queue];
    if (device->lock_queue)
        device->lock_queue(device->lock_user, locked->family, locked->index);
    tdi_mutex_lock(&locked->mutex);
}

void tdi_queue_unlock(td_device *device, uint32_t queue)
{
    tdi_queue *locked = &device->queues[queue];
    tdi_mutex_unlock(&locked->mutex);
    if (device->unlock_queue)
        device->unlock_queue(device->lock_user, locked->family, locked->index);
}

void td_device_lock_queue(td_device *device, td_lane lane)
{
    if ((unsigned)lane < TD_LANE_COUNT && tdi_device_check(device, "td_device_lock_queue") == TD_OK)
        tdi_queue_lock(device, device->lane_queue[lane]);
}

void td_device_unlock_queue(td_device *device, td_lane lane)
{
    if ((unsigned)lane < TD_LANE_COUNT &&
        tdi_device_check(device, "td_device_unlock_queue") == TD_OK)
        tdi_queue_unlock(device, device->lane_queue[lane]);
}
