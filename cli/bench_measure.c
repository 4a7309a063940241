#include "bench_measure.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "scene/png.h"

#define MOST_AT_ONCE  64 /* views a submission, at most */
#define LEAST_PASS_MS 500.0
#define MOST_QUEUED   4096
#define PNG_VIEWS     4
#define PNG_PASS_NS   (200 * TDI_NS_PER_MS)
#define FOV           0.7853981634f /* 45 degrees */
#define INSIDE_NEAR   0.05f
#define INSIDE_FAR    100.0f
#define FULL_TURN     6.283185307179586
#define QUARTER_TURN  1.5708

/* What a workload is run with. */
typedef struct bench_stage {
    td_scene *scene;
    td_renderer *renderer;
    td_camera *cameras;
    uint32_t count;
    uint32_t at_once;
} bench_stage;

static double ms_between(uint64_t begin_ns, uint64_t end_ns)
{
    return (double)(end_ns - begin_ns) * 1e-6;
}

bench_figure bench_summary(double *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        double value = values[i];
        uint32_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    double median = 0.5 * (values[(count - 1) / 2] + values[count / 2]);
    return (bench_figure){.median = median, .best = values[count - 1], .worst = values[0]};
}

static td_result place_camera(const bench_workload *workload, const td_scene *scene, uint32_t view,
                              td_camera *camera)
{
    if (!workload->inside)
        return td_scene_orbit_camera(scene, 360.0 * view / workload->views, 15, camera);
    static const float up[3] = {0, 1, 0};
    double angle = FULL_TURN * view / workload->views + QUARTER_TURN;
    const float target[3] = {
        workload->eye[0] + (float)sin(angle),
        workload->eye[1],
        workload->eye[2] + (float)cos(angle),
    };
    TDI_TRY(td_camera_look_at(workload->eye, target, up, camera));
    camera->fov_y = FOV;
    camera->near_plane = INSIDE_NEAR;
    camera->far_plane = INSIDE_FAR;
    return TD_OK;
}

static void close_stage(bench_stage *stage)
{
    td_renderer_destroy(stage->renderer);
    td_scene_destroy(stage->scene);
    tdi_free(stage->cameras);
}

static td_result fill_stage(const bench_params *params, const bench_workload *workload,
                            const char *path, bench_stage *stage, bench_steps *steps)
{
    uint64_t begin = tdi_now_ns();
    TDI_TRY(td_scene_load(path, NULL, &stage->scene));
    steps->scene_ms = ms_between(begin, tdi_now_ns());
    stage->count = workload->views;
    /* The first ones again behind the last, so that a submission can go over the end. */
    uint32_t placed = stage->count + MOST_AT_ONCE;
    stage->cameras = tdi_alloc_zero(placed, sizeof *stage->cameras);
    if (!stage->cameras)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < placed; i++)
        TDI_TRY(place_camera(workload, stage->scene, i % stage->count, &stage->cameras[i]));
    td_renderer_params renderer = {
        .scene = stage->scene,
        .width = workload->width,
        .height = workload->height,
        .samples = params->samples,
        .environment = params->environment,
        .in_flight = params->in_flight,
        .views_per_submission = params->views_per_submission,
    };
    begin = tdi_now_ns();
    TDI_TRY(td_renderer_create(params->device, &renderer, &stage->renderer));
    steps->renderer_ms = ms_between(begin, tdi_now_ns());
    td_renderer_info info;
    td_renderer_get_info(stage->renderer, &info);
    stage->at_once = info.views_per_submission;
    return TD_OK;
}

static td_result open_stage(const bench_params *params, const bench_workload *workload,
                            const char *path, bench_stage *stage, bench_steps *steps)
{
    *stage = (bench_stage){0};
    td_result result = fill_stage(params, workload, path, stage, steps);
    if (result != TD_OK)
        close_stage(stage);
    return result;
}

/* Requests in the order of their submission, the oldest first. */
typedef struct request_queue {
    td_request *items[MOST_QUEUED];
    uint32_t first;
    uint32_t count;
} request_queue;

static td_result finish_oldest(request_queue *queue)
{
    td_request *request = queue->items[queue->first];
    queue->first = (queue->first + 1) % MOST_QUEUED;
    queue->count--;
    td_result result = td_request_wait(request, TD_FOREVER);
    td_image image;
    if (result == TD_OK)
        result = td_request_image(request, TD_OUTPUT_COLOR, &image);
    td_request_release(request);
    return result;
}

static td_result submit_some(const bench_stage *stage, uint32_t next, uint32_t count,
                             request_queue *queue)
{
    td_request *requests[MOST_AT_ONCE];
    TDI_TRY(td_renderer_submit(stage->renderer, stage->cameras + next % stage->count, count, next,
                               0, requests));
    for (uint32_t i = 0; i < count; i++)
        queue->items[(queue->first + queue->count++) % MOST_QUEUED] = requests[i];
    return TD_OK;
}

/* So many views, one after the other and again from the first, as many in flight as the renderer
 * takes. */
