/* Loads glTF 2.0 files, .gltf and .glb. */
#ifndef TDI_SCENE_GLTF_H
#define TDI_SCENE_GLTF_H

#include <tandem/scene.h>

#include "base/error.h"

/* `params` is not NULL. The sentence of a failure begins with `path`. */
td_result tdi_gltf_load(const char *path, const td_scene_load_params *params, td_scene **out);

#endif
