#include <math.h>

#include "scene/city.h"
#include "scene/foliage.h"

typedef enum wall_kind {
    WALL_PLASTER,
    WALL_BRICK,
    WALL_PANEL,
    WALL_CURTAIN, /* glass from edge to edge */
} wall_kind;

/* How a facade looks; lengths in windows. */
typedef struct facade {
    const char *name;
    wall_kind kind;
    uint32_t wall;  /* sRGB, 0xRRGGBB */
    uint32_t frame; /* of windows, and mullions */
    uint32_t glass;
    float width; /* of the window */
    float height;
    float lit; /* share of lit windows */
    uint32_t seed;
} facade;

/* Place within a facade's cell: x to the right, y down, from 0 to 1. */
typedef struct cell {
    uint32_t i, j;
    float x, y;
} cell;

static cell find_cell(float u, float v, uint32_t cells)
{
    float x = u * (float)cells;
    float y = v * (float)cells;
    return (cell){(uint32_t)x, (uint32_t)y, x - floorf(x), y - floorf(y)};
}

static void scale_color(float color[3], float factor)
{
    for (int i = 0; i < 3; i++)
        color[i] *= factor;
}

static void paint_bricks(float u, float v, uint32_t seed, tdi_texel *out)
{
    float row = v * 96;
    float column = u * 48 + (fmodf(row, 2) < 1 ? 0 : 0.5f);
    uint32_t i = (uint32_t)column % 48;
    uint32_t j = (uint32_t)row;
    float x = column - floorf(column);
    float y = row - floorf(row);
    bool mortar = x < 0.07f || y < 0.16f;
    scale_color(out->color, mortar ? 1.18f : 0.82f + 0.32f * tdi_random(i, j, seed));
    out->height += mortar ? -0.8f : 0;
}

static void paint_wall(const facade *f, const cell *c, float u, float v, tdi_texel *out)
{
    tdi_color(f->wall, out->color);
    float stain = tdi_fractal_noise(u, v, 6, 4, f->seed + 11);
    scale_color(out->color, 0.86f + 0.26f * stain);
    out->roughness = 0.88f;
    out->height = 3;
    if (f->kind == WALL_BRICK)
        paint_bricks(u, v, f->seed, out);
    bool joint = c->x < 0.025f || c->x > 0.975f || c->y < 0.025f || c->y > 0.975f;
    if (f->kind == WALL_PANEL && joint) {
        scale_color(out->color, 0.68f);
        out->height = 2;
    }
}

static void paint_glass(const facade *f, const cell *c, float inner_y, tdi_texel *out)
{
    tdi_color(f->glass, out->color);
    float tint = tdi_random(c->i, c->j, f->seed + 2);
    scale_color(out->color, 0.72f + 0.42f * tint + 0.28f * (1 - inner_y));
    out->roughness = 0.12f;
    out->height = 0;
    float curtain = tdi_random(c->i, c->j, f->seed + 3);
    if (curtain < 0.3f && inner_y < 0.15f + 2 * curtain) {
        static const float cloth[3] = {0.78f, 0.75f, 0.68f};
        tdi_mix_color(out->color, cloth, 0.65f, out->color);
        out->roughness = 0.5f;
    }
    float light = tdi_random(c->i, c->j, f->seed + 4);
    if (light < f->lit) {
        static const float warm[3] = {1.0f, 0.76f, 0.42f};
        static const float cool[3] = {0.82f, 0.92f, 1.0f};
        tdi_mix_color(warm, cool, tdi_random(c->i, c->j, f->seed + 5) > 0.75f ? 1.0f : 0.0f,
                      out->emissive);
        scale_color(out->emissive, 0.75f + 0.25f * tdi_random(c->i, c->j, f->seed + 6));
    }
}

static void paint_facade(const void *user, float u, float v, tdi_texel *out)
{
    const facade *f = user;
    cell c = find_cell(u, v, TDI_CITY_CELLS);
    float side = fabsf(c.x - 0.5f) / (0.5f * f->width);
    float down = (c.y - 0.5f * (1 - f->height) + 0.03f) / f->height;
    paint_wall(f, &c, u, v, out);
    if (side > 1 || down < 0 || down > 1) {
        bool sill = f->kind != WALL_CURTAIN && side < 1.1f && down > 1 && down < 1.09f;
        if (sill || f->kind == WALL_CURTAIN) {
            tdi_color(f->frame, out->color);
            out->roughness = 0.6f;
            out->height = 4;
        }
        return;
    }
    float edge_x = (1 - side) * f->width * 0.5f;
    float edge_y = fminf(down, 1 - down) * f->height;
    bool cross = f->kind != WALL_CURTAIN &&
                 (fabsf(c.x - 0.5f) < 0.018f || fabsf(down - 0.38f) * f->height < 0.018f);
    if (f->kind != WALL_CURTAIN && (edge_x < 0.03f || edge_y < 0.03f || cross)) {
        tdi_color(f->frame, out->color);
        out->roughness = 0.5f;
        out->height = 1.5f;
        return;
    }
    paint_glass(f, &c, down, out);
}

