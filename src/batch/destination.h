/* Where the views of a batch go: paths, formats, and what is there already. Immutable once made;
 * thread-safe. */
#ifndef TDI_BATCH_DESTINATION_H
#define TDI_BATCH_DESTINATION_H

#include <tandem/batch.h>

#include "batch/pattern.h"
#include "batch/sink.h"

typedef struct tdi_destination tdi_destination;

/* Checks the pattern against what is asked for (TD_ERROR_ARGUMENT names the placeholder that is
 * missing), then the files and folders (TD_ERROR_EXISTS, TD_ERROR_IO). Makes missing folders. */
td_result tdi_destination_create(const td_batch_params *params, tdi_destination **out);
/* NULL is fine. */
void tdi_destination_destroy(tdi_destination *destination);

const char *tdi_destination_pattern(const tdi_destination *destination);
tdi_sink tdi_destination_sink(const tdi_destination *destination);
/* True if all files of the view were there and are to be kept. */
bool tdi_destination_skips(const tdi_destination *destination, uint64_t view);
/* Number of views that are skipped. */
uint64_t tdi_destination_skipped(const tdi_destination *destination);
/* `*path` is the caller's (tdi_free). */
td_result tdi_destination_path(const tdi_destination *destination, uint64_t view,
                               const tdi_output_kind *kind, char **path);
/* TD_ERROR_ARGUMENT if one of these names, which may be NULL, is that of another or of a view's
 * file. */
td_result tdi_destination_check_others(const tdi_destination *destination, const char *const *paths,
                                       uint32_t count);
/* Makes the path's folders; `*wanted` is false if the file is there and is kept. */
td_result tdi_destination_prepare(const tdi_destination *destination, const char *path,
                                  bool *wanted);

#endif
