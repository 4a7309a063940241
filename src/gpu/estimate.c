#include "gpu/estimate.h"

#include "base/memory.h"
#include "gpu/ranges.h"

/* No device asks for more for a buffer; what is left unused by it is too little to matter. */
#define BUFFER_ALIGNMENT 256

struct tdi_estimate_block {
    tdi_ranges ranges;
    uint32_t type;
    bool linear;
};

void tdi_estimate_init(tdi_estimate *estimate, td_device *device, uint64_t available)
{
    *estimate = (tdi_estimate){.device = device, .available = available};
}

void tdi_estimate_free(tdi_estimate *estimate)
{
    for (size_t i = 0; i < estimate->block_count; i++)
        tdi_ranges_free(&estimate->blocks[i].ranges);
    tdi_free(estimate->blocks);
    tdi_estimate_init(estimate, estimate->device, estimate->available);
}

static void hold(tdi_estimate *estimate, uint64_t bytes)
{
    estimate->held += bytes;
    if (estimate->held > estimate->peak)
        estimate->peak = estimate->held;
}

static td_result take(tdi_estimate *estimate, uint32_t type, bool linear,
                      const VkMemoryRequirements *requirements)
{
    for (size_t i = estimate->block_count; i-- > 0;) {
        struct tdi_estimate_block *block = &estimate->blocks[i];
        uint64_t offset;
        if (block->type != type || block->linear != linear)
            continue;
        td_result result =
            tdi_ranges_take(&block->ranges, requirements->size, requirements->alignment, &offset);
        if (result != TD_ERROR_AGAIN)
            return result;
    }
    return TD_ERROR_AGAIN;
}

static td_result add_block(tdi_estimate *estimate, uint32_t type, bool linear)
{
    void *items = estimate->blocks;
    td_result result = tdi_grow(&items, &estimate->block_capacity, estimate->block_count + 1,
                                sizeof *estimate->blocks);
    estimate->blocks = items;
    TDI_TRY(result);
    struct tdi_estimate_block *block = &estimate->blocks[estimate->block_count];
    *block = (struct tdi_estimate_block){.type = type, .linear = linear};
    TDI_TRY(tdi_ranges_init(&block->ranges, tdi_memory_block_bytes(estimate->device)));
    estimate->block_count++;
    hold(estimate, tdi_memory_block_bytes(estimate->device));
    return TD_OK;
}

static bool has_room_for_block(const tdi_estimate *estimate)
{
    return estimate->held <= estimate->available &&
           estimate->available - estimate->held >= tdi_memory_block_bytes(estimate->device);
}

td_result tdi_estimate_add(tdi_estimate *estimate, const VkMemoryRequirements *requirements,
                           tdi_memory_kind kind, bool linear)
{
    uint32_t type = 0;
    if (requirements->size > tdi_memory_shared_bytes(estimate->device)) {
        hold(estimate, requirements->size);
        return TD_OK;
    }
    tdi_memory_find_type(estimate->device, requirements->memoryTypeBits, kind, &type);
    td_result result = take(estimate, type, linear, requirements);
    if (result != TD_ERROR_AGAIN)
        return result;
    if (!has_room_for_block(estimate)) {
        hold(estimate, requirements->size);
        return TD_OK;
    }
    TDI_TRY(add_block(estimate, type, linear));
    return take(estimate, type, linear, requirements);
}

td_result tdi_estimate_add_buffer(tdi_estimate *estimate, uint64_t size, tdi_memory_kind kind)
{
    const VkMemoryRequirements requirements = {size, BUFFER_ALIGNMENT, UINT32_MAX};
    return size > 0 ? tdi_estimate_add(estimate, &requirements, kind, true) : TD_OK;
}

td_result tdi_estimate_add_passing(tdi_estimate *estimate, uint64_t size, tdi_memory_kind kind)
{
    TDI_TRY(tdi_estimate_add_buffer(estimate, size, kind));
    if (size > tdi_memory_shared_bytes(estimate->device))
        estimate->held -= size;
    return TD_OK;
}
