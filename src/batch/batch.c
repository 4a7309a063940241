#include "batch/batch.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "batch/view.h"

#define MOST_VIEWS_AT_ONCE 64
#define DEFAULT_IN_FLIGHT  3
#define MOST_LEASES        16
#define TICK_NS            (100 * TDI_NS_PER_MS)
#define GIVE_UP_NS         (10 * TDI_NS_PER_S)

static bool ends_in_png(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".png") == 0;
}

static td_result check_params(const td_batch_params *params)
{
    if (!params || !params->device || !params->scene || !params->cameras)
        return tdi_fail(TD_ERROR_ARGUMENT, "a batch needs a device, a scene and cameras");
    if (params->view_count == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a batch needs at least one view");
    if (params->width == 0 || params->height == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "an image of %ux%u has no pixels", params->width,
                        params->height);
    bool raw = params->output && strcmp(params->output, "-") == 0;
    if (raw && !params->write)
        return tdi_fail(TD_ERROR_ARGUMENT, "raw frames need a function that takes them");
    if (!params->contact_sheet)
        return TD_OK;
    if (!ends_in_png(params->contact_sheet))
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: a contact sheet is a .png file",
                        params->contact_sheet);
    if (params->outputs != 0 && (params->outputs & TD_OUTPUT_COLOR) == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a contact sheet needs color among the outputs");
    return TD_OK;
}

/* A sheet that is there may be complete, so one that is not does not replace it. */
static bool keeps_sheet(const td_batch *batch)
{
    return batch->params.existing == TD_EXISTING_SKIP && tdi_file_has_content(batch->contact_sheet);
}

static void say_sheet_kept(const td_batch *batch)
{
    tdi_log(TD_LOG_WARNING, "%s: is left as it was, since not all views were rendered anew",
            batch->contact_sheet);
}

static td_result make_sheet(td_batch *batch)
{
    const td_batch_params *params = &batch->params;
    if (!params->contact_sheet)
        return TD_OK;
    if (params->existing == TD_EXISTING_ERROR && tdi_file_exists(params->contact_sheet))
        return tdi_fail(TD_ERROR_EXISTS, "%s: exists already; --overwrite replaces it",
                        params->contact_sheet);
    TDI_TRY(tdi_destination_check_others(batch->destination, &params->contact_sheet, 1));
    batch->contact_sheet = tdi_strdup(params->contact_sheet);
    if (!batch->contact_sheet)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(tdi_make_folders_for(batch->contact_sheet));
    bool skips = tdi_destination_skipped(batch->destination) > 0;
    if (skips && keeps_sheet(batch)) {
        say_sheet_kept(batch);
        return TD_OK;
    }
    if (skips)
        tdi_log(TD_LOG_WARNING, "%s: lacks the views that were there before", batch->contact_sheet);
    return tdi_sheet_create(params->view_count, params->width, params->height, &batch->sheet);
}

static td_result make_monitor(td_batch *batch)
{
    batch->monitor = batch->params.monitor;
    if (batch->monitor)
        return TD_OK;
    TDI_TRY(td_monitor_create(0, &batch->own_monitor));
    batch->monitor = batch->own_monitor;
    return TD_OK;
}

static td_result make_threads(td_batch *batch)
{
    const td_batch_params *params = &batch->params;
    uint32_t cores = tdi_core_count();
    if (params->encode_threads > 2 * cores)
        tdi_log(TD_LOG_WARNING, "%u threads on %u cores: more than twice as many only wait",
                params->encode_threads, cores);
    if (tdi_destination_sink(batch->destination) == TDI_SINK_RAW)
        return tdi_pool_create(1, "td-stream", &batch->raw_pool);
    tdi_encoder_params encoder = {
        .threads = params->encode_threads,
        /* What is skipped is known by then; an empty file is not. */
        .replace = params->existing != TD_EXISTING_ERROR,
        .durable = params->durable,
    };
    return tdi_encoder_create(&encoder, &batch->encoder);
}

/* Every encoder may hold a result while the GPU fills the next ones. */
static td_result make_renderer(td_batch *batch)
{
    const td_batch_params *params = &batch->params;
    uint32_t leases = batch->encoder ? tdi_encoder_threads(batch->encoder) : 1;
    td_renderer_params renderer = {
        .scene = params->scene,
        .width = params->width,
        .height = params->height,
        .samples = params->samples,
        .outputs = params->outputs,
        .in_flight = params->in_flight ? params->in_flight : DEFAULT_IN_FLIGHT,
        .views_per_submission = params->views_per_submission,
        .exposure = params->exposure,
        .tonemap = params->tonemap,
        .environment = params->environment,
        .environment_rotation = params->environment_rotation,
        .environment_behind = params->environment_behind,
        .raster = params->raster,
        .async = params->async,
        .bands = true,
        .band_height = params->band_height,
        .textures = params->textures,
        .monitor = batch->monitor,
    };
    renderer.result_slots = renderer.in_flight + (leases < MOST_LEASES ? leases : MOST_LEASES);
    memcpy(renderer.background, params->background, sizeof renderer.background);
    uint64_t begin = tdi_now_ns();
    TDI_TRY(td_renderer_create(params->device, &renderer, &batch->renderer));
    batch->renderer_ms = (double)(tdi_now_ns() - begin) * 1e-6;
    return TD_OK;
}

static td_result init_sync(td_batch *batch)
{
    TDI_TRY(tdi_mutex_init(&batch->lock, TDI_RANK_BATCH));
    td_result result = tdi_cond_init(&batch->idle);
    if (result == TD_OK) {
        result = tdi_stream_init(&batch->stream);
        if (result == TD_OK)
            return TD_OK;
        tdi_cond_destroy(&batch->idle);
    }
    tdi_mutex_destroy(&batch->lock);
    return result;
}

static td_result make_parts(td_batch *batch)
{
    TDI_TRY(tdi_destination_create(&batch->params, &batch->destination));
    TDI_TRY(make_sheet(batch));
    TDI_TRY(tdi_tally_init(&batch->tally, batch->params.view_count));
    TDI_TRY(make_monitor(batch));
    TDI_TRY(make_threads(batch));
    return make_renderer(batch);
}

td_result td_batch_create(const td_batch_params *params, td_batch **out)
{
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "there is nowhere to put the batch");
    *out = NULL;
    TDI_TRY(check_params(params));
    td_batch *batch = tdi_alloc_zero(1, sizeof *batch);
    if (!batch)
        return TD_ERROR_HOST_MEMORY;
    batch->params = *params;
    if (batch->params.outputs == 0)
        batch->params.outputs = TD_OUTPUT_COLOR;
    batch->created_ns = tdi_now_ns();
    td_result result = init_sync(batch);
    if (result != TD_OK) {
        tdi_free(batch);
        return result;
    }
    result = make_parts(batch);
    if (result != TD_OK) {
        td_batch_destroy(batch);
        return result;
    }
    *out = batch;
    return TD_OK;
}

