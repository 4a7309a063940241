/* Hands out ranges of [0, size): the bookkeeping of a memory block, without the memory. Best fit,
 * lowest offset among equals; what is given back is merged with its neighbours. */
#ifndef TDI_GPU_RANGES_H
#define TDI_GPU_RANGES_H

#include "base/error.h"

typedef struct tdi_range {
    uint64_t offset;
    uint64_t size;
} tdi_range;

typedef struct tdi_ranges {
    tdi_range *free; /* ascending, never adjacent */
    size_t free_count;
    size_t capacity;
    size_t taken_count; /* ranges that are handed out */
    uint64_t size;
} tdi_ranges;

td_result tdi_ranges_init(tdi_ranges *ranges, uint64_t size);
/* Zeroed ranges are fine. */
void tdi_ranges_free(tdi_ranges *ranges);

/* `alignment` is a power of two. TD_ERROR_AGAIN, without a sentence, if no free range suffices;
 * TD_ERROR_HOST_MEMORY. */
td_result tdi_ranges_take(tdi_ranges *ranges, uint64_t size, uint64_t alignment, uint64_t *offset);
/* Gives back exactly what was taken. Cannot fail. */
void tdi_ranges_give(tdi_ranges *ranges, uint64_t offset, uint64_t size);

#endif
