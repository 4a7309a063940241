#include "async/scheduler_semaphores.h"

#include "base/memory.h"

typedef struct keeper {
    td_device *device;
    tdi_left_semaphores *first; /* under the device's attach_mutex */
} keeper;

static td_result keeper_make(td_device *device, void **out)
{
    keeper *all = tdi_alloc_zero(1, sizeof *all);
    if (!all)
        return TD_ERROR_HOST_MEMORY;
    all->device = device;
    *out = all;
    return TD_OK;
}

static void keeper_destroy(void *attached)
{
    keeper *all = attached;
    while (all->first) {
        tdi_left_semaphores *left = all->first;
        all->first = left->next;
        for (uint32_t i = 0; i < left->count; i++)
            all->device->vk.vkDestroySemaphore(all->device->handle, left->handles[i], NULL);
        tdi_free(left);
    }
    tdi_free(all);
}

td_result tdi_left_semaphores_create(td_device *device, tdi_left_semaphores **out)
{
    void *ignored;
    TDI_TRY(
        tdi_device_attach(device, TDI_ATTACH_SEMAPHORES, keeper_make, keeper_destroy, &ignored));
    *out = tdi_alloc_zero(1, sizeof **out);
    return *out ? TD_OK : TD_ERROR_HOST_MEMORY;
}

void tdi_left_semaphores_leave(td_device *device, tdi_left_semaphores *left)
{
    if (!left || left->count == 0) {
        tdi_free(left);
        return;
    }
    tdi_mutex_lock(&device->attach_mutex);
    keeper *all = device->attached[TDI_ATTACH_SEMAPHORES];
    left->next = all->first;
    all->first = left;
    tdi_mutex_unlock(&device->attach_mutex);
}
