#include "base/os.h"

#include "base/event.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef int (*create_fn)(void);

static int system_create(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static _Atomic(create_fn) create_event = system_create;

void tdi_set_event_create(int (*create)(void))
{
    atomic_store(&create_event, create ? create : system_create);
}

td_result tdi_event_create(int *fd)
{
    int made = atomic_load(&create_event)();
    if (made < 0)
        return tdi_fail(TD_ERROR_SYSTEM,
                        "a file descriptor for an event could not be made: %s; close files or "
                        "raise the limit of open files",
                        tdi_system_text(errno));
    *fd = made;
    return TD_OK;
}

void tdi_event_close(int fd)
{
    close(fd);
}

void tdi_event_set(int fd)
{
    uint64_t one = 1;
    /* A full counter is a set event, so only an interruption is worth another try. */
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void tdi_event_clear(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}
