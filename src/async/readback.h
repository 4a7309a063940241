/* The readback ring: slots in host-cached memory that the last pass of a frame writes into. A slot
 * is free, taken (the GPU may write), or leased (the user reads); releasing the lease frees it. A
 * full ring is backpressure. Thread-safe. */
#ifndef TDI_ASYNC_READBACK_H
#define TDI_ASYNC_READBACK_H

#include "async/lane.h"
#include "gpu/buffer.h"

typedef struct tdi_readback tdi_readback;

typedef struct tdi_readback_slot {
    VkBuffer buffer; /* one for each slot */
    VkDeviceSize size;
    void *mapped; /* host address */
    uint32_t index;
    tdi_readback *ring;
} tdi_readback_slot;

typedef struct tdi_readback_params {
    const char *name;
    VkDeviceSize slot_bytes;
    uint32_t slots; /* at least 2 */
} tdi_readback_params;

td_result tdi_readback_create(td_device *device, const tdi_readback_params *params,
                              tdi_readback **out);
/* Blocks until every slot is free again. NULL is fine. */
void tdi_readback_destroy(tdi_readback *ring);

/* TD_ERROR_AGAIN (timeout 0) or TD_ERROR_TIMEOUT when all slots are in use. */
td_result tdi_readback_acquire(tdi_readback *ring, uint64_t timeout_ns, tdi_readback_slot **out);
/* After the ticket: invalidates memory that is not coherent; the slot is then leased. */
td_result tdi_readback_finish(tdi_readback_slot *slot);
void tdi_readback_release(tdi_readback_slot *slot);
uint32_t tdi_readback_free_slots(tdi_readback *ring);

#endif
