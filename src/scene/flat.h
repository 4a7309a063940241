/* What follows from a scene's nodes and meshes: world matrices, the flat list of instances that is
 * drawn, and the bounding box. */
#ifndef TDI_SCENE_FLAT_H
#define TDI_SCENE_FLAT_H

#include <stddef.h>

#include <tandem/scene.h>

#include "base/error.h"
#include "scene_data.h"

/* One mesh drawn once. */
typedef struct tdi_instance_source {
    uint32_t node;
    uint32_t mesh;
    uint32_t placement; /* index into the scene's placements, or TD_NONE */
} tdi_instance_source;

/* Depth first over the roots, placements in order. */
typedef struct tdi_flat {
    uint64_t structure_revision; /* of the scene when the lists were made */
    uint64_t transform_revision; /* of the scene when the matrices were worked out */
    float *worlds;               /* 16 per node, column-major; of nodes not in the scene: unset */
    uint32_t *order;             /* the nodes of the scene, parents before children */
    struct tdi_instance *instances;
    tdi_instance_source *sources; /* of the same index */
    struct tdi_cluster_instance *cluster_instances;
    uint32_t order_count;
    uint32_t instance_count;
    uint32_t cluster_instance_count; /* at most 2^TDI_CLUSTER_BITS */
    uint64_t triangle_count;         /* drawn */
    float bounds_min[3];             /* world space, of all drawn vertices; 0 if there are none */
    float bounds_max[3];
} tdi_flat;

/* Brings scene->flat up to date: cheap if nothing has changed. Safe to call from several threads
 * as long as nobody changes the scene. Between such a call and the next change `flat` may be read
 * without the lock. TD_ERROR_UNSUPPORTED for more than 2^25 cluster instances. */
td_result tdi_scene_update(const td_scene *scene);

/* Frees the lists, not `flat` itself. */
void tdi_flat_free_lists(tdi_flat *flat);

#endif
