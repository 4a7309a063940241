/* The light that leaves a point of a surface towards the viewer: the metallic-roughness model of
 * glTF 2.0, appendix B, with the lobes of its extensions around it where LOBES is defined. Scenes
 * of plain materials have modules without them: drivers take their time even for code that a
 * specialisation constant rules out. */
#ifndef LIGHTING_GLSL
#define LIGHTING_GLSL

#include "brdf.glsl"
#include "incident.glsl"
#ifdef LIGHTS
#include "punctual.glsl"
#endif
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
#define HAS(bits) HAS_LOBE(s.lobes.kinds, bits)

/* Lobes that are another base. */
void set_lobe_base(inout surface_light s, const lobe_source from)
{
    if (HAS(TDI_LOBE_DIELECTRIC)) {
        vec4 mirrored = load_dielectric(from);
        s.f0 = mix(mirrored.rgb, from.base_color, from.metallic);
        s.f90 = mix(mirrored.a, 1.0, from.metallic);
    }
    if (HAS(TDI_LOBE_GLOSSINESS)) {
        vec4 mirrored = load_glossiness(from);
        s.f0 = mirrored.rgb;
        s.diffuse = from.base_color * (1.0 - largest(mirrored.rgb));
        s.roughness = mirrored.a;
    }
}

void set_lobes(inout surface_light s, const lobe_source from)
{
    s.lobes.kinds = from.more != TDI_MATERIAL_PLAIN ? LOBE(from).lobes : 0u;
    set_lobe_base(s, from);
    if (HAS(TDI_LOBE_ANISOTROPY))
        s.lobes.brushed = load_anisotropy(from);
    if (HAS(TDI_LOBE_IRIDESCENCE))
        s.lobes.film = load_iridescence(from, facing_view(s.normal, s.view), s.f0);
    if (HAS(TDI_LOBE_TRANSMISSION))
        s.lobes.glass = load_transmission(from, s.normal);
    if (HAS(TDI_LOBE_SHEEN))
        s.lobes.cloth = load_sheen(from);
    if (HAS(TDI_LOBE_CLEARCOAT))
        s.lobes.coat = load_clearcoat(from);
}
#endif

/* What is mirrored towards the viewer, and what is left for the light that enters. */
struct boundary {
    vec3 mirrored, entering;
};

boundary split_light(const surface_light s, vec3 fresnel)
{
    boundary b = boundary(fresnel, 1.0 - fresnel);
#ifdef LOBES
    /* All colours lose as much, so that a coloured mirror does not stain what is below it. */
    if (HAS(TDI_LOBE_DIELECTRIC | TDI_LOBE_GLOSSINESS))
        b.entering = vec3(1.0 - largest(fresnel));
    if (HAS(TDI_LOBE_IRIDESCENCE)) {
        vec3 film = s.lobes.film.reflectance;
        b.mirrored = mix(b.mirrored, film, s.lobes.film.factor);
        b.entering = mix(b.entering, vec3(1.0 - largest(film)), s.lobes.film.factor);
    }
#endif
    return b;
}

vec3 fresnel(const surface_light s, float cosine)
{
    return s.f0 + (s.f90 - s.f0) * schlick(cosine);
}

/* The share of diffuse light that is not let through instead. */
vec3 diffuse_of(const surface_light s)
{
#ifdef LOBES
    if (HAS(TDI_LOBE_TRANSMISSION))
        return s.diffuse * (1.0 - s.lobes.glass.factor);
#endif
    return s.diffuse;
}

float microfacets(const surface_light s, vec3 light, vec3 h, float nl)
{
    float alpha = alpha_of(s.roughness);
#ifdef LOBES
    if (HAS(TDI_LOBE_ANISOTROPY))
        return ggx_anisotropic(s.lobes.brushed, alpha, s.normal, s.view, light, h);
#endif
    return ggx(alpha, nl, facing_view(s.normal, s.view), clamp(dot(s.normal, h), 0.0, 1.0));
}

vec3 reflect_base(const surface_light s, vec3 light, float nl)
{
    vec3 h = normalize(light + s.view);
    boundary b = split_light(s, fresnel(s, clamp(dot(s.view, h), 0.0, 1.0)));
    return nl *
           (diffuse_of(s) * b.entering * (1.0 / PI) + b.mirrored * microfacets(s, light, h, nl));
}

