#include "async/retire.h"

#include "base/memory.h"
#include "gpu/budget.h"

static tdi_pressure *pressure_of(td_device *device)
{
    return tdi_budget_pressure(device->budget);
}

/* After a loss too: nothing is used any more. */
static void on_reached(tdi_watch *watch, td_result result)
{
    (void)result;
    tdi_retirement *retirement =
        (tdi_retirement *)((char *)watch - offsetof(tdi_retirement, watch));
    td_device *device = retirement->device;
    uint64_t bytes = retirement->bytes;
    retirement->destroy(device, retirement);
    tdi_pressure_expect_done(pressure_of(device), bytes);
}

void tdi_retire(td_device *device, tdi_retirement *retirement, td_ticket last_use)
{
    if (tdi_ticket_reached(device, last_use)) {
        retirement->destroy(device, retirement);
        return;
    }
    retirement->device = device;
    retirement->watch = (tdi_watch){.ticket = last_use, .reached = on_reached};
    tdi_pressure_expect(pressure_of(device), retirement->bytes);
    tdi_ticket_watch(device, &retirement->watch);
}

/* What is retired: one of the two, and the other is empty. */
typedef struct retired {
    tdi_retirement retirement;
    tdi_vk_image image;
    tdi_buffer buffer;
} retired;

static void destroy_objects(td_device *device, retired *what)
{
    tdi_vk_image_destroy(device, &what->image);
    tdi_buffer_destroy(device, &what->buffer);
}

static void destroy_retired(td_device *device, tdi_retirement *self)
{
    destroy_objects(device, (retired *)self);
    tdi_free(self);
}

/* Without memory to remember it by, the calling thread waits for the GPU instead. */
static void retire(td_device *device, retired what, uint64_t bytes, td_ticket last_use)
{
    retired *kept = tdi_alloc(sizeof *kept);
    if (!kept) {
        (void)tdi_ticket_wait(device, last_use, UINT64_MAX);
        destroy_objects(device, &what);
        return;
    }
    *kept = what;
    kept->retirement = (tdi_retirement){.destroy = destroy_retired, .bytes = bytes};
    tdi_retire(device, &kept->retirement, last_use);
}

void tdi_retire_image(td_device *device, tdi_vk_image *image, td_ticket last_use)
{
    const retired what = {.image = *image};
    *image = (tdi_vk_image){0};
    retire(device, what, what.image.memory.size, last_use);
}

void tdi_retire_buffer(td_device *device, tdi_buffer *buffer, td_ticket last_use)
{
    const retired what = {.buffer = *buffer};
    *buffer = (tdi_buffer){0};
    retire(device, what, what.buffer.memory.size, last_use);
}
