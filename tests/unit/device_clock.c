/* The device's clock on the host's: forwards, backwards, across a wrap, and calibrated anew. */
#include "fake_device.h"

#include "async/device_clock.h"
#include "base/clock.h"

static uint64_t device_now, host_now;
static uint32_t calibrations;
static bool has_monotonic;

static uint64_t read_host(void)
{
    return host_now;
}

static VkResult list_domains(VkPhysicalDevice device, uint32_t *count, VkTimeDomainEXT *out)
{
    (void)device;
    out[0] =
        has_monotonic ? VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT : VK_TIME_DOMAIN_CLOCK_MONOTONIC_RAW_EXT;
    out[1] = VK_TIME_DOMAIN_DEVICE_EXT;
    *count = 2;
    return VK_SUCCESS;
}

static VkResult read_both(VkDevice device, uint32_t count, const VkCalibratedTimestampInfoEXT *info,
                          uint64_t *out, uint64_t *deviation)
{
    (void)device;
    for (uint32_t i = 0; i < count; i++)
        out[i] = info[i].timeDomain == VK_TIME_DOMAIN_DEVICE_EXT ? device_now : host_now;
    *deviation = 0;
    calibrations++;
    return VK_SUCCESS;
}

static tdi_device_clock *make(float period)
{
    td_device *device = fake_device_create(1);
    device->features.calibrated_timestamps = true;
    device->instance.vkGetPhysicalDeviceCalibrateableTimeDomainsEXT = list_domains;
    device->vk.vkGetCalibratedTimestampsEXT = read_both;
    device->properties.limits.timestampPeriod = period;
    tdi_set_clock(read_host);
    calibrations = 0;
    tdi_device_clock *clock = NULL;
    assert_int_equal(tdi_device_clock_of(device, &clock), TD_OK);
    return clock;
}

static int setup(void **state)
{
    (void)state;
    has_monotonic = true;
    device_now = 1000;
    host_now = 5 * TDI_NS_PER_S;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_device_destroy();
    tdi_set_clock(NULL);
    return 0;
}

static void ticks_become_nanoseconds(void **state)
{
    (void)state;
    tdi_device_clock *clock = make(32.0f);
    assert_int_equal(tdi_device_clock_to_host(clock, 1000, 64), host_now);
    assert_int_equal(tdi_device_clock_to_host(clock, 1010, 64), host_now + 320);
    assert_int_equal(tdi_device_clock_to_host(clock, 990, 64), host_now - 320);
}

static void a_counter_of_few_bits_wraps(void **state)
{
    (void)state;
    device_now = (UINT64_C(1) << 36) - 10;
    tdi_device_clock *clock = make(1.0f);
    assert_int_equal(tdi_device_clock_to_host(clock, 5, 36), host_now + 15);
    assert_int_equal(tdi_device_clock_to_host(clock, device_now - 3, 36), host_now - 3);
}

/* The device's clock runs 1 in 1000 fast: after 2 s it would be 2 ms off. */
static void clocks_are_read_anew(void **state)
{
    (void)state;
    tdi_device_clock *clock = make(1.0f);
    assert_int_equal(calibrations, 1);
    host_now += TDI_NS_PER_S / 2;
    (void)tdi_device_clock_to_host(clock, 1000, 64);
    assert_int_equal(calibrations, 1);
    host_now += 2 * TDI_NS_PER_S;
    device_now += 2502 * TDI_NS_PER_MS;
    assert_int_equal(tdi_device_clock_to_host(clock, device_now, 64), host_now);
    assert_int_equal(calibrations, 2);
}

static void without_a_common_clock_there_is_none(void **state)
{
    (void)state;
    has_monotonic = false;
    assert_null(make(1.0f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ticks_become_nanoseconds, setup, teardown),
        cmocka_unit_test_setup_teardown(a_counter_of_few_bits_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(clocks_are_read_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_common_clock_there_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
