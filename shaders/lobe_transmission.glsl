/* Light through the surface: KHR_materials_transmission, and KHR_materials_volume as far as one
 * refraction goes. It comes from the next opaque surface straight behind, and where there is none
 * from the environment. */
#ifndef LOBE_TRANSMISSION_GLSL
#define LOBE_TRANSMISSION_GLSL

#include "brdf.glsl"
#include "incident.glsl"
#include "lobe.glsl"

struct transmission {
    float factor;
    float spread;   /* by which roughness counts: nothing is scattered without refraction */
    vec3 direction; /* along which the viewer looks on, below the surface */
    vec3 left;      /* of the light, after its way through the body */
};

vec4 behind; /* the surface that is shaded: radiance, and 1 where there is something */

transmission load_transmission(const lobe_source from, vec3 normal)
{
    transmission glass;
    float ior = max(LOBE(from).ior, 1.0);
    float thickness = LOBE(from).thickness * sample_lobe(from, LOBE(from).thickness_texture).g;
    glass.factor = LOBE(from).transmission * sample_lobe(from, LOBE(from).transmission_texture).r;
    glass.spread = clamp(2.0 * ior - 2.0, 0.0, 1.0);
    glass.direction = -from.view;
    glass.left = vec3(1.0);
    if (thickness > 0.0) {
        glass.direction = refract(-from.view, normal, 1.0 / ior);
        mat3 rows = mat3(from.at.instance.rows[0].xyz, from.at.instance.rows[1].xyz,
                         from.at.instance.rows[2].xyz);
        mat3 columns = transpose(rows);
        float scale = (length(columns[0]) + length(columns[1]) + length(columns[2])) / 3.0;
        vec3 absorbed =
            vec3(LOBE(from).attenuation[0], LOBE(from).attenuation[1], LOBE(from).attenuation[2]);
        glass.left = exp(-absorbed * thickness * scale);
    }
    return glass;
}

/* Light from behind, as if it came from where the surface would mirror it to: the microfacets of a
 * thin wall. For each unit of irradiance from there. */
vec3 transmit_light(const transmission glass, float roughness, vec3 normal, vec3 view, vec3 light)
{
    float nl = -dot(normal, light);
    if (nl <= 0.0)
        return vec3(0.0);
    vec3 mirrored = light + 2.0 * nl * normal;
    float nh = clamp(dot(normal, normalize(mirrored + view)), 0.0, 1.0);
    float alpha = max(alpha_of(roughness) * glass.spread, 1.0e-3);
    return glass.factor * glass.left * (nl * ggx(alpha, nl, facing_view(normal, view), nh));
}

vec3 transmit_environment(const transmission glass, float roughness)
{
    vec3 around = incident_radiance(glass.direction, roughness * glass.spread);
    return glass.left * mix(around, behind.rgb, behind.a);
}

#endif
