/* What a dielectric mirrors: KHR_materials_ior and KHR_materials_specular. */
#ifndef LOBE_DIELECTRIC_GLSL
#define LOBE_DIELECTRIC_GLSL

#include "lobe.glsl"

/* Head-on in RGB and at grazing angles in A. */
vec4 load_dielectric(const lobe_source from)
{
    float ior = LOBE(from).ior;
    float root = (ior - 1.0) / (ior + 1.0);
    vec3 color = vec3(LOBE(from).specular_color[0], LOBE(from).specular_color[1],
                      LOBE(from).specular_color[2]) *
                 sample_lobe(from, LOBE(from).specular_color_texture).rgb;
    float weight = LOBE(from).specular * sample_lobe(from, LOBE(from).specular_texture).a;
    return weight * vec4(min(root * root * color, vec3(1.0)), 1.0);
}

#endif