static td_result run_pass(const bench_stage *stage, uint32_t views, request_queue *queue)
{
    uint32_t next = 0;
    td_result result = TD_OK;
    while (result == TD_OK && next < views) {
        uint32_t left = views - next;
        uint32_t count = left < stage->at_once ? left : stage->at_once;
        result = submit_some(stage, next, count, queue);
        if (result == TD_OK)
            next += count;
        else if (result == TD_ERROR_AGAIN && queue->count > 0)
            result = finish_oldest(queue);
    }
    while (queue->count > 0) {
        td_result finished = finish_oldest(queue);
        result = result == TD_OK ? finished : result;
    }
    return result;
}

static td_result time_pass(const bench_stage *stage, uint32_t views, request_queue *queue,
                           double *ms)
{
    uint64_t begin = tdi_now_ns();
    TDI_TRY(run_pass(stage, views, queue));
    *ms = ms_between(begin, tdi_now_ns());
    return TD_OK;
}

/* A pass begins and ends with nothing in flight, so a short one would measure little else: the
 * views are gone through as often as it takes. */
static td_result time_passes(const bench_params *params, const bench_stage *stage,
                             bench_figure *views_per_s)
{
    request_queue *queue = tdi_alloc_zero(1, sizeof *queue);
    if (!queue)
        return TD_ERROR_HOST_MEMORY;
    double rates[BENCH_MOST_PASSES];
    double ms = 0;
    td_result result = time_pass(stage, stage->count, queue, &ms);
    uint32_t rounds = result == TD_OK ? 1 + (uint32_t)(LEAST_PASS_MS / ms) : 1;
    uint32_t views = stage->count * rounds;
    for (uint32_t i = 0; result == TD_OK && i < params->passes; i++) {
        result = time_pass(stage, views, queue, &ms);
        rates[i] = views * 1e3 / ms;
    }
    tdi_free(queue);
    if (result == TD_OK)
        *views_per_s = bench_summary(rates, params->passes);
    return result;
}

static td_result render_one(const bench_stage *stage, uint32_t view, td_request **request)
{
    TDI_TRY(
        td_renderer_submit(stage->renderer, &stage->cameras[view], 1, view, TD_FOREVER, request));
    td_result result = td_request_wait(*request, TD_FOREVER);
    if (result != TD_OK)
        td_request_release(*request);
    return result;
}

static td_result measure_views(const bench_params *params, const bench_stage *stage,
                               bench_figure *views_per_s, bench_steps *steps)
{
    uint64_t begin = tdi_now_ns();
    td_request *request;
    TDI_TRY(render_one(stage, 0, &request));
    steps->first_view_ms = ms_between(begin, tdi_now_ns());
    td_request_release(request);
    return time_passes(params, stage, views_per_s);
}

td_result bench_views(const bench_params *params, const bench_workload *workload,
                      const char *scene_path, bench_figure *views_per_s, bench_steps *steps)
{
    bench_stage stage;
    TDI_TRY(open_stage(params, workload, scene_path, &stage, steps));
    td_result result = measure_views(params, &stage, views_per_s, steps);
    close_stage(&stage);
    return result;
}

/* Encodes one image again and again for a while. */
static td_result time_png(tdi_png_encoder *encoder, const td_image *image, double *mpixels_per_s)
{
    tdi_png_image png = {
        .pixels = image->pixels,
        .row_bytes = image->row_bytes,
        .width = image->width,
        .height = image->height,
        .channels = image->channels,
        .depth = 8,
        .srgb = true,
    };
    uint64_t begin = tdi_now_ns();
    uint64_t now = begin;
    uint32_t count = 0;
    for (; now - begin < PNG_PASS_NS; count++) {
        const uint8_t *data;
        size_t size;
        TDI_TRY(tdi_png_encode(encoder, &png, &data, &size));
        now = tdi_now_ns();
    }
    *mpixels_per_s = (double)count * image->width * image->height / 1e3 / ms_between(begin, now);
    return TD_OK;
}

static td_result measure_png(const bench_stage *stage, tdi_png_encoder *encoder,
                             bench_figure *mpixels_per_s)
{
    double rates[PNG_VIEWS];
    for (uint32_t i = 0; i < PNG_VIEWS; i++) {
        td_request *request;
        TDI_TRY(render_one(stage, i * stage->count / PNG_VIEWS, &request));
        td_image image;
        td_result result = td_request_image(request, TD_OUTPUT_COLOR, &image);
        if (result == TD_OK)
            result = time_png(encoder, &image, &rates[i]);
        td_request_release(request);
        if (result != TD_OK)
            return result;
    }
    *mpixels_per_s = bench_summary(rates, PNG_VIEWS);
    return TD_OK;
}

td_result bench_png(const bench_params *params, const bench_workload *workload,
                    const char *scene_path, bench_figure *mpixels_per_s)
{
    bench_stage stage;
    bench_steps steps;
    TDI_TRY(open_stage(params, workload, scene_path, &stage, &steps));
    tdi_png_encoder *encoder;
    td_result result = tdi_png_encoder_create(TDI_PNG_DEFLATE_AUTO, &encoder);
    if (result == TD_OK) {
        result = measure_png(&stage, encoder, mpixels_per_s);
        tdi_png_encoder_destroy(encoder);
    }
    close_stage(&stage);
    return result;
}
