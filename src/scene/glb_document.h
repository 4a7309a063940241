/* A binary glTF file on its way: the JSON document, and the pieces of its buffer.
 * Container: glTF 2.0 specification, section 4.4. */
#ifndef TDI_SCENE_GLB_DOCUMENT_H
#define TDI_SCENE_GLB_DOCUMENT_H

#include <jansson.h>

#include "base/error.h"

/* Part of the buffer. */
typedef struct tdi_glb_piece {
    const void *data;
    void *owned; /* freed with the document; NULL if the data is somebody else's */
    size_t size;
} tdi_glb_piece;

/* The first failure sticks; later calls do nothing, and tdi_glb_write reports it. */
typedef struct tdi_glb {
    json_t *root;
    tdi_glb_piece *pieces;
    size_t piece_count, piece_capacity;
    uint64_t buffer_bytes; /* of all pieces, each padded to 4 */
    td_result result;
} tdi_glb;

/* Later steps need the document even after a failure: it always is one. */
void tdi_glb_begin(tdi_glb *glb);
void tdi_glb_free(tdi_glb *glb);
void tdi_glb_fail(tdi_glb *glb, td_result result);

/* Sets a member of an object. Takes over `value`, NULL being a failure to make it. */
void tdi_glb_set(tdi_glb *glb, json_t *object, const char *key, json_t *value);
/* Sets the name, unless it is NULL or not UTF-8. */
void tdi_glb_set_name(tdi_glb *glb, json_t *object, const char *name);
/* Appends to an array. Takes over `value`. */
void tdi_glb_append(tdi_glb *glb, json_t *array, json_t *value);
/* Appends to a top-level array that is made when first needed, and returns the item's index. */
uint32_t tdi_glb_add(tdi_glb *glb, const char *array, json_t *item);
json_t *tdi_glb_numbers(const float *values, size_t count);
/* Adds a name to extensionsUsed, once. */
void tdi_glb_use_extension(tdi_glb *glb, const char *name);

/* Adds a buffer view over `size` bytes and returns its index. `owned` may be NULL (then `data` must
 * stay until the file is written), else it is the block that is freed. `stride` and `target` are
 * left out if 0. */
uint32_t tdi_glb_add_view(tdi_glb *glb, const void *data, void *owned, size_t size, uint32_t stride,
                          uint32_t target);

/* Completes the document and writes the file. */
td_result tdi_glb_write(tdi_glb *glb, const char *path, bool replace);

#endif
