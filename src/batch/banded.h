/* A view that comes in bands, since the budget has no room for its whole image: its files are
 * written while it is rendered. Each of its bands is a tdi_batch_view of its own. */
#ifndef TDI_BATCH_BANDED_H
#define TDI_BATCH_BANDED_H

#include "batch/batch.h"
#include "batch/row_file.h"

typedef struct tdi_banded {
    td_batch *batch;
    uint64_t number;   /* of the view */
    uint64_t begun_ns; /* of its first submission: the time limit runs from here; 0: none yet */
    uint32_t bands;
    atomic_bool failed;
    tdi_stream stream; /* hands bands on from top to bottom */
    _Atomic uint32_t holders;
    /* Used by whoever hands a band on, so by one thread at a time. */
    bool begun; /* files are there */
    struct {
        char *path;
        tdi_row_file *file; /* NULL: not wanted, or complete */
    } files[TDI_OUTPUT_COUNT];
    tdi_sheet_part sheet_part;
} tdi_banded;

/* Held by the caller; TD_ERROR_HOST_MEMORY. */
td_result tdi_banded_create(td_batch *batch, uint64_t number, uint32_t bands, tdi_banded **out);
void tdi_banded_hold(tdi_banded *banded);
/* Files that are not complete go with the last holder. */
void tdi_banded_release(tdi_banded *banded);

/* Writes the next band, which is ready, into the files of its view. After the last one they have
 * their names. */
td_result tdi_banded_add(tdi_banded *banded, td_request *request, uint32_t band, uint32_t worker);

#endif
