/** @file
 * Uploads that stall nobody: textures go to the device level by level, the smallest first, in the
 * order of their priority, on a thread of tandem's and the transfer lane, while frames go on. What
 * programs with passes of their own need beside it is in tandem/vulkan.h.
 */
#ifndef TANDEM_UPLOAD_H
#define TANDEM_UPLOAD_H

#include <tandem/device.h>
#include <tandem/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Textures on their way to a device, and a limit for them. Opaque; thread-safe. */
typedef struct td_uploader td_uploader;

/** A texture on a device. Opaque; thread-safe. */
typedef struct td_texture td_texture;

/** The limit where none is given: 256 MiB. */
#define TD_UPLOADER_DEFAULT (UINT64_C(256) << 20)

/** How an uploader is made. Zero is the default. */
typedef struct td_uploader_params {
    uint64_t limit_bytes; /**< Most bytes of textures (width * height * channels each), queued and
                               there together; 0: ::TD_UPLOADER_DEFAULT. Beside it the device's
                               budget counts what they really take, with levels and padding. */
    uint32_t threads;     /**< That make levels of pictures, 1 to 64; 0: the cores given to the
                               process, at most 4. */
} td_uploader_params;

/** Makes an uploader. ::TD_ERROR_ARGUMENT, ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_SYSTEM,
 * ::TD_ERROR_DEVICE_MEMORY. */
TD_API td_result td_uploader_create(td_device *device, const td_uploader_params *params,
                                    td_uploader **out);

/** Cancels what has not begun. What has begun comes to its end, and textures stay; they must be
 * destroyed before the device. NULL is fine. */
TD_API void td_uploader_destroy(td_uploader *uploader);

/** A picture to be uploaded. */
typedef struct td_upload_texture_params {
    const void
        *pixels;       /**< (height, width, channels) uint8, tight; copied by the call. Required. */
    uint32_t width;    /**< Texels, 1 to 16384. */
    uint32_t height;   /**< Texels, 1 to 16384. */
    uint32_t channels; /**< 1 to 4. On the device 3 become 4, with an alpha of 255. */
    bool srgb;    /**< The colours are sRGB: sampled as linear light, and averaged so. Needs 3 or 4
                       channels. */
    bool no_mips; /**< Only level 0; else all levels down to 1 x 1 are made. */
    int64_t priority; /**< Higher goes first; equals in the order in which they were queued. */
    const char *name; /**< For the budget's sentences and debuggers; NULL: "texture". */
} td_upload_texture_params;

/** Queues a picture. Its bytes count against the uploader's limit, and its memory is taken from the
 * device's budget, before this returns, so that what is queued always fits. `request` (may be NULL)
 * becomes ready when all levels are there; cancelling it takes back what has not begun. The texture
 * is the caller's. ::TD_ERROR_BUDGET if it does not fit, ::TD_ERROR_ARGUMENT,
 * ::TD_ERROR_UNSUPPORTED for a size that the device has not, ::TD_ERROR_HOST_MEMORY,
 * ::TD_ERROR_DEVICE_MEMORY,
 * ::TD_ERROR_STATE after td_uploader_destroy of a texture's uploader. */
TD_API td_result td_uploader_queue_texture(td_uploader *uploader,
                                           const td_upload_texture_params *params,
                                           td_texture **texture, td_request **request);

/** Whether a picture of that size would fit the uploader's limit now. */
TD_API bool td_uploader_fits(td_uploader *uploader, uint32_t width, uint32_t height,
                             uint32_t channels);

/** What an uploader has done. */
typedef struct td_uploader_info {
    uint64_t limit_bytes; /**< The limit. */
    uint64_t used_bytes;  /**< width * height * channels of all textures that are not destroyed. */
    uint64_t queued;      /**< Textures that have not all their levels yet. */
    uint64_t processed;   /**< Textures that got all of them. */
    uint64_t failed;      /**< Textures whose upload failed. */
    uint64_t cancelled;   /**< Textures whose upload was cancelled. */
} td_uploader_info;

/** Reads the counts. */
TD_API void td_uploader_get_info(td_uploader *uploader, td_uploader_info *out);

/** A texture as it is now. */
typedef struct td_texture_info {
    uint32_t width;          /**< Of level 0. */
    uint32_t height;         /**< Of level 0. */
    uint32_t channels;       /**< As it was queued. */
    uint32_t levels;         /**< In all. */
    uint32_t levels_present; /**< From the smallest one on; 0: it cannot be used yet. */
    bool srgb;               /**< As it was queued. */
    uint64_t bytes;          /**< width * height * channels. */
    uint64_t device_bytes;   /**< What it takes of the budget. */
} td_texture_info;

/** Reads what is there. */
TD_API void td_texture_get_info(td_texture *texture, td_texture_info *out);

/** Changes the priority of what has not begun. */
TD_API void td_texture_set_priority(td_texture *texture, int64_t priority);

/** Copies a level back into `out`, tight, as many channels as were queued: `size` is its bytes.
 * `out` must stay until the request is finished. The copy is made on the graphics lane, which may
 * go on sampling the texture; other queues must not sample that level meanwhile. ::TD_ERROR_AGAIN
 * if the level is not there yet, ::TD_ERROR_ARGUMENT, ::TD_ERROR_BUDGET, ::TD_ERROR_DEVICE_MEMORY,
 * ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_DEVICE_LOST. */
TD_API td_result td_texture_read(td_texture *texture, uint32_t level, void *out, uint64_t size,
                                 td_request **request);

/** Cancels what has not begun and gives the memory back, as soon as tandem's own work with it is
 * done; submissions of the program's that read it must be done. NULL is fine. */
TD_API void td_texture_destroy(td_texture *texture);

#ifdef __cplusplus
}
#endif
#endif
