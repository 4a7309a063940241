#include "scene/flat.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/matrix.h"
#include "scene/node.h"
#include "scene/scene.h"

void tdi_flat_free_lists(tdi_flat *flat)
{
    tdi_free(flat->worlds);
    tdi_free(flat->order);
    tdi_free(flat->instances);
    tdi_free(flat->sources);
    tdi_free(flat->cluster_instances);
    *flat = (tdi_flat){0};
}

static uint32_t instances_of(const tdi_node *node)
{
    if (node->mesh == TD_NONE)
        return 0;
    return node->placed ? node->placement_count : 1;
}

/* Counts what will be drawn, so that the lists can be made in one piece. */
static td_result count_flat(const td_scene *scene, tdi_flat *flat)
{
    uint64_t instances = 0;
    uint64_t clusters = 0;
    flat->order_count = 0;
    flat->triangle_count = 0;
    for (uint32_t node = scene->first_root; node != TD_NONE; node = tdi_node_next(scene, node)) {
        flat->order_count++;
        uint32_t copies = instances_of(&scene->nodes[node]);
        if (copies == 0)
            continue;
        const tdi_mesh *mesh = &scene->meshes[scene->nodes[node].mesh];
        instances += mesh->cluster_count > 0 ? copies : 0;
        clusters += (uint64_t)copies * mesh->cluster_count;
        flat->triangle_count += (uint64_t)copies * mesh->triangle_count;
    }
    if (clusters > UINT64_C(1) << TDI_CLUSTER_BITS)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "scene %s draws %llu clusters of at most %d triangles, but at most %u can "
                        "be told apart; use fewer instances or fewer triangles",
                        scene->name, (unsigned long long)clusters, TDI_CLUSTER_TRIANGLES,
                        1u << TDI_CLUSTER_BITS);
    flat->instance_count = (uint32_t)instances;
    flat->cluster_instance_count = (uint32_t)clusters;
    return TD_OK;
}

static td_result make_lists(const td_scene *scene, tdi_flat *flat)
{
    flat->worlds = tdi_alloc_zero(scene->node_count, 16 * sizeof(float));
    flat->order = tdi_alloc_zero(flat->order_count, sizeof *flat->order);
    flat->instances = tdi_alloc_zero(flat->instance_count, sizeof *flat->instances);
    flat->sources = tdi_alloc_zero(flat->instance_count, sizeof *flat->sources);
    flat->cluster_instances =
        tdi_alloc_zero(flat->cluster_instance_count, sizeof *flat->cluster_instances);
    if (flat->worlds == NULL || flat->order == NULL || flat->instances == NULL ||
        flat->sources == NULL || flat->cluster_instances == NULL)
        return TD_ERROR_HOST_MEMORY;
    return TD_OK;
}

typedef struct tdi_flat_cursor {
    uint32_t instance;
    uint32_t cluster_instance;
} tdi_flat_cursor;

static void append_instance(const td_scene *scene, tdi_flat *flat, uint32_t node,
                            uint32_t placement, tdi_flat_cursor *cursor)
{
    uint32_t instance = cursor->instance++;
    uint32_t mesh_index = scene->nodes[node].mesh;
    const tdi_mesh *mesh = &scene->meshes[mesh_index];
    flat->instances[instance].object_id = scene->nodes[node].object_id;
    flat->sources[instance] =
        (tdi_instance_source){.node = node, .mesh = mesh_index, .placement = placement};
    for (uint32_t i = 0; i < mesh->cluster_count; i++)
        flat->cluster_instances[cursor->cluster_instance++] =
            (struct tdi_cluster_instance){.instance = instance, .cluster = mesh->first_cluster + i};
}

static void fill_lists(const td_scene *scene, tdi_flat *flat)
{
    tdi_flat_cursor cursor = {0};
    uint32_t position = 0;
    for (uint32_t node = scene->first_root; node != TD_NONE; node = tdi_node_next(scene, node)) {
        const tdi_node *entry = &scene->nodes[node];
        flat->order[position++] = node;
        uint32_t copies = instances_of(entry);
        if (copies == 0 || scene->meshes[entry->mesh].cluster_count == 0)
            continue;
        for (uint32_t i = 0; i < copies; i++)
            append_instance(scene, flat, node, entry->placed ? entry->first_placement + i : TD_NONE,
                            &cursor);
    }
}

/* Makes the lists anew; on failure scene->flat is as it was. */
static td_result rebuild_lists(const td_scene *scene)
{
    tdi_flat fresh = {0};
    td_result result = count_flat(scene, &fresh);
    if (result == TD_OK)
        result = make_lists(scene, &fresh);
    if (result != TD_OK) {
        tdi_flat_free_lists(&fresh);
        return result;
    }
    fill_lists(scene, &fresh);
    fresh.structure_revision = scene->structure_revision;
    tdi_flat_free_lists(scene->flat);
    *scene->flat = fresh;
    return TD_OK;
}

