/* An environment in host memory: a picture of fixed size in equirectangular projection, its mip
 * levels by averaging, and its diffuse light. Directions as in tandem/environment.h. */
#ifndef TDI_SCENE_ENVIRONMENT_MAP_H
#define TDI_SCENE_ENVIRONMENT_MAP_H

#include <tandem/environment.h>

#include "base/error.h"

#define TDI_ENVIRONMENT_WIDTH  512
#define TDI_ENVIRONMENT_HEIGHT 256
#define TDI_ENVIRONMENT_LEVELS 10 /* down to 1x1 */
#define TDI_IRRADIANCE_TERMS   18

typedef struct tdi_environment_map {
    float *pixels; /* red, green, blue of level 0; freed by tdi_environment_map_free */
    /* Of irradiance over pi, by the real spherical harmonics of orders 0, 1, 2 and 4 without their
     * constants, in the order of shaders/incident.glsl. A cosine leaves nothing of order 3. */
    float irradiance[TDI_IRRADIANCE_TERMS][3];
} tdi_environment_map;

/* From a file or pixels. */
td_result tdi_environment_map_make(const td_environment_params *params, tdi_environment_map *out);
void tdi_environment_map_free(tdi_environment_map *map);

/* Texels of a chain of `levels`: level after level, tight, as VK_FORMAT_E5B9G9R9_UFLOAT_PACK32. */
size_t tdi_environment_texels(uint32_t levels);
/* All TDI_ENVIRONMENT_LEVELS; NULL without memory. The caller's (tdi_free). */
uint32_t *tdi_environment_map_pack(const tdi_environment_map *map);

/* A shared-exponent texel (Vulkan, "RGB to Shared Exponent Conversion"). */
uint32_t tdi_pack_shared_exponent(const float rgb[3]);

#endif
