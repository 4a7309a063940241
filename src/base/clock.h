/* Monotonic time. */
#ifndef TDI_BASE_CLOCK_H
#define TDI_BASE_CLOCK_H

#include <stdint.h>

#define TDI_NS_PER_MS UINT64_C(1000000)
#define TDI_NS_PER_S  UINT64_C(1000000000)

uint64_t tdi_now_ns(void); /* CLOCK_MONOTONIC */

/* Replaces the clock (tests); NULL restores CLOCK_MONOTONIC. */
void tdi_set_clock(uint64_t (*now)(void));

/* `start + timeout`, saturated; UINT64_MAX stays "for ever". */
uint64_t tdi_deadline(uint64_t start_ns, uint64_t timeout_ns);

#endif
