/* Threads and locks. The operating system's own types are used as they are; only creation can fail
 * and is replaceable by tests. */
#ifndef TDI_BASE_THREAD_H
#define TDI_BASE_THREAD_H

#include <pthread.h>

#include "base/cores.h"
#include "base/error.h"
#include "base/lock_rank.h"

typedef struct tdi_mutex {
    pthread_mutex_t handle;
    tdi_lock_rank rank;
} tdi_mutex;
typedef struct tdi_cond {
    pthread_cond_t handle; /* on CLOCK_MONOTONIC */
} tdi_cond;

typedef void (*tdi_thread_fn)(void *user);

/* Linux keeps 15 characters of a thread's name (pthread_setname_np). */
#define TDI_THREAD_NAME_CAPACITY 16

/* What the new thread reads when it begins lies here, so that starting one takes no memory that is
 * given back at some later time. It stays where it is until the thread was joined. */
typedef struct tdi_thread {
    pthread_t handle;
    tdi_thread_fn fn;
    void *user;
    char name[TDI_THREAD_NAME_CAPACITY];
} tdi_thread;

/* For a lock of the process, which nobody initialises or destroys. */
#define TDI_MUTEX_STATIC(lock_rank)                                                                \
    {                                                                                              \
        .handle = PTHREAD_MUTEX_INITIALIZER, .rank = (lock_rank)                                   \
    }

/* `rank`: the lock's place in the order that lock_rank.h lists. */
td_result tdi_mutex_init(tdi_mutex *mutex, tdi_lock_rank rank);
void tdi_mutex_destroy(tdi_mutex *mutex);
void tdi_mutex_lock(tdi_mutex *mutex);
void tdi_mutex_unlock(tdi_mutex *mutex);

td_result tdi_cond_init(tdi_cond *cond);
void tdi_cond_destroy(tdi_cond *cond);
void tdi_cond_signal(tdi_cond *cond);
void tdi_cond_broadcast(tdi_cond *cond);
/* No other lock may be held over a wait. */
void tdi_cond_wait(tdi_cond *cond, tdi_mutex *mutex);
/* False when `deadline_ns` (tdi_now_ns time; UINT64_MAX: never) passed. */
bool tdi_cond_wait_until(tdi_cond *cond, tdi_mutex *mutex, uint64_t deadline_ns);

/* Starts `fn(user)` on a new thread named `name` (at most 15 characters are kept). All signals are
 * blocked on it. One that is never joined needs a `thread` that lasts as long as the process. */
td_result tdi_thread_start(tdi_thread *thread, const char *name, tdi_thread_fn fn, void *user);
void tdi_thread_join(tdi_thread *thread);

/* Replaces thread creation (tests); NULL restores pthread_create. */
void tdi_set_thread_create(int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                                         void *));

#endif
