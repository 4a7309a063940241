#include <stdatomic.h>
#include <string.h>

#include "async/request.h"
#include "base/memory.h"
#include "scene/device_picture.h"

#define MOST_THREADS    64
#define DEFAULT_THREADS 4

struct td_uploader {
    td_device *device;
    tdi_uploader *engine;
    atomic_uint references; /* the caller's, and one for each texture */
    tdi_pool *pool;
    tdi_mutex mutex;
    tdi_upload_queue queue; /* textures that are not prepared yet */
    td_uploader_info info;
    bool closed;
};

static void drop_uploader(td_uploader *uploader)
{
    if (atomic_fetch_sub_explicit(&uploader->references, 1, memory_order_acq_rel) != 1)
        return;
    tdi_upload_queue_free(&uploader->queue);
    tdi_mutex_destroy(&uploader->mutex);
    tdi_free(uploader);
}

tdi_uploader *tdi_uploader_engine_of(td_uploader *uploader)
{
    return uploader->engine;
}

tdi_mutex *tdi_uploader_lock_of(td_uploader *uploader)
{
    return &uploader->mutex;
}

void tdi_uploader_forget(td_uploader *uploader, uint64_t bytes)
{
    tdi_mutex_lock(&uploader->mutex);
    uploader->info.used_bytes -= bytes;
    tdi_mutex_unlock(&uploader->mutex);
    drop_uploader(uploader);
}

/* What a request knows of its upload: the texture until that has ended, so that a request that is
 * kept does not keep the memory. */
typedef struct upload_payload {
    td_uploader *uploader;
    td_texture *texture; /* under the lock; with a reference */
} upload_payload;

/* The end of a texture's upload */

/* Counts it and finishes the request, if that is the library's to do, with what the texture's
 * result is. Drops the references of the work and of the request. */
static void end_work(td_texture *texture, bool finish_request)
{
    td_uploader *uploader = texture->uploader;
    td_request *request = texture->request;
    upload_payload *payload = tdi_request_payload(request);
    const td_result result = texture->result;
    if (result != TD_OK)
        tdi_set_last_error(texture->sentence ? texture->sentence : td_result_text(result));
    tdi_mutex_lock(&uploader->mutex);
    uploader->info.queued--;
    if (result == TD_OK)
        uploader->info.processed++;
    else if (result == TD_ERROR_CANCELLED)
        uploader->info.cancelled++;
    else
        uploader->info.failed++;
    payload->texture = NULL;
    tdi_mutex_unlock(&uploader->mutex);
    tdi_free(texture->chain);
    texture->chain = NULL;
    tdi_picture_release(texture);
    tdi_picture_release(texture);
    if (finish_request)
        tdi_request_finish(request, result);
}

/* A level is finished, or the preparation; the last one ends the work. */
static void finish_part(td_texture *texture, td_result result)
{
    td_uploader *uploader = texture->uploader;
    char *sentence = result != TD_OK ? tdi_strdup(td_last_error()) : NULL;
    tdi_mutex_lock(&uploader->mutex);
    if (result != TD_OK && texture->result == TD_OK) {
        texture->result = result;
        texture->sentence = sentence;
        sentence = NULL;
    }
    const bool last = --texture->pending == 0;
    tdi_mutex_unlock(&uploader->mutex);
    tdi_free(sentence);
    if (last)
        end_work(texture, true);
}

static void on_submitted(void *user, td_ticket ticket)
{
    tdi_picture_level *level = user;
    level->ticket = ticket;
}

/* Under the lock. A change of priority may have let a larger level overtake a smaller one. */
static void count_present(td_texture *texture)
{
    const uint32_t levels = texture->image.levels;
    while (texture->present < levels && texture->levels[levels - 1 - texture->present].there)
        texture->present++;
}

static void on_level(void *user, td_result result)
{
    tdi_picture_level *level = user;
    td_texture *texture = level->texture;
    if (result == TD_OK) {
        tdi_mutex *lock = &texture->uploader->mutex;
        tdi_mutex_lock(lock);
        level->there = true;
        count_present(texture);
        if (texture->ticket.value < level->ticket.value)
            texture->ticket = level->ticket;
        tdi_mutex_unlock(lock);
    }
    finish_part(texture, result);
}

