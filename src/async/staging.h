/* A ring of staging memory in slots, each with a command buffer of the transfer lane, or of the
 * graphics lane where the transfer queue copies no single rows: the host
 * fills one slot while the GPU copies out of those before it. Who owns the ring copies its data
 * piece by piece and submits a slot when it has no room left for the next. One thread at a time. */
#ifndef TDI_ASYNC_STAGING_H
#define TDI_ASYNC_STAGING_H

#include "async/lane.h"
#include "gpu/buffer.h"

/* What is written into a slot starts at a multiple of it: covers texel sizes, and
 * optimalBufferCopyOffsetAlignment in practice. */
#define TDI_STAGING_ALIGNMENT 16

typedef struct tdi_staging tdi_staging;

typedef struct tdi_staging_params {
    VkDeviceSize slot_bytes; /* a multiple of TDI_STAGING_ALIGNMENT */
    uint32_t slots;          /* at least 2, at most TDI_STAGING_MOST_SLOTS */
} tdi_staging_params;
#define TDI_STAGING_MOST_SLOTS 4

td_result tdi_staging_create(td_device *device, const tdi_staging_params *params,
                             tdi_staging **out);
/* Waits for the copies. What was written and not submitted is dropped. NULL is fine. */
void tdi_staging_destroy(tdi_staging *staging);
/* Without a wait: it goes at once, or when the GPU has made the copies, and until then it is memory
 * on its way back (async/retire.h). Nothing of it is open. */
void tdi_staging_retire(tdi_staging *staging);

/* What it takes of the budget. */
uint64_t tdi_staging_bytes(const tdi_staging *staging);

/* True once something was written into a slot that is not submitted yet. */
bool tdi_staging_is_open(const tdi_staging *staging);
/* Submits the open slot; without one the ticket is that of the last submission. After a failure
 * nothing of the slot was submitted, and it is empty again. */
td_result tdi_staging_submit(tdi_staging *staging, td_ticket *out);

/* Something to be copied to the device, and how far that is. */
typedef struct tdi_transfer {
    /* Either a range of a buffer, */
    VkBuffer buffer;
    VkDeviceSize offset;
    /* or whole rows of one level of an image, */
    VkImage image;
    uint32_t level;
    uint32_t width; /* of the level, in texels */
    uint32_t first_row;
    uint32_t texel_bytes;
    bool keep; /* the level is in SHADER_READ_ONLY_OPTIMAL, and its other rows stay; else nothing
                  that was in it does */

    VkDeviceSize size; /* in bytes, not 0 */
    VkDeviceSize done; /* copied into slots so far */
} tdi_transfer;

/* Writes `bytes` of the data, from byte `offset` of it on, to `to`: in order, never reading there.
 */
typedef td_result (*tdi_staging_write_fn)(void *user, uint8_t *to, VkDeviceSize offset,
                                          VkDeviceSize bytes);

/* Whether the open slot, or a new one if there is none, has room for the next piece. Where not, it
 * is to be submitted first. */
bool tdi_staging_has_room(const tdi_staging *staging, const tdi_transfer *transfer);
/* Copies the next piece, as large as there is room for, into the open slot, opening one if need be,
 * which waits until the GPU is done with it. A level is moved to SHADER_READ_ONLY_OPTIMAL by its
 * last piece; other levels stay as they are. */
td_result tdi_staging_copy(tdi_staging *staging, tdi_transfer *transfer, tdi_staging_write_fn write,
                           void *user);

#endif
