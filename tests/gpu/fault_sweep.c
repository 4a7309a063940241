#include "fault_sweep.h"

#include <stdio.h>
#include <stdlib.h>

#include "fault_support.h"
#include "gpu/pipeline_store.h"

static td_result code_of(VkResult error)
{
    switch (error) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return TD_ERROR_HOST_MEMORY;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return TD_ERROR_DEVICE_MEMORY;
    default:
        return TD_ERROR_DEVICE_LOST;
    }
}

/* One job with a fault, and what comes after it. False if the job has fewer calls. */
static bool survives(const fault_place *p, const fault_sweep *s, uint32_t nth)
{
    const faults f = fault_find(p->device);
    const VkDevice handle = p->device->handle;
    const bool ever = s->times == FAULTS_EVER;
    const faults_plan plan = {
        .calls = ever ? FAULTS_ANY & ~FAULTS_WAITS : FAULTS_ANY,
        .nth = nth,
        .times = s->times,
        .result = s->error,
    };
    fault_outcome outcome;
    char where[128];
    if (nth == s->first || fault_step(s->step) == 1)
        tdi_pipeline_store_trim(p->device); /* making pipelines is to fail, too */
    f.arm(handle, &plan);
    s->job(p->device, p->scene, &outcome);
    const char *failed = f.failed(handle);
    f.arm(handle, &(faults_plan){0});
    snprintf(where, sizeof where, "%s, call %u%s", failed ? failed : "nothing failed", nth,
             ever ? " and all that follow" : "");
    fault_assert_sound(&outcome, &p->expected, failed ? code_of(s->error) : TD_OK, where);
    fault_place_check(p, where);
    if (f.lost(handle))
        fault_assert_lost(p->device);
    else if (failed)
        fault_place_again(p, where);
    return failed != NULL;
}

void fault_sweep_run(void **state)
{
    const fault_sweep *sweep = *state;
    const uint32_t step = fault_step(sweep->step);
    uint32_t nth = step == 1 ? 1 : sweep->first, failures = 0;
    fault_place p;
    fault_place_open(sweep->job, &p);
    for (; survives(&p, sweep, nth); nth += step) {
        failures++;
        if (sweep->error == VK_ERROR_DEVICE_LOST)
            fault_place_renew(&p);
    }
    fault_place_close(&p);
    print_message("%u calls have failed, the last of at most %u\n", failures, nth);
    assert_true(failures > 0);
}
