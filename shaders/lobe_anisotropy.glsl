/* Reflections that are longer one way than the other: KHR_materials_anisotropy, with GGX and its
 * Smith term for two roughnesses (Burley, "Physically Based Shading at Disney", 2012; Heitz,
 * "Understanding the Masking-Shadowing Function in Microfacet-Based BRDFs", JCGT 3(2), 2014). */
#ifndef LOBE_ANISOTROPY_GLSL
#define LOBE_ANISOTROPY_GLSL

#include "brdf.glsl"
#include "lobe.glsl"

struct anisotropy {
    vec3 along, across; /* along: where reflections are longest */
    float strength;     /* 0: as without it */
};

anisotropy load_anisotropy(const lobe_source from)
{
    anisotropy brushed;
    brushed.strength = LOBE(from).anisotropy;
    vec2 rotation = vec2(LOBE(from).anisotropy_direction[0], LOBE(from).anisotropy_direction[1]);
    vec2 direction = vec2(1.0, 0.0);
    tdi_texture_ref use = LOBE(from).anisotropy_texture;
    if (use.texture != TDI_TEXTURE_NONE) {
        vec3 texel = sample_texture(use, from.set0, from.set1).rgb;
        direction = texel.rg * 2.0 - 1.0;
        brushed.strength *= texel.b;
    }
    direction = vec2(rotation.x * direction.x - rotation.y * direction.y,
                     rotation.y * direction.x + rotation.x * direction.y);
    vec3 t;
    float handedness;
    vec3 n = from.point.normal;
    bool found = find_tangent(from.point, from.at, from.k,
                              select_texcoord(use, from.set0, from.set1), t, handedness);
    vec3 along = t * direction.x + cross(n, t) * (direction.y * handedness);
    float length2 = dot(along, along);
    if (!found || length2 < 1.0e-12) {
        brushed.strength = 0.0;
        along = cross(n, abs(n.x) < 0.5 ? vec3(1.0, 0.0, 0.0) : vec3(0.0, 1.0, 0.0));
        length2 = dot(along, along);
    }
    brushed.along = along * inversesqrt(length2);
    brushed.across = normalize(cross(n, brushed.along));
    return brushed;
}

/* As ggx, but for the directions. */
float ggx_anisotropic(const anisotropy brushed, float alpha, vec3 normal, vec3 view, vec3 light,
                      vec3 h)
{
    float a = mix(alpha, 1.0, brushed.strength * brushed.strength);
    vec3 stretch = vec3(a, alpha, 1.0);
    vec3 v = vec3(dot(brushed.along, view), dot(brushed.across, view), facing_view(normal, view));
    vec3 l = vec3(dot(brushed.along, light), dot(brushed.across, light), dot(normal, light));
    vec3 m = vec3(dot(brushed.along, h), dot(brushed.across, h), clamp(dot(normal, h), 0.0, 1.0));
    vec3 squeezed = m / stretch;
    float d = dot(squeezed, squeezed);
    float visibility = l.z * length(stretch * v) + v.z * length(stretch * l);
    return 0.5 / (PI * a * alpha * d * d * visibility);
}

/* The normal that mirrors light from all around: bent so that reflections spread across, as the
 * Khronos sample renderer does it. */
vec3 anisotropic_normal(const anisotropy brushed, float roughness, vec3 normal, vec3 view)
{
    vec3 bent = cross(cross(brushed.across, view), brushed.across);
    float share = 1.0 - brushed.strength * (1.0 - roughness);
    share *= share;
    return normalize(mix(bent, normal, share * share));
}

#endif
