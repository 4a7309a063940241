#include "scene/gltf_mesh.h"

#include "base/memory.h"
#include "scene/geometry.h"
#include "scene/gltf_pose.h"
#include "scene/gltf_primitive.h"
#include "scene/gltf_variant.h"
#include "scene/material_textures.h"
#include "scene/mesh.h"

/* A mesh of the scene that is to be: one of the file, posed or not. */
typedef struct tdi_mesh_plan {
    uint32_t mesh; /* of the file */
    uint32_t node; /* that poses it, or TD_NONE */
    bool taken;    /* some node draws it already */
    uint32_t first_read;
    uint32_t read_count;
    float *joints;
    float *weights;
    tdi_gltf_pose pose;
} tdi_mesh_plan;

/* One primitive that is to be read, and what came of it. */
typedef struct tdi_primitive_read {
    uint32_t plan;
    uint32_t primitive;
    uint32_t material; /* of the scene, or TD_NONE */
    tdi_gltf_needs needs;
    td_result result;
    char *sentence;
} tdi_primitive_read;

struct tdi_gltf_meshes {
    tdi_gltf *gltf;
    tdi_mesh_plan *plans;
    tdi_primitive_read *reads;
    tdi_geometry *pieces; /* of the same index as `reads` */
    uint32_t plan_count;
    uint32_t read_count;
    size_t plan_capacity;
    size_t read_capacity;
};

static td_result add_plan(tdi_gltf_meshes *meshes, uint32_t mesh, uint32_t node)
{
    TDI_TRY(tdi_grow((void **)&meshes->plans, &meshes->plan_capacity,
                     (size_t)meshes->plan_count + 1, sizeof *meshes->plans));
    meshes->plans[meshes->plan_count++] = (tdi_mesh_plan){.mesh = mesh, .node = node};
    return TD_OK;
}

static bool node_poses(const tdi_gltf *gltf, uint32_t node)
{
    const json_t *value = json_array_get(gltf->arrays.nodes.value, node);
    return json_object_get(value, "skin") != NULL || json_object_get(value, "weights") != NULL;
}

/* Nodes that draw a mesh as it is come first, so that the mesh keeps its index for them; a node
 * that poses it takes the plan of that index only if nobody else did. */
static td_result plan_nodes(tdi_gltf_meshes *meshes)
{
    td_scene *scene = meshes->gltf->scene;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < scene->node_count; i++) {
            uint32_t mesh = scene->nodes[i].mesh;
            bool poses = mesh != TD_NONE && node_poses(meshes->gltf, i);
            if (mesh == TD_NONE || poses != (pass == 1))
                continue;
            bool further = poses && meshes->plans[mesh].taken;
            if (further) {
                TDI_TRY(add_plan(meshes, mesh, i));
                scene->nodes[i].mesh = meshes->plan_count - 1;
            } else {
                meshes->plans[mesh].taken = true;
                meshes->plans[mesh].node = poses ? i : TD_NONE;
            }
        }
    }
    return TD_OK;
}

/* The weights of the node, or else of the mesh. */
static td_result read_weights(const tdi_gltf *gltf, tdi_mesh_plan *plan)
{
    tdi_json owner, list;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.meshes, plan->mesh, &owner));
    if (plan->node != TD_NONE &&
        json_object_get(json_array_get(gltf->arrays.nodes.value, plan->node), "weights") != NULL)
        TDI_TRY(tdi_json_get_item(&gltf->arrays.nodes, plan->node, &owner));
    TDI_TRY(tdi_json_get_array(&owner, "weights", &list));
    uint32_t count = (uint32_t)tdi_gltf_count(&list);
    if (count == 0)
        return TD_OK;
    plan->weights = tdi_alloc_zero(count, sizeof(float));
    if (plan->weights == NULL)
        return TD_ERROR_HOST_MEMORY;
    plan->pose.weights = plan->weights;
    plan->pose.weight_count = count;
    return tdi_json_get_floats(&owner, "weights", count, plan->weights, NULL);
}

