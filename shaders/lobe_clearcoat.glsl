/* A clear coat: KHR_materials_clearcoat. It weighs what it mirrors against what is below by the
 * angle of view alone, as the extension's implementation notes do, so that nothing is gained. */
#ifndef LOBE_CLEARCOAT_GLSL
#define LOBE_CLEARCOAT_GLSL

#include "brdf.glsl"
#include "incident.glsl"
#include "lobe.glsl"

const float COAT_F0 = 0.04; /* index of refraction 1.5 */

struct clearcoat {
    vec3 normal;
    float roughness;
    float weight; /* of what is mirrored towards the viewer; the rest is from below */
};

clearcoat load_clearcoat(const lobe_source from)
{
    clearcoat coat;
    coat.normal = from.point.normal;
    tdi_texture_ref use = LOBE(from).clearcoat_normal_texture;
    if (use.texture != TDI_TEXTURE_NONE) {
        vec3 direction = sample_texture(use, from.set0, from.set1).xyz * 2.0 - 1.0;
        direction.xy *= LOBE(from).clearcoat_normal_scale;
        coat.normal = bend_normal(from.point, from.at, from.k, direction,
                                  select_texcoord(use, from.set0, from.set1));
    }
    coat.normal *= from.side;
    coat.roughness = LOBE(from).clearcoat_roughness *
                     sample_lobe(from, LOBE(from).clearcoat_roughness_texture).g;
    coat.weight = LOBE(from).clearcoat * sample_lobe(from, LOBE(from).clearcoat_texture).r *
                  mix(COAT_F0, 1.0, schlick(facing_view(coat.normal, from.view)));
    return coat;
}

/* Over what is below, which the same light reaches. */
vec3 add_clearcoat_light(const clearcoat coat, vec3 below, vec3 view, vec3 light)
{
    float nl = dot(coat.normal, light);
    float mirrored = 0.0;
    if (nl > 0.0) {
        float nh = clamp(dot(coat.normal, normalize(light + view)), 0.0, 1.0);
        mirrored = nl * ggx(alpha_of(coat.roughness), nl, facing_view(coat.normal, view), nh);
    }
    return mix(below, vec3(mirrored), coat.weight);
}

vec3 add_clearcoat_environment(const clearcoat coat, vec3 below, vec3 view)
{
    return mix(below, incident_radiance(reflect(-view, coat.normal), coat.roughness), coat.weight);
}

#endif
