#include "async/uploader.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "async/staging.h"
#include "async/upload_queue.h"
#include "async/waiter.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/pool.h"

#define SLOTS         4
#define LARGEST_SLOT  (UINT64_C(8) << 20)
#define SMALLEST_SLOT (UINT64_C(64) << 10)
/* The ring's share of the limit. */
#define LIMIT_SHARE 16

struct tdi_upload_job {
    tdi_upload_place place; /* first, so that one is found from the other */
    tdi_watch watch;
    tdi_uploader *uploader;
    tdi_transfer transfer;
    const uint8_t *data;
    td_result (*write)(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes);
    void (*submitted)(void *user, td_ticket ticket);
    void (*finished)(void *user, td_result result);
    void *user;
    atomic_uint references;         /* the caller's and the uploader's */
    _Atomic tdi_upload_state state; /* written under the lock, as is the rest */
    td_result result;               /* of a failed one */
    char *sentence;                 /* NULL: the result's general text */
    td_ticket ticket;               /* of the last submission that writes the destination */
    tdi_upload_job *next;           /* of those whose last piece is in the open slot */
};

struct tdi_uploader {
    td_device *device;
    tdi_mutex mutex;
    tdi_cond work;    /* the thread waits for it */
    tdi_cond settled; /* some job was submitted, failed or cancelled */
    tdi_upload_queue queue;
    bool stopping;
    uint32_t holders; /* as long as there are any, the ring stays unless memory is short */
    bool working;     /* the thread is at something that it does without the lock */
    bool draining;    /* the watch below is with the device */
    tdi_relief relief;
    tdi_thread thread;

    /* The thread's while it is working, and else the lock's. */
    tdi_staging *staging;

    /* The thread's. */
    tdi_upload_job *first, *last; /* whose last piece is in the open slot */
    tdi_watch drain;
    tdi_pool *pool;
    bool pool_failed;
};

static void drop_reference(tdi_upload_job *job)
{
    if (atomic_fetch_sub_explicit(&job->references, 1, memory_order_acq_rel) != 1)
        return;
    tdi_free(job->sentence);
    tdi_free(job);
}

static tdi_upload_state state_of(const tdi_upload_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire);
}

/* Under the lock. */
static void set_state(tdi_upload_job *job, tdi_upload_state state)
{
    atomic_store_explicit(&job->state, state, memory_order_release);
    if (state > TDI_UPLOAD_BEGUN)
        tdi_cond_broadcast(&job->uploader->settled);
}

/* Ends a job that is not the queue's any more, with the sentence that is set for this thread. */
static void end_job(tdi_upload_job *job, tdi_upload_state state, td_result result)
{
    char *sentence = state == TDI_UPLOAD_FAILED ? tdi_strdup(td_last_error()) : NULL;
    tdi_mutex_lock(&job->uploader->mutex);
    job->result = result;
    job->sentence = sentence;
    set_state(job, state);
    tdi_mutex_unlock(&job->uploader->mutex);
    if (job->finished)
        job->finished(job->user, result);
    /* Others may end for the same reason, and the callback may have failed at something else. */
    if (job->sentence)
        tdi_set_last_error(job->sentence);
    drop_reference(job);
}

static void end_cancelled(tdi_upload_job *job)
{
    end_job(job, TDI_UPLOAD_CANCELLED,
            tdi_fail(TD_ERROR_CANCELLED, "the upload was cancelled before it began"));
}

/* The uploader may be gone when this comes: it touches only the job. */
static void on_reached(tdi_watch *watch, td_result result)
{
    tdi_upload_job *job = (tdi_upload_job *)((char *)watch - offsetof(tdi_upload_job, watch));
    job->finished(job->user, result);
    drop_reference(job);
}

static void tell_submitted(tdi_upload_job *job, td_ticket ticket)
{
    tdi_mutex_lock(&job->uploader->mutex);
    job->ticket = ticket;
    set_state(job, TDI_UPLOAD_SUBMITTED);
    tdi_mutex_unlock(&job->uploader->mutex);
    if (job->submitted)
        job->submitted(job->user, ticket);
    if (!job->finished) {
        drop_reference(job);
        return;
    }
    job->watch.ticket = ticket;
    job->watch.reached = on_reached;
    tdi_ticket_watch(job->uploader->device, &job->watch);
}

/* The thread's part: the ring. */