static td_result read_pose(const tdi_gltf *gltf, tdi_mesh_plan *plan)
{
    uint32_t skin = TD_NONE;
    tdi_json node;
    TDI_TRY(read_weights(gltf, plan));
    if (plan->node == TD_NONE)
        return TD_OK;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.nodes, plan->node, &node));
    TDI_TRY(tdi_json_get_index(&node, "skin", tdi_gltf_count(&gltf->arrays.skins), "skin", &skin));
    if (skin == TD_NONE)
        return TD_OK;
    TDI_TRY(tdi_gltf_skin_matrices(gltf, skin, &plan->joints, &plan->pose.joint_count));
    plan->pose.joints = plan->joints;
    gltf->scene->nodes[plan->node].world_space = true;
    return TD_OK;
}

static tdi_gltf_needs needs_of(const td_scene *scene, uint32_t material)
{
    tdi_gltf_needs needs = {0};
    if (material == TD_NONE)
        return needs;
    const struct tdi_material *data = &scene->materials[material].data;
    for (uint32_t i = 0; i < TDI_MATERIAL_TEXTURES; i++) {
        const struct tdi_texture_ref *use = tdi_material_texture_of(data, scene->more, i);
        if (!use || use->texture == TDI_TEXTURE_NONE)
            continue;
        needs.texcoords[use->set & 1u] = true;
        needs.tangents = needs.tangents || tdi_material_textures[i].tangents;
    }
    if (data->more != TDI_MATERIAL_PLAIN)
        needs.tangents =
            needs.tangents || (scene->more[data->more].lobes & TDI_LOBE_ANISOTROPY) != 0;
    return needs;
}

static td_result add_read(tdi_gltf_meshes *meshes, const tdi_json *at, uint32_t plan,
                          uint32_t primitive)
{
    td_scene *scene = meshes->gltf->scene;
    bool drawn;
    const char *why;
    TDI_TRY(tdi_gltf_primitive_is_drawn(at, &drawn, &why));
    if (!drawn)
        return tdi_scene_note(scene, tdi_strdup(why));
    uint32_t material;
    TDI_TRY(tdi_json_get_index(at, "material", tdi_gltf_count(&meshes->gltf->arrays.materials),
                               "material", &material));
    TDI_TRY(tdi_gltf_variant_material(meshes->gltf, at, &material));
    TDI_TRY(tdi_grow((void **)&meshes->reads, &meshes->read_capacity,
                     (size_t)meshes->read_count + 1, sizeof *meshes->reads));
    meshes->reads[meshes->read_count++] = (tdi_primitive_read){
        .plan = plan,
        .primitive = primitive,
        .material = material,
        .needs = needs_of(scene, material),
    };
    return TD_OK;
}

static td_result plan_reads(tdi_gltf_meshes *meshes, uint32_t index)
{
    tdi_json mesh, primitives;
    tdi_mesh_plan *plan = &meshes->plans[index];
    TDI_TRY(tdi_json_get_item(&meshes->gltf->arrays.meshes, plan->mesh, &mesh));
    TDI_TRY(tdi_json_require(&mesh, "primitives"));
    TDI_TRY(tdi_json_get_array(&mesh, "primitives", &primitives));
    TDI_TRY(read_pose(meshes->gltf, plan));
    plan->first_read = meshes->read_count;
    for (uint32_t i = 0; i < tdi_gltf_count(&primitives); i++) {
        tdi_json primitive;
        TDI_TRY(tdi_json_get_item(&primitives, i, &primitive));
        TDI_TRY(add_read(meshes, &primitive, index, i));
    }
    plan->read_count = meshes->read_count - plan->first_read;
    return TD_OK;
}

static td_result plan_all(tdi_gltf_meshes *meshes)
{
    uint32_t count = (uint32_t)tdi_gltf_count(&meshes->gltf->arrays.meshes);
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(add_plan(meshes, i, TD_NONE));
    TDI_TRY(plan_nodes(meshes));
    for (uint32_t i = 0; i < meshes->plan_count; i++)
        TDI_TRY(plan_reads(meshes, i));
    meshes->pieces = tdi_alloc_zero(meshes->read_count, sizeof *meshes->pieces);
    return meshes->pieces != NULL ? TD_OK : TD_ERROR_HOST_MEMORY;
}

