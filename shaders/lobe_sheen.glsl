/* The shine of cloth at grazing angles: KHR_materials_sheen, after Estevez and Kulla, "Production
 * Friendly Microfacet Sheen BRDF", 2017. */
#ifndef LOBE_SHEEN_GLSL
#define LOBE_SHEEN_GLSL

#include "brdf.glsl"
#include "incident.glsl"
#include "lobe.glsl"

const float LEAST_SHEEN_ROUGHNESS = 0.1; /* below, single points would shine at the rim */

struct sheen {
    vec3 color;
    float roughness;
};

sheen load_sheen(const lobe_source from)
{
    sheen cloth;
    cloth.color =
        vec3(LOBE(from).sheen_color[0], LOBE(from).sheen_color[1], LOBE(from).sheen_color[2]) *
        sample_lobe(from, LOBE(from).sheen_color_texture).rgb;
    cloth.roughness =
        LOBE(from).sheen_roughness * sample_lobe(from, LOBE(from).sheen_roughness_texture).a;
    cloth.roughness = max(cloth.roughness, LEAST_SHEEN_ROUGHNESS);
    return cloth;
}

/* The share of all light that comes back towards a direction, white cloth: a fit of the integral of
 * what sheen_reflection is, at most 0.04 off and 0.006 in the mean. */
float sheen_albedo(float cosine, float roughness)
{
    float s = 1.0 / (roughness + 0.1);
    float x = cosine;
    float e =
        0.32469 + s * (-0.86328 + s * (0.33999 - s * 0.03266)) +
        x * (-1.30991 - s * (0.08347 + s * 0.40023) + x * (1.21997 - s * 0.79186 - x * 0.34508));
    return min(exp(e), 1.0);
}

/* The paper's fit of how microfacets shadow each other. */
float sheen_shadowing(float x, vec4 abcd, float e)
{
    return abcd.x / (1.0 + abcd.y * pow(x, abcd.z)) + abcd.w * x + e;
}

float sheen_lambda(float cosine, float alpha)
{
    float t = (1.0 - alpha) * (1.0 - alpha);
    vec4 abcd = mix(vec4(21.5473, 3.82987, 0.19823, -1.97760),
                    vec4(25.3245, 3.32435, 0.16801, -1.27393), t);
    float e = mix(-4.32054, -4.85967, t);
    if (cosine < 0.5)
        return exp(sheen_shadowing(cosine, abcd, e));
    return exp(2.0 * sheen_shadowing(0.5, abcd, e) - sheen_shadowing(1.0 - cosine, abcd, e));
}

float sheen_reflection(float roughness, float nl, float nv, float nh)
{
    float alpha = roughness * roughness;
    float power = 1.0 / alpha;
    float d = (2.0 + power) * pow(max(1.0 - nh * nh, 0.0), 0.5 * power) / (2.0 * PI);
    float shadowing = 1.0 + sheen_lambda(nv, alpha) + sheen_lambda(nl, alpha);
    return d * min(1.0 / (4.0 * nv * nl * shadowing), 1.0);
}

/* What is below gets less light, both ways, so that nothing is gained. */
vec3 add_sheen_light(const sheen cloth, vec3 below, vec3 normal, vec3 view, vec3 light)
{
    float nl = dot(normal, light), nv = facing_view(normal, view);
    float taken = sheen_albedo(nv, cloth.roughness);
    vec3 shine = vec3(0.0);
    if (nl > 0.0) {
        float nh = clamp(dot(normal, normalize(light + view)), 0.0, 1.0);
        taken = max(taken, sheen_albedo(nl, cloth.roughness));
        shine = nl * cloth.color * sheen_reflection(cloth.roughness, nl, nv, nh);
    }
    return shine + below * (1.0 - largest(cloth.color) * taken);
}

vec3 add_sheen_environment(const sheen cloth, vec3 below, vec3 normal, vec3 view)
{
    float taken = sheen_albedo(facing_view(normal, view), cloth.roughness);
    return incident_radiance(reflect(-view, normal), cloth.roughness) * cloth.color * taken +
           below * (1.0 - largest(cloth.color) * taken);
}

#endif
