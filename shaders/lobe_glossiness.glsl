/* The model of old files: KHR_materials_pbrSpecularGlossiness. */
#ifndef LOBE_GLOSSINESS_GLSL
#define LOBE_GLOSSINESS_GLSL

#include "lobe.glsl"

/* The colour that is mirrored head-on in RGB, the roughness in A. */
vec4 load_glossiness(const lobe_source from)
{
    vec4 texel = sample_lobe(from, LOBE(from).glossiness_texture);
    vec3 color = vec3(LOBE(from).specular_color[0], LOBE(from).specular_color[1],
                      LOBE(from).specular_color[2]);
    return vec4(color * texel.rgb, 1.0 - LOBE(from).glossiness * texel.a);
}

#endif
