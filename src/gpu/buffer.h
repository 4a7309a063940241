/* Buffers with their memory. Shared between the device's queue families (concurrent) where there
 * is more than one. */
#ifndef TDI_GPU_BUFFER_H
#define TDI_GPU_BUFFER_H

#include "gpu/memory.h"

typedef struct tdi_buffer {
    VkBuffer handle;
    VkDeviceSize size;
    VkDeviceAddress address; /* 0 without SHADER_DEVICE_ADDRESS usage */
    tdi_allocation memory;
} tdi_buffer;

typedef struct tdi_buffer_params {
    const char *name;
    VkDeviceSize size;
    VkBufferUsageFlags usage;
    tdi_memory_kind kind;
    td_budget_category category;
    td_reservation *reservation; /* that its memory is reserved with, or NULL: gpu/memory.h */
} tdi_buffer_params;

td_result tdi_buffer_create(td_device *device, const tdi_buffer_params *params, tdi_buffer *out);
/* The GPU must be done with it. A zeroed buffer is fine. */
void tdi_buffer_destroy(td_device *device, tdi_buffer *buffer);

#endif
