/* Files: whole reads with a limit, and writes that appear under their name only when complete.
 * Every operation goes through a table that tests can replace. Error sentences name the path and
 * the system's reason. */
#ifndef TDI_BASE_FILE_H
#define TDI_BASE_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct tdi_file_ops {
    int (*open)(const char *path, int flags, mode_t mode);
    /* EXDEV if a link or ".." on the way leads out of `folder` (openat2, RESOLVE_BENEATH) */
    int (*open_beneath)(int folder, const char *path, int flags);
    int (*resolve)(const char *path, char *out); /* realpath; `out` has PATH_MAX bytes */
    ssize_t (*read)(int fd, void *data, size_t size);
    ssize_t (*write)(int fd, const void *data, size_t size);
    int (*close)(int fd);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*rename_exclusive)(const char *from, const char *to); /* EEXIST if `to` is there */
    int (*link)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*mkdir)(const char *path, mode_t mode);
    int (*stat)(const char *path, struct stat *out);
    int (*fstat)(int fd, struct stat *out);
} tdi_file_ops;

/* The table must stay; NULL restores the system's. Not while other threads use files. */
void tdi_set_file_ops(const tdi_file_ops *replacement);
const tdi_file_ops *tdi_file_ops_in_use(void);

/* Reads a regular file of at most `limit` bytes. The data is the caller's (tdi_free), never NULL,
 * and followed by a zero byte that `size` does not count. TD_ERROR_NOT_FOUND if nothing is there,
 * TD_ERROR_INPUT for folders, devices and pipes and for more than `limit` bytes, else TD_ERROR_IO
 * or TD_ERROR_HOST_MEMORY. */
td_result tdi_file_read(const char *path, uint64_t limit, uint8_t **data, size_t *size);
/* The same of what `fd` was opened for, and closes it. Below 0: errno tells why it is not open. */
td_result tdi_file_read_opened(const char *path, int fd, uint64_t limit, uint8_t **data,
                               size_t *size);

/* Reads at most `capacity` - 1 bytes of a small file of the system into a string. False if that is
 * not possible; sets no error. */
bool tdi_file_peek(const char *path, char *text, size_t capacity);

/* True if something is there under that name. */
bool tdi_file_exists(const char *path);

/* True if something is there that is not an empty file, as other programs leave behind. */
bool tdi_file_has_content(const char *path);

/* True if both names are for the same file, which need not be there: ".", ".." and repeated slashes
 * are resolved in the names alone, so links are not followed. */
bool tdi_same_path(const char *a, const char *b);

/* Makes the folders that `path` (a file's) lies in. */
td_result tdi_make_folders_for(const char *path);

/* A file that is being written beside its final name. */
typedef struct tdi_file_writer tdi_file_writer;

typedef struct tdi_file_writer_params {
    const char *path;
    bool replace; /* else an existing file is TD_ERROR_EXISTS, also when it appears meanwhile */
    bool durable; /* fsync of the file before it gets its name, and of its folder after */
} tdi_file_writer_params;

td_result tdi_file_writer_create(const tdi_file_writer_params *params, tdi_file_writer **out);
/* Retries what the system interrupts or cuts short. After a failure only abort is of use. */
td_result tdi_file_writer_append(tdi_file_writer *writer, const void *data, size_t size);
/* Gives the file its name and frees the writer, also on failure: then nothing is left, but for a
 * durable file whose folder could not be synced after it got its name. */
td_result tdi_file_writer_commit(tdi_file_writer *writer);
/* Removes what was written and frees the writer. NULL is fine. */
void tdi_file_writer_abort(tdi_file_writer *writer);

/* All of the above in one call. */
td_result tdi_file_write(const tdi_file_writer_params *params, const void *data, size_t size);

/* Removes what all open writers have written so far, for a program that is about to end. Their
 * commits then fail, and no writer is made any more (TD_ERROR_CANCELLED). Takes a lock: not for
 * signal handlers. */
void tdi_file_cleanup_all(void);

#endif
