/* An uploader on the device without Vulkan: copies are made when they are recorded, and logged, and
 * jobs can be held back until the test lets them go. */
#ifndef TESTS_UNIT_UPLOADER_SUPPORT_H
#define TESTS_UNIT_UPLOADER_SUPPORT_H

#include "fake_device.h"

#include "async/uploader.h"

#define COPIES_MOST 4096

typedef struct copy_entry {
    VkBuffer buffer; /* or */
    VkImage image;
    VkDeviceSize offset, bytes; /* of a buffer */
    uint32_t level, x, y, width, height;
    uint8_t first; /* the first byte of the data */
} copy_entry;

/* Makes the device with its uploader; `queues` as in fake_device_create. */
tdi_uploader *uploader_create(uint32_t queues);
td_device *uploader_device(void);
void uploader_destroy_all(void); /* both of the next */
void uploader_destroy_device(void);
void uploader_destroy_gate(void);

uint32_t copies_count(void);
copy_entry copy_at(uint32_t index);
/* The barriers of images. */
uint32_t layout_count(void);
VkImageMemoryBarrier2 layout_at(uint32_t index);

/* Adds a job whose data lets the uploader's thread in only when gate_open is called: until then
 * what is added after it stays queued. Returns when the thread is in it. */
tdi_upload_job *gate_add(tdi_uploader *uploader);
void gate_open(void);

/* Any handle will do for a destination. */
VkBuffer buffer_of(uint32_t index);

/* A job that copies `size` bytes of `data` to that buffer. */
tdi_upload_job *add_bytes(tdi_uploader *uploader, uint32_t buffer, const void *data, size_t size,
                          int64_t priority);

/* Waits until it is submitted, and expects that it is. */
td_ticket wait_submitted(tdi_upload_job *job);
/* Waits until the GPU is done with everything that was submitted, and the ring is gone. */
void until_idle(void);

#endif