VkDeviceSize tdi_uploader_staging_bytes(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(device->budget, &info);
    VkDeviceSize slot = LARGEST_SLOT;
    while (slot > SMALLEST_SLOT && slot * SLOTS > info.limit_bytes / LIMIT_SHARE)
        slot /= 2;
    return slot * SLOTS;
}

/* A smaller ring does as well where memory is short. */
static td_result make_ring(tdi_uploader *uploader)
{
    tdi_staging_params params = {
        .slot_bytes = tdi_uploader_staging_bytes(uploader->device) / SLOTS,
        .slots = SLOTS,
    };
    td_result result = tdi_staging_create(uploader->device, &params, &uploader->staging);
    while ((result == TD_ERROR_BUDGET || result == TD_ERROR_DEVICE_MEMORY) &&
           params.slot_bytes > SMALLEST_SLOT) {
        params.slot_bytes /= 2;
        result = tdi_staging_create(uploader->device, &params, &uploader->staging);
    }
    return result;
}

static void on_drained(tdi_watch *watch, td_result result)
{
    tdi_uploader *uploader = (tdi_uploader *)((char *)watch - offsetof(tdi_uploader, drain));
    (void)result;
    tdi_mutex_lock(&uploader->mutex);
    uploader->draining = false;
    tdi_cond_signal(&uploader->work);
    tdi_mutex_unlock(&uploader->mutex);
}

/* Frees the ring, or asks to be told when the GPU is done with it. Nothing of it is open. */
static void let_ring_go(tdi_uploader *uploader)
{
    td_device *device = uploader->device;
    td_ticket ticket = {0};
    (void)tdi_staging_submit(uploader->staging, &ticket);
    if (tdi_ticket_reached(device, ticket) || tdi_device_lost(device)) {
        tdi_staging_destroy(uploader->staging);
        uploader->staging = NULL;
        return;
    }
    tdi_mutex_lock(&uploader->mutex);
    uploader->draining = true;
    tdi_mutex_unlock(&uploader->mutex);
    uploader->drain = (tdi_watch){.ticket = ticket, .reached = on_drained};
    tdi_ticket_watch(device, &uploader->drain);
}

/* Under the lock. No slot of the ring is open then. */
static bool is_idle(const tdi_uploader *uploader)
{
    return !uploader->working && uploader->queue.count == 0;
}

/* A ring that nothing is copied into goes before others lack memory, at once or when the GPU is
 * done with it: the next upload makes it again. */
static uint64_t give_ring_up(tdi_relief *relief, uint64_t wanted)
{
    tdi_uploader *uploader = (tdi_uploader *)((char *)relief - offsetof(tdi_uploader, relief));
    (void)wanted;
    tdi_mutex_lock(&uploader->mutex);
    tdi_staging *ring = is_idle(uploader) ? uploader->staging : NULL;
    if (ring)
        uploader->staging = NULL;
    tdi_mutex_unlock(&uploader->mutex);
    if (!ring)
        return 0;
    const uint64_t bytes = tdi_staging_bytes(ring);
    tdi_staging_retire(ring);
    return bytes;
}

/* Submits the open slot and tells those that are complete with it. */
static td_result submit(tdi_uploader *uploader, td_ticket *out)
{
    tdi_upload_job *job = uploader->first;
    uploader->first = uploader->last = NULL;
    td_result result = tdi_staging_submit(uploader->staging, out);
    while (job) {
        tdi_upload_job *next = job->next;
        if (result == TD_OK)
            tell_submitted(job, *out);
        else
            end_job(job, TDI_UPLOAD_FAILED, result);
        job = next;
    }
    return result;
}

/* The thread's part: the data. */

/* Threads that help to fill a slot: one core copies a quarter of what a transfer queue takes (F5
 * and the rates beside it). */
#define MOST_HELPERS   7
#define PART_BYTES     (UINT64_C(256) << 10)
#define PARALLEL_BYTES (UINT64_C(1) << 20)

static tdi_pool *helpers_of(tdi_uploader *uploader)
{
    if (!uploader->pool && !uploader->pool_failed) {
        const uint32_t others = tdi_core_count() - 1;
        const uint32_t count = others < MOST_HELPERS ? others : MOST_HELPERS;
        uploader->pool_failed =
            count == 0 || tdi_pool_create(count, "td-upload", &uploader->pool) != TD_OK;
    }
    return uploader->pool;
}

typedef struct parts {
    uint8_t *to;
    const uint8_t *from;
    VkDeviceSize bytes;
} parts;

