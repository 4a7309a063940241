/* Any call of the driver may fail from the making of a renderer to the last request. */
#include "fault_sweep.h"

static void without_host_memory(void **state)
{
    (void)state;
    fault_sweep_run(&(fault_sweep){fault_job_requests, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 9, 43});
}

static void with_no_more_host_memory(void **state)
{
    (void)state;
    fault_sweep_run(
        &(fault_sweep){fault_job_requests, VK_ERROR_OUT_OF_HOST_MEMORY, FAULTS_EVER, 3, 53});
}

static void without_device_memory(void **state)
{
    (void)state;
    fault_sweep_run(&(fault_sweep){fault_job_requests, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 17, 43});
}

static void with_no_more_device_memory(void **state)
{
    (void)state;
    fault_sweep_run(
        &(fault_sweep){fault_job_requests, VK_ERROR_OUT_OF_DEVICE_MEMORY, FAULTS_EVER, 7, 53});
}

static void without_the_device(void **state)
{
    (void)state;
    fault_sweep_run(&(fault_sweep){fault_job_requests, VK_ERROR_DEVICE_LOST, 1, 1, 5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_host_memory),   cmocka_unit_test(with_no_more_host_memory),
        cmocka_unit_test(without_device_memory), cmocka_unit_test(with_no_more_device_memory),
        cmocka_unit_test(without_the_device),
    };
    return gpu_run_tests(tests);
}
