#include <tandem/host_buffer.h>

#include "async/host_buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "gpu/budget.h"

#define PAGE_BYTES      4096
#define DEFAULT_BUFFERS 3

/* A buffer of the pool. Those that are not handed out are claimed, so that nothing writes them. */
typedef struct entry {
    struct entry *next;
    void *memory;
    uint64_t bytes;
    td_host_buffer *target;
    bool imported;
    tdi_consumer consumer; /* in the budget, unless imported */
    bool used;             /* under the pool's lock */
} entry;

struct td_buffer_pool {
    td_device *device;
    uint64_t class_bytes[TD_BUFFER_POOL_MOST_CLASSES];
    uint32_t class_count;
    tdi_mutex mutex;
    entry *entries;
    td_buffer_pool_info info;
};

/* Buffers */

/* Pages that the device imported are in the ledger already. */
static td_result account(td_device *device, entry *e)
{
    if (e->imported)
        return TD_OK;
    return tdi_budget_take_host(device->budget, TD_BUDGET_READBACK, e->bytes,
                                "pool of host buffers", &e->consumer);
}

static void unaccount(td_device *device, const entry *e)
{
    if (!e->imported)
        tdi_budget_give_host(device->budget, TD_BUDGET_READBACK, e->bytes, e->consumer);
}

static td_result fill_entry(td_device *device, entry *e)
{
    e->memory = tdi_alloc_aligned(e->bytes, PAGE_BYTES);
    if (!e->memory)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(td_host_buffer_create(device, e->memory, e->bytes, &e->target));
    td_host_buffer_info info;
    td_host_buffer_get_info(e->target, &info);
    e->imported = info.imported;
    return account(device, e);
}

static void free_entry(entry *e)
{
    td_host_buffer_destroy(e->target);
    tdi_free(e->memory);
    tdi_free(e);
}

/* Neither claimed nor in the list. */
static td_result make_entry(td_buffer_pool *pool, uint64_t bytes, entry **out)
{
    entry *e = tdi_alloc_zero(1, sizeof *e);
    if (!e)
        return TD_ERROR_HOST_MEMORY;
    e->bytes = bytes;
    const td_result result = fill_entry(pool->device, e);
    if (result != TD_OK) {
        free_entry(e);
        return result;
    }
    *out = e;
    return TD_OK;
}

/* Under the lock, or while nobody else knows the pool. */
static void add_entry(td_buffer_pool *pool, entry *e, bool used)
{
    e->used = used;
    e->next = pool->entries;
    pool->entries = e;
    pool->info.buffers++;
    pool->info.used += used;
    pool->info.free += !used;
    pool->info.bytes += e->bytes;
    pool->info.imported += e->imported;
}

/* The pool */

static td_result check_classes(const td_buffer_class *classes, uint32_t count)
{
    if (!classes || count == 0 || count > TD_BUFFER_POOL_MOST_CLASSES)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_create: %u classes; 1 to %d", count,
                        TD_BUFFER_POOL_MOST_CLASSES);
    for (uint32_t i = 0; i < count; i++) {
        if (classes[i].bytes == 0 || classes[i].bytes > SIZE_MAX - PAGE_BYTES)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_buffer_pool_create: class %u has buffers of %llu bytes", i,
                            (unsigned long long)classes[i].bytes);
    }
    return TD_OK;
}

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static td_result fill_class(td_buffer_pool *pool, uint64_t bytes, uint32_t buffers)
{
    for (uint32_t i = 0; i < buffers; i++) {
        entry *e = NULL;
        TDI_TRY(make_entry(pool, bytes, &e));
        (void)tdi_host_buffer_claim(e->target);
        add_entry(pool, e, false);
    }
    return TD_OK;
}

static td_result fill_pool(td_buffer_pool *pool, const td_buffer_class *classes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t buffers = classes[i].buffers ? classes[i].buffers : DEFAULT_BUFFERS;
        pool->class_bytes[pool->class_count++] = whole_pages(classes[i].bytes);
        TDI_TRY(fill_class(pool, whole_pages(classes[i].bytes), buffers));
    }
    return TD_OK;
}

static void free_entries(td_buffer_pool *pool)
{
    while (pool->entries) {
        entry *e = pool->entries;
        pool->entries = e->next;
        if (!e->used)
            tdi_host_buffer_unclaim(e->target);
        unaccount(pool->device, e);
        free_entry(e);
    }
}

static td_result make_pool(td_buffer_pool *pool, const td_buffer_class *classes, uint32_t count)
{
    TDI_TRY(tdi_mutex_init(&pool->mutex, TDI_RANK_BUFFER_POOL));
    const td_result result = fill_pool(pool, classes, count);
    if (result != TD_OK) {
        free_entries(pool);
        tdi_mutex_destroy(&pool->mutex);
    }
    return result;
}

