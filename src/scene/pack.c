#include "scene/pack.h"

#include <math.h>
#include <string.h>

static float clamp_unit(float value)
{
    return fminf(fmaxf(value, -1.0f), 1.0f);
}

/* The direction on the octahedron's square, each of its coordinates within [-1, 1]. */
static void octahedron_from_vector(const float vector[3], float out[2])
{
    float sum = fabsf(vector[0]) + fabsf(vector[1]) + fabsf(vector[2]);
    if (!(sum > 0.0f) || !isfinite(sum)) {
        out[0] = 0.0f;
        out[1] = 0.0f;
        return;
    }
    float x = vector[0] / sum;
    float y = vector[1] / sum;
    if (vector[2] < 0.0f) {
        float folded = (1.0f - fabsf(y)) * copysignf(1.0f, x);
        y = (1.0f - fabsf(x)) * copysignf(1.0f, y);
        x = folded;
    }
    out[0] = clamp_unit(x);
    out[1] = clamp_unit(y);
}

static void vector_from_octahedron(float x, float y, float out[3])
{
    float z = 1.0f - fabsf(x) - fabsf(y);
    float fold = fmaxf(-z, 0.0f);
    x -= copysignf(fold, x);
    y -= copysignf(fold, y);
    float scale = 1.0f / sqrtf(x * x + y * y + z * z);
    out[0] = x * scale;
    out[1] = y * scale;
    out[2] = z * scale;
}

/* Signed normalised integer of `bits` bits, two's complement, in the low bits. */
static uint32_t to_snorm(float value, unsigned bits)
{
    float largest = (float)((1 << (bits - 1)) - 1);
    int32_t rounded = (int32_t)lrintf(value * largest);
    return (uint32_t)rounded & ((1u << bits) - 1u);
}

static float from_snorm(uint32_t value, unsigned bits)
{
    int32_t extended = (int32_t)(value << (32 - bits)) >> (32 - bits);
    return fmaxf((float)extended / (float)((1 << (bits - 1)) - 1), -1.0f);
}

uint32_t tdi_pack_normal(const float normal[3])
{
    float square[2];
    octahedron_from_vector(normal, square);
    return to_snorm(square[0], 16) | to_snorm(square[1], 16) << 16;
}

void tdi_unpack_normal(uint32_t packed, float normal[3])
{
    vector_from_octahedron(from_snorm(packed & 0xFFFFu, 16), from_snorm(packed >> 16, 16), normal);
}

uint32_t tdi_pack_tangent(const float tangent[4])
{
    float square[2];
    octahedron_from_vector(tangent, square);
    uint32_t sign = tangent[3] < 0.0f ? 1u << 31 : 0u;
    return to_snorm(square[0], 15) | to_snorm(square[1], 15) << 15 | sign;
}

void tdi_unpack_tangent(uint32_t packed, float tangent[4])
{
    float x = from_snorm(packed & 0x7FFFu, 15);
    float y = from_snorm((packed >> 15) & 0x7FFFu, 15);
    vector_from_octahedron(x, y, tangent);
    tangent[3] = (packed >> 31) ? -1.0f : 1.0f;
}

/* Halves below 2^-14 are multiples of 2^-24, so rounding is one lrintf; above, the float's own
 * mantissa loses 13 bits, and a carry runs into the exponent as it should. */
uint16_t tdi_pack_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = (bits >> 16) & 0x8000u;
    float magnitude = fabsf(value);
    if (isnan(value))
        return (uint16_t)(sign | 0x7E00u);
    if (magnitude >= 65504.0f)
        return (uint16_t)(sign | 0x7BFFu);
    if (magnitude < 0x1p-14f)
        return (uint16_t)(sign | (uint32_t)lrintf(magnitude * 0x1p24f));
    uint32_t rounded = (bits & 0x7FFFFFFFu) + 0xFFFu + ((bits >> 13) & 1u);
    return (uint16_t)(sign | ((rounded >> 13) - (112u << 10)));
}

float tdi_unpack_half(uint16_t half)
{
    uint32_t exponent = (half >> 10) & 31u;
    float mantissa = (float)(half & 0x3FFu);
    float magnitude;
    if (exponent == 0)
        magnitude = mantissa * 0x1p-24f;
    else if (exponent == 31)
        magnitude = mantissa > 0.0f ? NAN : INFINITY;
    else
        magnitude = ldexpf(1024.0f + mantissa, (int)exponent - 25);
    return (half & 0x8000u) ? -magnitude : magnitude;
}

void tdi_pack_color(const float color[4], uint32_t packed[2])
{
    packed[0] = tdi_pack_half(color[0]) | (uint32_t)tdi_pack_half(color[1]) << 16;
    packed[1] = tdi_pack_half(color[2]) | (uint32_t)tdi_pack_half(color[3]) << 16;
}

void tdi_unpack_color(const uint32_t packed[2], float color[4])
{
    for (unsigned i = 0; i < 4; i++)
        color[i] = tdi_unpack_half((uint16_t)(packed[i / 2] >> (16 * (i & 1u))));
}
