#include "scene/hdr.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Rows of other widths are never run-length encoded channel by channel. */
#define LEAST_ENCODED 8
#define MOST_ENCODED  32767
#define LINE_CAPACITY 256

/* What is left to read. */
typedef struct reader {
    const char *name;
    const uint8_t *bytes;
    size_t size, at;
} reader;

static td_result fail_at(const reader *r, td_result code, const char *what)
{
    return tdi_fail(code, "%s: byte %zu: %s", r->name, r->at, what);
}

/* ---- the header ---- */

/* A line without its end, cut to the capacity. */
static td_result read_line(reader *r, char line[LINE_CAPACITY])
{
    const uint8_t *start = r->bytes + r->at;
    const uint8_t *end = memchr(start, '\n', r->size - r->at);
    if (!end)
        return fail_at(r, TD_ERROR_INPUT, "the header of a Radiance picture ends here");
    size_t length = (size_t)(end - start);
    r->at += length + 1;
    if (length >= LINE_CAPACITY)
        length = LINE_CAPACITY - 1;
    memcpy(line, start, length);
    line[length] = '\0';
    return TD_OK;
}

static td_result read_magic(reader *r)
{
    static const char *const magics[] = {"#?RADIANCE\n", "#?RGBE\n", "#?AUTOPANO\n"};
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const size_t length = strlen(magics[i]);
        if (r->size >= length && memcmp(r->bytes, magics[i], length) == 0) {
            r->at = length;
            return TD_OK;
        }
    }
    return fail_at(r, TD_ERROR_INPUT, "this is no Radiance picture (.hdr), which begins with #?");
}

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static td_result read_exposure(const reader *r, const char *text, tdi_hdr *out)
{
    double exposure;
    if (!tdi_parse_f64(text + strspn(text, " \t"), &exposure) || exposure <= 0)
        return fail_at(r, TD_ERROR_INPUT, "the line before has an EXPOSURE that is no number");
    out->scale = (float)(out->scale / exposure);
    if (!isfinite(out->scale) || out->scale <= 0)
        return fail_at(r, TD_ERROR_INPUT, "its EXPOSURE leaves nothing");
    return TD_OK;
}

static td_result read_variable(const reader *r, const char *line, tdi_hdr *out)
{
    if (begins(line, "FORMAT=") && strcmp(line, "FORMAT=32-bit_rle_rgbe") != 0)
        return fail_at(r, TD_ERROR_UNSUPPORTED,
                       "the line before names another format than 32-bit_rle_rgbe");
    if (begins(line, "EXPOSURE="))
        return read_exposure(r, line + strlen("EXPOSURE="), out);
    return TD_OK;
}

/* "512 +X 1024" and so on: the number at the start, and what follows it. */
static bool read_side(const char **text, uint32_t *out)
{
    uint64_t value = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9' && value <= TDI_HDR_MOST_SIDE; at++)
        value = 10 * value + (uint64_t)(*at - '0');
    const bool good = at > *text && value >= 1 && value <= TDI_HDR_MOST_SIDE;
    *text = at;
    *out = (uint32_t)value;
    return good;
}

static td_result read_size(const reader *r, const char *line, tdi_hdr *out)
{
    if (!begins(line, "-Y ") && strchr(line, 'X') && strchr(line, 'Y'))
        return fail_at(r, TD_ERROR_UNSUPPORTED,
                       "only pictures from the upper left on (-Y height +X width) can be read");
    const char *at = line + 3;
    if (!begins(line, "-Y ") || !read_side(&at, &out->height) || !begins(at, " +X "))
        return fail_at(r, TD_ERROR_INPUT, "the line before should be: -Y height +X width");
    at += strlen(" +X ");
    if (!read_side(&at, &out->width) || *at != '\0')
        return fail_at(r, TD_ERROR_INPUT,
                       "the line before should be: -Y height +X width, each 1 to 32768");
    if ((uint64_t)out->width * out->height > TDI_HDR_MOST_PIXELS)
        return fail_at(r, TD_ERROR_UNSUPPORTED, "a picture of more than 134 million pixels");
    return TD_OK;
}

td_result tdi_hdr_open(const uint8_t *bytes, size_t size, const char *name, tdi_hdr *out)
{
    reader r = {.name = name, .bytes = bytes, .size = size};
    char line[LINE_CAPACITY];
    *out = (tdi_hdr){.scale = 1};
    TDI_TRY(read_magic(&r));
    for (;;) {
        TDI_TRY(read_line(&r, line));
        if (line[0] == '\0')
            break;
        TDI_TRY(read_variable(&r, line, out));
    }
    TDI_TRY(read_line(&r, line));
    TDI_TRY(read_size(&r, line, out));
    out->pixels = r.at;
    return TD_OK;
}

