#include "async/readback.h"

#include "async/waiter.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define DEFAULT_SLOTS 3
#define MOST_SLOTS    4096

struct td_readback {
    td_device *device;
    td_readback_params params; /* defaults filled in */
    char name[64];
    const void *owner;
    tdi_mutex mutex;
    tdi_cond freed;
    tdi_readback_slot *slots;
    tdi_readback_slot *first_free, *last_free; /* the first is the one unused for longest */
    uint32_t next_index;
    td_readback_info info;
};

/* Slots */

static td_result fill_slot(td_readback *ring, tdi_readback_slot *slot)
{
    const tdi_buffer_params params = {
        .name = ring->name,
        .size = ring->params.slot_bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_READBACK,
        .category = TD_BUDGET_READBACK,
    };
    return tdi_buffer_create(ring->device, &params, &slot->memory);
}

static td_result slot_arrived(tdi_lease *lease, td_result outcome);
static void slot_released(tdi_lease *lease);

static const tdi_lease_class SLOT_LEASE = {.arrived = slot_arrived, .released = slot_released};

static td_result make_slot(td_readback *ring, tdi_readback_slot **out)
{
    tdi_readback_slot *slot =
        tdi_alloc_zero(1, sizeof *slot + ring->params.parts * sizeof slot->parts[0]);
    if (!slot)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = fill_slot(ring, slot);
    if (result != TD_OK) {
        tdi_free(slot);
        return result;
    }
    slot->ring = ring;
    slot->buffer = slot->memory.handle;
    slot->size = ring->params.slot_bytes;
    slot->mapped = slot->memory.memory.mapped;
    slot->lease.device = ring->device;
    slot->lease.class_ = &SLOT_LEASE;
    slot->lease.owner = slot;
    slot->lease.parts = slot->parts;
    *out = slot;
    return TD_OK;
}

static void free_slot(td_readback *ring, tdi_readback_slot *slot)
{
    tdi_copy_destroy(ring->device, &slot->copy);
    tdi_buffer_destroy(ring->device, &slot->memory);
    tdi_free(slot);
}

/* Under the lock. */
static void push_free(td_readback *ring, tdi_readback_slot *slot)
{
    slot->state = TDI_SLOT_FREE;
    slot->next_free = NULL;
    if (ring->last_free)
        ring->last_free->next_free = slot;
    else
        ring->first_free = slot;
    ring->last_free = slot;
    ring->info.free++;
}

/* Under the lock, with a slot free. */
static tdi_readback_slot *pop_free(td_readback *ring)
{
    tdi_readback_slot *slot = ring->first_free;
    ring->first_free = slot->next_free;
    if (!ring->first_free)
        ring->last_free = NULL;
    slot->state = TDI_SLOT_TAKEN;
    ring->info.free--;
    ring->info.in_flight++;
    return slot;
}

/* Under the lock, or while nobody else knows the ring. */
static void add_slot(td_readback *ring, tdi_readback_slot *slot)
{
    slot->index = ring->next_index++;
    slot->next = ring->slots;
    ring->slots = slot;
    push_free(ring, slot);
}

/* The ring */

static td_result check_params(const td_readback_params *params)
{
    if (params->slot_bytes == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_readback_create: slots of no bytes");
    if (params->slots < 2 || params->slots > MOST_SLOTS)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_readback_create: %u slots; 2 to %d are possible",
                        params->slots, MOST_SLOTS);
    if (params->parts > TD_READBACK_MOST_PARTS)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_readback_create: %u parts of a slot; at most %d",
                        params->parts, TD_READBACK_MOST_PARTS);
    if (params->most_slots < params->slots || params->most_slots > MOST_SLOTS)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_readback_create: at most %u slots of which %u are there from the "
                        "start; up to %d are possible",
                        params->most_slots, params->slots, MOST_SLOTS);
    return TD_OK;
}

static td_readback_params with_defaults(const td_readback_params *params)
{
    td_readback_params filled = *params;
    if (filled.slots == 0)
        filled.slots = DEFAULT_SLOTS;
    if (filled.parts == 0)
        filled.parts = 1;
    if (filled.most_slots == 0)
        filled.most_slots = MOST_SLOTS;
    return filled;
}

static td_result make_locks(td_readback *ring)
{
    TDI_TRY(tdi_mutex_init(&ring->mutex, TDI_RANK_READBACK));
    const td_result result = tdi_cond_init(&ring->freed);
    if (result != TD_OK)
        tdi_mutex_destroy(&ring->mutex);
    return result;
}

static void free_slots(td_readback *ring)
{
    while (ring->slots) {
        tdi_readback_slot *slot = ring->slots;
        ring->slots = slot->next;
        free_slot(ring, slot);
    }
}

static td_result make_slots(td_readback *ring)
{
    for (uint32_t i = 0; i < ring->params.slots; i++) {
        tdi_readback_slot *slot = NULL;
        TDI_TRY(make_slot(ring, &slot));
        add_slot(ring, slot);
    }
    ring->info.slots = ring->params.slots;
    return TD_OK;
}

