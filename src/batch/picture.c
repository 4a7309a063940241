#include "batch/picture.h"

#include "base/memory.h"

enum { MOST_PNG_ID = 65534, NO_PNG_ID = 65535 };

size_t tdi_picture_row_step(const tdi_picture_rows *rows)
{
    return rows->row_bytes ? rows->row_bytes : (size_t)rows->width * TDI_PICTURE_PIXEL_BYTES;
}

td_result tdi_picture_as_png(tdi_picture_kind kind, const char *path, tdi_png_image *out)
{
    if (kind == TDI_PICTURE_SCALAR)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: depth and distance need .npy, not .png", path);
    const bool ids = kind == TDI_PICTURE_ID;
    *out = (tdi_png_image){
        .channels = ids ? 1 : 4,
        .depth = ids ? 16 : 8,
        .srgb = !ids,
    };
    return TD_OK;
}

tdi_npy_array tdi_picture_as_npy(tdi_picture_kind kind)
{
    static const tdi_npy_type types[] = {TDI_NPY_UINT8, TDI_NPY_FLOAT32, TDI_NPY_INT32};
    return (tdi_npy_array){
        .channels = kind == TDI_PICTURE_COLOR ? 4 : 0,
        .type = types[kind],
    };
}

td_result tdi_picture_narrow_ids(const tdi_picture_rows *rows, const char *path, uint16_t **out,
                                 size_t *capacity)
{
    const size_t count = (size_t)rows->width * rows->rows;
    TDI_TRY(tdi_grow((void **)out, capacity, count, sizeof **out));
    uint16_t *to = *out;
    for (uint32_t y = 0; y < rows->rows; y++, to += rows->width) {
        const int32_t *row =
            (const int32_t *)((const char *)rows->pixels + y * tdi_picture_row_step(rows));
        int32_t most = -1;
        for (uint32_t x = 0; x < rows->width; x++) {
            most = row[x] > most ? row[x] : most;
            to[x] = (uint16_t)(row[x] < 0 ? NO_PNG_ID : row[x]);
        }
        if (most > MOST_PNG_ID)
            return tdi_fail(TD_ERROR_INPUT,
                            "%s: id %d does not fit a 16-bit PNG, which holds ids up to %d; write "
                            ".npy instead",
                            path, most, MOST_PNG_ID);
    }
    return TD_OK;
}
