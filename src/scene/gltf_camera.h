/* Cameras of a glTF file. */
#ifndef TDI_SCENE_GLTF_CAMERA_H
#define TDI_SCENE_GLTF_CAMERA_H

#include "scene/gltf_file.h"

/* Adds, for each camera of the file in order, one camera for each node of the scene that carries
 * it, in the order of the nodes. */
td_result tdi_gltf_read_cameras(tdi_gltf *gltf);

#endif
