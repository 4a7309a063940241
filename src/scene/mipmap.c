#include "scene/mipmap.h"

#include <math.h>
#include <string.h>

#include "base/color.h"

/* Rows of a level that one task makes. */
#define STRIP_ROWS 32u
/* Levels with fewer texels are not worth handing to other threads. */
#define PARALLEL_TEXELS (128u * 128u)

/* Linear light has 16 bits, and the mean of four texels is looked up by its upper 14 bits: the
 * narrowest sRGB step, next to black, is then five entries wide. */
#define LINEAR_MAX   65535.0
#define BACK_BITS    14
#define BACK_ENTRIES (1u << BACK_BITS)
/* From a sum of four linear values to an entry. */
#define BACK_SHIFT (16 + 2 - BACK_BITS)

typedef struct srgb_tables {
    uint16_t linear[256];
    uint8_t back[BACK_ENTRIES];
} srgb_tables;

/* The inverse of tdi_srgb_to_linear. */
static double linear_to_srgb(double value)
{
    return value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055;
}

static const srgb_tables *get_tables(void)
{
    static tdi_mutex lock = TDI_MUTEX_STATIC(TDI_RANK_NONE);
    static srgb_tables tables;
    static bool ready;
    tdi_mutex_lock(&lock);
    if (!ready) {
        for (uint32_t i = 0; i < 256; i++)
            tables.linear[i] = (uint16_t)lround(tdi_srgb_to_linear(i / 255.0) * LINEAR_MAX);
        for (uint32_t i = 0; i < BACK_ENTRIES; i++)
            tables.back[i] = (uint8_t)lround(linear_to_srgb((i + 0.5) / BACK_ENTRIES) * 255.0);
        ready = true;
    }
    tdi_mutex_unlock(&lock);
    return &tables;
}

uint32_t tdi_mip_levels(uint32_t width, uint32_t height)
{
    uint32_t levels = 1;
    for (uint32_t extent = width > height ? width : height; extent > 1; extent >>= 1)
        levels++;
    return levels;
}

uint32_t tdi_mip_extent(uint32_t extent, uint32_t level)
{
    return extent >> level > 0 ? extent >> level : 1;
}

size_t tdi_mip_offset(uint32_t width, uint32_t height, uint32_t level)
{
    size_t offset = 0;
    for (uint32_t i = 0; i < level; i++)
        offset += (size_t)4 * tdi_mip_extent(width, i) * tdi_mip_extent(height, i);
    return offset;
}

/* One level made from the one above it. */
typedef struct halving {
    const uint8_t *from;
    uint8_t *to;
    uint32_t from_width, from_height;
    uint32_t to_width, to_height;
    const srgb_tables *tables; /* NULL: linear data */
} halving;

/* Rows `a` and `b` of an even number of texels become one of half the length. */
static void halve_linear(const uint8_t *a, const uint8_t *b, uint8_t *out, uint32_t count)
{
    /* Every other byte of two texels at once, so that sums of four fit beside each other. */
    const uint64_t even = 0x00FF00FF00FF00FF;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t x;
        uint64_t y;
        memcpy(&x, a + (size_t)8 * i, 8);
        memcpy(&y, b + (size_t)8 * i, 8);
        uint64_t low = (x & even) + (y & even);
        uint64_t high = ((x >> 8) & even) + ((y >> 8) & even);
        uint32_t low_sum = (uint32_t)low + (uint32_t)(low >> 32) + 0x00020002;
        uint32_t high_sum = (uint32_t)high + (uint32_t)(high >> 32) + 0x00020002;
        uint32_t mean = ((low_sum >> 2) & 0x00FF00FF) | ((high_sum >> 2) & 0x00FF00FF) << 8;
        memcpy(out + (size_t)4 * i, &mean, 4);
    }
}

static void halve_srgb(const srgb_tables *tables, const uint8_t *a, const uint8_t *b, uint8_t *out,
                       uint32_t count)
{
    const uint16_t *linear = tables->linear;
    for (uint32_t i = 0; i < count; i++, a += 8, b += 8, out += 4) {
        for (int c = 0; c < 3; c++) {
            uint32_t sum =
                (uint32_t)linear[a[c]] + linear[a[c + 4]] + linear[b[c]] + linear[b[c + 4]];
            out[c] = tables->back[sum >> BACK_SHIFT];
        }
        out[3] = (uint8_t)((a[3] + a[7] + b[3] + b[7] + 2) >> 2);
    }
}

