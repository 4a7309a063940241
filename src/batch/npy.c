#include "batch/npy.h"

#include <string.h>

#include "base/text.h"

/* Magic, version 1.0, length of the text. */
enum { PREFIX_BYTES = 10 };

static size_t element_bytes(tdi_npy_type type)
{
    return type == TDI_NPY_UINT8 ? 1 : 4;
}

static const char *type_text(tdi_npy_type type)
{
    static const uint16_t probe = 1;
    bool little = *(const uint8_t *)&probe == 1;
    switch (type) {
    case TDI_NPY_FLOAT32:
        return little ? "<f4" : ">f4";
    case TDI_NPY_INT32:
        return little ? "<i4" : ">i4";
    case TDI_NPY_UINT8:
        break;
    }
    return "|u1";
}

size_t tdi_npy_row_bytes(const tdi_npy_array *array)
{
    size_t channels = array->channels != 0 ? array->channels : 1;
    return array->width * channels * element_bytes(array->type);
}

size_t tdi_npy_header(const tdi_npy_array *array, uint8_t header[TDI_NPY_HEADER_MAX])
{
    char shape[48];
    if (array->channels != 0)
        tdi_snprintf(shape, sizeof shape, "(%u, %u, %u)", array->height, array->width,
                     array->channels);
    else
        tdi_snprintf(shape, sizeof shape, "(%u, %u)", array->height, array->width);
    char *text = (char *)header + PREFIX_BYTES;
    int length = tdi_snprintf(text, TDI_NPY_HEADER_MAX - PREFIX_BYTES,
                              "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                              type_text(array->type), shape);
    /* Spaces and a line feed fill up, so that the data is aligned. */
    size_t used = PREFIX_BYTES + (size_t)length;
    size_t total = (used + 1 + 63) / 64 * 64;
    memset(header + used, ' ', total - used - 1);
    header[total - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (uint8_t)(total - PREFIX_BYTES);
    header[9] = (uint8_t)((total - PREFIX_BYTES) >> 8);
    return total;
}
