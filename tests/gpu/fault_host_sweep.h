/* Every allocation of the host's that a job makes fails once, or it and all that follow; and every
 * start of a thread. */
#ifndef TESTS_GPU_FAULT_HOST_SWEEP_H
#define TESTS_GPU_FAULT_HOST_SWEEP_H

#include "fault_job.h"

typedef struct fault_host_sweep {
    fault_job_fn job;
    uint32_t count; /* of the allocations, in the short run; or the least number of threads */
    bool ever;
} fault_host_sweep;

/* cmocka tests whose state is a sweep: each time the job gives its code and a sentence, what is
 * there of its pictures is right, all memory comes back, and the next job gives the right pictures,
 * on the same device, or for threads on a device of its own each time. */
void fault_allocations_run(void **state);
void fault_threads_run(void **state);

/* Entries for cmocka's array of tests. */
#define fault_host_test(label, run, ...)                                                           \
    {                                                                                              \
        .name = label, .test_func = run, .initial_state = &(fault_host_sweep[])                    \
        {                                                                                          \
            {                                                                                      \
                __VA_ARGS__                                                                        \
            }                                                                                      \
        }                                                                                          \
    }
#define fault_without_allocation(job, samples)                                                     \
    fault_host_test(#job " without_an_allocation", fault_allocations_run, job, samples, false)
#define fault_with_no_more_allocations(job, samples)                                               \
    fault_host_test(#job " with_no_more_allocations", fault_allocations_run, job, samples, true)
#define fault_without_threads(job, at_least)                                                       \
    fault_host_test(#job " without_threads", fault_threads_run, job, at_least, false)

/* Before all tests of a program, and after them: what allocates and starts threads. */
int fault_host_replace(void **state);
int fault_host_restore(void **state);

#endif
