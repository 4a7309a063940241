/* Builds scenes of many parts: the first failure sticks, so that a scene's maker reads like a list
 * of what is in it. After a failure every call does nothing and gives index 0. */
#ifndef TDI_SCENE_STAGE_H
#define TDI_SCENE_STAGE_H

#include "scene/mesh_builder.h"
#include "scene/paint.h"

typedef struct tdi_stage {
    td_scene *scene;
    td_result result; /* of the first failure */
} tdi_stage;

/* A material of one colour (sRGB, as 0xRRGGBB). */
uint32_t tdi_stage_material(tdi_stage *stage, const char *name, uint32_t color, float metallic,
                            float roughness);
/* A material of one colour that also shines with it. */
uint32_t tdi_stage_emissive(tdi_stage *stage, const char *name, uint32_t color);
/* A painted material; `base` may be NULL: white, and metallic only where the paint says so. */
uint32_t tdi_stage_paint(tdi_stage *stage, const tdi_paint *paint, const td_material_params *base);
/* The defaults of a material for tdi_stage_paint. */
void tdi_stage_base(const tdi_paint *paint, td_material_params *out);
/* Empties the builder. */
uint32_t tdi_stage_mesh(tdi_stage *stage, tdi_mesh_builder *builder, uint32_t material,
                        const char *name);

/* Where something stands. */
typedef struct tdi_place {
    float x, y, z;
    float yaw;   /* radians, anticlockwise seen from above */
    float scale; /* 0: 1 */
} tdi_place;

/* `parent` and `mesh` may be TD_NONE, `name` NULL. */
uint32_t tdi_stage_node(tdi_stage *stage, uint32_t parent, uint32_t mesh, const tdi_place *place,
                        const char *name);
void tdi_stage_camera(tdi_stage *stage, const char *name, const float eye[3], const float target[3],
                      float fov_degrees);

/* 0xRRGGBB to three floats from 0 to 1, as they are. */
void tdi_color(uint32_t hex, float out[3]);

#endif
