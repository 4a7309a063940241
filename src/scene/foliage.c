#include "scene/foliage.h"

#include <math.h>

#include "scene/shapes.h"

#define PI 3.14159265358979323846f

enum { LEAF_SPOTS = 7 };

/* Leaves on a card: ellipses on a jittered grid, with gaps between them. */
static void paint_leaves(const void *user, float u, float v, tdi_texel *out)
{
    const tdi_tree_kind *kind = user;
    float color[3];
    tdi_color(kind->leaf_color, color);
    float cover = 0;
    float shade = 0;
    for (int k = 0; k < 9; k++) {
        int i = (int)(u * LEAF_SPOTS) + k % 3 - 1;
        int j = (int)(v * LEAF_SPOTS) + k / 3 - 1;
        uint32_t ix = (uint32_t)(i + LEAF_SPOTS) % LEAF_SPOTS;
        uint32_t iy = (uint32_t)(j + LEAF_SPOTS) % LEAF_SPOTS;
        float x = u * LEAF_SPOTS - (float)i - 0.3f - 0.4f * tdi_random(ix, iy, kind->seed);
        float y = v * LEAF_SPOTS - (float)j - 0.3f - 0.4f * tdi_random(ix, iy, kind->seed + 1);
        float turn = PI * tdi_random(ix, iy, kind->seed + 2);
        float along = x * cosf(turn) + y * sinf(turn);
        float across = (y * cosf(turn) - x * sinf(turn)) * (kind->conifer ? 3.2f : 1.7f);
        float inside = 1 - sqrtf(along * along + across * across) / 0.72f;
        if (inside > cover) {
            cover = inside;
            shade = 0.72f + 0.4f * tdi_random(ix, iy, kind->seed + 3);
        }
    }
    float radius = sqrtf((u - 0.5f) * (u - 0.5f) + (v - 0.5f) * (v - 0.5f));
    for (int c = 0; c < 3; c++)
        out->color[c] = color[c] * (shade > 0 ? shade : 0.8f);
    /* Ragged towards the rim, so that no card shows its square. */
    out->alpha = tdi_smooth(0.0f, 0.12f, cover - tdi_smooth(0.36f, 0.5f, radius) * 0.9f);
}

static uint32_t leaf_material(tdi_stage *stage, const tdi_tree_kind *kind)
{
    tdi_paint paint = {kind->name, paint_leaves, kind, 128, TDI_MAP_COLOR};
    td_material_params base;
    tdi_stage_base(&paint, &base);
    base.alpha_mode = TD_ALPHA_MASK;
    base.alpha_cutoff = 0.4f;
    base.double_sided = true;
    base.roughness = 0.85f;
    return tdi_stage_paint(stage, &paint, &base);
}

static void paint_bark(const void *user, float u, float v, tdi_texel *out)
{
    (void)user;
    static const float dark[3] = {0.22f, 0.16f, 0.11f};
    static const float light[3] = {0.46f, 0.36f, 0.26f};
    float warp = tdi_fractal_noise(u, v, 4, 3, 900);
    float ridge = tdi_noise(u, fmodf(v * 0.25f + 0.1f * warp, 1.0f), 24, 901);
    float t = 0.6f * ridge + 0.4f * tdi_fractal_noise(u, v, 8, 4, 902);
    tdi_mix_color(dark, light, t, out->color);
    out->height = 4 * t;
    out->roughness = 0.95f;
}

uint32_t tdi_make_bark(tdi_stage *stage)
{
    tdi_paint paint = {"bark", paint_bark, NULL, 128, TDI_MAP_COLOR | TDI_MAP_NORMAL};
    return tdi_stage_paint(stage, &paint, NULL);
}

/* A direction from the middle of the crown: evenly over the sphere, from two random numbers. */
static void card_direction(float a, float b, float out[3])
{
    float y = 1 - 2 * a;
    float across = sqrtf(1 - y * y);
    out[0] = across * cosf(2 * PI * b);
    out[1] = y;
    out[2] = across * sinf(2 * PI * b);
}

/* Where card `i` hangs, and the normal that its leaves are lit by: that of the crown, which makes
 * many flat cards look like one round thing. */
static float card_position(const tdi_tree_kind *kind, uint32_t i, float position[3],
                           float normal[3])
{
    float a = ((float)i + 0.5f) / (float)kind->cards;
    float b = (float)i * 0.61803399f + 0.15f * tdi_random(i, 0, kind->seed + 7);
    if (kind->conifer) {
        float taper = 1 - 0.92f * a;
        float radius = kind->crown_radius * taper * 0.62f;
        position[0] = radius * cosf(2 * PI * b);
        position[1] = kind->trunk_height + 2 * kind->crown_height * a;
        position[2] = radius * sinf(2 * PI * b);
        normal[0] = 0.85f * cosf(2 * PI * b);
        normal[1] = 0.53f;
        normal[2] = 0.85f * sinf(2 * PI * b);
        return kind->crown_radius * (0.28f + 0.62f * taper);
    }
    float depth = 0.62f + 0.3f * tdi_random(i, 1, kind->seed + 7);
    card_direction(a, b, normal);
    position[0] = kind->crown_radius * depth * normal[0];
    position[1] = kind->trunk_height + kind->crown_height * (1 + depth * normal[1]);
    position[2] = kind->crown_radius * depth * normal[2];
    return kind->crown_radius * (0.62f + 0.25f * tdi_random(i, 2, kind->seed + 7));
}

