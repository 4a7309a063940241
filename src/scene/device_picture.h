/* A td_texture: an image on the device whose levels arrive one after another, the smallest first.
 * scene/texture_uploader.c fills it. */
#ifndef TDI_SCENE_DEVICE_PICTURE_H
#define TDI_SCENE_DEVICE_PICTURE_H

#include <stdatomic.h>

#include <tandem/vulkan.h>

#include "async/upload_queue.h"
#include "async/uploader.h"
#include "base/pool.h"
#include "scene/mipmap.h"

/* One level on its way. */
typedef struct tdi_picture_level {
    td_texture *texture;
    tdi_upload_job *job;
    td_ticket ticket; /* after which it may be read */
    bool there;
} tdi_picture_level;

struct td_texture {
    tdi_upload_place place; /* first: in the uploader's queue, before it is prepared */
    td_uploader *uploader;
    td_device *device;
    atomic_uint references; /* the caller's, the work's, its request's until that has ended, and
                               those of reads: whoever has the GPU use it */
    tdi_vk_image image;
    VkImageView views[TDI_MAX_MIP_LEVELS]; /* by the first level in them; made when asked for */
    uint32_t channels, texel_bytes;
    bool srgb;
    uint64_t bytes;

    uint8_t *chain; /* all levels, until they are on the device */
    tdi_picture_level levels[TDI_MAX_MIP_LEVELS];
    td_request *request;

    /* Under the uploader's lock. */
    uint32_t pending; /* levels that are not finished, and one for the preparation */
    uint32_t present;
    td_ticket ticket; /* of the last level that arrived */
    bool cancelled;
    td_result result; /* the first failure */
    char *sentence;
};

/* With one reference, the caller's. Nothing is in the image yet. */
td_result tdi_picture_create(td_device *device, const td_upload_texture_params *params,
                             td_texture **out);
void tdi_picture_retain(td_texture *texture);
void tdi_picture_release(td_texture *texture);

/* What copies for an uploader. */
tdi_uploader *tdi_uploader_engine_of(td_uploader *uploader);
/* What guards the fields above. */
tdi_mutex *tdi_uploader_lock_of(td_uploader *uploader);
/* A texture is gone: its bytes and its reference. */
void tdi_uploader_forget(td_uploader *uploader, uint64_t bytes);
/* Takes back what has not begun. True if that was all of it: the request is then the caller's to
 * finish. */
bool tdi_uploader_cancel(td_texture *texture);

#endif
