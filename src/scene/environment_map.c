#include "scene/environment_map.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "scene/hdr.h"

#define WIDTH       TDI_ENVIRONMENT_WIDTH
#define HEIGHT      TDI_ENVIRONMENT_HEIGHT
#define MOST_BYTES  (UINT64_C(1) << 30)
#define MOST_SHARED 65408.0f /* that nine bits with a shared exponent can be */

static const double pi = 3.14159265358979323846;

/* ---- resampling: each pixel of the map is the mean of the area that it covers ---- */

typedef struct resampler {
    float *out; /* WIDTH x HEIGHT x 3 */
    uint32_t width, height;
    float line[WIDTH][3]; /* a row of the source, resampled */
} resampler;

/* How much of source pixel `at` (of `from`) lies in pixel `to_at` (of `to`), as a part of the
 * latter. */
static float overlap(uint32_t at, uint32_t from, uint32_t to_at, uint32_t to)
{
    const double begin = (double)at * to / from, end = (double)(at + 1) * to / from;
    const double least = begin > to_at ? begin : to_at;
    const double most = end < to_at + 1.0 ? end : to_at + 1.0;
    return most > least ? (float)(most - least) : 0;
}

static uint32_t first_covered(uint32_t at, uint32_t from, uint32_t to)
{
    return (uint32_t)((uint64_t)at * to / from);
}

static uint32_t last_covered(uint32_t at, uint32_t from, uint32_t to)
{
    const uint64_t end = ((uint64_t)(at + 1) * to + from - 1) / from;
    return (uint32_t)(end > to ? to : end);
}

static void resample_line(resampler *r, const float *rgb)
{
    memset(r->line, 0, sizeof r->line);
    for (uint32_t x = 0; x < r->width; x++) {
        const uint32_t end = last_covered(x, r->width, WIDTH);
        for (uint32_t to = first_covered(x, r->width, WIDTH); to < end; to++) {
            const float part = overlap(x, r->width, to, WIDTH);
            for (uint32_t c = 0; c < 3; c++)
                r->line[to][c] += part * rgb[3 * (size_t)x + c];
        }
    }
}

static void add_row(void *user, uint32_t row, const float *rgb)
{
    resampler *r = user;
    resample_line(r, rgb);
    const uint32_t end = last_covered(row, r->height, HEIGHT);
    for (uint32_t to = first_covered(row, r->height, HEIGHT); to < end; to++) {
        const float part = overlap(row, r->height, to, HEIGHT);
        float *line = r->out + (size_t)to * WIDTH * 3;
        for (size_t i = 0; i < (size_t)WIDTH * 3; i++)
            line[i] += part * r->line[i / 3][i % 3];
    }
}

static td_result read_file(resampler *r, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    tdi_hdr hdr;
    TDI_TRY(tdi_file_read(path, MOST_BYTES, &bytes, &size));
    td_result result = tdi_hdr_open(bytes, size, path, &hdr);
    if (result == TD_OK) {
        r->width = hdr.width;
        r->height = hdr.height;
        result = tdi_hdr_read(&hdr, bytes, size, path, add_row, r);
    }
    tdi_free(bytes);
    return result;
}

static td_result take_pixels(resampler *r, const td_environment_params *params)
{
    if (params->width < 1 || params->width > TDI_HDR_MOST_SIDE || params->height < 1 ||
        params->height > TDI_HDR_MOST_SIDE)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "an environment of %ux%u pixels; each side must be 1 to "
                        "%d",
                        params->width, params->height, TDI_HDR_MOST_SIDE);
    const size_t count = (size_t)params->width * params->height * 3;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(params->pixels[i]) || params->pixels[i] < 0)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "an environment whose value %zu is %g; all must be finite and not "
                            "negative",
                            i, (double)params->pixels[i]);
    r->width = params->width;
    r->height = params->height;
    for (uint32_t y = 0; y < r->height; y++)
        add_row(r, y, params->pixels + (size_t)y * r->width * 3);
    return TD_OK;
}

/* ---- diffuse light ---- */

static void harmonics(const double d[3], double out[TDI_IRRADIANCE_TERMS])
{
    const double x = d[0], y = d[1], z = d[2], xx = x * x, yy = y * y, zz = z * z;
    const double terms[TDI_IRRADIANCE_TERMS] = {
        1,
        y,
        z,
        x,
        x * y,
        y * z,
        3 * zz - 1,
        x * z,
        xx - yy,
        x * y * (xx - yy),
        y * z * (3 * xx - yy),
        x * y * (7 * zz - 1),
        y * z * (7 * zz - 3),
        35 * zz * zz - 30 * zz + 3,
        x * z * (7 * zz - 3),
        (xx - yy) * (7 * zz - 1),
        x * z * (xx - 3 * yy),
        xx * (xx - 3 * yy) - yy * (3 * xx - yy),
    };
    memcpy(out, terms, sizeof terms);
}

/* The squares of the harmonics' constants times pi, and what a cosine leaves of each order over pi:
 * 1, 2/3, 1/4 and -1/24 (Ramamoorthi and Hanrahan 2001, equation 8). */
#define ORDER_1 (3.0 / 4 * 2 / 3)
#define ORDER_2 (15.0 / 4 / 4)
#define ORDER_4 (9.0 / 16 / -24)

