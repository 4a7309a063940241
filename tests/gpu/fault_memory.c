/* A device with little memory, or with less and less of it: a render gives the right pictures or a
 * code with a sentence, and what it took comes back. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include "fault_job.h"
#include "fault_support.h"

#include <stdio.h>
#include <stdlib.h>

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

/* The driver's budget falls below what is in use, and rises again. */
static void a_budget_that_shrinks_leaves_no_harm(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        fault_place place;
        setenv("TANDEM_FAULTS_DISCRETE", "1", 1);
        fault_place_open(JOBS[i], &place);
        unsetenv("TANDEM_FAULTS_DISCRETE");
        const faults f = fault_find(place.device);
        const uint64_t budgets[] = {256 * MIB, 8 * MIB, 4096};
        for (uint32_t j = 0; j < 3; j++) {
            fault_outcome outcome;
            f.set_memory(place.device->handle, &(faults_memory){.budget_bytes = budgets[j]});
            place.job(place.device, place.scene, &outcome);
            fault_assert_sound(&outcome, &place.expected, TD_ERROR_BUDGET, "a smaller budget");
            fault_place_check(&place, "a smaller budget");
        }
        f.set_memory(place.device->handle, &(faults_memory){0});
        fault_place_again(&place, "the budget of before");
        fault_place_close(&place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_heaps_suffice_or_say_so),
        cmocka_unit_test(a_budget_that_shrinks_leaves_no_harm),
    };
    return gpu_run_tests(tests);
}
