/* The readback ring: slots in host-cached memory that the last pass of a frame writes into, or the
 * transfer lane copies into. A slot is free, taken (the device may write), or leased (the user
 * reads); releasing the lease frees it. A full ring is backpressure. Thread-safe. */
#ifndef TDI_ASYNC_READBACK_H
#define TDI_ASYNC_READBACK_H

#include "async/copy.h"
#include "async/lease.h"
#include "gpu/buffer.h"

typedef enum tdi_slot_state { TDI_SLOT_FREE, TDI_SLOT_TAKEN, TDI_SLOT_LEASED } tdi_slot_state;

typedef struct tdi_readback_slot tdi_readback_slot;
struct tdi_readback_slot {
    td_readback *ring;
    VkBuffer buffer; /* one for each slot */
    VkDeviceSize size;
    void *mapped; /* host address */
    uint32_t index;
    bool grown;
    uint64_t arriving; /* bytes, for statistics; set before the slot is written */
    tdi_lease lease;   /* whose parts lie behind the slot */
    tdi_copy copy;
    /* The ring's, under its lock. */
    tdi_slot_state state;
    tdi_readback_slot *next;      /* of all */
    tdi_readback_slot *next_free; /* in the order of becoming free */
    tdi_buffer memory;
    tdi_lease_part parts[];
};

/* A slot that is taken; `td_readback_params::grow` makes one where none is free.
 * TD_ERROR_AGAIN (timeout 0) or TD_ERROR_TIMEOUT when all are in use, TD_ERROR_STATE instead of a
 * wait in a callback. */
td_result tdi_readback_acquire(td_readback *ring, uint64_t timeout_ns, tdi_readback_slot **out);
/* After the ticket: invalidates memory that is not coherent; the slot is then leased. */
td_result tdi_readback_finish(tdi_readback_slot *slot);
void tdi_readback_release(tdi_readback_slot *slot);

/* tdi_readback_acquire, and tdi_lease_begin with as many requests. */
td_result tdi_readback_begin(td_readback *ring, uint32_t parts, uint64_t timeout_ns,
                             tdi_readback_slot **out);

td_device *tdi_readback_device(const td_readback *ring);
uint32_t tdi_readback_parts(const td_readback *ring);
void tdi_readback_count_copy(td_readback *ring);

/* Whose requests these are: what td_readback_get_data and td_request_image tell apart. */
void tdi_readback_set_owner(td_readback *ring, const void *owner);
const void *tdi_readback_owner(const td_readback *ring);

/* The slot of a request's part, or NULL for one in a host buffer. */
tdi_readback_slot *tdi_readback_slot_of(const tdi_lease_part *part);

#endif
