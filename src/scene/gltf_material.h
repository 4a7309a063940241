/* Materials of a glTF file. */
#ifndef TDI_SCENE_GLTF_MATERIAL_H
#define TDI_SCENE_GLTF_MATERIAL_H

#include "scene/gltf_file.h"

/* Makes the materials, with the file's indices, and the textures that they use. */
td_result tdi_gltf_read_materials(tdi_gltf *gltf);

#endif
