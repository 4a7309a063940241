#include <math.h>

#include "scene/city.h"
#include "scene/shapes.h"

static void add_box(tdi_mesh_builder *builder, float x0, float y0, float z0, float x1, float y1,
                    float z1)
{
    tdi_build_box(builder, (const float[3]){x0, y0, z0}, (const float[3]){x1, y1, z1});
}

/* A body that is the same along X: the outline in Y and Z, front (-Z) first, convex. */
static void add_profile(tdi_mesh_builder *builder, const float (*outline)[2], uint32_t count,
                        float half_width, float top_inset, float top)
{
    for (uint32_t i = 0; i < count; i++) {
        const float *a = outline[i];
        const float *b = outline[(i + 1) % count];
        float xa = half_width - (a[0] >= top ? top_inset : 0);
        float xb = half_width - (b[0] >= top ? top_inset : 0);
        float dy = b[0] - a[0];
        float dz = b[1] - a[1];
        float length = sqrtf(dy * dy + dz * dz);
        float normal[3] = {0, dz / length, -dy / length};
        uint32_t v[4];
        v[0] = tdi_mesh_builder_vertex(builder, (const float[3]){xa, a[0], a[1]}, normal, 0, 0);
        v[1] = tdi_mesh_builder_vertex(builder, (const float[3]){-xa, a[0], a[1]}, normal, 1, 0);
        v[2] = tdi_mesh_builder_vertex(builder, (const float[3]){-xb, b[0], b[1]}, normal, 1, 1);
        v[3] = tdi_mesh_builder_vertex(builder, (const float[3]){xb, b[0], b[1]}, normal, 0, 1);
        tdi_mesh_builder_triangle(builder, v[0], v[1], v[2]);
        tdi_mesh_builder_triangle(builder, v[0], v[2], v[3]);
    }
    for (int side = -1; side <= 1; side += 2) {
        float normal[3] = {(float)side, 0, 0};
        uint32_t first = (uint32_t)builder->vertex_count;
        for (uint32_t i = 0; i < count; i++) {
            float x = (float)side * (half_width - (outline[i][0] >= top ? top_inset : 0));
            tdi_mesh_builder_vertex(builder, (const float[3]){x, outline[i][0], outline[i][1]},
                                    normal, 0, 0);
        }
        for (uint32_t i = 1; i + 1 < count; i++)
            tdi_mesh_builder_triangle(builder, first, first + (side > 0 ? i : i + 1),
                                      first + (side > 0 ? i + 1 : i));
    }
}

/* A wheel about X: a disc with a rim, 12 corners. */
static void add_wheel(tdi_mesh_builder *builder, float x, float z, float out)
{
    enum { CORNERS = 12 };
    float outline[CORNERS][2];
    for (int i = 0; i < CORNERS; i++) {
        float angle = 6.2831853f * (float)i / CORNERS;
        outline[i][0] = 0.36f + 0.36f * sinf(angle);
        outline[i][1] = z - 0.36f * cosf(angle);
    }
    size_t first = builder->vertex_count;
    add_profile(builder, (const float(*)[2])outline, CORNERS, 0.13f, 0, 10);
    if (builder->failed)
        return;
    for (size_t i = first; i < builder->vertex_count; i++)
        builder->positions[3 * i] += x + out;
}

tdi_city_prop tdi_city_make_car(tdi_stage *stage, const tdi_city_materials *materials,
                                uint32_t paint)
{
    static const float body[8][2] = {{0.35f, -2.15f}, {0.72f, -2.2f}, {0.9f, -1.9f},
                                     {1.0f, -0.9f},   {1.0f, 1.5f},   {0.95f, 2.1f},
                                     {0.7f, 2.2f},    {0.35f, 2.15f}};
    static const float cabin[4][2] = {{0.98f, -0.95f}, {1.5f, -0.2f}, {1.5f, 1.2f}, {0.98f, 1.75f}};
    tdi_mesh_builder paintwork = {0};
    tdi_mesh_builder glass = {0};
    tdi_mesh_builder wheels = {0};
    tdi_mesh_builder front = {0};
    tdi_mesh_builder rear = {0};
    add_profile(&paintwork, body, 8, 0.92f, 0, 10);
    add_box(&paintwork, -0.66f, 1.49f, -0.18f, 0.66f, 1.56f, 1.18f);
    add_profile(&glass, cabin, 4, 0.84f, 0.16f, 1.4f);
    for (int i = 0; i < 4; i++)
        add_wheel(&wheels, i % 2 == 0 ? -0.8f : 0.8f, i / 2 == 0 ? -1.35f : 1.35f,
                  i % 2 == 0 ? -0.03f : 0.03f);
    add_box(&wheels, -0.8f, 0.22f, -2.0f, 0.8f, 0.36f, 2.0f);
    for (int side = -1; side <= 1; side += 2) {
        float x = 0.66f * (float)side;
        add_box(&front, x - 0.16f, 0.58f, -2.22f, x + 0.16f, 0.74f, -2.1f);
        add_box(&rear, x - 0.18f, 0.62f, 2.1f, x + 0.18f, 0.78f, 2.22f);
    }
    return (tdi_city_prop){
        {
            tdi_stage_mesh(stage, &paintwork, materials->car_paint[paint], "car body"),
            tdi_stage_mesh(stage, &glass, materials->car_glass, "car glass"),
            tdi_stage_mesh(stage, &wheels, materials->tyre, "car wheels"),
            tdi_stage_mesh(stage, &front, materials->head_light, "car head lights"),
            tdi_stage_mesh(stage, &rear, materials->tail_light, "car tail lights"),
        },
        5,
    };
}