td_result td_buffer_pool_create(td_device *device, const td_buffer_class *classes, uint32_t count,
                                td_buffer_pool **out)
{
    TDI_TRY(tdi_device_check(device, "td_buffer_pool_create"));
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_create: `out` is NULL");
    TDI_TRY(check_classes(classes, count));
    td_buffer_pool *pool = tdi_alloc_zero(1, sizeof *pool);
    if (!pool)
        return TD_ERROR_HOST_MEMORY;
    pool->device = device;
    const td_result result = make_pool(pool, classes, count);
    if (result != TD_OK) {
        tdi_free(pool);
        return result;
    }
    *out = pool;
    return TD_OK;
}

void td_buffer_pool_destroy(td_buffer_pool *pool)
{
    if (!pool)
        return;
    free_entries(pool);
    tdi_mutex_destroy(&pool->mutex);
    tdi_free(pool);
}

/* Of the smallest class that holds so many; 0: none does. */
static uint64_t class_for(const td_buffer_pool *pool, uint64_t bytes)
{
    uint64_t best = 0;
    for (uint32_t i = 0; i < pool->class_count; i++) {
        if (pool->class_bytes[i] >= bytes && (best == 0 || pool->class_bytes[i] < best))
            best = pool->class_bytes[i];
    }
    return best;
}

static entry *take_free(td_buffer_pool *pool, uint64_t bytes)
{
    tdi_mutex_lock(&pool->mutex);
    entry *e = pool->entries;
    while (e && (e->used || e->bytes != bytes))
        e = e->next;
    if (e) {
        e->used = true;
        pool->info.used++;
        pool->info.free--;
    }
    tdi_mutex_unlock(&pool->mutex);
    if (e)
        tdi_host_buffer_unclaim(e->target);
    return e;
}

static td_result grow(td_buffer_pool *pool, uint64_t bytes, entry **out)
{
    TDI_TRY(make_entry(pool, bytes, out));
    tdi_mutex_lock(&pool->mutex);
    add_entry(pool, *out, true);
    pool->info.grown++;
    const uint32_t buffers = pool->info.buffers;
    tdi_mutex_unlock(&pool->mutex);
    tdi_log(TD_LOG_INFO, "a pool of host buffers grew to %u, all of %llu bytes were handed out",
            buffers, (unsigned long long)bytes);
    return TD_OK;
}

td_result td_buffer_pool_get(td_buffer_pool *pool, uint64_t bytes, td_pool_buffer *out)
{
    if (!pool || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_get: `%s` is NULL",
                        pool ? "out" : "pool");
    const uint64_t of_class = class_for(pool, bytes);
    if (of_class == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_get: no class has %llu bytes",
                        (unsigned long long)bytes);
    entry *e = take_free(pool, of_class);
    if (!e)
        TDI_TRY(grow(pool, of_class, &e));
    *out = (td_pool_buffer){.memory = e->memory, .bytes = e->bytes, .target = e->target};
    return TD_OK;
}

/* Under the lock; claims the buffer. */
static td_result take_back(td_buffer_pool *pool, const void *memory)
{
    entry *e = pool->entries;
    while (e && e->memory != memory)
        e = e->next;
    if (!e || !e->used)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_return: %s",
                        e ? "the buffer was returned already" : "this is no buffer of the pool");
    if (!tdi_host_buffer_claim(e->target))
        return tdi_fail(TD_ERROR_STATE, "td_buffer_pool_return: a request of a readback into the "
                                        "buffer is not released yet");
    e->used = false;
    pool->info.used--;
    pool->info.free++;
    return TD_OK;
}

td_result td_buffer_pool_return(td_buffer_pool *pool, void *memory)
{
    if (!pool || !memory)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_return: `%s` is NULL",
                        pool ? "memory" : "pool");
    tdi_mutex_lock(&pool->mutex);
    const td_result result = take_back(pool, memory);
    tdi_mutex_unlock(&pool->mutex);
    return result;
}

void td_buffer_pool_get_info(td_buffer_pool *pool, td_buffer_pool_info *out)
{
    if (!pool || !out) {
        (void)tdi_fail(TD_ERROR_ARGUMENT, "td_buffer_pool_get_info: `%s` is NULL",
                       pool ? "out" : "pool");
        return;
    }
    tdi_mutex_lock(&pool->mutex);
    *out = pool->info;
    tdi_mutex_unlock(&pool->mutex);
}
