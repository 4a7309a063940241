/* Upload: buffers and images are filled through a small ring of staging memory by the transfer
 * lane. Data larger than a half of the ring goes in pieces. One thread at a time. */
#ifndef TDI_ASYNC_UPLOAD_H
#define TDI_ASYNC_UPLOAD_H

#include "async/lane.h"
#include "gpu/buffer.h"
#include "gpu/image.h"

typedef struct tdi_upload tdi_upload;

/* Staging memory that an upload of `bytes` in all takes. */
VkDeviceSize tdi_upload_staging_bytes(VkDeviceSize bytes);

/* `bytes`: an estimate of all that will be uploaded; the ring is not made larger than needed. */
td_result tdi_upload_create(td_device *device, VkDeviceSize bytes, tdi_upload **out);

/* Waits for the copies, then frees the ring. NULL is fine. */
void tdi_upload_destroy(tdi_upload *upload);

/* `data` may be reused when the call returns. */
td_result tdi_upload_buffer(tdi_upload *upload, const tdi_buffer *buffer, VkDeviceSize offset,
                            const void *data, VkDeviceSize size);

/* All levels, each tight (4 bytes a texel), level after level. The image is left in
 * SHADER_READ_ONLY_OPTIMAL. */
td_result tdi_upload_image(tdi_upload *upload, const tdi_vk_image *image, const uint8_t *texels);

/* Submits what is left. What is submitted after the ticket sees everything. */
td_result tdi_upload_flush(tdi_upload *upload, td_ticket *out);

#endif
