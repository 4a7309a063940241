#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/view.h"

/* Corners farther out than this are clipped, in 1/256 pixel. */
#define GUARD 8388352.0f

typedef struct clip_point {
    float x, y, z, w;
} clip_point;

typedef struct snapped_point {
    int64_t x, y;
    float depth;
} snapped_point;

/* In 1/16 pixel: Vulkan 1.3, "Standard sample locations". */
static const int sample_1[][2] = {{8, 8}};
static const int sample_4[][2] = {{6, 2}, {14, 6}, {2, 10}, {10, 14}};
static const int sample_8[][2] = {{9, 5},  {7, 11}, {13, 9},  {5, 3},
                                  {3, 13}, {1, 7},  {11, 15}, {15, 1}};
static const int sample_16[][2] = {{9, 9},   {7, 5},  {5, 10},  {12, 7}, {3, 6}, {10, 13},
                                   {13, 11}, {11, 3}, {6, 14},  {8, 1},  {4, 2}, {2, 12},
                                   {0, 8},   {15, 4}, {14, 15}, {1, 0}};

static const int *sample_at(uint32_t samples, uint32_t index)
{
    switch (samples) {
    case 4:
        return sample_4[index];
    case 8:
        return sample_8[index];
    case 16:
        return sample_16[index];
    default:
        return sample_1[index];
    }
}

void reference_make(uint32_t width, uint32_t height, uint32_t samples, const td_camera *camera,
                    reference *out)
{
    const size_t count = (size_t)width * height * samples;
    struct tdi_view view;
    gpu_ok(tdi_view_make(camera, width, height, &view));
    *out = (reference){.width = width, .height = height, .samples = samples};
    memcpy(out->clip, view.clip, sizeof out->clip);
    out->depth_min = view.depth_min;
    out->depth = calloc(count, sizeof *out->depth);
    out->object = malloc(count * sizeof *out->object);
    out->hits = calloc(count, sizeof *out->hits);
    assert_true(out->depth && out->object && out->hits);
    memset(out->object, 0xFF, count * sizeof *out->object);
}

void reference_free(reference *image)
{
    free(image->depth);
    free(image->object);
    free(image->hits);
    *image = (reference){0};
}

static float row(const float factors[4], const float p[3])
{
    float sum = factors[0] * p[0];
    sum = sum + factors[1] * p[1];
    sum = sum + factors[2] * p[2];
    return sum + factors[3];
}

static clip_point transform(const reference *image, const float matrix[16], const float p[3])
{
    float world[3];
    for (int i = 0; i < 3; i++) {
        const float factors[4] = {matrix[i], matrix[4 + i], matrix[8 + i], matrix[12 + i]};
        world[i] = row(factors, p);
    }
    return (clip_point){row(image->clip, world), row(image->clip + 4, world),
                        row(image->clip + 8, world), row(image->clip + 12, world)};
}

/* Positive inside of the near plane and the four planes of the guard band. */
static float plane_distance(clip_point p, int plane)
{
    const float band = GUARD * p.w;
    const float distances[] = {p.w - p.z, band + p.x, band - p.x, band + p.y, band - p.y};
    return distances[plane];
}

static float between(float inner, float outer, float t)
{
    const float step = (outer - inner) * t;
    return inner + step;
}

static clip_point crossing(clip_point inner, clip_point outer, int plane)
{
    const float distance = plane_distance(inner, plane);
    const float t = distance * (1.0f / (distance - plane_distance(outer, plane)));
    return (clip_point){between(inner.x, outer.x, t), between(inner.y, outer.y, t),
                        between(inner.z, outer.z, t), between(inner.w, outer.w, t)};
}

