/** @file
 * Readback: what the device wrote, in host memory, without a copy by the CPU.
 *
 * A *readback* is a ring of slots in host-cached memory. The device writes a slot (the transfer
 * lane copies into it, or the program's own last compute pass writes it), a td_request becomes
 * ready, and the request lends the memory itself until it is released. Requests are released in
 * any order, on any thread, in any state; a slot that somebody reads is never written.
 *
 * When all slots are in use the caller chooses: wait with a time limit, be told at once (limit 0:
 * ::TD_ERROR_AGAIN), or let the ring grow (td_readback_params::grow).
 */
#ifndef TANDEM_READBACK_H
#define TANDEM_READBACK_H

#include <tandem/host_buffer.h>
#include <tandem/ticket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A ring of slots in host memory. Opaque; thread-safe. */
typedef struct td_readback td_readback;

/** Most requests that a slot can be divided into. */
#define TD_READBACK_MOST_PARTS 64

/** How a readback is made. Zero is the default where not said otherwise. */
typedef struct td_readback_params {
    const char *name;    /**< In messages and debuggers; copied; NULL: "readback". */
    uint64_t slot_bytes; /**< Most bytes of one readback; required. */
    uint32_t slots;      /**< Slots from the start on, 2 to 4096; 0: 3. */
    uint32_t parts;      /**< Most requests that share a slot, 1 to ::TD_READBACK_MOST_PARTS; 0: 1.
                          */
    bool grow;           /**< When all slots are in use, one is added, as long as the budget and
                              `most_slots` allow; counted and logged. */
    uint32_t most_slots; /**< With `grow`: slots at most; 0: 4096. */
} td_readback_params;

/** Makes a ring; its memory counts as readback in the device's budget. ::TD_ERROR_ARGUMENT,
 * ::TD_ERROR_BUDGET, ::TD_ERROR_DEVICE_MEMORY, ::TD_ERROR_HOST_MEMORY. Thread-safe. */
TD_API td_result td_readback_create(td_device *device, const td_readback_params *params,
                                    td_readback **out);

/** Destroys a ring. Blocks until the device is done with every slot and every request of the ring
 * has been released: what was lent stays valid. Where a request is held still, that is logged as a
 * warning. No other thread may begin anything meanwhile. NULL is fine. */
TD_API void td_readback_destroy(td_readback *readback);

/** A rectangle of an image, to be copied as it is. */
typedef struct td_readback_image {
    VkImage image;   /**< Single-sampled, made with transfer source usage, and with concurrent
                          sharing where td_device_vulkan::family_count is above 1 (else see
                          `exclusive`). */
    VkFormat format; /**< Of the image: any uncompressed one of one plane. */
    VkImageAspectFlags aspect; /**< One aspect; 0: colour. */
    VkImageLayout layout; /**< That it has then: TRANSFER_SRC_OPTIMAL or GENERAL. It keeps it. */
    uint32_t x;           /**< First column, in texels of the level. */
    uint32_t y;           /**< First row. */
    uint32_t width;       /**< Texels; required. */
    uint32_t height;      /**< Rows; required. */
    uint32_t level;       /**< Mip level. */
    uint32_t layer;       /**< Array layer. */
    bool exclusive; /**< The image has exclusive sharing and belongs to the graphics lane's queue
                         family: it is copied on the graphics lane, if the transfer lane is of
                         another family. */
} td_readback_image;

/** A range of a buffer, to be copied. */
typedef struct td_readback_range {
    VkBuffer
        buffer; /**< Made with transfer source usage, and shared as td_readback_image::image. */
    uint64_t offset; /**< Bytes. */
    uint64_t size;   /**< Bytes; required. */
    bool exclusive;  /**< As td_readback_image::exclusive. */
} td_readback_range;

/** Copies a rectangle on the transfer lane, after `after` (value 0: at once), and gives a request
 * that lends it: rows tight, whatever their width. Waits at most `timeout_ns` for a slot:
 * ::TD_ERROR_AGAIN (limit 0) or ::TD_ERROR_TIMEOUT. Where the transfer queue cannot copy such a
 * rectangle (its granularity), or has no graphics and the aspect is depth or stencil, the graphics
 * lane does. The image must not be written, nor change
 * its layout, before the request's ticket (td_readback_ticket) is reached.
 *
 * `into`, if not NULL, is where the pixels go instead of a slot; they are as valid as its memory.
 * ::TD_ERROR_STATE while an earlier readback into it is pending.
 *
 * ::TD_ERROR_ARGUMENT for what does not fit the slot and for a ticket of another device,
 * ::TD_ERROR_STATE for a ticket that was never given out, ::TD_ERROR_UNSUPPORTED for a format that
 * is not known, ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_DEVICE_MEMORY, ::TD_ERROR_DEVICE_LOST. On
 * failure nothing is submitted and there is no request. Thread-safe. */
TD_API td_result td_readback_copy_image(td_readback *readback, const td_readback_image *image,
                                        td_host_buffer *into, td_ticket after, uint64_t timeout_ns,
                                        td_request **out);

