/* Text: growing strings, numbers from the command line and from files, UTF-8. Nothing here depends
 * on the locale that the host program has set. */
#ifndef TDI_BASE_TEXT_H
#define TDI_BASE_TEXT_H

#include <stdarg.h>

#include "base/error.h"

/* A string that grows. Zero-initialised it is empty. The first failure sticks: later appends do
 * nothing, and only tdi_text_take reports it. */
typedef struct tdi_text_builder {
    char *data; /* zero-terminated once something was appended */
    size_t length;
    size_t capacity;
    bool failed;
} tdi_text_builder;

void tdi_text_append(tdi_text_builder *text, const char *format, ...) TD_PRINTF(2, 3);
void tdi_text_append_bytes(tdi_text_builder *text, const void *bytes, size_t size);
/* Hands the string (never NULL; the caller's, tdi_free) and its length (`length` may be NULL) over
 * and empties the builder, also on failure: TD_ERROR_HOST_MEMORY. */
td_result tdi_text_take(tdi_text_builder *text, char **out, size_t *length);
void tdi_text_free(tdi_text_builder *text);

/* vsnprintf with a point as decimal separator, whatever the locale. */
int tdi_vsnprintf(char *out, size_t capacity, const char *format, va_list arguments)
    TD_PRINTF(3, 0);
int tdi_snprintf(char *out, size_t capacity, const char *format, ...) TD_PRINTF(3, 4);

/* These take the whole string or nothing: false leaves `*out` as it was and sets no error, since
 * only the caller knows what the number is for. */
bool tdi_parse_u32(const char *text, uint32_t *out); /* decimal digits only */
bool tdi_parse_f64(const char *text, double *out);   /* finite; no hexadecimal, no spaces */
/* Bytes: decimal digits, then nothing, "B", "KiB", "MiB", "GiB", "TiB" (powers of 1024; also as
 * "K", "M", "G", "T") or "KB", "MB", "GB", "TB" (powers of 1000). Case does not matter. */
bool tdi_parse_size(const char *text, uint64_t *out);

/* True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
bool tdi_utf8_valid(const void *bytes, size_t size);

#endif
