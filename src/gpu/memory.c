#include "gpu/memory.h"

#include <string.h>

#include "base/memory.h"
#include "gpu/budget.h"
#include "gpu/driver_budget.h"
#include "gpu/ranges.h"
#include "gpu/reservation.h"

struct tdi_memory_block {
    struct tdi_memory_block *next; /* of the shared blocks */
    VkDeviceMemory memory;
    uint64_t size;
    uint32_t type;
    bool
        linear; /* buffers; optimal images lie elsewhere, so bufferImageGranularity never matters */
    bool own;
    uint8_t *mapped;
    tdi_ranges ranges; /* of a shared block */
};

/* With 32 blocks to the limit, partly filled ones cannot eat up a small budget. */
#define LARGEST_BLOCK  (UINT64_C(16) << 20)
#define SMALLEST_BLOCK (UINT64_C(256) << 10)
#define BLOCKS_A_LIMIT 32

struct tdi_memory {
    td_device *device;
    tdi_mutex mutex;
    struct tdi_memory_block *blocks;
    uint32_t image_heap; /* the heap that images lie in */
    uint64_t driver_start;
    tdi_relief empty_blocks;
};

#define VISIBLE  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT

static VkMemoryPropertyFlags type_flags(const td_device *device, uint32_t type)
{
    return device->memory_properties.memoryTypes[type].propertyFlags;
}

static void refresh_driver(const struct tdi_memory *memory)
{
    tdi_driver_budget now;
    tdi_driver_budget_read(memory->device, memory->image_heap, &now);
    tdi_budget_set_driver(memory->device->budget,
                          now.used > memory->driver_start ? now.used - memory->driver_start : 0,
                          now.left);
}

static tdi_memory_hook memory_hook;

void tdi_set_memory_hook(tdi_memory_hook hook)
{
    memory_hook = hook;
}

static void note_change(struct tdi_memory *memory)
{
    refresh_driver(memory);
    if (memory_hook)
        memory_hook(memory->device);
}

/* The limit may change at any time; blocks keep the size that they were made with. */
uint64_t tdi_memory_block_bytes(const td_device *device)
{
    td_budget_info info;
    td_budget_get_info(device->budget, &info);
    uint64_t bytes = LARGEST_BLOCK;
    while (bytes > SMALLEST_BLOCK && bytes > info.limit_bytes / BLOCKS_A_LIMIT)
        bytes /= 2;
    return bytes;
}

uint64_t tdi_memory_shared_bytes(const td_device *device)
{
    return tdi_memory_block_bytes(device) / 4;
}

/* Blocks */

static VkResult allocate_handle(const td_device *device, struct tdi_memory_block *block)
{
    VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
    };
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = block->linear && device->features.buffer_addresses ? &flags : NULL,
        .allocationSize = block->size,
        .memoryTypeIndex = block->type,
    };
    return device->vk.vkAllocateMemory(device->handle, &info, NULL, &block->memory);
}

static VkResult map(const td_device *device, struct tdi_memory_block *block)
{
    void *address = NULL;
    if (!(type_flags(device, block->type) & VISIBLE))
        return VK_SUCCESS;
    VkResult result =
        device->vk.vkMapMemory(device->handle, block->memory, 0, VK_WHOLE_SIZE, 0, &address);
    block->mapped = address;
    return result;
}

/* Frees the block, its memory, which is unmapped with it, and what the ledger holds for it. Of a
 * block that nothing came of, the promise that it was to make good holds again. */
static void drop_block(struct tdi_memory *memory, struct tdi_memory_block *block, uint64_t promised)
{
    td_device *device = memory->device;
    if (block->memory) {
        device->vk.vkFreeMemory(device->handle, block->memory, NULL);
        tdi_budget_release(device->budget, block->size, promised);
        note_change(memory);
    }
    tdi_ranges_free(&block->ranges);
    tdi_free(block);
}

