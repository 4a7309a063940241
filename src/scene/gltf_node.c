#include "scene/gltf_node.h"

#include <string.h>

#include "base/memory.h"
#include "scene/gltf_accessor.h"
#include "scene/matrix.h"
#include "scene/node.h"

static td_result read_local(const tdi_json *at, float local[16])
{
    bool found;
    float translation[3] = {0.0f, 0.0f, 0.0f};
    float rotation[4] = {0.0f, 0.0f, 0.0f, 1.0f};
    float scale[3] = {1.0f, 1.0f, 1.0f};
    TDI_TRY(tdi_json_get_floats(at, "matrix", 16, local, &found));
    if (found) {
        tdi_json matrix = tdi_json_member(at, "matrix");
        if (!tdi_matrix_is_affine(local))
            return tdi_json_fail(&matrix, "the last row is not 0 0 0 1");
        return TD_OK;
    }
    TDI_TRY(tdi_json_get_floats(at, "translation", 3, translation, NULL));
    TDI_TRY(tdi_json_get_floats(at, "rotation", 4, rotation, NULL));
    TDI_TRY(tdi_json_get_floats(at, "scale", 3, scale, NULL));
    tdi_matrix_from_trs(translation, rotation, scale, local);
    return TD_OK;
}

static td_result read_node(tdi_gltf *gltf, uint32_t index)
{
    tdi_json at;
    const char *name = NULL;
    uint32_t node;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.nodes, index, &at));
    TDI_TRY(tdi_json_get_string(&at, "name", &name));
    TDI_TRY(tdi_node_create(gltf->scene, name, &node));
    tdi_node *entry = &gltf->scene->nodes[node];
    TDI_TRY(read_local(&at, entry->local));
    return tdi_json_get_index(&at, "mesh", tdi_gltf_count(&gltf->arrays.meshes), "mesh",
                              &entry->mesh);
}

static td_result read_children(tdi_gltf *gltf, uint32_t index)
{
    td_scene *scene = gltf->scene;
    tdi_json at = tdi_json_item(&gltf->arrays.nodes, index);
    tdi_json list;
    TDI_TRY(tdi_json_get_array(&at, "children", &list));
    for (size_t i = 0; i < tdi_gltf_count(&list); i++) {
        tdi_json item = tdi_json_item(&list, i);
        uint32_t child;
        TDI_TRY(tdi_json_to_index(&item, scene->node_count, "node", &child));
        if (child == index)
            return tdi_json_fail(&item, "node %u is its own child", child);
        if (scene->nodes[child].parent != TD_NONE)
            return tdi_json_fail(&item, "node %u has two parents, nodes %u and %u", child,
                                 scene->nodes[child].parent, index);
        tdi_node_attach(scene, index, child);
    }
    return TD_OK;
}

/* With one parent each, nodes that no node without a parent leads to form a cycle. */
static td_result check_cycles(const tdi_gltf *gltf)
{
    const td_scene *scene = gltf->scene;
    uint32_t reached = 0;
    uint8_t *seen = tdi_alloc_zero(scene->node_count, 1);
    if (seen == NULL)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t top = 0; top < scene->node_count; top++) {
        if (scene->nodes[top].parent != TD_NONE)
            continue;
        for (uint32_t i = top; i != TD_NONE; i = tdi_node_next_below(scene, i, top)) {
            seen[i] = 1;
            reached++;
        }
    }
    const uint8_t *lost = memchr(seen, 0, scene->node_count);
    size_t index = lost != NULL ? (size_t)(lost - seen) : 0;
    tdi_free(seen);
    if (reached == scene->node_count)
        return TD_OK;
    tdi_json at = tdi_json_item(&gltf->arrays.nodes, index);
    return tdi_json_fail(&at, "the node is, or hangs below, a descendant of itself");
}

/* A file without scenes is drawn whole. */
static void take_all_roots(td_scene *scene)
{
    for (uint32_t i = 0; i < scene->node_count; i++) {
        if (scene->nodes[i].parent == TD_NONE)
            tdi_node_attach_root(scene, i);
    }
}

static td_result take_roots(tdi_gltf *gltf, uint32_t index)
{
    td_scene *scene = gltf->scene;
    tdi_json at, list;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.scenes, index, &at));
    TDI_TRY(tdi_json_get_array(&at, "nodes", &list));
    for (size_t i = 0; i < tdi_gltf_count(&list); i++) {
        tdi_json item = tdi_json_item(&list, i);
        uint32_t node;
        TDI_TRY(tdi_json_to_index(&item, scene->node_count, "node", &node));
        if (scene->nodes[node].parent != TD_NONE)
            return tdi_json_fail(&item, "node %u is not a root: it is a child of node %u", node,
                                 scene->nodes[node].parent);
        if (scene->nodes[node].in_scene)
            return tdi_json_fail(&item, "node %u is in the list twice", node);
        tdi_node_attach_root(scene, node);
    }
    return TD_OK;
}

static td_result take_scene(tdi_gltf *gltf, uint32_t wanted)
{
    size_t count = tdi_gltf_count(&gltf->arrays.scenes);
    uint32_t index;
    TDI_TRY(tdi_json_get_index(&gltf->root, "scene", count, "scene", &index));
    if (wanted != TD_NONE && wanted >= count)
        return tdi_fail(TD_ERROR_NOT_FOUND, "there is no scene %u; the file has %zu", wanted,
                        count);
    if (count == 0) {
        take_all_roots(gltf->scene);
        return TD_OK;
    }
    if (wanted == TD_NONE)
        wanted = index != TD_NONE ? index : 0;
    return take_roots(gltf, wanted);
}