void td_batch_destroy(td_batch *batch)
{
    if (!batch)
        return;
    tdi_encoder_destroy(batch->encoder);
    tdi_pool_destroy(batch->raw_pool);
    td_renderer_destroy(batch->renderer);
    td_monitor_destroy(batch->own_monitor);
    tdi_tally_free(&batch->tally);
    tdi_sheet_destroy(batch->sheet);
    tdi_free(batch->contact_sheet);
    tdi_destination_destroy(batch->destination);
    tdi_stream_free(&batch->stream);
    tdi_cond_destroy(&batch->idle);
    tdi_mutex_destroy(&batch->lock);
    tdi_free(batch);
}

void td_batch_cancel(td_batch *batch)
{
    atomic_store(&batch->cancelled, true);
}

td_result td_batch_write_graph(td_batch *batch, const char *path, bool replace)
{
    if (!batch || !path)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_batch_write_graph: an argument is NULL");
    return td_renderer_write_svg(batch->renderer, path, replace);
}

void td_batch_get_info(td_batch *batch, td_batch_info *out)
{
    memset(out, 0, sizeof *out);
    out->views = batch->params.view_count;
    out->skipped = tdi_destination_skipped(batch->destination);
    out->cancelled = atomic_load(&batch->cancelled);
    out->unanswered = atomic_load(&batch->unanswered);
    uint64_t begun = atomic_load(&batch->begun_ns);
    uint64_t ended = atomic_load(&batch->ended_ns);
    if (begun != 0)
        out->elapsed_s = (double)((ended ? ended : tdi_now_ns()) - begun) * 1e-9;
    tdi_mutex_lock(&batch->tally.lock);
    out->done = batch->tally.done;
    out->failed = batch->tally.failed;
    out->files = batch->tally.files;
    out->encoded_bytes = batch->tally.bytes;
    tdi_mutex_unlock(&batch->tally.lock);
}

