#include "base/os.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/leftover.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

static int system_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static int system_open_beneath(int folder, const char *path, int flags)
{
    const struct open_how how = {.flags = (uint64_t)flags,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

static int system_resolve(const char *path, char *out)
{
    return realpath(path, out) ? 0 : -1;
}

static int system_rename_exclusive(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

static int system_stat(const char *path, struct stat *out)
{
    return stat(path, out);
}

static int system_fstat(int fd, struct stat *out)
{
    return fstat(fd, out);
}

static const tdi_file_ops system_ops = {
    .open = system_open,
    .open_beneath = system_open_beneath,
    .resolve = system_resolve,
    .read = read,
    .write = write,
    .close = close,
    .fsync = fsync,
    .rename = rename,
    .rename_exclusive = system_rename_exclusive,
    .link = link,
    .unlink = unlink,
    .mkdir = mkdir,
    .stat = system_stat,
    .fstat = system_fstat,
};

static const tdi_file_ops *ops = &system_ops;

/* First size of a buffer for a file that does not tell its size. */
#define UNKNOWN_SIZE 4096

/* Names that a crashed process with the same number may have left; then something is odd. */
#define NAME_ATTEMPTS 10000

void tdi_set_file_ops(const tdi_file_ops *replacement)
{
    ops = replacement ? replacement : &system_ops;
}

const tdi_file_ops *tdi_file_ops_in_use(void)
{
    return ops;
}

static int open_file(const char *path, int flags)
{
    int fd;
    do
        fd = ops->open(path, flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static ssize_t read_some(int fd, void *data, size_t size)
{
    ssize_t count;
    do
        count = ops->read(fd, data, size);
    while (count < 0 && errno == EINTR);
    return count;
}

/* After EINTR the descriptor is closed all the same on Linux (close(2)). */
static int close_file(int fd)
{
    return ops->close(fd) != 0 && errno != EINTR ? -1 : 0;
}

static td_result fail_read(const char *path, int reason)
{
    if (reason == ENOENT || reason == ENOTDIR)
        return tdi_fail(TD_ERROR_NOT_FOUND, "%s: there is no such file", path);
    return tdi_fail(TD_ERROR_IO, "%s: cannot be read: %s", path, tdi_system_text(reason));
}

static td_result fail_limit(const char *path, uint64_t limit)
{
    return tdi_fail(TD_ERROR_INPUT, "%s: is larger than the limit of %llu bytes", path,
                    (unsigned long long)limit);
}

static td_result check_readable(const char *path, int fd, uint64_t limit, size_t *size)
{
    struct stat info;
    if (ops->fstat(fd, &info) != 0)
        return fail_read(path, errno);
    if (S_ISDIR(info.st_mode))
        return tdi_fail(TD_ERROR_INPUT, "%s: is a folder, not a file", path);
    if (!S_ISREG(info.st_mode))
        return tdi_fail(TD_ERROR_INPUT, "%s: is not a regular file", path);
    if ((uint64_t)info.st_size > limit)
        return fail_limit(path, limit);
    *size = (size_t)info.st_size;
    return TD_OK;
}

/* Reads to the end, since the size that the system told may be wrong: files under /proc have none,
 * and others may be growing. The buffer keeps one byte more than is read, for the closing zero. */
static td_result read_all(const char *path, int fd, uint64_t limit, void **data, size_t *size)
{
    size_t capacity = 0;
    size_t wanted = *size > 0 ? *size : UNKNOWN_SIZE;
    *size = 0;
    for (;;) {
        if (*size + 1 >= capacity)
            TDI_TRY(tdi_grow(data, &capacity, capacity ? capacity + 1 : wanted + 2, 1));
        ssize_t count = read_some(fd, (uint8_t *)*data + *size, capacity - 1 - *size);
        if (count < 0)
            return fail_read(path, errno);
        if (count == 0)
            return TD_OK;
        *size += (size_t)count;
        if (*size > limit)
            return fail_limit(path, limit);
    }
}

td_result tdi_file_read(const char *path, uint64_t limit, uint8_t **data, size_t *size)
{
    /* Without O_NONBLOCK the opening of a pipe would wait for its other end. */
    return tdi_file_read_opened(path, open_file(path, O_RDONLY | O_NONBLOCK), limit, data, size);
}

td_result tdi_file_read_opened(const char *path, int fd, uint64_t limit, uint8_t **data,
                               size_t *size)
{
    if (fd < 0)
        return fail_read(path, errno);
    void *block = NULL;
    size_t length = 0;
    td_result result = check_readable(path, fd, limit, &length);
    if (result == TD_OK)
        result = read_all(path, fd, limit, &block, &length);
    (void)close_file(fd);
    if (result != TD_OK) {
        tdi_free(block);
        return result == TD_ERROR_HOST_MEMORY ? tdi_fail_in(result, "%s", path) : result;
    }
    *data = block;
    (*data)[length] = 0;
    *size = length;
    return TD_OK;
}

bool tdi_file_peek(const char *path, char *text, size_t capacity)
{
    int fd = open_file(path, O_RDONLY);
    if (fd < 0)
        return false;
    size_t length = 0;
    ssize_t count = 1;
    while (count > 0 && length < capacity - 1) {
        count = read_some(fd, text + length, capacity - 1 - length);
        if (count > 0)
            length += (size_t)count;
    }
    (void)close_file(fd);
    text[length] = '\0';
    return count >= 0;
}

bool tdi_file_exists(const char *path)
{
    struct stat info;
    return ops->stat(path, &info) == 0;
}

bool tdi_file_has_content(const char *path)
{
    struct stat info;
    return ops->stat(path, &info) == 0 && !(S_ISREG(info.st_mode) && info.st_size == 0);
}

/* Takes empty components, "." and ".." out of an absolute path. */
static void resolve_dots(char *path)
{
    char *end = path; /* of what is kept */
    for (const char *at = path; *at != '\0';) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");
        bool up = length == 2 && strncmp(at, "..", 2) == 0;
        if (length > 0 && !up && !(length == 1 && *at == '.')) {
            *end++ = '/';
            memmove(end, at, length);
            end += length;
        }
        while (up && end > path && *--end != '/')
            continue;
        at += length;
    }
    *end = '\0';
}

static char *absolute_path(const char *path)
{
    char folder[PATH_MAX];
    char *result = NULL;
    if (path[0] != '/' && getcwd(folder, sizeof folder))
        result = tdi_format("%s/%s", folder, path);
    else
        result = tdi_format("/%s", path);
    if (result)
        resolve_dots(result);
    return result;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool tdi_same_path(const char *a, const char *b)
{
    if (strcmp(last_component(a), last_component(b)) != 0)
        return false;
    char *left = absolute_path(a);
    char *right = absolute_path(b);
    bool same = left && right ? strcmp(left, right) == 0 : strcmp(a, b) == 0;
    tdi_free(left);
    tdi_free(right);
    return same;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return ops->stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Makes `folder` and the folders above it. Other processes may be doing the same. */
static td_result make_folders(char *folder)
{
    if (is_folder(folder))
        return TD_OK;
    int reason = 0;
    for (char *at = folder + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        if (ops->mkdir(folder, 0777) != 0)
            reason = errno;
        *at = kept;
        if (kept == '\0')
            break;
    }
    if (is_folder(folder))
        return TD_OK;
    return tdi_fail(TD_ERROR_IO, "%s: the folder cannot be made: %s", folder,
                    tdi_system_text(reason));
}

td_result tdi_make_folders_for(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return TD_OK;
    char *folder = tdi_strndup(path, (size_t)(slash - path));
    if (!folder)
        return TD_ERROR_HOST_MEMORY;
    td_result result = make_folders(folder);
    tdi_free(folder);
    return result;
}

struct tdi_file_writer {
    char *path;
    char *unfinished; /* the name that the file has until it is complete */
    int fd;
    bool replace;
    bool durable;
    uint64_t written;
    tdi_file_writer *previous;
    tdi_file_writer *next;
};

static tdi_mutex open_writers_lock = TDI_MUTEX_STATIC(TDI_RANK_FILE);
static tdi_file_writer *open_writers;
static bool cleaned_up; /* for good: the program is ending */

/* To be called with the lock held. */
static void add_writer(tdi_file_writer *writer)
{
    tdi_leftover_hold(writer->fd);
    writer->next = open_writers;
    if (open_writers)
        open_writers->previous = writer;
    open_writers = writer;
}

static void remove_writer(tdi_file_writer *writer)
{
    tdi_mutex_lock(&open_writers_lock);
    if (writer->previous)
        writer->previous->next = writer->next;
    else
        open_writers = writer->next;
    if (writer->next)
        writer->next->previous = writer->previous;
    tdi_mutex_unlock(&open_writers_lock);
}

void tdi_file_cleanup_all(void)
{
    tdi_mutex_lock(&open_writers_lock);
    cleaned_up = true;
    for (tdi_file_writer *writer = open_writers; writer; writer = writer->next)
        (void)ops->unlink(writer->unfinished);
    tdi_mutex_unlock(&open_writers_lock);
}

static td_result fail_write(const tdi_file_writer *writer, int reason)
{
    if (reason == ENOSPC || reason == EDQUOT)
        return tdi_fail(TD_ERROR_IO,
                        "%s: %s after %llu bytes; nothing was kept of the file; make room or "
                        "write elsewhere",
                        writer->path,
                        reason == ENOSPC ? "the disk is full" : "the disk quota is used up",
                        (unsigned long long)writer->written);
    return tdi_fail(TD_ERROR_IO, "%s: cannot be written: %s", writer->path,
                    tdi_system_text(reason));
}

static td_result fail_exists(const char *path)
{
    return tdi_fail(TD_ERROR_EXISTS,
                    "%s: exists already; remove it, choose another name, or ask for it to be "
                    "replaced",
                    path);
}

/* A rename would put a file in the place of a device such as /dev/null. */
static td_result check_target(const tdi_file_writer_params *params)
{
    struct stat info;
    if (ops->stat(params->path, &info) != 0)
        return TD_OK;
    if (S_ISDIR(info.st_mode))
        return tdi_fail(TD_ERROR_IO, "%s: is a folder, not a file", params->path);
    if (!params->replace)
        return fail_exists(params->path);
    if (!S_ISREG(info.st_mode))
        return tdi_fail(TD_ERROR_IO, "%s: is not a regular file and is not replaced", params->path);
    return TD_OK;
}

/* Opens a new file in the folder of the target, with the lock held. Its name holds the process and
 * a counter; O_EXCL settles what that leaves open, such as processes of other machines. */
static td_result open_unfinished(tdi_file_writer *writer)
{
    static uint64_t counter;
    for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
        tdi_free(writer->unfinished);
        writer->unfinished = tdi_leftover_name(writer->path, counter++);
        if (!writer->unfinished)
            return TD_ERROR_HOST_MEMORY;
        writer->fd = open_file(writer->unfinished, O_WRONLY | O_CREAT | O_EXCL);
        if (writer->fd >= 0)
            return TD_OK;
        if (errno != EEXIST)
            break;
    }
    return fail_write(writer, errno);
}

/* The lock is held over the opening too, so that a clean-up misses nothing. */
static td_result open_and_add(tdi_file_writer *writer)
{
    td_result result = TD_ERROR_CANCELLED;
    tdi_mutex_lock(&open_writers_lock);
    if (cleaned_up)
        (void)tdi_fail(result, "%s: is not written, since the program is ending", writer->path);
    else
        result = open_unfinished(writer);
    if (result == TD_OK)
        add_writer(writer);
    tdi_mutex_unlock(&open_writers_lock);
    return result;
}

static void free_writer(tdi_file_writer *writer)
{
    tdi_free(writer->unfinished);
    tdi_free(writer->path);
    tdi_free(writer);
}

td_result tdi_file_writer_create(const tdi_file_writer_params *params, tdi_file_writer **out)
{
    *out = NULL;
    TDI_TRY(check_target(params));
    tdi_file_writer *writer = tdi_alloc_zero(1, sizeof *writer);
    if (!writer)
        return TD_ERROR_HOST_MEMORY;
    writer->replace = params->replace;
    writer->durable = params->durable;
    writer->path = tdi_strdup(params->path);
    tdi_leftover_remove(params->path);
    td_result result = writer->path ? open_and_add(writer) : TD_ERROR_HOST_MEMORY;
    if (result != TD_OK) {
        free_writer(writer);
        return result;
    }
    *out = writer;
    return TD_OK;
}

td_result tdi_file_writer_append(tdi_file_writer *writer, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t count = ops->write(writer->fd, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        /* A device that takes nothing and gives no reason would keep this loop for ever. */
        if (count <= 0)
            return fail_write(writer, count < 0 ? errno : EIO);
        at += count;
        size -= (size_t)count;
        writer->written += (uint64_t)count;
    }
    return TD_OK;
}

static int sync_file(int fd)
{
    int code;
    do
        code = ops->fsync(fd);
    while (code != 0 && errno == EINTR);
    return code;
}

static td_result finish_data(tdi_file_writer *writer)
{
    int code = writer->durable ? sync_file(writer->fd) : 0;
    int reason = errno;
    /* Network file systems tell here that the disk is full. */
    if (close_file(writer->fd) != 0 && code == 0) {
        code = -1;
        reason = errno;
    }
    return code == 0 ? TD_OK : fail_write(writer, reason);
}

/* For file systems that have neither an exclusive rename nor links, and only there: an empty file
 * holds the name until the complete one replaces it, and stays if the process is killed between. */
static int rename_over_placeholder(const char *from, const char *to)
{
    int fd = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return -1;
    (void)close_file(fd);
    if (ops->rename(from, to) == 0)
        return 0;
    int reason = errno;
    (void)ops->unlink(to);
    errno = reason;
    return -1;
}

static bool is_unsupported(int reason)
{
    return reason == EPERM || reason == EOPNOTSUPP || reason == ENOSYS || reason == EINVAL ||
           reason == EMLINK || reason == EACCES;
}

/* The first two are one step: a process that is killed leaves the whole file or none. */
static int name_exclusively(const char *from, const char *to)
{
    if (ops->rename_exclusive(from, to) == 0)
        return 0;
    if (!is_unsupported(errno))
        return -1;
    if (ops->link(from, to) == 0) {
        (void)ops->unlink(from);
        return 0;
    }
    if (!is_unsupported(errno))
        return -1;
    return rename_over_placeholder(from, to);
}

static td_result give_name(tdi_file_writer *writer)
{
    int code = writer->replace ? ops->rename(writer->unfinished, writer->path)
                               : name_exclusively(writer->unfinished, writer->path);
    if (code == 0)
        return TD_OK;
    return errno == EEXIST && !writer->replace ? fail_exists(writer->path)
                                               : fail_write(writer, errno);
}

static td_result open_folder(const tdi_file_writer *writer, int *fd)
{
    const char *slash = strrchr(writer->path, '/');
    char *folder =
        slash ? tdi_strndup(writer->path, (size_t)(slash - writer->path) + 1) : tdi_strdup(".");
    if (!folder)
        return TD_ERROR_HOST_MEMORY;
    *fd = open_file(folder, O_RDONLY | O_DIRECTORY);
    int reason = errno;
    tdi_free(folder);
    return *fd >= 0 ? TD_OK : fail_write(writer, reason);
}

/* The name itself is on the disk only when the folder is. */
static td_result sync_folder(const tdi_file_writer *writer, int fd)
{
    /* Some file systems have nothing to sync in a folder (fsync(2): EINVAL). */
    if (sync_file(fd) == 0 || errno == EINVAL)
        return TD_OK;
    return fail_write(writer, errno);
}

td_result tdi_file_writer_commit(tdi_file_writer *writer)
{
    int folder = -1;
    td_result result = finish_data(writer);
    if (result == TD_OK && writer->durable)
        result = open_folder(writer, &folder);
    if (result == TD_OK)
        result = give_name(writer);
    if (result != TD_OK)
        (void)ops->unlink(writer->unfinished);
    else if (writer->durable)
        result = sync_folder(writer, folder);
    if (folder >= 0)
        (void)close_file(folder);
    remove_writer(writer);
    free_writer(writer);
    return result;
}

void tdi_file_writer_abort(tdi_file_writer *writer)
{
    if (!writer)
        return;
    (void)close_file(writer->fd);
    (void)ops->unlink(writer->unfinished);
    remove_writer(writer);
    free_writer(writer);
}

td_result tdi_file_write(const tdi_file_writer_params *params, const void *data, size_t size)
{
    tdi_file_writer *writer;
    TDI_TRY(tdi_file_writer_create(params, &writer));
    td_result result = tdi_file_writer_append(writer, data, size);
    if (result != TD_OK) {
        tdi_file_writer_abort(writer);
        return result;
    }
    return tdi_file_writer_commit(writer);
}
