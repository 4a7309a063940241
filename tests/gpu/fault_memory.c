/* A device with little memory, or with less and less of it: a render gives the right pictures or a
 * code with a sentence, and what it took comes back. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include "fault_job.h"
#include "fault_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define MIB (UINT64_C(1) << 20)

static const fault_job_fn JOBS[] = {fault_job_batch, fault_job_requests};

/* Of a device whose heaps have so many bytes. */
static td_result render_in_heaps(const fault_place *whole, uint64_t bytes)
{
    const td_device_params params = {.validation = true};
    const uint64_t blocks = tdi_live_blocks();
    fault_outcome outcome;
    td_device *device = NULL;
    char text[32], where[64];
    snprintf(text, sizeof text, "%llu", (unsigned long long)bytes);
    snprintf(where, sizeof where, "heaps of %s bytes", text);
    setenv("TANDEM_FAULTS_HEAPS", text, 1);
    const td_result made = td_device_create(&params, &device);
    unsetenv("TANDEM_FAULTS_HEAPS");
    gpu_ok(made);
    whole->job(device, whole->scene, &outcome);
    fault_assert_sound(&outcome, &whole->expected, TD_ERROR_DEVICE_MEMORY, where);
    fault_assert_returned(device, where);
    td_device_destroy(device);
    assert_int_equal(tdi_live_blocks(), blocks);
    assert_int_equal(gpu_message_count(), 0);
    return outcome.result;
}

static void small_heaps_suffice_or_say_so(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        fault_place whole;
        fault_place_open(JOBS[i], &whole);
        assert_int_equal(render_in_heaps(&whole, 32 * MIB), TD_OK);
        (void)render_in_heaps(&whole, 2 * MIB);
        assert_int_equal(render_in_heaps(&whole, 4096), TD_ERROR_DEVICE_MEMORY);
        fault_place_close(&whole);
    }
}

/* ---- a budget of the driver's that shrinks while running ---- */

static void open_discrete(fault_job_fn job, fault_place *out)
{
    setenv("TANDEM_FAULTS_DISCRETE", "1", 1);
    fault_place_open(job, out);
    unsetenv("TANDEM_FAULTS_DISCRETE");
}

static void set_driver_budget(const fault_place *place, uint64_t bytes)
{
    const faults f = fault_find(place->device);
    f.set_memory(place->device->handle, &(faults_memory){.budget_bytes = bytes});
}

static void assert_driver_refused(td_result result, const char *sentence)
{
    assert_int_equal(result, TD_ERROR_BUDGET);
    if (!strstr(sentence, "the driver has "))
        fail_msg("not a word of the driver's budget: %s", sentence);
}

/* It falls below what a job needs, and rises again. */
static void a_budget_that_shrinks_leaves_no_harm(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        fault_place place;
        fault_outcome outcome;
        open_discrete(JOBS[i], &place);
        set_driver_budget(&place, 256 * MIB);
        fault_place_again(&place, "a budget that suffices");
        set_driver_budget(&place, 8 * MIB);
        place.job(place.device, place.scene, &outcome);
        fault_assert_sound(&outcome, &place.expected, TD_ERROR_BUDGET, "a smaller budget");
        fault_place_check(&place, "a smaller budget");
        set_driver_budget(&place, 4096);
        place.job(place.device, place.scene, &outcome);
        assert_driver_refused(outcome.result, outcome.sentence);
        fault_place_check(&place, "hardly any budget");
        set_driver_budget(&place, 0);
        fault_place_again(&place, "the budget of before");
        fault_place_close(&place);
    }
}

static td_renderer *make_renderer(const fault_place *place, td_result expected)
{
    const td_renderer_params params = scene_renderer_params(place->scene, 16, 16);
    td_renderer *renderer = NULL;
    const td_result result = td_renderer_create(place->device, &params, &renderer);
    if (expected == TD_OK)
        gpu_ok(result);
    else
        assert_driver_refused(result, td_last_error());
    return renderer;
}

static void render_once(td_renderer *renderer)
{
    const td_camera camera = scene_rich_camera(0);
    td_request *request = NULL;
    gpu_ok(td_renderer_submit(renderer, &camera, 1, 0, SCENE_LIMIT_NS, &request));
    gpu_ok(td_request_wait(request, SCENE_LIMIT_NS));
    td_request_release(request);
}

/* It falls below what is in use: who has memory goes on, and nobody gets more until it rises. */
static void who_has_memory_goes_on(void **state)
{
    (void)state;
    fault_place place;
    open_discrete(fault_job_requests, &place);
    td_renderer *first = make_renderer(&place, TD_OK);
    render_once(first);
    set_driver_budget(&place, 4096);
    render_once(first);
    assert_null(make_renderer(&place, TD_ERROR_BUDGET));
    render_once(first);
    set_driver_budget(&place, 256 * MIB);
    td_renderer *second = make_renderer(&place, TD_OK);
    render_once(second);
    render_once(first);
    td_renderer_destroy(second);
    td_renderer_destroy(first);
    fault_place_again(&place, "a budget that rose");
    fault_place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_heaps_suffice_or_say_so),
        cmocka_unit_test(a_budget_that_shrinks_leaves_no_harm),
        cmocka_unit_test(who_has_memory_goes_on),
    };
    return gpu_run_tests(tests);
}
