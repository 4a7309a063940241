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

/* What microfacets mirror of uniform light from all around, once, as factors of f0 and f90: the
 * split sum of Karis, "Real Shading in Unreal Engine 4", 2013, as polynomials that
 * tools/brdf_fit.py finds. A table would cost a texture sample. */
vec2 mirrored_of_all(float nv, float roughness)
{
    float r2 = roughness * roughness;
    vec4 r = vec4(roughness, r2, r2 * roughness, r2 * r2);
    float all = -0.3539 + dot(vec4(-9.0949, 83.8260, -152.7074, 80.4936), r);
    all = all * nv + 0.6162 + dot(vec4(28.0203, -226.4973, 399.5183, -207.2032), r);
    all = all * nv - 0.2098 + dot(vec4(-31.0050, 216.6833, -364.4508, 184.2615), r);
    all = all * nv - 0.0719 + dot(vec4(13.3419, -78.2589, 121.1469, -58.7092), r);
    all = all * nv + 1.0242 + dot(vec4(-1.5791, 6.7980, -9.6097, 4.3359), r);
    float m = 1.0 - nv;
    float grazing = 3.1153 + dot(vec4(-36.4669, 111.3912, -128.9257, 51.1297), r);
    grazing = grazing * m - 3.0510 + dot(vec4(57.8092, -197.5612, 242.0916, -99.7292), r);
    grazing = grazing * m + 1.1117 + dot(vec4(-26.6644, 97.0419, -123.5526, 52.3147), r);
    grazing = grazing * m - 0.1245 + dot(vec4(3.4680, -13.0141, 16.9045, -7.2696), r);
    grazing = clamp(grazing * m, 0.0, 1.0);
    return vec2(clamp(all, grazing, 1.0) - grazing, grazing);
}

float largest(vec3 v)
{
    return max(v.x, max(v.y, v.z));
}

#endif
