/* Small encodings of vertex attributes, as shaders/scene_data.h describes them.
 * Octahedral unit vectors: Cigolle et al., "A Survey of Efficient Representations for Independent
 * Unit Vectors", JCGT 3(2), 2014, section 3. */
#ifndef TDI_SCENE_PACK_H
#define TDI_SCENE_PACK_H

#include <stdint.h>

/* The vector need not be of unit length; zero and what is not finite become +Z. */
uint32_t tdi_pack_normal(const float normal[3]);
void tdi_unpack_normal(uint32_t packed, float normal[3]);

/* w < 0 is a handedness of -1. */
uint32_t tdi_pack_tangent(const float tangent[4]);
void tdi_unpack_tangent(uint32_t packed, float tangent[4]);

/* IEEE 754 binary16, rounded to nearest even; too large becomes the largest finite value. */
uint16_t tdi_pack_half(float value);
float tdi_unpack_half(uint16_t half);

void tdi_pack_color(const float color[4], uint32_t packed[2]);
void tdi_unpack_color(const uint32_t packed[2], float color[4]);

#endif
