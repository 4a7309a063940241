/* Every call of the driver that a job makes fails once, or it and all that follow. */
#ifndef TESTS_GPU_FAULT_SWEEP_H
#define TESTS_GPU_FAULT_SWEEP_H

#include "fault_job.h"

#include "../layers/faults.h"

/* The calls from `first` on, `step` apart, in the short run, and every one in the long run. Waits
 * are left out of those that fail from then on: no driver may refuse for ever to say what became of
 * work. */
typedef struct fault_sweep {
    fault_job_fn job;
    VkResult error;
    uint32_t times; /* 1 or FAULTS_EVER */
    uint32_t first, step;
} fault_sweep;

/* Each time the job gives its code and a sentence, every picture is complete or absent, all memory
 * comes back, and the next job gives the right pictures, on the same device unless that is lost. */
void fault_sweep_run(const fault_sweep *sweep);

#endif
