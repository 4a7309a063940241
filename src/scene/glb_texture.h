/* What materials are written with: textureInfo objects and extensions. */
#ifndef TDI_SCENE_GLB_TEXTURE_H
#define TDI_SCENE_GLB_TEXTURE_H

#include "scene/glb_document.h"
#include "scene/scene.h"

/* Puts an extension into an object. Takes over `value`. */
void tdi_glb_set_extension(tdi_glb *glb, json_t *object, const char *name, json_t *value);

/* Sets the textureInfo `key`, unless no texture is used. `strength_key`, which may be NULL, is a
 * member of it. */
void tdi_glb_set_texture(tdi_glb *glb, json_t *object, const char *key, const td_texture_use *use,
                         const char *strength_key, float strength);

#endif
