/* Copies out of images and buffers into host memory, each in a command buffer of its own that is
 * recorded anew when the one before is done. */
#ifndef TDI_ASYNC_COPY_H
#define TDI_ASYNC_COPY_H

#include <tandem/readback.h>

#include "async/lane.h"

/* Command buffers of one destination, made for a lane when it first copies there. Zero is empty. */
typedef struct tdi_copy {
    VkCommandPool pools[TD_LANE_COUNT];
    VkCommandBuffer commands[TD_LANE_COUNT];
} tdi_copy;

/* The device must be done with them. */
void tdi_copy_destroy(td_device *device, tdi_copy *copy);

/* What is copied: a rectangle of an image, or a range of a buffer. */
typedef struct tdi_copy_source {
    const td_readback_image *image; /* NULL: `range` */
    const td_readback_range *range;
    /* Unless undefined: the layout that the image's level is in. For the copy it is brought to the
     * one that `image` names, and then back, on the graphics lane, between what was submitted
     * there before and what is afterwards. */
    VkImageLayout at_rest;
} tdi_copy_source;

/* What arrives, but for its address. TD_ERROR_ARGUMENT, or TD_ERROR_UNSUPPORTED for a format that
 * has no plain texels. */
td_result tdi_copy_measure(const tdi_copy_source *source, td_readback_data *out);

/* The lane that can copy it. */
td_lane tdi_copy_lane(const td_device *device, const tdi_copy_source *source);

/* Submits the copy into `buffer`, after `after`. The copy's commands are not in use. */
td_result tdi_copy_submit(td_device *device, tdi_copy *copy, const tdi_copy_source *source,
                          VkBuffer buffer, td_ticket after, td_ticket *out);

/* Bytes of a texel; 0 for formats that are compressed, of several planes, or unknown. */
uint32_t tdi_texel_bytes(VkFormat format, VkImageAspectFlags aspect);

/* The barrier to the host. */
void tdi_record_to_host(td_device *device, VkCommandBuffer commands, VkPipelineStageFlags2 stages,
                        VkAccessFlags2 access);

#endif
