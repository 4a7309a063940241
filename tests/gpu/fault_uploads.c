/* Textures and a buffer on their way to the device: any call of the driver's may fail, the device
 * may be lost, and any allocation of the host's or start of a thread may fail. */
#include "fault_host_sweep.h"
#include "fault_sweep.h"

enum { SAMPLES = 8 }; /* of the allocations, in the short run */

static void without_host_memory(void **state)
{
    (void)state;
    fault_sweep_allocations(fault_job_uploads, SAMPLES, false);
}

static void with_no_more_host_memory(void **state)
{
    (void)state;
    fault_sweep_allocations(fault_job_uploads, SAMPLES, true);
}

static void without_threads(void **state)
{
    (void)state;
    fault_sweep_threads(fault_job_uploads, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_without_host_memory(fault_job_uploads, 1, 9),
        fault_with_no_more_host_memory(fault_job_uploads, 1, 9),
        fault_without_device_memory(fault_job_uploads, 2, 9),
        fault_with_no_more_device_memory(fault_job_uploads, 3, 9),
        fault_without_the_device(fault_job_uploads, 1, 7),
        cmocka_unit_test(without_host_memory),
        cmocka_unit_test(with_no_more_host_memory),
        cmocka_unit_test(without_threads),
    };
    return gpu_finish(cmocka_run_group_tests(tests, fault_host_replace, fault_host_restore));
}
