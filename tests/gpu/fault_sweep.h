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

/* A cmocka test whose state is a sweep: each time the job gives its code and a sentence, every
 * picture is complete or absent, all memory comes back, and the next job gives the right pictures,
 * on the same device unless that is lost. */
void fault_sweep_run(void **state);

/* Entries for cmocka's array of tests, by what is missing, with the first call and the step. */
#define fault_sweep_test(label, ...)                                                               \
    {                                                                                              \
        .name = #label, .test_func = fault_sweep_run, .initial_state = &(fault_sweep[])            \
        {                                                                                          \
            {                                                                                      \
                __VA_ARGS__                                                                        \
            }                                                                                      \
        }                                                                                          \
    }
#define fault_without_host_memory(job, first, step)                                                \
    fault_sweep_test(without_host_memory_of_the_driver, job, VK_ERROR_OUT_OF_HOST_MEMORY, 1,       \
                     first, step)
#define fault_with_no_more_host_memory(job, first, step)                                           \
    fault_sweep_test(with_no_more_host_memory_of_the_driver, job, VK_ERROR_OUT_OF_HOST_MEMORY,     \
                     FAULTS_EVER, first, step)
#define fault_without_device_memory(job, first, step)                                              \
    fault_sweep_test(without_device_memory, job, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, first, step)
#define fault_with_no_more_device_memory(job, first, step)                                         \
    fault_sweep_test(with_no_more_device_memory, job, VK_ERROR_OUT_OF_DEVICE_MEMORY, FAULTS_EVER,  \
                     first, step)
#define fault_without_the_device(job, first, step)                                                 \
    fault_sweep_test(without_the_device, job, VK_ERROR_DEVICE_LOST, 1, first, step)

#endif
