/* Meshes of a scene as glTF accessors. */
#ifndef TDI_SCENE_GLB_GEOMETRY_H
#define TDI_SCENE_GLB_GEOMETRY_H

#include "scene/glb_document.h"
#include "scene/scene.h"

/* Adds all meshes that have triangles. `numbers` (one for each mesh of the scene) receives the
 * index of each in the file, or TD_NONE. */
void tdi_glb_add_meshes(tdi_glb *glb, const td_scene *scene, uint32_t *numbers);

#endif
