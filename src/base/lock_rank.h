/* The order in which locks are taken. A thread may take a lock only if its rank is greater than
 * that of every ranked lock it holds; so ranks run from the outermost lock to the innermost, and
 * two locks of one rank are never held together. Checked where NDEBUG is not defined. */
#ifndef TDI_BASE_LOCK_RANK_H
#define TDI_BASE_LOCK_RANK_H

#include <stdbool.h>

typedef enum tdi_lock_rank {
    TDI_RANK_NONE = 0, /* not checked against others; for tests and locks that stand alone */
    TDI_RANK_BATCH,
    TDI_RANK_RENDERER,
    TDI_RANK_SCENE,
    TDI_RANK_SCOPE,
    TDI_RANK_SCHEDULER,
    TDI_RANK_GRAPH,
    TDI_RANK_BUFFER_POOL,
    TDI_RANK_READBACK,
    TDI_RANK_UPLOAD,
    TDI_RANK_RECORDER,
    TDI_RANK_ATTACH, /* what upper layers hang on a device is made under it */
    TDI_RANK_COMPLETION_QUEUE,
    TDI_RANK_REQUEST,
    TDI_RANK_REQUEST_WAIT, /* a thread that waits for requests */
    TDI_RANK_WAITER,
    TDI_RANK_QUEUE, /* a VkQueue and its timeline */
    TDI_RANK_DEVICE,
    TDI_RANK_PIPELINE,
    TDI_RANK_DESCRIPTOR,
    TDI_RANK_MEMORY, /* the device allocator */
    TDI_RANK_PRESSURE,
    TDI_RANK_BUDGET,
    TDI_RANK_MONITOR, /* spans are recorded from anywhere */
    TDI_RANK_POOL,
    TDI_RANK_FILE,
    TDI_RANK_LOG,
} tdi_lock_rank;

#ifndef NDEBUG
#define TDI_LOCK_CHECKS 1

/* Called by thread.c. A breach prints both ranks and aborts: it is a fault of tandem's own. */
void tdi_lock_check_acquire(const void *lock, tdi_lock_rank rank);
void tdi_lock_check_release(const void *lock);
/* Nothing but `lock` may be held over a wait. */
void tdi_lock_check_wait(const void *lock);
/* Nothing at all may be held while a function of the host program runs. */
void tdi_lock_check_none(const char *place);
#else
#define TDI_LOCK_CHECKS 0
#endif

#endif
