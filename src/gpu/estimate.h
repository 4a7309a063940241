/* What allocations would hold of the budget, worked out by the rules of gpu/memory.c before any of
 * them is made. Starts from no memory at all: what is free in blocks that exist is not counted on.
 */
#ifndef TDI_GPU_ESTIMATE_H
#define TDI_GPU_ESTIMATE_H

#include "gpu/memory.h"

struct tdi_estimate_block;

typedef struct tdi_estimate {
    td_device *device;
    uint64_t available; /* of the budget; may be less than what is held in the end */
    uint64_t held;      /* by what was added so far */
    uint64_t peak;      /* highest `held`, with what passes: the result */
    struct tdi_estimate_block *blocks;
    size_t block_count;
    size_t block_capacity;
} tdi_estimate;

/* Needs no memory and cannot fail. */
void tdi_estimate_init(tdi_estimate *estimate, td_device *device, uint64_t available);
/* Also after a failure. */
void tdi_estimate_free(tdi_estimate *estimate);

td_result tdi_estimate_add(tdi_estimate *estimate, const VkMemoryRequirements *requirements,
                           tdi_memory_kind kind, bool linear);
/* A buffer of that size; nothing for 0. */
td_result tdi_estimate_add_buffer(tdi_estimate *estimate, uint64_t size, tdi_memory_kind kind);
/* A buffer that is gone before the next thing is made. */
td_result tdi_estimate_add_passing(tdi_estimate *estimate, uint64_t size, tdi_memory_kind kind);

#endif
