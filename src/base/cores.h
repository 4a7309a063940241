/* The processor cores that this process may use. */
#ifndef TDI_BASE_CORES_H
#define TDI_BASE_CORES_H

#include <stdint.h>

/* Cores given to the process: the scheduler's affinity, and no more than the CPU quota of its
 * control group (version 1 or 2, or any group above it) rounded up. At least 1. */
uint32_t tdi_core_count(void);

#endif
