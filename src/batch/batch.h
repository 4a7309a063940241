/* The inside of a td_batch, which its parts share: batch.c makes and runs it, view.c takes each
 * finished view to its files, report.c tells what happened. */
#ifndef TDI_BATCH_BATCH_H
#define TDI_BATCH_BATCH_H

#include <stdatomic.h>

#include <tandem/batch.h>

#include "base/pool.h"
#include "batch/destination.h"
#include "batch/sheet.h"
#include "batch/stream.h"
#include "batch/tally.h"

struct td_batch {
    td_batch_params params; /* strings in it are not used after creation */
    char *contact_sheet;    /* path; NULL: none */
    tdi_destination *destination;
    tdi_sheet *sheet;  /* NULL: none asked for */
    tdi_stream stream; /* for raw frames */
    tdi_tally tally;
    td_monitor *monitor; /* params.monitor, or the batch's own */
    td_monitor *own_monitor;
    td_renderer *renderer;
    tdi_encoder *encoder; /* NULL for raw frames */
    tdi_pool *raw_pool;   /* one thread that hands raw frames on; else NULL */

    uint64_t created_ns;
    uint64_t first_submission_ns; /* 0: none yet */
    double renderer_ms;           /* time that making the renderer took */
    _Atomic uint64_t begun_ns;    /* 0: td_batch_run was not called yet */
    _Atomic uint64_t ended_ns;    /* 0: td_batch_run has not ended */
    atomic_bool cancelled;        /* by td_batch_cancel */
    atomic_bool stopped;          /* for a reason of the batch's own; no more views are submitted */

    atomic_bool unanswered; /* the device was waited for in vain */

    tdi_mutex lock;
    tdi_cond idle;        /* `outstanding` became 0 */
    uint32_t outstanding; /* views submitted and not yet written, and threads that still hold
                             what those left; guarded by the lock */
    uint64_t answered_ns; /* when the device gave the last one back; guarded by the lock */
    struct tdi_batch_view *pending; /* those that the device has; guarded by the lock */
};

#endif
