/* The extensions of materials that put lobes on top of the core's model, or replace it. */
#ifndef TDI_SCENE_GLTF_LOBES_H
#define TDI_SCENE_GLTF_LOBES_H

#include "scene/gltf_file.h"

/* Reads them from the material at `at` into params that have their defaults. Numbers outside their
 * range are taken as the nearest inside, and said to the scene. */
td_result tdi_gltf_read_lobes(tdi_gltf *gltf, const tdi_json *at, td_material_params *params);

/* Reads KHR_materials_pbrSpecularGlossiness, which takes the place of pbrMetallicRoughness: files
 * have that too for those that do not know the extension. */
td_result tdi_gltf_read_glossiness(tdi_gltf *gltf, const tdi_json *at, td_material_params *params);

#endif
