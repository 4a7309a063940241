/* A whole render may meet the end of host memory at any allocation and of threads at any start of
 * one, once or from then on: a code and a sentence, files that are complete or absent, nothing left
 * behind, and the next job on the same device gives the right pictures. */
#include "fault_host_sweep.h"

enum { SAMPLES = 2 }; /* of the allocations, in the short run */

static void files_without_memory(void **state)
{
    (void)state;
    fault_sweep_allocations(fault_job_batch, SAMPLES, false);
}

static void files_with_no_more_memory(void **state)
{
    (void)state;
    fault_sweep_allocations(fault_job_batch, SAMPLES, true);
}

static void requests_without_memory(void **state)
{
    (void)state;
    fault_sweep_allocations(fault_job_requests, SAMPLES, false);
}

static void requests_with_no_more_memory(void **state)
{
    (void)state;
    fault_sweep_allocations(fault_job_requests, SAMPLES, true);
}

static void files_without_threads(void **state)
{
    (void)state;
    fault_sweep_threads(fault_job_batch, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_without_memory),    cmocka_unit_test(files_with_no_more_memory),
        cmocka_unit_test(requests_without_memory), cmocka_unit_test(requests_with_no_more_memory),
        cmocka_unit_test(files_without_threads),
    };
    return gpu_finish(cmocka_run_group_tests(tests, fault_host_replace, fault_host_restore));
}
