/* Textures and a buffer on their way to the device, and an environment: any call of the driver's
 * may fail, the device may be lost, and any allocation of the host's or start of a thread may fail.
 */
#include "fault_host_sweep.h"
#include "fault_sweep.h"

enum { SAMPLES = 8 }; /* of the allocations, in the short run */

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_without_host_memory(fault_job_uploads, 1, 9),
        fault_with_no_more_host_memory(fault_job_uploads, 1, 9),
        fault_without_device_memory(fault_job_uploads, 2, 9),
        fault_with_no_more_device_memory(fault_job_uploads, 3, 9),
        fault_without_the_device(fault_job_uploads, 1, 7),
        fault_without_allocation(fault_job_uploads, SAMPLES),
        fault_with_no_more_allocations(fault_job_uploads, SAMPLES),
        fault_without_threads(fault_job_uploads, 3),
        fault_without_host_memory(fault_job_environment, 1, 13),
        fault_without_device_memory(fault_job_environment, 2, 13),
        fault_without_the_device(fault_job_environment, 3, 17),
        fault_without_allocation(fault_job_environment, 4),
    };
    return gpu_finish(cmocka_run_group_tests(tests, fault_host_replace, fault_host_restore));
}
