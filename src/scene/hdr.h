/* Radiance pictures (.hdr, .pic): RGBE, flat or run-length encoded, a row at a time, so that no
 * picture takes more memory than one of its rows. After Ward, "Real Pixels", Graphics Gems II,
 * 1991, and the file format's description in the Radiance manual ("Picture File Format"). */
#ifndef TDI_SCENE_HDR_H
#define TDI_SCENE_HDR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TDI_HDR_MOST_SIDE   32768 /* pixels */
#define TDI_HDR_MOST_PIXELS (UINT64_C(1) << 27)

typedef struct tdi_hdr {
    uint32_t width, height;
    float scale;   /* that turns pixels into radiance: 1 over the product of all EXPOSURE lines */
    size_t pixels; /* where they begin */
} tdi_hdr;

/* Reads the header. TD_ERROR_INPUT with the byte that is wrong, TD_ERROR_UNSUPPORTED for XYZE and
 * for other orders of rows and columns than from the upper left on. `name` is the file's, for
 * sentences. */
td_result tdi_hdr_open(const uint8_t *bytes, size_t size, const char *name, tdi_hdr *out);

/* Hands out each row from the top: `width` times linear red, green, blue. */
typedef void (*tdi_hdr_row_fn)(void *user, uint32_t row, const float *rgb);

/* TD_ERROR_INPUT where rows are cut off or not encoded as they should be; rows before were handed
 * out. */
td_result tdi_hdr_read(const tdi_hdr *hdr, const uint8_t *bytes, size_t size, const char *name,
                       tdi_hdr_row_fn row, void *user);

#endif