/* Gives empty shared blocks back, all but `keep` of them; returns how many bytes that were. */
static uint64_t drop_empty(struct tdi_memory *memory, uint32_t keep)
{
    uint64_t dropped = 0;
    struct tdi_memory_block **link = &memory->blocks;
    while (*link) {
        struct tdi_memory_block *block = *link;
        if (block->ranges.taken_count > 0 || keep > 0) {
            keep -= block->ranges.taken_count == 0;
            link = &block->next;
            continue;
        }
        *link = block->next;
        dropped += block->size;
        drop_block(memory, block, 0);
    }
    return dropped;
}

/* For reservations and a limit that falls; allocations have dropped them before they fail. */
static uint64_t free_empty_blocks(tdi_relief *self, uint64_t wanted)
{
    struct tdi_memory *memory =
        (struct tdi_memory *)((char *)self - offsetof(struct tdi_memory, empty_blocks));
    (void)wanted;
    tdi_mutex_lock(&memory->mutex);
    uint64_t dropped = drop_empty(memory, 0);
    tdi_mutex_unlock(&memory->mutex);
    return dropped;
}

/* No category's sum gets less by it: a bit that is none of theirs. */
#define NO_CATEGORY (UINT32_C(1) << TD_BUDGET_CATEGORY_COUNT)

td_result tdi_memory_create(td_device *device, struct tdi_memory **out)
{
    struct tdi_memory *memory = tdi_alloc_zero(1, sizeof *memory);
    if (!memory)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&memory->mutex, TDI_RANK_MEMORY);
    if (result != TD_OK) {
        tdi_free(memory);
        return result;
    }
    uint32_t type = 0;
    tdi_driver_budget start;
    memory->device = device;
    if (tdi_memory_find_type(device, UINT32_MAX, TDI_MEMORY_DEVICE, &type))
        memory->image_heap = device->memory_properties.memoryTypes[type].heapIndex;
    tdi_driver_budget_read(device, memory->image_heap, &start);
    memory->driver_start = start.used;
    refresh_driver(memory);
    memory->empty_blocks = (tdi_relief){.free_some = free_empty_blocks, .categories = NO_CATEGORY};
    tdi_pressure_add(tdi_budget_pressure(device->budget), &memory->empty_blocks);
    *out = memory;
    return TD_OK;
}

/* What is looked for. */
typedef struct wish {
    uint64_t size;
    uint64_t alignment;
    uint32_t type;
    bool linear;
    const char *what;
    uint64_t promised; /* by a reservation */
    uint64_t unheld;   /* what is reserved of that, beside what is held */
} wish;

/* Empty blocks go before the driver's own budget is in the way. */
static td_result ask_driver(struct tdi_memory *memory, uint32_t heap, uint64_t size,
                            const char *what)
{
    tdi_driver_budget now;
    tdi_driver_budget_read(memory->device, heap, &now);
    if (now.left < size && drop_empty(memory, 0) > 0)
        tdi_driver_budget_read(memory->device, heap, &now);
    if (now.left >= size)
        return TD_OK;
    return tdi_budget_pass_driver(memory->device->budget, size, now.left, what);
}

/* Takes the bytes of the budget and then of the driver; empty blocks go before either refuses. */
static td_result obtain(struct tdi_memory *memory, struct tdi_memory_block *block, wish *w)
{
    td_device *device = memory->device;
    uint32_t heap = device->memory_properties.memoryTypes[block->type].heapIndex;
    if (block->size > device->memory_properties.memoryHeaps[heap].size)
        return tdi_fail(TD_ERROR_DEVICE_MEMORY,
                        "%s needs %llu bytes, more than the device has memory of that kind",
                        w->what, (unsigned long long)block->size);
    if (tdi_budget_available(device->budget) + w->promised < block->size)
        drop_empty(memory, 0);
    TDI_TRY(ask_driver(memory, heap, block->size, w->what));
    TDI_TRY(tdi_budget_hold(device->budget, block->size, w->promised, w->what));
    VkResult result = allocate_handle(device, block);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY) {
        tdi_budget_release(device->budget, block->size, w->promised);
        drop_empty(memory, 0);
        TDI_TRY(tdi_budget_hold(device->budget, block->size, w->promised, w->what));
        result = allocate_handle(device, block);
    }
    if (result != VK_SUCCESS) {
        tdi_budget_release(device->budget, block->size, w->promised);
        block->memory = VK_NULL_HANDLE;
        return tdi_fail_in(tdi_vk_check(result, "vkAllocateMemory"), "%s", w->what);
    }
    note_change(memory);
    return tdi_vk_check(map(device, block), "vkMapMemory");
}