static void copy_part(void *user, uint32_t index)
{
    const parts *all = user;
    const VkDeviceSize begin = index * PART_BYTES;
    const VkDeviceSize left = all->bytes - begin;
    memcpy(all->to + begin, all->from + begin, left < PART_BYTES ? left : PART_BYTES);
}

static td_result write_piece(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes)
{
    tdi_upload_job *job = user;
    if (job->write)
        return job->write(job->user, to, offset, bytes);
    parts all = {to, job->data + offset, bytes};
    tdi_pool *pool = bytes >= PARALLEL_BYTES ? helpers_of(job->uploader) : NULL;
    if (pool)
        tdi_pool_for(pool, (uint32_t)((bytes + PART_BYTES - 1) / PART_BYTES), copy_part, &all);
    else
        memcpy(to, all.from, bytes);
    return TD_OK;
}

static td_result copy_pieces(tdi_uploader *uploader, tdi_upload_job *job)
{
    if (!uploader->staging)
        TDI_TRY(make_ring(uploader));
    while (job->transfer.done < job->transfer.size) {
        if (!tdi_staging_has_room(uploader->staging, &job->transfer)) {
            td_ticket ticket;
            const bool begun = job->transfer.done > 0;
            TDI_TRY(submit(uploader, &ticket));
            if (begun)
                job->ticket = ticket;
        }
        TDI_TRY(tdi_staging_copy(uploader->staging, &job->transfer, write_piece, job));
    }
    return TD_OK;
}

/* Of a job that failed on its way: its pieces in the open slot are let go with the rest of it, so
 * that the ticket covers them. */
static void fail_begun(tdi_uploader *uploader, tdi_upload_job *job, td_result result)
{
    if (job->transfer.done > 0 && uploader->staging && tdi_staging_is_open(uploader->staging)) {
        char *sentence = tdi_strdup(td_last_error());
        td_ticket ticket;
        if (submit(uploader, &ticket) == TD_OK)
            job->ticket = ticket;
        tdi_set_last_error(sentence ? sentence : td_result_text(result));
        tdi_free(sentence);
    }
    end_job(job, TDI_UPLOAD_FAILED, result);
}

static void run_job(tdi_uploader *uploader, tdi_upload_job *job)
{
    const td_result result = copy_pieces(uploader, job);
    if (result != TD_OK) {
        fail_begun(uploader, job, result);
        return;
    }
    job->next = NULL;
    if (uploader->last)
        uploader->last->next = job;
    else
        uploader->first = job;
    uploader->last = job;
}

/* Does one thing, if there is one to do. Called under the lock, which is not held meanwhile. */
static bool work_once(tdi_uploader *uploader)
{
    tdi_upload_job *job = (tdi_upload_job *)tdi_upload_queue_take(&uploader->queue);
    const bool open = uploader->staging && tdi_staging_is_open(uploader->staging);
    const bool keep = uploader->holders > 0 && !uploader->stopping;
    if (!job && !open && (!uploader->staging || uploader->draining || keep))
        return false;
    if (job)
        set_state(job, TDI_UPLOAD_BEGUN);
    uploader->working = true;
    tdi_mutex_unlock(&uploader->mutex);
    td_ticket ticket;
    if (job)
        run_job(uploader, job);
    else if (open)
        (void)submit(uploader, &ticket);
    else
        let_ring_go(uploader);
    tdi_mutex_lock(&uploader->mutex);
    uploader->working = false;
    return true;
}

/* Called under the lock, which is not held meanwhile. */
static void cancel_queued(tdi_uploader *uploader)
{
    tdi_upload_job *job;
    while ((job = (tdi_upload_job *)tdi_upload_queue_take(&uploader->queue))) {
        tdi_mutex_unlock(&uploader->mutex);
        end_cancelled(job);
        tdi_mutex_lock(&uploader->mutex);
    }
}

static void uploader_thread(void *user)
{
    tdi_uploader *uploader = user;
    tdi_mutex_lock(&uploader->mutex);
    for (;;) {
        if (uploader->stopping)
            cancel_queued(uploader);
        if (work_once(uploader))
            continue;
        if (uploader->stopping && !uploader->draining)
            break;
        tdi_cond_wait(&uploader->work, &uploader->mutex);
    }
    tdi_mutex_unlock(&uploader->mutex);
}

/* The uploader of a device */

