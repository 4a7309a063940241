#include "scene/png_format.h"

#include <libdeflate.h>
#include <string.h>

#include "base/memory.h"

enum { SIGNATURE_BYTES = 8, FILTER_UP = 2 };

typedef uint8_t byte_vector __attribute__((vector_size(32)));

/* The fastest that GCC makes of this at -O2, which does not vectorise loops of unknown length. */
static void filter_up(uint8_t *restrict out, const uint8_t *restrict row,
                      const uint8_t *restrict above, size_t size)
{
    size_t i = 0;
    for (; i + sizeof(byte_vector) <= size; i += sizeof(byte_vector)) {
        byte_vector a;
        byte_vector b;
        memcpy(&a, row + i, sizeof a);
        memcpy(&b, above + i, sizeof b);
        a -= b;
        memcpy(out + i, &a, sizeof a);
    }
    for (; i < size; i++)
        out[i] = (uint8_t)(row[i] - above[i]);
}

static void swap_samples(uint8_t *out, const uint8_t *row, size_t size)
{
    for (size_t i = 0; i < size; i += 2) {
        uint16_t value;
        memcpy(&value, row + i, 2);
        out[i] = (uint8_t)(value >> 8);
        out[i + 1] = (uint8_t)value;
    }
}

td_result tdi_png_filter_begin(tdi_png_filter *filter, const tdi_png_image *image)
{
    filter->row_bytes = tdi_png_row_bytes(image);
    filter->swap = image->depth == 16;
    TDI_TRY(tdi_grow((void **)&filter->memory, &filter->capacity, 2 * filter->row_bytes, 1));
    /* Above the first row there are zeros. */
    filter->next = 0;
    uint8_t *zeros = filter->memory + filter->row_bytes;
    memset(zeros, 0, filter->row_bytes);
    filter->above = zeros;
    return TD_OK;
}

/* The row that `above` is not. */
static uint8_t *take_memory(tdi_png_filter *filter)
{
    uint8_t *memory = filter->memory + filter->next * filter->row_bytes;
    filter->next ^= 1;
    return memory;
}

void tdi_png_filter_row(tdi_png_filter *filter, const uint8_t *row, uint8_t *out)
{
    if (filter->swap) {
        uint8_t *swapped = take_memory(filter);
        swap_samples(swapped, row, filter->row_bytes);
        row = swapped;
    }
    *out = FILTER_UP;
    filter_up(out + 1, row, filter->above, filter->row_bytes);
    filter->above = row;
}

void tdi_png_filter_keep(tdi_png_filter *filter)
{
    if (filter->swap)
        return;
    memcpy(filter->memory, filter->above, filter->row_bytes);
    filter->above = filter->memory;
}

void tdi_png_filter_free(tdi_png_filter *filter)
{
    tdi_free(filter->memory);
    *filter = (tdi_png_filter){0};
}

static void put_u32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

uint8_t *tdi_png_chunk(uint8_t *chunk, const char *type, size_t size)
{
    put_u32(chunk, (uint32_t)size);
    memcpy(chunk + 4, type, 4);
    put_u32(chunk + TDI_PNG_CHUNK_DATA + size, libdeflate_crc32(0, chunk + 4, size + 4));
    return chunk + size + TDI_PNG_CHUNK_EXTRA;
}

size_t tdi_png_header(const tdi_png_image *image, uint8_t *out)
{
    static const uint8_t signature[SIGNATURE_BYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    static const uint8_t color_type[5] = {[1] = 0, [3] = 2, [4] = 6};
    memcpy(out, signature, SIGNATURE_BYTES);
    uint8_t *chunk = out + SIGNATURE_BYTES;
    put_u32(chunk + 8, image->width);
    put_u32(chunk + 12, image->height);
    chunk[16] = (uint8_t)image->depth;
    chunk[17] = color_type[image->channels];
    memset(chunk + 18, 0, 3); /* deflate, the standard filters, not interlaced */
    chunk = tdi_png_chunk(chunk, "IHDR", 13);
    if (image->srgb) {
        chunk[8] = 0; /* perceptual */
        chunk = tdi_png_chunk(chunk, "sRGB", 1);
    }
    return (size_t)(chunk - out);
}

size_t tdi_png_row_bytes(const tdi_png_image *image)
{
    return (size_t)image->width * image->channels * (image->depth / 8);
}

td_result tdi_png_check(const tdi_png_image *image)
{
    if (image->width == 0 || image->height == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG needs at least one pixel, not %u x %u",
                        image->width, image->height);
    if (image->channels != 1 && image->channels != 3 && image->channels != 4)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG has 1, 3 or 4 channels here, not %u",
                        image->channels);
    if (image->depth != 8 && image->depth != 16)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG has 8 or 16 bits a channel here, not %u",
                        image->depth);
    if (image->width > TDI_PNG_MOST_SIDE || image->height > TDI_PNG_MOST_SIDE)
        return tdi_fail(TD_ERROR_ARGUMENT, "a picture of %u x %u pixels is too large for a PNG",
                        image->width, image->height);
    return TD_OK;
}
