/* A thread pool: tasks run in the order of their submission, on as many threads as asked for.
 * Thread-safe. Submitting allocates nothing: the task's memory is the caller's. */
#ifndef TDI_BASE_POOL_H
#define TDI_BASE_POOL_H

#include "base/thread.h"

typedef struct tdi_pool tdi_pool;

typedef struct tdi_task tdi_task;
struct tdi_task {
    void (*run)(tdi_task *task, uint32_t worker); /* must not block on another task */
    tdi_task *next;                               /* the pool's while queued */
};

/* threads 0: tdi_core_count(). `name` is the prefix of the thread names. */
td_result tdi_pool_create(uint32_t threads, const char *name, tdi_pool **out);
/* Runs what is queued, then joins. NULL is fine. */
void tdi_pool_destroy(tdi_pool *pool);
uint32_t tdi_pool_threads(const tdi_pool *pool);
/* Time that a worker (below tdi_pool_threads) has spent in tasks that have ended. */
uint64_t tdi_pool_busy_ns(const tdi_pool *pool, uint32_t worker);
/* The task may be freed by its own run function. */
void tdi_pool_submit(tdi_pool *pool, tdi_task *task);
/* Blocks until every submitted task has run. */
void tdi_pool_wait_idle(tdi_pool *pool);
/* Calls `body(user, index)` for 0 <= index < count, on the pool's threads and the calling one, and
 * returns when all are done. May be called from a task of the same pool. Never fails: with no
 * worker free the caller does all of it. */
void tdi_pool_for(tdi_pool *pool, uint32_t count, void (*body)(void *user, uint32_t index),
                  void *user);

#endif
