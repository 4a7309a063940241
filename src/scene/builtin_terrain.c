#include <math.h>

#include "base/memory.h"
#include "scene/builtin.h"
#include "scene/foliage.h"
#include "scene/shapes.h"

/* A square of land; heights and lengths in metres. */
#define SIZE        1024.0f
#define SAMPLES     513u
#define LAKE_HEIGHT 34.0f
#define PI          3.14159265358979323846f

enum { TREES = 1500, ROCKS = 260, TREE_KINDS = 2, MAP = 1024 };

typedef struct land {
    tdi_stage *stage;
    float *heights; /* SAMPLES x SAMPLES */
} land;

/* Noise with sharp crests, each octave strong only where the one before it was.
 * F. K. Musgrave, in Ebert et al., "Texturing and Modeling", 3rd edition, chapter 16. */
static float ridges(float u, float v)
{
    float sum = 0;
    float strength = 1;
    float weight = 1;
    uint32_t cells = 4;
    for (uint32_t octave = 0; octave < 7; octave++, cells *= 2, strength *= 0.42f) {
        float crest = 1 - fabsf(2 * tdi_noise(u, v, cells, 300 + octave) - 1);
        crest *= crest * weight;
        weight = fminf(1, crest * 2);
        sum += strength * crest;
    }
    return sum;
}

static float make_height(float u, float v)
{
    float x = u - 0.5f;
    float y = v - 0.5f;
    float massif =
        1 - tdi_smooth(0.05f, 0.62f, sqrtf((x + 0.08f) * (x + 0.08f) + (y + 0.14f) * (y + 0.14f)));
    float hills = tdi_fractal_noise(u, v, 5, 6, 400);
    float valley =
        tdi_smooth(0.05f, 0.3f, sqrtf((x - 0.2f) * (x - 0.2f) + (y - 0.26f) * (y - 0.26f)));
    float height = 22 + 46 * hills + 225 * ridges(u, v) * massif * massif;
    return tdi_mix(16 + 14 * hills, height, 0.12f + 0.88f * valley);
}

static bool make_heights(land *l)
{
    l->heights = tdi_alloc((size_t)SAMPLES * SAMPLES * sizeof *l->heights);
    if (!l->heights)
        return false;
    for (uint32_t row = 0; row < SAMPLES; row++)
        for (uint32_t column = 0; column < SAMPLES; column++)
            l->heights[(size_t)row * SAMPLES + column] =
                make_height((float)column / SAMPLES, (float)row / SAMPLES);
    return true;
}

/* Height between the samples; the slope is its steepest rise a metre. */
static float sample(const land *l, float u, float v, float *slope)
{
    float x = fminf(fmaxf(u, 0), 1) * (SAMPLES - 1);
    float y = fminf(fmaxf(v, 0), 1) * (SAMPLES - 1);
    uint32_t i = x >= SAMPLES - 2 ? SAMPLES - 2 : (uint32_t)x;
    uint32_t j = y >= SAMPLES - 2 ? SAMPLES - 2 : (uint32_t)y;
    const float *a = l->heights + (size_t)j * SAMPLES + i;
    const float *b = a + SAMPLES;
    const float step = SIZE / (SAMPLES - 1);
    float dx = (a[1] - a[0] + b[1] - b[0]) / (2 * step);
    float dy = (b[0] - a[0] + b[1] - a[1]) / (2 * step);
    *slope = sqrtf(dx * dx + dy * dy);
    float s = x - (float)i;
    float t = y - (float)j;
    return tdi_mix(tdi_mix(a[0], a[1], s), tdi_mix(b[0], b[1], s), t);
}

static void paint_land(const void *user, float u, float v, tdi_texel *out)
{
    const land *l = user;
    static const float grass[3] = {0.36f, 0.47f, 0.20f};
    static const float meadow[3] = {0.58f, 0.60f, 0.30f};
    static const float rock[3] = {0.47f, 0.43f, 0.40f};
    static const float dark_rock[3] = {0.30f, 0.28f, 0.28f};
    static const float snow[3] = {0.95f, 0.97f, 1.0f};
    static const float sand[3] = {0.76f, 0.69f, 0.52f};
    float slope;
    float height = sample(l, u, v, &slope);
    float coarse = tdi_fractal_noise(u, v, 12, 5, 500);
    float fine = tdi_fractal_noise(u, v, 256, 2, 501);
    float stone[3];
    tdi_mix_color(grass, meadow, tdi_smooth(0.35f, 0.65f, coarse), out->color);
    tdi_mix_color(dark_rock, rock, tdi_smooth(0.3f, 0.7f, 0.5f * (coarse + fine)), stone);
    float rocky = tdi_smooth(0.55f, 0.85f, slope + 0.35f * (coarse - 0.5f) + height / 420);
    tdi_mix_color(out->color, stone, rocky, out->color);
    float beach = 1 - tdi_smooth(1, 4.5f, height - LAKE_HEIGHT + 4 * (coarse - 0.5f));
    tdi_mix_color(out->color, sand, beach, out->color);
    float snowy = tdi_smooth(96, 128, height + 46 * (coarse - 0.5f)) *
                  (1 - 0.9f * tdi_smooth(1.1f, 1.9f, slope));
    tdi_mix_color(out->color, snow, snowy, out->color);
    for (int i = 0; i < 3; i++)
        out->color[i] *= 0.84f + 0.3f * fine;
    out->roughness = 0.95f - 0.35f * snowy;
    out->height = (1.5f + 4 * rocky) * fine;
}

