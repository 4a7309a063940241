/* The unfinished files that a writer makes (file.h), and those that a killed process left. */
#ifndef TDI_BASE_LEFTOVER_H
#define TDI_BASE_LEFTOVER_H

#include "base/error.h"

/* The name of the unfinished file `number` of this process in the folder that `path` (a file's)
 * lies in. The caller's (tdi_free); NULL if out of memory. */
char *tdi_leftover_name(const char *path, uint64_t number);

/* Takes hold of a file that this process writes, so that none that sees other process numbers, as
 * in a container, takes it for a leftover. It lasts until the file is closed. */
void tdi_leftover_hold(int fd);

/* Removes the unfinished files in the folder of `path` whose processes have ended. Only the first
 * call of this process for a folder looks, and for no more than the first hundred folders; nothing
 * is removed if that cannot be done. Thread-safe. */
void tdi_leftover_remove(const char *path);

#endif
