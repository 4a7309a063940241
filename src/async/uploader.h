/* The uploader of a device: one thread that copies buffers and levels of images to it, the most
 * wanted first, through a ring of staging memory of bounded size on the transfer lane, while frames
 * go on. Nobody has to call anything for progress. The ring is there while there is something to
 * upload or somebody holds it; it goes when the last copy is done, and when memory is short and
 * nothing is being uploaded. Thread-safe. */
#ifndef TDI_ASYNC_UPLOADER_H
#define TDI_ASYNC_UPLOADER_H

#include "async/lane.h"
#include "gpu/buffer.h"
#include "gpu/image.h"

typedef struct tdi_uploader tdi_uploader;
typedef struct tdi_upload_job tdi_upload_job;

/* Made on first use, with its thread; td_device_destroy cancels what is queued and ends it. */
td_result tdi_uploader_get(td_device *device, tdi_uploader **out);

/* Whoever uploads again and again holds the ring, so that it is not made anew each time: making
 * host-visible memory can keep other threads out of the driver for milliseconds. While it is idle
 * it goes all the same where others would lack memory, until the next upload. */
void tdi_uploader_hold(tdi_uploader *uploader);
void tdi_uploader_let_go(tdi_uploader *uploader);

/* Nothing is queued, and the thread has nothing to do with jobs that were, though the GPU may still
 * make their copies. */
bool tdi_uploader_is_idle(tdi_uploader *uploader);

/* Most bytes that the ring takes of the budget: 32 MiB, and a sixteenth of the limit at most. */
VkDeviceSize tdi_uploader_staging_bytes(td_device *device);

/* A job is queued, then begun, submitted, and done once the GPU has made the copies; or cancelled,
 * or failed. Jobs that were begun come to their end before others are: what should be overtaken on
 * its way is split by its owner. */
typedef enum tdi_upload_state {
    TDI_UPLOAD_QUEUED,
    TDI_UPLOAD_BEGUN,
    TDI_UPLOAD_SUBMITTED,
    TDI_UPLOAD_DONE,
    TDI_UPLOAD_FAILED,
    TDI_UPLOAD_CANCELLED,
} tdi_upload_state;

typedef struct tdi_upload_job_params {
    /* Either `size` bytes from `offset` of a buffer on, */
    VkBuffer buffer;
    VkDeviceSize offset, size;
    /* or rows of one level of an image: tight, `texel_bytes` (1, 2, 4, 8 or 16) each. The level
     * goes UNDEFINED -> TRANSFER_DST -> SHADER_READ_ONLY_OPTIMAL and other levels are not touched,
     * so that they may be sampled meanwhile. No queue may be using the level, or the buffer. */
    const tdi_vk_image *image; /* read by tdi_uploader_add only */
    uint32_t level;
    uint32_t texel_bytes;
    uint32_t first_row, row_count; /* row_count 0: all rows */
    /* The level is in SHADER_READ_ONLY_OPTIMAL already (an earlier job of it was submitted), and
     * its other rows stay; without it nothing of what was in the level does. */
    bool keep;

    /* The data: the caller's until the job is submitted, failed or cancelled. */
    const void *data;
    /* Instead: writes `bytes` of the data, from byte `offset` of it on, straight into staging
     * memory, which is written in order and never read. Called piece after piece on the uploader's
     * thread, under no lock. A failure, with its sentence, fails the job. */
    td_result (*write)(void *user, uint8_t *to, VkDeviceSize offset, VkDeviceSize bytes);

    int64_t priority; /* higher goes first; equals in the order in which they were added */

    /* Both may be NULL, and are called at most once, under no lock. They may use and release the
     * job, and add others, but wait for none. */
    /* On the uploader's thread: the data is free, submissions after `ticket` may read. */
    void (*submitted)(void *user, td_ticket ticket);
    /* The last call of all: TD_OK or TD_ERROR_DEVICE_LOST from the completion thread once the
     * ticket is reached, other failures (with their sentence) from the uploader's thread,
     * TD_ERROR_CANCELLED from the thread that cancels. */
    void (*finished)(void *user, td_result result);
    void *user; /* of all three */
} tdi_upload_job_params;

/* The job is the caller's, to be released before the device is destroyed. */
td_result tdi_uploader_add(tdi_uploader *uploader, const tdi_upload_job_params *params,
                           tdi_upload_job **out);

tdi_upload_state tdi_upload_job_poll(tdi_upload_job *job);
/* For as long as the job is queued. */
void tdi_upload_job_set_priority(tdi_upload_job *job, int64_t priority);
/* True if the job was queued and never will begin: its data and destination are free. */
bool tdi_upload_job_cancel(tdi_upload_job *job);

/* Blocks until all of the job was submitted, and gives the ticket after which later submissions may
 * read it. TD_ERROR_TIMEOUT, TD_ERROR_CANCELLED, or the failure with its sentence, and then `out`
 * is the last ticket that may write the destination still (of value 0 if there is none).
 * TD_ERROR_STATE instead of a wait in a callback. */
td_result tdi_upload_job_wait_submitted(tdi_upload_job *job, uint64_t timeout_ns, td_ticket *out);

/* Gives the job back, in any state. A queued one is cancelled; one that was begun comes to its end,
 * and until then reads the data and writes the destination. NULL is fine. */
void tdi_upload_job_release(tdi_upload_job *job);

#endif
