/* KHR_materials_variants: the names of a file's variants, and the materials that they put in place
 * of the primitives' own. */
#ifndef TDI_SCENE_GLTF_VARIANT_H
#define TDI_SCENE_GLTF_VARIANT_H

#include "scene/gltf_file.h"

/* Reads the names into the scene and finds the one that is wanted (NULL: none).
 * TD_ERROR_NOT_FOUND, with the names that there are, if there is none of that name. */
td_result tdi_gltf_read_variants(tdi_gltf *gltf, const char *wanted);

/* Replaces the material of a primitive by that of the variant, if the primitive has one for it. */
td_result tdi_gltf_variant_material(const tdi_gltf *gltf, const tdi_json *primitive,
                                    uint32_t *material);

#endif
