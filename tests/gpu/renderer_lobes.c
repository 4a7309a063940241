/* The lobes of materials against the formulas of glTF's extensions, worked out here in double
 * precision. All patches are of one scene, so that they cost one pipeline. */
#include "scene_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4, ROWS = 4, CELL = 4 };

#define PI 3.14159265358979

typedef struct vector {
    double x, y, z;
} vector;

static double dot(vector a, vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static vector combine(double s, vector a, double t, vector b)
{
    return (vector){s * a.x + t * b.x, s * a.y + t * b.y, s * a.z + t * b.z};
}

static vector unit(vector a)
{
    return combine(1.0 / sqrt(dot(a, a)), a, 0.0, a);
}

/* Of the texture that some materials read everything from. */
static const uint8_t texel[4] = {160, 200, 120, 220};

static double texel_linear(int channel)
{
    return texel[channel] / 255.0;
}

/* A patch and where it is looked at from: turned about Y, seen along -Z. */
typedef struct patch {
    td_material_params m;
    bool textured;
    vector normal, tangent, bitangent;
} patch;

static const vector view = {0.0, 0.0, 1.0};

static double mix(double a, double b, double t)
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

/* The base of a material: what it mirrors, and what is below. */
typedef struct base {
    double diffuse[3], f0[3];
    double f90, roughness;
    bool colored; /* the same share of all colours enters */
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

/* For each unit of irradiance, without the lobes on top. */
static void reflect_base(const patch *p, const base *b, vector light, double out[3])
{
    const double nl = dot(p->normal, light);
    const vector h = unit(combine(1.0, light, 1.0, view));
    double mirrored[3];
    if (nl <= 0.0)
        return;
    for (int c = 0; c < 3; c++)
        mirrored[c] = schlick(b->f0[c], b->f90, dot(view, h));
    for (int c = 0; c < 3; c++) {
        const double enters = 1.0 - (b->colored ? largest(mirrored) : mirrored[c]);
        out[c] =
            nl * (b->diffuse[c] * enters / PI +
                  mirrored[c] * ggx(b->roughness, nl, dot(p->normal, view), dot(p->normal, h)));
    }
}

static double coat_weight(const patch *p)
{
    return p->m.clearcoat.factor * schlick(0.04, 1.0, dot(p->normal, view));
}

static void radiance(const patch *p, vector light, const double color[3], double ambient,
                     double out[3])
{
    const td_material_params *m = &p->m;
    const base b = m->glossiness.used ? glossy_base(m) : metallic_base(m);
    const double coat = coat_weight(p), nl = dot(p->normal, light);
    const vector h = unit(combine(1.0, light, 1.0, view));
    double lit[3] = {0.0, 0.0, 0.0};
    reflect_base(p, &b, light, lit);
    for (int c = 0; c < 3; c++) {
        double around = ambient * (b.diffuse[c] + b.f0[c]);
        const double shine =
            nl > 0.0 ? nl * ggx(m->clearcoat.roughness, nl, dot(p->normal, view), dot(p->normal, h))
                     : 0.0;
        lit[c] = mix(lit[c], shine, coat);
        around = mix(around, ambient, coat);
        out[c] = color[c] * lit[c] + around + m->emissive[c] * (1.0 - coat);
    }
}

static void set_color(float color[3], float red, float green, float blue)
{
    color[0] = red;
    color[1] = green;
    color[2] = blue;
}

static td_material_params material_of(uint32_t index)
{
    td_material_params m;
    td_material_defaults(&m);
    set_color(m.base_color, 0.7f, 0.4f, 0.2f);
    m.metallic = 0.0f;
    m.roughness = 0.4f;
    switch (index) {
    case 1:
        m.ior = 1.8f;
        break;
    case 2:
        m.ior = 1.33f;
        m.metallic = 0.25f;
        m.specular.factor = 0.6f;
        set_color(m.specular.color, 4.0f, 2.0f, 0.5f);
        break;
    case 3:
        m.ior = 0.0f;
        break;
    case 4:
        m.glossiness.used = true;
        m.glossiness.factor = 0.7f;
        set_color(m.glossiness.specular, 0.1f, 0.3f, 0.5f);
        break;
    case 5:
        m.clearcoat.factor = 0.8f;
        m.clearcoat.roughness = 0.3f;
        set_color(m.emissive, 0.1f, 0.2f, 0.1f);
        break;
    case 6:
        m.metallic = 1.0f;
        m.clearcoat.factor = 1.0f;
        m.clearcoat.roughness = 0.5f;
        break;
    default:
        break;
    }
    return m;
}

/* What the texture makes of a material. */
static void apply_texel(td_material_params *m)
{
    const double r = texel_linear(0), g = texel_linear(1), a = texel_linear(3);
    m->clearcoat.factor *= (float)r;
    m->clearcoat.roughness *= (float)g;
    m->specular.factor *= (float)a;
    m->glossiness.factor *= (float)a;
    for (int c = 0; c < 3; c++) {
        m->specular.color[c] *= (float)scene_linear(texel[c]);
        m->glossiness.specular[c] *= (float)scene_linear(texel[c]);
    }
}

static void use_texture(td_material_params *m, uint32_t texture)
{
    td_texture_use *const uses[] = {
        &m->clearcoat.texture,      &m->clearcoat.roughness_texture, &m->specular.texture,
        &m->specular.color_texture, &m->glossiness.texture,
    };
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        uses[i]->texture = texture + 1;
}

static patch patch_of(uint32_t column, uint32_t row, bool textured)
{
    const double turn = 0.3 * ((int)column - 1) + 0.1 * row;
    patch p = {.m = material_of(4 * row + column), .textured = textured};
    p.normal = (vector){sin(turn), 0.0, cos(turn)};
    p.tangent = (vector){cos(turn), 0.0, -sin(turn)};
    p.bitangent = (vector){0.0, 1.0, 0.0};
    return p;
}

static void place_patch(td_scene *scene, const patch *p, uint32_t texture, uint32_t column,
                        uint32_t row)
{
    td_material_params material = p->m;
    if (p->textured)
        use_texture(&material, texture);
    const float positions[] = {-2, -0.5f, 0, 2, -0.5f, 0, 2, 0.5f, 0, -2, 0.5f, 0};
    const float tangents[] = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1};
    const float texcoords[8] = {0};
    const uint32_t indices[] = {0, 1, 2, 0, 2, 3};
    const td_mesh_params params = {
        .positions = positions,
        .tangents = tangents,
        .texcoords = texcoords,
        .indices = indices,
        .vertex_count = 4,
        .index_count = 6,
        .material = scene_material(scene, &material),
    };
    uint32_t mesh = TD_NONE;
    gpu_ok(td_scene_add_mesh(scene, &params, &mesh));
    float matrix[16];
    scene_translation(-1.5f + (float)column, 1.5f - (float)row, 0.0f, matrix);
    /* Half a metre to either side is left of a patch, whatever the turn and the scale. */
    matrix[0] = 0.2f * (float)p->tangent.x;
    matrix[2] = 0.2f * (float)p->tangent.z;
    matrix[8] = (float)p->normal.x;
    matrix[10] = (float)p->normal.z;
    scene_place(scene, mesh, matrix, 4 * row + column);
}

static td_scene *make_patches(bool textured)
{
    td_scene *scene = scene_make();
    const td_texture_params params = {.pixels = texel, .width = 1, .height = 1, .channels = 4};
    uint32_t texture = TD_NONE;
    gpu_ok(td_scene_add_texture(scene, &params, &texture));
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++) {
            const patch p = patch_of(column, row, textured);
            place_patch(scene, &p, texture, column, row);
        }
    return scene;
}

