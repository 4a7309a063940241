/* A picture's file that is written while its rows come. It has its name when it is complete, or
 * never. One thread at a time. */
#ifndef TDI_BATCH_ROW_FILE_H
#define TDI_BATCH_ROW_FILE_H

#include "base/file.h"
#include "batch/picture.h"

typedef struct tdi_row_file tdi_row_file;

/* Begins a file of that size. */
td_result tdi_row_file_create(const tdi_file_writer_params *params, tdi_picture_kind kind,
                              tdi_file_kind file, uint32_t width, uint32_t height,
                              tdi_row_file **out);
/* The next rows. After a failure only abort is of use. */
td_result tdi_row_file_add(tdi_row_file *file, const tdi_picture_rows *rows);
/* Time that writing has taken so far, which is not compression. */
uint64_t tdi_row_file_write_ns(const tdi_row_file *file);
/* All rows have come: the file gets its name. Frees the row file, also on failure. */
td_result tdi_row_file_commit(tdi_row_file *file, uint64_t *bytes);
/* Removes what was written and frees the row file. NULL is fine. */
void tdi_row_file_abort(tdi_row_file *file);

#endif
