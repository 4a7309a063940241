/* Collects the vertices and triangles of a mesh piece by piece. */
#ifndef TDI_SCENE_MESH_BUILDER_H
#define TDI_SCENE_MESH_BUILDER_H

#include <tandem/scene.h>

#include "base/error.h"

/* Zero-initialised it is empty. The first failure sticks: what follows does nothing, and only
 * tdi_mesh_builder_finish reports it. */
typedef struct tdi_mesh_builder {
    float *positions; /* 3 per vertex */
    float *normals;   /* 3 */
    float *texcoords; /* 2 */
    uint32_t *indices;
    size_t vertex_count, index_count;
    size_t position_capacity, normal_capacity, texcoord_capacity, index_capacity;
    bool failed;
} tdi_mesh_builder;

/* Makes room, for many vertices of known number. */
void tdi_mesh_builder_reserve(tdi_mesh_builder *builder, size_t vertices, size_t indices);
/* Returns the vertex's index; 0 after a failure. */
uint32_t tdi_mesh_builder_vertex(tdi_mesh_builder *builder, const float position[3],
                                 const float normal[3], float u, float v);
/* Counter-clockwise. */
void tdi_mesh_builder_triangle(tdi_mesh_builder *builder, uint32_t a, uint32_t b, uint32_t c);

/* A flat rectangle of its own: corner, and the edges to the right and up as seen from its front.
 * Texture coordinates run from (u0, v0) at the upper left to (u1, v1) at the lower right. */
typedef struct tdi_quad {
    float corner[3]; /* lower left */
    float right[3];
    float up[3];
    float u0, v0, u1, v1;
} tdi_quad;

void tdi_mesh_builder_quad(tdi_mesh_builder *builder, const tdi_quad *quad);

/* Adds what was collected to the scene and empties the builder, also on failure. `name` may be
 * NULL. */
td_result tdi_mesh_builder_finish(tdi_mesh_builder *builder, td_scene *scene, uint32_t material,
                                  const char *name, uint32_t *mesh);
void tdi_mesh_builder_free(tdi_mesh_builder *builder);

#endif
