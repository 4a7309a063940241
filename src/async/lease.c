#include "async/lease.h"

#include "async/request.h"

/* The last one out gives the memory back. */
static void release_one(tdi_lease *lease)
{
    if (atomic_fetch_sub_explicit(&lease->unreleased, 1, memory_order_acq_rel) == 1)
        lease->class_->released(lease);
}

/* Called when the device is done with a part, and when the user is. */
static void close_part(tdi_lease_part *part)
{
    if (atomic_fetch_sub_explicit(&part->open, 1, memory_order_acq_rel) == 1)
        release_one(part->lease);
}

static void on_released(void *payload)
{
    close_part(payload);
}

/* Not `destroy`: the thread that finishes a request may hold it a little longer than its user, who
 * would find the memory in use after having released it. */
static const tdi_request_class LEASE_REQUEST = {.released = on_released};

tdi_lease_part *tdi_lease_part_of(td_request *request)
{
    return tdi_request_payload_of(request, &LEASE_REQUEST);
}

/* Of requests that nobody has seen. */
static void drop_requests(tdi_lease *lease, uint32_t count, td_result reason)
{
    for (uint32_t i = 0; i < count; i++) {
        td_request *request = lease->parts[i].request;
        tdi_request_finish(request, reason);
        td_request_release(request);
        close_part(&lease->parts[i]);
    }
}

/* A failed making: the lease is not released by its requests, so their count never gets to 0. */
static void undo_begin(tdi_lease *lease, uint32_t made, td_result reason)
{
    atomic_store_explicit(&lease->unreleased, made + 1, memory_order_relaxed);
    drop_requests(lease, made, reason);
}

td_result tdi_lease_begin(tdi_lease *lease, uint32_t count)
{
    lease->part_count = count;
    for (uint32_t i = 0; i < count; i++) {
        tdi_lease_part *part = &lease->parts[i];
        part->lease = lease;
        part->data = (td_readback_data){0};
        atomic_store_explicit(&part->open, 2, memory_order_relaxed);
        const td_result made = tdi_request_create(&LEASE_REQUEST, part, &part->request);
        if (made != TD_OK) {
            undo_begin(lease, i, made);
            return made;
        }
    }
    atomic_store_explicit(&lease->unreleased, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&lease->use, 1, memory_order_relaxed);
    return TD_OK;
}

bool tdi_lease_claim(tdi_lease *lease, uint64_t use)
{
    return atomic_compare_exchange_strong(&lease->use, &use, use + 1);
}

static tdi_lease *lease_of(tdi_watch *watch)
{
    return (tdi_lease *)((char *)watch - offsetof(tdi_lease, watch));
}

/* A part whose user has left already gives the lease back: nothing of it is touched afterwards. */
static void finish_all(tdi_watch *watch, td_result outcome)
{
    tdi_lease *lease = lease_of(watch);
    td_request *requests[TD_READBACK_MOST_PARTS];
    tdi_lease_part *parts = lease->parts;
    const uint32_t count = lease->part_count;
    outcome = lease->class_->arrived(lease, outcome);
    for (uint32_t i = 0; i < count; i++)
        requests[i] = parts[i].request;
    for (uint32_t i = 0; i < count; i++)
        close_part(&parts[i]);
    tdi_requests_finish(requests, count, outcome);
}

/* A ticket of value 0 may name any queue. */
static tdi_watch watch_of(td_ticket ticket, void (*reached)(tdi_watch *watch, td_result outcome))
{
    return (tdi_watch){.ticket = ticket.value ? ticket : (td_ticket){0}, .reached = reached};
}

void tdi_lease_submitted(tdi_lease *lease, td_ticket ticket, td_request **requests)
{
    for (uint32_t i = 0; i < lease->part_count; i++)
        requests[i] = lease->parts[i].request;
    lease->ticket = ticket;
    lease->watch = watch_of(ticket, finish_all);
    tdi_ticket_watch(lease->device, &lease->watch);
}

static void drop_all(tdi_watch *watch, td_result outcome)
{
    tdi_lease *lease = lease_of(watch);
    drop_requests(lease, lease->part_count, outcome == TD_OK ? TD_ERROR_CANCELLED : outcome);
}

void tdi_lease_abandon(tdi_lease *lease, td_ticket ticket)
{
    lease->watch = watch_of(ticket, drop_all);
    if (ticket.value)
        tdi_ticket_watch(lease->device, &lease->watch);
    else
        drop_all(&lease->watch, TD_OK);
}
