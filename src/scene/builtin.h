/* The scenes that tandem brings along. Procedural, and the same on every run. */
#ifndef TDI_SCENE_BUILTIN_H
#define TDI_SCENE_BUILTIN_H

#include "scene/stage.h"

/* Names, ended by NULL. */
const char *const *tdi_builtin_names(void);
/* Fills an empty scene. TD_ERROR_NOT_FOUND with a sentence that lists the names. */
td_result tdi_builtin_scene(const char *name, td_scene *scene);

/* The scenes themselves; failures are left in the stage. */
void tdi_builtin_city(tdi_stage *stage);
void tdi_builtin_spheres(tdi_stage *stage);
void tdi_builtin_terrain(tdi_stage *stage);

#endif
