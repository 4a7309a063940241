/* Where the bytes of a glTF file come from: files beside it, data URIs, the binary chunk. */
#ifndef TDI_SCENE_GLTF_BUFFER_H
#define TDI_SCENE_GLTF_BUFFER_H

#include "scene/gltf_file.h"

/* Turns a relative URI into a path below the folder of the file: percent-decoded, refused if it is
 * absolute, has a scheme, or leaves the folder. Links are for who opens it. `*path` is the caller's
 * (tdi_free). */
td_result tdi_uri_to_path(const char *uri, char **path);

/* Decodes the base64 (RFC 4648, with or without padding) of a "data:" URI. `*data` is the
 * caller's (tdi_free). */
td_result tdi_uri_decode_data(const char *uri, uint8_t **data, size_t *size);

/* True for a "data:" URI. */
bool tdi_uri_is_data(const char *uri);

/* Fetches what a URI names, of either kind. Thread-safe. */
td_result tdi_gltf_fetch(const tdi_gltf *gltf, const char *uri, uint8_t **data, size_t *size);

/* Loads all buffers. */
td_result tdi_gltf_load_buffers(tdi_gltf *gltf);

/* The bytes of a buffer view, within its buffer. `*stride` is 0 if none is given. */
td_result tdi_gltf_view(const tdi_gltf *gltf, uint32_t view, const uint8_t **data, size_t *size,
                        uint32_t *stride);

#endif
