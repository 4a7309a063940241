#include "async/device_clock.h"

#include "base/clock.h"
#include "base/memory.h"

/* Crystals drift by some 10 microseconds a second against each other, so both are read anew. */
#define CALIBRATION_AGE_NS TDI_NS_PER_S

#define MOST_DOMAINS 16

struct tdi_device_clock {
    td_device *device;
    tdi_mutex mutex;
    bool usable;
    double ns_per_tick;
    uint64_t device_ticks, host_ns; /* the same moment */
    uint64_t calibrated_ns;
};

static bool has_domain(const VkTimeDomainEXT *domains, uint32_t count, VkTimeDomainEXT wanted)
{
    for (uint32_t i = 0; i < count; i++) {
        if (domains[i] == wanted)
            return true;
    }
    return false;
}

static bool domains_suffice(const td_device *device)
{
    VkTimeDomainEXT domains[MOST_DOMAINS];
    uint32_t count = MOST_DOMAINS;
    if (!device->features.calibrated_timestamps ||
        !device->instance.vkGetPhysicalDeviceCalibrateableTimeDomainsEXT ||
        !device->vk.vkGetCalibratedTimestampsEXT)
        return false;
    VkResult result = device->instance.vkGetPhysicalDeviceCalibrateableTimeDomainsEXT(
        device->physical, &count, domains);
    return (result == VK_SUCCESS || result == VK_INCOMPLETE) &&
           has_domain(domains, count, VK_TIME_DOMAIN_DEVICE_EXT) &&
           has_domain(domains, count, VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT);
}

static bool calibrate(tdi_device_clock *clock)
{
    const VkCalibratedTimestampInfoEXT infos[] = {
        {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT,
         .timeDomain = VK_TIME_DOMAIN_DEVICE_EXT},
        {.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT,
         .timeDomain = VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT},
    };
    uint64_t times[2];
    uint64_t deviation;
    if (clock->device->vk.vkGetCalibratedTimestampsEXT(clock->device->handle, 2, infos, times,
                                                       &deviation) != VK_SUCCESS)
        return false;
    clock->device_ticks = times[0];
    clock->host_ns = times[1];
    clock->calibrated_ns = tdi_now_ns();
    return true;
}

static td_result clock_make(td_device *device, void **out)
{
    tdi_device_clock *clock = tdi_alloc_zero(1, sizeof *clock);
    if (!clock)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&clock->mutex, TDI_RANK_MEMORY);
    if (result != TD_OK) {
        tdi_free(clock);
        return result;
    }
    clock->device = device;
    clock->ns_per_tick = (double)device->properties.limits.timestampPeriod;
    clock->usable = domains_suffice(device) && calibrate(clock);
    *out = clock;
    return TD_OK;
}

static void clock_destroy(void *attached)
{
    tdi_device_clock *clock = attached;
    tdi_mutex_destroy(&clock->mutex);
    tdi_free(clock);
}

td_result tdi_device_clock_of(td_device *device, tdi_device_clock **out)
{
    void *attached = NULL;
    TDI_TRY(tdi_device_attach(device, TDI_ATTACH_CLOCK, clock_make, clock_destroy, &attached));
    tdi_device_clock *clock = attached;
    *out = clock->usable ? clock : NULL;
    return TD_OK;
}

/* Ticks since the calibration, which may have come after them; the counter may wrap in between. */
static int64_t ticks_between(uint64_t from, uint64_t to, uint32_t bits)
{
    uint32_t unused = bits < 64 ? 64 - bits : 0;
    uint64_t shifted = (to - from) << unused;
    return (int64_t)shifted / ((int64_t)1 << unused);
}

uint64_t tdi_device_clock_to_host(tdi_device_clock *clock, uint64_t ticks, uint32_t bits)
{
    tdi_mutex_lock(&clock->mutex);
    if (tdi_now_ns() > clock->calibrated_ns + CALIBRATION_AGE_NS)
        (void)calibrate(clock);
    int64_t distance = ticks_between(clock->device_ticks, ticks, bits);
    int64_t ns = (int64_t)((double)distance * clock->ns_per_tick);
    uint64_t host = clock->host_ns + (uint64_t)ns;
    tdi_mutex_unlock(&clock->mutex);
    return host;
}