td_result td_batch_get_failure(td_batch *batch, uint32_t index, td_batch_failure *out)
{
    const tdi_tally *tally = &batch->tally;
    if (index >= tally->failure_count)
        return tdi_fail(TD_ERROR_NOT_FOUND, "failure %u is past the last (%zu of them)", index,
                        tally->failure_count);
    const tdi_failure *failure = &tally->failures[index];
    out->view = failure->view;
    out->result = failure->result;
    out->sentence = failure->sentence ? failure->sentence : td_result_text(failure->result);
    return TD_OK;
}

/* The submitting thread's own place in a run. */
typedef struct batch_run {
    td_batch *batch;
    uint32_t at_once;     /* views a submission takes */
    uint32_t bands;       /* of a view; 1: it comes whole */
    uint32_t in_flight;   /* submissions at most */
    uint32_t submissions; /* so far */
    uint64_t next_tick_ns;
    uint64_t begun_ns;     /* of the submission in progress */
    uint64_t cancelled_ns; /* when that was seen; 0: not yet */
} batch_run;

/* A device that keeps views that long after they were given up does not answer any more. */
static void watch_device(batch_run *run)
{
    td_batch *batch = run->batch;
    tdi_batch_views_give_up(batch);
    if (run->cancelled_ns == 0 && atomic_load(&batch->cancelled))
        run->cancelled_ns = tdi_now_ns();
    if (atomic_load(&batch->unanswered) ||
        !tdi_batch_views_unanswered(batch, GIVE_UP_NS, run->cancelled_ns))
        return;
    (void)tdi_fail(TD_ERROR_DEVICE_LOST,
                   "the device has not answered for %llu s; it is given up, with its views",
                   (unsigned long long)(GIVE_UP_NS / TDI_NS_PER_S));
    tdi_tally_failed(&batch->tally, UINT64_MAX, TD_ERROR_DEVICE_LOST);
    atomic_store(&batch->unanswered, true);
    atomic_store(&batch->stopped, true);
}

static void tick(batch_run *run)
{
    td_batch *batch = run->batch;
    uint64_t now = tdi_now_ns();
    watch_device(run);
    if (!batch->params.progress || now < run->next_tick_ns)
        return;
    run->next_tick_ns = now + TICK_NS;
    td_batch_info info;
    td_batch_get_info(batch, &info);
    batch->params.progress(batch->params.progress_user, &info);
}

static bool should_stop(td_batch *batch)
{
    return atomic_load(&batch->cancelled) || atomic_load(&batch->stopped);
}

/* Time limits run from the last attempt to submit on, so attempts are short beside them. */
static uint64_t attempt_ns(const td_batch *batch)
{
    uint64_t quarter = batch->params.view_timeout_ns / 4;
    return quarter > 0 && quarter < TICK_NS ? quarter : TICK_NS;
}

