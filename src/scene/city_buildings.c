#include "scene/city.h"
#include "scene/paint.h"
#include "scene/shapes.h"

/* The parts of a building that are of one material each. */
typedef struct parts {
    tdi_mesh_builder walls, shops, trim, roof, machinery, wood;
} parts;

/* A storey or many of one footprint: a box from `low` to `high`. */
typedef struct tier {
    float low[3];
    float high[3];
    uint32_t across; /* windows */
    uint32_t deep;
    uint32_t floors;
} tier;

/* The four walls of a box, with `cells` windows a metre of texture. */
static void add_walls(tdi_mesh_builder *builder, const tier *t, float u_cells, float v_cells,
                      uint32_t seed)
{
    float x = t->high[0] - t->low[0];
    float y = t->high[1] - t->low[1];
    float z = t->high[2] - t->low[2];
    tdi_quad walls[4] = {
        {.corner = {t->low[0], t->low[1], t->high[2]}, .right = {x, 0, 0}, .up = {0, y, 0}},
        {.corner = {t->high[0], t->low[1], t->high[2]}, .right = {0, 0, -z}, .up = {0, y, 0}},
        {.corner = {t->high[0], t->low[1], t->low[2]}, .right = {-x, 0, 0}, .up = {0, y, 0}},
        {.corner = {t->low[0], t->low[1], t->low[2]}, .right = {0, 0, z}, .up = {0, y, 0}},
    };
    for (uint32_t i = 0; i < 4; i++) {
        tdi_quad *wall = &walls[i];
        float length = i % 2 == 0 ? x : z;
        wall->u0 = (float)(tdi_hash(i, 0, seed) % 8) / u_cells;
        wall->u1 = wall->u0 + length / TDI_CITY_CELL / u_cells;
        wall->v0 = v_cells > 1 ? (float)(tdi_hash(i, 1, seed) % 8) / v_cells : 0;
        wall->v1 = v_cells > 1 ? wall->v0 + y / TDI_CITY_CELL / v_cells : 1;
        tdi_mesh_builder_quad(builder, wall);
    }
}

static void add_box(tdi_mesh_builder *builder, float x0, float y0, float z0, float x1, float y1,
                    float z1)
{
    tdi_build_box(builder, (const float[3]){x0, y0, z0}, (const float[3]){x1, y1, z1});
}

/* A ring round a footprint, `out` metres beyond it and `in` metres into it. */
static void add_ring(tdi_mesh_builder *builder, const tier *t, float y0, float y1, float out,
                     float in)
{
    float x0 = t->low[0] - out;
    float x1 = t->high[0] + out;
    float z0 = t->low[2] - out;
    float z1 = t->high[2] + out;
    float thick = out + in;
    add_box(builder, x0, y0, z0, x1, y1, z0 + thick);
    add_box(builder, x0, y0, z1 - thick, x1, y1, z1);
    add_box(builder, x0, y0, z0 + thick, x0 + thick, y1, z1 - thick);
    add_box(builder, x1 - thick, y0, z0 + thick, x1, y1, z1 - thick);
}

/* Pillars between the windows, all the way up. */
static void add_pillars(tdi_mesh_builder *builder, const tier *t)
{
    const float half = 0.22f;
    const float out = 0.28f;
    for (uint32_t i = 0; i <= t->across; i++) {
        float x = t->low[0] + (float)i * TDI_CITY_CELL;
        add_box(builder, x - half, t->low[1], t->high[2] - 0.1f, x + half, t->high[1],
                t->high[2] + out);
        add_box(builder, x - half, t->low[1], t->low[2] - out, x + half, t->high[1],
                t->low[2] + 0.1f);
    }
    for (uint32_t i = 1; i < t->deep; i++) {
        float z = t->low[2] + (float)i * TDI_CITY_CELL;
        add_box(builder, t->high[0] - 0.1f, t->low[1], z - half, t->high[0] + out, t->high[1],
                z + half);
        add_box(builder, t->low[0] - out, t->low[1], z - half, t->low[0] + 0.1f, t->high[1],
                z + half);
    }
}

static void add_bands(tdi_mesh_builder *builder, const tier *t, uint32_t every)
{
    for (uint32_t floor = every; every != 0 && floor < t->floors; floor += every) {
        float y = t->low[1] + (float)floor * TDI_CITY_CELL;
        add_ring(builder, t, y - 0.2f, y + 0.2f, 0.25f, 0.05f);
    }
}

static void add_roof(parts *p, const tier *t)
{
    float x = t->high[0] - t->low[0];
    float z = t->high[2] - t->low[2];
    tdi_quad top = {
        {t->low[0], t->high[1], t->high[2]}, {x, 0, 0}, {0, 0, -z}, 0, 0, x / 16, z / 16};
    tdi_mesh_builder_quad(&p->roof, &top);
    add_ring(&p->trim, t, t->high[1] - 0.5f, t->high[1] + 0.9f, 0.35f, 0.15f);
}

/* Machines and a stairhead on the highest roof. */
static void add_machines(parts *p, const tier *t, uint32_t seed)
{
    float x = (t->low[0] + t->high[0]) / 2;
    float z = (t->low[2] + t->high[2]) / 2;
    float y = t->high[1];
    float across = (t->high[0] - t->low[0]) / 2 - 1.4f;
    float deep = (t->high[2] - t->low[2]) / 2 - 1.4f;
    add_box(&p->trim, x - 1.8f, y, z - 1.5f, x + 1.2f, y + 2.6f, z + 1.5f);
    for (uint32_t i = 0; i < 5; i++) {
        float a = x + across * (2 * tdi_random(i, 2, seed) - 1);
        float b = z + deep * (2 * tdi_random(i, 3, seed) - 1);
        float size = 0.5f + 0.8f * tdi_random(i, 4, seed);
        add_box(&p->machinery, a - size, y, b - 0.7f * size, a + size, y + 0.9f + 0.6f * size,
                b + 0.7f * size);
    }
}