static void compute_worlds(const td_scene *scene, tdi_flat *flat)
{
    for (uint32_t i = 0; i < flat->order_count; i++) {
        uint32_t index = flat->order[i];
        const tdi_node *node = &scene->nodes[index];
        float *world = flat->worlds + (size_t)16 * index;
        if (node->parent == TD_NONE)
            memcpy(world, node->local, 16 * sizeof(float));
        else
            tdi_matrix_multiply(flat->worlds + (size_t)16 * node->parent, node->local, world);
    }
}

static void instance_matrix(const td_scene *scene, const tdi_instance_source *source,
                            float matrix[16])
{
    if (scene->nodes[source->node].world_space)
        tdi_matrix_identity(matrix);
    else
        memcpy(matrix, scene->flat->worlds + (size_t)16 * source->node, 16 * sizeof(float));
    if (source->placement != TD_NONE)
        tdi_matrix_multiply(matrix, scene->placements + (size_t)16 * source->placement, matrix);
}

static void compute_instances(const td_scene *scene, tdi_flat *flat)
{
    for (uint32_t i = 0; i < flat->instance_count; i++) {
        struct tdi_instance *instance = &flat->instances[i];
        float matrix[16];
        instance_matrix(scene, &flat->sources[i], matrix);
        for (int row = 0; row < 3; row++) {
            for (int column = 0; column < 4; column++)
                instance->rows[4 * row + column] = matrix[4 * column + row];
        }
        instance->flags = tdi_matrix_determinant(matrix) < 0.0 ? TDI_INSTANCE_MIRRORED : 0;
    }
}

typedef struct tdi_box {
    float lowest[3];
    float highest[3];
} tdi_box;

static float transform_axis(const float *row, const float *point)
{
    return row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + row[3];
}

/* True if a box (centre and half size, object space) lies inside `world` after the transform. */
static bool box_is_inside(const float rows[12], const float center[3], const float extent[3],
                          const tdi_box *world)
{
    for (int axis = 0; axis < 3; axis++) {
        const float *row = rows + 4 * axis;
        float middle = transform_axis(row, center);
        float reach =
            fabsf(row[0]) * extent[0] + fabsf(row[1]) * extent[1] + fabsf(row[2]) * extent[2];
        if (middle - reach < world->lowest[axis] || middle + reach > world->highest[axis])
            return false;
    }
    return true;
}

static void extend_by_cluster(const td_scene *scene, const float rows[12],
                              const struct tdi_cluster *cluster, tdi_box *world)
{
    const float *positions = scene->geometry.positions + (size_t)3 * cluster->first_vertex;
    uint32_t count = cluster->counts >> 8;
    for (size_t i = 0; i < count; i++) {
        for (int axis = 0; axis < 3; axis++) {
            float value = transform_axis(rows + 4 * axis, positions + 3 * i);
            if (value < world->lowest[axis])
                world->lowest[axis] = value;
            if (value > world->highest[axis])
                world->highest[axis] = value;
        }
    }
}

static void extend_by_instance(const td_scene *scene, uint32_t index, tdi_box *world)
{
    const float *rows = scene->flat->instances[index].rows;
    const tdi_mesh *mesh = &scene->meshes[scene->flat->sources[index].mesh];
    float center[3], extent[3];
    for (int axis = 0; axis < 3; axis++) {
        center[axis] = 0.5f * mesh->bounds_min[axis] + 0.5f * mesh->bounds_max[axis];
        extent[axis] = 0.5f * mesh->bounds_max[axis] - 0.5f * mesh->bounds_min[axis];
    }
    if (box_is_inside(rows, center, extent, world))
        return;
    for (uint32_t i = 0; i < mesh->cluster_count; i++) {
        const struct tdi_cluster *cluster = &scene->geometry.clusters[mesh->first_cluster + i];
        if (!box_is_inside(rows, cluster->center, cluster->extent, world))
            extend_by_cluster(scene, rows, cluster, world);
    }
}

/* The box of the vertices, not of boxes, so that turned objects do not make it larger. Only
 * clusters that can reach out of what is known so far are looked at in detail. */
static void compute_bounds(const td_scene *scene, tdi_flat *flat)
{
    tdi_box world = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
    for (uint32_t i = 0; i < flat->instance_count; i++)
        extend_by_instance(scene, i, &world);
    if (!tdi_all_finite(world.lowest, 3) || !tdi_all_finite(world.highest, 3))
        world = (tdi_box){0};
    memcpy(flat->bounds_min, world.lowest, sizeof flat->bounds_min);
    memcpy(flat->bounds_max, world.highest, sizeof flat->bounds_max);
}

static td_result update_locked(const td_scene *scene)
{
    tdi_flat *flat = scene->flat;
    if (flat->structure_revision != scene->structure_revision)
        TDI_TRY(rebuild_lists(scene));
    if (flat->transform_revision == scene->transform_revision)
        return TD_OK;
    compute_worlds(scene, flat);
    compute_instances(scene, flat);
    compute_bounds(scene, flat);
    flat->transform_revision = scene->transform_revision;
    return TD_OK;
}

td_result tdi_scene_update(const td_scene *scene)
{
    tdi_mutex_lock(scene->flat_lock);
    td_result result = update_locked(scene);
    tdi_mutex_unlock(scene->flat_lock);
    return result;
}
