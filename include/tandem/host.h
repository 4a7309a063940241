/** @file
 * What tandem takes from the program that hosts it: memory and a place for its messages.
 */
#ifndef TANDEM_HOST_H
#define TANDEM_HOST_H

#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Host memory functions. Each may be called from any thread. */
typedef struct td_allocator {
    void *user; /**< Handed to every call. */
    /** Returns `size` (> 0) bytes aligned to `alignment` (a power of two), or NULL. */
    void *(*allocate)(void *user, size_t size, size_t alignment);
    /** Resizes a block that `allocate` gave with 16-byte alignment; NULL leaves it as it was. */
    void *(*reallocate)(void *user, void *block, size_t size);
    /** Frees a block; never called with NULL. */
    void (*release)(void *user, void *block);
} td_allocator;

/** Replaces the host allocator of the process; NULL restores the C library's. The struct is copied.
 * Call it before any other tandem object exists; otherwise ::TD_ERROR_STATE.
 * Not thread-safe. */
TD_API td_result td_set_allocator(const td_allocator *allocator);

/** How much a message matters. */
typedef enum td_log_level {
    TD_LOG_ERROR = 0,   /**< Something asked for did not happen. */
    TD_LOG_WARNING = 1, /**< It happened, but not as one might expect. */
    TD_LOG_INFO = 2,    /**< Worth knowing. */
    TD_LOG_DEBUG = 3,   /**< For people who work on tandem. */
} td_log_level;

/** Receives one message, one line without its newline. May be called from any thread, never under
 * a lock of tandem's; must not call back into tandem. */
typedef void (*td_log_fn)(void *user, td_log_level level, const char *message);

/** Sets where messages go; NULL: standard error. Messages above `max_level` are dropped; before the
 * first call that is td_default_log_level(). A message that another thread is about to hand over
 * may still reach the old function. Thread-safe. */
TD_API void td_set_log(td_log_fn fn, void *user, td_log_level max_level);

/** The level that the environment variable `TANDEM_LOG` asks for (`error`, `warning`, `info` or
 * `debug`) when tandem first looks; ::TD_LOG_WARNING without it or with another value.
 * Thread-safe. */
TD_API td_log_level td_default_log_level(void);

#ifdef __cplusplus
}
#endif
#endif
