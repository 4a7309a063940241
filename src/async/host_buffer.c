#include "async/host_buffer.h"

#include <string.h>

#include "base/memory.h"
#include "gpu/host_import.h"

struct td_host_buffer {
    td_device *device;
    void *memory;
    uint64_t bytes;
    tdi_host_import import;
    const char *reason;
    tdi_mutex mutex;
    tdi_cond freed;
    bool busy; /* under the lock */
    /* Of the readback that is pending. */
    tdi_lease lease;
    tdi_lease_part part;
    tdi_copy copy;
    tdi_readback_slot *staging; /* NULL: imported */
};

static void end_staging(td_host_buffer *buffer)
{
    tdi_readback_slot *slot = buffer->staging;
    buffer->staging = NULL;
    if (slot)
        tdi_readback_release(slot);
}

static void copy_once(const td_host_buffer *buffer)
{
    const td_readback_data *data = &buffer->part.data;
    const size_t offset = (size_t)((const char *)data->bytes - (const char *)buffer->memory);
    memcpy((char *)buffer->memory + offset, (const char *)buffer->staging->mapped + offset,
           data->size);
}

/* The slot is free again as soon as it was copied, not only when the request is released. */
static td_result buffer_arrived(tdi_lease *lease, td_result outcome)
{
    td_host_buffer *buffer = lease->owner;
    if (buffer->staging && outcome == TD_OK) {
        outcome = tdi_readback_finish(buffer->staging);
        copy_once(buffer);
    }
    end_staging(buffer);
    return outcome;
}

static void set_free(td_host_buffer *buffer)
{
    tdi_mutex_lock(&buffer->mutex);
    buffer->busy = false;
    tdi_cond_signal(&buffer->freed);
    tdi_mutex_unlock(&buffer->mutex);
}

static void buffer_released(tdi_lease *lease)
{
    end_staging(lease->owner);
    set_free(lease->owner);
}

static const tdi_lease_class BUFFER_LEASE = {.arrived = buffer_arrived,
                                             .released = buffer_released};

static td_result make_locks(td_host_buffer *buffer)
{
    TDI_TRY(tdi_mutex_init(&buffer->mutex, TDI_RANK_READBACK));
    const td_result result = tdi_cond_init(&buffer->freed);
    if (result != TD_OK)
        tdi_mutex_destroy(&buffer->mutex);
    return result;
}

static td_result fill_buffer(td_host_buffer *buffer)
{
    TDI_TRY(tdi_lanes_ready(buffer->device));
    TDI_TRY(tdi_host_import_create(buffer->device, buffer->memory, buffer->bytes, &buffer->import,
                                   &buffer->reason));
    const td_result result = make_locks(buffer);
    if (result != TD_OK)
        tdi_host_import_destroy(buffer->device, &buffer->import);
    return result;
}

td_result td_host_buffer_create(td_device *device, void *memory, uint64_t bytes,
                                td_host_buffer **out)
{
    TDI_TRY(tdi_device_check(device, "td_host_buffer_create"));
    if (!memory || bytes == 0 || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_host_buffer_create: %s",
                        out ? "no memory" : "`out` is NULL");
    td_host_buffer *buffer = tdi_alloc_zero(1, sizeof *buffer);
    if (!buffer)
        return TD_ERROR_HOST_MEMORY;
    buffer->device = device;
    buffer->memory = memory;
    buffer->bytes = bytes;
    buffer->lease = (tdi_lease){
        .device = device, .class_ = &BUFFER_LEASE, .owner = buffer, .parts = &buffer->part};
    const td_result result = fill_buffer(buffer);
    if (result != TD_OK) {
        tdi_free(buffer);
        return result;
    }
    *out = buffer;
    return TD_OK;
}

void td_host_buffer_destroy(td_host_buffer *buffer)
{
    if (!buffer)
        return;
    tdi_mutex_lock(&buffer->mutex);
    while (buffer->busy)
        tdi_cond_wait(&buffer->freed, &buffer->mutex);
    tdi_mutex_unlock(&buffer->mutex);
    tdi_copy_destroy(buffer->device, &buffer->copy);
    tdi_host_import_destroy(buffer->device, &buffer->import);
    tdi_cond_destroy(&buffer->freed);
    tdi_mutex_destroy(&buffer->mutex);
    tdi_free(buffer);
}

bool tdi_host_buffer_claim(td_host_buffer *buffer)
{
    tdi_mutex_lock(&buffer->mutex);
    const bool free_before = !buffer->busy;
    buffer->busy = true;
    tdi_mutex_unlock(&buffer->mutex);
    return free_before;
}

void tdi_host_buffer_unclaim(td_host_buffer *buffer)
{
    set_free(buffer);
}

/* The buffer is claimed. */
static td_result begin(td_host_buffer *buffer, td_readback *ring, uint64_t timeout_ns,
                       tdi_destination *out)
{
    if (!buffer->import.buffer)
        TDI_TRY(tdi_readback_acquire(ring, timeout_ns, &buffer->staging));
    const td_result result = tdi_lease_begin(&buffer->lease, 1);
    if (result != TD_OK) {
        end_staging(buffer);
        return result;
    }
    tdi_readback_slot *slot = buffer->staging;
    if (slot)
        slot->arriving = slot->size;
    *out = (tdi_destination){
        .lease = &buffer->lease,
        .copy = slot ? &slot->copy : &buffer->copy,
        .buffer = slot ? slot->buffer : buffer->import.buffer,
        .size = slot && slot->size < buffer->bytes ? slot->size : buffer->bytes,
        .bytes = buffer->memory,
        .slot = slot,
        .copied = slot != NULL,
    };
    return TD_OK;
}

td_result tdi_host_buffer_begin(td_host_buffer *buffer, td_readback *ring, uint64_t timeout_ns,
                                tdi_destination *out)
{
    if (buffer->device != tdi_readback_device(ring))
        return tdi_fail(TD_ERROR_ARGUMENT, "the host buffer and the readback are of two devices");
    if (!tdi_host_buffer_claim(buffer))
        return tdi_fail(TD_ERROR_STATE, "the host buffer is in use: a request of a readback into "
                                        "it is not released, or its pool has it");
    const td_result result = begin(buffer, ring, timeout_ns, out);
    if (result != TD_OK)
        set_free(buffer);
    return result;
}

void td_host_buffer_get_info(td_host_buffer *buffer, td_host_buffer_info *out)
{
    if (!buffer || !out) {
        (void)tdi_fail(TD_ERROR_ARGUMENT, "td_host_buffer_get_info: `%s` is NULL",
                       buffer ? "out" : "buffer");
        return;
    }
    tdi_mutex_lock(&buffer->mutex);
    *out = (td_host_buffer_info){
        .memory = buffer->memory,
        .bytes = buffer->bytes,
        .imported = buffer->import.buffer != VK_NULL_HANDLE,
        .reason = buffer->reason,
        .busy = buffer->busy,
    };
    tdi_mutex_unlock(&buffer->mutex);
}