/* The texels of a row or column that texel `i` of the next level covers, and how far.
 * S. Guthe, P. Heckbert, "Non-Power-of-Two Mipmap Creation", NVIDIA TU-01838-001, 2005. */
typedef struct taps {
    uint32_t first;
    uint32_t count;
    float weight[3];
} taps;

static taps find_taps(uint32_t extent, uint32_t i)
{
    if (extent == 1)
        return (taps){0, 1, {1}};
    if (extent % 2 == 0)
        return (taps){2 * i, 2, {0.5f, 0.5f}};
    float whole = (float)extent;
    float half = (float)(extent / 2);
    float at = (float)i;
    return (taps){2 * i, 3, {(half - at) / whole, half / whole, (at + 1) / whole}};
}

static void average(const halving *job, const taps *x, const taps *y, uint8_t *out)
{
    float sum[4] = {0};
    for (uint32_t j = 0; j < y->count; j++) {
        const uint8_t *texel =
            job->from + ((size_t)(y->first + j) * job->from_width + x->first) * 4;
        for (uint32_t i = 0; i < x->count; i++, texel += 4) {
            float weight = x->weight[i] * y->weight[j];
            for (int c = 0; c < 4; c++)
                sum[c] += weight *
                          (float)(job->tables && c < 3 ? job->tables->linear[texel[c]] : texel[c]);
        }
    }
    for (int c = 0; c < 3; c++)
        out[c] = job->tables ? job->tables->back[(uint32_t)(sum[c] * 4) >> BACK_SHIFT]
                             : (uint8_t)(sum[c] + 0.5f);
    out[3] = (uint8_t)(sum[3] + 0.5f);
}

static void halve_row(const halving *job, uint32_t y)
{
    uint8_t *out = job->to + (size_t)y * job->to_width * 4;
    if (job->from_width % 2 == 0 && job->from_height % 2 == 0) {
        const uint8_t *a = job->from + (size_t)2 * y * job->from_width * 4;
        const uint8_t *b = a + (size_t)job->from_width * 4;
        if (job->tables)
            halve_srgb(job->tables, a, b, out, job->to_width);
        else
            halve_linear(a, b, out, job->to_width);
        return;
    }
    taps rows = find_taps(job->from_height, y);
    for (uint32_t x = 0; x < job->to_width; x++) {
        taps columns = find_taps(job->from_width, x);
        average(job, &columns, &rows, out + (size_t)4 * x);
    }
}

static void halve_strip(void *user, uint32_t strip)
{
    const halving *job = user;
    uint32_t end = (strip + 1) * STRIP_ROWS;
    if (end > job->to_height)
        end = job->to_height;
    for (uint32_t y = strip * STRIP_ROWS; y < end; y++)
        halve_row(job, y);
}

static void run_halving(halving *job, tdi_pool *pool)
{
    uint32_t strips = (job->to_height + STRIP_ROWS - 1) / STRIP_ROWS;
    if (pool && (size_t)job->to_width * job->to_height >= PARALLEL_TEXELS) {
        tdi_pool_for(pool, strips, halve_strip, job);
        return;
    }
    for (uint32_t strip = 0; strip < strips; strip++)
        halve_strip(job, strip);
}

void tdi_mip_generate(uint8_t *pixels, uint32_t width, uint32_t height, bool srgb, tdi_pool *pool)
{
    const srgb_tables *tables = srgb ? get_tables() : NULL;
    uint32_t levels = tdi_mip_levels(width, height);
    for (uint32_t level = 1; level < levels; level++) {
        halving job = {
            .from = pixels + tdi_mip_offset(width, height, level - 1),
            .to = pixels + tdi_mip_offset(width, height, level),
            .from_width = tdi_mip_extent(width, level - 1),
            .from_height = tdi_mip_extent(height, level - 1),
            .to_width = tdi_mip_extent(width, level),
            .to_height = tdi_mip_extent(height, level),
            .tables = tables,
        };
        run_halving(&job, pool);
    }
}
