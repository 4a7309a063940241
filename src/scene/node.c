#include "scene/node.h"

#include <string.h>

#include "base/memory.h"
#include "scene/matrix.h"

td_result tdi_node_create(td_scene *scene, const char *name, uint32_t *node)
{
    tdi_node *entry;
    TDI_TRY(tdi_scene_new_node(scene, name, &entry));
    *node = scene->node_count - 1;
    tdi_matrix_identity(entry->local);
    entry->parent = TD_NONE;
    entry->first_child = TD_NONE;
    entry->last_child = TD_NONE;
    entry->next_sibling = TD_NONE;
    entry->mesh = TD_NONE;
    entry->object_id = *node;
    return TD_OK;
}

static void append_link(td_scene *scene, uint32_t *first, uint32_t *last, uint32_t node)
{
    if (*last == TD_NONE)
        *first = node;
    else
        scene->nodes[*last].next_sibling = node;
    *last = node;
}

void tdi_node_attach(td_scene *scene, uint32_t parent, uint32_t child)
{
    tdi_node *above = &scene->nodes[parent];
    append_link(scene, &above->first_child, &above->last_child, child);
    scene->nodes[child].parent = parent;
    scene->nodes[child].in_scene = above->in_scene;
}

void tdi_node_attach_root(td_scene *scene, uint32_t node)
{
    append_link(scene, &scene->first_root, &scene->last_root, node);
    for (uint32_t i = node; i != TD_NONE; i = tdi_node_next_below(scene, i, node))
        scene->nodes[i].in_scene = true;
}

uint32_t tdi_node_next(const td_scene *scene, uint32_t node)
{
    if (scene->nodes[node].first_child != TD_NONE)
        return scene->nodes[node].first_child;
    while (node != TD_NONE && scene->nodes[node].next_sibling == TD_NONE)
        node = scene->nodes[node].parent;
    return node == TD_NONE ? TD_NONE : scene->nodes[node].next_sibling;
}

uint32_t tdi_node_next_below(const td_scene *scene, uint32_t node, uint32_t top)
{
    if (scene->nodes[node].first_child != TD_NONE)
        return scene->nodes[node].first_child;
    while (node != top && scene->nodes[node].next_sibling == TD_NONE)
        node = scene->nodes[node].parent;
    return node == top ? TD_NONE : scene->nodes[node].next_sibling;
}

void tdi_node_world(const td_scene *scene, uint32_t node, float world[16])
{
    memcpy(world, scene->nodes[node].local, 16 * sizeof(float));
    for (uint32_t i = scene->nodes[node].parent; i != TD_NONE; i = scene->nodes[i].parent)
        tdi_matrix_multiply(scene->nodes[i].local, world, world);
}

static td_result check_matrix(const char *call, const float matrix[16])
{
    if (!tdi_all_finite(matrix, 16))
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: the matrix has a value that is not finite", call);
    if (!tdi_matrix_is_affine(matrix))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "%s: the last row of the matrix (elements 3, 7, 11, 15) must be 0 0 0 1",
                        call);
    return TD_OK;
}

static td_result check_params(const td_scene *scene, const td_node_params *params)
{
    if (scene == NULL || params == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_node: an argument is NULL");
    if (params->parent != TD_NONE && params->parent >= scene->node_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_node: parent %u does not exist; the scene has %u nodes",
                        params->parent, scene->node_count);
    if (params->mesh != TD_NONE && params->mesh >= scene->mesh_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_node: mesh %u does not exist; the scene has %u", params->mesh,
                        scene->mesh_count);
    return params->matrix != NULL ? check_matrix("td_scene_add_node", params->matrix) : TD_OK;
}

td_result td_scene_add_node(td_scene *scene, const td_node_params *params, uint32_t *node)
{
    TDI_TRY(check_params(scene, params));
    uint32_t index;
    TDI_TRY(tdi_node_create(scene, params->name, &index));
    tdi_node *entry = &scene->nodes[index];
    entry->mesh = params->mesh;
    if (params->object_id != 0)
        entry->object_id = params->object_id - 1;
    if (params->matrix != NULL)
        memcpy(entry->local, params->matrix, sizeof entry->local);
    if (params->parent != TD_NONE)
        tdi_node_attach(scene, params->parent, index);
    else
        tdi_node_attach_root(scene, index);
    tdi_scene_changed(scene);
    if (node != NULL)
        *node = index;
    return TD_OK;
}

td_result td_scene_set_transform(td_scene *scene, uint32_t node, const float matrix[16])
{
    if (scene == NULL || matrix == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_set_transform: an argument is NULL");
    if (node >= scene->node_count)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_set_transform: node %u does not exist; the scene has %u", node,
                        scene->node_count);
    TDI_TRY(check_matrix("td_scene_set_transform", matrix));
    memcpy(scene->nodes[node].local, matrix, sizeof scene->nodes[node].local);
    scene->transform_revision++;
    return TD_OK;
}