td_result tdi_gltf_read_nodes(tdi_gltf *gltf, uint32_t scene)
{
    uint32_t count = (uint32_t)tdi_gltf_count(&gltf->arrays.nodes);
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(read_node(gltf, i));
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(read_children(gltf, i));
    TDI_TRY(check_cycles(gltf));
    TDI_TRY(take_scene(gltf, scene));
    tdi_scene_changed(gltf->scene);
    return TD_OK;
}

/* The three attributes that place instances; NULL where one is absent. */
typedef struct tdi_placement_streams {
    float *translations;
    float *rotations;
    float *scales;
    uint32_t count;
} tdi_placement_streams;

static td_result read_stream(const tdi_gltf *gltf, const tdi_json *attributes, const char *name,
                             uint32_t width, tdi_placement_streams *streams, float **out)
{
    uint32_t index;
    tdi_accessor accessor;
    TDI_TRY(tdi_json_get_index(attributes, name, tdi_gltf_count(&gltf->arrays.accessors),
                               "accessor", &index));
    if (index == TD_NONE)
        return TD_OK;
    TDI_TRY(tdi_accessor_open(gltf, index, &accessor));
    tdi_json at = tdi_json_member(attributes, name);
    if (accessor.columns != 1 || accessor.rows != width)
        return tdi_json_fail(&at, "the accessor has %u components where %u are needed",
                             tdi_accessor_width(&accessor), width);
    if (streams->count != 0 && streams->count != accessor.count)
        return tdi_json_fail(&at, "the accessor has %u elements, another attribute has %u",
                             accessor.count, streams->count);
    streams->count = accessor.count;
    *out = tdi_alloc_zero(accessor.count, width * sizeof(float));
    if (*out == NULL)
        return TD_ERROR_HOST_MEMORY;
    tdi_accessor_read_floats(&accessor, 0, accessor.count, *out);
    for (size_t i = 0; i < accessor.count; i++) {
        if (!tdi_all_finite(*out + i * width, width))
            return tdi_json_fail(&at, "element %zu of the accessor is not finite", i);
    }
    return TD_OK;
}

static td_result append_placements(td_scene *scene, uint32_t node,
                                   const tdi_placement_streams *streams)
{
    static const float none[3] = {0.0f, 0.0f, 0.0f};
    static const float no_turn[4] = {0.0f, 0.0f, 0.0f, 1.0f};
    static const float unit[3] = {1.0f, 1.0f, 1.0f};
    if ((uint64_t)scene->placement_count + streams->count >= TD_NONE)
        return tdi_fail(TD_ERROR_UNSUPPORTED, "the scene has too many instances");
    TDI_TRY(tdi_grow((void **)&scene->placements, &scene->placement_capacity,
                     (size_t)scene->placement_count + streams->count, 16 * sizeof(float)));
    for (size_t i = 0; i < streams->count; i++)
        tdi_matrix_from_trs(streams->translations != NULL ? streams->translations + 3 * i : none,
                            streams->rotations != NULL ? streams->rotations + 4 * i : no_turn,
                            streams->scales != NULL ? streams->scales + 3 * i : unit,
                            scene->placements + 16 * (scene->placement_count + i));
    scene->nodes[node].placed = true;
    scene->nodes[node].first_placement = scene->placement_count;
    scene->nodes[node].placement_count = streams->count;
    scene->placement_count += streams->count;
    return TD_OK;
}

static td_result read_streams(const tdi_gltf *gltf, const tdi_json *extension,
                              tdi_placement_streams *streams)
{
    tdi_json attributes;
    TDI_TRY(tdi_json_require(extension, "attributes"));
    TDI_TRY(tdi_json_get_object(extension, "attributes", &attributes));
    TDI_TRY(read_stream(gltf, &attributes, "TRANSLATION", 3, streams, &streams->translations));
    TDI_TRY(read_stream(gltf, &attributes, "ROTATION", 4, streams, &streams->rotations));
    TDI_TRY(read_stream(gltf, &attributes, "SCALE", 3, streams, &streams->scales));
    return TD_OK;
}

static td_result read_node_placements(tdi_gltf *gltf, uint32_t node)
{
    tdi_json at, link, extension;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.nodes, node, &at));
    TDI_TRY(tdi_json_get_extension(&at, "EXT_mesh_gpu_instancing", &link, &extension));
    if (extension.value == NULL || gltf->scene->nodes[node].mesh == TD_NONE)
        return TD_OK;
    tdi_placement_streams streams = {0};
    td_result result = read_streams(gltf, &extension, &streams);
    if (result == TD_OK && streams.count > 0)
        result = append_placements(gltf->scene, node, &streams);
    tdi_free(streams.translations);
    tdi_free(streams.rotations);
    tdi_free(streams.scales);
    return result;
}

td_result tdi_gltf_read_placements(tdi_gltf *gltf)
{
    for (uint32_t i = 0; i < gltf->scene->node_count; i++)
        TDI_TRY(read_node_placements(gltf, i));
    return TD_OK;
}
