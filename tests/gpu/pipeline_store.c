/* Pipelines are made once for all that want the same, kept when nobody uses them, up to a number,
 * and destroyed before others when they were left first. */
#include "gpu_test.h"

#include <string.h>

#include "base/thread.h"
#include "fill_spv.h"
#include "gpu/pipeline_store.h"

typedef struct maker {
    uint32_t made;
    bool fails;
} maker;

static td_result make(td_device *device, void *user, tdi_pipeline *out)
{
    maker *m = user;
    const tdi_compute_pipeline_params params = {
        .name = "fill",
        .code = fill_spv,
        .code_bytes = sizeof fill_spv,
        .binding_count = 2,
        .push_bytes = 8,
        .bindless = true,
    };
    m->made++;
    if (m->fails)
        return tdi_fail(TD_ERROR_DEVICE_MEMORY, "no memory for a pipeline");
    return tdi_pipeline_create_compute(device, &params, out);
}

static tdi_pipeline_key key_of(uint32_t number)
{
    tdi_pipeline_key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    return key;
}

static tdi_pipeline take(td_device *device, uint32_t number, maker *m)
{
    const tdi_pipeline_key key = key_of(number);
    tdi_pipeline pipeline;
    gpu_ok(tdi_pipeline_store_take(device, &key, make, m, &pipeline));
    return pipeline;
}

static void the_same_is_made_once(td_device *device)
{
    maker m = {0};
    tdi_pipeline first = take(device, 1, &m), second = take(device, 1, &m);
    tdi_pipeline other = take(device, 2, &m);
    assert_int_equal(m.made, 2);
    assert_true(first.handle == second.handle);
    assert_true(first.handle != other.handle);
    tdi_pipeline_store_give_back(device, &first);
    assert_true(first.handle == VK_NULL_HANDLE);
    tdi_pipeline_store_give_back(device, &first);
    tdi_pipeline_store_trim(device);
    first = take(device, 1, &m); /* the second holds it still */
    assert_int_equal(m.made, 2);
    tdi_pipeline_store_give_back(device, &first);
    tdi_pipeline_store_give_back(device, &second);
    tdi_pipeline_store_give_back(device, &other);
}

static void left_ones_are_kept_up_to_a_number(td_device *device)
{
    maker m = {0};
    for (uint32_t i = 0; i < TDI_PIPELINES_KEPT + 2; i++) {
        tdi_pipeline pipeline = take(device, i, &m);
        tdi_pipeline_store_give_back(device, &pipeline);
    }
    assert_int_equal(m.made, TDI_PIPELINES_KEPT + 2);
    tdi_pipeline kept = take(device, 2, &m);
    assert_int_equal(m.made, TDI_PIPELINES_KEPT + 2);
    tdi_pipeline gone = take(device, 1, &m);
    assert_int_equal(m.made, TDI_PIPELINES_KEPT + 3);
    tdi_pipeline_store_give_back(device, &kept);
    tdi_pipeline_store_give_back(device, &gone);
    tdi_pipeline_store_trim(device);
    kept = take(device, 2, &m);
    assert_int_equal(m.made, TDI_PIPELINES_KEPT + 4);
    tdi_pipeline_store_give_back(device, &kept);
}

static void a_failure_leaves_nothing(td_device *device)
{
    maker m = {.fails = true};
    const tdi_pipeline_key key = key_of(1);
    tdi_pipeline pipeline;
    assert_int_equal(tdi_pipeline_store_take(device, &key, make, &m, &pipeline),
                     TD_ERROR_DEVICE_MEMORY);
    m.fails = false;
    pipeline = take(device, 1, &m);
    assert_int_equal(m.made, 2);
    tdi_pipeline_store_give_back(device, &pipeline);
}

typedef struct worker {
    td_device *device;
    maker m;
    bool good;
} worker;

static void take_and_leave(void *user)
{
    worker *w = user;
    w->good = true;
    for (uint32_t i = 0; i < 200; i++) {
        const tdi_pipeline_key key = key_of(i % 7);
        tdi_pipeline pipeline = {0};
        w->good &= tdi_pipeline_store_take(w->device, &key, make, &w->m, &pipeline) == TD_OK;
        if (i % 31 == 0)
            tdi_pipeline_store_trim(w->device);
        tdi_pipeline_store_give_back(w->device, &pipeline);
    }
}

static void threads_share(td_device *device)
{
    worker workers[8];
    tdi_thread threads[8];
    for (uint32_t i = 0; i < 8; i++) {
        workers[i] = (worker){.device = device};
        gpu_ok(tdi_thread_start(&threads[i], "worker", take_and_leave, &workers[i]));
    }
    for (uint32_t i = 0; i < 8; i++) {
        tdi_thread_join(&threads[i]);
        assert_true(workers[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(the_same_is_made_once),
        gpu_test(left_ones_are_kept_up_to_a_number),
        gpu_test(a_failure_leaves_nothing),
        gpu_test(threads_share),
    };
    return gpu_run_tests(tests);
}
