#include <math.h>

#include "base/text.h"
#include "scene/builtin.h"
#include "scene/shapes.h"

/* A wall of spheres: roughness grows from left to right, a row is of one kind. */
#define SPACING 1.25f

enum { COLUMNS = 8, ROWS = 6, RINGS = 32, SEGMENTS = 64, TEXTURE = 256 };

typedef struct row {
    const char *name;
    tdi_paint_fn paint;
    float metallic;
    bool masked;
    bool emissive;
} row;

static void paint_scratched(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    float streak = tdi_noise(u, fmodf(v * 8, 1), 64, 11);
    float stain = tdi_fractal_noise(u, v, 4, 4, 12);
    float shade = 0.78f + 0.16f * streak - 0.1f * stain;
    out->color[0] = shade;
    out->color[1] = shade * 0.98f;
    out->color[2] = shade * 0.95f;
    out->height = 1.5f * streak;
}

static void paint_gold(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float gold[3] = {1.0f, 0.80f, 0.40f};
    static const float worn[3] = {0.78f, 0.52f, 0.24f};
    float dent = tdi_fractal_noise(u, v, 12, 3, 21);
    tdi_mix_color(gold, worn, tdi_smooth(0.45f, 0.75f, dent), out->color);
    out->height = 5 * dent;
}

static void paint_checks(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    uint32_t i = (uint32_t)(u * 16);
    uint32_t j = (uint32_t)(v * 8);
    tdi_color((i + j) % 2 == 0 ? 0xC8402F : 0xF1E6D2, out->color);
    float x = fabsf(fmodf(u * 16, 1) - 0.5f);
    float y = fabsf(fmodf(v * 8, 1) - 0.5f);
    out->height = 2 * (1 - tdi_smooth(0.42f, 0.5f, fmaxf(x, y)));
}

static void paint_marble(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float white[3] = {0.93f, 0.93f, 0.91f};
    static const float vein[3] = {0.28f, 0.34f, 0.42f};
    float warp = tdi_fractal_noise(u, v, 4, 5, 31);
    float wave = fabsf(sinf(6.2831853f * (2 * u + 2 * v + 1.6f * warp)));
    tdi_mix_color(vein, white, tdi_smooth(0, 0.35f, wave), out->color);
}

static void paint_holes(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    float x = fmodf(u * 24, 1) - 0.5f;
    float y = fmodf(v * 12, 1) - 0.5f;
    tdi_color(0x4F8FBF, out->color);
    out->alpha = tdi_smooth(0.30f, 0.34f, sqrtf(x * x + y * y));
}

static void paint_lava(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float cold[3] = {0.10f, 0.08f, 0.08f};
    static const float hot[3] = {1.0f, 0.55f, 0.12f};
    float crack = fabsf(tdi_fractal_noise(u, v, 6, 4, 51) - 0.5f);
    float glow = 1 - tdi_smooth(0.01f, 0.07f, crack);
    tdi_mix_color(cold, hot, 0.3f * glow, out->color);
    for (int i = 0; i < 3; i++)
        out->emissive[i] = glow * hot[i];
    out->height = -4 * glow;
}

static const row rows[ROWS] = {
    {"scratched metal", paint_scratched, 1, false, false},
    {"gold", paint_gold, 1, false, false},
    {"checks", paint_checks, 0, false, false},
    {"marble", paint_marble, 0, false, false},
    {"perforated sheet", paint_holes, 0.5f, true, false},
    {"lava", paint_lava, 0, false, true},
};

/* The textures of a row are made once, its materials share them. */
static void paint_row(tdi_stage *stage, const row *r, td_material_params *out)
{
    uint32_t maps = TDI_MAP_COLOR | TDI_MAP_NORMAL;
    if (r->emissive)
        maps |= TDI_MAP_EMISSIVE;
    tdi_paint paint = {r->name, r->paint, NULL, TEXTURE, maps};
    tdi_stage_base(&paint, out);
    out->metallic = r->metallic;
    out->alpha_mode = r->masked ? TD_ALPHA_MASK : TD_ALPHA_OPAQUE;
    out->double_sided = r->masked;
    uint32_t first = tdi_stage_paint(stage, &paint, out);
    if (stage->result == TD_OK)
        tdi_paint_share(stage->scene, first, out);
}

static uint32_t add_variant(tdi_stage *stage, const td_material_params *base, float roughness,
                            const char *name)
{
    td_material_params params = *base;
    uint32_t material = 0;
    params.roughness = roughness;
    params.name = name;
    if (stage->result == TD_OK)
        stage->result = td_scene_add_material(stage->scene, &params, &material);
    return material;
}

static void add_row(tdi_stage *stage, uint32_t index)
{
    td_material_params base;
    paint_row(stage, &rows[index], &base);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        float roughness = 0.05f + 0.95f * (float)i / (COLUMNS - 1);
        char name[64];
        tdi_snprintf(name, sizeof name, "%s, roughness %.2f", rows[index].name, (double)roughness);
        uint32_t material = add_variant(stage, &base, roughness, name);
        tdi_mesh_builder builder = {0};
        tdi_build_sphere(&builder, (const float[3]){0, 0, 0}, 0.5f, RINGS, SEGMENTS);
        uint32_t mesh = tdi_stage_mesh(stage, &builder, material, rows[index].name);
        tdi_place place = {.x = SPACING * ((float)i - (COLUMNS - 1) / 2.0f),
                           .y = 0.6f + SPACING * (float)(ROWS - 1 - index)};
        tdi_stage_node(stage, TD_NONE, mesh, &place, name);
    }
}

static void paint_floor(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    float x = fmodf(u * 8, 1);
    float y = fmodf(v * 8, 1);
    bool line = x < 0.04f || y < 0.04f;
    float shade = (line ? 0.42f : 0.62f) + 0.08f * tdi_fractal_noise(u, v, 16, 3, 61);
    for (int i = 0; i < 3; i++)
        out->color[i] = shade;
    out->roughness = line ? 0.9f : 0.5f;
    out->height = line ? -1 : 0;
}

static void add_floor(tdi_stage *stage)
{
    tdi_paint paint = {"floor", paint_floor, NULL, TEXTURE,
                       TDI_MAP_COLOR | TDI_MAP_SURFACE | TDI_MAP_NORMAL};
    uint32_t material = tdi_stage_paint(stage, &paint, NULL);
    tdi_mesh_builder builder = {0};
    tdi_build_box(&builder, (const float[3]){-6, -0.3f, -3}, (const float[3]){6, 0, 4});
    uint32_t mesh = tdi_stage_mesh(stage, &builder, material, "floor");
    tdi_stage_node(stage, TD_NONE, mesh, &(const tdi_place){0}, "floor");
}

void tdi_builtin_spheres(tdi_stage *stage)
{
    for (uint32_t i = 0; i < ROWS; i++)
        add_row(stage, i);
    add_floor(stage);
    tdi_stage_camera(stage, "front", (const float[3]){0, 4.4f, 12.5f}, (const float[3]){0, 3.5f, 0},
                     42);
}
