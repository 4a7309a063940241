#include "base/os.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/host.h>

#include "base/text.h"

#define DEFAULT_ALIGNMENT 16

/* Small arrays start with this many elements, so that they do not grow one by one. */
#define FIRST_CAPACITY 8

static void *system_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    if (alignment <= _Alignof(max_align_t))
        return malloc(size);
    void *block = NULL;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void *system_reallocate(void *user, void *block, size_t size)
{
    (void)user;
    return realloc(block, size);
}

static void system_release(void *user, void *block)
{
    (void)user;
    free(block);
}

static const td_allocator system_allocator = {
    .allocate = system_allocate,
    .reallocate = system_reallocate,
    .release = system_release,
};

static td_allocator allocator = {
    .allocate = system_allocate,
    .reallocate = system_reallocate,
    .release = system_release,
};
static _Atomic uint64_t live_blocks;

td_result td_set_allocator(const td_allocator *replacement)
{
    if (replacement &&
        (!replacement->allocate || !replacement->reallocate || !replacement->release))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_set_allocator: one of the three functions is NULL");
    if (tdi_live_blocks() > 0)
        return tdi_fail(TD_ERROR_STATE,
                        "td_set_allocator: %llu blocks of the present allocator are in use; set "
                        "it before anything is created or after all is destroyed",
                        (unsigned long long)tdi_live_blocks());
    allocator = replacement ? *replacement : system_allocator;
    return TD_OK;
}

uint64_t tdi_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

static void *fail_size(size_t size)
{
    (void)tdi_fail(TD_ERROR_HOST_MEMORY, "out of host memory: %zu bytes were asked for", size);
    return NULL;
}

void *tdi_alloc_aligned(size_t size, size_t alignment)
{
    if (size == 0)
        size = 1;
    if (alignment < DEFAULT_ALIGNMENT)
        alignment = DEFAULT_ALIGNMENT;
    void *block = allocator.allocate(allocator.user, size, alignment);
    if (!block)
        return fail_size(size);
    atomic_fetch_add(&live_blocks, 1);
    return block;
}

void *tdi_alloc(size_t size)
{
    return tdi_alloc_aligned(size, DEFAULT_ALIGNMENT);
}

void *tdi_alloc_zero(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return fail_size(SIZE_MAX);
    void *block = tdi_alloc(count * size);
    if (block)
        memset(block, 0, count * size);
    return block;
}

void *tdi_realloc(void *block, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return fail_size(SIZE_MAX);
    size_t total = count * size;
    if (total == 0)
        total = 1;
    if (!block)
        return tdi_alloc(total);
    void *moved = allocator.reallocate(allocator.user, block, total);
    return moved ? moved : fail_size(total);
}

void tdi_free(void *block)
{
    if (!block)
        return;
    allocator.release(allocator.user, block);
    atomic_fetch_sub(&live_blocks, 1);
}

char *tdi_strndup(const char *text, size_t length)
{
    length = strnlen(text, length);
    char *copy = tdi_alloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *tdi_strdup(const char *text)
{
    return tdi_strndup(text, strlen(text));
}

TD_PRINTF(1, 0)
static char *format_into(const char *format, va_list arguments, va_list again)
{
    int length = tdi_vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        return fail_size(0);
    char *text = tdi_alloc((size_t)length + 1);
    if (text)
        tdi_vsnprintf(text, (size_t)length + 1, format, again);
    return text;
}

char *tdi_format(const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char *text = format_into(format, arguments, again);
    va_end(again);
    va_end(arguments);
    return text;
}

td_result tdi_grow(void **items, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return TD_OK;
    size_t wanted = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (wanted < FIRST_CAPACITY)
        wanted = FIRST_CAPACITY;
    if (wanted < needed)
        wanted = needed;
    void *grown = tdi_realloc(*items, wanted, size);
    if (!grown)
        return TD_ERROR_HOST_MEMORY;
    *items = grown;
    *capacity = wanted;
    return TD_OK;
}