td_result tdi_gltf_meshes_plan(tdi_gltf *gltf, tdi_gltf_meshes **out)
{
    *out = tdi_alloc_zero(1, sizeof **out);
    if (*out == NULL)
        return TD_ERROR_HOST_MEMORY;
    (*out)->gltf = gltf;
    td_result result = plan_all(*out);
    if (result != TD_OK) {
        tdi_gltf_meshes_destroy(*out);
        *out = NULL;
    }
    return result;
}

uint32_t tdi_gltf_meshes_count(const tdi_gltf_meshes *meshes)
{
    return meshes->read_count;
}

void tdi_gltf_meshes_read(tdi_gltf_meshes *meshes, uint32_t index)
{
    tdi_primitive_read *read = &meshes->reads[index];
    const tdi_mesh_plan *plan = &meshes->plans[read->plan];
    const tdi_json mesh = tdi_json_item(&meshes->gltf->arrays.meshes, plan->mesh);
    const tdi_json primitives = tdi_json_member(&mesh, "primitives");
    const tdi_json primitive = tdi_json_item(&primitives, read->primitive);
    bool posed = plan->pose.joints != NULL || plan->pose.weights != NULL;
    read->result = tdi_gltf_primitive_read(meshes->gltf, &primitive, posed ? &plan->pose : NULL,
                                           read->needs, &meshes->pieces[index]);
    if (read->result != TD_OK)
        read->sentence = tdi_strdup(td_last_error());
    else if (meshes->pieces[index].surface_count > 0)
        meshes->pieces[index].surfaces[0].material = read->material;
}

static td_result finish_mesh(const tdi_gltf_meshes *meshes, const tdi_mesh_plan *plan)
{
    const char *name = NULL;
    uint32_t index;
    tdi_json mesh;
    TDI_TRY(tdi_json_get_item(&meshes->gltf->arrays.meshes, plan->mesh, &mesh));
    TDI_TRY(tdi_json_get_string(&mesh, "name", &name));
    TDI_TRY(tdi_scene_append_mesh(meshes->gltf->scene, name, meshes->pieces + plan->first_read,
                                  plan->read_count, &index));
    for (uint32_t i = 0; i < plan->read_count; i++)
        tdi_geometry_free(&meshes->pieces[plan->first_read + i]);
    return TD_OK;
}

td_result tdi_gltf_meshes_finish(tdi_gltf_meshes *meshes)
{
    for (uint32_t i = 0; i < meshes->read_count; i++) {
        const tdi_primitive_read *read = &meshes->reads[i];
        if (read->result != TD_OK && read->sentence != NULL)
            tdi_set_last_error(read->sentence);
        TDI_TRY(read->result);
    }
    TDI_TRY(
        tdi_geometry_reserve(&meshes->gltf->scene->geometry, meshes->pieces, meshes->read_count));
    for (uint32_t i = 0; i < meshes->plan_count; i++)
        TDI_TRY(finish_mesh(meshes, &meshes->plans[i]));
    return TD_OK;
}

void tdi_gltf_meshes_destroy(tdi_gltf_meshes *meshes)
{
    if (meshes == NULL)
        return;
    for (uint32_t i = 0; i < meshes->plan_count; i++) {
        tdi_free(meshes->plans[i].joints);
        tdi_free(meshes->plans[i].weights);
    }
    for (uint32_t i = 0; i < meshes->read_count; i++) {
        tdi_free(meshes->reads[i].sentence);
        if (meshes->pieces != NULL)
            tdi_geometry_free(&meshes->pieces[i]);
    }
    tdi_free(meshes->plans);
    tdi_free(meshes->reads);
    tdi_free(meshes->pieces);
    tdi_free(meshes);
}
