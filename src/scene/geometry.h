/* Packed vertices, triangles and clusters of any number of surfaces. */
#ifndef TDI_SCENE_GEOMETRY_H
#define TDI_SCENE_GEOMETRY_H

#include <stddef.h>

#include "base/error.h"
#include "scene_data.h"

/* Counts are elements, capacities too.
 * X(array, count, capacity, items of an element) */
#define TDI_GEOMETRY_ARRAYS(X)                                                                     \
    X(clusters, cluster_count, cluster_capacity, 1)                                                \
    X(surfaces, surface_count, surface_capacity, 1)                                                \
    X(triangles, triangle_count, triangle_capacity, 1)                                             \
    X(positions, vertex_count, position_capacity, 3)                                               \
    X(normals, vertex_count, normal_capacity, 1)                                                   \
    X(tangents, tangent_count, tangent_capacity, 1)                                                \
    X(texcoords0, texcoord0_count, texcoord0_capacity, 2)                                          \
    X(texcoords1, texcoord1_count, texcoord1_capacity, 2)                                          \
    X(colors, color_count, color_capacity, 2)

typedef struct tdi_geometry {
    struct tdi_cluster *clusters; /* surface by surface */
    struct tdi_surface *surfaces;
    uint32_t *triangles; /* three 8-bit indices into the cluster's vertices, lowest byte first */
    float *positions;    /* 3 per vertex */
    uint32_t *normals;   /* 1 per vertex: tdi_pack_normal */
    uint32_t *tangents;  /* 1 per element: tdi_pack_tangent */
    float *texcoords0;   /* 2 per element */
    float *texcoords1;   /* 2 per element */
    uint32_t *colors;    /* 2 per element: tdi_pack_color */
    uint32_t cluster_count, surface_count, triangle_count, vertex_count;
    uint32_t tangent_count, texcoord0_count, texcoord1_count, color_count;
    size_t cluster_capacity, surface_capacity, triangle_capacity;
    size_t position_capacity, normal_capacity, tangent_capacity;
    size_t texcoord0_capacity, texcoord1_capacity, color_capacity;
} tdi_geometry;

void tdi_geometry_free(tdi_geometry *geometry);

/* Makes room for `count` pieces more, so that tdi_geometry_place cannot fail. */
td_result tdi_geometry_reserve(tdi_geometry *geometry, const tdi_geometry *pieces, size_t count);

/* Appends a piece; its clusters and surfaces are moved to where they now are. Room has been made.
 */
void tdi_geometry_place(tdi_geometry *geometry, const tdi_geometry *piece);

/* Device memory that the arrays take. */
uint64_t tdi_geometry_bytes(const tdi_geometry *geometry);

#endif
