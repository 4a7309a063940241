/* The device's clock on the host's: timestamps of queries as times of CLOCK_MONOTONIC. */
#ifndef TDI_ASYNC_DEVICE_CLOCK_H
#define TDI_ASYNC_DEVICE_CLOCK_H

#include "gpu/device.h"

typedef struct tdi_device_clock tdi_device_clock;

/* The device's, made on first use; NULL where the two clocks cannot be compared. Thread-safe. */
td_result tdi_device_clock_of(td_device *device, tdi_device_clock **out);

/* `bits`: how many of the timestamp are valid on its queue. */
uint64_t tdi_device_clock_to_host(tdi_device_clock *clock, uint64_t ticks, uint32_t bits);

#endif