/* Preparation, on the pool */

/* Back to as many channels as the image has. */
static void pack_level(const td_texture *texture, uint8_t *texels, size_t count)
{
    const uint32_t bytes = texture->texel_bytes;
    for (size_t i = 1; bytes < 4 && i < count; i++)
        memmove(texels + i * bytes, texels + i * 4, bytes);
}

static td_result add_level(td_texture *texture, uint32_t level)
{
    td_uploader *uploader = texture->uploader;
    tdi_picture_level *entry = &texture->levels[level];
    const uint32_t width = texture->image.width, height = texture->image.height;
    uint8_t *texels = texture->chain + tdi_mip_offset(width, height, level);
    pack_level(texture, texels,
               (size_t)tdi_mip_extent(width, level) * tdi_mip_extent(height, level));
    entry->texture = texture;
    tdi_upload_job *job = NULL;
    tdi_mutex_lock(&uploader->mutex);
    const bool cancelled = texture->cancelled;
    const tdi_upload_job_params params = {
        .image = &texture->image,
        .level = level,
        .texel_bytes = texture->texel_bytes,
        .data = texels,
        .priority = texture->place.priority,
        .submitted = on_submitted,
        .finished = on_level,
        .user = entry,
    };
    texture->pending += !cancelled;
    tdi_mutex_unlock(&uploader->mutex);
    if (cancelled)
        return tdi_fail(TD_ERROR_CANCELLED, "the upload was cancelled");
    const td_result result = tdi_uploader_add(uploader->engine, &params, &job);
    tdi_mutex_lock(&uploader->mutex);
    entry->job = job;
    tdi_mutex_unlock(&uploader->mutex);
    if (result != TD_OK)
        finish_part(texture, result);
    return result;
}

/* The smallest level first. */
static void prepare(td_texture *texture)
{
    if (texture->image.levels > 1)
        tdi_mip_generate(texture->chain, texture->image.width, texture->image.height, texture->srgb,
                         texture->uploader->pool);
    td_result result = TD_OK;
    for (uint32_t level = texture->image.levels; result == TD_OK && level-- > 0;)
        result = add_level(texture, level);
    finish_part(texture, result);
}

/* Not a part of any texture: the memory of one that is cancelled does not wait for the pool. */
typedef struct prepare_task {
    tdi_task task; /* first, so that one is found from the other */
    td_uploader *uploader;
} prepare_task;

/* Prepares the most wanted texture, if there is one left. */
static void run_task(tdi_task *task, uint32_t worker)
{
    td_uploader *uploader = ((prepare_task *)task)->uploader;
    (void)worker;
    tdi_free(task);
    tdi_mutex_lock(&uploader->mutex);
    td_texture *texture = (td_texture *)tdi_upload_queue_take(&uploader->queue);
    tdi_mutex_unlock(&uploader->mutex);
    if (texture)
        prepare(texture);
}

static prepare_task *make_task(td_uploader *uploader)
{
    prepare_task *made = tdi_alloc_zero(1, sizeof *made);
    if (made)
        *made = (prepare_task){{.run = run_task}, uploader};
    return made;
}

/* Cancelling */

/* Those of its levels that are queued. Their callbacks come from here, so under no lock. */
static void cancel_levels(td_texture *texture)
{
    tdi_mutex *lock = &texture->uploader->mutex;
    for (uint32_t level = 0; level < texture->image.levels; level++) {
        tdi_mutex_lock(lock);
        tdi_upload_job *job = texture->levels[level].job;
        tdi_mutex_unlock(lock);
        if (job)
            (void)tdi_upload_job_cancel(job);
    }
}

bool tdi_uploader_cancel(td_texture *texture)
{
    td_uploader *uploader = texture->uploader;
    tdi_mutex_lock(&uploader->mutex);
    const bool queued = texture->place.queued;
    texture->cancelled = true;
    if (queued) {
        tdi_upload_queue_remove(&uploader->queue, &texture->place);
        texture->result = TD_ERROR_CANCELLED;
    }
    tdi_mutex_unlock(&uploader->mutex);
    if (!queued)
        cancel_levels(texture);
    return queued;
}

static void free_payload(void *payload)
{
    drop_uploader(((upload_payload *)payload)->uploader);
    tdi_free(payload);
}