static void add_land(land *l)
{
    tdi_stage *stage = l->stage;
    tdi_paint paint = {"land", paint_land, l, MAP,
                       TDI_MAP_COLOR | TDI_MAP_SURFACE | TDI_MAP_NORMAL};
    uint32_t material = tdi_stage_paint(stage, &paint, NULL);
    uint32_t mesh = 0;
    if (stage->result == TD_OK)
        stage->result = td_scene_add_height_field(stage->scene, l->heights, SAMPLES, SAMPLES, SIZE,
                                                  material, &mesh);
    tdi_stage_node(stage, TD_NONE, mesh, &(const tdi_place){0}, "land");
}

static void paint_lake(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float deep[3] = {0.09f, 0.27f, 0.36f};
    static const float shallow[3] = {0.20f, 0.45f, 0.50f};
    float wave = tdi_fractal_noise(u, v, 16, 4, 600);
    tdi_mix_color(deep, shallow, wave, out->color);
    out->roughness = 0.08f;
    out->height = 3 * wave;
}

static void add_lake(land *l)
{
    tdi_paint paint = {"lake", paint_lake, NULL, 256,
                       TDI_MAP_COLOR | TDI_MAP_SURFACE | TDI_MAP_NORMAL};
    uint32_t material = tdi_stage_paint(l->stage, &paint, NULL);
    tdi_mesh_builder builder = {0};
    tdi_quad water = {{0, 0, 0}, {SIZE * 0.62f, 0, 0}, {0, 0, -SIZE * 0.62f}, 0, 0, 14, 14};
    tdi_mesh_builder_quad(&builder, &water);
    uint32_t mesh = tdi_stage_mesh(l->stage, &builder, material, "lake");
    tdi_place place = {.x = -SIZE * 0.12f, .y = LAKE_HEIGHT, .z = SIZE / 2};
    tdi_stage_node(l->stage, TD_NONE, mesh, &place, "lake");
}

static void plant_forest(land *l)
{
    static const tdi_tree_kind kinds[TREE_KINDS] = {
        {"spruce", 0x3F6B3A, 0x1F3A22, 1.6f, 3.4f, 6.5f, true, 40, 2100},
        {"birch", 0x8DAF4C, 0x48602A, 3.0f, 2.8f, 3.2f, false, 36, 2200},
    };
    uint32_t bark = tdi_make_bark(l->stage);
    tdi_tree trees[TREE_KINDS];
    for (uint32_t i = 0; i < TREE_KINDS; i++)
        trees[i] = tdi_make_tree(l->stage, &kinds[i], bark);
    uint32_t planted = 0;
    for (uint32_t i = 0; i < 16 * TREES && planted < TREES; i++) {
        float u = tdi_random(i, 0, 700);
        float v = tdi_random(i, 1, 700);
        float slope;
        float height = sample(l, u, v, &slope);
        float grove = tdi_fractal_noise(u, v, 9, 3, 701);
        if (slope > 0.6f || height < LAKE_HEIGHT + 4 || height > 108 || grove < 0.5f)
            continue;
        bool birch = height < LAKE_HEIGHT + 16 && tdi_random(i, 2, 700) < 0.6f;
        tdi_place place = {.x = (u - 0.5f) * SIZE,
                           .y = height,
                           .z = (v - 0.5f) * SIZE,
                           .yaw = 2 * PI * tdi_random(i, 3, 700),
                           .scale = 0.8f + 0.7f * tdi_random(i, 4, 700)};
        tdi_plant_tree(l->stage, &trees[birch ? 1 : 0], TD_NONE, &place);
        planted++;
    }
}

