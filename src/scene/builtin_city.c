#include <math.h>

#include "scene/builtin.h"
#include "scene/city.h"
#include "scene/foliage.h"
#include "scene/shapes.h"

/* The plan: square blocks with streets between and around them. The middle is the origin. */
#define BLOCKS      6
#define BLOCK_SIZE  48.0f
#define STREET      16.0f
#define PITCH       (BLOCK_SIZE + STREET)
#define HALF_CITY   ((BLOCKS * PITCH + STREET) / 2)
#define KERB_HEIGHT 0.2f
/* Streets are this long between two crossings, and crossings this wide. */
#define ROAD_LENGTH 40.0f
#define CROSSING    4.0f
/* The park takes two by two blocks. */
#define PARK_FIRST  3
#define PARK_LAST   4
#define PARK_CENTER 64.0f
#define PARK_SIZE   (2 * BLOCK_SIZE + STREET)
#define POND_RADIUS 27.0f
/* Where the towers are. */
#define DOWNTOWN_X (-60.0f)
#define DOWNTOWN_Z (-44.0f)

/* Of all that chance decides. */
#define SEED 7

#define PI 3.14159265358979323846f

enum { MOST_BUILDINGS = 48, TREE_KINDS = 4 };

typedef struct city {
    tdi_stage *stage;
    tdi_city_materials materials;
    tdi_city_building buildings[MOST_BUILDINGS];
    uint32_t building_count;
    tdi_tree trees[TREE_KINDS];
    tdi_city_prop cars[TDI_CITY_PAINTS];
    tdi_city_prop lamp, bench, fountain, billboard;
    uint32_t road, crossing, junction;
    uint32_t kerb, paving, setts;
    uint32_t random; /* how many random numbers were drawn */
} city;

static float draw(city *c)
{
    return tdi_random(c->random++, 0, SEED);
}

static float street_center(uint32_t i)
{
    return -HALF_CITY + STREET / 2 + PITCH * (float)i;
}

static float block_center(uint32_t i)
{
    return street_center(i) + PITCH / 2;
}

static bool is_park(uint32_t i)
{
    return i >= PARK_FIRST && i <= PARK_LAST;
}

static bool is_plaza(uint32_t x, uint32_t z)
{
    return (x == 2 && z == 3) || (x == 4 && z == 1);
}

static uint32_t flat_mesh(city *c, float width, float depth, float texture, uint32_t material,
                          const char *name)
{
    tdi_mesh_builder builder = {0};
    tdi_quad quad = {{-width / 2, 0, depth / 2},
                     {width, 0, 0},
                     {0, 0, -depth},
                     0,
                     0,
                     width / texture,
                     depth / texture};
    tdi_mesh_builder_quad(&builder, &quad);
    return tdi_stage_mesh(c->stage, &builder, material, name);
}

/* A rim of stone round a square of that size. */
static uint32_t kerb_mesh(city *c, float size, const char *name)
{
    const float wide = 0.4f;
    float outer = size / 2;
    float inner = outer - wide;
    float h = KERB_HEIGHT;
    tdi_mesh_builder b = {0};
    tdi_build_box(&b, (const float[3]){-outer, 0, -outer}, (const float[3]){outer, h, -inner});
    tdi_build_box(&b, (const float[3]){-outer, 0, inner}, (const float[3]){outer, h, outer});
    tdi_build_box(&b, (const float[3]){-outer, 0, -inner}, (const float[3]){-inner, h, inner});
    tdi_build_box(&b, (const float[3]){inner, 0, -inner}, (const float[3]){outer, h, inner});
    return tdi_stage_mesh(c->stage, &b, c->materials.curb, name);
}

static void make_ground(city *c)
{
    const tdi_city_materials *m = &c->materials;
    c->road = flat_mesh(c, STREET, ROAD_LENGTH, STREET, m->road, "road");
    c->crossing = flat_mesh(c, STREET, CROSSING, STREET, m->crossing, "crossing");
    c->junction = flat_mesh(c, STREET, STREET, STREET, m->asphalt, "junction");
    c->kerb = kerb_mesh(c, BLOCK_SIZE, "kerb");
    c->paving = flat_mesh(c, BLOCK_SIZE - 0.8f, BLOCK_SIZE - 0.8f, 12, m->paving, "paving");
    c->setts = flat_mesh(c, BLOCK_SIZE - 0.8f, BLOCK_SIZE - 0.8f, 12, m->plaza, "setts");
}

