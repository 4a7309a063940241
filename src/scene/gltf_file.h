/* What the parts of the glTF loader share: one file while it is being loaded. */
#ifndef TDI_SCENE_GLTF_FILE_H
#define TDI_SCENE_GLTF_FILE_H

#include "base/pool.h"
#include "scene/gltf_json.h"
#include "scene/scene.h"

typedef struct tdi_gltf_buffer {
    const uint8_t *data; /* NULL: the buffer has no bytes of its own (no URI) */
    size_t size;
    uint8_t *owned;
} tdi_gltf_buffer;

/* Top-level arrays of the file; absent ones are empty. */
typedef struct tdi_gltf_arrays {
    tdi_json accessors, buffer_views, buffers, cameras, images, materials, meshes, nodes, samplers,
        scenes, skins, textures, animations;
} tdi_gltf_arrays;

typedef struct tdi_gltf {
    const char *path;
    char *folder;         /* that the file is in: "" or ending in / */
    uint64_t limit;       /* bytes of the largest file that is read */
    uint8_t *bytes;       /* the whole file, until its contents were read */
    bool was_read;        /* so that what fails is about what is in it */
    const uint8_t *chunk; /* BIN chunk of a GLB, or NULL */
    size_t chunk_size;
    json_t *document;
    tdi_json root;
    tdi_gltf_arrays arrays;
    tdi_gltf_buffer *buffers;
    uint32_t buffer_count;
    tdi_gltf_buffer *decoded; /* by buffer view; without data where it is not compressed */
    uint32_t decoded_count;
    uint32_t *textures;      /* per glTF texture the scene's, TD_NONE until a material uses it */
    uint32_t *images;        /* per glTF image the scene's, TD_NONE until a texture uses it */
    uint32_t *image_sources; /* per image of the scene the glTF image */
    uint32_t variant;        /* index of the material variant that is drawn, or TD_NONE */
    tdi_pool *pool;
    td_scene *scene;
} tdi_gltf;

static inline size_t tdi_gltf_count(const tdi_json *array)
{
    return json_array_size(array->value);
}

#endif
