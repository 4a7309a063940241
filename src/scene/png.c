#include "scene/png.h"

#include <libdeflate.h>
#include <string.h>

#include "base/memory.h"
#include "scene/png_format.h"
#include "scene/png_stream.h"

/* libdeflate makes one chunk of a whole picture, and a chunk is shorter than 2^31 bytes (PNG, 5.3).
 * Deflate may add a little to what it cannot compress: a hundredth is far more than that. */
#define MOST_AT_ONCE (0x7FFFFFFFu / 100 * 99)

struct tdi_png_encoder {
    tdi_png_stream *stream;                   /* NULL: not needed yet */
    struct libdeflate_compressor *libdeflate; /* NULL: the stream compresses everything */
    tdi_png_filter filter;
    uint8_t *filtered; /* the whole picture */
    size_t filtered_capacity;
    uint8_t *out;
    size_t out_size;
    size_t out_capacity;
};

static td_result reserve_out(tdi_png_encoder *encoder, size_t size)
{
    return tdi_grow((void **)&encoder->out, &encoder->out_capacity, size, 1);
}

static td_result append_out(void *user, const void *data, size_t size)
{
    tdi_png_encoder *encoder = user;
    TDI_TRY(reserve_out(encoder, encoder->out_size + size));
    memcpy(encoder->out + encoder->out_size, data, size);
    encoder->out_size += size;
    return TD_OK;
}

static td_result encode_stream(tdi_png_encoder *encoder, const tdi_png_image *image)
{
    if (!encoder->stream)
        TDI_TRY(tdi_png_stream_create(TDI_PNG_DEFLATE_LIBDEFLATE, &encoder->stream));
    TDI_TRY(tdi_png_stream_begin(encoder->stream, image, append_out, encoder));
    TDI_TRY(tdi_png_stream_rows(encoder->stream, image->pixels, image->row_bytes, image->height));
    return tdi_png_stream_end(encoder->stream);
}

static td_result filter_whole(tdi_png_encoder *encoder, const tdi_png_image *image, size_t *total)
{
    TDI_TRY(tdi_png_filter_begin(&encoder->filter, image));
    const size_t bytes = encoder->filter.row_bytes;
    *total = (bytes + 1) * image->height;
    TDI_TRY(tdi_grow((void **)&encoder->filtered, &encoder->filtered_capacity, *total, 1));
    const uint8_t *row = image->pixels;
    for (uint32_t y = 0; y < image->height; y++) {
        tdi_png_filter_row(&encoder->filter, row, encoder->filtered + y * (bytes + 1));
        row += image->row_bytes ? image->row_bytes : bytes;
    }
    return TD_OK;
}

static td_result encode_libdeflate(tdi_png_encoder *encoder, const tdi_png_image *image)
{
    size_t total;
    TDI_TRY(filter_whole(encoder, image, &total));
    const size_t bound = libdeflate_zlib_compress_bound(encoder->libdeflate, total);
    TDI_TRY(reserve_out(encoder, TDI_PNG_HEADER_MAX + bound + 2 * (size_t)TDI_PNG_CHUNK_EXTRA));
    const size_t header = tdi_png_header(image, encoder->out);
    uint8_t *chunk = encoder->out + header;
    const size_t packed = libdeflate_zlib_compress(encoder->libdeflate, encoder->filtered, total,
                                                   chunk + TDI_PNG_CHUNK_DATA, bound);
    chunk = tdi_png_chunk(chunk, "IDAT", packed);
    chunk = tdi_png_chunk(chunk, "IEND", 0);
    encoder->out_size = (size_t)(chunk - encoder->out);
    return TD_OK;
}

td_result tdi_png_encode(tdi_png_encoder *encoder, const tdi_png_image *image, const uint8_t **data,
                         size_t *size)
{
    TDI_TRY(tdi_png_check(image));
    const size_t row_bytes = tdi_png_row_bytes(image);
    if (!image->pixels)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG needs pixels");
    if (image->row_bytes != 0 && image->row_bytes < row_bytes)
        return tdi_fail(TD_ERROR_ARGUMENT, "rows of %zu bytes cannot lie %zu bytes apart",
                        row_bytes, image->row_bytes);
    const bool at_once = encoder->libdeflate && row_bytes + 1 <= MOST_AT_ONCE / image->height;
    encoder->out_size = 0;
    TDI_TRY(at_once ? encode_libdeflate(encoder, image) : encode_stream(encoder, image));
    *data = encoder->out;
    *size = encoder->out_size;
    return TD_OK;
}

static td_result choose_library(tdi_png_encoder *encoder, tdi_png_deflate deflate)
{
    if (deflate == TDI_PNG_DEFLATE_ISAL || strcmp(tdi_png_stream_library(deflate), "ISA-L") == 0)
        return tdi_png_stream_create(deflate, &encoder->stream);
    encoder->libdeflate = libdeflate_alloc_compressor(1);
    if (!encoder->libdeflate)
        return tdi_fail(TD_ERROR_HOST_MEMORY, "no memory for a deflate compressor");
    return TD_OK;
}

td_result tdi_png_encoder_create(tdi_png_deflate deflate, tdi_png_encoder **out)
{
    tdi_png_encoder *encoder = tdi_alloc_zero(1, sizeof *encoder);
    if (!encoder)
        return TD_ERROR_HOST_MEMORY;
    td_result result = choose_library(encoder, deflate);
    if (result != TD_OK) {
        tdi_png_encoder_destroy(encoder);
        return result;
    }
    *out = encoder;
    return TD_OK;
}

void tdi_png_encoder_destroy(tdi_png_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->libdeflate)
        libdeflate_free_compressor(encoder->libdeflate);
    tdi_png_stream_destroy(encoder->stream);
    tdi_png_filter_free(&encoder->filter);
    tdi_free(encoder->filtered);
    tdi_free(encoder->out);
    tdi_free(encoder);
}

const char *tdi_png_encoder_library(const tdi_png_encoder *encoder)
{
    return encoder->libdeflate ? "libdeflate" : "ISA-L";
}
