/* Mip chains of RGBA pictures, 8 bits a channel, in one block: level 0 first, each level tight. */
#ifndef TDI_SCENE_MIPMAP_H
#define TDI_SCENE_MIPMAP_H

#include "base/pool.h"

#define TDI_MAX_EXTENT     16384u /* of a picture, in texels */
#define TDI_MAX_MIP_LEVELS 15u    /* of such a picture */

/* Levels down to a single texel. */
uint32_t tdi_mip_levels(uint32_t width, uint32_t height);
/* Texels across level `level`, `extent` being those across level 0. */
uint32_t tdi_mip_extent(uint32_t extent, uint32_t level);
/* Bytes in front of a level; with `level` = tdi_mip_levels those of the whole chain. */
size_t tdi_mip_offset(uint32_t width, uint32_t height, uint32_t level);

/* Fills the levels after the first. Each texel is the mean of the area that it covers (of 2 x 2
 * texels, or up to 3 x 3 where the extent is odd). `srgb`: the mean of the colours is taken in
 * linear light, as the eye sees them; alpha is always linear. Normal maps are averaged like other
 * linear data and not made unit length again: their shortening is what tells how rough the area is.
 * `pool` may be NULL; large levels are spread over it. */
void tdi_mip_generate(uint8_t *pixels, uint32_t width, uint32_t height, bool srgb, tdi_pool *pool);

#endif
