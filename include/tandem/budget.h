/** @file
 * The budget: a ledger in front of every allocation of device memory.
 *
 * *Held* is the sum of all vkAllocateMemory sizes (and imported host pages); the limit is about it.
 * *Used* is what is handed out of that, by category; the difference is *slack*.
 */
#ifndef TANDEM_BUDGET_H
#define TANDEM_BUDGET_H

#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A ledger. Opaque; thread-safe. */
typedef struct td_budget td_budget;

/** What happens when the limit would be passed. */
typedef enum td_budget_mode {
    TD_BUDGET_ENFORCE = 0, /**< ::TD_ERROR_BUDGET; never over. */
    TD_BUDGET_WARN = 1,    /**< Allowed, logged and counted. */
} td_budget_mode;

/** What memory is used for. */
typedef enum td_budget_category {
    TD_BUDGET_GEOMETRY = 0,       /**< Vertices, clusters, instances, materials. */
    TD_BUDGET_TEXTURES = 1,       /**< Images that are sampled. */
    TD_BUDGET_TARGETS = 2,        /**< Results that stay on the device. */
    TD_BUDGET_STAGING = 3,        /**< On their way to the device. */
    TD_BUDGET_READBACK = 4,       /**< Results in host memory. */
    TD_BUDGET_TRANSIENT = 5,      /**< Needed within one submission. */
    TD_BUDGET_CATEGORY_COUNT = 6, /**< Number of categories. */
} td_budget_category;

/** The default limit: 512 MiB. */
#define TD_BUDGET_DEFAULT (UINT64_C(512) << 20)

/** The sums at one moment. */
typedef struct td_budget_info {
    uint64_t limit_bytes;                                /**< The limit. */
    uint64_t held_bytes;                                 /**< Allocated from the driver. */
    uint64_t peak_bytes;                                 /**< Highest `held_bytes` so far. */
    uint64_t used_bytes;                                 /**< Handed out, all categories. */
    uint64_t by_category[TD_BUDGET_CATEGORY_COUNT];      /**< Handed out. */
    uint64_t peak_by_category[TD_BUDGET_CATEGORY_COUNT]; /**< Highest of each. */
    uint64_t allocations;                                /**< Live vkAllocateMemory allocations. */
    uint64_t waits;        /**< Times a reservation waited for memory on its way back. */
    uint64_t exceeded;     /**< Times the limit was passed (mode warn). */
    uint64_t driver_bytes; /**< The driver's own figure since creation; 0 if it has none. */
    td_budget_mode mode;   /**< Enforce or warn. */
} td_budget_info;

/** Reads the sums. */
TD_API void td_budget_get_info(td_budget *budget, td_budget_info *out);

/** Name of a category, such as "geometry". Static storage. Thread-safe. */
TD_API const char *td_budget_category_name(td_budget_category category);

#ifdef __cplusplus
}
#endif
#endif
