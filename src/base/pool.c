#include "base/pool.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define MOST_THREADS 1024
#define CACHE_LINE   64

/* A tdi_pool_for under way. It lives on its caller's stack, and only while it stands in the pool's
 * list can a worker join it; the caller leaves when no worker is in it. */
typedef struct pool_loop {
    void (*body)(void *user, uint32_t index);
    void *user;
    uint32_t count;
    _Atomic uint64_t next; /* wider than an index: every helper steps past the end once */
    uint32_t helpers;      /* guarded by the pool's lock, as the list is */
    struct pool_loop *after;
} pool_loop;

typedef struct pool_worker {
    _Alignas(CACHE_LINE) _Atomic uint64_t busy_ns;
    tdi_pool *pool;
    uint32_t index;
    tdi_thread thread;
} pool_worker;

struct tdi_pool {
    tdi_mutex lock;
    tdi_cond work;  /* a task or a loop was added, or the end came */
    tdi_cond ended; /* the last task ended, or the last helper left a loop */
    tdi_task *first;
    tdi_task *last;
    uint64_t unfinished; /* tasks queued or running */
    pool_loop *loops;
    bool stopping;
    uint32_t thread_count;
    pool_worker *workers;
};

static void run_loop(pool_loop *loop)
{
    for (;;) {
        uint64_t index = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
        if (index >= loop->count)
            return;
        loop->body(loop->user, (uint32_t)index);
    }
}

/* A loop that has indices left, or NULL. */
static pool_loop *find_loop(const tdi_pool *pool)
{
    pool_loop *loop = pool->loops;
    while (loop && atomic_load_explicit(&loop->next, memory_order_relaxed) >= loop->count)
        loop = loop->after;
    return loop;
}

/* These two are called with the lock held, drop it while they work, and return with it held. */
static void help_loop(tdi_pool *pool, pool_loop *loop)
{
    loop->helpers++;
    tdi_mutex_unlock(&pool->lock);
    run_loop(loop);
    tdi_mutex_lock(&pool->lock);
    if (--loop->helpers == 0)
        tdi_cond_broadcast(&pool->ended);
}

static void run_first_task(tdi_pool *pool, uint32_t worker)
{
    tdi_task *task = pool->first;
    pool->first = task->next;
    if (!pool->first)
        pool->last = NULL;
    tdi_mutex_unlock(&pool->lock);
    task->run(task, worker);
    tdi_mutex_lock(&pool->lock);
    if (--pool->unfinished == 0)
        tdi_cond_broadcast(&pool->ended);
}

/* Does one piece of work, if there is any. Loops first: somebody is waiting for them. */
static bool work_once(pool_worker *worker)
{
    tdi_pool *pool = worker->pool;
    pool_loop *loop = find_loop(pool);
    if (!loop && !pool->first)
        return false;
    uint64_t start = tdi_now_ns();
    if (loop)
        help_loop(pool, loop);
    else
        run_first_task(pool, worker->index);
    atomic_fetch_add_explicit(&worker->busy_ns, tdi_now_ns() - start, memory_order_relaxed);
    return true;
}

static void run_worker(void *user)
{
    pool_worker *worker = user;
    tdi_pool *pool = worker->pool;
    tdi_mutex_lock(&pool->lock);
    for (;;) {
        if (work_once(worker))
            continue;
        if (pool->stopping)
            break;
        tdi_cond_wait(&pool->work, &pool->lock);
    }
    tdi_mutex_unlock(&pool->lock);
}

static td_result init_sync(tdi_pool *pool)
{
    TDI_TRY(tdi_mutex_init(&pool->lock, TDI_RANK_POOL));
    td_result result = tdi_cond_init(&pool->work);
    if (result != TD_OK) {
        tdi_mutex_destroy(&pool->lock);
        return result;
    }
    result = tdi_cond_init(&pool->ended);
    if (result != TD_OK) {
        tdi_cond_destroy(&pool->work);
        tdi_mutex_destroy(&pool->lock);
    }
    return result;
}

