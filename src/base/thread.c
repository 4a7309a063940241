#include "base/os.h"

#include "base/thread.h"

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

typedef int (*create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static _Atomic(create_fn) create_thread = pthread_create;

void tdi_set_thread_create(int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                                         void *))
{
    atomic_store(&create_thread, create ? create : pthread_create);
}

static void check_acquire(const tdi_mutex *mutex)
{
#if TDI_LOCK_CHECKS
    tdi_lock_check_acquire(mutex, mutex->rank);
#else
    (void)mutex;
#endif
}

static void check_release(const tdi_mutex *mutex)
{
#if TDI_LOCK_CHECKS
    tdi_lock_check_release(mutex);
#else
    (void)mutex;
#endif
}

static void check_wait(const tdi_mutex *mutex)
{
#if TDI_LOCK_CHECKS
    tdi_lock_check_wait(mutex);
#else
    (void)mutex;
#endif
}

td_result tdi_mutex_init(tdi_mutex *mutex, tdi_lock_rank rank)
{
    mutex->rank = rank;
    int code = pthread_mutex_init(&mutex->handle, NULL);
    if (code != 0)
        return tdi_fail(TD_ERROR_SYSTEM, "a lock could not be made: %s", tdi_system_text(code));
    return TD_OK;
}

void tdi_mutex_destroy(tdi_mutex *mutex)
{
    pthread_mutex_destroy(&mutex->handle);
}

void tdi_mutex_lock(tdi_mutex *mutex)
{
    check_acquire(mutex);
    pthread_mutex_lock(&mutex->handle);
}

void tdi_mutex_unlock(tdi_mutex *mutex)
{
    check_release(mutex);
    pthread_mutex_unlock(&mutex->handle);
}

td_result tdi_cond_init(tdi_cond *cond)
{
    pthread_condattr_t attributes;
    int code = pthread_condattr_init(&attributes);
    if (code == 0) {
        code = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        if (code == 0)
            code = pthread_cond_init(&cond->handle, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    if (code != 0)
        return tdi_fail(TD_ERROR_SYSTEM, "a condition variable could not be made: %s",
                        tdi_system_text(code));
    return TD_OK;
}

void tdi_cond_destroy(tdi_cond *cond)
{
    pthread_cond_destroy(&cond->handle);
}

void tdi_cond_signal(tdi_cond *cond)
{
    pthread_cond_signal(&cond->handle);
}

void tdi_cond_broadcast(tdi_cond *cond)
{
    pthread_cond_broadcast(&cond->handle);
}

void tdi_cond_wait(tdi_cond *cond, tdi_mutex *mutex)
{
    check_wait(mutex);
    pthread_cond_wait(&cond->handle, &mutex->handle);
}

/* The time that is left by tdi_now_ns, which tests replace, as a time of the system's clock. */
static struct timespec system_deadline(uint64_t left_ns)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t nanoseconds = (uint64_t)now.tv_nsec + left_ns % TDI_NS_PER_S;
    now.tv_sec += (time_t)(left_ns / TDI_NS_PER_S + nanoseconds / TDI_NS_PER_S);
    now.tv_nsec = (long)(nanoseconds % TDI_NS_PER_S);
    return now;
}

bool tdi_cond_wait_until(tdi_cond *cond, tdi_mutex *mutex, uint64_t deadline_ns)
{
    check_wait(mutex);
    if (deadline_ns == UINT64_MAX) {
        pthread_cond_wait(&cond->handle, &mutex->handle);
        return true;
    }
    uint64_t now = tdi_now_ns();
    if (now >= deadline_ns)
        return false;
    struct timespec until = system_deadline(deadline_ns - now);
    return pthread_cond_timedwait(&cond->handle, &mutex->handle, &until) == 0 ||
           tdi_now_ns() < deadline_ns;
}

static void *run_thread(void *user)
{
    const tdi_thread *thread = user;
    pthread_setname_np(pthread_self(), thread->name);
    thread->fn(thread->user);
    return NULL;
}

td_result tdi_thread_start(tdi_thread *thread, const char *name, tdi_thread_fn fn, void *user)
{
    thread->fn = fn;
    thread->user = user;
    tdi_snprintf(thread->name, sizeof thread->name, "%s", name);

    /* A new thread inherits the mask: signals stay with the threads of the host program. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = atomic_load(&create_thread)(&thread->handle, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0)
        return TD_OK;
    return tdi_fail(TD_ERROR_SYSTEM,
                    "the thread '%s' could not be started: %s; fewer threads or a higher limit of "
                    "processes may help",
                    name, tdi_system_text(code));
}

void tdi_thread_join(tdi_thread *thread)
{
    pthread_join(thread->handle, NULL);
}
