#define _POSIX_C_SOURCE 200809L /* setenv, strdup */

#include "fault_support.h"

#include <stdlib.h>
#include <string.h>

#include <tandem/ticket.h>

#include "base/memory.h"

faults fault_find(td_device *device)
{
    faults f;
    assert_true(faults_find(vkGetDeviceProcAddr, device->handle, &f));
    return f;
}

bool fault_went_well(td_result result)
{
    if (result != TD_OK && result != TD_ERROR_DEVICE_LOST)
        fail_msg("%s: %s", td_result_name(result), td_last_error());
    assert_true(result == TD_OK || strlen(td_last_error()) > 0);
    return result == TD_OK;
}

static void assert_budget_is_back(td_device *device)
{
    td_budget_info info;
    tdi_memory_trim(device);
    td_budget_get_info(td_device_budget(device), &info);
    assert_int_equal(info.used_bytes, 0);
    assert_int_equal(info.held_bytes, 0);
}

void fault_assert_lost(td_device *device)
{
    const td_lane_submit_params params = {.lane = TD_LANE_COMPUTE};
    td_ticket ticket;
    assert_int_equal(td_lane_submit(device, &params, &ticket), TD_ERROR_DEVICE_LOST);
}

static bool survives_with(fault_work_fn work, const faults_plan *plan, bool validation)
{
    const td_device_params params = {.validation = validation};
    const uint64_t blocks = tdi_live_blocks();
    td_device *device = NULL;
    gpu_watch_messages(NULL);
    gpu_check_device(td_device_create(&params, &device));
    const faults f = fault_find(device);
    work(device, &f, plan);
    const bool happened = f.happened(device->handle);
    assert_budget_is_back(device);
    if (happened && plan->result == VK_ERROR_DEVICE_LOST)
        fault_assert_lost(device);
    td_device_destroy(device);
    assert_int_equal(gpu_message_count(), 0);
    assert_int_equal(tdi_live_blocks(), blocks);
    return happened;
}

bool fault_survives(fault_work_fn work, const faults_plan *plan)
{
    return survives_with(work, plan, true);
}

bool fault_survives_unwatched(fault_work_fn work, const faults_plan *plan)
{
    static const char VALIDATION[] = "VK_LAYER_KHRONOS_validation:";
    char *all = strdup(getenv("VK_INSTANCE_LAYERS"));
    char *rest = malloc(strlen(all) + 2);
    assert_non_null(rest);
    strcat(strcpy(rest, all), ":");
    char *found = strstr(rest, VALIDATION);
    if (found)
        memmove(found, found + strlen(VALIDATION), strlen(found + strlen(VALIDATION)) + 1);
    setenv("VK_INSTANCE_LAYERS", rest, 1);
    const bool happened = survives_with(work, plan, false);
    setenv("VK_INSTANCE_LAYERS", all, 1);
    free(rest);
    free(all);
    return happened;
}

uint32_t fault_step(uint32_t step)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const uint32_t normal = 3 * step;
#else
    const uint32_t normal = step;
#endif
    return getenv("TANDEM_TEST_LONG") ? 1 : normal;
}

static uint32_t survive_each(fault_work_fn work, faults_plan plan, uint32_t step)
{
    uint32_t losses = 0;
    for (plan.nth = 1; fault_survives(work, &plan); plan.nth += step)
        losses++;
    return losses;
}

/* A wait is left out where the device was faster, so that there may be none in one try. */
void fault_survives_at_each(fault_work_fn work, uint64_t calls, uint32_t at_least, uint32_t step)
{
    const uint32_t steps = getenv("TANDEM_TEST_LONG") ? 1 : step;
    uint32_t losses = 0;
    for (int tries = 0; tries < 5 && losses < at_least; tries++) {
        faults_plan plan = {.calls = calls, .result = VK_ERROR_DEVICE_LOST};
        losses += survive_each(work, plan, steps);
        plan.after = true;
        if (calls & FAULTS_SUBMIT2)
            losses += survive_each(work, plan, steps);
    }
    if (losses < at_least)
        fail_msg("only %u calls could fail, of at least %u", losses, at_least);
}
