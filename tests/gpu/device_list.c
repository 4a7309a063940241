/* Devices are listed without being made, and chosen by parameters and environment. */
#define _XOPEN_SOURCE 700

#include "gpu_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static td_device_info infos[16];
static uint32_t count;

static void list(void)
{
    gpu_check_device(td_device_list(infos, 16, &count));
    assert_true(count > 0);
}

static void the_list_is_in_order(void **state)
{
    (void)state;
    list();
    for (uint32_t i = 0; i < count && i < 16; i++) {
        assert_int_equal(infos[i].index, i);
        assert_true(strlen(infos[i].name) > 0);
        assert_true(infos[i].usable == (infos[i].missing[0] == '\0'));
        assert_true(i == 0 || !infos[i - 1].software || infos[i].software);
    }
    assert_int_equal(tdi_live_blocks(), 0);
}

static void a_short_array_is_not_overrun(void **state)
{
    (void)state;
    list();
    td_device_info one[2];
    memset(one, 0x5A, sizeof one);
    uint32_t found = 0;
    gpu_ok(td_device_list(one, 1, &found));
    assert_int_equal(found, count);
    assert_int_equal(((uint8_t *)&one[1])[0], 0x5A);
    gpu_ok(td_device_list(NULL, 0, &found));
    assert_int_equal(found, count);
    assert_int_equal(td_device_list(NULL, 1, &found), TD_ERROR_ARGUMENT);
    assert_int_equal(td_device_list(one, 1, NULL), TD_ERROR_ARGUMENT);
}

static void check_selected(const char *select, const char *environment)
{
    const td_device_params params = {.select = select};
    td_device *device;
    td_device_info info;
    if (environment)
        setenv("TANDEM_DEVICE", environment, 1);
    td_result result = td_device_create(&params, &device);
    unsetenv("TANDEM_DEVICE");
    gpu_check_device(result);
    td_device_get_info(device, &info);
    assert_memory_equal(info.uuid, infos[0].uuid, sizeof info.uuid);
    td_device_destroy(device);
}

static void a_device_is_chosen_in_every_way(void **state)
{
    (void)state;
    char uuid[33];
    list();
    for (int i = 0; i < 16; i++)
        snprintf(uuid + 2 * i, 3, "%02X", infos[0].uuid[i]);
    check_selected("0", NULL);
    check_selected(uuid, NULL);
    check_selected(infos[0].name, NULL);
    check_selected(NULL, "0");
    check_selected("0", "no such device"); /* what is asked for goes before the environment */
}

static void check_refused(const td_device_params *params, td_result expected, const char *part)
{
    td_device *device = (td_device *)infos;
    assert_int_equal(td_device_create(params, &device), expected);
    assert_null(device);
    assert_non_null(strstr(td_last_error(), part));
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    list();
    const td_device_params unknown = {.select = "no such device"};
    const td_device_params defaults = {0};
    check_refused(&unknown, TD_ERROR_NOT_FOUND, "no such device");
    setenv("TANDEM_DEVICE", "99", 1);
    check_refused(&defaults, TD_ERROR_NOT_FOUND, "\"99\"");
    unsetenv("TANDEM_DEVICE");
    setenv("TANDEM_BUDGET", "much", 1);
    check_refused(&defaults, TD_ERROR_ARGUMENT, "TANDEM_BUDGET is \"much\"");
    unsetenv("TANDEM_BUDGET");
    assert_int_equal(td_device_create(&defaults, NULL), TD_ERROR_ARGUMENT);
    td_device_destroy(NULL);
}

static void asynchronous_lanes_need_two_queues(void **state)
{
    (void)state;
    list();
    const td_device_params params = {.async = TD_ASYNC_ON};
    td_device *device;
    bool shared =
        infos[0].lanes[TD_LANE_COMPUTE].passthrough && infos[0].lanes[TD_LANE_TRANSFER].passthrough;
    td_result result = td_device_create(&params, &device);
    assert_int_equal(result, shared ? TD_ERROR_UNSUPPORTED : TD_OK);
    td_device_destroy(device);
}

static void the_budget_comes_from_the_environment(void **state)
{
    (void)state;
    const td_device_params given = {.budget_bytes = 1 << 20};
    td_device *device;
    td_budget_info info;
    list();
    setenv("TANDEM_BUDGET", "100MiB", 1);
    gpu_ok(td_device_create(NULL, &device));
    td_budget_get_info(td_device_budget(device), &info);
    assert_int_equal(info.limit_bytes, 100 << 20);
    td_device_destroy(device);
    gpu_ok(td_device_create(&given, &device));
    td_budget_get_info(td_device_budget(device), &info);
    assert_int_equal(info.limit_bytes, 1 << 20);
    td_device_destroy(device);
    unsetenv("TANDEM_BUDGET");
}

/* An empty list of drivers is how the loader is told that there is none. */
static void without_a_driver_there_is_no_device(void **state)
{
    (void)state;
    list();
    const char *files = getenv("VK_DRIVER_FILES");
    char *kept = files ? strdup(files) : NULL;
    td_device *device;
    setenv("VK_DRIVER_FILES", "/nowhere/driver.json", 1);
    td_result listed = td_device_list(infos, 16, &count);
    assert_int_equal(listed, TD_ERROR_NO_DEVICE);
    assert_int_equal(count, 0);
    assert_int_equal(td_device_create(NULL, &device), TD_ERROR_NO_DEVICE);
    assert_true(strlen(td_last_error()) > 0);
    if (kept)
        setenv("VK_DRIVER_FILES", kept, 1);
    else
        unsetenv("VK_DRIVER_FILES");
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_in_order),
        cmocka_unit_test(a_short_array_is_not_overrun),
        cmocka_unit_test(a_device_is_chosen_in_every_way),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(asynchronous_lanes_need_two_queues),
        cmocka_unit_test(the_budget_comes_from_the_environment),
        cmocka_unit_test(without_a_driver_there_is_no_device),
    };
    return gpu_run_tests(tests);
}
