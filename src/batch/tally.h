/* What became of the views of a batch: sums, files and failures. Thread-safe. */
#ifndef TDI_BATCH_TALLY_H
#define TDI_BATCH_TALLY_H

#include <tandem/batch.h>

#include "base/thread.h"

typedef struct tdi_failure {
    uint64_t view; /* UINT64_MAX: no single one */
    td_result result;
    char *sentence; /* NULL: the code must do */
} tdi_failure;

typedef struct tdi_tally {
    tdi_mutex lock;
    uint64_t done;
    uint64_t failed;
    uint64_t files;
    uint64_t bytes;
    uint64_t first_done_ns; /* 0: none yet */
    uint32_t unwritten;     /* views in a row that could not be written */
    td_result gravest;      /* of the failures; TD_OK without */
    tdi_failure *failures;
    size_t failure_count;
    size_t failure_capacity;
    uint64_t *file_bytes; /* (views, outputs): size of what was written, 0 for nothing */
} tdi_tally;

td_result tdi_tally_init(tdi_tally *tally, uint64_t views);
/* A zeroed tally is fine. */
void tdi_tally_free(tdi_tally *tally);

void tdi_tally_file(tdi_tally *tally, uint64_t view, uint32_t output, uint64_t bytes);
void tdi_tally_done(tdi_tally *tally);
/* Keeps the calling thread's last error as the reason. `view` UINT64_MAX: no single one. */
void tdi_tally_failed(tdi_tally *tally, uint64_t view, td_result result);
/* True if going on makes no sense: the device is lost, or the output takes nothing more. */
bool tdi_tally_hopeless(tdi_tally *tally);

#endif
