/* Batches whose images come in bands: the same files as of whole images, and none that is not
 * complete, whatever fails. */
#include "scene_support.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tandem/batch.h>

#include "../unit/support.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "scene/png_stream.h"

enum { WIDTH = 40, HEIGHT = 33, VIEWS = 3, BAND = 5, FRAME_BYTES = WIDTH * HEIGHT * 4 };

static td_batch_params params_for(td_device *device, td_scene *scene, td_camera cameras[VIEWS])
{
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    return (td_batch_params){
        .device = device,
        .scene = scene,
        .cameras = cameras,
        .view_count = VIEWS,
        .width = WIDTH,
        .height = HEIGHT,
        .samples = 1,
        .in_flight = 2,
        .views_per_submission = 1,
        .encode_threads = 2,
    };
}

static void run(const td_batch_params *params)
{
    td_batch *batch;
    td_batch_info info;
    gpu_ok(td_batch_create(params, &batch));
    gpu_ok(td_batch_run(batch));
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, VIEWS);
    assert_int_equal(info.failed, 0);
    td_batch_destroy(batch);
}

static void assert_same_files(const char *a, const char *b)
{
    uint8_t *data[2];
    size_t size[2];
    gpu_ok(tdi_file_read(support_path(a), UINT64_MAX, &data[0], &size[0]));
    gpu_ok(tdi_file_read(support_path(b), UINT64_MAX, &data[1], &size[1]));
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(data[0], data[1], size[0]);
    tdi_free(data[0]);
    tdi_free(data[1]);
}

static void assert_same_views(const char *output, const char *ending)
{
    for (int view = 0; view < VIEWS; view++) {
        char whole[64], bands[64];
        tdi_snprintf(whole, sizeof whole, "whole_%d_%s.%s", view, output, ending);
        tdi_snprintf(bands, sizeof bands, "bands_%d_%s.%s", view, output, ending);
        assert_same_files(whole, bands);
    }
}

static void run_with_prefix(td_batch_params *params, const char *prefix, const char *ending)
{
    char output[512], sheet[512];
    tdi_snprintf(output, sizeof output, "%s_{view}_{output}.%s", support_path(prefix), ending);
    tdi_snprintf(sheet, sizeof sheet, "%s_%s_sheet.png", support_path(prefix), ending);
    params->output = output;
    params->contact_sheet = sheet;
    run(params);
}

static void files_are_the_same_whole_and_in_bands(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    support_make_folder();
    params.outputs = SCENE_ALL_OUTPUTS;
    run_with_prefix(&params, "whole", "npy");
    params.band_height = BAND;
    run_with_prefix(&params, "bands", "npy");
    assert_same_views("color", "npy");
    assert_same_views("depth", "npy");
    assert_same_views("object", "npy");
    assert_same_files("whole_npy_sheet.png", "bands_npy_sheet.png");
    params.outputs = TD_OUTPUT_COLOR | TD_OUTPUT_OBJECT;
    run_with_prefix(&params, "bands", "png");
    params.band_height = 0;
    run_with_prefix(&params, "whole", "png");
    /* Two libraries compress where ISA-L does not do both. */
    if (strcmp(tdi_png_stream_library(TDI_PNG_DEFLATE_AUTO), "ISA-L") == 0) {
        assert_same_views("color", "png");
        assert_same_views("object", "png");
    }
    assert_int_equal(support_count_entries(), 2 * (3 * VIEWS + 1) + 2 * (2 * VIEWS + 1));
    support_remove_folder();
    td_scene_destroy(scene);
}

typedef struct raw_sink {
    uint8_t data[VIEWS * FRAME_BYTES];
    size_t size;
} raw_sink;

static td_result take(void *user, const void *data, size_t size)
{
    raw_sink *sink = user;
    assert_true(sink->size + size <= sizeof sink->data);
    memcpy(sink->data + sink->size, data, size);
    sink->size += size;
    return TD_OK;
}

static void a_stream_is_the_same_whole_and_in_bands(td_device *device)
{
    static raw_sink whole, bands;
    whole.size = bands.size = 0;
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    params.output = "-";
    params.write = take;
    params.write_user = &whole;
    run(&params);
    params.band_height = BAND;
    params.write_user = &bands;
    run(&params);
    assert_int_equal(whole.size, sizeof whole.data);
    assert_int_equal(bands.size, sizeof bands.data);
    assert_memory_equal(whole.data, bands.data, sizeof whole.data);
    td_scene_destroy(scene);
}

/* What happens at a write of a file. */
static struct {
    atomic_int left;  /* writes before it happens */
    td_batch *cancel; /* NULL: this one and all later ones fail */
} trouble;

static ssize_t write_with_trouble(int fd, const void *data, size_t size)
{
    const int left = atomic_fetch_sub(&trouble.left, 1);
    if (left == 0 && trouble.cancel)
        td_batch_cancel(trouble.cancel);
    if (left <= 0 && !trouble.cancel) {
        errno = ENOSPC;
        return -1;
    }
    return write(fd, data, size);
}

static void assert_files_are_complete(td_batch *batch, td_result result, td_result expected)
{
    td_batch_info info;
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, info.files);
    assert_int_equal(support_count_entries(), (int)info.files);
    assert_true(info.done + info.failed <= VIEWS);
    assert_true(result == expected || (result == TD_OK && info.done == VIEWS));
}

