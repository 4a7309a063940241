/* Which of the device's types of memory suits what it is for. */
#ifndef TDI_GPU_MEMORY_KIND_H
#define TDI_GPU_MEMORY_KIND_H

#include "gpu/device.h"

typedef enum tdi_memory_kind {
    TDI_MEMORY_DEVICE,   /* device local */
    TDI_MEMORY_UPLOAD,   /* host visible and coherent, written by the host in order */
    TDI_MEMORY_READBACK, /* host visible, cached where there is such memory */
    TDI_MEMORY_DYNAMIC,  /* device local and host visible where there is such memory, else UPLOAD */
} tdi_memory_kind;

/* The type of memory that suits `kind` best among the types in `bits`; false if none does. */
bool tdi_memory_find_type(const td_device *device, uint32_t bits, tdi_memory_kind kind,
                          uint32_t *out);

#endif
