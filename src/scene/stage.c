#include "scene/stage.h"

#include <math.h>

#define PI 3.14159265358979323846f

void tdi_color(uint32_t hex, float out[3])
{
    out[0] = (float)(hex >> 16 & 255) / 255.0f;
    out[1] = (float)(hex >> 8 & 255) / 255.0f;
    out[2] = (float)(hex & 255) / 255.0f;
}

/* IEC 61966-2-1. */
static float to_linear(float value)
{
    return value <= 0.04045f ? value / 12.92f : powf((value + 0.055f) / 1.055f, 2.4f);
}

static void linear_color(uint32_t hex, float out[3])
{
    tdi_color(hex, out);
    for (int i = 0; i < 3; i++)
        out[i] = to_linear(out[i]);
}

static uint32_t add_material(tdi_stage *stage, const td_material_params *params)
{
    uint32_t material = 0;
    if (stage->result == TD_OK)
        stage->result = td_scene_add_material(stage->scene, params, &material);
    return material;
}

uint32_t tdi_stage_material(tdi_stage *stage, const char *name, uint32_t color, float metallic,
                            float roughness)
{
    td_material_params params;
    td_material_defaults(&params);
    params.name = name;
    linear_color(color, params.base_color);
    params.metallic = metallic;
    params.roughness = roughness;
    return add_material(stage, &params);
}

uint32_t tdi_stage_emissive(tdi_stage *stage, const char *name, uint32_t color)
{
    td_material_params params;
    td_material_defaults(&params);
    params.name = name;
    linear_color(color, params.base_color);
    linear_color(color, params.emissive);
    params.metallic = 0;
    params.roughness = 0.5f;
    return add_material(stage, &params);
}

void tdi_stage_base(const tdi_paint *paint, td_material_params *out)
{
    td_material_defaults(out);
    out->metallic = paint->maps & TDI_MAP_SURFACE ? 1.0f : 0.0f;
    for (int i = 0; i < 3; i++)
        out->emissive[i] = paint->maps & TDI_MAP_EMISSIVE ? 1.0f : 0.0f;
}

uint32_t tdi_stage_paint(tdi_stage *stage, const tdi_paint *paint, const td_material_params *base)
{
    td_material_params defaults;
    tdi_stage_base(paint, &defaults);
    uint32_t material = 0;
    if (stage->result == TD_OK)
        stage->result = tdi_paint_material(stage->scene, paint, base ? base : &defaults, &material);
    return material;
}

uint32_t tdi_stage_mesh(tdi_stage *stage, tdi_mesh_builder *builder, uint32_t material,
                        const char *name)
{
    uint32_t mesh = 0;
    if (stage->result == TD_OK)
        stage->result = tdi_mesh_builder_finish(builder, stage->scene, material, name, &mesh);
    else
        tdi_mesh_builder_free(builder);
    return mesh;
}

uint32_t tdi_stage_node(tdi_stage *stage, uint32_t parent, uint32_t mesh, const tdi_place *place,
                        const char *name)
{
    float scale = place->scale != 0 ? place->scale : 1;
    float c = cosf(place->yaw) * scale;
    float s = sinf(place->yaw) * scale;
    float matrix[16] = {c, 0, -s, 0, 0, scale, 0, 0, s, 0, c, 0, place->x, place->y, place->z, 1};
    td_node_params params = {.parent = parent, .mesh = mesh, .matrix = matrix, .name = name};
    uint32_t node = 0;
    if (stage->result == TD_OK)
        stage->result = td_scene_add_node(stage->scene, &params, &node);
    return node;
}

void tdi_stage_camera(tdi_stage *stage, const char *name, const float eye[3], const float target[3],
                      float fov_degrees)
{
    td_camera camera;
    uint32_t index;
    if (stage->result != TD_OK)
        return;
    stage->result = td_camera_look_at(eye, target, (const float[3]){0, 1, 0}, &camera);
    if (stage->result != TD_OK)
        return;
    camera.fov_y = fov_degrees * PI / 180;
    camera.ortho_height = 0;
    camera.aspect = 0;
    camera.near_plane = 0.5f;
    camera.far_plane = 0;
    stage->result = td_scene_add_camera(stage->scene, &camera, name, &index);
}