static void add_tank(parts *p, const tier *t)
{
    float x = t->low[0] + 3.2f;
    float z = t->low[2] + 3.2f;
    float y = t->high[1];
    for (int i = 0; i < 4; i++) {
        float a = x + (i % 2 == 0 ? -1.2f : 1.0f);
        float b = z + (i / 2 == 0 ? -1.2f : 1.0f);
        add_box(&p->machinery, a, y, b, a + 0.2f, y + 2.4f, b + 0.2f);
    }
    tdi_cone barrel = {{x, y + 2.4f, z}, 1.9f, 1.8f, 3.2f, 14};
    tdi_cone lid = {{x, y + 5.6f, z}, 2.1f, 0, 1.3f, 14};
    tdi_build_cone(&p->wood, &barrel);
    tdi_build_cone(&p->machinery, &lid);
}

static void add_mast(parts *p, const tier *t)
{
    float x = (t->low[0] + t->high[0]) / 2;
    float z = (t->low[2] + t->high[2]) / 2;
    tdi_cone foot = {{x, t->high[1] + 2.6f, z}, 0.8f, 0.35f, 6, 10};
    tdi_cone mast = {{x, t->high[1] + 8.6f, z}, 0.35f, 0.08f, 12, 8};
    tdi_build_cone(&p->machinery, &foot);
    tdi_build_cone(&p->machinery, &mast);
}

/* Splits a building into tiers that become narrower: the higher it is, the more of them. */
static uint32_t make_tiers(uint32_t across, uint32_t deep, uint32_t floors, float ground,
                           uint32_t seed, tier out[3])
{
    uint32_t count = floors > 22 ? 3 : floors > 10 ? 2 : 1;
    uint32_t left = floors;
    float y = ground;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t here = i + 1 == count ? left : left * (50 + tdi_hash(i, 5, seed) % 20) / 100;
        float x = (float)across * TDI_CITY_CELL / 2;
        float z = (float)deep * TDI_CITY_CELL / 2;
        float top = y + (float)here * TDI_CITY_CELL;
        out[i] = (tier){{-x, y, -z}, {x, top, z}, across, deep, here};
        y = top;
        left -= here;
        across -= across > 3 ? 1 : 0;
        deep -= deep > 3 && (i > 0 || tdi_hash(i, 6, seed) % 2 == 0) ? 1 : 0;
    }
    return count;
}

static void add_ground_floor(parts *p, uint32_t across, uint32_t deep, uint32_t seed)
{
    float x = (float)across * TDI_CITY_CELL / 2;
    float z = (float)deep * TDI_CITY_CELL / 2;
    tier ground = {{-x, 0, -z}, {x, TDI_CITY_SHOP_HEIGHT, z}, across, deep, 1};
    add_walls(&p->shops, &ground, TDI_CITY_SHOPS, 1, seed);
    add_ring(&p->trim, &ground, TDI_CITY_SHOP_HEIGHT - 0.3f, TDI_CITY_SHOP_HEIGHT + 0.25f, 0.4f,
             0.1f);
}

static void add_tier(parts *p, const tdi_city_style *style, const tier *t, uint32_t seed)
{
    add_walls(&p->walls, t, TDI_CITY_CELLS, TDI_CITY_CELLS, seed);
    add_roof(p, t);
    add_bands(&p->trim, t, style->band_every);
    if (style->pillars)
        add_pillars(&p->trim, t);
}

static void finish_part(tdi_stage *stage, tdi_mesh_builder *builder, uint32_t material,
                        const char *name, tdi_city_building *building)
{
    if (builder->index_count > 0 || builder->failed)
        building->meshes[building->mesh_count++] = tdi_stage_mesh(stage, builder, material, name);
}

tdi_city_building tdi_city_make_building(tdi_stage *stage, const tdi_city_materials *materials,
                                         uint32_t style, uint32_t across, uint32_t deep,
                                         uint32_t floors, uint32_t seed)
{
    const tdi_city_style *s = &materials->styles[style];
    parts p = {0};
    tier tiers[3];
    float ground = s->shops ? TDI_CITY_SHOP_HEIGHT : 0;
    uint32_t count = make_tiers(across, deep, floors, ground, seed, tiers);
    if (s->shops)
        add_ground_floor(&p, across, deep, seed);
    for (uint32_t i = 0; i < count; i++)
        add_tier(&p, s, &tiers[i], seed + i);
    const tier *top = &tiers[count - 1];
    add_machines(&p, top, seed);
    if (s->tank)
        add_tank(&p, top);
    if (floors > 26)
        add_mast(&p, top);
    tdi_city_building building = {.style = style,
                                  .width = (float)across * TDI_CITY_CELL,
                                  .depth = (float)deep * TDI_CITY_CELL,
                                  .height = top->high[1]};
    finish_part(stage, &p.walls, s->facade, "walls", &building);
    finish_part(stage, &p.shops, materials->shops, "shops", &building);
    finish_part(stage, &p.trim, s->trim, "trim", &building);
    finish_part(stage, &p.roof, s->roof, "roof", &building);
    finish_part(stage, &p.machinery, materials->machinery, "machinery", &building);
    finish_part(stage, &p.wood, materials->wood, "tank", &building);
    return building;
}
