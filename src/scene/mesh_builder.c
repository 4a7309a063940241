#include "scene/mesh_builder.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/mesh.h"

void tdi_mesh_builder_reserve(tdi_mesh_builder *builder, size_t vertices, size_t indices)
{
    tdi_mesh_builder *b = builder;
    size_t count = b->vertex_count + vertices;
    if (b->failed)
        return;
    b->failed =
        tdi_grow((void **)&b->positions, &b->position_capacity, count, 3 * sizeof(float)) !=
            TD_OK ||
        tdi_grow((void **)&b->normals, &b->normal_capacity, count, 3 * sizeof(float)) != TD_OK ||
        tdi_grow((void **)&b->texcoords, &b->texcoord_capacity, count, 2 * sizeof(float)) !=
            TD_OK ||
        tdi_grow((void **)&b->indices, &b->index_capacity, b->index_count + indices,
                 sizeof(uint32_t)) != TD_OK;
}

uint32_t tdi_mesh_builder_vertex(tdi_mesh_builder *builder, const float position[3],
                                 const float normal[3], float u, float v)
{
    tdi_mesh_builder_reserve(builder, 1, 0);
    if (builder->failed)
        return 0;
    size_t index = builder->vertex_count++;
    memcpy(builder->positions + 3 * index, position, 3 * sizeof(float));
    memcpy(builder->normals + 3 * index, normal, 3 * sizeof(float));
    builder->texcoords[2 * index] = u;
    builder->texcoords[2 * index + 1] = v;
    return (uint32_t)index;
}

void tdi_mesh_builder_triangle(tdi_mesh_builder *builder, uint32_t a, uint32_t b, uint32_t c)
{
    tdi_mesh_builder_reserve(builder, 0, 3);
    if (builder->failed)
        return;
    uint32_t *indices = builder->indices + builder->index_count;
    indices[0] = a;
    indices[1] = b;
    indices[2] = c;
    builder->index_count += 3;
}

static void find_normal(const float right[3], const float up[3], float out[3])
{
    out[0] = right[1] * up[2] - right[2] * up[1];
    out[1] = right[2] * up[0] - right[0] * up[2];
    out[2] = right[0] * up[1] - right[1] * up[0];
    float length = sqrtf(out[0] * out[0] + out[1] * out[1] + out[2] * out[2]);
    for (int i = 0; i < 3; i++)
        out[i] = length > 0 ? out[i] / length : 0;
}

void tdi_mesh_builder_quad(tdi_mesh_builder *builder, const tdi_quad *quad)
{
    float normal[3];
    find_normal(quad->right, quad->up, normal);
    uint32_t corners[4];
    for (int i = 0; i < 4; i++) {
        float x = i == 1 || i == 2 ? 1.0f : 0.0f;
        float y = i >= 2 ? 1.0f : 0.0f;
        float position[3];
        for (int axis = 0; axis < 3; axis++)
            position[axis] = quad->corner[axis] + x * quad->right[axis] + y * quad->up[axis];
        corners[i] = tdi_mesh_builder_vertex(builder, position, normal, x > 0 ? quad->u1 : quad->u0,
                                             y > 0 ? quad->v0 : quad->v1);
    }
    tdi_mesh_builder_triangle(builder, corners[0], corners[1], corners[2]);
    tdi_mesh_builder_triangle(builder, corners[0], corners[2], corners[3]);
}

td_result tdi_mesh_builder_finish(tdi_mesh_builder *builder, td_scene *scene, uint32_t material,
                                  const char *name, uint32_t *mesh)
{
    td_result result = TD_ERROR_HOST_MEMORY;
    if (!builder->failed) {
        tdi_primitive primitive = {
            .positions = builder->positions,
            .normals = builder->normals,
            .texcoords = {builder->texcoords},
            .indices = builder->indices,
            .vertex_count = (uint32_t)builder->vertex_count,
            .index_count = (uint32_t)builder->index_count,
        };
        *builder = (tdi_mesh_builder){0};
        result = tdi_scene_take_mesh(scene, name, material, &primitive, mesh);
    }
    tdi_mesh_builder_free(builder);
    return result;
}

void tdi_mesh_builder_free(tdi_mesh_builder *builder)
{
    tdi_free(builder->positions);
    tdi_free(builder->normals);
    tdi_free(builder->texcoords);
    tdi_free(builder->indices);
    *builder = (tdi_mesh_builder){0};
}
