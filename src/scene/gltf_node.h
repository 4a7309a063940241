/* Nodes, scenes and instances of a glTF file. */
#ifndef TDI_SCENE_GLTF_NODE_H
#define TDI_SCENE_GLTF_NODE_H

#include "scene/gltf_file.h"

/* Makes the nodes (with the file's indices) and the hierarchy, and takes the roots of scene `scene`
 * of the file (TD_NONE: its default) into the scene. */
td_result tdi_gltf_read_nodes(tdi_gltf *gltf, uint32_t scene);

/* Reads EXT_mesh_gpu_instancing of all nodes; the buffers are there. */
td_result tdi_gltf_read_placements(tdi_gltf *gltf);

#endif
