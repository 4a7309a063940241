#include "scene/gltf_camera.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/camera.h"

static td_result read_perspective(const tdi_json *at, td_camera *camera)
{
    TDI_TRY(tdi_json_require(at, "yfov"));
    TDI_TRY(tdi_json_require(at, "znear"));
    TDI_TRY(tdi_json_get_float(at, "yfov", &camera->fov_y));
    TDI_TRY(tdi_json_get_float(at, "aspectRatio", &camera->aspect));
    TDI_TRY(tdi_json_get_float(at, "znear", &camera->near_plane));
    TDI_TRY(tdi_json_get_float(at, "zfar", &camera->far_plane));
    if (camera->fov_y == 0.0f)
        return tdi_json_fail(at, "a field of view of 0 shows nothing");
    return TD_OK;
}

/* glTF gives half of the width and of the height; a sign would only turn the picture. */
static td_result read_orthographic(const tdi_json *at, td_camera *camera)
{
    float half_width = 0.0f;
    float half_height = 0.0f;
    TDI_TRY(tdi_json_require(at, "xmag"));
    TDI_TRY(tdi_json_require(at, "ymag"));
    TDI_TRY(tdi_json_require(at, "zfar"));
    TDI_TRY(tdi_json_get_float(at, "xmag", &half_width));
    TDI_TRY(tdi_json_get_float(at, "ymag", &half_height));
    TDI_TRY(tdi_json_get_float(at, "znear", &camera->near_plane));
    TDI_TRY(tdi_json_get_float(at, "zfar", &camera->far_plane));
    if (half_width == 0.0f || half_height == 0.0f)
        return tdi_json_fail(at, "xmag and ymag must not be 0");
    camera->ortho_height = 2.0f * fabsf(half_height);
    camera->aspect = fabsf(half_width / half_height);
    return TD_OK;
}

static td_result read_projection(const tdi_json *at, td_camera *camera)
{
    const char *type = "";
    tdi_json part;
    TDI_TRY(tdi_json_require(at, "type"));
    TDI_TRY(tdi_json_get_string(at, "type", &type));
    bool perspective = strcmp(type, "perspective") == 0;
    if (!perspective && strcmp(type, "orthographic") != 0)
        return tdi_json_fail(at, "\"%.40s\" is not a kind of camera", type);
    TDI_TRY(tdi_json_require(at, type));
    TDI_TRY(tdi_json_get_object(at, type, &part));
    TDI_TRY(perspective ? read_perspective(&part, camera) : read_orthographic(&part, camera));
    td_result result = tdi_camera_check(camera, TD_ERROR_INPUT);
    return result != TD_OK ? tdi_fail_in(result, "/cameras/%zu", at->index) : TD_OK;
}

static td_result add_at_node(td_scene *scene, const td_camera *params, const char *name,
                             uint32_t node)
{
    const char *node_name = scene->nodes[node].name;
    tdi_camera *camera;
    TDI_TRY(tdi_scene_new_camera(scene, name, &camera));
    camera->params = *params;
    camera->node = node;
    if (node_name != NULL)
        camera->alias = tdi_strdup(node_name);
    return node_name != NULL && camera->alias == NULL ? TD_ERROR_HOST_MEMORY : TD_OK;
}

/* Per node its camera in the file, TD_NONE for none and for nodes outside the scene. */
static td_result read_node_cameras(const tdi_gltf *gltf, uint32_t *cameras)
{
    size_t count = tdi_gltf_count(&gltf->arrays.cameras);
    for (uint32_t i = 0; i < gltf->scene->node_count; i++) {
        tdi_json at;
        TDI_TRY(tdi_json_get_item(&gltf->arrays.nodes, i, &at));
        TDI_TRY(tdi_json_get_index(&at, "camera", count, "camera", &cameras[i]));
        if (!gltf->scene->nodes[i].in_scene)
            cameras[i] = TD_NONE;
    }
    return TD_OK;
}

static td_result add_cameras(tdi_gltf *gltf, const uint32_t *node_cameras)
{
    const tdi_json *array = &gltf->arrays.cameras;
    for (uint32_t i = 0; i < tdi_gltf_count(array); i++) {
        tdi_json at;
        const char *name = NULL;
        td_camera params = {0};
        TDI_TRY(tdi_json_get_item(array, i, &at));
        TDI_TRY(tdi_json_get_string(&at, "name", &name));
        TDI_TRY(read_projection(&at, &params));
        for (uint32_t node = 0; node < gltf->scene->node_count; node++) {
            if (node_cameras[node] == i)
                TDI_TRY(add_at_node(gltf->scene, &params, name, node));
        }
    }
    return TD_OK;
}

td_result tdi_gltf_read_cameras(tdi_gltf *gltf)
{
    uint32_t *node_cameras = tdi_alloc_zero(gltf->scene->node_count, sizeof *node_cameras);
    if (node_cameras == NULL)
        return TD_ERROR_HOST_MEMORY;
    td_result result = read_node_cameras(gltf, node_cameras);
    if (result == TD_OK)
        result = add_cameras(gltf, node_cameras);
    tdi_free(node_cameras);
    return result;
}