static td_result allocate_pool(uint32_t threads, tdi_pool **out)
{
    tdi_pool *pool = tdi_alloc_zero(1, sizeof *pool);
    if (!pool)
        return TD_ERROR_HOST_MEMORY;
    pool->workers = tdi_alloc_aligned(threads * sizeof *pool->workers, CACHE_LINE);
    if (!pool->workers) {
        tdi_free(pool);
        return TD_ERROR_HOST_MEMORY;
    }
    td_result result = init_sync(pool);
    if (result != TD_OK) {
        tdi_free(pool->workers);
        tdi_free(pool);
        return result;
    }
    *out = pool;
    return TD_OK;
}

static td_result start_workers(tdi_pool *pool, uint32_t threads, const char *name)
{
    for (uint32_t i = 0; i < threads; i++) {
        pool_worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->index = i;
        atomic_init(&worker->busy_ns, 0);
        char thread_name[32];
        tdi_snprintf(thread_name, sizeof thread_name, "%s-%u", name, i);
        TDI_TRY(tdi_thread_start(&worker->thread, thread_name, run_worker, worker));
        pool->thread_count = i + 1;
    }
    return TD_OK;
}

td_result tdi_pool_create(uint32_t threads, const char *name, tdi_pool **out)
{
    *out = NULL;
    if (threads > MOST_THREADS)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u threads were asked for; at most %d are possible",
                        threads, MOST_THREADS);
    if (threads == 0)
        threads = tdi_core_count();
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    tdi_pool *pool;
    TDI_TRY(allocate_pool(threads, &pool));
    td_result result = start_workers(pool, threads, name);
    if (result != TD_OK) {
        tdi_pool_destroy(pool);
        return result;
    }
    *out = pool;
    return TD_OK;
}

void tdi_pool_destroy(tdi_pool *pool)
{
    if (!pool)
        return;
    tdi_mutex_lock(&pool->lock);
    pool->stopping = true;
    tdi_cond_broadcast(&pool->work);
    tdi_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->thread_count; i++)
        tdi_thread_join(&pool->workers[i].thread);
    tdi_cond_destroy(&pool->ended);
    tdi_cond_destroy(&pool->work);
    tdi_mutex_destroy(&pool->lock);
    tdi_free(pool->workers);
    tdi_free(pool);
}

uint32_t tdi_pool_threads(const tdi_pool *pool)
{
    return pool->thread_count;
}

uint64_t tdi_pool_busy_ns(const tdi_pool *pool, uint32_t worker)
{
    return atomic_load_explicit(&pool->workers[worker].busy_ns, memory_order_relaxed);
}

void tdi_pool_submit(tdi_pool *pool, tdi_task *task)
{
    task->next = NULL;
    tdi_mutex_lock(&pool->lock);
    if (pool->last)
        pool->last->next = task;
    else
        pool->first = task;
    pool->last = task;
    pool->unfinished++;
    tdi_cond_signal(&pool->work);
    tdi_mutex_unlock(&pool->lock);
}

void tdi_pool_wait_idle(tdi_pool *pool)
{
    tdi_mutex_lock(&pool->lock);
    while (pool->unfinished > 0)
        tdi_cond_wait(&pool->ended, &pool->lock);
    tdi_mutex_unlock(&pool->lock);
}

static void add_loop(tdi_pool *pool, pool_loop *loop)
{
    tdi_mutex_lock(&pool->lock);
    loop->after = pool->loops;
    pool->loops = loop;
    tdi_cond_broadcast(&pool->work);
    tdi_mutex_unlock(&pool->lock);
}

static void remove_loop(tdi_pool *pool, pool_loop *loop)
{
    tdi_mutex_lock(&pool->lock);
    pool_loop **link = &pool->loops;
    while (*link != loop)
        link = &(*link)->after;
    *link = loop->after;
    while (loop->helpers > 0)
        tdi_cond_wait(&pool->ended, &pool->lock);
    tdi_mutex_unlock(&pool->lock);
}

void tdi_pool_for(tdi_pool *pool, uint32_t count, void (*body)(void *user, uint32_t index),
                  void *user)
{
    pool_loop loop = {.body = body, .user = user, .count = count};
    if (count > 1)
        add_loop(pool, &loop);
    run_loop(&loop);
    if (count > 1)
        remove_loop(pool, &loop);
}
