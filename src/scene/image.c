#include "scene/image.h"

#include <spng.h>
#include <string.h>
#include <turbojpeg.h>

#include "base/memory.h"
#include "scene/mipmap.h"

/* Deflate makes at most 1032 bytes out of one (RFC 1951: 258 bytes for two bits). */
#define MOST_PNG_BYTES_A_BYTE 1032u
/* Huffman-coded JPEG spends at least a bit on the 64 pixels of a block. */
#define MOST_JPEG_PIXELS_A_BYTE 512u
/* Ancillary chunks of a PNG are not looked at, and need no more than this. */
#define MOST_PNG_CHUNK_BYTES (64u * 1024u * 1024u)

static td_result check_extent(const tdi_image_header *header)
{
    if (header->width > TDI_MAX_EXTENT || header->height > TDI_MAX_EXTENT)
        return tdi_fail(TD_ERROR_INPUT, "the picture has %u x %u pixels; at most %u x %u are taken",
                        header->width, header->height, TDI_MAX_EXTENT, TDI_MAX_EXTENT);
    return TD_OK;
}

/* A small file that claims a huge picture is refused before memory is spent on it. */
static td_result check_plausible(const tdi_image_header *header, size_t size, uint64_t least)
{
    if (size >= least)
        return TD_OK;
    return tdi_fail(TD_ERROR_INPUT,
                    "the picture claims %u x %u pixels, which its %zu bytes cannot hold: it is cut "
                    "off or damaged",
                    header->width, header->height, size);
}

/* spng tells a want of memory in several ways, some of which also mean damage; its allocator is
 * given no user pointer. */
static _Thread_local bool png_starved;

static void *note_starvation(void *block)
{
    png_starved = png_starved || !block;
    return block;
}

static void *png_malloc(size_t size)
{
    return note_starvation(tdi_alloc(size));
}

static void *png_realloc(void *block, size_t size)
{
    return note_starvation(tdi_realloc(block, size, 1));
}

static void *png_calloc(size_t count, size_t size)
{
    return note_starvation(tdi_alloc_zero(count, size));
}

static td_result fail_png(int code)
{
    if (png_starved || code == SPNG_EMEM)
        return tdi_fail(TD_ERROR_HOST_MEMORY, "no memory to decode a PNG");
    return tdi_fail(TD_ERROR_INPUT, "the PNG is damaged: %s", spng_strerror(code));
}

static td_result open_png(const uint8_t *data, size_t size, spng_ctx **out)
{
    png_starved = false;
    struct spng_alloc functions = {png_malloc, png_realloc, png_calloc, tdi_free};
    spng_ctx *context = spng_ctx_new2(&functions, 0);
    if (!context)
        return fail_png(SPNG_EMEM);
    int code = spng_set_chunk_limits(context, MOST_PNG_CHUNK_BYTES, MOST_PNG_CHUNK_BYTES);
    if (code == 0)
        code = spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
    if (code == 0)
        code = spng_set_png_buffer(context, data, size);
    if (code != 0) {
        spng_ctx_free(context);
        return fail_png(code);
    }
    *out = context;
    return TD_OK;
}

static td_result read_png_header(const uint8_t *data, size_t size, tdi_image_header *out)
{
    spng_ctx *context;
    TDI_TRY(open_png(data, size, &context));
    struct spng_ihdr ihdr = {0};
    int code = spng_get_ihdr(context, &ihdr);
    spng_ctx_free(context);
    if (code != 0)
        return fail_png(code);
    static const uint8_t channels[7] = {1, 0, 3, 1, 2, 0, 4}; /* by PNG colour type */
    *out = (tdi_image_header){TDI_IMAGE_PNG, ihdr.width, ihdr.height};
    TDI_TRY(check_extent(out));
    uint64_t row_bits = (uint64_t)ihdr.width * channels[ihdr.color_type] * ihdr.bit_depth;
    return check_plausible(out, size, row_bits / 8 * ihdr.height / MOST_PNG_BYTES_A_BYTE);
}

static td_result decode_png(const uint8_t *data, size_t size, const tdi_image_header *header,
                            uint8_t *pixels)
{
    spng_ctx *context;
    TDI_TRY(open_png(data, size, &context));
    size_t bytes = (size_t)header->width * header->height * 4;
    int code = spng_decode_image(context, pixels, bytes, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS);
    /* To the end, for the checksum of what was just read, and to see a file that was cut off. */
    if (code == 0)
        code = spng_decode_chunks(context);
    spng_ctx_free(context);
    return code == 0 ? TD_OK : fail_png(code);
}

static td_result fail_jpeg(tjhandle handle)
{
    return tdi_fail(TD_ERROR_INPUT, "the JPEG is damaged: %s", tjGetErrorStr2(handle));
}

/* libjpeg goes on after a warning. Bytes between two markers do no harm, anything else means that
 * part of the picture is made up. */
static bool is_harmless(tjhandle handle)
{
    return tjGetErrorCode(handle) == TJERR_WARNING &&
           strstr(tjGetErrorStr2(handle), "extraneous bytes") != NULL;
}