static const double weights[TDI_IRRADIANCE_TERMS] = {
    1.0 / 4,          ORDER_1,          ORDER_1,           ORDER_1,      ORDER_2,
    ORDER_2,          ORDER_2 / 12,     ORDER_2,           ORDER_2 / 4,  ORDER_4 * 35,
    ORDER_4 * 35 / 2, ORDER_4 * 5,      ORDER_4 * 5 / 2,   ORDER_4 / 16, ORDER_4 * 5 / 2,
    ORDER_4 * 5 / 4,  ORDER_4 * 35 / 2, ORDER_4 * 35 / 16,
};

static void find_irradiance(tdi_environment_map *map)
{
    double sums[TDI_IRRADIANCE_TERMS][3] = {{0}};
    for (uint32_t y = 0; y < HEIGHT; y++) {
        const double top = cos(pi * y / HEIGHT), bottom = cos(pi * (y + 1) / HEIGHT);
        const double area = (top - bottom) * 2 * pi / WIDTH, polar = pi * (y + 0.5) / HEIGHT;
        for (uint32_t x = 0; x < WIDTH; x++) {
            const double turn = 2 * pi * ((x + 0.5) / WIDTH - 0.5);
            const double d[3] = {sin(polar) * cos(turn), cos(polar), sin(polar) * sin(turn)};
            double terms[TDI_IRRADIANCE_TERMS];
            harmonics(d, terms);
            const float *rgb = map->pixels + 3 * ((size_t)y * WIDTH + x);
            for (uint32_t i = 0; i < TDI_IRRADIANCE_TERMS; i++)
                for (uint32_t c = 0; c < 3; c++)
                    sums[i][c] += terms[i] * area * (double)rgb[c];
        }
    }
    for (uint32_t i = 0; i < TDI_IRRADIANCE_TERMS; i++)
        for (uint32_t c = 0; c < 3; c++)
            map->irradiance[i][c] = (float)(sums[i][c] * weights[i] / pi);
}

td_result tdi_environment_map_make(const td_environment_params *params, tdi_environment_map *out)
{
    if (!params->path == !params->pixels)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_environment_params: either `path` or `pixels`");
    resampler *r = tdi_alloc_zero(1, sizeof *r);
    out->pixels = tdi_alloc_zero((size_t)WIDTH * HEIGHT * 3, sizeof(float));
    td_result result = TD_ERROR_HOST_MEMORY;
    if (r && out->pixels) {
        r->out = out->pixels;
        result = params->path ? read_file(r, params->path) : take_pixels(r, params);
    }
    tdi_free(r);
    if (result == TD_OK)
        find_irradiance(out);
    else
        tdi_environment_map_free(out);
    return result;
}

void tdi_environment_map_free(tdi_environment_map *map)
{
    tdi_free(map->pixels);
    map->pixels = NULL;
}

/* ---- texels ---- */

uint32_t tdi_pack_shared_exponent(const float rgb[3])
{
    float most = 0, clamped[3];
    for (uint32_t c = 0; c < 3; c++) {
        clamped[c] = rgb[c] < MOST_SHARED ? rgb[c] : MOST_SHARED;
        most = clamped[c] > most ? clamped[c] : most;
    }
    int exponent = 0;
    (void)frexpf(most, &exponent);
    exponent = most > 0 && exponent > -15 ? exponent : -15;
    if (ldexpf(most, 9 - exponent) + 0.5f >= 512)
        exponent++;
    uint32_t texel = (uint32_t)(exponent + 15) << 27;
    for (uint32_t c = 0; c < 3; c++)
        texel |= (uint32_t)(ldexpf(clamped[c], 9 - exponent) + 0.5f) << 9 * c;
    return texel;
}

static uint32_t extent(uint32_t size, uint32_t level)
{
    return size >> level > 0 ? size >> level : 1;
}

size_t tdi_environment_texels(uint32_t levels)
{
    size_t count = 0;
    for (uint32_t level = 0; level < levels; level++)
        count += (size_t)extent(WIDTH, level) * extent(HEIGHT, level);
    return count;
}

static void pack_level(const float *pixels, size_t count, uint32_t *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = tdi_pack_shared_exponent(pixels + 3 * i);
}

/* In place: what is read lies at or after what is written. */
static void halve(float *pixels, uint32_t width, uint32_t height)
{
    const uint32_t to_width = extent(width, 1), to_height = extent(height, 1);
    const size_t right = width > 1 ? 3 : 0, down = height > 1 ? 3 * (size_t)width : 0;
    for (uint32_t y = 0; y < to_height; y++) {
        for (size_t i = 0; i < 3 * (size_t)to_width; i++) {
            const float *from = pixels + 2 * y * 3 * (size_t)width + i / 3 * 2 * 3 + i % 3;
            pixels[(size_t)y * to_width * 3 + i] =
                0.25f * (from[0] + from[right] + from[down] + from[right + down]);
        }
    }
}

uint32_t *tdi_environment_map_pack(const tdi_environment_map *map)
{
    const size_t bytes = (size_t)WIDTH * HEIGHT * 3 * sizeof(float);
    uint32_t *texels = tdi_alloc(tdi_environment_texels(TDI_ENVIRONMENT_LEVELS) * sizeof *texels);
    float *pixels = tdi_alloc(bytes);
    if (!texels || !pixels) {
        tdi_free(texels);
        tdi_free(pixels);
        return NULL;
    }
    memcpy(pixels, map->pixels, bytes);
    uint32_t *out = texels;
    for (uint32_t level = 0; level < TDI_ENVIRONMENT_LEVELS; level++) {
        const uint32_t width = extent(WIDTH, level), height = extent(HEIGHT, level);
        pack_level(pixels, (size_t)width * height, out);
        out += (size_t)width * height;
        halve(pixels, width, height);
    }
    tdi_free(pixels);
    return texels;
}
