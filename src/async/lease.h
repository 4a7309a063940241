/* Leases: the requests that share one piece of host memory which the device writes. They become
 * ready together, when a ticket is reached, and the memory is free again as soon as the device is
 * done with it and the last of them has been released. */
#ifndef TDI_ASYNC_LEASE_H
#define TDI_ASYNC_LEASE_H

#include <stdatomic.h>

#include <tandem/readback.h>

#include "async/lane.h"

typedef struct tdi_lease tdi_lease;

typedef struct tdi_lease_class {
    /* On the completion thread, when the device is done with the memory, before any request is
     * finished; what it returns is what became of a lease whose outcome was TD_OK. */
    td_result (*arrived)(tdi_lease *lease, td_result outcome);
    /* When the last request is gone: the lease may be begun again. On any thread, under no lock. */
    void (*released)(tdi_lease *lease);
} tdi_lease_class;

/* The payload of a request. */
typedef struct tdi_lease_part {
    tdi_lease *lease;
    td_request *request;
    td_readback_data data;
    atomic_uint open; /* 2: it is neither written yet nor released; the lease is left at 0 */
} tdi_lease_part;

struct tdi_lease {
    td_device *device;
    const tdi_lease_class *class_;
    void *owner; /* who made it, of that class */
    tdi_watch watch;
    td_ticket ticket;
    atomic_uint_least64_t use; /* a number for each beginning, and one for its end */
    atomic_uint unreleased;
    uint32_t part_count;
    tdi_lease_part *parts; /* the owner's memory */
};

/* Makes `count` pending requests; `parts` of the lease has room for them. On failure nothing is
 * left of it, and `released` is not called. */
td_result tdi_lease_begin(tdi_lease *lease, uint32_t count);
/* The requests are the caller's, and finish when the ticket is reached. The ticket was given out
 * by the device. */
void tdi_lease_submitted(tdi_lease *lease, td_ticket ticket, td_request **requests);
/* The requests, which nobody has seen, are gone, and the lease is released, once the ticket
 * (value 0: now) is reached. */
void tdi_lease_abandon(tdi_lease *lease, td_ticket ticket);

/* Ends the beginning that `use` is the number of: false if it was ended already. For leases that
 * are in the program's hands between beginning and submission. */
bool tdi_lease_claim(tdi_lease *lease, uint64_t use);

/* The part that is a request's payload, or NULL. */
tdi_lease_part *tdi_lease_part_of(td_request *request);

#endif