/* What `bytes` leave of a promise. */
static uint64_t rest_of(uint64_t promised, uint64_t bytes)
{
    return promised > bytes ? promised - bytes : 0;
}

static td_result make_block(struct tdi_memory *memory, wish *w, bool own, uint64_t size,
                            struct tdi_memory_block **out)
{
    struct tdi_memory_block *block = tdi_alloc_zero(1, sizeof *block);
    if (!block)
        return TD_ERROR_HOST_MEMORY;
    *block =
        (struct tdi_memory_block){.size = size, .type = w->type, .linear = w->linear, .own = own};
    td_result result = own ? TD_OK : tdi_ranges_init(&block->ranges, size);
    if (result == TD_OK)
        result = obtain(memory, block, w);
    if (result != TD_OK) {
        drop_block(memory, block, w->promised);
        return result;
    }
    w->unheld = rest_of(w->promised, size);
    *out = block;
    return TD_OK;
}

/* Handing out */

static void hand_out(const td_device *device, struct tdi_memory_block *block, uint64_t offset,
                     uint64_t size, tdi_allocation *out)
{
    out->memory = block->memory;
    out->offset = offset;
    out->size = size;
    out->mapped = block->mapped ? block->mapped + offset : NULL;
    out->coherent = (type_flags(device, block->type) & COHERENT) != 0;
    out->block = block;
}

static td_result take_own(struct tdi_memory *memory, wish *w, tdi_allocation *out)
{
    struct tdi_memory_block *block;
    TDI_TRY(make_block(memory, w, true, w->size, &block));
    hand_out(memory->device, block, 0, w->size, out);
    return TD_OK;
}

static td_result take_from(const td_device *device, struct tdi_memory_block *block, const wish *w,
                           tdi_allocation *out)
{
    uint64_t offset;
    TDI_TRY(tdi_ranges_take(&block->ranges, w->size, w->alignment, &offset));
    hand_out(device, block, offset, w->size, out);
    return TD_OK;
}

static td_result take_from_blocks(const struct tdi_memory *memory, const wish *w,
                                  tdi_allocation *out)
{
    for (struct tdi_memory_block *block = memory->blocks; block; block = block->next) {
        if (block->type != w->type || block->linear != w->linear)
            continue;
        td_result result = take_from(memory->device, block, w, out);
        if (result != TD_ERROR_AGAIN)
            return result;
    }
    return TD_ERROR_AGAIN;
}

static td_result take_from_new_block(struct tdi_memory *memory, uint64_t bytes, wish *w,
                                     tdi_allocation *out)
{
    struct tdi_memory_block *block;
    TDI_TRY(make_block(memory, w, false, bytes, &block));
    td_result result = take_from(memory->device, block, w, out);
    if (result != TD_OK) {
        drop_block(memory, block, w->promised);
        return result;
    }
    block->next = memory->blocks;
    memory->blocks = block;
    return TD_OK;
}

/* A new block, if the budget and the driver have room for a whole one; else just what is wanted. */
static td_result take_shared(struct tdi_memory *memory, wish *w, tdi_allocation *out)
{
    td_budget *budget = memory->device->budget;
    uint64_t block_bytes = tdi_memory_block_bytes(memory->device);
    td_result result = take_from_blocks(memory, w, out);
    if (result != TD_ERROR_AGAIN)
        return result;
    if (tdi_budget_available(budget) + w->promised < block_bytes)
        drop_empty(memory, 0);
    if (tdi_budget_available(budget) + w->promised < block_bytes)
        return take_own(memory, w, out);
    result = take_from_new_block(memory, block_bytes, w, out);
    return result == TD_ERROR_DEVICE_MEMORY || result == TD_ERROR_BUDGET ? take_own(memory, w, out)
                                                                         : result;
}