static void add_card(tdi_mesh_builder *builder, const tdi_tree_kind *kind, uint32_t i)
{
    float at[3];
    float normal[3];
    float size = card_position(kind, i, at, normal);
    float right[3];
    float up[3];
    float facing[3];
    card_direction(tdi_random(i, 3, kind->seed + 7), tdi_random(i, 4, kind->seed + 7), facing);
    for (int c = 0; c < 3; c++)
        facing[c] = 0.65f * facing[c] + normal[c];
    float length = sqrtf(facing[0] * facing[0] + facing[2] * facing[2]) + 1e-4f;
    right[0] = facing[2] / length;
    right[1] = 0;
    right[2] = -facing[0] / length;
    up[0] = facing[1] * right[2];
    up[1] = facing[2] * right[0] - facing[0] * right[2];
    up[2] = -facing[1] * right[0];
    length = sqrtf(up[0] * up[0] + up[1] * up[1] + up[2] * up[2]) + 1e-4f;
    uint32_t corner[4];
    for (int k = 0; k < 4; k++) {
        float x = (k == 1 || k == 2 ? 0.5f : -0.5f) * size;
        float y = (k >= 2 ? 0.5f : -0.5f) * size;
        float position[3];
        for (int c = 0; c < 3; c++)
            position[c] = at[c] + x * right[c] + y * up[c] / length;
        corner[k] = tdi_mesh_builder_vertex(builder, position, normal, k == 1 || k == 2 ? 1 : 0,
                                            k >= 2 ? 0 : 1);
    }
    tdi_mesh_builder_triangle(builder, corner[0], corner[1], corner[2]);
    tdi_mesh_builder_triangle(builder, corner[0], corner[2], corner[3]);
}

static void add_core(tdi_mesh_builder *builder, const tdi_tree_kind *kind)
{
    if (kind->conifer) {
        tdi_cone cone = {{0, kind->trunk_height * 0.9f, 0},
                         kind->crown_radius * 0.62f,
                         0,
                         2 * kind->crown_height,
                         9};
        tdi_build_cone(builder, &cone);
        return;
    }
    size_t first = builder->vertex_count;
    tdi_build_sphere(builder, (const float[3]){0, 0, 0}, 1, 6, 9);
    if (builder->failed)
        return;
    float stretch = kind->crown_height / kind->crown_radius;
    for (size_t i = first; i < builder->vertex_count; i++) {
        float *p = builder->positions + 3 * i;
        float lump = 0.74f * kind->crown_radius;
        p[0] *= lump;
        p[1] = kind->trunk_height + kind->crown_height + p[1] * lump * stretch;
        p[2] *= lump;
    }
}

tdi_tree tdi_make_tree(tdi_stage *stage, const tdi_tree_kind *kind, uint32_t bark)
{
    tdi_mesh_builder trunk = {0};
    tdi_mesh_builder core = {0};
    tdi_mesh_builder leaves = {0};
    float thick = 0.07f * kind->crown_radius + 0.08f;
    tdi_cone cone = {{0, -0.3f, 0},
                     thick * 1.3f,
                     thick * 0.6f,
                     kind->trunk_height + 0.5f * kind->crown_height + 0.3f,
                     7};
    tdi_build_cone(&trunk, &cone);
    add_core(&core, kind);
    for (uint32_t i = 0; i < kind->cards; i++)
        add_card(&leaves, kind, i);
    uint32_t inside = tdi_stage_material(stage, kind->name, kind->core_color, 0, 1);
    uint32_t material = leaf_material(stage, kind);
    return (tdi_tree){
        .trunk = tdi_stage_mesh(stage, &trunk, bark, "trunk"),
        .core = tdi_stage_mesh(stage, &core, inside, "crown"),
        .leaves = tdi_stage_mesh(stage, &leaves, material, "leaves"),
    };
}

void tdi_plant_tree(tdi_stage *stage, const tdi_tree *tree, uint32_t parent, const tdi_place *place)
{
    static const tdi_place here = {0};
    uint32_t node = tdi_stage_node(stage, parent, tree->trunk, place, "tree");
    tdi_stage_node(stage, node, tree->core, &here, NULL);
    tdi_stage_node(stage, node, tree->leaves, &here, NULL);
}
