/* PNG and JPEG through the loader of textures. */
#include "fuzz.h"

#include <string.h>

#include "base/memory.h"
#include "scene/image.h"

#define MOST_PIXELS (1u << 20) /* what is larger only takes time */

void fuzz_one(const uint8_t *data, size_t size)
{
    tdi_image_header header;
    tdi_image image = {.uses = TDI_IMAGE_USED_SRGB};
    if (tdi_image_read_header(data, size, &header) != TD_OK ||
        (uint64_t)header.width * header.height > MOST_PIXELS)
        return;
    image.encoded = tdi_alloc(size);
    if (!image.encoded)
        return;
    memcpy(image.encoded, data, size);
    image.encoded_bytes = size;
    (void)tdi_image_prepare(&image, NULL);
    tdi_free(image.encoded);
    tdi_free(image.pixels);
}