static bool cancel_request(void *payload)
{
    const upload_payload *upload = payload;
    tdi_mutex_lock(&upload->uploader->mutex);
    td_texture *texture = upload->texture;
    if (texture)
        tdi_picture_retain(texture);
    tdi_mutex_unlock(&upload->uploader->mutex);
    if (!texture)
        return false;
    const bool all = tdi_uploader_cancel(texture);
    if (all)
        end_work(texture, false);
    tdi_picture_release(texture);
    return all;
}

static const tdi_request_class TEXTURE_REQUEST = {
    .destroy = free_payload,
    .cancel = cancel_request,
};

void td_texture_destroy(td_texture *texture)
{
    if (!texture)
        return;
    if (tdi_uploader_cancel(texture))
        end_work(texture, true);
    tdi_picture_release(texture);
}

void td_texture_set_priority(td_texture *texture, int64_t priority)
{
    if (!texture)
        return;
    td_uploader *uploader = texture->uploader;
    tdi_mutex_lock(&uploader->mutex);
    if (texture->place.queued)
        tdi_upload_queue_move(&uploader->queue, &texture->place, priority);
    texture->place.priority = priority;
    for (uint32_t level = 0; level < texture->image.levels; level++) {
        if (texture->levels[level].job)
            tdi_upload_job_set_priority(texture->levels[level].job, priority);
    }
    tdi_mutex_unlock(&uploader->mutex);
}

/* Queueing */

static td_result take_of_limit(td_uploader *uploader, uint64_t bytes)
{
    tdi_mutex_lock(&uploader->mutex);
    const td_uploader_info info = uploader->info;
    const bool closed = uploader->closed;
    const bool fits = bytes <= info.limit_bytes && info.used_bytes <= info.limit_bytes - bytes;
    if (fits && !closed)
        uploader->info.used_bytes += bytes;
    tdi_mutex_unlock(&uploader->mutex);
    if (closed)
        return tdi_fail(TD_ERROR_STATE, "the uploader was destroyed");
    if (fits)
        return TD_OK;
    return tdi_fail(TD_ERROR_BUDGET,
                    "a texture of %.1f MiB does not fit: %.1f MiB of the uploader's %.1f MiB are "
                    "in use; destroy textures, or raise the limit",
                    (double)bytes / (1 << 20), (double)info.used_bytes / (1 << 20),
                    (double)info.limit_bytes / (1 << 20));
}

static td_result make_request(td_uploader *uploader, td_texture *texture)
{
    upload_payload *payload = tdi_alloc_zero(1, sizeof *payload);
    if (!payload)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = tdi_request_create(&TEXTURE_REQUEST, payload, &texture->request);
    if (result != TD_OK) {
        tdi_free(payload);
        return result;
    }
    *payload = (upload_payload){uploader, texture};
    atomic_fetch_add_explicit(&uploader->references, 1, memory_order_relaxed);
    return TD_OK;
}

/* The request holds a reference to the texture, as does the work. `request` (may be NULL) is set
 * before anything can happen to it. */
static td_result start(td_uploader *uploader, td_texture *texture, td_request **request)
{
    TDI_TRY(make_request(uploader, texture));
    td_request *made = texture->request;
    for (uint32_t i = 0; i < 2; i++)
        tdi_picture_retain(texture);
    texture->pending = 1;
    prepare_task *task = make_task(uploader);
    tdi_mutex_lock(&uploader->mutex);
    const td_result result =
        task ? tdi_upload_queue_add(&uploader->queue, &texture->place) : TD_ERROR_HOST_MEMORY;
    uploader->info.queued++;
    tdi_mutex_unlock(&uploader->mutex);
    if (result == TD_OK) {
        tdi_pool_submit(uploader->pool, &task->task);
    } else {
        tdi_free(task);
        texture->result = result;
        end_work(texture, true);
    }
    if (request && result == TD_OK)
        *request = made;
    else
        td_request_release(made);
    return result;
}

