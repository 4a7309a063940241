/* Any call of the driver may fail while a batch makes files. */
#include "fault_sweep.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_without_host_memory(fault_job_batch, 1, 43),
        fault_with_no_more_host_memory(fault_job_batch, 3, 53),
        fault_without_device_memory(fault_job_batch, 5, 43),
        fault_with_no_more_device_memory(fault_job_batch, 7, 53),
        fault_without_the_device(fault_job_batch, 1, 5),
    };
    return gpu_run_tests(tests);
}
