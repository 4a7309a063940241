/* The textures of a device scene: each picture once for each reading (sRGB, linear) that some
 * material makes of it, and a bindless slot for each texture and reading. */
#ifndef TDI_SCENE_DEVICE_TEXTURES_H
#define TDI_SCENE_DEVICE_TEXTURES_H

#include "async/upload.h"
#include "scene/device_scene.h"
#include "scene/texture_plan.h"

/* The lowest level of a picture that is on the device whatever the memory, with all above it. */
uint32_t tdi_texture_tail(const tdi_image *picture);

/* What an image with the levels from `base` on needs. */
td_result tdi_device_texture_bytes(td_device *device, const tdi_image *picture, bool srgb,
                                   uint32_t base, VkMemoryRequirements *out);

/* The sum of their bytes, of all levels or of the tails; `estimate`, if not NULL, is given each. */
td_result tdi_device_textures_measure(td_device *device, const td_scene *scene, bool tails,
                                      tdi_estimate *estimate, uint64_t *bytes);
/* By the device scene's plan. After a failure what was made is still to be destroyed. */
td_result tdi_device_textures_create(tdi_device_scene *device_scene, const td_scene *scene,
                                     bool tails, tdi_upload *upload);
void tdi_device_textures_destroy(tdi_device_scene *device_scene);

/* Gives a texture that has no image one with the levels from `base` on, and slots. */
td_result tdi_device_texture_make(tdi_device_scene *device_scene, const td_scene *scene,
                                  uint32_t index, uint32_t base, tdi_upload *upload);
/* Takes both away; the GPU must be done with them. Harmless where there is none. */
void tdi_device_texture_drop(tdi_device_scene *device_scene, uint32_t index);
/* Makes room for tdi_device_texture_retire, which allocates nothing. */
td_result tdi_device_texture_may_retire(tdi_device_scene *device_scene, uint32_t index);
/* Takes both away once the GPU is done with them, without waiting for it. `last_use`: of the frames
 * that sample it. Returns the bytes that come back. */
uint64_t tdi_device_texture_retire(tdi_device_scene *device_scene, uint32_t index,
                                   td_ticket last_use);

#endif
