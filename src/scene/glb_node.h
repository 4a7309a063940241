/* Nodes and cameras of a scene as glTF objects. */
#ifndef TDI_SCENE_GLB_NODE_H
#define TDI_SCENE_GLB_NODE_H

#include "scene/glb_document.h"
#include "scene/scene.h"

/* Nodes keep their indices; those that cameras and instances need beside them come after.
 * `meshes`: the index of each mesh in the file, or TD_NONE. */
void tdi_glb_add_nodes(tdi_glb *glb, const td_scene *scene, const uint32_t *meshes);

#endif
