/* One glTF primitive: from accessors to clusters. */
#ifndef TDI_SCENE_GLTF_PRIMITIVE_H
#define TDI_SCENE_GLTF_PRIMITIVE_H

#include "scene/geometry.h"
#include "scene/gltf_file.h"

/* Matrices and weights that move the vertices of a mesh once, on loading. */
typedef struct tdi_gltf_pose {
    const float *joints; /* 16 per joint, column-major, object to world; NULL: no skin */
    uint32_t joint_count;
    const float *weights; /* of morph targets; NULL: none */
    uint32_t weight_count;
} tdi_gltf_pose;

/* What a primitive needs besides its positions, because its material looks at it. */
typedef struct tdi_gltf_needs {
    bool tangents;
    bool texcoords[2];
} tdi_gltf_needs;

/* True for triangles, strips and fans that have positions; the others are not drawn. */
td_result tdi_gltf_primitive_is_drawn(const tdi_json *at, bool *drawn, const char **why);

/* Reads and clusters a drawn primitive. `*out` (empty before) stays empty where there is not one
 * whole triangle. Thread-safe. */
td_result tdi_gltf_primitive_read(const tdi_gltf *gltf, const tdi_json *at,
                                  const tdi_gltf_pose *pose, tdi_gltf_needs needs,
                                  tdi_geometry *out);

#endif
