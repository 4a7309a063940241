/* Pictures of textures: PNG and JPEG to RGBA, with mip chains. */
#ifndef TDI_SCENE_IMAGE_H
#define TDI_SCENE_IMAGE_H

#include "base/pool.h"
#include "scene/scene.h"

typedef enum tdi_image_format {
    TDI_IMAGE_PNG = 0,
    TDI_IMAGE_JPEG = 1,
} tdi_image_format;

/* What the header of an encoded picture says. */
typedef struct tdi_image_header {
    tdi_image_format format;
    uint32_t width;
    uint32_t height;
} tdi_image_header;

/* Reads the header, whose kind follows from the first bytes. TD_ERROR_INPUT with a sentence for
 * what is neither PNG nor JPEG, for damage, for more than 16384 texels across, and for a picture
 * that claims more pixels than its bytes can hold. */
td_result tdi_image_read_header(const uint8_t *data, size_t size, tdi_image_header *out);

/* Decodes a picture whose header was read to `pixels`: RGBA, 8 bits, tight rows from top to bottom;
 * grey becomes RGB, 16 bits are reduced, missing alpha is 255. */
td_result tdi_image_decode(const uint8_t *data, size_t size, const tdi_image_header *header,
                           uint8_t *pixels);

/* Gives the image its pixels and mip chain: decodes `encoded` if it is there, and frees it, else
 * takes level 0 from `pixels`. Colours are averaged in linear light if a material uses them as
 * sRGB. Does nothing to an image that has its chain. On failure the image is as it was. */
td_result tdi_image_prepare(tdi_image *image, tdi_pool *pool);

#endif
