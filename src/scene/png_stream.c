#include "scene/png_stream.h"

#include <zlib.h>

#if TDI_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/memory.h"
#include "scene/png_format.h"

/* Data of an IDAT chunk, but the last. */
#define CHUNK_BYTES (1024u * 1024u)

/* zlib: quickest level, the largest window, and as much memory as it takes. */
enum { ZLIB_LEVEL = 1, ZLIB_WINDOW = 15, ZLIB_MEMORY = 9 };

struct tdi_png_stream {
    tdi_png_write_fn write;
    void *user;
    tdi_png_filter filter;
    uint32_t rows_left;
    uint8_t *filtered; /* rows that wait to be compressed */
    size_t filtered_capacity;
    uint32_t portion; /* rows that are compressed at once, whatever number comes */
    uint32_t waiting;
    size_t used; /* data in the open chunk */
    bool isal;
    z_stream zlib; /* where ISA-L is not used */
#if TDI_HAVE_ISAL
    struct isal_zstream isal_stream;
    uint8_t level_buffer[ISAL_DEF_LVL1_EXTRA_LARGE];
#endif
    uint8_t chunk[CHUNK_BYTES + TDI_PNG_CHUNK_EXTRA]; /* the open one */
};

static td_result write_chunk(tdi_png_stream *stream, const char *type)
{
    const uint8_t *end = tdi_png_chunk(stream->chunk, type, stream->used);
    stream->used = 0;
    return stream->write(stream->user, stream->chunk, (size_t)(end - stream->chunk));
}

static uint8_t *room(tdi_png_stream *stream, uint32_t *size)
{
    *size = CHUNK_BYTES - (uint32_t)stream->used;
    return stream->chunk + TDI_PNG_CHUNK_DATA + stream->used;
}

/* So much of the chunk is still free. */
static td_result made(tdi_png_stream *stream, uint32_t left)
{
    stream->used = CHUNK_BYTES - left;
    return left == 0 ? write_chunk(stream, "IDAT") : TD_OK;
}

/* Asking for it is enough where it was built in. */
static bool uses_isal(tdi_png_deflate deflate)
{
#if TDI_HAVE_ISAL
    return deflate == TDI_PNG_DEFLATE_ISAL ||
           (deflate == TDI_PNG_DEFLATE_AUTO && __builtin_cpu_supports("sse4.2") != 0);
#else
    (void)deflate;
    return false;
#endif
}

const char *tdi_png_stream_library(tdi_png_deflate deflate)
{
    return uses_isal(deflate) ? "ISA-L" : "zlib";
}

#if TDI_HAVE_ISAL
static void begin_isal(tdi_png_stream *stream)
{
    struct isal_zstream *z = &stream->isal_stream;
    isal_deflate_init(z);
    z->level = 1;
    z->level_buf = stream->level_buffer;
    z->level_buf_size = sizeof stream->level_buffer;
    z->gzip_flag = IGZIP_ZLIB;
}

static td_result compress_isal(tdi_png_stream *stream, uint32_t size, bool last)
{
    struct isal_zstream *z = &stream->isal_stream;
    z->next_in = stream->filtered;
    z->avail_in = size;
    z->end_of_stream = last;
    do {
        z->next_out = room(stream, &z->avail_out);
        if (isal_deflate(z) != COMP_OK)
            return tdi_fail(TD_ERROR_SYSTEM, "ISA-L could not compress a picture");
        TDI_TRY(made(stream, z->avail_out));
    } while (z->avail_in > 0 || (last && z->internal_state.state != ZSTATE_END));
    return TD_OK;
}
#endif

static td_result compress_zlib(tdi_png_stream *stream, uint32_t size, bool last)
{
    z_stream *z = &stream->zlib;
    z->next_in = stream->filtered;
    z->avail_in = size;
    int state;
    do {
        z->next_out = room(stream, &z->avail_out);
        state = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
        if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
            return tdi_fail(TD_ERROR_SYSTEM, "zlib could not compress a picture");
        TDI_TRY(made(stream, z->avail_out));
    } while (z->avail_in > 0 || (last && state != Z_STREAM_END));
    return TD_OK;
}

/* Compresses the rows that wait. */
static td_result compress_portion(tdi_png_stream *stream)
{
    const uint32_t size = stream->waiting * (uint32_t)(stream->filter.row_bytes + 1);
    const bool last = stream->rows_left == 0;
    stream->waiting = 0;
#if TDI_HAVE_ISAL
    if (stream->isal)
        return compress_isal(stream, size, last);
#endif
    return compress_zlib(stream, size, last);
}

