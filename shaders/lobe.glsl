/* What the lobes of a material have in common: each has a file of its own, lobe_NAME.glsl, which
 * reads it at a point and puts it over what is below. */
#ifndef LOBE_GLSL
#define LOBE_GLSL

#include "point.glsl"

layout(constant_id = 7) const uint SCENE_LOBES = 0; /* TDI_LOBE_ bits that materials have */

/* What no material of the scene has is not compiled. */
#define HAS_LOBE(lobes, bits) ((SCENE_LOBES & (bits)) != 0u && ((lobes) & (bits)) != 0u)

/* Where the lobes of a material are read. Passed as const, like other large structs: else drivers
 * copy every member for every call before they find that they need not (lavapipe: 0.1 s and 17 MiB
 * a pipeline). */
struct lobe_source {
    uint more; /* of the scene's tdi_material_more */
    texcoord set0, set1;
    surface_point point;
    place at;
    corners k;
    float side; /* -1 where the back of a double-sided surface is seen */
    vec3 view;
    vec3 base_color;
    float metallic;
};

#define LOBE(source) material_more_ref(FRAME.more).data[source.more]

/* White where there is no texture. */
vec4 sample_lobe(const lobe_source from, const tdi_texture_ref use)
{
    vec4 texel = vec4(1.0);
    if (use.texture != TDI_TEXTURE_NONE)
        texel = sample_texture(use, from.set0, from.set1);
    return texel;
}

#endif
