/* Writes PNG files into memory, for speed: one row filter (Up), one deflate level. */
#ifndef TDI_SCENE_PNG_H
#define TDI_SCENE_PNG_H

#include "base/error.h"

/* Pixels across, or down. */
#define TDI_PNG_MOST_SIDE (1u << 24)

typedef struct tdi_png_image {
    const void *pixels; /* rows from top to bottom, channels interleaved */
    size_t row_bytes;   /* from one row to the next; 0: rows are tight */
    uint32_t width;
    uint32_t height;
    uint32_t channels; /* 1 grey, 3 RGB, 4 RGBA with straight alpha */
    uint32_t depth;    /* bits a channel: 8, or 16 in the byte order of the machine */
    bool srgb;         /* the colours are sRGB: says so in the file */
} tdi_png_image;

/* Which library compresses. */
typedef enum tdi_png_deflate {
    TDI_PNG_DEFLATE_AUTO = 0, /* ISA-L if it was built in and the processor suits it */
    TDI_PNG_DEFLATE_ISAL = 1,
    TDI_PNG_DEFLATE_LIBDEFLATE = 2,
} tdi_png_deflate;

/* Memory that is used again from picture to picture; one thread at a time. */
typedef struct tdi_png_encoder tdi_png_encoder;

/* TD_ERROR_UNSUPPORTED if the library that was asked for is not there. */
td_result tdi_png_encoder_create(tdi_png_deflate deflate, tdi_png_encoder **out);
/* NULL is fine. */
void tdi_png_encoder_destroy(tdi_png_encoder *encoder);
/* "ISA-L" or "libdeflate". */
const char *tdi_png_encoder_library(const tdi_png_encoder *encoder);

/* Makes a complete PNG file; what libdeflate is too small for (2 GiB) is left to zlib. `*data` is
 * the encoder's and valid until its next call. On failure (TD_ERROR_ARGUMENT, TD_ERROR_HOST_MEMORY)
 * nothing is given out and the encoder can be used on. */
td_result tdi_png_encode(tdi_png_encoder *encoder, const tdi_png_image *image, const uint8_t **data,
                         size_t *size);

#endif