static void make_trees(city *c)
{
    static const tdi_tree_kind kinds[TREE_KINDS] = {
        {"lime tree", 0x7FA043, 0x3C5522, 2.2f, 2.3f, 2.4f, false, 44, 1200},
        {"plane tree", 0x5E8A3A, 0x2E4A20, 2.6f, 2.9f, 2.7f, false, 52, 1300},
        {"cherry tree", 0xE9A9BF, 0x8E5566, 1.7f, 2.2f, 1.9f, false, 46, 1400},
        {"maple tree", 0xD08A35, 0x7C4A1C, 2.2f, 2.4f, 2.3f, false, 46, 1500},
    };
    for (uint32_t i = 0; i < TREE_KINDS; i++)
        c->trees[i] = tdi_make_tree(c->stage, &kinds[i], c->materials.bark);
}

static void add_building(city *c, uint32_t style, uint32_t across, uint32_t deep, float share)
{
    const tdi_city_style *s = &c->materials.styles[style];
    float floors = tdi_mix((float)s->least_floors, (float)s->most_floors, share);
    uint32_t index = c->building_count;
    if (index == MOST_BUILDINGS)
        return;
    c->buildings[index] = tdi_city_make_building(c->stage, &c->materials, style, across, deep,
                                                 (uint32_t)floors, 500 + 10 * index);
    c->building_count++;
}

static void make_buildings(city *c)
{
    static const uint32_t houses[5] = {0, 1, 7, 8, 9};
    static const uint32_t towers[4] = {2, 4, 5, 6};
    static const uint32_t slabs[4] = {3, 5, 9, 2};
    for (uint32_t style = 0; style < TDI_CITY_STYLES; style++) {
        add_building(c, style, 4, 4, 0.2f);
        add_building(c, style, 4, 4, 0.75f);
    }
    for (uint32_t i = 0; i < 5; i++) {
        add_building(c, houses[i], 3, 4, 0.1f);
        add_building(c, houses[i], 3, 4, 0.4f);
    }
    for (uint32_t i = 0; i < 4; i++) {
        add_building(c, towers[i], 7, 6, 1);
        add_building(c, slabs[i], 4, 9, 0.35f);
    }
}

static void make_billboard(city *c)
{
    tdi_mesh_builder frame = {0};
    tdi_mesh_builder screen = {0};
    tdi_build_box(&frame, (const float[3]){-5.2f, 2.0f, -0.3f}, (const float[3]){5.2f, 7.6f, 0.3f});
    tdi_build_box(&frame, (const float[3]){-4, 0, -0.2f}, (const float[3]){-3.6f, 2, 0.2f});
    tdi_build_box(&frame, (const float[3]){3.6f, 0, -0.2f}, (const float[3]){4, 2, 0.2f});
    tdi_quad front = {{-5, 2.2f, 0.34f}, {10, 0, 0}, {0, 5.2f, 0}, 0, 0, 2, 1};
    tdi_quad back = {{5, 2.2f, -0.34f}, {-10, 0, 0}, {0, 5.2f, 0}, 0, 0, 2, 1};
    tdi_mesh_builder_quad(&screen, &front);
    tdi_mesh_builder_quad(&screen, &back);
    c->billboard = (tdi_city_prop){
        {
            tdi_stage_mesh(c->stage, &frame, c->materials.metal, "billboard"),
            tdi_stage_mesh(c->stage, &screen, c->materials.screen, "billboard screen"),
        },
        2,
    };
}

static void make_props(city *c)
{
    for (uint32_t i = 0; i < TDI_CITY_PAINTS; i++)
        c->cars[i] = tdi_city_make_car(c->stage, &c->materials, i);
    c->lamp = tdi_city_make_lamp(c->stage, &c->materials);
    c->bench = tdi_city_make_bench(c->stage, &c->materials);
    c->fountain = tdi_city_make_fountain(c->stage, &c->materials);
    make_billboard(c);
}

static void put_meshes(city *c, const uint32_t *meshes, uint32_t count, uint32_t parent,
                       const tdi_place *place, const char *name)
{
    static const tdi_place here = {0};
    uint32_t node = tdi_stage_node(c->stage, parent, meshes[0], place, name);
    for (uint32_t i = 1; i < count; i++)
        tdi_stage_node(c->stage, node, meshes[i], &here, NULL);
}

static void put_prop(city *c, const tdi_city_prop *prop, uint32_t parent, const tdi_place *place,
                     const char *name)
{
    put_meshes(c, prop->meshes, prop->mesh_count, parent, place, name);
}

