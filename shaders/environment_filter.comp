#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_nonuniform_qualifier : require
#extension GL_EXT_scalar_block_layout : require
#include "brdf.glsl"
#include "sky.glsl"

/* What surfaces mirror of an environment, by their roughness: level after level of an
 * equirectangular picture, from level 1 on, each rougher than the one before. A texel is the mean of
 * samples that GGX takes of the light around its direction, seen head-on (Karis, "Real Shading in
 * Unreal Engine 4", 2013), each from a level as coarse as samples lie there (Krivanek and Colbert,
 * "Real-time Shading with Filtered Importance Sampling", 2008). */

layout(local_size_x = 64) in;
layout(set = 1, binding = 0) uniform sampler2D textures[];
layout(binding = 0, scalar) writeonly buffer texels_buffer
{
    uint texels[]; /* VK_FORMAT_E5B9G9R9_UFLOAT_PACK32 */
};
layout(push_constant, scalar) uniform push_constants
{
    uint source;        /* slot of the picture with all its levels */
    uint width, height; /* of level 0 */
    uint levels;        /* of the result, level 0 among them */
    uint count;         /* texels in all */
}
push;

const uint SAMPLES = 64;

/* The digits of `i` in base 2 behind the point. */
float radical_inverse(uint i)
{
    return float(bitfieldReverse(i)) * 2.3283064365386963e-10;
}

uint pack_shared_exponent(vec3 rgb)
{
    rgb = clamp(rgb, 0.0, 65408.0);
    float most = max(largest(rgb), 6.103515625e-05);
    int exponent = (floatBitsToInt(most) >> 23) - 126; /* most < 2^exponent */
    float unit = intBitsToFloat((exponent - 9 + 127) << 23);
    if (floor(largest(rgb) / unit + 0.5) >= 512.0) {
        exponent++;
        unit *= 2.0;
    }
    uvec3 mantissa = uvec3(floor(rgb / unit + 0.5));
    return mantissa.r | mantissa.g << 9 | mantissa.b << 18 | uint(exponent + 15) << 27;
}

/* A half vector around +Z. */
vec3 sample_ggx(uint i, float alpha)
{
    float u = (float(i) + 0.5) / float(SAMPLES);
    float cosine = sqrt((1.0 - u) / (1.0 + (alpha * alpha - 1.0) * u));
    float sine = sqrt(max(1.0 - cosine * cosine, 0.0));
    float turn = 2.0 * PI * radical_inverse(i);
    return vec3(sine * cos(turn), sine * sin(turn), cosine);
}

/* The level whose texels are as large as what a sample stands for. */
float level_of(float alpha, float nh)
{
    float a2 = alpha * alpha;
    float d = nh * nh * (a2 - 1.0) + 1.0;
    float density = a2 / (4.0 * PI * d * d);
    float texel = 4.0 * PI / float(push.width * push.height);
    return max(0.5 * log2(1.0 / (float(SAMPLES) * density * texel)) + 1.0, 0.0);
}

vec3 filtered(vec3 normal, float alpha)
{
    vec3 side = abs(normal.y) < 0.9 ? vec3(0.0, 1.0, 0.0) : vec3(1.0, 0.0, 0.0);
    vec3 tangent = normalize(cross(side, normal));
    vec3 bitangent = cross(normal, tangent);
    vec4 sum = vec4(0.0);
    for (uint i = 0u; i < SAMPLES; i++) {
        vec3 h = sample_ggx(i, alpha);
        vec3 light = vec3(2.0 * h.z * h.xy, 2.0 * h.z * h.z - 1.0);
        if (light.z <= 0.0)
            continue;
        vec3 direction = tangent * light.x + bitangent * light.y + normal * light.z;
        vec3 radiance =
            textureLod(textures[push.source], sky_texcoord(direction), level_of(alpha, h.z)).rgb;
        sum += vec4(radiance, 1.0) * light.z;
    }
    return sum.rgb / sum.w;
}

void main()
{
    uint at = gl_GlobalInvocationID.x;
    if (at >= push.count)
        return;
    uint level = 1u, first = 0u;
    while (at - first >= (push.width >> level) * (push.height >> level)) {
        first += (push.width >> level) * (push.height >> level);
        level++;
    }
    uint width = push.width >> level, height = push.height >> level;
    vec2 texel = vec2((at - first) % width, (at - first) / width) + 0.5;
    float roughness = float(level) / float(push.levels - 1u);
    texels[at] = pack_shared_exponent(filtered(sky_direction(texel / vec2(width, height)),
                                               alpha_of(roughness)));
}
