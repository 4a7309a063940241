/* Frames that are rendered while textures stream in are the same, byte for byte, as those that are
 * rendered alone. */
#include "scene_support.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <tandem/upload.h>

#include "base/thread.h"

enum { VIEWS = 6, WIDTH = 75, HEIGHT = 50, SIDE = 600, TEXTURES = 3 };

typedef struct stream {
    td_uploader *uploader;
    uint8_t *pixels;
    atomic_bool stop;
    uint32_t count;
    uint64_t staging; /* before it, of the renderer */
} stream;

static uint64_t staging_bytes(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    return info.by_category[TD_BUDGET_STAGING];
}

/* Queues textures and destroys them, a few at a time, until told to stop. */
static void run_stream(void *user)
{
    stream *s = user;
    const td_upload_texture_params params = {
        .pixels = s->pixels, .width = SIDE, .height = SIDE, .channels = 4};
    while (!atomic_load(&s->stop)) {
        td_texture *textures[TEXTURES];
        td_request *requests[TEXTURES];
        for (uint32_t i = 0; i < TEXTURES; i++)
            gpu_ok(td_uploader_queue_texture(s->uploader, &params, &textures[i], &requests[i]));
        for (uint32_t i = 0; i < TEXTURES; i++) {
            gpu_ok(td_request_wait(requests[i], TD_FOREVER));
            td_request_release(requests[i]);
            td_texture_destroy(textures[i]);
            s->count++;
        }
    }
}

static void render_all(td_renderer *renderer, scene_picture pictures[VIEWS])
{
    for (uint32_t i = 0; i < VIEWS; i++) {
        const td_camera camera = scene_rich_camera(i);
        pictures[i] = scene_view(renderer, &camera);
    }
}

static void stream_starts(td_device *device, stream *s, tdi_thread *thread)
{
    s->staging = staging_bytes(device);
    s->pixels = calloc((size_t)SIDE * SIDE, 4);
    assert_non_null(s->pixels);
    gpu_ok(td_uploader_create(device, NULL, &s->uploader));
    gpu_ok(tdi_thread_start(thread, "stream", run_stream, s));
}

/* The staging ring goes on the uploader's thread, once it has seen that all is done. */
static void stream_ends(td_device *device, stream *s, tdi_thread *thread)
{
    atomic_store(&s->stop, true);
    tdi_thread_join(thread);
    td_uploader_destroy(s->uploader);
    while (staging_bytes(device) > s->staging)
        continue;
    assert_true(s->count > 0);
    free(s->pixels);
}

static void frames_do_not_change(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    td_renderer *renderer = scene_renderer(device, &params);
    scene_picture alone[VIEWS], beside[VIEWS];
    render_all(renderer, alone);
    stream s = {0};
    tdi_thread thread;
    stream_starts(device, &s, &thread);
    render_all(renderer, beside);
    stream_ends(device, &s, &thread);
    for (uint32_t i = 0; i < VIEWS; i++) {
        scene_assert_same(&beside[i], &alone[i], "beside uploads");
        scene_picture_free(&beside[i]);
        scene_picture_free(&alone[i]);
    }
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {gpu_test(frames_do_not_change)};
    return gpu_run_tests(tests);
}