static const facade facades[TDI_CITY_STYLES] = {
    {"red brick", WALL_BRICK, 0xA4533F, 0xE9E2D4, 0x3F5361, 0.46f, 0.56f, 0.10f, 100},
    {"brown brick", WALL_BRICK, 0x7C5A44, 0xD8CCB4, 0x3A4B58, 0.50f, 0.58f, 0.12f, 200},
    {"limestone", WALL_PANEL, 0xD6C8A6, 0x6C5F4C, 0x44545F, 0.42f, 0.66f, 0.10f, 300},
    {"concrete", WALL_PANEL, 0xAEADA8, 0x5A5D60, 0x3E5566, 0.78f, 0.50f, 0.12f, 400},
    {"blue glass", WALL_CURTAIN, 0x86A3B8, 0xB9C6CF, 0x4E86AD, 0.94f, 0.90f, 0.06f, 500},
    {"green glass", WALL_CURTAIN, 0x7FA39B, 0xA9BDB6, 0x4C8F86, 0.94f, 0.86f, 0.06f, 600},
    {"dark glass", WALL_CURTAIN, 0x3C434B, 0x2C3238, 0x4A5A6B, 0.92f, 0.88f, 0.14f, 700},
    {"white plaster", WALL_PLASTER, 0xEDE6D6, 0x7A5B40, 0x46596A, 0.48f, 0.54f, 0.12f, 800},
    {"yellow plaster", WALL_PLASTER, 0xE3B768, 0xF4EEDC, 0x46596A, 0.46f, 0.56f, 0.12f, 850},
    {"terracotta", WALL_PANEL, 0xC07A55, 0xE8D9C2, 0x41525F, 0.60f, 0.60f, 0.10f, 950},
};

static uint32_t make_facade(tdi_stage *stage, const facade *f)
{
    uint32_t maps = TDI_MAP_COLOR | TDI_MAP_SURFACE | TDI_MAP_EMISSIVE;
    if (f->kind == WALL_BRICK)
        maps |= TDI_MAP_NORMAL;
    tdi_paint paint = {f->name, paint_facade, f, 512, maps};
    return tdi_stage_paint(stage, &paint, NULL);
}

static void paint_shops(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const uint32_t awnings[4] = {0xB23A34, 0x2F6B53, 0x28527A, 0xD9A441};
    cell c = find_cell(u, v, 1);
    c.x = u * TDI_CITY_SHOPS;
    c.i = (uint32_t)c.x;
    c.x -= (float)c.i;
    bool pillar = c.x < 0.06f || c.x > 0.94f;
    tdi_color(0x8D8577, out->color);
    out->roughness = 0.7f;
    if (pillar || v > 0.92f)
        return;
    if (v < 0.2f) {
        tdi_color(0x3A3A3C, out->color);
        return;
    }
    if (v < 0.36f) {
        tdi_color(fmodf(c.x * 12, 2) < 1 ? awnings[c.i % 4] : 0xF2EBDD, out->color);
        return;
    }
    float pane = fabsf(fmodf(c.x * 3, 1) - 0.5f);
    if (pane > 0.46f || fabsf(v - 0.48f) < 0.012f) {
        tdi_color(0x4A4038, out->color);
        return;
    }
    /* Goods on shelves behind the glass. */
    float shelf = fmodf((v - 0.5f) * 8 + 1, 1);
    uint32_t good = tdi_hash((uint32_t)(u * 64), (uint32_t)(v * 8), 40);
    static const float warm[3] = {1.0f, 0.82f, 0.55f};
    static const float goods[4][3] = {
        {0.5f, 0.2f, 0.15f}, {0.2f, 0.35f, 0.4f}, {0.6f, 0.5f, 0.25f}, {0.3f, 0.4f, 0.2f}};
    bool filled = v > 0.5f && shelf > 0.3f && good % 3 != 0;
    tdi_color(0x59676D, out->color);
    out->roughness = 0.1f;
    tdi_mix_color(warm, goods[good / 4 % 4], filled ? 0.8f : 0, out->emissive);
    scale_color(out->emissive, 0.72f);
}

static void paint_gravel(const void *user, float u, float v, tdi_texel *out)
{
    const uint32_t *color = user;
    tdi_color(*color, out->color);
    float grain = tdi_fractal_noise(u, v, 32, 3, 31);
    float patch = tdi_fractal_noise(u, v, 3, 3, 32);
    scale_color(out->color, 0.7f + 0.3f * grain + 0.3f * patch);
    out->roughness = 0.95f;
}

