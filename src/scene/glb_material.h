/* Materials, textures and pictures of a scene as glTF objects. */
#ifndef TDI_SCENE_GLB_MATERIAL_H
#define TDI_SCENE_GLB_MATERIAL_H

#include "scene/glb_document.h"
#include "scene/scene.h"

/* Indices in the file are those of the scene. Pictures that came as PNG or JPEG and are not decoded
 * yet are taken over as they are. */
void tdi_glb_add_materials(tdi_glb *glb, const td_scene *scene);

#endif
