/* Meshes of a scene: surfaces that were cut into clusters, appended to its geometry. */
#ifndef TDI_SCENE_MESH_H
#define TDI_SCENE_MESH_H

#include "scene/geometry.h"
#include "scene/primitive.h"
#include "scene/scene.h"

/* Appends `count` clustered primitives as the surfaces of a new mesh. Their surfaces' materials are
 * set (a material's index, or TD_NONE: the default material); the flags follow from them. The
 * pieces stay the caller's. `*mesh` is the new mesh's index. */
td_result tdi_scene_append_mesh(td_scene *scene, const char *name, const tdi_geometry *pieces,
                                size_t count, uint32_t *mesh);

/* td_scene_add_mesh of a primitive with normals, whose arrays need not be copied: it is empty
 * afterwards, whatever the result. */
td_result tdi_scene_take_mesh(td_scene *scene, const char *name, uint32_t material,
                              tdi_primitive *primitive, uint32_t *mesh);

#endif