/* Neighbours in memory that is not coherent must not share an atom. */
static void round_to_atoms(const td_device *device, wish *w)
{
    VkMemoryPropertyFlags flags = type_flags(device, w->type);
    uint64_t atom = device->non_coherent_atom;
    if (!(flags & VISIBLE) || (flags & COHERENT))
        return;
    if (w->alignment < atom)
        w->alignment = atom;
    w->size = (w->size + atom - 1) / atom * atom;
}

/* The category's bytes are claimed before memory is looked for. What of the promise is not made
 * good by them stays reserved until the allocation is done, so that it can be kept if it comes to
 * nothing. */
static td_result claim_and_take(struct tdi_memory *memory, const tdi_memory_request *request,
                                wish *w, tdi_allocation *out)
{
    td_budget *budget = memory->device->budget;
    uint64_t promised = tdi_reservation_promised(request->reservation);
    w->promised = promised;
    w->unheld = promised;
    TDI_TRY(tdi_budget_claim(budget, request->category, w->size, promised, request->name));
    td_result result = w->size > tdi_memory_shared_bytes(memory->device)
                           ? take_own(memory, w, out)
                           : take_shared(memory, w, out);
    if (result != TD_OK) {
        tdi_budget_unclaim(budget, request->category, w->size, promised);
        return result;
    }
    out->category = request->category;
    out->consumer = tdi_budget_charge(budget, request->category, out->size, request->name);
    return TD_OK;
}

static td_result take(struct tdi_memory *memory, const tdi_memory_request *request, wish *w,
                      tdi_allocation *out)
{
    uint32_t bits = request->requirements->memoryTypeBits;
    td_result result = TD_OK;
    while (tdi_memory_find_type(memory->device, bits, request->kind, &w->type)) {
        w->size = request->requirements->size;
        w->alignment = request->requirements->alignment;
        round_to_atoms(memory->device, w);
        result = claim_and_take(memory, request, w, out);
        if (result != TD_ERROR_DEVICE_MEMORY)
            return result;
        bits &= ~(UINT32_C(1) << w->type);
    }
    return result != TD_OK ? result
                           : tdi_fail(TD_ERROR_UNSUPPORTED,
                                      "the device has no kind of memory that fits %s", w->what);
}

/* One allocation, tried as often as it takes. */
typedef struct allocation_attempt {
    struct tdi_memory *memory;
    const tdi_memory_request *request;
    wish w;
    tdi_allocation *out;
} allocation_attempt;

static td_result run_attempt(void *user)
{
    allocation_attempt *attempt = user;
    struct tdi_memory *memory = attempt->memory;
    tdi_mutex_lock(&memory->mutex);
    td_result result = take(memory, attempt->request, &attempt->w, attempt->out);
    tdi_mutex_unlock(&memory->mutex);
    return result;
}

static tdi_shortage missing_of_attempt(void *user)
{
    const allocation_attempt *attempt = user;
    const tdi_memory_request *request = attempt->request;
    return tdi_budget_shortage(attempt->memory->device->budget, request->category,
                               request->requirements->size,
                               tdi_reservation_promised(request->reservation));
}

td_result tdi_memory_allocate(td_device *device, const tdi_memory_request *request,
                              tdi_allocation *out)
{
    allocation_attempt attempt = {
        .memory = device->memory,
        .request = request,
        .w = {.linear = request->linear, .what = request->name},
        .out = out,
    };
    const tdi_attempt steps = {
        .run = run_attempt,
        .missing = missing_of_attempt,
        .user = &attempt,
        .deadline_ns = UINT64_MAX,
    };
    *out = (tdi_allocation){0};
    td_result result = tdi_pressure_run(tdi_budget_pressure(device->budget), &steps);
    if (result == TD_OK)
        tdi_reservation_fulfil(request->reservation, attempt.w.unheld,
                               rest_of(attempt.w.promised, attempt.w.size));
    tdi_budget_log_excess(device->budget);
    return result;
}

