/* A thin film: KHR_materials_iridescence, after Belcour and Barla, "A Practical Extension to
 * Microfacet Theory for the Modeling of Varying Iridescence", 2017, with the simplifications of the
 * extension: Schlick's term at both interfaces, no polarisation, no absorption. */
#ifndef LOBE_IRIDESCENCE_GLSL
#define LOBE_IRIDESCENCE_GLSL

#include "brdf.glsl"
#include "lobe.glsl"

struct iridescence {
    float factor;
    vec3 reflectance; /* towards the viewer, in place of the Fresnel term */
};

/* The sensitivity of the eye to a phase, in the Fourier space of the spectrum, as linear sRGB: the
 * paper's fit of CIE XYZ by Gaussians. `path` is in nanometres. */
vec3 film_sensitivity(float path, vec3 shift)
{
    float phase = 2.0 * PI * path * 1.0e-9;
    const vec3 value = vec3(5.4856e-13, 4.4201e-13, 5.2481e-13);
    const vec3 position = vec3(1.6810e+06, 1.7953e+06, 2.2084e+06);
    const vec3 variance = vec3(4.3278e+09, 9.3046e+09, 6.6121e+09);
    vec3 xyz = value * sqrt(2.0 * PI * variance) * cos(position * phase + shift) *
               exp(-phase * phase * variance);
    xyz.x += 9.7470e-14 * sqrt(2.0 * PI * 4.5282e+09) * cos(2.2399e+06 * phase + shift.x) *
             exp(-4.5282e+09 * phase * phase);
    const mat3 to_srgb = mat3(3.2404542, -0.9692660, 0.0556434, -1.5371385, 1.8760108, -0.2040259,
                              -0.4985314, 0.0415560, 1.0572252);
    return to_srgb * (xyz / 1.0685e-7);
}

/* What an interface reflects head-on; indices of refraction. */
vec3 interface_f0(vec3 from, vec3 to)
{
    vec3 root = (to - from) / (to + from);
    return root * root;
}

/* The sum of the light that the film mirrors at once and of that which goes through it up to two
 * more times, with the phases that this shifts. `f0` is what the base mirrors head-on. */
vec3 film_reflectance(float ior, float thickness, float cosine, vec3 f0)
{
    float film = mix(1.0, ior, smoothstep(0.0, 0.03, thickness)); /* no film, no interface */
    float sine2 = (1.0 - cosine * cosine) / (film * film);
    float below = sqrt(max(1.0 - sine2, 0.0)); /* the cosine in the film */
    float top_f0 = interface_f0(vec3(1.0), vec3(film)).x;
    float top = mix(top_f0, 1.0, schlick(cosine));
    vec3 root = sqrt(min(f0 + 1.0e-4, 0.9999));
    vec3 base_ior = (1.0 + root) / (1.0 - root);
    vec3 bottom = mix(interface_f0(vec3(film), base_ior), vec3(1.0), schlick(below));
    vec3 shift = PI + mix(vec3(0.0), vec3(PI), lessThan(base_ior, vec3(film)));
    float path = 2.0 * film * thickness * below;
    float through = 1.0 - top; /* one way */
    vec3 pair = clamp(top * bottom, 1.0e-5, 0.9999);
    vec3 inside = through * through * bottom / (1.0 - pair);
    vec3 sum = top + inside;
    vec3 term = inside - through;
    for (int m = 1; m <= 2; m++) {
        term *= sqrt(pair);
        sum += 2.0 * term * film_sensitivity(float(m) * path, float(m) * shift);
    }
    return clamp(sum, 0.0, 1.0);
}

iridescence load_iridescence(const lobe_source from, float cosine, vec3 f0)
{
    float thickness = LOBE(from).iridescence_thickness[1];
    tdi_texture_ref use = LOBE(from).iridescence_thickness_texture;
    if (use.texture != TDI_TEXTURE_NONE)
        thickness = mix(LOBE(from).iridescence_thickness[0], thickness,
                        sample_texture(use, from.set0, from.set1).g);
    iridescence film;
    film.factor = LOBE(from).iridescence * sample_lobe(from, LOBE(from).iridescence_texture).r;
    film.reflectance = film_reflectance(LOBE(from).iridescence_ior, thickness, cosine, f0);
    return film;
}

#endif
