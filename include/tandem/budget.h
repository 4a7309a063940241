/** @file
 * The budget: a ledger in front of every allocation of device memory.
 *
 * *Held* is the sum of all vkAllocateMemory sizes, imported host pages among them, and the host
 * memory of buffer pools (tandem/host_buffer.h); *reserved* is what was promised and is not held
 * yet. The limit is about both together. *Used* is what is handed out of what is held, by category;
 * the difference is *slack*.
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
    uint64_t limit_bytes;    /**< The limit. */
    uint64_t held_bytes;     /**< In all. */
    uint64_t host_bytes;     /**< Of `held_bytes`: buffer pools that the device could not import. */
    uint64_t peak_bytes;     /**< Highest `held_bytes` so far. */
    uint64_t reserved_bytes; /**< Promised beside what is held. */
    uint64_t used_bytes;     /**< Handed out, all categories. */
    uint64_t by_category[TD_BUDGET_CATEGORY_COUNT];      /**< Handed out. */
    uint64_t peak_by_category[TD_BUDGET_CATEGORY_COUNT]; /**< Highest of each. */
    uint64_t reserved_by[TD_BUDGET_CATEGORY_COUNT];      /**< Promised. */
    uint64_t limit_by[TD_BUDGET_CATEGORY_COUNT];         /**< Of the category; 0: none. */
    uint64_t allocations;                                /**< Live vkAllocateMemory allocations. */
    uint64_t waits;        /**< Times anybody waited for memory on its way back. */
    uint64_t exceeded;     /**< Times a limit was passed (mode warn). */
    uint64_t driver_bytes; /**< The driver's own figure since creation; 0 if it has none. */
    uint64_t driver_left;  /**< What the driver said last that it has left for this process, of the
                              memory that images lie in; `UINT64_MAX` where it says nothing. */
    td_budget_mode mode;   /**< Enforce or warn. */
} td_budget_info;

/** Reads the sums. */
TD_API void td_budget_get_info(td_budget *budget, td_budget_info *out);

/** Name of a category, such as "geometry". Static storage. Thread-safe. */
TD_API const char *td_budget_category_name(td_budget_category category);

/** Room for a consumer's name with its closing zero. Of a longer name the end is kept. */
#define TD_BUDGET_NAME_CAPACITY 48

/** All that is held and reserved under one name in one category: one large thing, or many small
 * ones that go by the same name. Where very many names are in use, what is small is put together
 * under "others". */
typedef struct td_budget_consumer {
    char name[TD_BUDGET_NAME_CAPACITY]; /**< As whoever holds it calls it. */
    td_budget_category category;        /**< What for. */
    uint64_t bytes;                     /**< In all. */
    uint64_t count;                     /**< How many things. */
} td_budget_consumer;

/** Who holds memory, the largest first: fills at most `capacity` entries of `out` (NULL with 0) and
 * tells in `count` how many there are in all. Thread-safe. */
TD_API td_result td_budget_consumers(td_budget *budget, td_budget_consumer *out, uint32_t capacity,
                                     uint32_t *count);

/** A promise of bytes. Opaque; each belongs to whoever made it, who uses it from one thread at a
 * time. */
typedef struct td_reservation td_reservation;

/** What is reserved. */
typedef struct td_reservation_params {
    const char *name;            /**< For td_budget_consumers and sentences; NULL: "unnamed". */
    td_budget_category category; /**< What for. */
    uint64_t bytes;              /**< How much; may be 0. */
    uint64_t timeout_ns;         /**< How long to wait for memory that is on its way back; 0: not at
                                    all, `UINT64_MAX`: as long as any is. */
} td_reservation_params;

/** Takes bytes of the limit and of the category's, without allocating anything. Where they do not
 * fit, others are asked for memory that they can do without first, then memory on its way back is
 * waited for; then it is ::TD_ERROR_BUDGET, with the sums and the five largest consumers. With
 * mode warn it is given all the same, logged and counted.
 * `*out` is the caller's, to be released before the budget's device is destroyed. Thread-safe. */
TD_API td_result td_budget_reserve(td_budget *budget, const td_reservation_params *params,
                                   td_reservation **out);

/** Gives the bytes back. NULL is fine. */
TD_API void td_reservation_release(td_reservation *reservation);

/** Bytes that it stands for. */
TD_API uint64_t td_reservation_bytes(const td_reservation *reservation);

/** Changes the limit (> 0) and works down to it: from the call on nothing is allowed that does not
 * fit the new one; empty blocks go, others are asked for memory, and memory on its way back is
 * waited for, at most `timeout_ns` (0: not at all, `UINT64_MAX`: as long as any is).
 * ::TD_OK: what is held and reserved is within the limit. ::TD_ERROR_TIMEOUT: not yet, and more is
 * on its way. ::TD_ERROR_AGAIN: not yet, and it takes somebody to give memory back; the sentence
 * has the largest consumers. The limit stands in any case but ::TD_ERROR_ARGUMENT; calling it again
 * with the same limit looks again. Thread-safe; not from a function that tandem calls. */
TD_API td_result td_budget_set_limit(td_budget *budget, uint64_t bytes, uint64_t timeout_ns);

/** Limits what is handed out and reserved in one category, beside the whole limit; 0: no limit.
 * ::TD_ERROR_AGAIN: more is in use already; the limit stands, and nothing is added until there is
 * less. Thread-safe. */
TD_API td_result td_budget_set_category_limit(td_budget *budget, td_budget_category category,
                                              uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