td_result tdi_png_stream_begin(tdi_png_stream *stream, const tdi_png_image *image,
                               tdi_png_write_fn write, void *user)
{
    TDI_TRY(tdi_png_check(image));
    TDI_TRY(tdi_png_filter_begin(&stream->filter, image));
    const size_t line = stream->filter.row_bytes + 1;
    stream->portion = line < TDI_PNG_PORTION_BYTES ? (uint32_t)(TDI_PNG_PORTION_BYTES / line) : 1;
    TDI_TRY(tdi_grow((void **)&stream->filtered, &stream->filtered_capacity, stream->portion * line,
                     1));
    stream->rows_left = image->height;
    stream->waiting = 0;
    stream->used = 0;
    stream->write = write;
    stream->user = user;
#if TDI_HAVE_ISAL
    if (stream->isal)
        begin_isal(stream);
#endif
    if (!stream->isal && deflateReset(&stream->zlib) != Z_OK)
        return tdi_fail(TD_ERROR_SYSTEM, "zlib could not begin a picture");
    uint8_t header[TDI_PNG_HEADER_MAX];
    return write(user, header, tdi_png_header(image, header));
}

td_result tdi_png_stream_rows(tdi_png_stream *stream, const void *pixels, size_t row_bytes,
                              uint32_t rows)
{
    const size_t line = stream->filter.row_bytes + 1;
    const uint8_t *row = pixels;
    if (rows > stream->rows_left)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u rows for a picture that lacks %u", rows,
                        stream->rows_left);
    for (uint32_t i = 0; i < rows; i++) {
        tdi_png_filter_row(&stream->filter, row, stream->filtered + stream->waiting * line);
        row += row_bytes ? row_bytes : stream->filter.row_bytes;
        stream->waiting++;
        stream->rows_left--;
        if (stream->waiting == stream->portion || stream->rows_left == 0)
            TDI_TRY(compress_portion(stream));
    }
    if (rows > 0)
        tdi_png_filter_keep(&stream->filter);
    return TD_OK;
}

td_result tdi_png_stream_end(tdi_png_stream *stream)
{
    if (stream->rows_left > 0)
        return tdi_fail(TD_ERROR_STATE, "a picture ends, but lacks %u rows", stream->rows_left);
    if (stream->used > 0)
        TDI_TRY(write_chunk(stream, "IDAT"));
    return write_chunk(stream, "IEND");
}

static void *zlib_alloc(void *user, unsigned count, unsigned size)
{
    (void)user;
    return tdi_alloc_zero(count, size);
}

static void zlib_free(void *user, void *block)
{
    (void)user;
    tdi_free(block);
}

static td_result choose_library(tdi_png_stream *stream, tdi_png_deflate deflate)
{
    stream->isal = uses_isal(deflate);
    if (stream->isal)
        return TD_OK;
    if (deflate == TDI_PNG_DEFLATE_ISAL)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "this build of tandem has no ISA-L");
    stream->zlib = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free};
    const int state = deflateInit2(&stream->zlib, ZLIB_LEVEL, Z_DEFLATED, ZLIB_WINDOW, ZLIB_MEMORY,
                                   Z_DEFAULT_STRATEGY);
    if (state == Z_MEM_ERROR)
        return TD_ERROR_HOST_MEMORY;
    return state == Z_OK ? TD_OK : tdi_fail(TD_ERROR_SYSTEM, "zlib of this system does not suit");
}

td_result tdi_png_stream_create(tdi_png_deflate deflate, tdi_png_stream **out)
{
    tdi_png_stream *stream = tdi_alloc(sizeof *stream);
    if (!stream)
        return TD_ERROR_HOST_MEMORY;
    stream->filter = (tdi_png_filter){0};
    stream->filtered = NULL;
    stream->filtered_capacity = 0;
    stream->isal = false;
    td_result result = choose_library(stream, deflate);
    if (result != TD_OK) {
        tdi_free(stream);
        return result;
    }
    *out = stream;
    return TD_OK;
}

void tdi_png_stream_destroy(tdi_png_stream *stream)
{
    if (!stream)
        return;
    if (!stream->isal)
        (void)deflateEnd(&stream->zlib);
    tdi_png_filter_free(&stream->filter);
    tdi_free(stream->filtered);
    tdi_free(stream);
}
