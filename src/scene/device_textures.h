/* The textures of a device scene: each picture once for each reading (sRGB, linear) that some
 * material makes of it, and a bindless slot for each texture and reading. */
#ifndef TDI_SCENE_DEVICE_TEXTURES_H
#define TDI_SCENE_DEVICE_TEXTURES_H

#include "async/upload.h"
#include "scene/device_scene.h"
#include "scene/texture_plan.h"

/* The sum of their bytes; `estimate`, if not NULL, is given each. */
td_result tdi_device_textures_measure(td_device *device, const td_scene *scene,
                                      tdi_estimate *estimate, uint64_t *bytes);
td_result tdi_device_textures_create(tdi_device_scene *device_scene, const td_scene *scene,
                                     const tdi_texture_plan *plan, tdi_upload *upload);
void tdi_device_textures_destroy(tdi_device_scene *device_scene);

#endif