/* Lanes lie 2 and 6 m from the middle; who looks along -Z drives on the right. */
static void put_cars(city *c, uint32_t segment)
{
    for (int lane = 0; lane < 4; lane++) {
        float x = -6.0f + 4.0f * (float)lane;
        bool parked = lane == 0 || lane == 3;
        for (int slot = 0; slot < 5; slot++) {
            bool taken = draw(c) < (parked ? 0.26f : 0.13f);
            float z = -16.0f + 8.0f * (float)slot + 2.0f * (draw(c) - 0.5f);
            uint32_t paint = (uint32_t)(draw(c) * TDI_CITY_PAINTS);
            tdi_place place = {.x = x, .z = z, .yaw = x > 0 ? 0 : PI};
            if (taken)
                put_prop(c, &c->cars[paint], segment, &place, "car");
        }
    }
}

static void put_street(city *c, float x, float z, float yaw)
{
    tdi_place middle = {.x = x, .z = z, .yaw = yaw};
    uint32_t segment = tdi_stage_node(c->stage, TD_NONE, c->road, &middle, "street");
    for (int side = -1; side <= 1; side += 2) {
        tdi_place end = {.z = (float)side * (ROAD_LENGTH + CROSSING) / 2};
        tdi_stage_node(c->stage, segment, c->crossing, &end, NULL);
    }
    put_cars(c, segment);
}

static void lay_streets(city *c)
{
    for (uint32_t i = 0; i <= BLOCKS; i++) {
        for (uint32_t j = 0; j <= BLOCKS; j++) {
            bool inside = i == PARK_LAST && is_park(j);
            tdi_place junction = {.x = street_center(i), .z = street_center(j)};
            if (!(i == PARK_LAST && j == PARK_LAST))
                tdi_stage_node(c->stage, TD_NONE, c->junction, &junction, "junction");
            if (j < BLOCKS && !inside) {
                put_street(c, street_center(i), block_center(j), 0);
                put_street(c, block_center(j), street_center(i), PI / 2);
            }
        }
    }
}

/* The building of that footprint whose height suits best; chance has a say. */
static const tdi_city_building *choose_building(city *c, uint32_t across, uint32_t deep, float wish)
{
    const tdi_city_building *best = &c->buildings[0];
    float least = INFINITY;
    for (uint32_t i = 0; i < c->building_count; i++) {
        const tdi_city_building *b = &c->buildings[i];
        if (b->width != (float)across * TDI_CITY_CELL || b->depth != (float)deep * TDI_CITY_CELL)
            continue;
        float badness = (fabsf(b->height - wish) + 6) * (0.25f + draw(c));
        if (badness < least) {
            least = badness;
            best = b;
        }
    }
    return best;
}

static void put_building(city *c, float x, float z, uint32_t across, uint32_t deep, bool turned)
{
    float dx = x - DOWNTOWN_X;
    float dz = z - DOWNTOWN_Z;
    float near = expf(-(dx * dx + dz * dz) / (112.0f * 112.0f));
    float wish = 12 + 14 * draw(c) + 120 * near * (0.55f + 0.6f * draw(c));
    const tdi_city_building *b = choose_building(c, across, deep, wish);
    float yaw = (draw(c) < 0.5f ? 0 : PI) + (turned ? PI / 2 : 0);
    tdi_place place = {.x = x, .y = KERB_HEIGHT, .z = z, .yaw = yaw};
    put_meshes(c, b->meshes, b->mesh_count, TD_NONE, &place, "building");
    bool low = b->height > 18 && b->height < 42 && across == 4 && deep == 4;
    if (low && draw(c) < 0.22f) {
        tdi_place roof = {.x = x, .y = KERB_HEIGHT + b->height + 1, .z = z, .yaw = yaw};
        put_prop(c, &c->billboard, TD_NONE, &roof, "billboard");
    }
}

/* A block's plots: four square ones, six narrow ones, two long ones, or a tower alone. */
static void fill_block(city *c, float x, float z)
{
    float kind = draw(c);
    float dx = x - DOWNTOWN_X;
    float dz = z - DOWNTOWN_Z;
    bool central = dx * dx + dz * dz < 100 * 100;
    if (central && kind < 0.5f) {
        put_building(c, x, z, 7, 6, draw(c) < 0.5f);
        return;
    }
    bool turned = draw(c) < 0.5f;
    if (kind < 0.65f) {
        for (int i = 0; i < 4; i++)
            put_building(c, x + (i % 2 == 0 ? -10.5f : 10.5f), z + (i / 2 == 0 ? -10.5f : 10.5f), 4,
                         4, false);
        return;
    }
    uint32_t across = kind < 0.8f ? 4 : 3;
    uint32_t deep = kind < 0.8f ? 9 : 4;
    int columns = kind < 0.8f ? 2 : 3;
    int rows = kind < 0.8f ? 1 : 2;
    for (int i = 0; i < columns * rows; i++) {
        float a =
            ((float)(i % columns) - (float)(columns - 1) / 2) * (columns == 2 ? 21.0f : 13.4f);
        float b = ((float)(i / columns) - (float)(rows - 1) / 2) * 21.0f;
        put_building(c, x + (turned ? b : a), z + (turned ? a : b), across, deep, turned);
    }
}

