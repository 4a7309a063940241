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

typedef struct retired_image {
    tdi_retirement retirement;
    tdi_vk_image image;
} retired_image;

typedef struct retired_buffer {
    tdi_retirement retirement;
    tdi_buffer buffer;
} retired_buffer;

static void destroy_image(td_device *device, tdi_retirement *self)
{
    tdi_vk_image_destroy(device, &((retired_image *)self)->image);
    tdi_free(self);
}

static void destroy_buffer(td_device *device, tdi_retirement *self)
{
    tdi_buffer_destroy(device, &((retired_buffer *)self)->buffer);
    tdi_free(self);
}

void tdi_retire_image(td_device *device, tdi_vk_image *image, td_ticket last_use)
{
    retired_image *retired = tdi_alloc_zero(1, sizeof *retired);
    if (!retired) {
        (void)tdi_ticket_wait(device, last_use, UINT64_MAX);
        tdi_vk_image_destroy(device, image);
        return;
    }
    retired->retirement.destroy = destroy_image;
    retired->retirement.bytes = image->memory.size;
    retired->image = *image;
    *image = (tdi_vk_image){0};
    tdi_retire(device, &retired->retirement, last_use);
}

void tdi_retire_buffer(td_device *device, tdi_buffer *buffer, td_ticket last_use)
{
    retired_buffer *retired = tdi_alloc_zero(1, sizeof *retired);
    if (!retired) {
        (void)tdi_ticket_wait(device, last_use, UINT64_MAX);
        tdi_buffer_destroy(device, buffer);
        return;
    }
    retired->retirement.destroy = destroy_buffer;
    retired->retirement.bytes = buffer->memory.size;
    retired->buffer = *buffer;
    *buffer = (tdi_buffer){0};
    tdi_retire(device, &retired->retirement, last_use);
}
