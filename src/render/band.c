#include "render/band.h"

static uint32_t pieces(uint32_t size, uint32_t piece)
{
    return size / piece + (size % piece != 0);
}

uint32_t tdi_band_count(uint32_t height, uint32_t band_height)
{
    return pieces(height, band_height);
}

tdi_band tdi_band_at(uint32_t height, uint32_t band_height, uint32_t index)
{
    const uint32_t first = index * band_height;
    const uint32_t left = height - first;
    return (tdi_band){.first_row = first, .rows = left < band_height ? left : band_height};
}

uint32_t tdi_band_tiles(uint32_t width, uint32_t height, uint32_t band_height, uint32_t tile_width,
                        uint32_t tile_height)
{
    const uint32_t whole = height / band_height;
    const uint32_t last = height % band_height;
    return pieces(width, tile_width) *
           (whole * pieces(band_height, tile_height) + pieces(last, tile_height));
}
