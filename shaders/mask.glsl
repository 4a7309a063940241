/* Alpha masks, decided when rasterising: the alpha of the base colour at the sample, with
 * derivatives that follow from the triangle. */
#ifndef MASK_GLSL
#define MASK_GLSL

#include "texture.glsl"
#include "vertex.glsl"

struct mask_triangle {
    vec4 clip[3];
    uint surface;
    uvec3 vertices; /* relative to the surface's first */
    uint material;
};

mask_triangle load_mask(uint view, uint word)
{
    source_triangle source = find_triangle(word);
    transform instance = load_instance(source.instance);
    mat4 clip = load_clip(view);
    mask_triangle m;
    for (int i = 0; i < 3; i++)
        m.clip[i] = to_clip(clip, to_world(instance, fetch_position(source.vertices[i])));
    tdi_surface surface = surface_ref(FRAME.surfaces).data[source.surface];
    m.surface = source.surface;
    m.material = surface.material;
    m.vertices = source.vertices - surface.first_vertex;
    return m;
}

bool mask_covers(mask_triangle m, ivec2 at)
{
    weights w = weigh(m.clip[0], m.clip[1], m.clip[2], vec2(at));
    material_ref materials = material_ref(FRAME.materials);
    surface_ref surfaces = surface_ref(FRAME.surfaces);
    float alpha = materials.data[m.material].base_color[3];
    tdi_texture_ref use = materials.data[m.material].base_color_texture;
    uint colors = surfaces.data[m.surface].first_color;
    if (colors != TDI_SURFACE_NO_STREAM)
        alpha *= w.at.x * fetch_color(colors + m.vertices.x).a +
                 w.at.y * fetch_color(colors + m.vertices.y).a +
                 w.at.z * fetch_color(colors + m.vertices.z).a;
    if (use.texture != TDI_TEXTURE_NONE) {
        bool second = (use.set & 1u) != 0u;
        uint first = second ? surfaces.data[m.surface].first_texcoord1
                            : surfaces.data[m.surface].first_texcoord0;
        vec2_ref texcoords = vec2_ref(second ? FRAME.texcoords1 : FRAME.texcoords0);
        texcoord t = interpolate_texcoord(texcoords, first, m.vertices, w);
        alpha *= sample_texture(use, t, t).a;
    }
    return alpha >= materials.data[m.material].alpha_cutoff;
}

#endif
