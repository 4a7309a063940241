#include "gpu/pipeline_store.h"

#include <string.h>

#include "base/memory.h"

typedef struct entry {
    tdi_pipeline_key key;
    tdi_pipeline pipeline;
    uint32_t users;
    uint64_t left_at; /* by the store's count, when its last user left */
} entry;

typedef struct store {
    td_device *device;
    tdi_mutex mutex;
    entry *entries;
    size_t count, capacity, unused;
    uint64_t made, leavings;
} store;

static td_result store_make(td_device *device, void **out)
{
    store *made = tdi_alloc_zero(1, sizeof *made);
    if (!made)
        return TD_ERROR_HOST_MEMORY;
    made->device = device;
    const td_result result = tdi_mutex_init(&made->mutex, TDI_RANK_PIPELINE);
    if (result != TD_OK) {
        tdi_free(made);
        return result;
    }
    *out = made;
    return TD_OK;
}

static void store_destroy(void *attached)
{
    store *all = attached;
    for (size_t i = 0; i < all->count; i++)
        tdi_pipeline_destroy(all->device, &all->entries[i].pipeline);
    tdi_mutex_destroy(&all->mutex);
    tdi_free(all->entries);
    tdi_free(all);
}

/* Under the lock, as all below. */
static entry *find(store *all, const tdi_pipeline_key *key)
{
    for (size_t i = 0; i < all->count; i++)
        if (memcmp(&all->entries[i].key, key, sizeof *key) == 0)
            return &all->entries[i];
    return NULL;
}

static bool use(store *all, const tdi_pipeline_key *key, tdi_pipeline *out)
{
    entry *found = find(all, key);
    if (!found)
        return false;
    all->unused -= found->users == 0;
    found->users++;
    *out = found->pipeline;
    return true;
}

static td_result add(store *all, const tdi_pipeline_key *key, tdi_pipeline *made)
{
    TDI_TRY(tdi_grow((void **)&all->entries, &all->capacity, all->count + 1, sizeof(entry)));
    made->number = ++all->made;
    all->entries[all->count++] = (entry){.key = *key, .pipeline = *made, .users = 1};
    return TD_OK;
}

static void destroy_entry(store *all, entry *gone)
{
    tdi_pipeline_destroy(all->device, &gone->pipeline);
    *gone = all->entries[--all->count];
    all->unused--;
}

static entry *longest_unused(store *all)
{
    entry *found = NULL;
    for (size_t i = 0; i < all->count; i++) {
        entry *each = &all->entries[i];
        if (each->users == 0 && (!found || each->left_at < found->left_at))
            found = each;
    }
    return found;
}

static void keep_only(store *all, size_t most)
{
    while (all->unused > most)
        destroy_entry(all, longest_unused(all));
}

/* Another thread may have made the same meanwhile: then that is used, and `made` is the caller's to
 * destroy. */
static td_result share(store *all, const tdi_pipeline_key *key, tdi_pipeline *made,
                       tdi_pipeline *out)
{
    tdi_mutex_lock(&all->mutex);
    const bool there = use(all, key, out);
    const td_result result = there ? TD_OK : add(all, key, made);
    tdi_mutex_unlock(&all->mutex);
    if (!there && result == TD_OK)
        *out = *made;
    else
        tdi_pipeline_destroy(all->device, made);
    return result;
}

td_result tdi_pipeline_store_take(td_device *device, const tdi_pipeline_key *key,
                                  td_result (*make)(td_device *device, void *user,
                                                    tdi_pipeline *out),
                                  void *user, tdi_pipeline *out)
{
    void *attached = NULL;
    TDI_TRY(tdi_device_attach(device, TDI_ATTACH_PIPELINES, store_make, store_destroy, &attached));
    store *all = attached;
    tdi_mutex_lock(&all->mutex);
    const bool there = use(all, key, out);
    tdi_mutex_unlock(&all->mutex);
    if (there)
        return TD_OK;
    tdi_pipeline made;
    TDI_TRY(make(device, user, &made));
    return share(all, key, &made, out);
}

static void leave(store *all, const tdi_pipeline *pipeline)
{
    for (size_t i = 0; i < all->count; i++) {
        entry *each = &all->entries[i];
        if (each->pipeline.number != pipeline->number)
            continue;
        if (--each->users == 0) {
            each->left_at = ++all->leavings;
            all->unused++;
        }
        return;
    }
}

void tdi_pipeline_store_give_back(td_device *device, tdi_pipeline *pipeline)
{
    store *all = device->attached[TDI_ATTACH_PIPELINES];
    if (!pipeline->handle)
        return;
    tdi_mutex_lock(&all->mutex);
    leave(all, pipeline);
    keep_only(all, TDI_PIPELINES_KEPT);
    tdi_mutex_unlock(&all->mutex);
    memset(pipeline, 0, sizeof *pipeline);
}

void tdi_pipeline_store_trim(td_device *device)
{
    store *all = device->attached[TDI_ATTACH_PIPELINES];
    if (!all)
        return;
    tdi_mutex_lock(&all->mutex);
    keep_only(all, 0);
    tdi_mutex_unlock(&all->mutex);
}
