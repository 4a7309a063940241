/* Device memory out of blocks of 16 MiB, or less where the budget is below 512 MiB; what is larger
 * than a quarter of a block gets an allocation of its own, so that little of a block can stay
 * unused. Every vkAllocateMemory passes the budget first. Empty blocks are given back before
 * anything is refused, and where the budget has no room for a whole block, only what is needed is
 * allocated. Thread-safe. */
#ifndef TDI_GPU_MEMORY_H
#define TDI_GPU_MEMORY_H

#include "gpu/budget.h"
#include "gpu/device.h"
#include "gpu/memory_kind.h"

struct tdi_memory_block;

typedef struct tdi_allocation {
    VkDeviceMemory memory;
    VkDeviceSize offset;
    VkDeviceSize size;
    void *mapped; /* host address of `offset`, or NULL */
    bool coherent;
    td_budget_category category;
    tdi_consumer consumer;
    struct tdi_memory_block *block;
} tdi_allocation;

typedef struct tdi_memory_request {
    const VkMemoryRequirements *requirements;
    tdi_memory_kind kind;
    bool linear; /* a buffer */
    td_budget_category category;
    const char *name;
    /* Its bytes, of the same category, are made good by the allocation, which then promises nothing
     * any more and is still to be released. NULL: none. */
    td_reservation *reservation;
} tdi_memory_request;

td_result tdi_memory_create(td_device *device, struct tdi_memory **out);
void tdi_memory_destroy(struct tdi_memory *memory);

/* Where it does not fit, empty blocks go back, then reliefs are asked, then memory on its way back
 * is waited for, then it is TD_ERROR_BUDGET. Called under no lock, because of that; a thread that
 * holds one sets its patience to TDI_PATIENCE_NONE (gpu/pressure.h). */
td_result tdi_memory_allocate(td_device *device, const tdi_memory_request *request,
                              tdi_allocation *out);
void tdi_memory_free(td_device *device, tdi_allocation *allocation);

/* Who can spare memory when it gets short: see gpu/pressure.h. Removed before the device goes. */
void tdi_memory_add_relief(td_device *device, tdi_relief *relief);
void tdi_memory_remove_relief(td_device *device, tdi_relief *relief);

/* Around vkAllocateMemory and vkFreeMemory elsewhere and what the budget is told of them: the
 * allocator's lock is held in between, so that nobody sees one without the other. */
void tdi_memory_change_begin(td_device *device);
void tdi_memory_change_end(td_device *device);

/* Bytes that could still be held, by the limit and by what the driver says now. */
uint64_t tdi_memory_available(td_device *device);

/* Gives all empty blocks back to the driver; one is otherwise kept for the next allocation. */
void tdi_memory_trim(td_device *device);

/* Called whenever what a device holds has changed, under the allocator's lock, so that the budget's
 * sums and what the driver was asked for agree. For tests; set it while no device exists. NULL
 * turns it off. */
typedef void (*tdi_memory_hook)(td_device *device);
void tdi_set_memory_hook(tdi_memory_hook hook);

/* The size of shared blocks, and the largest thing that is put into one. */
uint64_t tdi_memory_block_bytes(const td_device *device);
uint64_t tdi_memory_shared_bytes(const td_device *device);

/* Makes host writes visible to the device, or device writes to the host, for memory that is not
 * coherent; ranges grow to whole atoms. Nothing to do on coherent memory. */
td_result tdi_memory_flush(td_device *device, const tdi_allocation *allocation, VkDeviceSize offset,
                           VkDeviceSize size);
td_result tdi_memory_invalidate(td_device *device, const tdi_allocation *allocation,
                                VkDeviceSize offset, VkDeviceSize size);

#endif
