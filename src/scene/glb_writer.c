/* td_scene_write_glb: a scene as one binary glTF file. */
#include "base/memory.h"
#include "scene/glb_document.h"
#include "scene/glb_geometry.h"
#include "scene/glb_material.h"
#include "scene/glb_node.h"
#include "scene/scene.h"

td_result td_scene_write_glb(const td_scene *scene, const char *path, bool replace)
{
    if (!scene || !path)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_write_glb: the scene or the path is NULL");
    uint32_t *meshes = tdi_alloc_zero(scene->mesh_count, sizeof *meshes);
    if (!meshes)
        return TD_ERROR_HOST_MEMORY;
    tdi_glb glb;
    tdi_glb_begin(&glb);
    tdi_glb_add_meshes(&glb, scene, meshes);
    tdi_glb_add_materials(&glb, scene);
    tdi_glb_add_nodes(&glb, scene, meshes);
    td_result result = tdi_glb_write(&glb, path, replace);
    tdi_glb_free(&glb);
    tdi_free(meshes);
    return result;
}