/* A road of 16 m from kerb to kerb along v; the texture is 16 m square. */
static void paint_road(const void *user, float u, float v, tdi_texel *out)
{
    const bool *crossing = user;
    float grain = tdi_fractal_noise(u, v, 48, 2, 51);
    float wear = tdi_fractal_noise(u, v, 3, 4, 52);
    float shade = 0.23f + 0.07f * grain + 0.07f * wear;
    float track = fabsf(fmodf(u * 4, 1) - 0.5f);
    shade += 0.02f * tdi_smooth(0.1f, 0.4f, track);
    bool middle = fabsf(u - 0.5f) < 0.008f;
    bool lanes = fabsf(fabsf(u - 0.5f) - 0.25f) < 0.006f && fmodf(v * 2, 1) < 0.5f;
    bool stripes = fmodf(u * 16, 1) < 0.5f && u > 0.03f && u < 0.97f;
    for (int i = 0; i < 3; i++)
        out->color[i] = shade;
    out->roughness = 0.9f;
    float paint = 0.72f + 0.25f * wear;
    if (*crossing ? stripes : lanes)
        for (int i = 0; i < 3; i++)
            out->color[i] = paint;
    if (!*crossing && middle) {
        out->color[0] = 0.86f * paint;
        out->color[1] = 0.66f * paint;
        out->color[2] = 0.18f;
    }
    out->height = grain;
}

typedef struct tiles {
    uint32_t color;
    uint32_t across; /* tiles in the texture */
} tiles;

static void paint_tiles(const void *user, float u, float v, tdi_texel *out)
{
    const tiles *t = user;
    cell c = find_cell(u, v, t->across);
    bool joint = c.x < 0.04f || c.y < 0.04f;
    tdi_color(t->color, out->color);
    float stain = tdi_fractal_noise(u, v, 8, 4, 61);
    scale_color(out->color,
                (0.84f + 0.14f * tdi_random(c.i, c.j, 62) + 0.1f * stain) * (joint ? 0.74f : 1.0f));
    out->roughness = 0.85f;
    out->height = joint ? 0 : 1.2f;
}

static void paint_grass(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float dark[3] = {0.24f, 0.38f, 0.14f};
    static const float light[3] = {0.50f, 0.60f, 0.24f};
    float patch = tdi_fractal_noise(u, v, 4, 4, 71);
    float blades = tdi_fractal_noise(u, v, 64, 2, 72);
    tdi_mix_color(dark, light, 0.55f * patch + 0.45f * blades, out->color);
    out->roughness = 0.95f;
    out->height = 2 * blades;
}

static void paint_water(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float deep[3] = {0.10f, 0.28f, 0.36f};
    static const float shallow[3] = {0.22f, 0.46f, 0.50f};
    float wave = tdi_fractal_noise(u, v, 8, 4, 81);
    tdi_mix_color(deep, shallow, wave, out->color);
    out->roughness = 0.06f;
    out->height = 6 * wave;
}

/* An advertising screen. */
static void paint_screen(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    float dx = u - 0.5f;
    float dy = v - 0.5f;
    float ring = sinf(40 * sqrtf(dx * dx + dy * dy));
    static const float a[3] = {0.95f, 0.25f, 0.45f};
    static const float b[3] = {0.15f, 0.75f, 0.95f};
    tdi_mix_color(a, b, tdi_smooth(-0.3f, 0.3f, ring + 0.5f * (u - v)), out->emissive);
    scale_color(out->color, 0.05f);
    out->roughness = 0.3f;
}

static uint32_t paint(tdi_stage *stage, const char *name, tdi_paint_fn function, const void *user,
                      uint32_t size, uint32_t maps)
{
    tdi_paint p = {name, function, user, size, maps};
    return tdi_stage_paint(stage, &p, NULL);
}