/* Views of one submission, or one band of a view. */
typedef struct batch_work {
    uint64_t first;
    uint32_t count;
    tdi_banded *banded; /* NULL: whole views */
    uint32_t band;
} batch_work;

static td_result try_to_submit(td_batch *batch, const batch_work *work, td_request **requests)
{
    const td_camera *cameras = batch->params.cameras + work->first;
    if (work->banded)
        return td_renderer_submit_band(batch->renderer, cameras, work->band, work->first,
                                       attempt_ns(batch), requests);
    return td_renderer_submit(batch->renderer, cameras, work->count, work->first, attempt_ns(batch),
                              requests);
}

/* Waits for a free slot in slices, so that a cancellation is seen in time. TD_ERROR_CANCELLED if
 * there is no point in going on. */
static td_result submit_when_free(batch_run *run, const batch_work *work, td_request **requests)
{
    td_batch *batch = run->batch;
    td_result result = TD_ERROR_TIMEOUT;
    while (result == TD_ERROR_TIMEOUT || result == TD_ERROR_AGAIN) {
        tick(run);
        if (should_stop(batch))
            return TD_ERROR_CANCELLED;
        run->begun_ns = tdi_now_ns();
        result = try_to_submit(batch, work, requests);
    }
    return result;
}

static void follow_views(batch_run *run, tdi_batch_view **views, td_request **requests,
                         uint32_t count)
{
    if (run->submissions == 0)
        run->batch->first_submission_ns = tdi_now_ns();
    tdi_batch_views_follow(views, requests, count, run->submissions++ % run->in_flight,
                           run->begun_ns);
}

/* Not even a try was possible. */
static void give_up_all(td_batch *batch, td_result result)
{
    tdi_tally_failed(&batch->tally, UINT64_MAX, result);
    atomic_store(&batch->stopped, true);
}

static void submit_views(batch_run *run, uint64_t first, uint32_t count)
{
    td_batch *batch = run->batch;
    tdi_batch_view *views[MOST_VIEWS_AT_ONCE];
    td_request *requests[MOST_VIEWS_AT_ONCE];
    const batch_work work = {.first = first, .count = count};
    td_result result = tdi_batch_views_begin(batch, first, count, views);
    if (result != TD_OK) {
        give_up_all(batch, result);
        return;
    }
    result = submit_when_free(run, &work, requests);
    bool alone = count == 1 || result != TD_ERROR_ARGUMENT;
    if (result == TD_OK)
        follow_views(run, views, requests, count);
    else if (result == TD_ERROR_CANCELLED || !alone)
        tdi_batch_views_drop(views, count);
    else
        tdi_batch_views_fail(views, count, result);
    /* One camera that cannot be used must not take the others with it. */
    for (uint32_t i = 0; i < count && !alone; i++)
        submit_views(run, first + i, 1);
}

static void submit_band(batch_run *run, const batch_work *work)
{
    td_batch *batch = run->batch;
    tdi_batch_view *view;
    td_request *request;
    td_result result = tdi_batch_views_begin(batch, work->first, 1, &view);
    if (result != TD_OK) {
        give_up_all(batch, result);
        return;
    }
    tdi_batch_view_set_band(view, work->banded, work->band);
    result = submit_when_free(run, work, &request);
    if (result == TD_OK)
        follow_views(run, &view, &request, 1);
    else if (result == TD_ERROR_CANCELLED)
        tdi_batch_views_drop(&view, 1);
    else
        tdi_batch_views_fail(&view, 1, result);
}

/* A view that failed needs no more of its bands. */
static void submit_bands(batch_run *run, uint64_t number)
{
    td_batch *batch = run->batch;
    batch_work work = {.first = number, .count = 1};
    const td_result result = tdi_banded_create(batch, number, run->bands, &work.banded);
    if (result != TD_OK) {
        give_up_all(batch, result);
        return;
    }
    for (; work.band < run->bands; work.band++) {
        if (should_stop(batch) || atomic_load(&work.banded->failed))
            break;
        submit_band(run, &work);
    }
    tdi_banded_release(work.banded);
}