tdi_city_prop tdi_city_make_lamp(tdi_stage *stage, const tdi_city_materials *materials)
{
    tdi_mesh_builder pole = {0};
    tdi_mesh_builder light = {0};
    tdi_cone foot = {{0, 0, 0}, 0.22f, 0.14f, 0.8f, 8};
    tdi_cone shaft = {{0, 0.8f, 0}, 0.1f, 0.07f, 6.4f, 8};
    tdi_build_cone(&pole, &foot);
    tdi_build_cone(&pole, &shaft);
    add_box(&pole, -0.05f, 7.1f, -0.05f, 1.9f, 7.2f, 0.05f);
    add_box(&pole, 1.2f, 7.18f, -0.18f, 2.1f, 7.28f, 0.18f);
    add_box(&light, 1.25f, 7.08f, -0.14f, 2.05f, 7.18f, 0.14f);
    return (tdi_city_prop){
        {
            tdi_stage_mesh(stage, &pole, materials->metal, "lamp post"),
            tdi_stage_mesh(stage, &light, materials->lamp, "lamp light"),
        },
        2,
    };
}

tdi_city_prop tdi_city_make_bench(tdi_stage *stage, const tdi_city_materials *materials)
{
    tdi_mesh_builder wood = {0};
    tdi_mesh_builder feet = {0};
    for (int i = 0; i < 3; i++) {
        float z = -0.25f + 0.2f * (float)i;
        add_box(&wood, -0.9f, 0.44f, z, 0.9f, 0.49f, z + 0.15f);
        add_box(&wood, -0.9f, 0.6f + 0.2f * (float)i, 0.32f, 0.9f, 0.74f + 0.2f * (float)i, 0.37f);
    }
    for (int side = -1; side <= 1; side += 2) {
        float x = 0.7f * (float)side;
        add_box(&feet, x - 0.05f, 0, -0.22f, x + 0.05f, 0.44f, 0.32f);
        add_box(&feet, x - 0.05f, 0.44f, 0.36f, x + 0.05f, 1.1f, 0.42f);
    }
    return (tdi_city_prop){
        {
            tdi_stage_mesh(stage, &wood, materials->wood, "bench"),
            tdi_stage_mesh(stage, &feet, materials->metal, "bench feet"),
        },
        2,
    };
}

tdi_city_prop tdi_city_make_fountain(tdi_stage *stage, const tdi_city_materials *materials)
{
    tdi_mesh_builder stone = {0};
    tdi_mesh_builder water = {0};
    const uint32_t corners = 32;
    tdi_cone steps = {{0, 0, 0}, 6.2f, 6.0f, 0.25f, corners};
    tdi_cone basin = {{0, 0.25f, 0}, 5.4f, 5.2f, 0.6f, corners};
    tdi_cone pool = {{0, 0.8f, 0}, 4.9f, 4.9f, 0.08f, corners};
    tdi_cone stem = {{0, 0.85f, 0}, 0.7f, 0.4f, 2.2f, 16};
    tdi_cone bowl = {{0, 3.0f, 0}, 0.5f, 2.0f, 0.6f, 24};
    tdi_cone jet = {{0, 3.55f, 0}, 1.8f, 0.1f, 1.6f, 16};
    tdi_build_cone(&stone, &steps);
    tdi_build_cone(&stone, &basin);
    tdi_build_cone(&stone, &stem);
    tdi_build_cone(&stone, &bowl);
    tdi_build_cone(&water, &pool);
    tdi_build_cone(&water, &jet);
    return (tdi_city_prop){
        {
            tdi_stage_mesh(stage, &stone, materials->curb, "fountain"),
            tdi_stage_mesh(stage, &water, materials->water, "fountain water"),
        },
        2,
    };
}