static void paint_stone(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    float grain = tdi_fractal_noise(u, v, 10, 5, 800);
    for (int i = 0; i < 3; i++)
        out->color[i] = 0.34f + 0.3f * grain;
    out->height = 6 * grain;
    out->roughness = 0.9f;
}

static void scatter_rocks(land *l)
{
    tdi_paint paint = {"stone", paint_stone, NULL, 128, TDI_MAP_COLOR | TDI_MAP_NORMAL};
    uint32_t material = tdi_stage_paint(l->stage, &paint, NULL);
    tdi_mesh_builder builder = {0};
    tdi_build_sphere(&builder, (const float[3]){0, 0, 0}, 1, 12, 18);
    for (size_t i = 0; !builder.failed && i < builder.vertex_count; i++) {
        float *p = builder.positions + 3 * i;
        float bulge = 0.75f + 0.5f * tdi_noise(0.5f + 0.45f * p[0], 0.5f + 0.45f * p[2], 5, 810);
        p[0] *= 1.3f * bulge;
        p[1] *= 0.8f * bulge;
        p[2] *= bulge;
    }
    uint32_t mesh = tdi_stage_mesh(l->stage, &builder, material, "rock");
    for (uint32_t i = 0; i < ROCKS; i++) {
        float u = tdi_random(i, 0, 820);
        float v = tdi_random(i, 1, 820);
        float slope;
        float height = sample(l, u, v, &slope);
        tdi_place place = {.x = (u - 0.5f) * SIZE,
                           .y = height,
                           .z = (v - 0.5f) * SIZE,
                           .yaw = 2 * PI * tdi_random(i, 2, 820),
                           .scale = 0.8f + 2.6f * tdi_random(i, 3, 820)};
        tdi_stage_node(l->stage, TD_NONE, mesh, &place, "rock");
    }
}

/* A cabin by the lake with light in its windows. */
static void add_cabin(land *l, float u, float v, float yaw)
{
    tdi_stage *stage = l->stage;
    uint32_t logs = tdi_stage_material(stage, "logs", 0x7A5433, 0, 0.9f);
    uint32_t shingles = tdi_stage_material(stage, "shingles", 0x8E3B2E, 0, 0.8f);
    uint32_t light = tdi_stage_emissive(stage, "window light", 0xFFC878);
    tdi_mesh_builder walls = {0};
    tdi_mesh_builder roof = {0};
    tdi_mesh_builder windows = {0};
    tdi_build_box(&walls, (const float[3]){-5, -3, -3.5f}, (const float[3]){5, 4, 3.5f});
    tdi_quad slopes[2] = {
        {{-5.6f, 3.6f, 4.4f}, {11.2f, 0, 0}, {0, 3.2f, -4.4f}, 0, 0, 1, 1},
        {{5.6f, 3.6f, -4.4f}, {-11.2f, 0, 0}, {0, 3.2f, 4.4f}, 0, 0, 1, 1},
    };
    for (int i = 0; i < 2; i++) {
        tdi_mesh_builder_quad(&roof, &slopes[i]);
        float x = -3 + 4 * (float)i;
        tdi_build_box(&windows, (const float[3]){x, 1, 3.4f}, (const float[3]){x + 2, 2.6f, 3.6f});
    }
    float slope;
    tdi_place place = {.x = (u - 0.5f) * SIZE,
                       .y = sample(l, u, v, &slope),
                       .z = (v - 0.5f) * SIZE,
                       .yaw = yaw,
                       .scale = 1.6f};
    uint32_t node = tdi_stage_node(stage, TD_NONE, tdi_stage_mesh(stage, &walls, logs, "cabin"),
                                   &place, "cabin");
    static const tdi_place here = {0};
    tdi_stage_node(stage, node, tdi_stage_mesh(stage, &roof, shingles, "cabin roof"), &here, NULL);
    tdi_stage_node(stage, node, tdi_stage_mesh(stage, &windows, light, "cabin windows"), &here,
                   NULL);
}

void tdi_builtin_terrain(tdi_stage *stage)
{
    land l = {.stage = stage};
    if (!make_heights(&l)) {
        stage->result = TD_ERROR_HOST_MEMORY;
        return;
    }
    add_land(&l);
    add_lake(&l);
    plant_forest(&l);
    scatter_rocks(&l);
    add_cabin(&l, 0.60f, 0.60f, 0.6f);
    tdi_free(l.heights);
    tdi_stage_camera(stage, "overview", (const float[3]){420, 210, 640},
                     (const float[3]){-30, 40, -20}, 40);
    tdi_stage_camera(stage, "lake", (const float[3]){330, 62, 400}, (const float[3]){-60, 70, -120},
                     50);
}