static td_result start(tdi_uploader *uploader)
{
    TDI_TRY(tdi_mutex_init(&uploader->mutex, TDI_RANK_UPLOAD));
    td_result result = tdi_cond_init(&uploader->work);
    if (result == TD_OK) {
        result = tdi_cond_init(&uploader->settled);
        if (result == TD_OK) {
            result = tdi_thread_start(&uploader->thread, "td-upload", uploader_thread, uploader);
            if (result == TD_OK)
                return TD_OK;
            tdi_cond_destroy(&uploader->settled);
        }
        tdi_cond_destroy(&uploader->work);
    }
    tdi_mutex_destroy(&uploader->mutex);
    return result;
}

static td_result uploader_make(td_device *device, void **out)
{
    tdi_uploader *uploader = tdi_alloc_zero(1, sizeof *uploader);
    if (!uploader)
        return TD_ERROR_HOST_MEMORY;
    uploader->device = device;
    td_result result = start(uploader);
    if (result != TD_OK) {
        tdi_free(uploader);
        return result;
    }
    uploader->relief =
        (tdi_relief){.free_some = give_ring_up, .categories = UINT32_C(1) << TD_BUDGET_STAGING};
    tdi_memory_add_relief(device, &uploader->relief);
    *out = uploader;
    return TD_OK;
}

static void uploader_destroy(void *attached)
{
    tdi_uploader *uploader = attached;
    tdi_memory_remove_relief(uploader->device, &uploader->relief);
    tdi_mutex_lock(&uploader->mutex);
    uploader->stopping = true;
    tdi_cond_signal(&uploader->work);
    tdi_mutex_unlock(&uploader->mutex);
    tdi_thread_join(&uploader->thread);
    tdi_pool_destroy(uploader->pool);
    tdi_upload_queue_free(&uploader->queue);
    tdi_cond_destroy(&uploader->settled);
    tdi_cond_destroy(&uploader->work);
    tdi_mutex_destroy(&uploader->mutex);
    tdi_free(uploader);
}

td_result tdi_uploader_get(td_device *device, tdi_uploader **out)
{
    void *uploader = NULL;
    TDI_TRY(tdi_lanes_ready(device));
    TDI_TRY(
        tdi_device_attach(device, TDI_ATTACH_UPLOADER, uploader_make, uploader_destroy, &uploader));
    *out = uploader;
    return TD_OK;
}

void tdi_uploader_hold(tdi_uploader *uploader)
{
    tdi_mutex_lock(&uploader->mutex);
    uploader->holders++;
    tdi_mutex_unlock(&uploader->mutex);
}

void tdi_uploader_let_go(tdi_uploader *uploader)
{
    tdi_mutex_lock(&uploader->mutex);
    uploader->holders--;
    tdi_cond_signal(&uploader->work);
    tdi_mutex_unlock(&uploader->mutex);
}

bool tdi_uploader_is_idle(tdi_uploader *uploader)
{
    tdi_mutex_lock(&uploader->mutex);
    const bool idle = is_idle(uploader);
    tdi_mutex_unlock(&uploader->mutex);
    return idle;
}

/* Jobs */

static td_result check_rows(const tdi_upload_job_params *params, uint32_t height)
{
    const uint32_t bytes = params->texel_bytes;
    if (bytes == 0 || bytes > TDI_STAGING_ALIGNMENT || (bytes & (bytes - 1)) != 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "an upload of texels of %u bytes", bytes);
    if (params->first_row >= height || params->row_count > height - params->first_row)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "an upload of %u rows from row %u on of a level of %u rows",
                        params->row_count, params->first_row, height);
    return TD_OK;
}

static td_result describe_level(const tdi_upload_job_params *params, tdi_transfer *out)
{
    const tdi_vk_image *image = params->image;
    if (params->level >= image->levels)
        return tdi_fail(TD_ERROR_ARGUMENT, "an upload of level %u of an image of %u levels",
                        params->level, image->levels);
    const uint32_t width = image->width >> params->level ? image->width >> params->level : 1;
    const uint32_t height = image->height >> params->level ? image->height >> params->level : 1;
    TDI_TRY(check_rows(params, height));
    const uint32_t rows = params->row_count ? params->row_count : height - params->first_row;
    *out = (tdi_transfer){
        .image = image->handle,
        .level = params->level,
        .width = width,
        .first_row = params->first_row,
        .texel_bytes = params->texel_bytes,
        .keep = params->keep,
        .size = (VkDeviceSize)width * rows * params->texel_bytes,
    };
    return TD_OK;
}

