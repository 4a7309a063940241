#include "async/readback.h"

#include "base/clock.h"
#include "base/memory.h"

typedef enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_LEASED } slot_state;

typedef struct ring_slot {
    tdi_readback_slot slot; /* first, so that one is found from the other */
    tdi_buffer buffer;
    slot_state state;
} ring_slot;

struct tdi_readback {
    td_device *device;
    tdi_mutex mutex;
    tdi_cond freed;
    uint32_t slot_count, free_count;
    uint32_t next; /* where the search for a free slot starts: the one unused for longest */
    ring_slot slots[];
};

static void free_slots(tdi_readback *ring)
{
    for (uint32_t i = 0; i < ring->slot_count; i++)
        tdi_buffer_destroy(ring->device, &ring->slots[i].buffer);
}

static td_result make_slot(tdi_readback *ring, uint32_t index, const tdi_readback_params *params)
{
    ring_slot *slot = &ring->slots[index];
    const tdi_buffer_params buffer = {
        .name = params->name,
        .size = params->slot_bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_READBACK,
        .category = TD_BUDGET_READBACK,
    };
    TDI_TRY(tdi_buffer_create(ring->device, &buffer, &slot->buffer));
    slot->slot = (tdi_readback_slot){
        .buffer = slot->buffer.handle,
        .size = params->slot_bytes,
        .mapped = slot->buffer.memory.mapped,
        .index = index,
        .ring = ring,
    };
    return TD_OK;
}

static td_result make_slots(tdi_readback *ring, const tdi_readback_params *params)
{
    for (uint32_t i = 0; i < params->slots; i++)
        TDI_TRY(make_slot(ring, i, params));
    return TD_OK;
}

static td_result make_locks(tdi_readback *ring)
{
    TDI_TRY(tdi_mutex_init(&ring->mutex, TDI_RANK_READBACK));
    td_result result = tdi_cond_init(&ring->freed);
    if (result != TD_OK)
        tdi_mutex_destroy(&ring->mutex);
    return result;
}

td_result tdi_readback_create(td_device *device, const tdi_readback_params *params,
                              tdi_readback **out)
{
    if (params->slots < 2 || params->slots > UINT16_MAX || params->slot_bytes == 0)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a readback ring of %u slots of %llu bytes; it needs "
                        "two at least, and none of them empty",
                        params->slots, (unsigned long long)params->slot_bytes);
    tdi_readback *ring = tdi_alloc_zero(1, sizeof *ring + params->slots * sizeof ring->slots[0]);
    if (!ring)
        return TD_ERROR_HOST_MEMORY;
    ring->device = device;
    ring->slot_count = ring->free_count = params->slots;
    td_result result = make_slots(ring, params);
    if (result == TD_OK)
        result = make_locks(ring);
    if (result != TD_OK) {
        free_slots(ring);
        tdi_free(ring);
        return result;
    }
    *out = ring;
    return TD_OK;
}

void tdi_readback_destroy(tdi_readback *ring)
{
    if (!ring)
        return;
    tdi_mutex_lock(&ring->mutex);
    while (ring->free_count < ring->slot_count)
        tdi_cond_wait(&ring->freed, &ring->mutex);
    tdi_mutex_unlock(&ring->mutex);
    free_slots(ring);
    tdi_cond_destroy(&ring->freed);
    tdi_mutex_destroy(&ring->mutex);
    tdi_free(ring);
}

/* Under the lock, with a slot free. */
static ring_slot *take_free(tdi_readback *ring)
{
    uint32_t index = ring->next;
    while (ring->slots[index].state != SLOT_FREE)
        index = (index + 1) % ring->slot_count;
    ring->next = (index + 1) % ring->slot_count;
    ring->slots[index].state = SLOT_TAKEN;
    ring->free_count--;
    return &ring->slots[index];
}

td_result tdi_readback_acquire(tdi_readback *ring, uint64_t timeout_ns, tdi_readback_slot **out)
{
    uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    ring_slot *slot = NULL;
    tdi_mutex_lock(&ring->mutex);
    while (ring->free_count == 0) {
        if (timeout_ns == 0 || !tdi_cond_wait_until(&ring->freed, &ring->mutex, deadline))
            break;
    }
    if (ring->free_count > 0)
        slot = take_free(ring);
    tdi_mutex_unlock(&ring->mutex);
    if (!slot)
        return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT,
                        "all %u readback slots are in use; release a result, or use more slots",
                        ring->slot_count);
    *out = &slot->slot;
    return TD_OK;
}

td_result tdi_readback_finish(tdi_readback_slot *slot)
{
    tdi_readback *ring = slot->ring;
    ring_slot *entry = &ring->slots[slot->index];
    tdi_mutex_lock(&ring->mutex);
    bool taken = entry->state == SLOT_TAKEN;
    if (taken)
        entry->state = SLOT_LEASED;
    tdi_mutex_unlock(&ring->mutex);
    if (!taken)
        return tdi_fail(TD_ERROR_STATE, "readback slot %u is not being written", slot->index);
    return tdi_memory_invalidate(ring->device, &entry->buffer.memory, 0, slot->size);
}

void tdi_readback_release(tdi_readback_slot *slot)
{
    tdi_readback *ring = slot->ring;
    ring_slot *entry = &ring->slots[slot->index];
    tdi_mutex_lock(&ring->mutex);
    if (entry->state != SLOT_FREE) {
        entry->state = SLOT_FREE;
        ring->free_count++;
        tdi_cond_broadcast(&ring->freed);
    }
    tdi_mutex_unlock(&ring->mutex);
}

uint32_t tdi_readback_free_slots(tdi_readback *ring)
{
    tdi_mutex_lock(&ring->mutex);
    uint32_t count = ring->free_count;
    tdi_mutex_unlock(&ring->mutex);
    return count;
}
