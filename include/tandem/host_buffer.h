/** @file
 * Host buffers: memory of the program's, and pools of such memory, that readbacks write into.
 */
#ifndef TANDEM_HOST_BUFFER_H
#define TANDEM_HOST_BUFFER_H

#include <tandem/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Memory of the program's that readbacks write into (tandem/readback.h). Opaque; thread-safe. */
typedef struct td_host_buffer td_host_buffer;

/** Lets readbacks write into memory of the program's, `bytes` of it from `memory` on, which must
 * live until td_host_buffer_destroy. Where the device has VK_EXT_external_memory_host and both are
 * multiples of its alignment (4096 suffices everywhere), the pages are imported, once, and count
 * as readback in the budget. Else each readback into it goes through a slot and is copied once by
 * the CPU; td_host_buffer_get_info says so, and why. ::TD_ERROR_ARGUMENT for no memory,
 * ::TD_ERROR_BUDGET, ::TD_ERROR_HOST_MEMORY. Thread-safe. */
TD_API td_result td_host_buffer_create(td_device *device, void *memory, uint64_t bytes,
                                       td_host_buffer **out);

/** Waits until no readback writes into it and its last request was released, and ends the import.
 * NULL is fine. */
TD_API void td_host_buffer_destroy(td_host_buffer *buffer);

/** What a td_host_buffer is. */
typedef struct td_host_buffer_info {
    void *memory;       /**< As given. */
    uint64_t bytes;     /**< As given. */
    bool imported;      /**< The device writes it itself. */
    const char *reason; /**< Why, or why not. Static storage. */
    bool busy; /**< A request of a readback into it was not released yet, or a pool has it. */
} td_host_buffer_info;

/** What this one is. With a NULL argument nothing is written. Thread-safe. */
TD_API void td_host_buffer_get_info(td_host_buffer *buffer, td_host_buffer_info *out);

/** A pool of page-aligned host memory that readbacks write into. Opaque; thread-safe. */
typedef struct td_buffer_pool td_buffer_pool;

/** Buffers of one size. */
typedef struct td_buffer_class {
    uint64_t bytes;   /**< Of each; required; rounded up to whole pages of 4096. */
    uint32_t buffers; /**< From the start on; 0: 3. */
} td_buffer_class;

/** Most classes of a pool. */
#define TD_BUFFER_POOL_MOST_CLASSES 16

/** A buffer of a pool, handed out. */
typedef struct td_pool_buffer {
    void *memory;           /**< On a page boundary: a multiple of 4096. */
    uint64_t bytes;         /**< Of its class. */
    td_host_buffer *target; /**< For td_readback_copy_image and the like; the pool's. */
} td_pool_buffer;

/** Makes a pool of up to ::TD_BUFFER_POOL_MOST_CLASSES classes, imported into the device where it
 * can be. Counted in the budget once, as readback, in any case; memory that could not be imported
 * is also told in td_budget_info.host_bytes, since it is no allocation of the driver's.
 * ::TD_ERROR_ARGUMENT, ::TD_ERROR_BUDGET, ::TD_ERROR_HOST_MEMORY. Thread-safe. */
TD_API td_result td_buffer_pool_create(td_device *device, const td_buffer_class *classes,
                                       uint32_t count, td_buffer_pool **out);

/** Frees a pool, and the buffers that were never returned. Waits as td_host_buffer_destroy does.
 * NULL is fine. */
TD_API void td_buffer_pool_destroy(td_buffer_pool *pool);

/** Hands out a buffer of the smallest class that holds `bytes`. If none of that class is left one
 * is added, within the budget; counted and logged. ::TD_ERROR_ARGUMENT if no class is as large,
 * ::TD_ERROR_BUDGET, ::TD_ERROR_HOST_MEMORY. Thread-safe. */
TD_API td_result td_buffer_pool_get(td_buffer_pool *pool, uint64_t bytes, td_pool_buffer *out);

/** Takes a buffer back, by its memory. ::TD_ERROR_ARGUMENT for memory that is not of this pool and
 * for a buffer that is not handed out; ::TD_ERROR_STATE while a request of a readback into it is
 * not released. Nothing changes then. Thread-safe. */
TD_API td_result td_buffer_pool_return(td_buffer_pool *pool, void *memory);

/** How a pool does. */
typedef struct td_buffer_pool_info {
    uint32_t buffers;  /**< Of all classes. */
    uint32_t free;     /**< Not handed out. */
    uint32_t used;     /**< Handed out. */
    uint64_t grown;    /**< Buffers that were added. */
    uint64_t bytes;    /**< Of all buffers. */
    uint32_t imported; /**< Of `buffers`: those that the device writes itself. Into the others each
                          readback is copied once by the CPU. */
} td_buffer_pool_info;

/** How this pool does. With a NULL argument nothing is written. Thread-safe. */
TD_API void td_buffer_pool_get_info(td_buffer_pool *pool, td_buffer_pool_info *out);

#ifdef __cplusplus
}
#endif
#endif
