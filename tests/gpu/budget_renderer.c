/* A renderer and the budget: what does not fit is refused before anything is taken, what fits
 * barely is done in smaller pieces with the same bytes, and the limit holds at any moment. */
#include "scene_support.h"

#include <stdio.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

enum { WIDTH = 320, HEIGHT = 240 };

static td_budget_info budget_of(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    return info;
}

static void drop_log(void *user, td_log_level level, const char *message)
{
    (void)level;
    (void)message;
    ++*(uint32_t *)user;
}

static td_renderer_params heavy_params(td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, WIDTH, HEIGHT);
    params.samples = 16;
    params.in_flight = 4;
    params.views_per_submission = 4;
    return params;
}

/* Two results of 12 MiB are the least for such an image. */
static void a_refusal_takes_nothing(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_renderer_params params = heavy_params(scene);
    params.width = params.height = 1024;
    const td_budget_info before = budget_of(device);
    td_renderer *renderer = NULL;
    assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_BUDGET);
    assert_null(renderer);
    const char *const parts[] = {"geometry", "textures", "staging", "readback", "transient", "MiB"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(td_last_error(), parts[i]));
    const td_budget_info after = budget_of(device);
    assert_int_equal(after.held_bytes, before.held_bytes);
    assert_int_equal(after.peak_bytes, before.peak_bytes);
    assert_memory_equal(after.peak_by_category, before.peak_by_category,
                        sizeof after.peak_by_category);
    td_scene_destroy(scene);
}

/* All four views, four a submission or as many as possible. */
static void render_four(td_renderer *renderer, scene_picture pictures[4])
{
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    for (uint32_t i = 0; i < 4; i += info.views_per_submission) {
        td_camera cameras[4];
        td_request *requests[4];
        const uint32_t left = 4 - i;
        const uint32_t count = left < info.views_per_submission ? left : info.views_per_submission;
        for (uint32_t j = 0; j < count; j++)
            cameras[j] = scene_rich_camera(i + j);
        scene_submit(renderer, cameras, count, requests);
        for (uint32_t j = 0; j < count; j++)
            pictures[i + j] = scene_take(requests[j]);
    }
}

typedef struct attempt {
    bool made;
    td_renderer_info info;
    uint64_t peak;
} attempt;

/* Renders with a budget of so many bytes, on a device of its own, and compares. */
static attempt try_budget(td_scene *scene, uint64_t bytes, td_budget_mode mode,
                          const scene_picture expected[4])
{
    attempt a = {0};
    const td_device_params device_params = {
        .budget_bytes = bytes, .budget_mode = mode, .validation = true};
    td_device *device = NULL;
    gpu_ok(td_device_create(&device_params, &device));
    const td_renderer_params params = heavy_params(scene);
    td_renderer *renderer = NULL;
    const uint64_t start = budget_of(device).peak_bytes;
    const td_result result = td_renderer_create(device, &params, &renderer);
    a.made = result == TD_OK;
    if (a.made) {
        scene_picture pictures[4];
        td_renderer_get_info(renderer, &a.info);
        render_four(renderer, pictures);
        for (uint32_t i = 0; i < 4; i++) {
            scene_assert_same(&pictures[i], &expected[i], "with a small budget");
            scene_picture_free(&pictures[i]);
        }
        td_renderer_destroy(renderer);
    } else {
        assert_int_equal(result, TD_ERROR_BUDGET);
        assert_int_equal(budget_of(device).peak_bytes, start);
    }
    const td_budget_info info = budget_of(device);
    a.peak = info.peak_bytes;
    assert_int_equal(info.used_bytes, 0);
    if (mode == TD_BUDGET_ENFORCE) {
        assert_true(info.peak_bytes <= bytes);
        assert_int_equal(info.exceeded, 0);
    }
    td_device_destroy(device);
    return a;
}

