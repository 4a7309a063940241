/* Cuts a primitive into clusters of at most TDI_CLUSTER_TRIANGLES triangles. */
#ifndef TDI_SCENE_CLUSTER_H
#define TDI_SCENE_CLUSTER_H

#include "scene/geometry.h"
#include "scene/primitive.h"

/* Fills `*out` (empty before) with one surface and its clusters; each triangle of the primitive is
 * in exactly one. The same primitive always gives the same clusters. The primitive has normals. The
 * surface's material and flags are left 0. On failure `*out` is empty. Thread-safe. */
td_result tdi_cluster_primitive(const tdi_primitive *primitive, tdi_geometry *out);

/* What meshoptimizer allocates at most for that, past the host's allocator. Tests compare it. */
size_t tdi_cluster_working_bytes(const tdi_primitive *primitive);

#endif