/* A batch of NPY files, since each band is a write of its own there, in trouble at the Nth write.
 * False once there are fewer. */
static bool run_with_trouble(const td_batch_params *params, int nth, bool cancel)
{
    tdi_file_ops ops = *tdi_file_ops_in_use();
    ops.write = write_with_trouble;
    td_batch *batch;
    char output[512];
    td_batch_params to_npy = *params;
    tdi_snprintf(output, sizeof output, "%s/{view}.npy", support_make_folder());
    to_npy.output = output;
    gpu_ok(td_batch_create(&to_npy, &batch));
    atomic_store(&trouble.left, nth);
    trouble.cancel = cancel ? batch : NULL;
    tdi_set_file_ops(&ops);
    const td_result result = td_batch_run(batch);
    tdi_set_file_ops(NULL);
    const bool happened = atomic_load(&trouble.left) < 0;
    assert_true(happened || result == TD_OK);
    assert_files_are_complete(batch, result, cancel ? TD_ERROR_CANCELLED : TD_ERROR_IO);
    td_batch_destroy(batch);
    support_remove_folder();
    return happened;
}

static void a_full_disk_leaves_complete_files(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    const int step = getenv("TANDEM_TEST_LONG") ? 1 : 8;
    params.band_height = BAND;
    int nth = 0;
    while (run_with_trouble(&params, nth, false))
        nth += step;
    assert_true(nth >= VIEWS * (HEIGHT + BAND - 1) / BAND);
    td_scene_destroy(scene);
}

static void a_cancelled_batch_leaves_complete_files(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    params.band_height = BAND;
    for (int nth = 1; nth < 20; nth += 6)
        assert_true(run_with_trouble(&params, nth, true));
    td_scene_destroy(scene);
}

/* Views that come too late fail once each, whatever number of bands they have in flight. */
static void late_views_fail_once(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    char output[512];
    tdi_snprintf(output, sizeof output, "%s/{view}.png", support_make_folder());
    params.output = output;
    params.band_height = BAND;
    params.view_timeout_ns = 1;
    td_batch *batch;
    td_batch_info info;
    gpu_ok(td_batch_create(&params, &batch));
    assert_int_equal(td_batch_run(batch), TD_ERROR_TIMEOUT);
    td_batch_get_info(batch, &info);
    assert_int_equal(info.done, 0);
    assert_int_equal(info.failed, VIEWS);
    assert_int_equal(support_count_entries(), 0);
    td_batch_destroy(batch);
    support_remove_folder();
    td_scene_destroy(scene);
}

/* A batch whose Nth allocation fails; false once there are fewer. */
static bool run_without_memory(const td_batch_params *params, uint32_t nth)
{
    td_batch *batch;
    char output[512];
    td_batch_params to_png = *params;
    tdi_snprintf(output, sizeof output, "%s/{view}.png", support_make_folder());
    to_png.output = output;
    gpu_ok(td_batch_create(&to_png, &batch));
    support_fail_allocation(nth);
    const td_result result = td_batch_run(batch);
    const bool failed = support_allocation_failed();
    support_fail_allocation(0);
    assert_true(failed || result == TD_OK);
    assert_files_are_complete(batch, result, TD_ERROR_HOST_MEMORY);
    td_batch_destroy(batch);
    support_remove_folder();
    return failed;
}

static void every_allocation_may_fail(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    const uint32_t step = getenv("TANDEM_TEST_LONG") ? 1 : 20;
    params.band_height = BAND;
    uint32_t nth = 1;
    while (run_without_memory(&params, nth))
        nth += step;
    assert_true(nth > 1);
    td_scene_destroy(scene);
}

/* Fewer bytes than whole images take: the batch turns to bands by itself. */
static void a_small_budget_makes_bands(td_device *device)
{
    td_scene *scene = scene_rich(1);
    td_camera cameras[VIEWS];
    td_batch_params params = params_for(device, scene, cameras);
    char output[512];
    params.width = params.height = 1024;
    params.view_count = 1;
    tdi_snprintf(output, sizeof output, "%s/{view}.npy", support_make_folder());
    params.output = output;
    td_batch *batch;
    char *report;
    gpu_ok(td_batch_create(&params, &batch));
    gpu_ok(td_batch_run(batch));
    gpu_ok(td_batch_report(batch, NULL, &report));
    assert_null(strstr(report, "\"bands\": 1,"));
    assert_non_null(strstr(report, "\"bands\": "));
    assert_int_equal(support_count_entries(), 1);
    td_batch_free_report(report);
    td_batch_destroy(batch);
    support_remove_folder();
    td_scene_destroy(scene);
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
        gpu_test(files_are_the_same_whole_and_in_bands),
        gpu_test(a_stream_is_the_same_whole_and_in_bands),
        gpu_test(a_full_disk_leaves_complete_files),
        gpu_test(a_cancelled_batch_leaves_complete_files),
        gpu_test(late_views_fail_once),
        gpu_test(every_allocation_may_fail),
        gpu_test_with(a_small_budget_makes_bands, (gpu_case){.run = a_small_budget_makes_bands,
                                                             .params = {.budget_bytes = 8 << 20}}),
    };
    return gpu_finish(cmocka_run_group_tests(tests, use_allocator, restore_allocator));
}
