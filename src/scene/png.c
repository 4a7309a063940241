#include "scene/png.h"

#include <libdeflate.h>
#include <string.h>

#if TDI_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/memory.h"

/* Rows are filtered in portions of about this size, so that they are still in the second level
 * cache when they are compressed. */
#define PORTION_BYTES (128u * 1024u)
/* Length of an IDAT chunk: below 2^31 (PNG, 5.3). */
#define MAX_CHUNK_BYTES 0x7FFFFFFFu

enum { SIGNATURE_BYTES = 8, CHUNK_EXTRA_BYTES = 12, FILTER_UP = 2 };

struct tdi_png_encoder {
    uint8_t *filtered; /* filtered rows: a portion, or the whole picture */
    size_t filtered_capacity;
    uint8_t *rows; /* three rows: zeros, and two in big-endian order */
    size_t rows_capacity;
    uint8_t *out;
    size_t out_capacity;
    struct libdeflate_compressor *libdeflate; /* NULL: ISA-L is used */
#if TDI_HAVE_ISAL
    struct isal_zstream stream;
    uint8_t level_buffer[ISAL_DEF_LVL1_EXTRA_LARGE];
#endif
};

/* A picture on its way: what the filter needs. */
struct rows {
    const tdi_png_image *image;
    size_t bytes; /* of a row */
    size_t stride;
    uint8_t *zeros;
    uint8_t *swapped[2];
};

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

/* Filters rows first to last - 1 to `out` and returns the number of bytes. */
static size_t filter_rows(const struct rows *rows, uint32_t first, uint32_t last, uint8_t *out)
{
    const uint8_t *pixels = rows->image->pixels;
    uint8_t *start = out;
    for (uint32_t y = first; y < last; y++) {
        const uint8_t *row = pixels + y * rows->stride;
        const uint8_t *above = y > 0 ? row - rows->stride : rows->zeros;
        if (rows->image->depth == 16) {
            uint8_t *swapped = rows->swapped[y & 1];
            swap_samples(swapped, row, rows->bytes);
            above = y > 0 ? rows->swapped[(y & 1) ^ 1] : rows->zeros;
            row = swapped;
        }
        *out++ = FILTER_UP;
        filter_up(out, row, above, rows->bytes);
        out += rows->bytes;
    }
    return (size_t)(out - start);
}

static void put_u32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

/* Completes a chunk whose `size` bytes of data lie 8 bytes behind `chunk`; returns its end. */
static uint8_t *finish_chunk(uint8_t *chunk, const char *type, size_t size)
{
    put_u32(chunk, (uint32_t)size);
    memcpy(chunk + 4, type, 4);
    put_u32(chunk + 8 + size, libdeflate_crc32(0, chunk + 4, size + 4));
    return chunk + size + CHUNK_EXTRA_BYTES;
}

/* What comes before the IDAT chunk; returns its length. */
static size_t write_header(const tdi_png_image *image, uint8_t *out)
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
    chunk = finish_chunk(chunk, "IHDR", 13);
    if (image->srgb) {
        chunk[8] = 0; /* perceptual */
        chunk = finish_chunk(chunk, "sRGB", 1);
    }
    return (size_t)(chunk - out);
}

static td_result reserve_out(tdi_png_encoder *encoder, size_t size)
{
    return tdi_grow((void **)&encoder->out, &encoder->out_capacity, size, 1);
}

