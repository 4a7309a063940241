/* From linear radiance to display values. */
#ifndef TONEMAP_GLSL
#define TONEMAP_GLSL

/* Khronos PBR Neutral tone mapper, specification of 2024. */
vec3 tonemap_neutral(vec3 c)
{
    const float start = 0.8 - 0.04;
    float x = min(c.r, min(c.g, c.b));
    float offset = x < 0.08 ? x - 6.25 * x * x : 0.04;
    c -= offset;
    float peak = max(c.r, max(c.g, c.b));
    if (peak < start)
        return c;
    const float d = 1.0 - start;
    float new_peak = 1.0 - d * d / (peak + d - start);
    c *= new_peak / peak;
    float g = 1.0 - 1.0 / (0.15 * (peak - new_peak) + 1.0);
    return mix(c, vec3(new_peak), g);
}

/* Fit of the ACES reference rendering and output transforms by Stephen Hill, as in three.js. */
vec3 tonemap_aces(vec3 c)
{
    const mat3 to_ap1 =
        mat3(0.59719, 0.07600, 0.02840, 0.35458, 0.90834, 0.13383, 0.04823, 0.01566, 0.83777);
    const mat3 to_srgb =
        mat3(1.60475, -0.10208, -0.00327, -0.53108, 1.10813, -0.07276, -0.07367, -0.00605, 1.07602);
    c = to_ap1 * (c * (1.0 / 0.6));
    c = (c * (c + 0.0245786) - 0.000090537) / (c * (0.983729 * c + 0.4329510) + 0.238081);
    return to_srgb * c;
}

vec3 encode_srgb(vec3 c)
{
    vec3 low = c * 12.92;
    vec3 high = 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055;
    return mix(high, low, lessThanEqual(c, vec3(0.0031308)));
}

#define TONEMAP_LINEAR 1u
#define TONEMAP_ACES   2u

vec3 tonemap(vec3 c, uint kind)
{
    if (kind == TONEMAP_ACES)
        return tonemap_aces(c);
    return kind == TONEMAP_LINEAR ? c : tonemap_neutral(c);
}

vec3 encode(vec3 c, uint kind)
{
    c = clamp(c, 0.0, 1.0);
    return kind == TONEMAP_ACES ? pow(c, vec3(1.0 / 2.2)) : encode_srgb(c);
}

#endif
