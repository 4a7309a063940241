/* The same bytes whatever the order in which queues get to run: each way to render, under many
 * seeds of the layer split_queues, and with each queue starved. A thousand seeds of each with
 * TANDEM_TEST_LONG; else a few. */
#include "scene_support.h"

#include <stdio.h>
#include <stdlib.h>

#include "../layers/split_control.h"

enum { VIEWS = 5, WIDTH = 64, HEIGHT = 48, LONG_SEEDS = 1000, SHORT_SEEDS = 40 };

typedef struct variant {
    const char *name;
    bool copy_results;
    td_raster raster;
    uint32_t tile_width, in_flight, views_per_submission;
} variant;

/* A name, and the members of `variant` that follow. Views are more than are in flight, so that
 * slots and memory are used again. */
#define VARIANTS(X)                                                                                \
    X(compute, false, TD_RASTER_COMPUTE, 0, 3, 1)                                                  \
    X(copied_results, true, TD_RASTER_COMPUTE, 0, 3, 1)                                            \
    X(tiles, true, TD_RASTER_COMPUTE, 32, 2, 1)                                                    \
    X(views_together, true, TD_RASTER_COMPUTE, 0, 2, 2)                                            \
    X(one_in_flight, true, TD_RASTER_COMPUTE, 0, 1, 1)                                             \
    X(hardware, true, TD_RASTER_HARDWARE, 0, 3, 1)                                                 \
    X(draws, true, TD_RASTER_HARDWARE_DRAWS, 0, 3, 1)

static split_set_schedule_fn find_set_schedule(td_device *device)
{
    return (split_set_schedule_fn)device->instance.vkGetDeviceProcAddr(device->handle,
                                                                       SPLIT_SET_SCHEDULE);
}

static void set_schedule(td_device *device, const char *text)
{
    const split_set_schedule_fn set = find_set_schedule(device);
    if (!set) {
        print_message("skipped: queues run in order without the layer split_queues\n");
        td_device_destroy(device);
        skip();
    }
    assert_int_equal(set(device->handle, text), VK_SUCCESS);
}

static td_renderer *make_renderer(td_device *device, td_scene *scene, const variant *v)
{
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.samples = 4;
    params.copy_results = v->copy_results ? TD_COPY_ALWAYS : TD_COPY_NEVER;
    params.raster = v->raster;
    params.tile_width = v->tile_width;
    params.in_flight = v->in_flight;
    params.views_per_submission = v->views_per_submission;
    params.result_slots = VIEWS + 1;
    return scene_renderer(device, &params);
}

static void render(td_renderer *renderer, uint32_t step, scene_picture pictures[VIEWS])
{
    td_camera cameras[VIEWS];
    td_request *requests[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    for (uint32_t i = 0; i < VIEWS; i += step)
        scene_submit(renderer, cameras + i, i + step <= VIEWS ? step : VIEWS - i, requests + i);
    for (uint32_t i = 0; i < VIEWS; i++)
        pictures[i] = scene_take(requests[i]);
}

static void free_all(scene_picture pictures[VIEWS])
{
    for (uint32_t i = 0; i < VIEWS; i++)
        scene_picture_free(&pictures[i]);
}

static void assert_same_under(td_device *device, td_renderer *renderer, const variant *v,
                              const scene_picture expected[VIEWS], const char *schedule)
{
    scene_picture pictures[VIEWS];
    set_schedule(device, schedule);
    render(renderer, v->views_per_submission, pictures);
    for (uint32_t i = 0; i < VIEWS; i++) {
        char what[96];
        snprintf(what, sizeof what, "%s, %s, view %u", v->name, schedule, i);
        scene_assert_same(&pictures[i], &expected[i], what);
    }
    free_all(pictures);
}

static void check_variant(td_device *device, td_scene *scene, const variant *v, uint32_t seeds)
{
    scene_picture expected[VIEWS];
    td_renderer *renderer = make_renderer(device, scene, v);
    set_schedule(device, "inorder");
    render(renderer, v->views_per_submission, expected);
    for (uint32_t i = 0; i < VIEWS; i++)
        assert_true(scene_covered(&expected[i]) > WIDTH * HEIGHT / 4);
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        char text[32];
        snprintf(text, sizeof text, "seed:%u", seed);
        assert_same_under(device, renderer, v, expected, text);
    }
    assert_same_under(device, renderer, v, expected, "adversarial::5");
    assert_same_under(device, renderer, v, expected, "adversarial:0:5");
    assert_same_under(device, renderer, v, expected, "adversarial:1:5");
    assert_same_under(device, renderer, v, expected, "adversarial:2:5");
    free_all(expected);
    td_renderer_destroy(renderer);
}

/* On a device of its own. */
static void check_device(td_device *device, const variant *v)
{
    const uint32_t seeds = getenv("TANDEM_TEST_LONG") ? LONG_SEEDS : SHORT_SEEDS;
    set_schedule(device, "inorder");
    assert_int_equal(device->queue_count, 3);
    td_scene *scene = scene_rich(1);
    check_variant(device, scene, v, seeds);
    td_scene_destroy(scene);
}

#define DEFINE_TEST(which, ...)                                                                    \
    static void no_order_changes_##which(td_device *device)                                        \
    {                                                                                              \
        static const variant v = {#which, __VA_ARGS__};                                            \
        check_device(device, &v);                                                                  \
    }
VARIANTS(DEFINE_TEST)

#define ENTRY(which, ...) gpu_test(no_order_changes_##which),

int main(void)
{
    const struct CMUnitTest tests[] = {VARIANTS(ENTRY)};
    return gpu_run_tests(tests);
}
