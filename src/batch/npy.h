/* Writes NPY files, version 1.0, in C order and the byte order of the machine.
 * Format: NumPy Enhancement Proposal 1 and numpy.lib.format. */
#ifndef TDI_BATCH_NPY_H
#define TDI_BATCH_NPY_H

#include "base/error.h"

typedef enum tdi_npy_type {
    TDI_NPY_FLOAT32 = 0,
    TDI_NPY_INT32 = 1,
    TDI_NPY_UINT8 = 2,
} tdi_npy_type;

/* An array of shape (height, width), or (height, width, channels) if `channels` is not 0. */
typedef struct tdi_npy_array {
    const void *data;
    size_t row_bytes; /* from one row to the next; 0: rows are tight */
    uint32_t width;
    uint32_t height;
    uint32_t channels;
    tdi_npy_type type;
} tdi_npy_array;

/* The header never takes more. */
#define TDI_NPY_HEADER_MAX 128

/* Writes the header and returns its length, a multiple of 64. */
size_t tdi_npy_header(const tdi_npy_array *array, uint8_t header[TDI_NPY_HEADER_MAX]);
/* Bytes of one row of data. */
size_t tdi_npy_row_bytes(const tdi_npy_array *array);

#endif
