/* Simple shapes as pieces of a mesh. Sizes are above 0 and finite, counts large enough. */
#ifndef TDI_SCENE_SHAPES_H
#define TDI_SCENE_SHAPES_H

#include "scene/mesh_builder.h"

/* One texture coordinate square a face. */
void tdi_build_box(tdi_mesh_builder *builder, const float low[3], const float high[3]);

/* rings >= 2, segments >= 3; equirectangular texture, whose middle faces +Z. */
void tdi_build_sphere(tdi_mesh_builder *builder, const float center[3], float radius,
                      uint32_t rings, uint32_t segments);

/* A closed cylinder about Y, a cone if `top_radius` is 0, or something between. The texture goes
 * round the side once; its middle faces +Z. */
typedef struct tdi_cone {
    float base[3]; /* middle of the lower cap */
    float radius;  /* of the lower cap */
    float top_radius;
    float height;
    uint32_t segments; /* at least 3 */
} tdi_cone;

void tdi_build_cone(tdi_mesh_builder *builder, const tdi_cone *cone);

#endif
