/* EXT_meshopt_compression: buffer views whose bytes are compressed. */
#ifndef TDI_SCENE_GLTF_MESHOPT_H
#define TDI_SCENE_GLTF_MESHOPT_H

#include "scene/gltf_file.h"

/* Decodes all of them into gltf->decoded, which tdi_gltf_view then gives; after the buffers were
 * loaded. */
td_result tdi_gltf_decode_views(tdi_gltf *gltf);
void tdi_gltf_free_decoded(tdi_gltf *gltf);

#endif
