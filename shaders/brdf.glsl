/* What the metallic-roughness model of glTF 2.0, appendix B, is made of: GGX, the height-correlated
 * Smith term (Heitz, "Understanding the Masking-Shadowing Function in Microfacet-Based BRDFs", JCGT
 * 3(2), 2014), Schlick's Fresnel term. */
#ifndef BRDF_GLSL
#define BRDF_GLSL

const float PI = 3.14159265;

float alpha_of(float roughness)
{
    return max(roughness * roughness, 1.0e-3);
}

/* Never 0, so that it can be divided by. */
float facing_view(vec3 normal, vec3 view)
{
    return max(abs(dot(normal, view)), 1.0e-4);
}

/* D V: what microfacets mirror, but for the Fresnel term. */
float ggx(float alpha, float nl, float nv, float nh)
{
    float a2 = alpha * alpha;
    float d = nh * nh * (a2 - 1.0) + 1.0;
    float visibility = nl * sqrt(nv * nv * (1.0 - a2) + a2) + nv * sqrt(nl * nl * (1.0 - a2) + a2);
    return 0.5 * a2 / (PI * d * d * visibility);
}

/* The share of Schlick's term that lies between head-on and grazing. */
float schlick(float cosine)
{
    float m = 1.0 - cosine;
    float m2 = m * m;
    return m2 * m2 * m;
}

/* What is mirrored of uniform light from all around, as factors of f0 and f90: the fit of Karis,
 * "Physically Based Shading on Mobile", 2014, to the integral of his split sum. */
vec2 mirrored_of_all(float nv, float roughness)
{
    vec4 r = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float a = min(r.x * r.x, exp2(-9.28 * nv)) * r.x + r.y;
    return vec2(-1.04, 1.04) * a + r.zw;
}

float largest(vec3 v)
{
    return max(v.x, max(v.y, v.z));
}

#endif
