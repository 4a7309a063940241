/* Puts skins and morph targets into the pose that the file gives, once, on loading. */
#ifndef TDI_SCENE_GLTF_POSE_H
#define TDI_SCENE_GLTF_POSE_H

#include "scene/gltf_file.h"
#include "scene/gltf_primitive.h"
#include "scene/primitive.h"

/* Moves the vertices of `primitive`, which are those of the file from `first_vertex` on, read from
 * the glTF primitive `at`. Thread-safe. */
td_result tdi_gltf_pose_apply(const tdi_gltf *gltf, const tdi_json *at, const tdi_gltf_pose *pose,
                              uint32_t first_vertex, tdi_primitive *primitive);

/* The joint matrices of a skin, from the nodes as they stand: world matrix of the joint times its
 * inverse bind matrix. `*joints` (16 floats each) is the caller's. */
td_result tdi_gltf_skin_matrices(const tdi_gltf *gltf, uint32_t skin, float **joints,
                                 uint32_t *count);

#endif
