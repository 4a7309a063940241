/** @file
 * Result codes, their names and texts, and the last error of a thread.
 */
#ifndef TANDEM_RESULT_H
#define TANDEM_RESULT_H

#include <tandem/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The one table of result codes: X(identifier, value, text).
 * Zero is success, negative values are failures. `AGAIN` is backpressure: nothing is wrong, the
 * call can be repeated once something has been finished or released. */
#define TD_RESULT_MAP(X)                                                                           \
    X(OK, 0, "success")                                                                            \
    X(ERROR_AGAIN, -1, "nothing is free at the moment; try again")                                 \
    X(ERROR_TIMEOUT, -2, "the time limit passed")                                                  \
    X(ERROR_CANCELLED, -3, "the request was cancelled")                                            \
    X(ERROR_ARGUMENT, -4, "an argument is not valid")                                              \
    X(ERROR_STATE, -5, "the call is not allowed in this state")                                    \
    X(ERROR_HOST_MEMORY, -6, "out of host memory")                                                 \
    X(ERROR_DEVICE_MEMORY, -7, "out of device memory")                                             \
    X(ERROR_BUDGET, -8, "the memory budget does not suffice")                                      \
    X(ERROR_NO_DEVICE, -9, "no usable Vulkan device")                                              \
    X(ERROR_DEVICE_LOST, -10, "the device was lost")                                               \
    X(ERROR_VULKAN, -11, "a Vulkan call failed")                                                   \
    X(ERROR_UNSUPPORTED, -12, "this is not supported")                                             \
    X(ERROR_INPUT, -13, "the input cannot be used")                                                \
    X(ERROR_NOT_FOUND, -14, "no such thing")                                                       \
    X(ERROR_EXISTS, -15, "it exists already")                                                      \
    X(ERROR_IO, -16, "a file could not be read or written")                                        \
    X(ERROR_SYSTEM, -17, "the operating system refused")

/** Result of a call: ::TD_OK or a negative code. */
typedef enum td_result {
#define TD_RESULT_ENUM(name, value, text) TD_##name = (value),
    TD_RESULT_MAP(TD_RESULT_ENUM)
#undef TD_RESULT_ENUM
} td_result;

/** Name of a result code, such as "TD_ERROR_BUDGET"; "TD_ERROR_UNKNOWN" for a foreign value.
 * Static storage. Thread-safe. */
TD_API const char *td_result_name(td_result result);

/** General text of a result code, without the circumstances. Static storage. Thread-safe. */
TD_API const char *td_result_text(td_result result);

/** The sentence that describes the last failure on the calling thread: what was wrong, where, and
 * what to do. Empty string if nothing failed yet. Owned by tandem, valid until the next failing
 * call on this thread. */
TD_API const char *td_last_error(void);

#ifdef __cplusplus
}
#endif
#endif
