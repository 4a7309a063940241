/* The extensions of materials, written as gltf_lobes.h reads them. */
#ifndef TDI_SCENE_GLB_LOBES_H
#define TDI_SCENE_GLB_LOBES_H

#include "scene/glb_document.h"
#include "scene/scene.h"

/* Adds those that differ from the defaults to a material. */
void tdi_glb_set_lobes(tdi_glb *glb, json_t *material, const td_material_params *params);

#endif
