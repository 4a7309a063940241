#include "gpu/ranges.h"

#include <string.h>

#include "base/memory.h"

/* With n ranges handed out there are at most n + 1 free ones, and taking one more may split a free
 * range in two. Room for that is made when taking, so that giving back needs no memory. */
static td_result reserve(tdi_ranges *ranges)
{
    void *items = ranges->free;
    td_result result =
        tdi_grow(&items, &ranges->capacity, ranges->taken_count + 3, sizeof *ranges->free);
    ranges->free = items;
    return result;
}

td_result tdi_ranges_init(tdi_ranges *ranges, uint64_t size)
{
    *ranges = (tdi_ranges){.size = size};
    TDI_TRY(reserve(ranges));
    ranges->free[0] = (tdi_range){0, size};
    ranges->free_count = size > 0 ? 1 : 0;
    return TD_OK;
}

void tdi_ranges_free(tdi_ranges *ranges)
{
    tdi_free(ranges->free);
    memset(ranges, 0, sizeof *ranges);
}

static void insert(tdi_ranges *ranges, size_t at, tdi_range range)
{
    memmove(&ranges->free[at + 1], &ranges->free[at],
            (ranges->free_count - at) * sizeof *ranges->free);
    ranges->free[at] = range;
    ranges->free_count++;
}

static void erase(tdi_ranges *ranges, size_t at)
{
    ranges->free_count--;
    memmove(&ranges->free[at], &ranges->free[at + 1],
            (ranges->free_count - at) * sizeof *ranges->free);
}

static uint64_t padding(uint64_t offset, uint64_t alignment)
{
    return (alignment - (offset & (alignment - 1))) & (alignment - 1);
}

static bool find_best(const tdi_ranges *ranges, uint64_t size, uint64_t alignment, size_t *out)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < ranges->free_count; i++) {
        const tdi_range *range = &ranges->free[i];
        uint64_t pad = padding(range->offset, alignment);
        if (range->size < pad || range->size - pad < size || range->size >= best)
            continue;
        best = range->size;
        *out = i;
    }
    return best != UINT64_MAX;
}

td_result tdi_ranges_take(tdi_ranges *ranges, uint64_t size, uint64_t alignment, uint64_t *offset)
{
    size_t at;
    if (!find_best(ranges, size, alignment, &at))
        return TD_ERROR_AGAIN;
    TDI_TRY(reserve(ranges));
    tdi_range range = ranges->free[at];
    uint64_t pad = padding(range.offset, alignment);
    tdi_range rest = {range.offset + pad + size, range.size - pad - size};
    if (pad > 0)
        ranges->free[at++].size = pad;
    else
        erase(ranges, at);
    if (rest.size > 0)
        insert(ranges, at, rest);
    ranges->taken_count++;
    *offset = range.offset + pad;
    return TD_OK;
}

void tdi_ranges_give(tdi_ranges *ranges, uint64_t offset, uint64_t size)
{
    size_t at = 0;
    while (at < ranges->free_count && ranges->free[at].offset < offset)
        at++;
    tdi_range *before = at > 0 ? &ranges->free[at - 1] : NULL;
    tdi_range *after = at < ranges->free_count ? &ranges->free[at] : NULL;
    bool joins_before = before && before->offset + before->size == offset;
    bool joins_after = after && offset + size == after->offset;
    if (joins_before && joins_after) {
        before->size += size + after->size;
        erase(ranges, at);
    } else if (joins_before) {
        before->size += size;
    } else if (joins_after) {
        *after = (tdi_range){offset, size + after->size};
    } else {
        insert(ranges, at, (tdi_range){offset, size});
    }
    ranges->taken_count--;
}
