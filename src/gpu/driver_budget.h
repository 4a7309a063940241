/* What the driver says of its memory (VK_EXT_memory_budget): how much the process takes, and how
 * much it may still take, which can become less at any time. */
#ifndef TDI_GPU_DRIVER_BUDGET_H
#define TDI_GPU_DRIVER_BUDGET_H

#include "gpu/device.h"

typedef struct tdi_driver_budget {
    uint64_t used; /* of all heaps; 0 where the driver says nothing */
    uint64_t left; /* in the heap that was asked about; UINT64_MAX where it says nothing */
} tdi_driver_budget;

/* One call of the driver. It says nothing without the extension, and nothing that is heeded on
 * software devices: they count what the whole machine has in use. */
void tdi_driver_budget_read(const td_device *device, uint32_t heap, tdi_driver_budget *out);

#endif
