#include "batch/view.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

/* One file of a view. */
typedef struct view_file {
    tdi_encode_job job;
    tdi_batch_view *view;
    uint32_t output; /* into tdi_output_kinds */
    char *path;
} view_file;

struct tdi_batch_view {
    td_batch *batch;
    td_request *request;
    tdi_banded *banded; /* whose band this is; NULL: a whole view */
    uint32_t band;
    uint64_t number;
    uint32_t row;      /* of the timeline: views that are in flight together have one each */
    uint64_t begun_ns; /* the time limit runs from here */
    uint64_t submitted_ns;
    uint64_t finished_ns;
    uint64_t
        late_ns; /* when it was given up; 0: it was not. Guarded by the batch's lock, as are: */
    tdi_batch_view *previous; /* of those that the device has */
    tdi_batch_view *next;
    atomic_bool failed;
    _Atomic uint32_t files_left;
    uint32_t file_count;
    view_file files[TDI_OUTPUT_COUNT];
    tdi_task task;        /* for raw frames and bands */
    tdi_stream_item item; /* likewise */
};

/* What the batch waits for before it is idle. */
static void enter(td_batch *batch, uint32_t count)
{
    tdi_mutex_lock(&batch->lock);
    batch->outstanding += count;
    tdi_mutex_unlock(&batch->lock);
}

static void leave(td_batch *batch)
{
    tdi_mutex_lock(&batch->lock);
    if (--batch->outstanding == 0)
        tdi_cond_broadcast(&batch->idle);
    tdi_mutex_unlock(&batch->lock);
}

td_result tdi_batch_views_begin(td_batch *batch, uint64_t first, uint32_t count,
                                tdi_batch_view **views)
{
    for (uint32_t i = 0; i < count; i++) {
        views[i] = tdi_alloc_zero(1, sizeof *views[i]);
        if (!views[i]) {
            while (i > 0)
                tdi_free(views[--i]);
            return TD_ERROR_HOST_MEMORY;
        }
        views[i]->batch = batch;
        views[i]->number = first + i;
    }
    enter(batch, count);
    return TD_OK;
}

void tdi_batch_view_set_band(tdi_batch_view *view, tdi_banded *banded, uint32_t band)
{
    tdi_banded_hold(banded);
    view->banded = banded;
    view->band = band;
}

/* Gives the pixels back to the renderer and forgets the view. */
static void end_view(tdi_batch_view *view)
{
    td_batch *batch = view->batch;
    td_request_release(view->request);
    if (view->banded)
        tdi_banded_release(view->banded);
    for (uint32_t i = 0; i < view->file_count; i++)
        tdi_free(view->files[i].path);
    tdi_free(view);
    leave(batch);
}

static bool is_raw(const td_batch *batch)
{
    return tdi_destination_sink(batch->destination) == TDI_SINK_RAW;
}

/* Bands fail together. */
static atomic_bool *failed(tdi_batch_view *view)
{
    return view->banded ? &view->banded->failed : &view->failed;
}

/* A view fails once, for the first reason. A stream that lacks a frame is of no use from there on.
 */
static void fail_view(tdi_batch_view *view, td_result result)
{
    td_batch *batch = view->batch;
    if (atomic_exchange(failed(view), true) || result == TD_ERROR_CANCELLED)
        return;
    tdi_tally_failed(&batch->tally, view->number, result);
    if (is_raw(batch) || tdi_tally_hopeless(&batch->tally))
        atomic_store(&batch->stopped, true);
}

void tdi_batch_views_fail(tdi_batch_view **views, uint32_t count, td_result result)
{
    for (uint32_t i = 0; i < count; i++) {
        fail_view(views[i], result);
        end_view(views[i]);
    }
}

void tdi_batch_views_drop(tdi_batch_view **views, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        end_view(views[i]);
}

/* A view is done with its last band. */
static void finish_view(tdi_batch_view *view)
{
    const bool last = !view->banded || view->band == view->banded->bands - 1;
    if (last && !atomic_load(failed(view)))
        tdi_tally_done(&view->batch->tally);
    end_view(view);
}

