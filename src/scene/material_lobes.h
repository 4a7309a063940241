/* What a material has beyond the metallic-roughness model: from what the caller says to what
 * shaders read. */
#ifndef TDI_SCENE_MATERIAL_LOBES_H
#define TDI_SCENE_MATERIAL_LOBES_H

#include "base/error.h"
#include "scene/scene.h"

/* Sets the defaults of the lobes' structs, none of which is at work then. */
void tdi_lobes_defaults(td_material_params *params);

/* TD_ERROR_ARGUMENT for values that mean nothing. */
td_result tdi_lobes_check(const td_material_params *params);

/* Fills in everything but textures; `lobes` is 0 for a plain material. */
void tdi_lobes_fill(const td_material_params *params, struct tdi_material_more *out);

#endif
