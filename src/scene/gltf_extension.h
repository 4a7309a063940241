/* What a glTF file asks for beyond the core: extensions, and what else is not drawn fully. */
#ifndef TDI_SCENE_GLTF_EXTENSION_H
#define TDI_SCENE_GLTF_EXTENSION_H

#include "scene/gltf_file.h"

/* asset.version must be 2.x and asset.minVersion at most 2.0. */
td_result tdi_gltf_check_version(const tdi_json *root);

/* Fails for an entry of extensionsRequired that is not supported. */
td_result tdi_gltf_check_required(const tdi_json *root);

/* Adds sentences about what the file has that is not drawn, or not fully. */
td_result tdi_gltf_note_unsupported(tdi_gltf *gltf);

#endif