void tdi_batch_span(const td_batch *batch, uint32_t worker, const char *name, uint64_t view,
                    uint64_t begin_ns, uint64_t end_ns)
{
    char track[32];
    tdi_snprintf(track, sizeof track, "encode %u", worker);
    td_monitor_add(batch->monitor, track, name, (int64_t)view, begin_ns, end_ns);
}

static void add_span(const tdi_batch_view *view, uint32_t worker, const char *name,
                     uint64_t begin_ns, uint64_t end_ns)
{
    tdi_batch_span(view->batch, worker, name, view->number, begin_ns, end_ns);
}

static void add_to_sheet(const tdi_batch_view *view, uint32_t worker)
{
    td_image image;
    td_batch *batch = view->batch;
    if (!batch->sheet || td_request_image(view->request, TD_OUTPUT_COLOR, &image) != TD_OK)
        return;
    uint64_t begin = tdi_now_ns();
    if (view->banded)
        tdi_sheet_add(batch->sheet, view->number, &image, batch->params.height,
                      &view->banded->sheet_part);
    else
        tdi_sheet_set(batch->sheet, view->number, &image);
    add_span(view, worker, "contact sheet", begin, tdi_now_ns());
}

/* On a thread of the encoder. */
static void file_is_written(tdi_encode_job *job)
{
    view_file *file = job->user;
    tdi_batch_view *view = file->view;
    if (job->result != TD_OK) {
        fail_view(view, job->result);
    } else {
        add_span(view, job->worker, "encode", job->begin_ns, job->encoded_ns);
        add_span(view, job->worker, "write", job->encoded_ns, job->end_ns);
        if (job->file_bytes > 0)
            tdi_tally_file(&view->batch->tally, view->number, file->output, job->file_bytes);
    }
    if (tdi_output_kinds[file->output].output == TD_OUTPUT_COLOR)
        add_to_sheet(view, job->worker);
    if (atomic_fetch_sub(&view->files_left, 1) == 1)
        finish_view(view);
}

/* On a thread of the encoder: folders may be far away. */
static td_result prepare_file(tdi_encode_job *job, bool *wanted)
{
    view_file *file = job->user;
    const tdi_batch_view *view = file->view;
    const tdi_destination *destination = view->batch->destination;
    const tdi_output_kind *kind = &tdi_output_kinds[file->output];
    TDI_TRY(tdi_destination_path(destination, view->number, kind, &file->path));
    TDI_TRY(tdi_destination_prepare(destination, file->path, wanted));
    if (!*wanted)
        return TD_OK;
    td_image image;
    TDI_TRY(td_request_image(view->request, kind->output, &image));
    job->path = file->path;
    job->pixels = image.pixels;
    job->row_bytes = image.row_bytes;
    job->width = image.width;
    job->height = image.height;
    return TD_OK;
}

static void add_file(tdi_batch_view *view, uint32_t output)
{
    const td_batch *batch = view->batch;
    uint64_t limit = batch->params.view_timeout_ns;
    bool png = tdi_destination_sink(batch->destination) == TDI_SINK_PNG;
    view_file *file = &view->files[view->file_count++];
    file->view = view;
    file->output = output;
    file->job = (tdi_encode_job){
        .prepare = prepare_file,
        .kind = tdi_output_kinds[output].picture,
        .file = png ? TDI_FILE_PNG : TDI_FILE_NPY,
        .deadline_ns = limit == 0 ? 0 : tdi_deadline(view->begun_ns, limit),
        .done = file_is_written,
        .user = file,
    };
}

static void write_files(tdi_batch_view *view)
{
    for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
        if ((view->batch->params.outputs & tdi_output_kinds[i].output) != 0)
            add_file(view, i);
    }
    /* The view may be gone once its last file is submitted. */
    uint32_t count = view->file_count;
    tdi_encoder *encoder = view->batch->encoder;
    atomic_store(&view->files_left, count);
    for (uint32_t i = 0; i < count; i++)
        tdi_encoder_submit(encoder, &view->files[i].job);
}