/* ---- rows ---- */

static td_result fail_short(const reader *r)
{
    return fail_at(r, TD_ERROR_INPUT, "the picture is cut off");
}

/* Red, green, blue or exponents of a row: runs of one value, and pieces as they are. */
static td_result read_channel(reader *r, uint32_t width, uint8_t *row)
{
    for (uint32_t x = 0; x < width;) {
        if (r->size - r->at < 2)
            return fail_short(r);
        const uint8_t code = r->bytes[r->at];
        const bool run = code > 128;
        const uint32_t count = run ? code - 128u : code;
        if (count == 0 || count > width - x)
            return fail_at(r, TD_ERROR_INPUT, "a run of a row goes past its end, or has no length");
        if (!run && r->size - r->at - 1 < count)
            return fail_short(r);
        for (uint32_t i = 0; i < count; i++)
            row[4 * (size_t)(x + i)] = r->bytes[r->at + 1 + (run ? 0 : i)];
        r->at += run ? 2 : 1 + count;
        x += count;
    }
    return TD_OK;
}

static td_result read_channels(reader *r, uint32_t width, uint8_t *row)
{
    r->at += 4;
    for (uint32_t channel = 0; channel < 4; channel++)
        TDI_TRY(read_channel(r, width, row + channel));
    return TD_OK;
}

/* The older encoding: pixels, of which 1, 1, 1, n repeats the one before n times; of repeats in a
 * row each counts 256 times the one before. */
static td_result read_pixels(reader *r, uint32_t width, uint8_t *row)
{
    uint32_t shift = 0;
    for (uint32_t x = 0; x < width;) {
        if (r->size - r->at < 4)
            return fail_short(r);
        const uint8_t *pixel = r->bytes + r->at;
        const bool repeat = pixel[0] == 1 && pixel[1] == 1 && pixel[2] == 1;
        if (!repeat) {
            memcpy(row + 4 * (size_t)x++, pixel, 4);
            shift = 0;
            r->at += 4;
            continue;
        }
        const uint64_t count = shift < 32 ? (uint64_t)pixel[3] << shift : UINT64_MAX;
        if (x == 0 || count > width - x)
            return fail_at(r, TD_ERROR_INPUT, "a repeated pixel goes past the end of its row");
        for (uint64_t i = 0; i < count; i++, x++)
            memcpy(row + 4 * (size_t)x, row + 4 * (size_t)(x - 1), 4);
        shift += 8;
        r->at += 4;
    }
    return TD_OK;
}

static td_result read_row(reader *r, uint32_t width, uint8_t *row)
{
    if (r->size - r->at < 4)
        return fail_short(r);
    const uint8_t *start = r->bytes + r->at;
    const bool encoded = start[0] == 2 && start[1] == 2 && start[2] < 128;
    if (!encoded || width < LEAST_ENCODED || width > MOST_ENCODED)
        return read_pixels(r, width, row);
    if ((uint32_t)(start[2] << 8 | start[3]) != width)
        return fail_at(r, TD_ERROR_INPUT, "a row has another width than the picture");
    return read_channels(r, width, row);
}

/* An exponent of 0 stands for black. */
static void to_floats(const uint8_t *rgbe, uint32_t width, float scale, float *rgb)
{
    for (size_t x = 0; x < width; x++) {
        const uint8_t *pixel = rgbe + 4 * x;
        const float unit = pixel[3] ? scale * ldexpf(1.0f, (int)pixel[3] - (128 + 8)) : 0;
        for (size_t c = 0; c < 3; c++)
            rgb[3 * x + c] = unit * (float)pixel[c];
    }
}

static td_result read_rows(const tdi_hdr *hdr, reader *r, uint8_t *rgbe, float *rgb,
                           tdi_hdr_row_fn row, void *user)
{
    for (uint32_t y = 0; y < hdr->height; y++) {
        TDI_TRY(read_row(r, hdr->width, rgbe));
        to_floats(rgbe, hdr->width, hdr->scale, rgb);
        row(user, y, rgb);
    }
    return TD_OK;
}

td_result tdi_hdr_read(const tdi_hdr *hdr, const uint8_t *bytes, size_t size, const char *name,
                       tdi_hdr_row_fn row, void *user)
{
    reader r = {.name = name, .bytes = bytes, .size = size, .at = hdr->pixels};
    uint8_t *rgbe = tdi_alloc((size_t)hdr->width * 4);
    float *rgb = tdi_alloc((size_t)hdr->width * 3 * sizeof(float));
    const td_result result =
        rgbe && rgb ? read_rows(hdr, &r, rgbe, rgb, row, user) : TD_ERROR_HOST_MEMORY;
    tdi_free(rgbe);
    tdi_free(rgb);
    return result;
}
