/* Textures, samplers and images of a glTF file. Only those that a material uses are taken. */
#ifndef TDI_SCENE_GLTF_IMAGE_H
#define TDI_SCENE_GLTF_IMAGE_H

#include "scene/gltf_file.h"

/* The scene's texture for texture `index` of the file; TD_NONE, and a sentence in `unsupported`,
 * where its picture is in a format that is not read. */
td_result tdi_gltf_take_texture(tdi_gltf *gltf, uint32_t index, uint32_t *texture);

/* Fetches and decodes picture `index` of the scene. Thread-safe for different pictures; buffers are
 * loaded. The sentence of a failure begins with the JSON pointer. */
td_result tdi_gltf_read_image(const tdi_gltf *gltf, uint32_t index);

#endif
