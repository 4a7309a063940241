/* A whole render may meet the end of host memory at any allocation and of threads at any start of
 * one, once or from then on: a code and a sentence, files that are complete or absent, nothing left
 * behind, and the next job on the same device gives the right pictures. */
#include "fault_host_sweep.h"

enum { SAMPLES = 2 }; /* of the allocations, in the short run */

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_without_allocation(fault_job_batch, SAMPLES),
        fault_with_no_more_allocations(fault_job_batch, SAMPLES),
        fault_without_allocation(fault_job_requests, SAMPLES),
        fault_with_no_more_allocations(fault_job_requests, SAMPLES),
        fault_without_threads(fault_job_batch, 3),
    };
    return gpu_finish(cmocka_run_group_tests(tests, fault_host_replace, fault_host_restore));
}