static td_result describe(const tdi_upload_job_params *params, tdi_transfer *out)
{
    if (!params->data && !params->write)
        return tdi_fail(TD_ERROR_ARGUMENT, "an upload without data");
    if (params->image)
        return describe_level(params, out);
    if (!params->buffer || params->size == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "an upload of nothing");
    *out = (tdi_transfer){.buffer = params->buffer, .offset = params->offset, .size = params->size};
    return TD_OK;
}

static td_result enqueue(tdi_uploader *uploader, tdi_upload_job *job)
{
    tdi_mutex_lock(&uploader->mutex);
    const td_result result = tdi_upload_queue_add(&uploader->queue, &job->place);
    tdi_cond_signal(&uploader->work);
    tdi_mutex_unlock(&uploader->mutex);
    return result;
}

td_result tdi_uploader_add(tdi_uploader *uploader, const tdi_upload_job_params *params,
                           tdi_upload_job **out)
{
    tdi_transfer transfer;
    TDI_TRY(describe(params, &transfer));
    tdi_upload_job *job = tdi_alloc_zero(1, sizeof *job);
    if (!job)
        return TD_ERROR_HOST_MEMORY;
    job->uploader = uploader;
    job->transfer = transfer;
    job->place.priority = params->priority;
    job->data = params->data;
    job->write = params->write;
    job->submitted = params->submitted;
    job->finished = params->finished;
    job->user = params->user;
    atomic_init(&job->references, 2);
    atomic_init(&job->state, TDI_UPLOAD_QUEUED);
    *out = job; /* callbacks may come before this returns */
    const td_result result = enqueue(uploader, job);
    if (result != TD_OK) {
        *out = NULL;
        tdi_free(job);
    }
    return result;
}

tdi_upload_state tdi_upload_job_poll(tdi_upload_job *job)
{
    td_device *device = job->uploader->device;
    const tdi_upload_state state = state_of(job);
    if (state != TDI_UPLOAD_SUBMITTED)
        return state;
    if (tdi_ticket_reached(device, job->ticket))
        return TDI_UPLOAD_DONE;
    return tdi_device_lost(device) ? TDI_UPLOAD_FAILED : TDI_UPLOAD_SUBMITTED;
}

void tdi_upload_job_set_priority(tdi_upload_job *job, int64_t priority)
{
    tdi_uploader *uploader = job->uploader;
    tdi_mutex_lock(&uploader->mutex);
    if (job->place.queued)
        tdi_upload_queue_move(&uploader->queue, &job->place, priority);
    tdi_mutex_unlock(&uploader->mutex);
}

bool tdi_upload_job_cancel(tdi_upload_job *job)
{
    tdi_uploader *uploader = job->uploader;
    tdi_mutex_lock(&uploader->mutex);
    const bool queued = job->place.queued;
    if (queued)
        tdi_upload_queue_remove(&uploader->queue, &job->place);
    tdi_mutex_unlock(&uploader->mutex);
    if (queued)
        end_cancelled(job);
    return queued;
}

static td_result fail_as_job(const tdi_upload_job *job)
{
    const char *sentence = job->sentence ? job->sentence : td_result_text(job->result);
    return tdi_fail(job->result, "%s", sentence);
}

td_result tdi_upload_job_wait_submitted(tdi_upload_job *job, uint64_t timeout_ns, td_ticket *out)
{
    tdi_uploader *uploader = job->uploader;
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    if (timeout_ns > 0 && state_of(job) <= TDI_UPLOAD_BEGUN)
        TDI_TRY(tdi_check_may_wait("an upload that is not submitted"));
    tdi_mutex_lock(&uploader->mutex);
    while (state_of(job) <= TDI_UPLOAD_BEGUN) {
        if (!tdi_cond_wait_until(&uploader->settled, &uploader->mutex, deadline))
            break;
    }
    const tdi_upload_state state = state_of(job);
    if (state > TDI_UPLOAD_BEGUN)
        *out = job->ticket;
    tdi_mutex_unlock(&uploader->mutex);
    if (state <= TDI_UPLOAD_BEGUN)
        return tdi_fail(TD_ERROR_TIMEOUT, "the upload was not submitted within %llu ms; it goes on",
                        (unsigned long long)(timeout_ns / TDI_NS_PER_MS));
    return job->result == TD_OK ? TD_OK : fail_as_job(job);
}

void tdi_upload_job_release(tdi_upload_job *job)
{
    if (!job)
        return;
    if (state_of(job) == TDI_UPLOAD_QUEUED)
        (void)tdi_upload_job_cancel(job);
    drop_reference(job);
}
