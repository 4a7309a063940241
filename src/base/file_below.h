/* Reading files that untrusted text names: nothing outside one folder is read. */
#ifndef TDI_BASE_FILE_BELOW_H
#define TDI_BASE_FILE_BELOW_H

#include "base/error.h"

/* As tdi_file_read of `relative` below `folder` ("": the current one; else it may end in /). Links
 * are followed as long as they stay in the folder, wherever the folder itself is; where one, "..",
 * or an absolute path leaves it, TD_ERROR_INPUT. Thread-safe. */
td_result tdi_file_read_below(const char *folder, const char *relative, uint64_t limit,
                              uint8_t **data, size_t *size);

#endif