/* From more than enough to too little. */
static void smaller_budgets_give_the_same_bytes(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = heavy_params(scene);
    scene_picture expected[4];
    td_renderer *renderer = scene_renderer(device, &params);
    render_four(renderer, expected);
    td_renderer_destroy(renderer);
    uint32_t messages = 0;
    td_set_log(drop_log, &messages, TD_LOG_WARNING);
    uint32_t refused = 0, tiled = 0, fewer_views = 0, fewer_in_flight = 0;
    const uint64_t sizes[] = {200, 50, 20, 12, 8, 4, 2};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const attempt a = try_budget(scene, sizes[i] * MIB, TD_BUDGET_ENFORCE, expected);
        refused += !a.made;
        tiled += a.made && a.info.tiles > 1;
        fewer_views += a.made && a.info.views_per_submission < params.views_per_submission;
        fewer_in_flight += a.made && a.info.in_flight < params.in_flight;
        if (i == 0) {
            assert_true(a.made);
            assert_int_equal(a.info.tiles, 1);
            assert_int_equal(a.info.in_flight, params.in_flight);
        }
    }
    assert_true(refused > 0);
    assert_true(tiled > 0 && fewer_in_flight >= tiled && fewer_views >= fewer_in_flight);
    assert_true(messages > 0); /* "the budget allows ..." */
    td_set_log(NULL, NULL, td_default_log_level());
    for (uint32_t i = 0; i < 4; i++)
        scene_picture_free(&expected[i]);
    td_scene_destroy(scene);
}

static void mode_warn_goes_over_and_says_so(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = heavy_params(scene);
    scene_picture expected[4];
    td_renderer *renderer = scene_renderer(device, &params);
    render_four(renderer, expected);
    td_renderer_info info;
    td_renderer_get_info(renderer, &info);
    td_renderer_destroy(renderer);
    uint32_t messages = 0;
    td_set_log(drop_log, &messages, TD_LOG_WARNING);
    const attempt a = try_budget(scene, 3 * MIB, TD_BUDGET_WARN, expected);
    td_set_log(NULL, NULL, td_default_log_level());
    assert_true(a.made);
    assert_true(a.peak > 3 * MIB);
    assert_true(messages > 0);
    assert_memory_equal(&a.info, &info, sizeof info);
    for (uint32_t i = 0; i < 4; i++)
        scene_picture_free(&expected[i]);
    td_scene_destroy(scene);
}

/* Renderers come and go; the ledger is back each time, and what one took the next can take. */
static void the_ledger_comes_back(td_device *device)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = heavy_params(scene);
    const td_camera camera = scene_rich_camera(0);
    uint64_t peak = 0;
    for (int i = 0; i < 4; i++) {
        td_renderer *renderer = scene_renderer(device, &params);
        const td_budget_info during = budget_of(device);
        assert_true(during.by_category[TD_BUDGET_GEOMETRY] > 0);
        assert_true(during.by_category[TD_BUDGET_TEXTURES] > 0);
        assert_true(during.by_category[TD_BUDGET_READBACK] > 0);
        assert_true(during.by_category[TD_BUDGET_TRANSIENT] > 0);
        scene_picture picture = scene_view(renderer, &camera);
        scene_picture_free(&picture);
        /* Nothing is allocated in the steady state. */
        assert_int_equal(budget_of(device).held_bytes, during.held_bytes);
        td_renderer_destroy(renderer);
        const td_budget_info after = budget_of(device);
        assert_int_equal(after.used_bytes, 0);
        if (i == 1)
            peak = after.peak_bytes;
        if (i > 1)
            assert_int_equal(after.peak_bytes, peak);
    }
    td_scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test_with(a_refusal_takes_nothing,
                      {.run = a_refusal_takes_nothing, .params = {.budget_bytes = 20 * MIB}}),
        gpu_test(smaller_budgets_give_the_same_bytes),
        gpu_test(mode_warn_goes_over_and_says_so),
        gpu_test(the_ledger_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