static td_result fail_late(const td_batch *batch, uint64_t view, uint64_t taken_ns)
{
    return tdi_fail(TD_ERROR_TIMEOUT, "view %llu: took %.3f s; the limit is %.3f s",
                    (unsigned long long)view, (double)taken_ns * 1e-9,
                    (double)batch->params.view_timeout_ns * 1e-9);
}

static td_result check_time(const tdi_batch_view *view, uint64_t now)
{
    uint64_t limit = view->batch->params.view_timeout_ns;
    uint64_t taken = now - view->begun_ns;
    return limit == 0 || taken <= limit ? TD_OK : fail_late(view->batch, view->number, taken);
}

static td_result write_raw(tdi_batch_view *view, uint32_t worker)
{
    td_batch *batch = view->batch;
    td_image image;
    TDI_TRY(check_time(view, tdi_now_ns()));
    TDI_TRY(td_request_image(view->request, (td_output)batch->params.outputs, &image));
    uint64_t begin = tdi_now_ns();
    size_t size = image.row_bytes * image.height;
    TDI_TRY(batch->params.write(batch->params.write_user, image.pixels, size));
    add_span(view, worker, "write", begin, tdi_now_ns());
    add_to_sheet(view, worker);
    return TD_OK;
}

static void deliver_raw(tdi_stream_item *item, void *user, uint32_t worker)
{
    (void)user;
    tdi_batch_view *view =
        (tdi_batch_view *)(void *)((char *)item - offsetof(tdi_batch_view, item));
    bool stopped = atomic_load(&view->batch->stopped) || atomic_load(&view->batch->cancelled);
    if (stopped) {
        end_view(view);
        return;
    }
    td_result result = atomic_load(failed(view)) ? TD_OK : write_raw(view, worker);
    if (result != TD_OK)
        fail_view(view, result);
    finish_view(view);
}

static void run_raw(tdi_task *task, uint32_t worker)
{
    tdi_batch_view *view =
        (tdi_batch_view *)(void *)((char *)task - offsetof(tdi_batch_view, task));
    tdi_stream_put(&view->batch->stream, &view->item, NULL, worker);
}

static td_result write_band(tdi_batch_view *view, uint32_t worker)
{
    TDI_TRY(check_time(view, tdi_now_ns()));
    TDI_TRY(tdi_banded_add(view->banded, view->request, view->band, worker));
    add_to_sheet(view, worker);
    return TD_OK;
}

/* One that failed, or comes too late for anything, is handed on too: others wait for it. */
static void deliver_band(tdi_stream_item *item, void *user, uint32_t worker)
{
    (void)user;
    tdi_batch_view *view =
        (tdi_batch_view *)(void *)((char *)item - offsetof(tdi_batch_view, item));
    if (atomic_load(&view->batch->cancelled) || atomic_load(failed(view))) {
        end_view(view);
        return;
    }
    td_result result = write_band(view, worker);
    if (result != TD_OK)
        fail_view(view, result);
    finish_view(view);
}

static void run_band(tdi_task *task, uint32_t worker)
{
    tdi_batch_view *view =
        (tdi_batch_view *)(void *)((char *)task - offsetof(tdi_batch_view, task));
    /* The stream is the banded view's, which must outlive the call; and as unfinished files go with
     * that, the batch is not idle before. */
    td_batch *batch = view->batch;
    tdi_banded *banded = view->banded;
    tdi_banded_hold(banded);
    enter(batch, 1);
    tdi_stream_put(&banded->stream, &view->item, NULL, worker);
    tdi_banded_release(banded);
    leave(batch);
}

static void add_pending(tdi_batch_view *view)
{
    td_batch *batch = view->batch;
    tdi_mutex_lock(&batch->lock);
    view->next = batch->pending;
    if (view->next)
        view->next->previous = view;
    batch->pending = view;
    tdi_mutex_unlock(&batch->lock);
}

static void remove_pending(tdi_batch_view *view)
{
    td_batch *batch = view->batch;
    tdi_mutex_lock(&batch->lock);
    if (view->next)
        view->next->previous = view->previous;
    if (view->previous)
        view->previous->next = view->next;
    else
        batch->pending = view->next;
    batch->answered_ns = tdi_now_ns();
    tdi_mutex_unlock(&batch->lock);
}

