/* Every allocation of the host's that a job makes fails once, or it and all that follow; and every
 * start of a thread. */
#ifndef TESTS_GPU_FAULT_HOST_SWEEP_H
#define TESTS_GPU_FAULT_HOST_SWEEP_H

#include "fault_job.h"

/* Each time the job gives its code and a sentence, what is there of its pictures is right, all
 * memory comes back, and the next job on the same device gives the right pictures. About `samples`
 * of the allocations in the short run. */
void fault_sweep_allocations(fault_job_fn job, uint32_t samples, bool ever);

/* On a device of its own each time. At least so many threads. */
void fault_sweep_threads(fault_job_fn job, uint32_t at_least);

/* Before all tests of a program, and after them: what allocates and starts threads. */
int fault_host_replace(void **state);
int fault_host_restore(void **state);

#endif
