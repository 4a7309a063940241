#include "event_views.h"

#include <stdio.h>
#include <stdlib.h>

#define SIZE 160 /* pixels across and down */

static void check(td_result result, const char *what)
{
    if (result == TD_OK)
        return;
    (void)fprintf(stderr, "%s: %s: %s\n", what, td_result_text(result), td_last_error());
    exit(1);
}

void open_views(event_views *v)
{
    *v = (event_views){0};
    check(td_scene_load("builtin:spheres", NULL, &v->scene), "scene");
    check(td_device_create(NULL, &v->device), "device");
    const td_renderer_params params = {
        .scene = v->scene,
        .width = SIZE,
        .height = SIZE,
        .background = {0.5f, 0.6f, 0.8f, 1.0f},
    };
    check(td_renderer_create(v->device, &params, &v->renderer), "renderer");
    check(td_completion_queue_create(&v->queue), "completion queue");
}

void submit_view(event_views *v)
{
    td_camera camera;
    td_request *request;
    if (v->submitted == VIEW_COUNT)
        return;
    check(td_scene_orbit_camera(v->scene, 360.0 * v->submitted / VIEW_COUNT, 20.0, &camera),
          "camera");
    const td_result result = td_renderer_submit(v->renderer, &camera, 1, v->submitted, 0, &request);
    if (result == TD_ERROR_AGAIN)
        return; /* the next tick tries again */
    check(result, "submit");
    check(td_completion_queue_watch(v->queue, request, v->submitted), "watch");
    td_request_release(request); /* the queue has a handle of its own */
    v->submitted++;
}

/* The pixels are read where the device put them. */
static unsigned long long brightness_of(td_request *request)
{
    td_image image;
    unsigned long long sum = 0;
    check(td_request_image(request, TD_OUTPUT_COLOR, &image), "image");
    const unsigned char *pixels = image.pixels;
    for (size_t i = 0; i < (size_t)image.width * image.height; i++)
        sum += pixels[4 * i] + pixels[4 * i + 1] + pixels[4 * i + 2];
    return sum;
}

int take_views(event_views *v)
{
    td_completion done[8];
    uint32_t count;
    while (td_completion_queue_take(v->queue, done, 8, 0, &count) == TD_OK) {
        for (uint32_t i = 0; i < count; i++) {
            check(td_request_result(done[i].request), "view");
            v->brightness[done[i].tag] = brightness_of(done[i].request);
            td_request_release(done[i].request);
            v->taken++;
        }
    }
    return v->taken == VIEW_COUNT;
}

void close_views(event_views *v, const char *loop)
{
    unsigned long long all = 0;
    for (unsigned i = 0; i < VIEW_COUNT; i++)
        all = all * 31 + v->brightness[i]; /* the order counts */
    printf("%s: %u views in %u ticks, sum %016llx\n", loop, v->taken, v->ticks, all);
    td_renderer_destroy(v->renderer);
    td_completion_queue_destroy(v->queue);
    td_device_destroy(v->device);
    td_scene_destroy(v->scene);
}