/* Gives one view up that is past its limit, and says which. A view that is pending keeps its
 * request. */
static bool give_up_one(td_batch *batch, uint64_t now, uint64_t *number, uint64_t *taken_ns)
{
    bool found = false;
    tdi_mutex_lock(&batch->lock);
    for (tdi_batch_view *view = batch->pending; view && !found; view = view->next) {
        if (view->late_ns != 0 || now <= view->begun_ns ||
            now - view->begun_ns <= batch->params.view_timeout_ns)
            continue;
        view->late_ns = now;
        (void)td_request_cancel(view->request);
        *number = view->number;
        *taken_ns = now - view->begun_ns;
        found = !atomic_exchange(failed(view), true);
    }
    tdi_mutex_unlock(&batch->lock);
    return found;
}

void tdi_batch_views_give_up(td_batch *batch)
{
    uint64_t number;
    uint64_t taken_ns;
    uint64_t now = tdi_now_ns();
    if (batch->params.view_timeout_ns == 0)
        return;
    while (give_up_one(batch, now, &number, &taken_ns)) {
        tdi_tally_failed(&batch->tally, number, fail_late(batch, number, taken_ns));
        if (is_raw(batch))
            atomic_store(&batch->stopped, true);
    }
}

bool tdi_batch_views_unanswered(td_batch *batch, uint64_t waited_ns, uint64_t cancelled_ns)
{
    bool unanswered = false;
    uint64_t now = tdi_now_ns();
    tdi_mutex_lock(&batch->lock);
    for (const tdi_batch_view *view = batch->pending; view && !unanswered; view = view->next) {
        uint64_t since = view->late_ns;
        if (since == 0 || (cancelled_ns != 0 && cancelled_ns < since))
            since = cancelled_ns;
        if (since == 0)
            continue;
        since = since > batch->answered_ns ? since : batch->answered_ns;
        unanswered = now > since && now - since > waited_ns;
    }
    tdi_mutex_unlock(&batch->lock);
    return unanswered;
}

/* On the completion thread, which must not be kept. */
static void view_is_ready(void *user, td_request *request)
{
    tdi_batch_view *view = user;
    td_batch *batch = view->batch;
    view->finished_ns = tdi_now_ns();
    remove_pending(view);
    char track[32];
    tdi_snprintf(track, sizeof track, "in flight %u", view->row);
    td_monitor_add(batch->monitor, track, "render", (int64_t)view->number, view->submitted_ns,
                   view->finished_ns);
    td_result result = td_request_result(request);
    if (result == TD_OK)
        result = check_time(view, view->finished_ns);
    if (result != TD_OK)
        fail_view(view, result);
    if (is_raw(batch))
        tdi_pool_submit(batch->raw_pool, &view->task);
    else if (view->banded)
        tdi_encoder_run(batch->encoder, &view->task);
    else if (atomic_load(&batch->cancelled) || atomic_load(failed(view)))
        end_view(view);
    else
        write_files(view);
}

static void set_delivery(tdi_batch_view *view)
{
    const bool raw = is_raw(view->batch);
    tdi_banded *banded = view->banded;
    view->task.run = raw ? run_raw : run_band;
    view->item.deliver = raw ? deliver_raw : deliver_band;
    view->item.number = view->number;
    if (!banded)
        return;
    view->item.number = raw ? view->number * banded->bands + view->band : view->band;
    if (banded->begun_ns == 0)
        banded->begun_ns = view->begun_ns;
    view->begun_ns = banded->begun_ns;
}

void tdi_batch_views_follow(tdi_batch_view **views, td_request **requests, uint32_t count,
                            uint32_t row, uint64_t begun_ns)
{
    uint64_t now = tdi_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        tdi_batch_view *view = views[i];
        view->request = requests[i];
        view->row = row;
        view->begun_ns = begun_ns;
        view->submitted_ns = now;
        set_delivery(view);
        add_pending(view);
        td_result result = td_request_on_finish(view->request, view_is_ready, view);
        if (result != TD_OK) {
            remove_pending(view);
            tdi_batch_views_fail(&views[i], 1, result);
        }
    }
}