static void assert_patch(const scene_picture *picture, uint32_t index, const double expected[3])
{
    const uint32_t x = index % COLUMNS * CELL + CELL / 2, y = index / COLUMNS * CELL + CELL / 2;
    assert_int_equal(scene_object_at(picture, x, y), index);
    for (int c = 0; c < 3; c++) {
        const int code = scene_srgb(fmin(1.0, expected[c]));
        const int found = scene_color_at(picture, x, y)[c];
        if (abs(found - code) > 1)
            fail_msg("patch %u, channel %d: %d instead of %d", index, c, found, code);
    }
}

static void assert_lit(td_renderer *renderer, td_scene *scene, bool textured, vector direction,
                       double ambient)
{
    const double color[3] = {2.0, 1.0, 0.5};
    const td_light_params light = {
        .direction = {(float)direction.x, (float)direction.y, (float)direction.z},
        .color = {1.0f, 0.5f, 0.25f},
        .intensity = 2.0f,
    };
    const float grey[3] = {(float)ambient, (float)ambient, (float)ambient};
    const td_camera camera = scene_ortho(5.0f, 4.0f, 0.1f, 20.0f);
    gpu_ok(td_scene_set_light(scene, &light));
    gpu_ok(td_scene_set_ambient(scene, grey));
    scene_picture picture = scene_view(renderer, &camera);
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
        patch p = patch_of(i % COLUMNS, i / COLUMNS, textured);
        double expected[3];
        if (textured)
            apply_texel(&p.m);
        radiance(&p, unit(combine(-1.0, direction, 0.0, direction)), color, ambient, expected);
        assert_patch(&picture, i, expected);
    }
    scene_picture_free(&picture);
}

static td_renderer *make_renderer(td_device *device, td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, COLUMNS * CELL, ROWS * CELL);
    params.views_per_submission = 1;
    return scene_renderer(device, &params);
}

static void lobes_follow_their_formulas(td_device *device)
{
    const vector directions[] = {
        {0, 0, -1}, {-1, -1, -2}, {2, 0.5, -1}, {-1, 3, -0.5}, {0.3, 0, 1}};
    for (int textured = 0; textured < 2; textured++) {
        td_scene *scene = make_patches(textured != 0);
        td_renderer *renderer = make_renderer(device, scene);
        for (int i = 0; i < 5; i++)
            assert_lit(renderer, scene, textured != 0, directions[i], 0.03 * i);
        td_renderer_destroy(renderer);
        td_scene_destroy(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(lobes_follow_their_formulas),
    };
    return gpu_run_tests(tests);
}
