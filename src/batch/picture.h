/* Kinds of pictures, and what each becomes in a PNG or NPY file. */
#ifndef TDI_BATCH_PICTURE_H
#define TDI_BATCH_PICTURE_H

#include "batch/npy.h"
#include "scene/png.h"

/* What a picture holds. Every pixel of every kind has 4 bytes. */
typedef enum tdi_picture_kind {
    TDI_PICTURE_COLOR = 0,  /* uint8 RGBA, sRGB with straight alpha */
    TDI_PICTURE_SCALAR = 1, /* float32: depth, distance */
    TDI_PICTURE_ID = 2,     /* int32: object, material; -1 where nothing is */
} tdi_picture_kind;

#define TDI_PICTURE_PIXEL_BYTES 4

typedef enum tdi_file_kind {
    TDI_FILE_PNG = 0, /* colour 8-bit RGBA; ids 16-bit grey, -1 is 65535; no scalars */
    TDI_FILE_NPY = 1, /* as it is: (H, W, 4), or (H, W) */
} tdi_file_kind;

/* Rows of a picture. */
typedef struct tdi_picture_rows {
    const void *pixels;
    size_t row_bytes; /* from one row to the next; 0: rows are tight */
    uint32_t width;
    uint32_t rows;
} tdi_picture_rows;

size_t tdi_picture_row_step(const tdi_picture_rows *rows);

/* Everything of the file but pixels and size. TD_ERROR_ARGUMENT, with `path`, for scalars. */
td_result tdi_picture_as_png(tdi_picture_kind kind, const char *path, tdi_png_image *out);
/* The same of an NPY file. */
tdi_npy_array tdi_picture_as_npy(tdi_picture_kind kind);

/* Ids as a PNG holds them. Tight rows go to `out`, which is grown. TD_ERROR_INPUT, with `path`, if
 * one does not fit. */
td_result tdi_picture_narrow_ids(const tdi_picture_rows *rows, const char *path, uint16_t **out,
                                 size_t *capacity);

#endif
