#include "scene/paint.h"

#include <math.h>

#include "base/memory.h"
#include "base/text.h"
#include "scene/scene.h"

/* The integer hash of M. Jarzynski, M. Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020:
 * PCG over a linear combination of the arguments. */
uint32_t tdi_hash(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t state = x * 19u + y * 47u + seed * 101u + 131u;
    for (int round = 0; round < 2; round++) {
        state = state * 747796405u + 2891336453u;
        uint32_t word = ((state >> ((state >> 28) + 4)) ^ state) * 277803737u;
        state = (word >> 22) ^ word ^ (x * 0x9E3779B9u + y * 0x85EBCA6Bu);
    }
    return state ^ (state >> 15);
}

float tdi_random(uint32_t x, uint32_t y, uint32_t seed)
{
    return (float)(tdi_hash(x, y, seed) >> 8) / 16777216.0f;
}

float tdi_mix(float a, float b, float t)
{
    return a + (b - a) * t;
}

void tdi_mix_color(const float a[3], const float b[3], float t, float out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = tdi_mix(a[i], b[i], t);
}

float tdi_smooth(float low, float high, float value)
{
    float t = (value - low) / (high - low);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

/* The value at a corner of the noise's grid: fewer steps than tdi_hash, since textures need very
 * many. Mixing: C. Wellons, "Prospecting for Hash Functions", 2018 (lowbias32). */
static float corner(uint32_t i, uint32_t j, uint32_t seed)
{
    uint32_t x = i * 0x9E3779B9u ^ j * 0x85EBCA6Bu ^ seed * 0xC2B2AE35u;
    x = (x ^ x >> 16) * 0x7FEB352Du;
    x = (x ^ x >> 15) * 0x846CA68Bu;
    return (float)((x ^ x >> 16) >> 8) / 16777216.0f;
}

float tdi_noise(float u, float v, uint32_t cells, uint32_t seed)
{
    float x = u * (float)cells;
    float y = v * (float)cells;
    uint32_t i = (uint32_t)x;
    uint32_t j = (uint32_t)y;
    float s = tdi_smooth(0, 1, x - (float)i);
    float t = tdi_smooth(0, 1, y - (float)j);
    uint32_t i0 = i % cells;
    uint32_t j0 = j % cells;
    uint32_t i1 = (i + 1) % cells;
    uint32_t j1 = (j + 1) % cells;
    return tdi_mix(tdi_mix(corner(i0, j0, seed), corner(i1, j0, seed), s),
                   tdi_mix(corner(i0, j1, seed), corner(i1, j1, seed), s), t);
}

float tdi_fractal_noise(float u, float v, uint32_t cells, uint32_t octaves, uint32_t seed)
{
    float sum = 0;
    float weight = 0;
    float strength = 1;
    for (uint32_t i = 0; i < octaves; i++, strength *= 0.5f, cells *= 2) {
        sum += strength * tdi_noise(u, v, cells, seed + i);
        weight += strength;
    }
    return sum / weight;
}

/* The maps of a material while they are painted. */
typedef struct canvas {
    const tdi_paint *paint;
    uint8_t *color;    /* RGBA */
    uint8_t *surface;  /* RGB: glTF's metallic-roughness */
    uint8_t *normal;   /* RGB */
    uint8_t *emissive; /* RGB */
    float *heights;
} canvas;

static uint8_t to_byte(float value)
{
    value = value < 0 ? 0 : value > 1 ? 1 : value;
    return (uint8_t)(value * 255.0f + 0.5f);
}

static void put(uint8_t *map, size_t texel, float r, float g, float b)
{
    if (!map)
        return;
    map[3 * texel] = to_byte(r);
    map[3 * texel + 1] = to_byte(g);
    map[3 * texel + 2] = to_byte(b);
}

static void paint_texel(canvas *c, uint32_t x, uint32_t y)
{
    uint32_t size = c->paint->size;
    tdi_texel texel = {.color = {1, 1, 1}, .alpha = 1, .roughness = 1};
    c->paint->function(c->paint->user, ((float)x + 0.5f) / (float)size,
                       ((float)y + 0.5f) / (float)size, &texel);
    size_t at = (size_t)y * size + x;
    if (c->color) {
        for (int i = 0; i < 3; i++)
            c->color[4 * at + i] = to_byte(texel.color[i]);
        c->color[4 * at + 3] = to_byte(texel.alpha);
    }
    put(c->surface, at, 1, texel.roughness, texel.metallic);
    put(c->emissive, at, texel.emissive[0], texel.emissive[1], texel.emissive[2]);
    if (c->heights)
        c->heights[at] = texel.height;
}

/* Slopes of the heights as a tangent space map: X to the right, Y up, so against v. */
static void paint_normals(canvas *c)
{
    uint32_t size = c->paint->size;
    for (uint32_t y = 0; y < size; y++) {
        const float *row = c->heights + (size_t)y * size;
        const float *above = c->heights + (size_t)((y + size - 1) % size) * size;
        const float *below = c->heights + (size_t)((y + 1) % size) * size;
        for (uint32_t x = 0; x < size; x++) {
            float dx = (row[(x + 1) % size] - row[(x + size - 1) % size]) / 2;
            float dy = (above[x] - below[x]) / 2;
            float scale = 0.5f / sqrtf(dx * dx + dy * dy + 1);
            put(c->normal, (size_t)y * size + x, 0.5f - dx * scale, 0.5f - dy * scale,
                0.5f + scale);
        }
    }
}

static td_result add_map(td_scene *scene, const canvas *c, const uint8_t *pixels,
                         const char *suffix, td_texture_use *use)
{
    if (!pixels)
        return TD_OK;
    char name[64];
    tdi_snprintf(name, sizeof name, "%s %s", c->paint->name, suffix);
    td_texture_params params = {
        .pixels = pixels,
        .width = c->paint->size,
        .height = c->paint->size,
        .channels = pixels == c->color ? 4 : 3,
        .name = name,
    };
    uint32_t texture;
    TDI_TRY(td_scene_add_texture(scene, &params, &texture));
    use->texture = texture + 1;
    return TD_OK;
}

static td_result add_maps(td_scene *scene, const canvas *c, td_material_params *material)
{
    TDI_TRY(add_map(scene, c, c->color, "colour", &material->base_color_texture));
    TDI_TRY(add_map(scene, c, c->surface, "surface", &material->metallic_roughness_texture));
    TDI_TRY(add_map(scene, c, c->normal, "normal", &material->normal_texture));
    return add_map(scene, c, c->emissive, "emissive", &material->emissive_texture);
}

static td_result make_map(const tdi_paint *paint, uint32_t map, size_t bytes, uint8_t **out)
{
    if (!(paint->maps & map))
        return TD_OK;
    *out = tdi_alloc((size_t)paint->size * paint->size * bytes);
    return *out ? TD_OK : TD_ERROR_HOST_MEMORY;
}

static td_result make_canvas(canvas *c)
{
    TDI_TRY(make_map(c->paint, TDI_MAP_COLOR, 4, &c->color));
    TDI_TRY(make_map(c->paint, TDI_MAP_SURFACE, 3, &c->surface));
    TDI_TRY(make_map(c->paint, TDI_MAP_EMISSIVE, 3, &c->emissive));
    TDI_TRY(make_map(c->paint, TDI_MAP_NORMAL, 3, &c->normal));
    uint8_t *heights = NULL;
    TDI_TRY(make_map(c->paint, TDI_MAP_NORMAL, sizeof(float), &heights));
    c->heights = (float *)(void *)heights;
    return TD_OK;
}

static void free_canvas(canvas *c)
{
    tdi_free(c->color);
    tdi_free(c->surface);
    tdi_free(c->normal);
    tdi_free(c->emissive);
    tdi_free(c->heights);
}

td_result tdi_paint_material(td_scene *scene, const tdi_paint *paint,
                             const td_material_params *base, uint32_t *material)
{
    canvas c = {.paint = paint};
    td_material_params params = *base;
    params.name = paint->name;
    td_result result = make_canvas(&c);
    if (result == TD_OK) {
        for (uint32_t y = 0; y < paint->size; y++)
            for (uint32_t x = 0; x < paint->size; x++)
                paint_texel(&c, x, y);
        if (c.normal)
            paint_normals(&c);
        result = add_maps(scene, &c, &params);
    }
    free_canvas(&c);
    return result == TD_OK ? td_scene_add_material(scene, &params, material) : result;
}

void tdi_paint_share(const td_scene *scene, uint32_t material, td_material_params *params)
{
    const td_material_params *from = &scene->materials[material].params;
    params->base_color_texture = from->base_color_texture;
    params->metallic_roughness_texture = from->metallic_roughness_texture;
    params->normal_texture = from->normal_texture;
    params->occlusion_texture = from->occlusion_texture;
    params->emissive_texture = from->emissive_texture;
}
