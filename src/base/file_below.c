#include "base/os.h"

#include "base/file_below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

/* Attempts while others rename folders on the way (openat2(2): EAGAIN). */
#define OPEN_ATTEMPTS 16

static int open_beneath(int folder, const char *relative)
{
    const tdi_file_ops *ops = tdi_file_ops_in_use();
    int fd;
    int attempts = 0;
    do
        fd = ops->open_beneath(folder, relative, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++attempts < OPEN_ATTEMPTS)));
    return fd;
}

/* Kernels before 5.6 do not have the call, and filters for containers may forbid it. */
static bool is_missing(int reason)
{
    return reason == ENOSYS || reason == EPERM || reason == EINVAL;
}

/* The way from the folder to the file without links, as an offset into `file`, which gets the
 * resolved path. 0 with errno if there is none; EXDEV if it is elsewhere. */
static size_t resolve_within(const char *folder, const char *path, char file[PATH_MAX])
{
    const tdi_file_ops *ops = tdi_file_ops_in_use();
    char root[PATH_MAX];
    if (ops->resolve(folder, root) != 0 || ops->resolve(path, file) != 0)
        return 0;
    size_t length = strlen(root);
    if (length > 0 && root[length - 1] == '/')
        length--; /* the root folder */
    if (strncmp(root, file, length) == 0 && file[length] == '/' && file[length + 1] != '\0')
        return length + 1;
    errno = EXDEV;
    return 0;
}

/* The kernel refuses every absolute link beneath a folder, also one that leads back into it, and
 * old kernels refuse nothing: what is left of the resolved path has no links any more. Only where
 * the kernel does not help could somebody who may write to the folder put a link into the way in
 * between. */
static int open_resolved(int folder, const char *folder_path, const char *path)
{
    char file[PATH_MAX];
    size_t start = resolve_within(folder_path, path, file);
    if (start == 0)
        return -1;
    int fd = open_beneath(folder, file + start);
    if (fd >= 0 || !is_missing(errno))
        return fd;
    do
        fd = tdi_file_ops_in_use()->open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static int open_below(const char *folder, const char *relative, const char *path)
{
    const tdi_file_ops *ops = tdi_file_ops_in_use();
    int root = ops->open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (root < 0)
        return -1;
    int fd = open_beneath(root, relative);
    if (fd < 0 && (errno == EXDEV || is_missing(errno))) {
        bool leaves = errno == EXDEV;
        fd = open_resolved(root, folder, path);
        if (fd < 0 && leaves)
            errno = EXDEV; /* that there is nothing outside is not to be told either */
    }
    int reason = errno;
    (void)ops->close(root);
    errno = reason;
    return fd;
}

td_result tdi_file_read_below(const char *folder, const char *relative, uint64_t limit,
                              uint8_t **data, size_t *size)
{
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] != '/' ? "/" : "";
    char *path = tdi_format("%s%s%s", folder, slash, relative);
    if (!path)
        return TD_ERROR_HOST_MEMORY;
    td_result result;
    int fd = open_below(length > 0 ? folder : ".", relative, path);
    if (fd < 0 && errno == EXDEV)
        result = tdi_fail(TD_ERROR_INPUT,
                          "%s: leads out of its folder by a link; only what lies in the folder is "
                          "read; put a copy in the place of the link",
                          path);
    else
        result = tdi_file_read_opened(path, fd, limit, data, size);
    tdi_free(path);
    return result;
}
