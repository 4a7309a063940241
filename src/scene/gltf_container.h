/* The outside of a glTF file: plain JSON, or the chunks of a GLB (glTF 2.0, section 4). */
#ifndef TDI_SCENE_GLTF_CONTAINER_H
#define TDI_SCENE_GLTF_CONTAINER_H

#include "base/error.h"

typedef struct tdi_gltf_container {
    const uint8_t *json;
    size_t json_size;
    const uint8_t *chunk; /* BIN, or NULL */
    size_t chunk_size;
} tdi_gltf_container;

/* Finds the parts of `data`; they point into it. TD_ERROR_INPUT names the byte offset. */
td_result tdi_gltf_open_container(const uint8_t *data, size_t size, tdi_gltf_container *out);

#endif