static td_result fill_ring(td_readback *ring)
{
    TDI_TRY(tdi_lanes_ready(ring->device));
    td_result result = make_slots(ring);
    if (result == TD_OK)
        result = make_locks(ring);
    if (result != TD_OK)
        free_slots(ring);
    return result;
}

td_result td_readback_create(td_device *device, const td_readback_params *params, td_readback **out)
{
    TDI_TRY(tdi_device_check(device, "td_readback_create"));
    if (!params || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_readback_create: `%s` is NULL",
                        params ? "out" : "params");
    const td_readback_params filled = with_defaults(params);
    TDI_TRY(check_params(&filled));
    td_readback *ring = tdi_alloc_zero(1, sizeof *ring);
    if (!ring)
        return TD_ERROR_HOST_MEMORY;
    ring->device = device;
    ring->params = filled;
    ring->info.slot_bytes = filled.slot_bytes;
    tdi_snprintf(ring->name, sizeof ring->name, "%s", filled.name ? filled.name : "readback");
    const td_result result = fill_ring(ring);
    if (result != TD_OK) {
        tdi_free(ring);
        return result;
    }
    *out = ring;
    return TD_OK;
}

static void warn_of_leases(td_readback *ring)
{
    td_readback_info info;
    td_readback_get_info(ring, &info);
    if (info.leased > 0)
        tdi_log(TD_LOG_WARNING,
                "the readback ring %s is destroyed while %u of its slots are lent; this waits "
                "until their requests are released",
                ring->name, info.leased);
}

void td_readback_destroy(td_readback *ring)
{
    if (!ring)
        return;
    warn_of_leases(ring);
    tdi_mutex_lock(&ring->mutex);
    while (ring->info.free < ring->info.slots)
        tdi_cond_wait(&ring->freed, &ring->mutex);
    tdi_mutex_unlock(&ring->mutex);
    free_slots(ring);
    tdi_cond_destroy(&ring->freed);
    tdi_mutex_destroy(&ring->mutex);
    tdi_free(ring);
}

/* Growth */

/* Room for one more is taken first, so that threads that grow at once stay below the limit. */
static bool reserve_slot(td_readback *ring)
{
    tdi_mutex_lock(&ring->mutex);
    const bool room =
        ring->params.grow && !ring->first_free && ring->info.slots < ring->params.most_slots;
    if (room)
        ring->info.slots++;
    tdi_mutex_unlock(&ring->mutex);
    return room;
}

static void log_growth(const td_readback *ring, uint32_t slots)
{
    tdi_log(TD_LOG_INFO, "the readback ring %s grew to %u slots of %.1f MiB, all were in use",
            ring->name, slots, (double)ring->params.slot_bytes / (double)(1 << 20));
}

/* Memory is obtained under no lock, since that may take a while. Where there is none to be had the
 * caller waits, as in a ring that does not grow. */
static void grow(td_readback *ring)
{
    tdi_readback_slot *slot = NULL;
    if (!reserve_slot(ring))
        return;
    const bool made = make_slot(ring, &slot) == TD_OK;
    tdi_mutex_lock(&ring->mutex);
    if (made) {
        slot->grown = true;
        ring->info.grown++;
        ring->info.growths++;
        add_slot(ring, slot);
        tdi_cond_signal(&ring->freed);
    } else {
        ring->info.slots--;
    }
    const uint32_t slots = ring->info.slots;
    tdi_mutex_unlock(&ring->mutex);
    if (made)
        log_growth(ring, slots);
}

/* Under the lock: takes the slots that were added out of the free ones, as a list by `next_free`.
 */
static tdi_readback_slot *unlink_grown(td_readback *ring)
{
    tdi_readback_slot *all = ring->first_free, *grown = NULL;
    ring->first_free = ring->last_free = NULL;
    ring->info.free = 0;
    while (all) {
        tdi_readback_slot *slot = all;
        all = slot->next_free;
        if (!slot->grown) {
            push_free(ring, slot);
            continue;
        }
        slot->next_free = grown;
        grown = slot;
    }
    return grown;
}

/* Under the lock. */
static void unlink_from_all(td_readback *ring, const tdi_readback_slot *slot)
{
    tdi_readback_slot **link = &ring->slots;
    while (*link != slot)
        link = &(*link)->next;
    *link = slot->next;
}

uint32_t td_readback_trim(td_readback *ring)
{
    if (!ring)
        return 0;
    uint32_t count = 0;
    tdi_mutex_lock(&ring->mutex);
    tdi_readback_slot *grown = unlink_grown(ring);
    for (const tdi_readback_slot *slot = grown; slot; slot = slot->next_free, count++)
        unlink_from_all(ring, slot);
    ring->info.slots -= count;
    ring->info.grown -= count;
    tdi_mutex_unlock(&ring->mutex);
    while (grown) {
        tdi_readback_slot *next = grown->next_free;
        free_slot(ring, grown);
        grown = next;
    }
    return count;
}

/* Taking and giving back */

static td_result fail_full(const td_readback *ring, uint64_t timeout_ns)
{
    return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT,
                    "all slots of the readback ring %s are in use; release a request, or use more "
                    "slots",
                    ring->name);
}

