/** @file
 * Export macro and version of the public interface.
 */
#ifndef TANDEM_API_H
#define TANDEM_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Marks a symbol that the shared library exports. */
#define TD_API __attribute__((visibility("default")))

/** Checks a printf-like function's arguments at compile time. */
#define TD_PRINTF(format_index, first_argument)                                                    \
    __attribute__((format(printf, format_index, first_argument)))

#define TD_VERSION_MAJOR 0 /**< Incompatible changes. */
#define TD_VERSION_MINOR 1 /**< Additions. */
#define TD_VERSION_PATCH 0 /**< Corrections. */

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the loaded library as "major.minor.patch". Static storage. Thread-safe. */
TD_API const char *td_version(void);

#ifdef __cplusplus
}
#endif
#endif
