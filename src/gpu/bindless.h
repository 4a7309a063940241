/* The bindless array: combined image samplers at set TDI_BINDLESS_SET, binding 0, one descriptor
 * set for the device, update-after-bind, partially bound. Slots are taken and given back; a slot
 * may be given back only when the GPU is done with it. Thread-safe. */
#ifndef TDI_GPU_BINDLESS_H
#define TDI_GPU_BINDLESS_H

#include "gpu/image.h"

#define TDI_BINDLESS_SET   1
#define TDI_BINDLESS_SLOTS 16384 /* or the device's limit, if lower */

td_result tdi_bindless_create(td_device *device, struct tdi_bindless **out);
void tdi_bindless_destroy(td_device *device, struct tdi_bindless *bindless);
VkDescriptorSetLayout tdi_bindless_layout(const struct tdi_bindless *bindless);
VkDescriptorSet tdi_bindless_set(const struct tdi_bindless *bindless);

/* Samplers are made once per distinct description and live as long as the device. */
td_result tdi_bindless_sampler(td_device *device, const VkSamplerCreateInfo *info, VkSampler *out);
td_result tdi_bindless_add(td_device *device, VkImageView view, VkSampler sampler, uint32_t *slot);
void tdi_bindless_remove(td_device *device, uint32_t slot);

#endif
