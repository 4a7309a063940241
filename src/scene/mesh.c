#include "scene/mesh.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/cluster.h"
#include "scene/material.h"
#include "scene/matrix.h"

static void bound_mesh(const tdi_geometry *geometry, uint32_t first_vertex, tdi_mesh *mesh)
{
    for (int axis = 0; axis < 3; axis++) {
        mesh->bounds_min[axis] = INFINITY;
        mesh->bounds_max[axis] = -INFINITY;
    }
    for (size_t i = first_vertex; i < geometry->vertex_count; i++) {
        for (int axis = 0; axis < 3; axis++) {
            float value = geometry->positions[3 * i + axis];
            if (value < mesh->bounds_min[axis])
                mesh->bounds_min[axis] = value;
            if (value > mesh->bounds_max[axis])
                mesh->bounds_max[axis] = value;
        }
    }
}

/* The default material, if it is needed, is made before anything is appended. */
static td_result place_pieces(td_scene *scene, const tdi_geometry *pieces, size_t count)
{
    uint32_t default_material = TD_NONE;
    for (size_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < pieces[i].surface_count; j++) {
            if (pieces[i].surfaces[j].material == TD_NONE)
                TDI_TRY(tdi_scene_default_material(scene, &default_material));
        }
    }
    tdi_geometry *geometry = &scene->geometry;
    TDI_TRY(tdi_geometry_reserve(geometry, pieces, count));
    uint32_t first_surface = geometry->surface_count;
    for (size_t i = 0; i < count; i++)
        tdi_geometry_place(geometry, &pieces[i]);
    for (uint32_t i = first_surface; i < geometry->surface_count; i++) {
        struct tdi_surface *surface = &geometry->surfaces[i];
        if (surface->material == TD_NONE)
            surface->material = default_material;
        surface->flags = scene->materials[surface->material].data.surface_flags;
    }
    return TD_OK;
}

td_result tdi_scene_append_mesh(td_scene *scene, const char *name, const tdi_geometry *pieces,
                                size_t count, uint32_t *mesh_index)
{
    const tdi_geometry *geometry = &scene->geometry;
    uint32_t first_cluster = geometry->cluster_count;
    uint32_t first_surface = geometry->surface_count;
    uint32_t first_triangle = geometry->triangle_count;
    uint32_t first_vertex = geometry->vertex_count;
    tdi_mesh *mesh;
    TDI_TRY(tdi_scene_new_mesh(scene, name, &mesh));
    td_result result = place_pieces(scene, pieces, count);
    if (result != TD_OK) {
        tdi_free(mesh->name);
        scene->mesh_count--;
        return result;
    }
    mesh->first_cluster = first_cluster;
    mesh->cluster_count = geometry->cluster_count - first_cluster;
    mesh->first_surface = first_surface;
    mesh->surface_count = geometry->surface_count - first_surface;
    mesh->triangle_count = geometry->triangle_count - first_triangle;
    bound_mesh(geometry, first_vertex, mesh);
    tdi_scene_changed(scene);
    *mesh_index = scene->mesh_count - 1;
    return TD_OK;
}

static td_result check_finite(const float *values, uint32_t count, unsigned width, const char *name)
{
    if (values == NULL)
        return TD_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (!tdi_all_finite(values + (size_t)i * width, width))
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_scene_add_mesh: %s[%u] has a value that is not finite", name, i);
    }
    return TD_OK;
}

static td_result check_indices(const td_mesh_params *params)
{
    uint32_t corners = params->indices != NULL ? params->index_count : params->vertex_count;
    if (corners == 0 || corners % 3 != 0)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_mesh: %u corners do not make whole triangles", corners);
    if (params->indices == NULL)
        return TD_OK;
    for (uint32_t i = 0; i < params->index_count; i++) {
        if (params->indices[i] >= params->vertex_count)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_scene_add_mesh: indices[%u] is %u, but there are %u vertices", i,
                            params->indices[i], params->vertex_count);
    }
    return TD_OK;
}

