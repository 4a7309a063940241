/* The same bytes on one queue and on three, and with any number of the driver's own threads. */
#define _XOPEN_SOURCE 700

#include "scene_support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VIEWS = 4 };

static td_renderer_params params_of(td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, 64, 48);
    params.samples = 4;
    params.views_per_submission = 1;
    params.result_slots = VIEWS + 1;
    return params;
}

static void render_views(td_device *device, td_scene *scene, scene_picture pictures[VIEWS])
{
    const td_renderer_params params = params_of(scene);
    td_renderer *renderer = scene_renderer(device, &params);
    td_request *requests[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++) {
        const td_camera camera = scene_rich_camera(i);
        scene_submit(renderer, &camera, 1, &requests[i]);
    }
    for (uint32_t i = 0; i < VIEWS; i++)
        pictures[i] = scene_take(requests[i]);
    td_renderer_destroy(renderer);
}

/* On a machine of one queue both devices have it alone; the layer of tests/layers gives three. */
static void one_queue_gives_what_three_give(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture one[VIEWS], all[VIEWS];
    const td_device_params params = {.async = TD_ASYNC_OFF, .validation = true};
    td_device *single = NULL;
    gpu_ok(td_device_create(&params, &single));
    assert_int_equal(single->queue_count, 1);
    render_views(single, scene, one);
    td_device_destroy(single);
    render_views(device, scene, all);
    for (uint32_t i = 0; i < VIEWS; i++) {
        assert_true(scene_covered(&one[i]) > 64 * 48 / 4);
        scene_assert_same(&all[i], &one[i], "on other queues");
        scene_picture_free(&all[i]);
        scene_picture_free(&one[i]);
    }
    td_scene_destroy(scene);
}

/* In mode auto; the more, the faster the device, until both ways were gone. */
enum { LEAST_VIEWS = 80, MOST_VIEWS = 20000 };

static bool is_split(const td_device *device)
{
    return device->lane_queue[TD_LANE_COMPUTE] != device->lane_queue[TD_LANE_GRAPHICS];
}

/* Renders views over and over in a mode; tells whether they went both ways. */
static bool check_mode(td_device *device, td_scene *scene, td_async_mode mode,
                       const scene_picture expected[VIEWS])
{
    td_renderer_params params = params_of(scene);
    params.async = mode;
    td_renderer *renderer = scene_renderer(device, &params);
    bool ways[2] = {false, false};
    const uint32_t least = mode == TD_ASYNC_AUTO ? LEAST_VIEWS : VIEWS;
    const uint32_t most = mode == TD_ASYNC_AUTO && is_split(device) ? MOST_VIEWS : least;
    for (uint32_t i = 0; i < least || (i < most && !(ways[false] && ways[true])); i += VIEWS) {
        td_request *requests[VIEWS];
        for (uint32_t v = 0; v < VIEWS; v++) {
            const td_camera camera = scene_rich_camera(v);
            td_renderer_info info;
            scene_submit(renderer, &camera, 1, &requests[v]);
            td_renderer_get_info(renderer, &info);
            ways[info.async] = true;
        }
        for (uint32_t v = 0; v < VIEWS; v++) {
            scene_picture picture = scene_take(requests[v]);
            scene_assert_same(&picture, &expected[v], "in another mode");
            scene_picture_free(&picture);
        }
    }
    td_renderer_destroy(renderer);
    return ways[false] && ways[true];
}

/* The mode changes from one submission to the next while earlier ones are under way. */
static void the_mode_does_not_matter(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture expected[VIEWS];
    const bool split = is_split(device);
    render_views(device, scene, expected);
    assert_false(check_mode(device, scene, TD_ASYNC_OFF, expected));
    assert_int_equal(check_mode(device, scene, TD_ASYNC_AUTO, expected), split);
    if (split)
        assert_false(check_mode(device, scene, TD_ASYNC_ON, expected));
    for (uint32_t v = 0; v < VIEWS; v++)
        scene_picture_free(&expected[v]);
    td_scene_destroy(scene);
}

static void a_mode_that_the_device_cannot_do_is_refused(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = params_of(scene);
    td_renderer *renderer = NULL;
    params.async = TD_ASYNC_ON;
    const bool split = is_split(device);
    assert_int_equal(td_renderer_create(device, &params, &renderer),
                     split ? TD_OK : TD_ERROR_UNSUPPORTED);
    td_renderer_destroy(renderer);
    params.async = (td_async_mode)9;
    assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_ARGUMENT);
    td_scene_destroy(scene);
}

static uint64_t hash_of_views(td_device *device)
{
    td_scene *scene = scene_rich(1);
    scene_picture pictures[VIEWS];
    render_views(device, scene, pictures);
    uint64_t hash = 0;
    for (uint32_t i = 0; i < VIEWS; i++) {
        hash = hash * 31 + scene_hash(&pictures[i]);
        scene_picture_free(&pictures[i]);
    }
    td_scene_destroy(scene);
    return hash;
}

static void print_hash(td_device *device)
{
    printf("%016" PRIx64 "\n", hash_of_views(device));
    fflush(stdout);
}

/* What this program says when it is run anew with `--hash` and so many threads in lavapipe's
 * rasteriser. */
static uint64_t hash_with_driver_threads(const char *threads)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("LP_NUM_THREADS", threads, 1);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "identity_queues", "--hash", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    char text[64];
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    text[length] = '\0';
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    char *end = NULL;
    const uint64_t hash = strtoull(text, &end, 16);
    assert_true(end == text + 16);
    return hash;
}

static void the_drivers_threads_do_not_matter(td_device *device)
{
    const uint64_t expected = hash_of_views(device);
    const char *const counts[] = {"0", "1", "2"};
    for (int i = 0; i < 3; i++)
        if (hash_with_driver_threads(counts[i]) != expected)
            fail_msg("other pixels with LP_NUM_THREADS=%s", counts[i]);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--hash") == 0) {
        /* Standard output carries the hash alone. */
        void *state = &(gpu_case){.run = print_hash};
        gpu_run(&state);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        gpu_test(one_queue_gives_what_three_give),
        gpu_test(the_mode_does_not_matter),
        gpu_test(a_mode_that_the_device_cannot_do_is_refused),
        gpu_test(the_drivers_threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
