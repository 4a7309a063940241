/* The device is lost in the middle of a batch: it ends, with the views that were done as complete
 * files and a reason for the rest. */
#include "fault_support.h"
#include "scene_support.h"

#include <string.h>

#include <tandem/batch.h>

#include "../unit/support.h"
#include "base/text.h"

enum { SIDE = 16, VIEWS = 6 };

static td_batch *make_batch(td_device *device, td_scene *scene, const char *pattern)
{
    static td_camera cameras[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    const td_batch_params params = {
        .device = device,
        .scene = scene,
        .cameras = cameras,
        .view_count = VIEWS,
        .output = pattern,
        .width = SIDE,
        .height = SIDE,
        .samples = 1,
        .in_flight = 3,
        .views_per_submission = 1,
        .encode_threads = 2,
    };
    td_batch *batch = NULL;
    gpu_ok(td_batch_create(&params, &batch));
    return batch;
}

static void assert_sums(td_batch *batch, bool well)
{
    td_batch_info info;
    td_batch_failure failure;
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, info.files);
    assert_int_equal(support_count_entries(), (int)info.files);
    assert_true(info.done + info.failed <= VIEWS);
    if (well) {
        assert_int_equal(info.done, VIEWS);
        return;
    }
    gpu_ok(td_batch_get_failure(batch, 0, &failure));
    assert_int_equal(failure.result, TD_ERROR_DEVICE_LOST);
    assert_true(strlen(failure.sentence) > 0);
}

static void run_batch(td_device *device, const faults *f, const faults_plan *plan)
{
    char pattern[512];
    tdi_snprintf(pattern, sizeof pattern, "%s/{view}.png", support_make_folder());
    td_scene *scene = scene_rich(1);
    td_batch *batch = make_batch(device, scene, pattern);
    f->arm(device->handle, plan);
    assert_sums(batch, fault_went_well(td_batch_run(batch)));
    td_batch_destroy(batch);
    td_scene_destroy(scene);
    support_remove_folder();
}

static void lost_at_a_submission(void **state)
{
    (void)state;
    fault_survives_at_each(run_batch, FAULTS_SUBMIT2, 2, 3);
}

static void lost_at_a_wait(void **state)
{
    (void)state;
    fault_survives_at_each(run_batch, FAULTS_WAIT_SEMAPHORES, 1, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_at_a_submission),
        cmocka_unit_test(lost_at_a_wait),
    };
    return gpu_run_tests(tests);
}
