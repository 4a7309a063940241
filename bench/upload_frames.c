/* Frames beside uploads: a renderer renders one view after another, three in flight, and the time
 * between two that are finished is the time of a frame. Runs with textures streaming in, all levels
 * of them, the smallest first, and runs without take turns. */
#include "upload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/renderer.h>

#include "load.h"

#define ROUNDS      15
#define SOFT_ROUNDS 3 /* on software devices */
#define IN_FLIGHT   3
#define MOST_FRAMES 100000
#define TEXTURES    8
#define SIDE        2048
#define LEVELS      12

typedef struct stream {
    const upload_bench *bench;
    tdi_vk_image images[TEXTURES];
    double seconds;
    atomic_bool ended;
} stream;

static void finish_levels(const stream *s, tdi_upload_job **jobs)
{
    for (uint32_t level = 0; level < LEVELS && jobs[level]; level++) {
        td_ticket ticket;
        load_ok(tdi_upload_job_wait_submitted(jobs[level], UINT64_MAX, &ticket), "upload");
        load_ok(tdi_ticket_wait(s->bench->device, ticket, UINT64_MAX), "upload");
        tdi_upload_job_release(jobs[level]);
        jobs[level] = NULL;
    }
}

static uint64_t add_levels(const stream *s, const tdi_vk_image *image, tdi_upload_job **jobs)
{
    uint64_t bytes = 0;
    for (uint32_t level = 0; level < LEVELS; level++) {
        const tdi_upload_job_params params = {
            .image = image,
            .level = level,
            .texel_bytes = 4,
            .data = s->bench->source,
            .priority = level,
        };
        load_ok(tdi_uploader_add(s->bench->uploader, &params, &jobs[level]), "add");
        bytes += (uint64_t)(SIDE >> level) * (SIDE >> level) * 4;
    }
    return bytes;
}

/* A texture is not written again before its earlier copies are done. */
static void *run_stream(void *user)
{
    stream *s = user;
    tdi_upload_job *jobs[TEXTURES][LEVELS] = {{0}};
    const double start = load_now();
    for (uint64_t done = 0, i = 0; done < s->bench->stream_bytes; i++) {
        finish_levels(s, jobs[i % TEXTURES]);
        done += add_levels(s, &s->images[i % TEXTURES], jobs[i % TEXTURES]);
    }
    for (uint32_t i = 0; i < TEXTURES; i++)
        finish_levels(s, jobs[i]);
    s->seconds = load_now() - start;
    atomic_store(&s->ended, true);
    return NULL;
}

typedef struct frames {
    td_renderer *renderer;
    td_camera camera;
    double *times;
    uint32_t count;
} frames;

static void finish_frame(td_request *request, double *last, frames *f)
{
    load_ok(td_request_wait(request, TD_FOREVER), "view");
    td_request_release(request);
    const double now = load_now();
    if (*last > 0 && f->count < MOST_FRAMES)
        f->times[f->count++] = now - *last;
    *last = now;
}

/* Until the stream has ended, or so many frames where there is none. */
static void run_frames(frames *f, const stream *s, uint32_t number)
{
    td_request *pending[IN_FLIGHT] = {0};
    double last = 0;
    uint32_t i = 0;
    while (s ? !atomic_load(&s->ended) : i < number) {
        td_request **place = &pending[i % IN_FLIGHT];
        if (*place)
            finish_frame(*place, &last, f);
        load_ok(td_renderer_submit(f->renderer, &f->camera, 1, i, TD_FOREVER, place), "submit");
        i++;
    }
    for (uint32_t k = 0; k < IN_FLIGHT; k++) {
        if (pending[(i + k) % IN_FLIGHT])
            finish_frame(pending[(i + k) % IN_FLIGHT], &last, f);
    }
}

static double percentile(frames *f, double share)
{
    double *sorted = f->times;
    (void)load_median(sorted, f->count);
    const uint32_t index = (uint32_t)((double)f->count * share);
    return sorted[index < f->count ? index : f->count - 1];
}

static void make_renderer(const upload_bench *bench, td_scene *scene, frames *f)
{
    const td_renderer_params params = {
        .scene = scene,
        .width = bench->software ? 256 : 1920,
        .height = bench->software ? 256 : 1080,
        .samples = 1,
        .views_per_submission = 1,
    };
    load_ok(td_renderer_create(bench->device, &params, &f->renderer), "renderer");
    load_ok(td_scene_orbit_camera(scene, 30, 15, &f->camera), "camera");
}

/* Both arrays are the sums of all rounds, so that a slow moment of the machine meets both. */
static void take_turns(const upload_bench *bench, frames *alone, frames *beside, double *rate)
{
    stream s = {.bench = bench};
    double rates[ROUNDS];
    const uint32_t rounds = bench->software ? SOFT_ROUNDS : ROUNDS;
    for (uint32_t i = 0; i < TEXTURES; i++)
        upload_make_image(bench, SIDE, LEVELS, &s.images[i]);
    run_frames(alone, NULL, 20);
    alone->count = 0;
    for (uint32_t r = 0; r < rounds; r++) {
        pthread_t thread;
        const uint32_t before = beside->count;
        atomic_store(&s.ended, false);
        pthread_create(&thread, NULL, run_stream, &s);
        run_frames(beside, &s, 0);
        pthread_join(thread, NULL);
        rates[r] = (double)bench->stream_bytes / 1e9 / s.seconds;
        run_frames(alone, NULL, beside->count - before + IN_FLIGHT);
    }
    *rate = load_median(rates, rounds);
    for (uint32_t i = 0; i < TEXTURES; i++)
        tdi_vk_image_destroy(bench->device, &s.images[i]);
}

json_t *measure_frames(const upload_bench *bench)
{
    td_scene *scene = NULL;
    frames alone = {.times = calloc(MOST_FRAMES, sizeof(double))};
    double rate;
    load_ok(td_scene_load(bench->software ? "builtin:spheres" : "builtin:city", NULL, &scene),
            "scene");
    make_renderer(bench, scene, &alone);
    frames beside = alone;
    beside.times = calloc(MOST_FRAMES, sizeof(double));
    take_turns(bench, &alone, &beside, &rate);
    const double alone_p50 = percentile(&alone, 0.5), alone_p99 = percentile(&alone, 0.99);
    const double beside_p50 = percentile(&beside, 0.5), beside_p99 = percentile(&beside, 0.99);
    json_t *row =
        json_pack("{s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "frames_each", (int)beside.count,
                  "stream_gb_per_s", rate, "alone_median_ms", 1e3 * alone_p50, "alone_p99_ms",
                  1e3 * alone_p99, "streaming_median_ms", 1e3 * beside_p50, "streaming_p99_ms",
                  1e3 * beside_p99, "median_over_alone", beside_p50 / alone_p50, "p99_over_alone",
                  beside_p99 / alone_p99);
    td_renderer_destroy(alone.renderer);
    td_scene_destroy(scene);
    free(alone.times);
    free(beside.times);
    return row;
}