#if TDI_HAVE_ISAL
static bool isal_suits(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

/* Feeds the input that the stream has been given, growing the output as it fills up. */
static td_result isal_feed(tdi_png_encoder *encoder, size_t start)
{
    struct isal_zstream *stream = &encoder->stream;
    do {
        size_t used = start + stream->total_out;
        /* Room for what follows is kept, so that a portion rarely needs two calls. */
        TDI_TRY(reserve_out(encoder, used + stream->avail_in / 2 + PORTION_BYTES));
        stream->next_out = encoder->out + used;
        size_t room = encoder->out_capacity - used;
        stream->avail_out = room < MAX_CHUNK_BYTES ? (uint32_t)room : MAX_CHUNK_BYTES;
        if (isal_deflate(stream) != COMP_OK)
            return tdi_fail(TD_ERROR_SYSTEM, "ISA-L could not compress a picture");
    } while (stream->avail_in > 0 ||
             (stream->avail_out == 0 && stream->internal_state.state != ZSTATE_END));
    return TD_OK;
}

static td_result compress_isal(tdi_png_encoder *encoder, const struct rows *rows, size_t start,
                               size_t *size)
{
    size_t line = rows->bytes + 1;
    uint32_t portion = line < PORTION_BYTES ? (uint32_t)(PORTION_BYTES / line) : 1;
    TDI_TRY(tdi_grow((void **)&encoder->filtered, &encoder->filtered_capacity, portion * line, 1));
    struct isal_zstream *stream = &encoder->stream;
    isal_deflate_init(stream);
    stream->level = 1;
    stream->level_buf = encoder->level_buffer;
    stream->level_buf_size = sizeof encoder->level_buffer;
    stream->gzip_flag = IGZIP_ZLIB;
    uint32_t height = rows->image->height;
    for (uint32_t y = 0; y < height;) {
        uint32_t end = portion < height - y ? y + portion : height;
        stream->avail_in = (uint32_t)filter_rows(rows, y, end, encoder->filtered);
        stream->next_in = encoder->filtered;
        stream->end_of_stream = end == height;
        TDI_TRY(isal_feed(encoder, start));
        y = end;
    }
    *size = stream->total_out;
    return TD_OK;
}
#endif

static td_result compress_libdeflate(tdi_png_encoder *encoder, const struct rows *rows,
                                     size_t start, size_t *size)
{
    size_t total = (rows->bytes + 1) * rows->image->height;
    TDI_TRY(tdi_grow((void **)&encoder->filtered, &encoder->filtered_capacity, total, 1));
    size_t bound = libdeflate_zlib_compress_bound(encoder->libdeflate, total);
    TDI_TRY(reserve_out(encoder, start + bound));
    filter_rows(rows, 0, rows->image->height, encoder->filtered);
    *size = libdeflate_zlib_compress(encoder->libdeflate, encoder->filtered, total,
                                     encoder->out + start, bound);
    return TD_OK;
}

static td_result compress(tdi_png_encoder *encoder, const struct rows *rows, size_t start,
                          size_t *size)
{
#if TDI_HAVE_ISAL
    if (!encoder->libdeflate)
        return compress_isal(encoder, rows, start, size);
#endif
    return compress_libdeflate(encoder, rows, start, size);
}

static td_result check_image(const tdi_png_image *image, size_t row_bytes)
{
    if (!image->pixels || image->width == 0 || image->height == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG needs at least one pixel, not %u x %u",
                        image->width, image->height);
    if (image->channels != 1 && image->channels != 3 && image->channels != 4)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG has 1, 3 or 4 channels here, not %u",
                        image->channels);
    if (image->depth != 8 && image->depth != 16)
        return tdi_fail(TD_ERROR_ARGUMENT, "a PNG has 8 or 16 bits a channel here, not %u",
                        image->depth);
    if (image->row_bytes != 0 && image->row_bytes < row_bytes)
        return tdi_fail(TD_ERROR_ARGUMENT, "rows of %zu bytes cannot lie %zu bytes apart",
                        row_bytes, image->row_bytes);
    /* Deflate may add a little to what it cannot compress: a hundredth is far more than that. */
    if (row_bytes > MAX_CHUNK_BYTES / 100 * 99 / image->height - 1)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "a picture of %u x %u pixels with %zu bytes a row is too large for a PNG: "
                        "render it in parts",
                        image->width, image->height, row_bytes);
    return TD_OK;
}

static td_result prepare_rows(tdi_png_encoder *encoder, const tdi_png_image *image,
                              struct rows *rows)
{
    size_t bytes = (size_t)image->width * image->channels * (image->depth / 8);
    TDI_TRY(check_image(image, bytes));
    TDI_TRY(tdi_grow((void **)&encoder->rows, &encoder->rows_capacity, 3 * bytes, 1));
    memset(encoder->rows, 0, bytes);
    *rows = (struct rows){
        .image = image,
        .bytes = bytes,
        .stride = image->row_bytes != 0 ? image->row_bytes : bytes,
        .zeros = encoder->rows,
        .swapped = {encoder->rows + bytes, encoder->rows + 2 * bytes},
    };
    return TD_OK;
}

td_result tdi_png_encode(tdi_png_encoder *encoder, const tdi_png_image *image, const uint8_t **data,
                         size_t *size)
{
    struct rows rows;
    TDI_TRY(prepare_rows(encoder, image, &rows));
    TDI_TRY(reserve_out(encoder, 256));
    size_t header = write_header(image, encoder->out);
    size_t packed = 0;
    TDI_TRY(compress(encoder, &rows, header + 8, &packed));
    TDI_TRY(reserve_out(encoder, header + packed + 2 * (size_t)CHUNK_EXTRA_BYTES));
    uint8_t *end = finish_chunk(encoder->out + header, "IDAT", packed);
    end = finish_chunk(end, "IEND", 0);
    *data = encoder->out;
    *size = (size_t)(end - encoder->out);
    return TD_OK;
}

static td_result choose_library(tdi_png_encoder *encoder, tdi_png_deflate deflate)
{
#if TDI_HAVE_ISAL
    if (deflate == TDI_PNG_DEFLATE_ISAL || (deflate == TDI_PNG_DEFLATE_AUTO && isal_suits()))
        return TD_OK;
#else
    if (deflate == TDI_PNG_DEFLATE_ISAL)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "this build of tandem has no ISA-L");
#endif
    encoder->libdeflate = libdeflate_alloc_compressor(1);
    if (!encoder->libdeflate)
        return tdi_fail(TD_ERROR_HOST_MEMORY, "no memory for a deflate compressor");
    return TD_OK;
}

td_result tdi_png_encoder_create(tdi_png_deflate deflate, tdi_png_encoder **out)
{
    tdi_png_encoder *encoder = tdi_alloc(sizeof *encoder);
    if (!encoder)
        return TD_ERROR_HOST_MEMORY;
    encoder->filtered = NULL;
    encoder->filtered_capacity = 0;
    encoder->rows = NULL;
    encoder->rows_capacity = 0;
    encoder->out = NULL;
    encoder->out_capacity = 0;
    encoder->libdeflate = NULL;
    td_result result = choose_library(encoder, deflate);
    if (result != TD_OK) {
        tdi_free(encoder);
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
    tdi_free(encoder->filtered);
    tdi_free(encoder->rows);
    tdi_free(encoder->out);
    tdi_free(encoder);
}

const char *tdi_png_encoder_library(const tdi_png_encoder *encoder)
{
    return encoder->libdeflate ? "libdeflate" : "ISA-L";
}
