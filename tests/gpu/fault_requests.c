/* Any call of the driver may fail from the making of a renderer to the last request. */
#include "fault_sweep.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_without_host_memory(fault_job_requests, 9, 43),
        fault_with_no_more_host_memory(fault_job_requests, 3, 53),
        fault_without_device_memory(fault_job_requests, 17, 43),
        fault_with_no_more_device_memory(fault_job_requests, 7, 53),
        fault_without_the_device(fault_job_requests, 1, 5),
    };
    return gpu_run_tests(tests);
}