/* Under the lock. */
static void wait_for_slot(td_readback *ring, uint64_t timeout_ns)
{
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    ring->info.waits++;
    while (!ring->first_free) {
        if (!tdi_cond_wait_until(&ring->freed, &ring->mutex, deadline))
            return;
    }
}

static tdi_readback_slot *take_slot(td_readback *ring, uint64_t timeout_ns)
{
    tdi_mutex_lock(&ring->mutex);
    if (!ring->first_free && timeout_ns > 0)
        wait_for_slot(ring, timeout_ns);
    tdi_readback_slot *slot = ring->first_free ? pop_free(ring) : NULL;
    if (!slot && timeout_ns > 0)
        ring->info.again++;
    tdi_mutex_unlock(&ring->mutex);
    return slot;
}

static void count_refusal(td_readback *ring)
{
    tdi_mutex_lock(&ring->mutex);
    ring->info.again++;
    tdi_mutex_unlock(&ring->mutex);
}

td_result tdi_readback_acquire(td_readback *ring, uint64_t timeout_ns, tdi_readback_slot **out)
{
    *out = take_slot(ring, 0);
    if (!*out && ring->params.grow) {
        grow(ring);
        *out = take_slot(ring, 0);
    }
    if (!*out && timeout_ns > 0) {
        TDI_TRY(tdi_check_may_wait("a full readback ring"));
        *out = take_slot(ring, timeout_ns);
    } else if (!*out) {
        count_refusal(ring);
    }
    return *out ? TD_OK : fail_full(ring, timeout_ns);
}

td_result tdi_readback_begin(td_readback *ring, uint32_t parts, uint64_t timeout_ns,
                             tdi_readback_slot **out)
{
    tdi_readback_slot *slot = NULL;
    TDI_TRY(tdi_readback_acquire(ring, timeout_ns, &slot));
    slot->arriving = slot->size;
    const td_result result = tdi_lease_begin(&slot->lease, parts);
    if (result != TD_OK) {
        tdi_readback_release(slot);
        return result;
    }
    *out = slot;
    return TD_OK;
}

/* False if the slot is not being written. What failed to arrive is lent too, until its requests are
 * released. */
static bool end_writing(tdi_readback_slot *slot, bool arrived)
{
    td_readback *ring = slot->ring;
    tdi_mutex_lock(&ring->mutex);
    const bool taken = slot->state == TDI_SLOT_TAKEN;
    if (taken) {
        slot->state = TDI_SLOT_LEASED;
        ring->info.in_flight--;
        ring->info.leased++;
        ring->info.finished += arrived;
        ring->info.bytes += arrived ? slot->arriving : 0;
    }
    tdi_mutex_unlock(&ring->mutex);
    return taken;
}

td_result tdi_readback_finish(tdi_readback_slot *slot)
{
    if (!end_writing(slot, true))
        return tdi_fail(TD_ERROR_STATE, "readback slot %u is not being written", slot->index);
    return tdi_memory_invalidate(slot->ring->device, &slot->memory.memory, 0, slot->size);
}

static td_result slot_arrived(tdi_lease *lease, td_result outcome)
{
    if (outcome == TD_OK)
        return tdi_readback_finish(lease->owner);
    (void)end_writing(lease->owner, false);
    return outcome;
}

static void slot_released(tdi_lease *lease)
{
    tdi_readback_release(lease->owner);
}

void tdi_readback_release(tdi_readback_slot *slot)
{
    td_readback *ring = slot->ring;
    tdi_mutex_lock(&ring->mutex);
    if (slot->state == TDI_SLOT_TAKEN)
        ring->info.in_flight--;
    else if (slot->state == TDI_SLOT_LEASED)
        ring->info.leased--;
    if (slot->state != TDI_SLOT_FREE) {
        push_free(ring, slot);
        tdi_cond_signal(&ring->freed);
    }
    tdi_mutex_unlock(&ring->mutex);
}

void td_readback_get_info(td_readback *ring, td_readback_info *out)
{
    if (!ring || !out) {
        (void)tdi_fail(TD_ERROR_ARGUMENT, "td_readback_get_info: `%s` is NULL",
                       ring ? "out" : "readback");
        return;
    }
    tdi_mutex_lock(&ring->mutex);
    *out = ring->info;
    tdi_mutex_unlock(&ring->mutex);
}

td_device *tdi_readback_device(const td_readback *ring)
{
    return ring->device;
}

uint32_t tdi_readback_parts(const td_readback *ring)
{
    return ring->params.parts;
}

void tdi_readback_count_copy(td_readback *ring)
{
    tdi_mutex_lock(&ring->mutex);
    ring->info.copies++;
    tdi_mutex_unlock(&ring->mutex);
}

void tdi_readback_set_owner(td_readback *ring, const void *owner)
{
    ring->owner = owner;
}

const void *tdi_readback_owner(const td_readback *ring)
{
    return ring->owner;
}

tdi_readback_slot *tdi_readback_slot_of(const tdi_lease_part *part)
{
    return part->lease->class_ == &SLOT_LEASE ? part->lease->owner : NULL;
}
