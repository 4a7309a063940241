#include "async/upload.h"

#include <string.h>

#include "async/staging.h"
#include "base/memory.h"

#define HALVES     2
#define HALF_BYTES (UINT64_C(4) << 20)

struct tdi_upload {
    tdi_staging *staging;
};

static VkDeviceSize half_bytes_for(VkDeviceSize bytes)
{
    VkDeviceSize half = (bytes + HALVES - 1) / HALVES;
    if (half > HALF_BYTES)
        half = HALF_BYTES;
    if (half < TDI_STAGING_ALIGNMENT * 4096)
        half = TDI_STAGING_ALIGNMENT * 4096; /* at least one row of the widest image */
    return (half + TDI_STAGING_ALIGNMENT - 1) / TDI_STAGING_ALIGNMENT * TDI_STAGING_ALIGNMENT;
}

VkDeviceSize tdi_upload_staging_bytes(VkDeviceSize bytes)
{
    return half_bytes_for(bytes) * HALVES;
}

td_result tdi_upload_create(td_device *device, VkDeviceSize bytes, tdi_upload **out)
{
    tdi_upload *upload = tdi_alloc_zero(1, sizeof *upload);
    if (!upload)
        return TD_ERROR_HOST_MEMORY;
    const tdi_staging_params params = {.slot_bytes = half_bytes_for(bytes), .slots = HALVES};
    td_result result = tdi_staging_create(device, &params, &upload->staging);
    if (result != TD_OK) {
        tdi_free(upload);
        return result;
    }
    *out = upload;
    return TD_OK;
}

void tdi_upload_destroy(tdi_upload *upload)
{
    if (!upload)
        return;
    tdi_staging_destroy(upload->staging);
    tdi_free(upload);
}

static td_result write_bytes(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes)
{
    const uint8_t *const *data = user;
    memcpy(to, *data + offset, bytes);
    return TD_OK;
}

static td_result run(tdi_upload *upload, tdi_transfer *transfer, const void *data)
{
    const uint8_t *bytes = data;
    td_ticket ticket;
    while (transfer->done < transfer->size) {
        if (!tdi_staging_has_room(upload->staging, transfer))
            TDI_TRY(tdi_staging_submit(upload->staging, &ticket));
        TDI_TRY(tdi_staging_copy(upload->staging, transfer, write_bytes, &bytes));
    }
    return TD_OK;
}

td_result tdi_upload_buffer(tdi_upload *upload, const tdi_buffer *buffer, VkDeviceSize offset,
                            const void *data, VkDeviceSize size)
{
    tdi_transfer transfer = {.buffer = buffer->handle, .offset = offset, .size = size};
    return run(upload, &transfer, data);
}

td_result tdi_upload_image(tdi_upload *upload, const tdi_vk_image *image, const uint8_t *texels)
{
    for (uint32_t level = 0; level < image->levels; level++) {
        const uint32_t width = image->width >> level ? image->width >> level : 1;
        const uint32_t height = image->height >> level ? image->height >> level : 1;
        tdi_transfer transfer = {
            .image = image->handle,
            .level = level,
            .width = width,
            .texel_bytes = 4,
            .size = (VkDeviceSize)width * height * 4,
        };
        TDI_TRY(run(upload, &transfer, texels));
        texels += transfer.size;
    }
    return TD_OK;
}

td_result tdi_upload_flush(tdi_upload *upload, td_ticket *out)
{
    return tdi_staging_submit(upload->staging, out);
}
