/* The metallic-roughness model of glTF 2.0, appendix B: GGX, the height-correlated Smith term
 * (Heitz, "Understanding the Masking-Shadowing Function in Microfacet-Based BRDFs", JCGT 3(2),
 * 2014), Schlick's Fresnel term, Lambert. */
#ifndef BRDF_GLSL
#define BRDF_GLSL

const float PI = 3.14159265;

struct surface_light {
    vec3 base_color;
    float metallic;
    float roughness;
    float occlusion;
    vec3 emissive;
    vec3 normal, view; /* unit length */
};

vec3 light_surface(surface_light s, vec3 light_direction, vec3 light_color, vec3 ambient)
{
    vec3 diffuse = s.base_color * (1.0 - s.metallic);
    vec3 f0 = mix(vec3(0.04), s.base_color, s.metallic);
    vec3 radiance = s.emissive + ambient * s.occlusion * (diffuse + f0);
    float nl = dot(s.normal, light_direction);
    if (nl > 0.0) {
        vec3 h = normalize(light_direction + s.view);
        float nv = max(abs(dot(s.normal, s.view)), 1.0e-4);
        float nh = clamp(dot(s.normal, h), 0.0, 1.0);
        float vh = clamp(dot(s.view, h), 0.0, 1.0);
        float alpha = max(s.roughness * s.roughness, 1.0e-3);
        float a2 = alpha * alpha;
        float d = nh * nh * (a2 - 1.0) + 1.0;
        float visibility =
            nl * sqrt(nv * nv * (1.0 - a2) + a2) + nv * sqrt(nl * nl * (1.0 - a2) + a2);
        float specular = 0.5 * a2 / (PI * d * d * visibility);
        float m = 1.0 - vh;
        float m2 = m * m;
        vec3 fresnel = f0 + (1.0 - f0) * (m2 * m2 * m);
        radiance +=
            light_color * nl * (diffuse * (1.0 - fresnel) * (1.0 / PI) + fresnel * specular);
    }
    return radiance;
}

#endif
