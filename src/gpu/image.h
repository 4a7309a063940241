/* Sampled images with their memory and view, and samplers. */
#ifndef TDI_GPU_IMAGE_H
#define TDI_GPU_IMAGE_H

#include "gpu/memory.h"

typedef struct tdi_vk_image {
    VkImage handle;
    VkImageView view;
    VkFormat format;
    uint32_t width, height, levels;
    tdi_allocation memory;
} tdi_vk_image;

typedef struct tdi_vk_image_params {
    const char *name;
    VkFormat format;
    uint32_t width, height, levels;
    VkImageUsageFlags usage;
    td_budget_category category;
    td_reservation *reservation; /* that its memory is reserved with, or NULL: gpu/memory.h */
} tdi_vk_image_params;

td_result tdi_vk_image_create(td_device *device, const tdi_vk_image_params *params,
                              tdi_vk_image *out);
void tdi_vk_image_destroy(td_device *device, tdi_vk_image *image);

/* What such an image needs of memory on this device, without making it. */
td_result tdi_vk_image_requirements(td_device *device, const tdi_vk_image_params *params,
                                    VkMemoryRequirements *out);

#endif
