/* Bands: runs of full-width rows of one image, rendered and read back one after another where the
 * whole image is too large. All have the same height but the last, which may be lower. */
#ifndef TDI_RENDER_BAND_H
#define TDI_RENDER_BAND_H

#include <stdint.h>

typedef struct tdi_band {
    uint32_t first_row; /* of the image */
    uint32_t rows;
} tdi_band;

/* Bands of an image of `height` rows. Both are at least 1. */
uint32_t tdi_band_count(uint32_t height, uint32_t band_height);
/* The band with that number, from 0 at the top. */
tdi_band tdi_band_at(uint32_t height, uint32_t band_height, uint32_t index);
/* Tiles of all bands together; tiles begin anew in each. */
uint32_t tdi_band_tiles(uint32_t width, uint32_t height, uint32_t band_height, uint32_t tile_width,
                        uint32_t tile_height);

#endif