void tdi_memory_free(td_device *device, tdi_allocation *allocation)
{
    struct tdi_memory *memory = device->memory;
    struct tdi_memory_block *block = allocation->block;
    if (!block)
        return;
    tdi_mutex_lock(&memory->mutex);
    tdi_budget_uncharge(device->budget, allocation->category, allocation->size,
                        allocation->consumer);
    if (block->own) {
        drop_block(memory, block, 0);
    } else {
        tdi_ranges_give(&block->ranges, allocation->offset, allocation->size);
        drop_empty(memory, 1);
    }
    tdi_mutex_unlock(&memory->mutex);
    tdi_pressure_note(tdi_budget_pressure(device->budget));
    memset(allocation, 0, sizeof *allocation);
}

void tdi_memory_change_begin(td_device *device)
{
    tdi_mutex_lock(&device->memory->mutex);
}

void tdi_memory_change_end(td_device *device)
{
    note_change(device->memory);
    tdi_mutex_unlock(&device->memory->mutex);
}

void tdi_memory_add_relief(td_device *device, tdi_relief *relief)
{
    tdi_pressure_add(tdi_budget_pressure(device->budget), relief);
}

void tdi_memory_remove_relief(td_device *device, tdi_relief *relief)
{
    tdi_pressure_remove(tdi_budget_pressure(device->budget), relief);
}

uint64_t tdi_memory_available(td_device *device)
{
    refresh_driver(device->memory);
    return tdi_budget_available(device->budget);
}

void tdi_memory_trim(td_device *device)
{
    tdi_mutex_lock(&device->memory->mutex);
    drop_empty(device->memory, 0);
    tdi_mutex_unlock(&device->memory->mutex);
}

void tdi_memory_destroy(struct tdi_memory *memory)
{
    if (!memory)
        return;
    tdi_pressure_remove(tdi_budget_pressure(memory->device->budget), &memory->empty_blocks);
    drop_empty(memory, 0);
    tdi_mutex_destroy(&memory->mutex);
    tdi_free(memory);
}

static VkMappedMemoryRange atoms(const td_device *device, const tdi_allocation *allocation,
                                 VkDeviceSize offset, VkDeviceSize size)
{
    uint64_t atom = device->non_coherent_atom;
    uint64_t first = (allocation->offset + offset) / atom * atom;
    uint64_t end = allocation->offset + offset + size;
    end = (end + atom - 1) / atom * atom;
    return (VkMappedMemoryRange){
        .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
        .memory = allocation->memory,
        .offset = first,
        .size = end >= allocation->block->size ? VK_WHOLE_SIZE : end - first,
    };
}

td_result tdi_memory_flush(td_device *device, const tdi_allocation *allocation, VkDeviceSize offset,
                           VkDeviceSize size)
{
    if (allocation->coherent || size == 0)
        return TD_OK;
    VkMappedMemoryRange range = atoms(device, allocation, offset, size);
    return tdi_vk_check(device->vk.vkFlushMappedMemoryRanges(device->handle, 1, &range),
                        "vkFlushMappedMemoryRanges");
}

td_result tdi_memory_invalidate(td_device *device, const tdi_allocation *allocation,
                                VkDeviceSize offset, VkDeviceSize size)
{
    if (allocation->coherent || size == 0)
        return TD_OK;
    VkMappedMemoryRange range = atoms(device, allocation, offset, size);
    return tdi_vk_check(device->vk.vkInvalidateMappedMemoryRanges(device->handle, 1, &range),
                        "vkInvalidateMappedMemoryRanges");
}