/* The bytes of the limit go over to the texture. */
static td_result queue_texture(td_uploader *uploader, const td_upload_texture_params *params,
                               uint64_t bytes, td_texture **texture, td_request **request)
{
    const td_result made = tdi_picture_create(uploader->device, params, texture);
    if (made != TD_OK) {
        tdi_mutex_lock(&uploader->mutex);
        uploader->info.used_bytes -= bytes;
        tdi_mutex_unlock(&uploader->mutex);
        return made;
    }
    (*texture)->uploader = uploader;
    atomic_fetch_add_explicit(&uploader->references, 1, memory_order_relaxed);
    (*texture)->place.priority = params->priority;
    const td_result result = start(uploader, *texture, request);
    if (result != TD_OK) {
        tdi_picture_release(*texture);
        *texture = NULL;
    }
    return result;
}

td_result td_uploader_queue_texture(td_uploader *uploader, const td_upload_texture_params *params,
                                    td_texture **texture, td_request **request)
{
    if (request)
        *request = NULL;
    if (!uploader || !params || !texture)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_uploader_queue_texture: `%s` is NULL",
                        !uploader ? "uploader"
                        : !params ? "params"
                                  : "texture");
    *texture = NULL;
    const uint64_t bytes = (uint64_t)params->width * params->height * params->channels;
    TDI_TRY(take_of_limit(uploader, bytes));
    return queue_texture(uploader, params, bytes, texture, request);
}

bool td_uploader_fits(td_uploader *uploader, uint32_t width, uint32_t height, uint32_t channels)
{
    td_uploader_info info;
    td_uploader_get_info(uploader, &info);
    const uint64_t texels = (uint64_t)width * height;
    const uint64_t left =
        info.used_bytes < info.limit_bytes ? info.limit_bytes - info.used_bytes : 0;
    return channels == 0 || texels <= left / channels;
}

void td_uploader_get_info(td_uploader *uploader, td_uploader_info *out)
{
    tdi_mutex_lock(&uploader->mutex);
    *out = uploader->info;
    tdi_mutex_unlock(&uploader->mutex);
}

static td_result build(td_uploader *uploader, uint32_t threads)
{
    TDI_TRY(tdi_uploader_get(uploader->device, &uploader->engine));
    TDI_TRY(tdi_pool_create(threads, "td-levels", &uploader->pool));
    const td_result result = tdi_mutex_init(&uploader->mutex, TDI_RANK_SCENE);
    if (result == TD_OK)
        tdi_uploader_hold(uploader->engine);
    else
        tdi_pool_destroy(uploader->pool);
    return result;
}

td_result td_uploader_create(td_device *device, const td_uploader_params *params, td_uploader **out)
{
    static const td_uploader_params defaults = {0};
    TDI_TRY(tdi_device_check(device, "td_uploader_create"));
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_uploader_create: `out` is NULL");
    *out = NULL;
    if (!params)
        params = &defaults;
    const uint32_t cores = tdi_core_count();
    const uint32_t few = cores < DEFAULT_THREADS ? cores : DEFAULT_THREADS;
    const uint32_t threads = params->threads ? params->threads : few;
    if (threads > MOST_THREADS)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_uploader_create: %u threads, of at most %d", threads,
                        MOST_THREADS);
    td_uploader *uploader = tdi_alloc_zero(1, sizeof *uploader);
    if (!uploader)
        return TD_ERROR_HOST_MEMORY;
    uploader->device = device;
    uploader->info.limit_bytes = params->limit_bytes ? params->limit_bytes : TD_UPLOADER_DEFAULT;
    atomic_init(&uploader->references, 1);
    const td_result result = build(uploader, threads);
    if (result != TD_OK) {
        tdi_free(uploader);
        return result;
    }
    *out = uploader;
    return TD_OK;
}

/* The tasks of cancelled textures find nothing to do. */
void td_uploader_destroy(td_uploader *uploader)
{
    if (!uploader)
        return;
    tdi_mutex_lock(&uploader->mutex);
    uploader->closed = true;
    td_texture *texture;
    while ((texture = (td_texture *)tdi_upload_queue_take(&uploader->queue))) {
        texture->cancelled = true;
        texture->result = TD_ERROR_CANCELLED;
        tdi_mutex_unlock(&uploader->mutex);
        end_work(texture, true);
        tdi_mutex_lock(&uploader->mutex);
    }
    tdi_mutex_unlock(&uploader->mutex);
    tdi_pool_destroy(uploader->pool);
    tdi_uploader_let_go(uploader->engine);
    drop_uploader(uploader);
}