#ifdef LOBES
/* Over what the base reflects of the light. */
vec3 add_lobes(const surface_light s, vec3 radiance, vec3 light)
{
    if (HAS(TDI_LOBE_TRANSMISSION))
        radiance += s.diffuse * split_light(s, fresnel(s, facing_view(s.normal, s.view))).entering *
                    transmit_light(s.lobes.glass, s.roughness, s.normal, s.view, light);
    if (HAS(TDI_LOBE_SHEEN))
        radiance = add_sheen_light(s.lobes.cloth, radiance, s.normal, s.view, light);
    if (HAS(TDI_LOBE_CLEARCOAT))
        radiance = add_clearcoat_light(s.lobes.coat, radiance, s.view, light);
    return radiance;
}
#endif

/* For each unit of irradiance on a surface that faces the light. */
vec3 reflect_light(const surface_light s, vec3 light)
{
    vec3 radiance = vec3(0.0);
    float nl = dot(s.normal, light);
    if (nl > 0.0)
        radiance = reflect_base(s, light, nl);
#ifdef LOBES
    radiance = add_lobes(s, radiance, light);
#endif
    return radiance;
}

/* The normal by which light from all around is mirrored. */
vec3 mirror_normal(const surface_light s)
{
#ifdef LOBES
    if (HAS(TDI_LOBE_ANISOTROPY))
        return anisotropic_normal(s.lobes.brushed, s.roughness, s.normal, s.view);
#endif
    return s.normal;
}

#ifdef ENVIRONMENT
/* The shares of light from all around that leave towards the viewer after one meeting with the
 * microfacets, and after several (Fdez-Aguera, "A Multiple-Scattering Microfacet Model for
 * Real-Time Image-based Lighting", JCGT 8(1), 2019): together with what enters they are 1. */
struct shares {
    vec3 once, more;
};

shares find_shares(const surface_light s)
{
    vec2 all = mirrored_of_all(facing_view(s.normal, s.view), s.roughness);
    vec3 once = split_light(s, s.f0).mirrored * all.x + s.f90 * all.y;
    vec3 average = s.f0 + (s.f90 - s.f0) * (1.0 / 21.0);
    float lost = 1.0 - all.x - all.y;
    return shares(once, once * average * (lost / (1.0 - lost * average)));
}
#endif

vec3 reflect_environment(const surface_light s)
{
    vec3 mirrored = incident_radiance(reflect(-s.view, mirror_normal(s)), s.roughness);
    vec3 entering = diffuse_of(s) * incident_irradiance(s.normal);
#ifdef LOBES
    if (HAS(TDI_LOBE_TRANSMISSION))
        entering +=
            s.diffuse * s.lobes.glass.factor * transmit_environment(s.lobes.glass, s.roughness);
#endif
#ifdef ENVIRONMENT
    shares of = find_shares(s);
    vec3 mirrors = of.once + of.more;
    vec3 radiance = of.once * mirrored + of.more * incident_irradiance(s.normal) +
                    entering * (1.0 - mirrors);
#else
    vec3 radiance = entering + s.f0 * mirrored;
#endif
#ifdef LOBES
#ifdef ENVIRONMENT
    /* All colours lose as much, as split_light has it. */
    if (HAS(TDI_LOBE_DIELECTRIC | TDI_LOBE_GLOSSINESS | TDI_LOBE_IRIDESCENCE))
        radiance += entering * (mirrors - largest(mirrors));
#else
    if (HAS(TDI_LOBE_DIELECTRIC | TDI_LOBE_GLOSSINESS | TDI_LOBE_IRIDESCENCE)) {
        boundary b = split_light(s, s.f0);
        radiance = entering * b.entering + b.mirrored * mirrored;
    }
#endif
    if (HAS(TDI_LOBE_SHEEN))
        radiance = add_sheen_environment(s.lobes.cloth, radiance, s.normal, s.view);
    if (HAS(TDI_LOBE_CLEARCOAT))
        radiance = add_clearcoat_environment(s.lobes.coat, radiance, s.view);
#endif
    return s.occlusion * radiance;
}

vec3 emit(const surface_light s)
{
#ifdef LOBES
    if (HAS(TDI_LOBE_CLEARCOAT))
        return s.emissive * (1.0 - s.lobes.coat.weight);
#endif
    return s.emissive;
}

vec3 light_surface(const surface_light s, vec3 position, vec3 light_direction, vec3 light_color)
{
    vec3 radiance = emit(s) + reflect_environment(s);
#ifndef ENVIRONMENT
    radiance += light_color * reflect_light(s, light_direction);
#endif
#ifdef LIGHTS
    for (uint i = 0u; i < FRAME.light_count; i++) {
        arriving light = light_at(i, position);
        radiance += light.irradiance * reflect_light(s, light.direction);
    }
#endif
    return radiance;
}

#endif