/** The same for bytes of a buffer. */
TD_API td_result td_readback_copy_buffer(td_readback *readback, const td_readback_range *range,
                                         td_host_buffer *into, td_ticket after, uint64_t timeout_ns,
                                         td_request **out);

/** A slot that the program's own work writes. A plain value. */
typedef struct td_readback_target {
    VkBuffer buffer; /**< Host-cached memory with storage and transfer destination usage, shared
                          by all lanes. */
    uint64_t size;   /**< Bytes from its start that may be written. */
    void *lease;     /**< tandem's own. */
    uint64_t use;    /**< tandem's own. */
} td_readback_target;

/** Hands out a slot to be written by the program's own commands, and makes `parts` requests (0: 1)
 * for it. Waits at most `timeout_ns`: ::TD_ERROR_AGAIN (limit 0) or ::TD_ERROR_TIMEOUT. `into`, if
 * not NULL, is written instead of a slot, as in td_readback_copy_image; it takes one part.
 *
 * The commands end with a barrier to the host (td_readback_record_barrier). Then either
 * td_readback_submitted or td_readback_abandon is called, once. Thread-safe. */
TD_API td_result td_readback_begin(td_readback *readback, uint32_t parts, td_host_buffer *into,
                                   uint64_t timeout_ns, td_readback_target *out);

/** Records the barrier that makes what `stages` wrote with `access` visible to the host. */
TD_API void td_readback_record_barrier(const td_readback *readback, VkCommandBuffer commands,
                                       VkPipelineStageFlags2 stages, VkAccessFlags2 access);

/** Bytes of a slot that one request lends. */
typedef struct td_readback_part {
    uint64_t offset; /**< From the slot's start. */
    uint64_t size;   /**< Bytes. */
} td_readback_part;

/** The commands that write `target` were submitted, and `ticket` is reached after them: gives the
 * requests, as many as td_readback_begin made. `parts` says what each lends; NULL: each an equal
 * share of the slot. ::TD_ERROR_ARGUMENT for a part outside of the slot and a ticket of another
 * device, ::TD_ERROR_STATE for a target that is not begun and a ticket that was never given out;
 * the target is then as it was. Thread-safe. */
TD_API td_result td_readback_submitted(td_readback *readback, const td_readback_target *target,
                                       const td_readback_part *parts, td_ticket ticket,
                                       td_request **requests);

/** Gives a slot back that no request was asked for, once `ticket` (of what was submitted all the
 * same; value 0: nothing was) is reached. This is how a readback is cancelled before its start.
 * Errors as td_readback_submitted. Thread-safe. */
TD_API td_result td_readback_abandon(td_readback *readback, const td_readback_target *target,
                                     td_ticket ticket);

/** What a ready request lends. */
typedef struct td_readback_data {
    const void *bytes;  /**< In place; valid until the request is released. */
    uint64_t size;      /**< Bytes. */
    VkFormat format;    /**< Of texels; VK_FORMAT_UNDEFINED: bytes of a buffer. */
    uint32_t width;     /**< Texels; 0: bytes of a buffer. */
    uint32_t height;    /**< Rows; 0: bytes of a buffer. */
    uint64_t row_bytes; /**< From row to row: width times the size of a texel. */
    bool copied;        /**< The CPU copied it once, into memory that the device cannot import. */
} td_readback_data;

/** The memory of a ready request of a readback. ::TD_ERROR_STATE if it is not ready,
 * ::TD_ERROR_ARGUMENT if it is not a readback's. Thread-safe. */
TD_API td_result td_readback_get_data(td_request *request, td_readback_data *out);

/** The ticket after which a request is finished, for submissions that write the source again.
 * ::TD_ERROR_ARGUMENT if it is not the request of a readback. Thread-safe. */
TD_API td_result td_readback_ticket(td_request *request, td_ticket *out);

/** How a ring does. */
typedef struct td_readback_info {
    uint64_t slot_bytes; /**< Of each slot. */
    uint32_t slots;      /**< There now. */
    uint32_t free;       /**< Not in use. */
    uint32_t in_flight;  /**< Being written, or handed out to be. */
    uint32_t leased;     /**< Lent to requests that are finished. */
    uint32_t grown;      /**< Of `slots`, those that were added. */
    uint64_t growths;    /**< Slots added so far, given back or not. */
    uint64_t waits;      /**< Times that somebody waited for a slot. */
    uint64_t again;      /**< Times that a slot was refused: ::TD_ERROR_AGAIN or a time limit. */
    uint64_t copies;     /**< Copies submitted to a lane. */
    uint64_t finished;   /**< Readbacks that arrived in a slot. */
    uint64_t bytes;      /**< That arrived in slots. */
} td_readback_info;

/** How this ring does. With a NULL argument nothing is written. Thread-safe. */
TD_API void td_readback_get_info(td_readback *readback, td_readback_info *out);

/** Gives memory of slots that were added and are free back; the number of them. Thread-safe. */
TD_API uint32_t td_readback_trim(td_readback *readback);

#ifdef __cplusplus
}
#endif
#endif
