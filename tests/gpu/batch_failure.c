/* A batch may meet the end of host memory at any allocation: what was counted as done is there and
 * complete, the rest has a reason, nothing is left behind, and the next batch works. */
#include "scene_support.h"

#include <stdlib.h>
#include <string.h>

#include <tandem/batch.h>

#include "../unit/support.h"
#include "base/text.h"

enum { SIDE = 16, VIEWS = 4, ALLOCATIONS_OF_CREATION = 40 };

static td_batch_params params_for(td_device *device, td_scene *scene, td_camera cameras[VIEWS],
                                  const char *pattern)
{
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    return (td_batch_params){
        .device = device,
        .scene = scene,
        .cameras = cameras,
        .view_count = VIEWS,
        .output = pattern,
        .width = SIDE,
        .height = SIDE,
        .samples = 1,
        .in_flight = 2,
        .views_per_submission = 1,
        .encode_threads = 2,
    };
}

static void assert_sums(td_batch *batch, td_result result)
{
    td_batch_info info;
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, info.files);
    assert_int_equal(support_count_entries(), (int)info.files);
    assert_true(info.done + info.failed <= VIEWS);
    if (result == TD_OK) {
        assert_int_equal(info.done, VIEWS);
        return;
    }
    td_batch_failure failure;
    assert_int_equal(result, TD_ERROR_HOST_MEMORY);
    gpu_ok(td_batch_get_failure(batch, 0, &failure));
    assert_int_equal(failure.result, TD_ERROR_HOST_MEMORY);
    assert_true(strlen(failure.sentence) > 0);
}

/* Runs a batch whose Nth allocation fails; false once there are fewer. */
static bool run_with_failure(td_device *device, td_scene *scene, uint32_t nth)
{
    char pattern[512];
    td_camera cameras[VIEWS];
    tdi_snprintf(pattern, sizeof pattern, "%s/{view}.png", support_make_folder());
    td_batch_params params = params_for(device, scene, cameras, pattern);
    td_batch *batch;
    gpu_ok(td_batch_create(&params, &batch));
    support_fail_allocation(nth);
    td_result result = td_batch_run(batch);
    bool failed = support_allocation_failed();
    support_fail_allocation(0);
    assert_true(failed || result == TD_OK);
    assert_sums(batch, result);
    td_batch_destroy(batch);
    support_remove_folder();
    return failed;
}

static void every_allocation_of_a_run_may_fail(td_device *device)
{
    td_scene *scene = scene_rich(1);
    uint32_t step = getenv("TANDEM_TEST_LONG") ? 1 : 4;
    uint32_t nth = 1;
    while (run_with_failure(device, scene, nth))
        nth += step;
    assert_true(nth > 1);
    td_scene_destroy(scene);
}

/* Those before the renderer, which has a test of its own. */
static void the_first_allocations_of_a_batch_may_fail(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    char pattern[512];
    tdi_snprintf(pattern, sizeof pattern, "%s/{view}.png", support_make_folder());
    td_batch_params params = params_for(device, scene, cameras, pattern);
    for (uint32_t nth = 1; nth <= ALLOCATIONS_OF_CREATION; nth++) {
        td_batch *batch;
        support_fail_allocation(nth);
        td_result result = td_batch_create(&params, &batch);
        bool failed = support_allocation_failed();
        support_fail_allocation(0);
        assert_true(failed);
        if (result == TD_OK) {
            td_batch_destroy(batch);
            continue;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_true(strlen(td_last_error()) > 0);
        assert_null(batch);
        assert_int_equal(support_count_entries(), 0);
    }
    support_remove_folder();
    td_scene_destroy(scene);
}

static void every_allocation_of_a_report_may_fail(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    char pattern[512];
    tdi_snprintf(pattern, sizeof pattern, "%s/{view}.png", support_make_folder());
    td_batch_params params = params_for(device, scene, cameras, pattern);
    td_batch *batch;
    gpu_ok(td_batch_create(&params, &batch));
    gpu_ok(td_batch_run(batch));
    bool failed = true;
    for (uint32_t nth = 1; failed; nth++) {
        char *text;
        support_fail_allocation(nth);
        td_result result = td_batch_report(batch, NULL, &text);
        failed = support_allocation_failed();
        support_fail_allocation(0);
        assert_true(result == TD_OK || (failed && result == TD_ERROR_HOST_MEMORY));
        assert_true((result == TD_OK) == (text != NULL));
        td_batch_free_report(text);
    }
    td_batch_destroy(batch);
    td_scene_destroy(scene);
    support_remove_folder();
}

static int use_allocator(void **state)
{
    (void)state;
    support_use_allocator();
    return 0;
}

static int restore_allocator(void **state)
{
    (void)state;
    support_restore_allocator();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(every_allocation_of_a_run_may_fail),
        gpu_test(the_first_allocations_of_a_batch_may_fail),
        gpu_test(every_allocation_of_a_report_may_fail),
    };
    return gpu_finish(cmocka_run_group_tests(tests, use_allocator, restore_allocator));
}
