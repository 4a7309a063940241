/* A scene on a device: geometry, materials and textures in device memory, and instances in as many
 * versions as there are frames that may need an older one. Made from a td_scene and independent of
 * it afterwards, but for updates of transforms. */
#ifndef TDI_SCENE_DEVICE_SCENE_H
#define TDI_SCENE_DEVICE_SCENE_H

#include <tandem/renderer.h>

#include "async/lane.h"
#include "async/upload.h"
#include "frame_data.h"
#include "gpu/bindless.h"
#include "gpu/buffer.h"
#include "gpu/estimate.h"
#include "gpu/image.h"
#include "scene/scene.h"
#include "scene/texture_plan.h"

/* A picture on the device, in one of its two readings. */
typedef struct tdi_device_texture {
    tdi_vk_image image;
    uint32_t picture; /* index of the scene's image */
    uint32_t base;    /* the picture's level that is the image's first */
    bool srgb;
    struct tdi_texture_retirement *retirement; /* room for it, or NULL */
} tdi_device_texture;

/* A texture with its sampler in the bindless array. */
typedef struct tdi_device_slot {
    uint32_t slot;
    uint32_t texture; /* into the device scene's */
    bool taken;
} tdi_device_slot;

/* The instances as they were at one revision of the transforms. */
typedef struct tdi_instance_version {
    tdi_buffer buffer;
    td_ticket last_use;
    uint64_t revision;
    bool filled;
} tdi_instance_version;

typedef struct tdi_device_scene {
    td_device *device;
    tdi_buffer geometry;  /* clusters, triangles, vertex streams, surfaces, cluster instances */
    tdi_buffer materials; /* struct tdi_material */
    tdi_buffer more;      /* struct tdi_material_more; none if all materials are plain */
    tdi_texture_plan plan;
    tdi_device_texture *textures;
    tdi_device_slot *slots; /* two for each scene texture: linear, sRGB */
    uint32_t texture_count, slot_count;
    tdi_instance_version *versions;
    uint32_t version_count, current_version;
    uint32_t instance_count, cluster_instance_count;
    uint64_t structure_revision;
    td_ticket ready;            /* everything above is there */
    struct tdi_frame addresses; /* the scene's part of a frame; the rest is zero */
} tdi_device_scene;

/* Bytes of device memory that a scene takes, by category, with all levels of its textures or with
 * their tails; allocates nothing. `estimate`, if not NULL, is given all that
 * tdi_device_scene_create would make. */
typedef struct tdi_device_scene_bytes {
    uint64_t geometry; /* with materials and `versions` copies of the instances */
    uint64_t textures;
    uint64_t staging; /* while uploading */
    uint64_t uploaded;
} tdi_device_scene_bytes;
td_result tdi_device_scene_measure(td_device *device, const td_scene *scene, uint32_t versions,
                                   bool tails, tdi_estimate *estimate, tdi_device_scene_bytes *out);

/* Whether some surface is masked. */
bool tdi_scene_is_masked(const td_scene *scene);

/* `versions`: how many states of the instances frames may need at once, at least 1. `tails`: of the
 * textures there are only small levels, until others are asked for (residency.h). */
td_result tdi_device_scene_create(td_device *device, const td_scene *scene, uint32_t versions,
                                  bool tails, tdi_device_scene **out);
/* The GPU must be done with it. NULL is fine. */
void tdi_device_scene_destroy(tdi_device_scene *scene);

/* Brings the instances to the state of `scene` and fills the scene's part of a frame. Waits for
 * frames only if all versions are in use. TD_ERROR_STATE if meshes, nodes, materials or textures
 * were added since the creation. */
td_result tdi_device_scene_update(tdi_device_scene *device_scene, const td_scene *scene,
                                  struct tdi_frame *frame);
/* Writes the materials again, after textures have changed; no frame may be in flight. */
td_result tdi_device_scene_write_materials(tdi_device_scene *device_scene, const td_scene *scene,
                                           tdi_upload *upload);

/* Fills in what td_renderer_info says of textures that stay. */
void tdi_device_scene_describe(const tdi_device_scene *device_scene, td_renderer_info *out);

/* The frame that was filled last runs until `ticket`. */
void tdi_device_scene_used(tdi_device_scene *device_scene, td_ticket ticket);

#endif
