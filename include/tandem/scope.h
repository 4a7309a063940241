/** @file
 * Resource scopes: reservations and objects that are given back together, whatever ends the scope.
 */
#ifndef TANDEM_SCOPE_H
#define TANDEM_SCOPE_H

#include <tandem/budget.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A group of reservations and objects. Opaque; thread-safe, but for td_scope_destroy, which no
 * other call may run beside. */
typedef struct td_scope td_scope;

/** What a scope has at one moment. */
typedef struct td_scope_info {
    uint64_t bytes;        /**< Reserved in it. */
    uint64_t peak_bytes;   /**< Highest of `bytes`. */
    uint64_t reservations; /**< Live ones. */
    uint64_t objects;      /**< Adopted ones. */
    uint64_t refused;      /**< Reservations that did not fit. */
} td_scope_info;

/** Makes an empty scope that reserves from `budget` (td_device_budget), which must outlive it.
 * `name` stands in sentences; NULL: "scope". `*out` is the caller's. */
TD_API td_result td_scope_create(td_budget *budget, const char *name, td_scope **out);

/** Gives everything back, the newest first, and frees the scope. NULL is fine. */
TD_API void td_scope_destroy(td_scope *scope);

/** Gives everything back, the newest first; the scope can be used again. What other threads add
 * meanwhile stays. */
TD_API void td_scope_clear(td_scope *scope);

/** Reserves bytes under a name of its own, which td_budget_consumers tells too. The same as
 * td_budget_reserve without a time to wait: ::TD_ERROR_BUDGET if it does not fit.
 * ::TD_ERROR_EXISTS if `id` is live in this scope; ::TD_ERROR_ARGUMENT for an empty one. */
TD_API td_result td_scope_reserve(td_scope *scope, const char *id, td_budget_category category,
                                  uint64_t bytes);

/** Gives one reservation back: ::TD_ERROR_NOT_FOUND if `id` is not live. */
TD_API td_result td_scope_release(td_scope *scope, const char *id);

/** Takes an object over: `destroy(object)` is called once, when the scope is cleared or destroyed,
 * by the thread that does so and under no lock. On failure the object stays the caller's. Any
 * `td_x_destroy` fits, in a function of this type. */
TD_API td_result td_scope_adopt(td_scope *scope, void *object, void (*destroy)(void *object));

/** Gives an adopted object back to the caller, without destroying it: ::TD_ERROR_NOT_FOUND if the
 * scope does not have it. */
TD_API td_result td_scope_disown(td_scope *scope, void *object);

/** Reads what it has. */
TD_API void td_scope_get_info(td_scope *scope, td_scope_info *out);

#ifdef __cplusplus
}
#endif
#endif
