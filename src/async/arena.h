/* Transient memory that several plan slots share: what used it last, so that the next execution can
 * be ordered after it on the device. */
#ifndef TDI_ASYNC_ARENA_H
#define TDI_ASYNC_ARENA_H

#include "async/graph.h"

typedef struct tdi_arena {
    tdi_mutex mutex; /* held while an execution is submitted, so that executions do not mingle */
    td_ticket last[TD_LANE_COUNT]; /* by queue */
    /* The list's, under its lock. */
    td_device *device;
    VkBuffer buffer;
    uint32_t slots;
    tdi_touch touches[TD_LANE_COUNT]; /* by queue, of all slots that ever joined */
    struct tdi_arena *next;
} tdi_arena;

/* The arena of a buffer, made with its first slot and freed with its last. `touches`: what the slot
 * does to the buffer, by queue. */
td_result tdi_arena_join(td_device *device, VkBuffer buffer, const tdi_touch *touches,
                         tdi_arena **out);
void tdi_arena_leave(tdi_arena *arena);
/* Whether several slots share it; then also what they do to it on each queue. NULL is fine. */
bool tdi_arena_shared(const tdi_arena *arena, tdi_touch *touches);

#endif