static void put_tree(city *c, float x, float z, uint32_t kind)
{
    tdi_place place = {
        .x = x, .y = KERB_HEIGHT, .z = z, .yaw = 2 * PI * draw(c), .scale = 0.8f + 0.5f * draw(c)};
    tdi_plant_tree(c->stage, &c->trees[kind], TD_NONE, &place);
}

/* Trees and lamps along the kerb of a square. */
static void line_street(city *c, float x, float z, float size, uint32_t kind)
{
    float edge = size / 2 - 1.6f;
    int count = (int)(size / 10);
    for (int side = 0; side < 4; side++) {
        float yaw = PI / 2 * (float)side;
        for (int i = 0; i < count; i++) {
            float t = ((float)i + 0.5f - (float)count / 2) * 10;
            float px = x + cosf(yaw) * edge + sinf(yaw) * t;
            float pz = z - sinf(yaw) * edge + cosf(yaw) * t;
            tdi_place lamp = {.x = px, .y = KERB_HEIGHT, .z = pz, .yaw = yaw};
            if (i == count / 2)
                put_prop(c, &c->lamp, TD_NONE, &lamp, "lamp");
            else if (draw(c) < 0.8f)
                put_tree(c, px, pz, kind);
        }
    }
}

static void fill_plaza(city *c, float x, float z)
{
    tdi_place middle = {.x = x, .y = KERB_HEIGHT, .z = z, .scale = 1.2f};
    put_prop(c, &c->fountain, TD_NONE, &middle, "fountain");
    for (int i = 0; i < 8; i++) {
        float angle = PI / 4 * (float)i;
        tdi_place bench = {.x = x + 10.5f * sinf(angle),
                           .y = KERB_HEIGHT,
                           .z = z + 10.5f * cosf(angle),
                           .yaw = angle};
        put_prop(c, &c->bench, TD_NONE, &bench, "bench");
        put_tree(c, x + 15 * sinf(angle + 0.4f), z + 15 * cosf(angle + 0.4f), 2);
    }
}

static void lay_blocks(city *c)
{
    for (uint32_t i = 0; i < BLOCKS * BLOCKS; i++) {
        uint32_t bx = i % BLOCKS;
        uint32_t bz = i / BLOCKS;
        if (is_park(bx) && is_park(bz))
            continue;
        float x = block_center(bx);
        float z = block_center(bz);
        tdi_place ground = {.x = x, .z = z};
        tdi_place top = {.x = x, .y = KERB_HEIGHT, .z = z};
        tdi_stage_node(c->stage, TD_NONE, c->kerb, &ground, "kerb");
        tdi_stage_node(c->stage, TD_NONE, is_plaza(bx, bz) ? c->setts : c->paving, &top, "paving");
        if (is_plaza(bx, bz))
            fill_plaza(c, x, z);
        else
            fill_block(c, x, z);
        line_street(c, x, z, BLOCK_SIZE, (bx + 2 * bz) % 3 == 0 ? 1 : 0);
    }
}

/* The rim of the pond from above: not quite a circle. */
static float pond_radius(float angle)
{
    return POND_RADIUS * (1 + 0.14f * sinf(2 * angle + 0.6f) + 0.07f * sinf(3 * angle + 2));
}

/* A fan or a band that follows the rim of the pond, `inner` and `outer` metres beyond it. */
static uint32_t pond_mesh(city *c, bool fan, float inner, float outer, uint32_t material,
                          const char *name)
{
    enum { CORNERS = 64 };
    static const float up[3] = {0, 1, 0};
    tdi_mesh_builder b = {0};
    for (int i = 0; i <= CORNERS; i++) {
        float angle = 2 * PI * (float)(i % CORNERS) / CORNERS;
        float low = fan ? 0 : pond_radius(angle) + inner;
        float high = pond_radius(angle) + outer;
        for (int k = 0; k < 2; k++) {
            float r = k == 0 ? low : high;
            float position[3] = {r * cosf(angle), 0, -r * sinf(angle)};
            tdi_mesh_builder_vertex(&b, position, up, position[0] / 20, position[2] / 20);
        }
    }
    for (uint32_t i = 0; i < CORNERS; i++) {
        uint32_t a = 2 * i;
        tdi_mesh_builder_triangle(&b, a, a + 1, a + 3);
        if (!fan)
            tdi_mesh_builder_triangle(&b, a, a + 3, a + 2);
    }
    return tdi_stage_mesh(c->stage, &b, material, name);
}

