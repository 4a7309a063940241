/* Alpha masks, decided when rasterising: the alpha of the base colour at the sample, with
 * derivatives that follow from the triangle. */
#ifndef MASK_GLSL
#define MASK_GLSL

#include "texture.glsl"
#include "vertex.glsl"

struct mask_triangle {
    vec4 clip[3];
    place at;
    uvec3 vertices;
};

mask_triangle load_mask(uint view, uint word)
{
    mask_triangle m;
    m.at = load_place(word >> 7);
    corners k = load_corners(m.at.first_triangle + (word & 127u), m.at.first_vertex);
    mat4 clip = load_clip(view);
    for (int i = 0; i < 3; i++)
        m.clip[i] = to_clip(clip, to_world(m.at.instance, k.positions[i]));
    m.vertices = k.vertices;
    return m;
}

bool mask_covers(mask_triangle m, ivec2 where)
{
    weights w = weigh(m.clip[0], m.clip[1], m.clip[2], vec2(where));
    material_ref materials = material_ref(FRAME.materials);
    float alpha = materials.data[m.at.material].base_color[3];
    uint colors = m.at.first_color;
    if (colors != TDI_SURFACE_NO_STREAM)
        alpha *= w.at.x * fetch_color(colors + m.vertices.x).a +
                 w.at.y * fetch_color(colors + m.vertices.y).a +
                 w.at.z * fetch_color(colors + m.vertices.z).a;
    tdi_texture_ref use = materials.data[m.at.material].base_color_texture;
    if (use.texture != TDI_TEXTURE_NONE) {
        bool second = (use.set & 1u) != 0u;
        vec2_ref texcoords = vec2_ref(second ? FRAME.texcoords1 : FRAME.texcoords0);
        uint first = second ? m.at.first_texcoord1 : m.at.first_texcoord0;
        texcoord t = interpolate_texcoord(texcoords, first, m.vertices, w);
        alpha *= sample_texture(use, t, t).a;
    }
    return alpha >= materials.data[m.at.material].alpha_cutoff;
}

#endif
