/* textureInfo objects: which texture a material uses, and how. */
#ifndef TDI_SCENE_GLTF_TEXTURE_H
#define TDI_SCENE_GLTF_TEXTURE_H

#include "scene/gltf_file.h"

/* Reads textureInfo `key`; absent leaves `use` empty. `info` is given to hold the place. */
td_result tdi_gltf_read_texture(tdi_gltf *gltf, const tdi_json *owner, const char *key,
                                tdi_json *info, td_texture_use *use);

#endif