/* Number of views from `first` on that can share a submission. */
static uint32_t count_together(const batch_run *run, uint64_t first)
{
    const td_batch *batch = run->batch;
    uint32_t count = 0;
    while (count < run->at_once && first + count < batch->params.view_count &&
           !tdi_destination_skips(batch->destination, first + count))
        count++;
    return count;
}

static void wait_until_idle(batch_run *run)
{
    td_batch *batch = run->batch;
    bool idle = false;
    while (!idle) {
        tick(run);
        tdi_mutex_lock(&batch->lock);
        if (batch->outstanding > 0)
            (void)tdi_cond_wait_until(&batch->idle, &batch->lock,
                                      tdi_deadline(tdi_now_ns(), TICK_NS));
        idle = batch->outstanding == 0 || atomic_load(&batch->unanswered);
        tdi_mutex_unlock(&batch->lock);
    }
}

static void submit_all(batch_run *run)
{
    uint64_t view = 0;
    while (view < run->batch->params.view_count && !should_stop(run->batch)) {
        uint32_t count = count_together(run, view);
        if (count > 0 && run->bands > 1)
            submit_bands(run, view);
        else if (count > 0)
            submit_views(run, view, count);
        view += count > 0 ? count : 1;
    }
}

static void write_sheet(td_batch *batch)
{
    if (!batch->sheet)
        return;
    if (batch->tally.done < batch->params.view_count && keeps_sheet(batch)) {
        say_sheet_kept(batch);
        return;
    }
    tdi_file_writer_params params = {
        .path = batch->contact_sheet,
        .replace = batch->params.existing != TD_EXISTING_ERROR,
        .durable = batch->params.durable,
    };
    td_result result = tdi_sheet_write(batch->sheet, &params);
    if (result != TD_OK)
        tdi_tally_failed(&batch->tally, UINT64_MAX, result);
}

/* Says why views are missing that were never tried. */
static void explain_stop(td_batch *batch)
{
    td_batch_info info;
    td_batch_get_info(batch, &info);
    uint64_t left = info.views - info.done - info.failed - info.skipped;
    if (left == 0 || info.cancelled || info.unanswered)
        return;
    td_result reason = batch->tally.gravest;
    (void)tdi_fail(reason, "%llu more views were given up after that", (unsigned long long)left);
    tdi_tally_failed(&batch->tally, UINT64_MAX, reason);
}

td_result td_batch_run(td_batch *batch)
{
    if (atomic_load(&batch->begun_ns) != 0)
        return tdi_fail(TD_ERROR_STATE, "a batch runs once");
    atomic_store(&batch->begun_ns, tdi_now_ns());
    td_renderer_info info;
    td_renderer_get_info(batch->renderer, &info);
    batch_run run = {
        .batch = batch,
        .at_once = info.views_per_submission,
        .bands = info.bands,
        .in_flight = info.in_flight,
    };
    submit_all(&run);
    wait_until_idle(&run);
    bool cancelled = atomic_load(&batch->cancelled);
    if (!cancelled && !atomic_load(&batch->unanswered))
        write_sheet(batch);
    explain_stop(batch);
    atomic_store(&batch->ended_ns, tdi_now_ns());
    run.next_tick_ns = 0;
    tick(&run);
    if (cancelled && !atomic_load(&batch->unanswered))
        return tdi_fail(TD_ERROR_CANCELLED, "the batch was cancelled");
    const tdi_tally *tally = &batch->tally;
    if (tally->gravest != TD_OK && tally->failure_count > 0 && tally->failures[0].sentence)
        tdi_set_last_error(tally->failures[0].sentence);
    return tally->gravest;
}