static td_result check_params(const td_scene *scene, const td_mesh_params *params)
{
    if (scene == NULL || params == NULL || params->positions == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_mesh: the scene, the parameters or the positions are NULL");
    if (params->vertex_count < 3)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_mesh: %u vertices, but 3 are needed",
                        params->vertex_count);
    if (params->material != TD_NONE && params->material >= scene->material_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_mesh: material %u does not exist; the scene has %u",
                        params->material, scene->material_count);
    TDI_TRY(check_indices(params));
    TDI_TRY(check_finite(params->positions, params->vertex_count, 3, "positions"));
    TDI_TRY(check_finite(params->normals, params->vertex_count, 3, "normals"));
    TDI_TRY(check_finite(params->tangents, params->vertex_count, 4, "tangents"));
    TDI_TRY(check_finite(params->texcoords, params->vertex_count, 2, "texcoords"));
    TDI_TRY(check_finite(params->texcoords1, params->vertex_count, 2, "texcoords1"));
    return check_finite(params->colors, params->vertex_count, 4, "colors");
}

static td_result copy_stream(const float *values, uint32_t count, size_t width, float **out)
{
    if (values == NULL)
        return TD_OK;
    *out = tdi_alloc_zero(count, width * sizeof(float));
    if (*out == NULL)
        return TD_ERROR_HOST_MEMORY;
    memcpy(*out, values, count * width * sizeof(float));
    return TD_OK;
}

static td_result copy_indices(const td_mesh_params *params, tdi_primitive *primitive)
{
    uint32_t count = params->indices != NULL ? params->index_count : params->vertex_count;
    primitive->indices = tdi_alloc_zero(count, sizeof(uint32_t));
    if (primitive->indices == NULL)
        return TD_ERROR_HOST_MEMORY;
    primitive->index_count = count;
    for (uint32_t i = 0; i < count; i++)
        primitive->indices[i] = params->indices != NULL ? params->indices[i] : i;
    return TD_OK;
}

/* What was made before a failure is left in `primitive` for the caller to free. */
static td_result copy_arrays(const td_mesh_params *params, tdi_primitive *primitive)
{
    uint32_t count = params->vertex_count;
    primitive->vertex_count = count;
    TDI_TRY(copy_stream(params->positions, count, 3, &primitive->positions));
    TDI_TRY(copy_stream(params->normals, count, 3, &primitive->normals));
    TDI_TRY(copy_stream(params->tangents, count, 4, &primitive->tangents));
    TDI_TRY(copy_stream(params->texcoords, count, 2, &primitive->texcoords[0]));
    TDI_TRY(copy_stream(params->texcoords1, count, 2, &primitive->texcoords[1]));
    TDI_TRY(copy_stream(params->colors, count, 4, &primitive->colors));
    TDI_TRY(copy_indices(params, primitive));
    return primitive->normals == NULL ? tdi_primitive_flatten(primitive) : TD_OK;
}

static td_result add_primitive(td_scene *scene, const char *name, uint32_t material,
                               tdi_primitive *primitive, uint32_t *mesh)
{
    tdi_geometry piece = {0};
    uint32_t index = TD_NONE;
    td_result result = tdi_cluster_primitive(primitive, &piece);
    tdi_primitive_free(primitive);
    if (result == TD_OK) {
        piece.surfaces[0].material = material;
        result = tdi_scene_append_mesh(scene, name, &piece, 1, &index);
    }
    tdi_geometry_free(&piece);
    if (result == TD_OK && mesh != NULL)
        *mesh = index;
    return result;
}

td_result td_scene_add_mesh(td_scene *scene, const td_mesh_params *params, uint32_t *mesh)
{
    TDI_TRY(check_params(scene, params));
    tdi_primitive primitive = {0};
    td_result result = copy_arrays(params, &primitive);
    if (result == TD_OK)
        result = add_primitive(scene, params->name, params->material, &primitive, mesh);
    tdi_primitive_free(&primitive);
    return result;
}

td_result tdi_scene_take_mesh(td_scene *scene, const char *name, uint32_t material,
                              tdi_primitive *primitive, uint32_t *mesh)
{
    const td_mesh_params params = {
        .positions = primitive->positions,
        .normals = primitive->normals,
        .texcoords = primitive->texcoords[0],
        .indices = primitive->indices,
        .vertex_count = primitive->vertex_count,
        .index_count = primitive->index_count,
        .material = material,
    };
    td_result result = check_params(scene, &params);
    if (result == TD_OK)
        result = add_primitive(scene, name, material, primitive, mesh);
    tdi_primitive_free(primitive);
    return result;
}
