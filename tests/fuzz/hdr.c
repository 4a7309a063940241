/* Radiance pictures through the reader. */
#include "fuzz.h"

#include "scene/hdr.h"

#define MOST_PIXELS (1u << 20) /* what is larger only takes time */

static void drop_row(void *user, uint32_t row, const float *rgb)
{
    (void)user;
    (void)row;
    (void)rgb;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    tdi_hdr hdr;
    if (tdi_hdr_open(data, size, "fuzz.hdr", &hdr) == TD_OK &&
        (uint64_t)hdr.width * hdr.height <= MOST_PIXELS)
        (void)tdi_hdr_read(&hdr, data, size, "fuzz.hdr", drop_row, NULL);
}
