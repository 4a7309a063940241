/* A list of triangles as it comes from a file or from the caller, before it is cut into clusters.
 */
#ifndef TDI_SCENE_PRIMITIVE_H
#define TDI_SCENE_PRIMITIVE_H

#include "base/error.h"

typedef struct tdi_primitive {
    float *positions;    /* 3 per vertex, finite */
    float *normals;      /* 3, or NULL */
    float *tangents;     /* 4, or NULL */
    float *texcoords[2]; /* 2, or NULL */
    float *colors;       /* 4, or NULL */
    uint32_t *indices;   /* three a triangle, below vertex_count */
    uint32_t vertex_count;
    uint32_t index_count;
} tdi_primitive;

void tdi_primitive_free(tdi_primitive *primitive);

/* Gives every triangle vertices of its own with the triangle's normal, and drops the tangents, as
 * glTF 2.0, section 3.7.2.1, asks for where normals are missing. */
td_result tdi_primitive_flatten(tdi_primitive *primitive);

/* Merges vertices that are equal in every stream, where no two corners share one. */
td_result tdi_primitive_weld(tdi_primitive *primitive);

#endif
