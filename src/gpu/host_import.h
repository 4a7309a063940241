/* Host memory that the device uses as its own, by VK_EXT_external_memory_host: no copy is needed to
 * get what it writes. Counts as readback in the budget. */
#ifndef TDI_GPU_HOST_IMPORT_H
#define TDI_GPU_HOST_IMPORT_H

#include "gpu/budget.h"
#include "gpu/device.h"

typedef struct tdi_host_import {
    VkBuffer buffer; /* VK_NULL_HANDLE: not imported */
    VkDeviceMemory memory;
    uint64_t bytes;
    tdi_consumer consumer; /* in the budget */
} tdi_host_import;

/* Imports the pages, for copies into them and for storage. Where that cannot be, for want of the
 * extension, of alignment, or of a coherent kind of memory for it, nothing is imported, and
 * `reason`, which is static, says why: no failure. TD_ERROR_BUDGET, TD_ERROR_HOST_MEMORY. */
td_result tdi_host_import_create(td_device *device, void *memory, uint64_t bytes,
                                 tdi_host_import *out, const char **reason);
/* The device must be done with it. What was not imported is fine. */
void tdi_host_import_destroy(td_device *device, tdi_host_import *import);

#endif
