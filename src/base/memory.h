/* Host memory: all of it goes through the one replaceable allocator. NULL means out of memory, and
 * the thread's last error is then set; callers return TD_ERROR_HOST_MEMORY. */
#ifndef TDI_BASE_MEMORY_H
#define TDI_BASE_MEMORY_H

#include <stdarg.h>

#include "base/error.h"

void *tdi_alloc(size_t size);                    /* uninitialised, 16-byte aligned */
void *tdi_alloc_zero(size_t count, size_t size); /* zeroed; overflow of the product is NULL */
void *tdi_alloc_aligned(size_t size, size_t alignment);
void *tdi_realloc(void *block, size_t count, size_t size); /* block from tdi_alloc(_zero) or NULL */
void tdi_free(void *block);                                /* NULL is fine */
char *tdi_strdup(const char *text);
char *tdi_strndup(const char *text, size_t length);
char *tdi_format(const char *format, ...) TD_PRINTF(1, 2);

/* Number of live blocks: tests use it to find leaks. */
uint64_t tdi_live_blocks(void);

/* Grows a dynamic array `*items` of `*capacity` elements of `size` bytes to at least `needed`
 * (doubling). On failure the array is untouched. */
td_result tdi_grow(void **items, size_t *capacity, size_t needed, size_t size);

#endif
