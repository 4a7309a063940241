/* Textures of a material, with levels of detail that follow from the triangle. */
#ifndef TEXTURE_GLSL
#define TEXTURE_GLSL

#extension GL_EXT_nonuniform_qualifier : require

#include "barycentric.glsl"
#include "frame.glsl"

layout(set = 1, binding = 0) uniform sampler2D textures[];

/* A coordinate set at a point. */
struct texcoord {
    vec2 at, dx, dy;
};

texcoord interpolate_texcoord(vec2_ref texcoords, uint first, uvec3 vertices, weights w)
{
    texcoord result = texcoord(vec2(0.0), vec2(0.0), vec2(0.0));
    if (first == TDI_SURFACE_NO_STREAM)
        return result;
    vec2 t0 = texcoords.data[first + vertices.x];
    vec2 t1 = texcoords.data[first + vertices.y];
    vec2 t2 = texcoords.data[first + vertices.z];
    result.at = w.at.x * t0 + w.at.y * t1 + w.at.z * t2;
    result.dx = w.dx.x * t0 + w.dx.y * t1 + w.dx.z * t2;
    result.dy = w.dy.x * t0 + w.dy.y * t1 + w.dy.z * t2;
    return result;
}

vec2 transform_direction(tdi_texture_ref use, vec2 v)
{
    return vec2(use.transform[0] * v.x + use.transform[1] * v.y,
                use.transform[3] * v.x + use.transform[4] * v.y);
}

texcoord select_texcoord(tdi_texture_ref use, texcoord set0, texcoord set1)
{
    texcoord t = set0;
    if ((use.set & 1u) != 0u)
        t = set1;
    if ((use.set & 256u) == 0u) {
        t.at = transform_direction(use, t.at) + vec2(use.transform[2], use.transform[5]);
        t.dx = transform_direction(use, t.dx);
        t.dy = transform_direction(use, t.dy);
    }
    return t;
}

#ifdef FOOTPRINT
/* What wants to know which levels are sampled defines it. */
void note_level(uint texture, float level);
#endif

/* Levels count from the picture's own; the image may begin with a later one. */
vec4 sample_texture(tdi_texture_ref use, texcoord set0, texcoord set1)
{
    texcoord t = select_texcoord(use, set0, set1);
    vec2 size = vec2(use.size[0], use.size[1]);
    vec2 dx = t.dx * size, dy = t.dy * size;
    float rho = max(dot(dx, dx), dot(dy, dy));
    float level = 0.5 * log2(rho);
#ifdef FOOTPRINT
    note_level(use.texture, level);
    return vec4(1.0);
#else
    return textureLod(textures[nonuniformEXT(use.texture)], t.at, level - float(use.set >> 16));
#endif
}

#endif
