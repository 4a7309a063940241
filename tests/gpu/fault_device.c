/* Making a device, and listing devices, may fail at every call from vkCreateInstance on: a code, a
 * sentence, nothing left behind, and the next attempt works. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include "fault_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

typedef struct kind {
    const char *name; /* for the layer */
    td_result code;
} kind;

static const kind HOST = {"host", TD_ERROR_HOST_MEMORY};
static const kind DEVICE = {"device", TD_ERROR_DEVICE_MEMORY};
static const kind LOST = {"lost", TD_ERROR_DEVICE_LOST};

static void ask_for(uint32_t nth, const kind *k, bool ever)
{
    char text[64];
    snprintf(text, sizeof text, "%u %s%s", nth, k->name, ever ? " ever" : "");
    setenv("TANDEM_FAULTS", text, 1);
}

static void assert_failure(td_result result, const kind *k, uint32_t nth)
{
    if (result != k->code)
        fail_msg("call %u, %s: %s: %s", nth, k->name, td_result_name(result), td_last_error());
    assert_true(strlen(td_last_error()) > 0);
}

/* What may be done without is allowed to fail in silence. False if there are fewer calls. */
static bool making_survives(const kind *k, uint32_t nth, bool ever)
{
    const td_device_params params = {.validation = true};
    td_device *device = NULL;
    ask_for(nth, k, ever);
    const td_result result = td_device_create(&params, &device);
    unsetenv("TANDEM_FAULTS");
    bool failed = result != TD_OK;
    if (failed) {
        assert_failure(result, k, nth);
        assert_null(device);
    } else {
        const faults f = fault_find(device);
        failed = f.happened(device->handle);
        f.arm(device->handle, &(faults_plan){0});
    }
    td_device_destroy(device);
    assert_int_equal(tdi_live_blocks(), 0);
    assert_int_equal(gpu_message_count(), 0);
    return failed;
}

static uint32_t sweep(const kind *k, bool ever, uint32_t first, uint32_t step)
{
    const uint32_t apart = getenv("TANDEM_TEST_LONG") ? 1 : step;
    uint32_t failures = 0;
    for (uint32_t nth = apart == 1 ? 1 : first; making_survives(k, nth, ever); nth += apart)
        failures++;
    return failures;
}

static void prepare(void)
{
    uint32_t count;
    gpu_watch_messages(NULL);
    gpu_check_device(td_device_list(NULL, 0, &count));
}

static void making_survives_each_call(void **state)
{
    (void)state;
    prepare();
    assert_true(sweep(&HOST, false, 1, 2) > 3);
    assert_true(sweep(&DEVICE, false, 2, 2) > 3);
    assert_int_equal(sweep(&LOST, false, 1, 1), 1); /* vkCreateDevice */
}

static void making_survives_each_call_and_all_that_follow(void **state)
{
    (void)state;
    prepare();
    assert_true(sweep(&HOST, true, 1, 2) > 3);
    assert_true(sweep(&DEVICE, true, 2, 2) > 3);
}

static void the_next_attempt_works(void **state)
{
    (void)state;
    td_device *device = NULL;
    prepare();
    assert_true(making_survives(&HOST, 1, false));
    gpu_ok(td_device_create(&(td_device_params){.validation = true}, &device));
    td_device_destroy(device);
}

/* A list of devices has no more calls than it takes to find them. */
static void listing_survives_each_call(void **state)
{
    (void)state;
    uint32_t expected, failures = 0;
    prepare();
    gpu_ok(td_device_list(NULL, 0, &expected));
    for (uint32_t nth = 1; nth <= 8; nth++) {
        uint32_t count = 99;
        ask_for(nth, &HOST, false);
        const td_result result = td_device_list(NULL, 0, &count);
        unsetenv("TANDEM_FAULTS");
        if (result == TD_OK)
            continue;
        assert_failure(result, &HOST, nth);
        assert_int_equal(tdi_live_blocks(), 0);
        failures++;
    }
    assert_true(failures > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making_survives_each_call),
        cmocka_unit_test(making_survives_each_call_and_all_that_follow),
        cmocka_unit_test(the_next_attempt_works),
        cmocka_unit_test(listing_survives_each_call),
    };
    return gpu_run_tests(tests);
}
