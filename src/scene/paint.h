/* Procedural textures: functions of the texture coordinates that repeat seamlessly. Everything is
 * the same on every run. */
#ifndef TDI_SCENE_PAINT_H
#define TDI_SCENE_PAINT_H

#include <tandem/scene.h>

#include "base/error.h"

/* A well-mixed number that depends on nothing but its arguments. */
uint32_t tdi_hash(uint32_t x, uint32_t y, uint32_t seed);
/* The same from 0 to 1. */
float tdi_random(uint32_t x, uint32_t y, uint32_t seed);
/* Smooth noise from 0 to 1 over the unit square, which repeats; `cells` features across. */
float tdi_noise(float u, float v, uint32_t cells, uint32_t seed);
/* Octaves of it, each twice as fine and half as strong; from 0 to 1. */
float tdi_fractal_noise(float u, float v, uint32_t cells, uint32_t octaves, uint32_t seed);
float tdi_mix(float a, float b, float t);
void tdi_mix_color(const float a[3], const float b[3], float t, float out[3]);
/* 0 below `low`, 1 above `high`, smooth between. */
float tdi_smooth(float low, float high, float value);

/* What a surface is like at one point. */
typedef struct tdi_texel {
    float color[3]; /* sRGB, 0 to 1 */
    float alpha;
    float roughness;
    float metallic;
    float emissive[3]; /* sRGB, 0 to 1 */
    float height;      /* in texels */
} tdi_texel;

/* Fills what is not as in a white, rough, flat, opaque surface. (u, v) lies in the unit square. */
typedef void (*tdi_paint_fn)(const void *user, float u, float v, tdi_texel *out);

#define TDI_MAP_COLOR    1u
#define TDI_MAP_SURFACE  2u /* roughness and metallic */
#define TDI_MAP_NORMAL   4u
#define TDI_MAP_EMISSIVE 8u

typedef struct tdi_paint {
    const char *name;
    tdi_paint_fn function;
    const void *user;
    uint32_t size; /* texels across, of each map */
    uint32_t maps; /* TDI_MAP_* */
} tdi_paint;

/* Adds a material with the maps as textures. Everything else of it comes from `base`, whose factors
 * multiply the maps. */
td_result tdi_paint_material(td_scene *scene, const tdi_paint *paint,
                             const td_material_params *base, uint32_t *material);

/* Takes over the textures of a material, for another one that shares them. */
void tdi_paint_share(const td_scene *scene, uint32_t material, td_material_params *params);

#endif