static int clip(clip_point polygon[16], int count)
{
    for (int plane = 0; plane < 5; plane++) {
        clip_point kept[16];
        int kept_count = 0;
        for (int i = 0; i < count; i++) {
            const clip_point p = polygon[i], q = polygon[(i + 1) % count];
            const bool p_in = plane_distance(p, plane) >= 0.0f;
            const bool q_in = plane_distance(q, plane) >= 0.0f;
            if (p_in)
                kept[kept_count++] = p;
            if (p_in != q_in)
                kept[kept_count++] = p_in ? crossing(p, q, plane) : crossing(q, p, plane);
        }
        memcpy(polygon, kept, sizeof kept);
        count = kept_count;
    }
    return count;
}

static snapped_point snap(clip_point p)
{
    const float inverse = 1.0f / p.w;
    return (snapped_point){llrintf(p.x * inverse), llrintf(p.y * inverse), p.z * inverse};
}

static int64_t edge(snapped_point from, snapped_point to, int64_t x, int64_t y)
{
    return (to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x);
}

/* With positive area and y down, a left edge goes up and a top edge goes to the right. */
static bool inside(snapped_point from, snapped_point to, int64_t x, int64_t y)
{
    const int64_t value = edge(from, to, x, y);
    const bool left = to.y < from.y;
    const bool top = to.y == from.y && to.x > from.x;
    return value > 0 || (value == 0 && (left || top));
}

typedef struct depth_plane {
    float x, y, lowest, highest;
} depth_plane;

static depth_plane plane_of(snapped_point a, snapped_point b, snapped_point c, int64_t area)
{
    const float inverse = 1.0f / (float)area;
    const float to_b = b.depth - a.depth, to_c = c.depth - a.depth;
    const float x = to_b * (float)(c.y - a.y) - to_c * (float)(b.y - a.y);
    const float y = to_c * (float)(b.x - a.x) - to_b * (float)(c.x - a.x);
    return (depth_plane){x * inverse, y * inverse, fminf(a.depth, fminf(b.depth, c.depth)),
                         fmaxf(a.depth, fmaxf(b.depth, c.depth))};
}

static void draw_snapped(reference *image, snapped_point a, snapped_point b, snapped_point c,
                         int32_t object)
{
    int64_t area = edge(a, b, c.x, c.y);
    if (area == 0)
        return;
    if (area < 0) {
        const snapped_point swapped = b;
        b = c;
        c = swapped;
        area = -area;
    }
    const depth_plane plane = plane_of(a, b, c, area);
    for (size_t i = 0; i < (size_t)image->width * image->height * image->samples; i++) {
        const size_t pixel = i / image->samples;
        const int *offset = sample_at(image->samples, (uint32_t)(i % image->samples));
        const int64_t x = (int64_t)(pixel % image->width) * 256 + offset[0] * 16;
        const int64_t y = (int64_t)(pixel / image->width) * 256 + offset[1] * 16;
        if (!inside(a, b, x, y) || !inside(b, c, x, y) || !inside(c, a, x, y))
            continue;
        float depth = a.depth + (float)(x - a.x) * plane.x;
        depth = depth + (float)(y - a.y) * plane.y;
        depth = fminf(fmaxf(depth, plane.lowest), plane.highest);
        if (depth < image->depth_min)
            continue;
        image->hits[i]++;
        if (image->object[i] >= 0 && depth <= image->depth[i])
            continue;
        image->depth[i] = depth;
        image->object[i] = object;
    }
}

void reference_draw(reference *image, const float matrix[16], const float corners[9],
                    int32_t object)
{
    clip_point polygon[16];
    for (int i = 0; i < 3; i++)
        polygon[i] = transform(image, matrix, corners + 3 * i);
    const int count = clip(polygon, 3);
    for (int i = 2; i < count; i++)
        draw_snapped(image, snap(polygon[0]), snap(polygon[i - 1]), snap(polygon[i]), object);
}

uint32_t reference_covered(const reference *image, uint32_t x, uint32_t y)
{
    const size_t first = ((size_t)y * image->width + x) * image->samples;
    uint32_t covered = 0;
    for (uint32_t s = 0; s < image->samples; s++)
        covered += image->object[first + s] >= 0;
    return covered;
}