static void make_styles(tdi_stage *stage, tdi_city_materials *m)
{
    static const uint32_t gravel_color = 0x8B8880;
    static const uint32_t tar_color = 0x57585A;
    uint32_t gravel = paint(stage, "gravel", paint_gravel, &gravel_color, 256, TDI_MAP_COLOR);
    uint32_t tar = paint(stage, "roofing", paint_gravel, &tar_color, 256, TDI_MAP_COLOR);
    uint32_t stone = tdi_stage_material(stage, "stone trim", 0xCFC4AD, 0, 0.8f);
    uint32_t white = tdi_stage_material(stage, "white trim", 0xE8E4DA, 0, 0.6f);
    uint32_t steel = tdi_stage_material(stage, "steel trim", 0x8E979D, 0.6f, 0.4f);
    uint32_t dark = tdi_stage_material(stage, "dark trim", 0x43484D, 0.4f, 0.5f);
    uint32_t copper = tdi_stage_material(stage, "green copper", 0x6FA58E, 0.1f, 0.7f);
    const tdi_city_style styles[TDI_CITY_STYLES] = {
        {0, stone, tar, 3, 12, 4, false, true, true},
        {0, stone, tar, 3, 14, 5, false, true, true},
        {0, stone, copper, 6, 26, 6, true, true, false},
        {0, dark, gravel, 6, 28, 1, false, false, false},
        {0, steel, gravel, 12, 36, 0, true, false, false},
        {0, steel, gravel, 10, 32, 8, false, false, false},
        {0, dark, tar, 12, 40, 10, true, false, false},
        {0, white, tar, 2, 6, 2, false, true, false},
        {0, white, copper, 2, 7, 3, false, true, false},
        {0, stone, gravel, 4, 18, 3, true, true, true},
    };
    for (uint32_t i = 0; i < TDI_CITY_STYLES; i++) {
        m->styles[i] = styles[i];
        m->styles[i].facade = make_facade(stage, &facades[i]);
    }
}

static void make_ground(tdi_stage *stage, tdi_city_materials *m)
{
    static const bool no = false;
    static const bool yes = true;
    static const tiles slabs = {0xB9B4AA, 8};
    static const tiles setts = {0xB79A83, 16};
    static const uint32_t asphalt_color = 0x4A4B4D;
    static const uint32_t sand_color = 0xC8B48C;
    uint32_t rough = TDI_MAP_COLOR | TDI_MAP_NORMAL;
    m->road = paint(stage, "road", paint_road, &no, 512, rough);
    m->crossing = paint(stage, "crossing", paint_road, &yes, 256, TDI_MAP_COLOR);
    m->asphalt = paint(stage, "asphalt", paint_gravel, &asphalt_color, 256, TDI_MAP_COLOR);
    m->paving = paint(stage, "paving", paint_tiles, &slabs, 256, rough);
    m->plaza = paint(stage, "setts", paint_tiles, &setts, 256, rough);
    m->grass = paint(stage, "grass", paint_grass, NULL, 512, rough);
    m->path = paint(stage, "sand", paint_gravel, &sand_color, 256, TDI_MAP_COLOR);
    m->water = paint(stage, "water", paint_water, NULL, 256,
                     TDI_MAP_COLOR | TDI_MAP_NORMAL | TDI_MAP_SURFACE);
    m->curb = tdi_stage_material(stage, "kerb", 0xC4C0B8, 0, 0.8f);
    m->base = tdi_stage_material(stage, "foundation", 0x4B4640, 0, 0.9f);
}

static void make_things(tdi_stage *stage, tdi_city_materials *m)
{
    static const struct {
        const char *name;
        uint32_t color;
    } paints[TDI_CITY_PAINTS] = {
        {"red paint", 0xB3202A},   {"blue paint", 0x23508F},   {"white paint", 0xE9E9E6},
        {"black paint", 0x1E2023}, {"silver paint", 0xA9ADB2}, {"taxi paint", 0xEFB11D},
    };
    for (uint32_t i = 0; i < TDI_CITY_PAINTS; i++)
        m->car_paint[i] =
            tdi_stage_material(stage, paints[i].name, paints[i].color, i == 4 ? 0.7f : 0.15f, 0.3f);
    m->shops = paint(stage, "shops", paint_shops, NULL, 256,
                     TDI_MAP_COLOR | TDI_MAP_SURFACE | TDI_MAP_EMISSIVE);
    m->screen = paint(stage, "screen", paint_screen, NULL, 256, TDI_MAP_COLOR | TDI_MAP_EMISSIVE);
    m->machinery = tdi_stage_material(stage, "machinery", 0x9A9D9E, 0.3f, 0.6f);
    m->beacon = tdi_stage_emissive(stage, "beacon", 0xFF3020);
    m->wood = tdi_stage_material(stage, "wood", 0x86603C, 0, 0.8f);
    m->car_glass = tdi_stage_material(stage, "car glass", 0x27323A, 0, 0.1f);
    m->tyre = tdi_stage_material(stage, "tyre", 0x202122, 0, 0.9f);
    m->head_light = tdi_stage_emissive(stage, "head light", 0xFFF6DC);
    m->tail_light = tdi_stage_emissive(stage, "tail light", 0xD81414);
    m->metal = tdi_stage_material(stage, "painted metal", 0x3B4A46, 0.5f, 0.5f);
    m->lamp = tdi_stage_emissive(stage, "lamp", 0xFFE6B0);
    m->bark = tdi_make_bark(stage);
}

void tdi_city_make_materials(tdi_stage *stage, tdi_city_materials *out)
{
    make_styles(stage, out);
    make_ground(stage, out);
    make_things(stage, out);
}
