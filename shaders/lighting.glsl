/* The light that leaves a point of a surface towards the viewer: the metallic-roughness model of
 * glTF 2.0, appendix B, with the lobes of its extensions around it where LOBES is defined. Scenes
 * of plain materials have modules without them: drivers take their time even for code that a
 * specialisation constant rules out. */
#ifndef LIGHTING_GLSL
#define LIGHTING_GLSL

#include "brdf.glsl"
#include "incident.glsl"
#ifdef LOBES
#include "lobes.glsl"
#endif

/* A point of a surface as light sees it. */
struct surface_light {
    vec3 diffuse; /* what is left of the light that enters, in all directions */
    vec3 f0;      /* mirrored head-on */
    float f90;    /* and at grazing angles */
    float roughness;
    float occlusion;
    vec3 emissive;
    vec3 normal, view; /* unit length */
#ifdef LOBES
    surface_lobes lobes;
#endif
};

void set_base(inout surface_light s, vec3 base_color, float metallic)
{
    s.diffuse = base_color * (1.0 - metallic);
    s.f0 = mix(vec3(0.04), base_color, metallic);
    s.f90 = 1.0;
}

#ifdef LOBES
/* Reads the lobes; those that are another base go into the surface. */
void set_lobes(inout surface_light s, lobe_source from)
{
    s.lobes = load_lobes(from);
    if (HAS_LOBE(s.lobes.kinds, TDI_LOBE_DIELECTRIC)) {
        vec4 mirrored = load_dielectric(from);
        s.f0 = mix(mirrored.rgb, from.base_color, from.metallic);
        s.f90 = mix(mirrored.a, 1.0, from.metallic);
    }
    if (HAS_LOBE(s.lobes.kinds, TDI_LOBE_GLOSSINESS)) {
        vec4 mirrored = load_glossiness(from);
        s.f0 = mirrored.rgb;
        s.diffuse = from.base_color * (1.0 - largest(mirrored.rgb));
        s.roughness = mirrored.a;
    }
}
#endif

/* What is left for the light that enters. Coloured mirrors let as much of each colour through, so
 * that they do not stain what is below with their complement. */
vec3 entering(surface_light s, vec3 mirrored)
{
#ifdef LOBES
    if (HAS_LOBE(s.lobes.kinds, TDI_LOBE_DIELECTRIC | TDI_LOBE_GLOSSINESS))
        return vec3(1.0 - largest(mirrored));
#endif
    return 1.0 - mirrored;
}

vec3 reflect_base(surface_light s, vec3 light, float nl)
{
    vec3 h = normalize(light + s.view);
    float nv = facing_view(s.normal, s.view);
    float nh = clamp(dot(s.normal, h), 0.0, 1.0);
    float vh = clamp(dot(s.view, h), 0.0, 1.0);
    vec3 mirrored = s.f0 + (s.f90 - s.f0) * schlick(vh);
    return nl * (s.diffuse * entering(s, mirrored) * (1.0 / PI) +
                 mirrored * ggx(alpha_of(s.roughness), nl, nv, nh));
}

/* For each unit of irradiance on a surface that faces the light. */
vec3 reflect_light(surface_light s, vec3 light)
{
    vec3 radiance = vec3(0.0);
    float nl = dot(s.normal, light);
    if (nl > 0.0)
        radiance = reflect_base(s, light, nl);
#ifdef LOBES
    if (HAS_LOBE(s.lobes.kinds, TDI_LOBE_CLEARCOAT))
        radiance = add_clearcoat_light(s.lobes.coat, radiance, s.view, light);
#endif
    return radiance;
}

vec3 reflect_environment(surface_light s)
{
    vec3 mirrored = incident_radiance(reflect(-s.view, s.normal), s.roughness);
    vec3 radiance = s.diffuse * incident_irradiance(s.normal) + s.f0 * mirrored;
#ifdef LOBES
    if (HAS_LOBE(s.lobes.kinds, TDI_LOBE_CLEARCOAT))
        radiance = add_clearcoat_environment(s.lobes.coat, radiance, s.view);
#endif
    return s.occlusion * radiance;
}

vec3 emit(surface_light s)
{
#ifdef LOBES
    if (HAS_LOBE(s.lobes.kinds, TDI_LOBE_CLEARCOAT))
        return s.emissive * (1.0 - s.lobes.coat.weight);
#endif
    return s.emissive;
}

vec3 light_surface(surface_light s, vec3 light_direction, vec3 light_color)
{
    return emit(s) + reflect_environment(s) + light_color * reflect_light(s, light_direction);
}

#endif
