/* The node hierarchy. A node has at most one parent; roots are linked like siblings. */
#ifndef TDI_SCENE_NODE_H
#define TDI_SCENE_NODE_H

#include "scene/scene.h"

/* Appends a node that is linked to nothing: identity, no mesh, object id = its index. */
td_result tdi_node_create(td_scene *scene, const char *name, uint32_t *node);

/* Makes `child` the last child of `parent`. Neither is checked: the child has no parent and is not
 * above the parent. */
void tdi_node_attach(td_scene *scene, uint32_t parent, uint32_t child);

/* Makes a node without parent the last root, and marks what is below it as in the scene. */
void tdi_node_attach_root(td_scene *scene, uint32_t node);

/* The node after `node` in depth-first order below its topmost ancestor and that one's siblings,
 * or TD_NONE. Needs no memory, so depth is no danger. */
uint32_t tdi_node_next(const td_scene *scene, uint32_t node);

/* The same within the tree below `top` only. */
uint32_t tdi_node_next_below(const td_scene *scene, uint32_t node, uint32_t top);

/* World matrix of any node, also of one that is not in the scene. */
void tdi_node_world(const td_scene *scene, uint32_t node, float world[16]);

#endif
