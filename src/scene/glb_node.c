#include "scene/glb_node.h"

/* The nodes that are children of none. */
typedef struct nodes {
    tdi_glb *glb;
    const td_scene *scene;
    const uint32_t *meshes;
    json_t *list;
    json_t *roots;
} nodes;

/* By value: minus zero is zero. */
static bool is_identity(const float *matrix, int count)
{
    for (int i = 0; i < count; i++)
        if (matrix[i] != (i % 5 == 0 ? 1.0f : 0.0f))
            return false;
    return true;
}

static void set_matrix(tdi_glb *glb, json_t *object, const float matrix[16])
{
    if (is_identity(matrix, 16))
        return;
    if (is_identity(matrix, 12))
        tdi_glb_set(glb, object, "translation", tdi_glb_numbers(matrix + 12, 3));
    else
        tdi_glb_set(glb, object, "matrix", tdi_glb_numbers(matrix, 16));
}

static void add_child(nodes *n, json_t *parent, uint32_t child)
{
    json_t *children = json_object_get(parent, "children");
    if (!children) {
        children = json_array();
        tdi_glb_set(n->glb, parent, "children", children);
    }
    tdi_glb_append(n->glb, children, json_integer(child));
}

/* Appends a node that the scene does not have. `parent` TD_NONE: a root. */
static void add_extra(nodes *n, uint32_t parent, json_t *object)
{
    uint32_t index = (uint32_t)json_array_size(n->list);
    tdi_glb_append(n->glb, n->list, object);
    if (parent == TD_NONE)
        tdi_glb_append(n->glb, n->roots, json_integer(index));
    else
        add_child(n, json_array_get(n->list, parent), index);
}

static void set_mesh(nodes *n, json_t *object, uint32_t mesh)
{
    if (mesh != TD_NONE && n->meshes[mesh] != TD_NONE)
        tdi_glb_set(n->glb, object, "mesh", json_integer(n->meshes[mesh]));
}

static void add_node(nodes *n, const tdi_node *node)
{
    json_t *object = json_object();
    tdi_glb_set_name(n->glb, object, node->name);
    set_matrix(n->glb, object, node->local);
    if (!node->placed && !node->world_space)
        set_mesh(n, object, node->mesh);
    for (uint32_t c = node->first_child; c != TD_NONE; c = n->scene->nodes[c].next_sibling)
        add_child(n, object, c);
    tdi_glb_append(n->glb, n->list, object);
}

/* Instances become children, and meshes in world space roots. */
static void add_instances(nodes *n, uint32_t index)
{
    const tdi_node *node = &n->scene->nodes[index];
    if (node->mesh == TD_NONE)
        return;
    for (uint32_t i = 0; node->placed && i < node->placement_count; i++) {
        json_t *object = json_object();
        set_matrix(n->glb, object, n->scene->placements + (size_t)16 * (node->first_placement + i));
        set_mesh(n, object, node->mesh);
        add_extra(n, index, object);
    }
    if (node->world_space && node->in_scene) {
        json_t *object = json_object();
        set_mesh(n, object, node->mesh);
        add_extra(n, TD_NONE, object);
    }
}

static json_t *make_perspective(tdi_glb *glb, const td_camera *p)
{
    json_t *lens = json_object();
    tdi_glb_set(glb, lens, "yfov", json_real((double)p->fov_y));
    if (p->aspect > 0)
        tdi_glb_set(glb, lens, "aspectRatio", json_real((double)p->aspect));
    tdi_glb_set(glb, lens, "znear", json_real((double)p->near_plane));
    if (p->far_plane > 0)
        tdi_glb_set(glb, lens, "zfar", json_real((double)p->far_plane));
    return lens;
}

/* glTF wants a width even where the picture's is meant: a square stands for it. */
static json_t *make_orthographic(tdi_glb *glb, const td_camera *p)
{
    double height = (double)p->ortho_height / 2;
    json_t *lens = json_object();
    tdi_glb_set(glb, lens, "xmag", json_real(height * (p->aspect > 0 ? (double)p->aspect : 1)));
    tdi_glb_set(glb, lens, "ymag", json_real(height));
    tdi_glb_set(glb, lens, "znear", json_real((double)p->near_plane));
    tdi_glb_set(glb, lens, "zfar", json_real((double)p->far_plane));
    return lens;
}

static void add_camera(nodes *n, const tdi_camera *camera)
{
    bool perspective = camera->params.fov_y > 0;
    const char *type = perspective ? "perspective" : "orthographic";
    json_t *object = json_object();
    tdi_glb_set_name(n->glb, object, camera->name);
    tdi_glb_set(n->glb, object, "type", json_string(type));
    tdi_glb_set(n->glb, object, type,
                perspective ? make_perspective(n->glb, &camera->params)
                            : make_orthographic(n->glb, &camera->params));
    uint32_t index = tdi_glb_add(n->glb, "cameras", object);
    json_t *node = json_object();
    tdi_glb_set_name(n->glb, node, camera->alias ? camera->alias : camera->name);
    tdi_glb_set(n->glb, node, "camera", json_integer(index));
    if (camera->node == TD_NONE)
        set_matrix(n->glb, node, camera->params.world);
    add_extra(n, camera->node, node);
}

static void set_scene(nodes *n)
{
    json_t *object = json_object();
    tdi_glb_set_name(n->glb, object, n->scene->name);
    tdi_glb_set(n->glb, object, "nodes", n->roots);
    tdi_glb_add(n->glb, "scenes", object);
    tdi_glb_set(n->glb, n->glb->root, "scene", json_integer(0));
    tdi_glb_set(n->glb, n->glb->root, "nodes", n->list);
}

void tdi_glb_add_nodes(tdi_glb *glb, const td_scene *scene, const uint32_t *meshes)
{
    nodes n = {glb, scene, meshes, json_array(), json_array()};
    for (uint32_t i = 0; i < scene->node_count; i++)
        add_node(&n, &scene->nodes[i]);
    for (uint32_t i = scene->first_root; i != TD_NONE; i = scene->nodes[i].next_sibling)
        tdi_glb_append(glb, n.roots, json_integer(i));
    for (uint32_t i = 0; i < scene->node_count; i++)
        add_instances(&n, i);
    for (uint32_t i = 0; i < scene->camera_count; i++)
        add_camera(&n, &scene->cameras[i]);
    if (json_array_size(n.roots) > 0) {
        set_scene(&n);
        return;
    }
    json_decref(n.list);
    json_decref(n.roots);
}