static td_result open_jpeg(tjhandle *out)
{
    *out = tjInitDecompress();
    return *out ? TD_OK : tdi_fail(TD_ERROR_HOST_MEMORY, "no memory to decode a JPEG");
}

static td_result check_jpeg_header(tjhandle handle, const uint8_t *data, size_t size,
                                   tdi_image_header *out)
{
    int width = 0;
    int height = 0;
    int sampling = 0;
    int colors = 0;
    if (tjDecompressHeader3(handle, data, size, &width, &height, &sampling, &colors) != 0 &&
        !is_harmless(handle))
        return fail_jpeg(handle);
    if (width < 1 || height < 1)
        return tdi_fail(TD_ERROR_INPUT, "the JPEG is damaged: it has no pixels");
    if (colors == TJCS_CMYK || colors == TJCS_YCCK)
        return tdi_fail(TD_ERROR_INPUT, "the JPEG has CMYK colours; convert it to RGB");
    *out = (tdi_image_header){TDI_IMAGE_JPEG, (uint32_t)width, (uint32_t)height};
    TDI_TRY(check_extent(out));
    return check_plausible(out, size, (uint64_t)out->width * out->height / MOST_JPEG_PIXELS_A_BYTE);
}

static td_result read_jpeg_header(const uint8_t *data, size_t size, tdi_image_header *out)
{
    tjhandle handle;
    TDI_TRY(open_jpeg(&handle));
    td_result result = check_jpeg_header(handle, data, size, out);
    tjDestroy(handle);
    return result;
}

static td_result decode_jpeg(const uint8_t *data, size_t size, const tdi_image_header *header,
                             uint8_t *pixels)
{
    tjhandle handle;
    TDI_TRY(open_jpeg(&handle));
    td_result result = TD_OK;
    if (tjDecompress2(handle, data, size, pixels, (int)header->width, 0, (int)header->height,
                      TJPF_RGBA, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0 &&
        !is_harmless(handle))
        result = fail_jpeg(handle);
    tjDestroy(handle);
    return result;
}

static bool starts_with(const uint8_t *data, size_t size, const char *magic, size_t length)
{
    return size >= length && memcmp(data, magic, length) == 0;
}

static td_result fail_format(const uint8_t *data, size_t size)
{
    const char *what = "neither PNG nor JPEG";
    if (size == 0)
        what = "empty";
    else if (size >= 12 && starts_with(data, size, "RIFF", 4) && memcmp(data + 8, "WEBP", 4) == 0)
        what = "WebP";
    else if (starts_with(data, size, "\xABKTX", 4))
        what = "KTX";
    return tdi_fail(TD_ERROR_INPUT, "the picture is %s; convert it to PNG or JPEG", what);
}

td_result tdi_image_read_header(const uint8_t *data, size_t size, tdi_image_header *out)
{
    if (starts_with(data, size, "\x89PNG\r\n\x1A\n", 8))
        return read_png_header(data, size, out);
    if (starts_with(data, size, "\xFF\xD8\xFF", 3))
        return read_jpeg_header(data, size, out);
    return fail_format(data, size);
}

td_result tdi_image_decode(const uint8_t *data, size_t size, const tdi_image_header *header,
                           uint8_t *pixels)
{
    if (header->format == TDI_IMAGE_PNG)
        return decode_png(data, size, header, pixels);
    return decode_jpeg(data, size, header, pixels);
}

static bool find_alpha(const uint8_t *pixels, size_t count)
{
    uint8_t all = 255;
    for (size_t i = 0; i < count; i++)
        all &= pixels[4 * i + 3];
    return all != 255;
}

static td_result fill_level_0(const tdi_image *image, const tdi_image_header *header,
                              uint8_t *pixels)
{
    if (image->encoded)
        return tdi_image_decode(image->encoded, image->encoded_bytes, header, pixels);
    memcpy(pixels, image->pixels, (size_t)4 * header->width * header->height);
    return TD_OK;
}

td_result tdi_image_prepare(tdi_image *image, tdi_pool *pool)
{
    tdi_image_header header = {TDI_IMAGE_PNG, image->width, image->height};
    if (image->encoded)
        TDI_TRY(tdi_image_read_header(image->encoded, image->encoded_bytes, &header));
    uint32_t levels = tdi_mip_levels(header.width, header.height);
    size_t bytes = tdi_mip_offset(header.width, header.height, levels);
    if (!image->encoded && image->levels == levels)
        return TD_OK;
    uint8_t *pixels = tdi_alloc(bytes);
    if (!pixels)
        return TD_ERROR_HOST_MEMORY;
    td_result result = fill_level_0(image, &header, pixels);
    if (result != TD_OK) {
        tdi_free(pixels);
        return result;
    }
    tdi_mip_generate(pixels, header.width, header.height, image->uses & TDI_IMAGE_USED_SRGB, pool);
    tdi_free(image->encoded);
    tdi_free(image->pixels);
    image->encoded = NULL;
    image->encoded_bytes = 0;
    image->pixels = pixels;
    image->pixel_bytes = bytes;
    image->width = header.width;
    image->height = header.height;
    image->levels = levels;
    image->has_alpha = find_alpha(pixels, (size_t)header.width * header.height);
    return TD_OK;
}
