#include "lobe_formulas.h"

#include <math.h>

#define PI 3.14159265358979

double dot(vector a, vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

vector combine(double s, vector a, double t, vector b)
{
    return (vector){s * a.x + t * b.x, s * a.y + t * b.y, s * a.z + t * b.z};
}

vector unit(vector a)
{
    return combine(1.0 / sqrt(dot(a, a)), a, 0.0, a);
}

static const vector view = {0.0, 0.0, 1.0};

double mix(double a, double b, double t)
{
    return a + (b - a) * t;
}

static double schlick(double f0, double f90, double cosine)
{
    return f0 + (f90 - f0) * pow(1.0 - cosine, 5.0);
}

static double largest(const double v[3])
{
    return fmax(v[0], fmax(v[1], v[2]));
}

static double ggx(double roughness, double nl, double nv, double nh)
{
    const double a2 = fmax(pow(roughness, 4.0), 1e-6);
    const double d = a2 / (PI * pow(nh * nh * (a2 - 1.0) + 1.0, 2.0));
    const double smith =
        0.5 / (nl * sqrt(nv * nv * (1.0 - a2) + a2) + nv * sqrt(nl * nl * (1.0 - a2) + a2));
    return d * smith;
}

static vector cross(vector a, vector b)
{
    return (vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/* The base of a material: what it mirrors, and what is below. */
typedef struct base {
    double diffuse[3], f0[3];
    double f90, roughness;
    bool colored;   /* the same share of all colours enters */
    double film[3]; /* what the film mirrors */
} base;

static base metallic_base(const td_material_params *m)
{
    base b = {.f90 = 1.0, .roughness = m->roughness};
    const double root = (m->ior - 1.0) / (m->ior + 1.0);
    for (int c = 0; c < 3; c++) {
        const double f0 = fmin(1.0, root * root * m->specular.color[c]) * m->specular.factor;
        b.diffuse[c] = m->base_color[c] * (1.0 - m->metallic);
        b.f0[c] = mix(f0, m->base_color[c], m->metallic);
    }
    b.f90 = mix(m->specular.factor, 1.0, m->metallic);
    b.colored = m->ior != 1.5f || m->specular.factor != 1.0f;
    return b;
}

static base glossy_base(const td_material_params *m)
{
    base b = {.f90 = 1.0, .roughness = 1.0 - m->glossiness.factor, .colored = true};
    for (int c = 0; c < 3; c++)
        b.f0[c] = m->glossiness.specular[c];
    for (int c = 0; c < 3; c++)
        b.diffuse[c] = m->base_color[c] * (1.0 - largest(b.f0));
    return b;
}

/* KHR_materials_iridescence, "Implementation Notes", with the path through the film by the angle in
 * it, as in Belcour and Barla 2017. */
static void film_sensitivity(double path, const double shift[3], double out[3])
{
    static const double value[] = {5.4856e-13, 4.4201e-13, 5.2481e-13, 9.7470e-14};
    static const double position[] = {1.6810e+06, 1.7953e+06, 2.2084e+06, 2.2399e+06};
    static const double variance[] = {4.3278e+09, 9.3046e+09, 6.6121e+09, 4.5282e+09};
    static const double to_rgb[3][3] = {{3.2404542, -1.5371385, -0.4985314},
                                        {-0.9692660, 1.8760108, 0.0415560},
                                        {0.0556434, -0.2040259, 1.0572252}};
    const double phase = 2.0 * PI * path * 1e-9;
    double xyz[3] = {0.0, 0.0, 0.0};
    for (int i = 0; i < 4; i++)
        xyz[i % 3] += value[i] * sqrt(2.0 * PI * variance[i]) *
                      cos(position[i] * phase + shift[i % 3]) * exp(-phase * phase * variance[i]) /
                      1.0685e-7;
    for (int i = 0; i < 3; i++)
        out[i] = to_rgb[i][0] * xyz[0] + to_rgb[i][1] * xyz[1] + to_rgb[i][2] * xyz[2];
}

static void film_mirror(double ior, double thickness, double cosine, const double f0[3],
                        double out[3])
{
    const double below = sqrt(1.0 - (1.0 - cosine * cosine) / (ior * ior));
    const double r12 = schlick(pow((ior - 1.0) / (ior + 1.0), 2.0), 1.0, cosine);
    double r23[3], shift[3];
    for (int c = 0; c < 3; c++) {
        const double root = sqrt(f0[c] + 1e-4), base_ior = (1.0 + root) / (1.0 - root);
        r23[c] = schlick(pow((base_ior - ior) / (base_ior + ior), 2.0), 1.0, below);
        shift[c] = PI + (base_ior < ior ? PI : 0.0);
        const double rs = pow(1.0 - r12, 2.0) * r23[c] / (1.0 - r12 * r23[c]);
        out[c] = r12 + rs;
    }
    for (int m = 1; m <= 2; m++) {
        double sensitivity[3], shifts[3];
        for (int c = 0; c < 3; c++)
            shifts[c] = m * shift[c];
        film_sensitivity(m * 2.0 * ior * thickness * below, shifts, sensitivity);
        for (int c = 0; c < 3; c++) {
            const double rs = pow(1.0 - r12, 2.0) * r23[c] / (1.0 - r12 * r23[c]);
            out[c] += (rs - (1.0 - r12)) * pow(r12 * r23[c], 0.5 * m) * 2.0 * sensitivity[c];
        }
    }
    for (int c = 0; c < 3; c++)
        out[c] = fmin(fmax(out[c], 0.0), 1.0);
}

/* What a base mirrors at an angle, and what is left. */
static void split(const patch *p, const base *b, double cosine, double mirrored[3],
                  double entering[3])
{
    const double share = p->m.iridescence.factor;
    double f[3];
    for (int c = 0; c < 3; c++)
        f[c] = schlick(b->f0[c], b->f90, cosine);
    for (int c = 0; c < 3; c++) {
        mirrored[c] = mix(f[c], b->film[c], share);
        entering[c] = mix(1.0 - (b->colored ? largest(f) : f[c]), 1.0 - largest(b->film), share);
    }
}

/* KHR_materials_anisotropy, "Implementation". */
static double anisotropic_ggx(const patch *p, double roughness, vector light, vector h)
{
    const double *d = p->direction;
    const vector along = unit(combine(d[0], p->tangent, d[1], p->bitangent));
    const vector across = unit(cross(p->normal, along));
    const double ab = roughness * roughness;
    const double at = mix(ab, 1.0, pow(p->m.anisotropy.strength, 2.0)), a2 = at * ab;
    const double nl = dot(p->normal, light), nv = dot(p->normal, view);
    const vector f = {ab * dot(along, h), at * dot(across, h), a2 * dot(p->normal, h)};
    const double w = a2 / dot(f, f);
    const double v =
        sqrt(pow(at * dot(along, view), 2.0) + pow(ab * dot(across, view), 2.0) + nv * nv);
    const double l =
        sqrt(pow(at * dot(along, light), 2.0) + pow(ab * dot(across, light), 2.0) + nl * nl);
    return a2 * w * w / PI * 0.5 / (nl * v + nv * l);
}

/* For each unit of irradiance, without the lobes on top. */
static void reflect_base(const patch *p, const base *b, vector light, double out[3])
{
    const double nl = dot(p->normal, light);
    const vector h = unit(combine(1.0, light, 1.0, view));
    double mirrored[3], entering[3];
    if (nl <= 0.0)
        return;
    split(p, b, dot(view, h), mirrored, entering);
    const double shine = p->m.anisotropy.strength > 0.0f
                             ? anisotropic_ggx(p, b->roughness, light, h)
                             : ggx(b->roughness, nl, dot(p->normal, view), dot(p->normal, h));
    for (int c = 0; c < 3; c++)
        out[c] = nl * (b->diffuse[c] * (1.0 - p->m.transmission.factor) * entering[c] / PI +
                       mirrored[c] * shine);
}

/* What is left of light on its way through the body. */
static double left_of(const patch *p, int c)
{
    const td_material_transmission *t = &p->m.transmission;
    if (t->thickness == 0.0f || t->attenuation_distance == 0.0f)
        return 1.0;
    return pow(t->attenuation_color[c], t->thickness * p->scale / t->attenuation_distance);
}

static void transmit(const patch *p, const base *b, vector light, double out[3])
{
    const td_material_transmission *t = &p->m.transmission;
    const double nl = -dot(p->normal, light), nv = dot(p->normal, view);
    double mirrored[3], entering[3];
    if (nl <= 0.0)
        return;
    const vector h = unit(combine(1.0, combine(1.0, light, 2.0 * nl, p->normal), 1.0, view));
    const double spread = fmin(2.0 * p->m.ior - 2.0, 1.0);
    const double shine =
        ggx(sqrt(fmax(spread * b->roughness * b->roughness, 1e-3)), nl, nv, dot(p->normal, h));
    split(p, b, nv, mirrored, entering);
    for (int c = 0; c < 3; c++)
        out[c] += t->factor * b->diffuse[c] * entering[c] * left_of(p, c) * nl * shine;
}

/* KHR_materials_sheen, "Implementation". */
static double sheen_lambda(double cosine, double alpha)
{
    const double t = pow(1.0 - alpha, 2.0);
    const double a = mix(21.5473, 25.3245, t), b = mix(3.82987, 3.32435, t);
    const double c = mix(0.19823, 0.16801, t), d = mix(-1.97760, -1.27393, t);
    const double e = mix(-4.32054, -4.85967, t);
    const double x = cosine < 0.5 ? cosine : 1.0 - cosine;
    const double l = a / (1.0 + b * pow(x, c)) + d * x + e;
    const double half = a / (1.0 + b * pow(0.5, c)) + d * 0.5 + e;
    return exp(cosine < 0.5 ? l : 2.0 * half - l);
}

static double charlie(double roughness, double nl, double nv, double nh)
{
    const double alpha = roughness * roughness;
    const double sine = sqrt(fmax(0.0, 1.0 - nh * nh));
    const double d = (2.0 + 1.0 / alpha) * pow(sine, 1.0 / alpha) / (2.0 * PI);
    const double v =
        1.0 / ((1.0 + sheen_lambda(nv, alpha) + sheen_lambda(nl, alpha)) * 4.0 * nl * nv);
    return d * fmin(v, 1.0);
}

/* What white cloth gives back of light from all around, by summing it up. */
static double sheen_albedo(double roughness, double nv)
{
    enum { RINGS = 64, PARTS = 64 };
    double sum = 0.0;
    for (int i = 0; i < RINGS; i++) {
        const double u = (i + 0.5) / RINGS, nl = u * u, weight = nl * 2.0 * u / RINGS;
        for (int k = 0; k < PARTS; k++) {
            const double angle = PI * (k + 0.5) / PARTS;
            const double vl = nv * nl + sqrt((1.0 - nv * nv) * (1.0 - nl * nl)) * cos(angle);
            const double nh = (nl + nv) / sqrt(2.0 + 2.0 * vl);
            sum += weight * charlie(roughness, nl, nv, nh) * 2.0 * PI / PARTS;
        }
    }
    return sum;
}

static void add_sheen(const patch *p, vector light, double out[3])
{
    const double roughness = p->m.sheen.roughness, nl = dot(p->normal, light);
    const double nv = dot(p->normal, view);
    const double color[3] = {p->m.sheen.color[0], p->m.sheen.color[1], p->m.sheen.color[2]};
    const vector h = unit(combine(1.0, light, 1.0, view));
    double taken = sheen_albedo(roughness, nv);
    if (nl > 0.0)
        taken = fmax(taken, sheen_albedo(roughness, nl));
    for (int c = 0; c < 3; c++) {
        out[c] *= 1.0 - largest(color) * taken;
        out[c] += nl > 0.0 ? nl * color[c] * charlie(roughness, nl, nv, dot(p->normal, h)) : 0.0;
    }
}

static void add_coat(const patch *p, vector light, double weight, double out[3])
{
    const double nl = dot(p->normal, light);
    const vector h = unit(combine(1.0, light, 1.0, view));
    const double shine =
        nl > 0.0 ? nl * ggx(p->m.clearcoat.roughness, nl, dot(p->normal, view), dot(p->normal, h))
                 : 0.0;
    for (int c = 0; c < 3; c++)
        out[c] = mix(out[c], shine, weight);
}

/* Of the same radiance from everywhere. */
static void reflect_around(const patch *p, const base *b, double coat, double out[3])
{
    const td_material_params *m = &p->m;
    const double nv = dot(p->normal, view);
    const bool split_up = b->colored || m->iridescence.factor > 0.0f;
    const double cloth[3] = {m->sheen.color[0], m->sheen.color[1], m->sheen.color[2]};
    const double albedo = largest(cloth) > 0.0 ? sheen_albedo(m->sheen.roughness, nv) : 0.0;
    double mirrored[3], entering[3];
    split(p, b, 1.0, mirrored, entering);
    for (int c = 0; c < 3; c++) {
        const double below = b->diffuse[c] * mix(1.0, left_of(p, c), m->transmission.factor);
        out[c] = below * (split_up ? entering[c] : 1.0) + mirrored[c];
        out[c] = cloth[c] * albedo + out[c] * (1.0 - largest(cloth) * albedo);
        out[c] = mix(out[c], 1.0, coat);
    }
}

void patch_radiance(const patch *p, vector light, const double color[3], double ambient,
                    double out[3])
{
    const td_material_params *m = &p->m;
    base b = m->glossiness.used ? glossy_base(m) : metallic_base(m);
    const double nv = dot(p->normal, view);
    const double coat = m->clearcoat.factor * schlick(0.04, 1.0, nv);
    double lit[3] = {0.0, 0.0, 0.0}, around[3];
    film_mirror(m->iridescence.ior, m->iridescence.thickness_max, nv, b.f0, b.film);
    reflect_base(p, &b, light, lit);
    transmit(p, &b, light, lit);
    if (m->sheen.color[0] > 0.0f)
        add_sheen(p, light, lit);
    add_coat(p, light, coat, lit);
    reflect_around(p, &b, coat, around);
    for (int c = 0; c < 3; c++)
        out[c] = color[c] * lit[c] + ambient * around[c] + m->emissive[c] * (1.0 - coat);
}