static void plant_park(city *c)
{
    for (int i = 0; i < 210; i++) {
        float x = (draw(c) - 0.5f) * (PARK_SIZE - 14);
        float z = (draw(c) - 0.5f) * (PARK_SIZE - 14);
        float kind = draw(c);
        float beyond = sqrtf(x * x + z * z) - pond_radius(atan2f(-z, x));
        bool on_path = fabsf(x) < 3.5f || fabsf(z) < 3.5f;
        /* Groves and glades. */
        float grove = tdi_fractal_noise(x / PARK_SIZE + 0.5f, z / PARK_SIZE + 0.5f, 4, 2, 77);
        if (beyond < 7 || on_path || grove < 0.42f)
            continue;
        uint32_t which = kind < 0.45f ? 1 : kind < 0.7f ? 0 : kind < 0.86f ? 2 : 3;
        put_tree(c, PARK_CENTER + x, PARK_CENTER + z, which);
    }
}

static void lay_park(city *c)
{
    const tdi_city_materials *m = &c->materials;
    float inside = PARK_SIZE - 0.8f;
    uint32_t meshes[5] = {
        kerb_mesh(c, PARK_SIZE, "park kerb"),
        flat_mesh(c, inside, inside, 14, m->grass, "lawn"),
        flat_mesh(c, 3.2f, inside, 8, m->path, "path"),
        pond_mesh(c, true, 0, 0, m->water, "pond"),
        pond_mesh(c, false, -0.4f, 3.2f, m->path, "bank"),
    };
    static const float heights[5] = {0, KERB_HEIGHT, KERB_HEIGHT + 0.03f, KERB_HEIGHT + 0.09f,
                                     KERB_HEIGHT + 0.12f};
    for (int i = 0; i < 5; i++) {
        tdi_place place = {.x = PARK_CENTER, .y = heights[i], .z = PARK_CENTER};
        tdi_stage_node(c->stage, TD_NONE, meshes[i], &place, "park");
    }
    tdi_place across = {
        .x = PARK_CENTER, .y = KERB_HEIGHT + 0.05f, .z = PARK_CENTER, .yaw = PI / 2};
    tdi_stage_node(c->stage, TD_NONE, meshes[2], &across, "park");
    for (int i = 0; i < 12; i++) {
        float angle = 2 * PI * ((float)i + 0.5f) / 12;
        float r = pond_radius(angle) + 4.4f;
        tdi_place bench = {.x = PARK_CENTER + r * cosf(angle),
                           .y = KERB_HEIGHT,
                           .z = PARK_CENTER - r * sinf(angle),
                           .yaw = angle + PI / 2};
        put_prop(c, &c->bench, TD_NONE, &bench, "bench");
    }
    line_street(c, PARK_CENTER, PARK_CENTER, PARK_SIZE, 1);
    plant_park(c);
}

static void lay_foundation(city *c)
{
    tdi_mesh_builder builder = {0};
    float half = HALF_CITY + 3;
    tdi_build_box(&builder, (const float[3]){-half, -7, -half},
                  (const float[3]){half, -0.04f, half});
    uint32_t mesh = tdi_stage_mesh(c->stage, &builder, c->materials.base, "foundation");
    tdi_stage_node(c->stage, TD_NONE, mesh, &(const tdi_place){0}, "foundation");
}

void tdi_builtin_city(tdi_stage *stage)
{
    city c = {.stage = stage};
    tdi_city_make_materials(stage, &c.materials);
    make_ground(&c);
    make_trees(&c);
    make_buildings(&c);
    make_props(&c);
    lay_foundation(&c);
    lay_streets(&c);
    lay_blocks(&c);
    lay_park(&c);
    tdi_stage_camera(stage, "overview", (const float[3]){262, 140, 318},
                     (const float[3]){-14, 24, -8}, 38);
    tdi_stage_camera(stage, "street", (const float[3]){4.2f, 4, 186}, (const float[3]){-14, 24, 0},
                     55);
    tdi_stage_camera(stage, "park", (const float[3]){128, 30, 132}, (const float[3]){20, 26, 6},
                     50);
}
