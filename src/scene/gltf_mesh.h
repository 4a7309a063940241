/* Meshes of a glTF file: each primitive is read and clustered by a task of its own. */
#ifndef TDI_SCENE_GLTF_MESH_H
#define TDI_SCENE_GLTF_MESH_H

#include "scene/gltf_file.h"

typedef struct tdi_gltf_meshes tdi_gltf_meshes;

/* Plans the meshes: one of the scene for each of the file, with the same index, and further ones
 * for nodes that pose a mesh in their own way (skin or morph weights). Nodes, materials and
 * buffers are there; the nodes' meshes are set here. */
td_result tdi_gltf_meshes_plan(tdi_gltf *gltf, tdi_gltf_meshes **out);
/* Number of primitives to read. */
uint32_t tdi_gltf_meshes_count(const tdi_gltf_meshes *meshes);
/* Reads primitive `index`; keeps the failure. Thread-safe for different indices. */
void tdi_gltf_meshes_read(tdi_gltf_meshes *meshes, uint32_t index);
/* Appends all meshes to the scene, or gives the first primitive's failure. */
td_result tdi_gltf_meshes_finish(tdi_gltf_meshes *meshes);
/* NULL is fine. */
void tdi_gltf_meshes_destroy(tdi_gltf_meshes *meshes);

#endif
