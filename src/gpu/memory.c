#include "gpu/memory.h"

#include <string.h>

#include "base/memory.h"
#include "gpu/budget.h"
#include "gpu/ranges.h"

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
    uint64_t block_bytes;
    tdi_mutex mutex;
    struct tdi_memory_block *blocks;
    uint64_t driver_start;
};

static VkMemoryPropertyFlags type_flags(const td_device *device, uint32_t type)
{
    return device->memory_properties.memoryTypes[type].propertyFlags;
}

/* The driver's figure for all heaps; 0 without VK_EXT_memory_budget, and on software devices: they
 * count what the whole machine has in use. */
static uint64_t driver_bytes(const td_device *device)
{
    if (!device->features.memory_budget || device->info.software)
        return 0;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT figures = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = &figures};
    device->instance.vkGetPhysicalDeviceMemoryProperties2(device->physical, &properties);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < properties.memoryProperties.memoryHeapCount; i++)
        sum += figures.heapUsage[i];
    return sum;
}

static void refresh_driver_bytes(struct tdi_memory *memory)
{
    uint64_t now = driver_bytes(memory->device);
    tdi_budget_set_driver_bytes(memory->device->budget,
                                now > memory->driver_start ? now - memory->driver_start : 0);
}

static tdi_memory_hook memory_hook;

void tdi_set_memory_hook(tdi_memory_hook hook)
{
    memory_hook = hook;
}

static void note_change(struct tdi_memory *memory)
{
    refresh_driver_bytes(memory);
    if (memory_hook)
        memory_hook(memory->device);
}

static uint64_t choose_block_bytes(td_budget *budget)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    uint64_t bytes = LARGEST_BLOCK;
    while (bytes > SMALLEST_BLOCK && bytes > info.limit_bytes / BLOCKS_A_LIMIT)
        bytes /= 2;
    return bytes;
}

uint64_t tdi_memory_block_bytes(const td_device *device)
{
    return device->memory->block_bytes;
}

uint64_t tdi_memory_shared_bytes(const td_device *device)
{
    return device->memory->block_bytes / 4;
}

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
    memory->device = device;
    memory->block_bytes = choose_block_bytes(device->budget);
    memory->driver_start = driver_bytes(device);
    *out = memory;
    return TD_OK;
}

/* Which type of memory */

typedef struct kind_rule {
    VkMemoryPropertyFlags required;
    VkMemoryPropertyFlags preferred;
    VkMemoryPropertyFlags avoided;
} kind_rule;

#define LOCAL    VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define VISIBLE  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
#define CACHED   VK_MEMORY_PROPERTY_HOST_CACHED_BIT

/* Anything else (protected, lazily allocated, uncached on the device, ...) is for special uses. */
#define ORDINARY (LOCAL | VISIBLE | COHERENT | CACHED)

static const kind_rule KIND_RULES[] = {
    [TDI_MEMORY_DEVICE] = {0, LOCAL, VISIBLE},
    [TDI_MEMORY_UPLOAD] = {VISIBLE | COHERENT, 0, LOCAL | CACHED},
    [TDI_MEMORY_READBACK] = {VISIBLE, CACHED, LOCAL},
    [TDI_MEMORY_DYNAMIC] = {VISIBLE | COHERENT, LOCAL, CACHED},
};

/* Higher is better; -1: not possible. A wish weighs more than all that is better avoided. */
static int score(VkMemoryPropertyFlags flags, const kind_rule *rule)
{
    if ((flags & rule->required) != rule->required || (flags & ~(VkFlags)ORDINARY))
        return -1;
    int points = 2 * ((flags & rule->preferred) == rule->preferred);
    points += (flags & rule->avoided) == 0;
    return 2 * points + ((flags & COHERENT) != 0);
}

bool tdi_memory_find_type(const td_device *device, uint32_t bits, tdi_memory_kind kind,
                          uint32_t *out)
{
    int best = -1;
    for (uint32_t i = 0; i < device->memory_properties.memoryTypeCount; i++) {
        if (!(bits & UINT32_C(1) << i))
            continue;
        int points = score(type_flags(device, i), &KIND_RULES[kind]);
        if (points > best) {
            best = points;
            *out = i;
        }
    }
    return best >= 0;
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

/* Frees the block's memory, which is unmapped with it, and what the ledger holds for it. */
static void drop_handle(struct tdi_memory *memory, struct tdi_memory_block *block)
{
    td_device *device = memory->device;
    if (block->memory) {
        device->vk.vkFreeMemory(device->handle, block->memory, NULL);
        tdi_budget_release(device->budget, block->size);
        note_change(memory);
    }
    block->memory = VK_NULL_HANDLE;
}

static void drop_block(struct tdi_memory *memory, struct tdi_memory_block *block)
{
    drop_handle(memory, block);
    tdi_ranges_free(&block->ranges);
    tdi_free(block);
}

/* Gives empty shared blocks back, all but `keep` of them. */
static void drop_empty(struct tdi_memory *memory, uint32_t keep)
{
    struct tdi_memory_block **link = &memory->blocks;
    while (*link) {
        struct tdi_memory_block *block = *link;
        if (block->ranges.taken_count > 0 || keep > 0) {
            keep -= block->ranges.taken_count == 0;
            link = &block->next;
            continue;
        }
        *link = block->next;
        drop_block(memory, block);
    }
}

/* Takes the bytes of the budget and then of the driver; empty blocks go before either refuses. */
static td_result obtain(struct tdi_memory *memory, struct tdi_memory_block *block, const char *what)
{
    td_device *device = memory->device;
    uint32_t heap = device->memory_properties.memoryTypes[block->type].heapIndex;
    if (block->size > device->memory_properties.memoryHeaps[heap].size)
        return tdi_fail(TD_ERROR_DEVICE_MEMORY,
                        "%s needs %llu bytes, more than the device has memory of that kind", what,
                        (unsigned long long)block->size);
    if (tdi_budget_available(device->budget) < block->size)
        drop_empty(memory, 0);
    TDI_TRY(tdi_budget_hold(device->budget, block->size, what));
    VkResult result = allocate_handle(device, block);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY) {
        drop_empty(memory, 0);
        result = allocate_handle(device, block);
    }
    if (result != VK_SUCCESS) {
        tdi_budget_release(device->budget, block->size);
        block->memory = VK_NULL_HANDLE;
        return tdi_fail_in(tdi_vk_check(result, "vkAllocateMemory"), "%s", what);
    }
    note_change(memory);
    return tdi_vk_check(map(device, block), "vkMapMemory");
}

static td_result make_block(struct tdi_memory *memory, uint32_t type, bool linear, bool own,
                            uint64_t size, const char *what, struct tdi_memory_block **out)
{
    struct tdi_memory_block *block = tdi_alloc_zero(1, sizeof *block);
    if (!block)
        return TD_ERROR_HOST_MEMORY;
    *block = (struct tdi_memory_block){.size = size, .type = type, .linear = linear, .own = own};
    td_result result = own ? TD_OK : tdi_ranges_init(&block->ranges, size);
    if (result == TD_OK)
        result = obtain(memory, block, what);
    if (result != TD_OK) {
        drop_block(memory, block);
        return result;
    }
    *out = block;
    return TD_OK;
}

/* Handing out */

typedef struct wish {
    uint64_t size;
    uint64_t alignment;
    uint32_t type;
    bool linear;
    const char *what;
} wish;

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

static td_result take_own(struct tdi_memory *memory, const wish *w, tdi_allocation *out)
{
    struct tdi_memory_block *block;
    TDI_TRY(make_block(memory, w->type, w->linear, true, w->size, w->what, &block));
    hand_out(memory->device, block, 0, w->size, out);
    return TD_OK;
}

static td_result take_from_blocks(struct tdi_memory *memory, const wish *w, tdi_allocation *out)
{
    for (struct tdi_memory_block *block = memory->blocks; block; block = block->next) {
        uint64_t offset;
        if (block->type != w->type || block->linear != w->linear)
            continue;
        td_result result = tdi_ranges_take(&block->ranges, w->size, w->alignment, &offset);
        if (result == TD_OK)
            hand_out(memory->device, block, offset, w->size, out);
        if (result != TD_ERROR_AGAIN)
            return result;
    }
    return TD_ERROR_AGAIN;
}

/* A new block, if the budget and the driver have room for a whole one; else just what is wanted. */
static td_result take_shared(struct tdi_memory *memory, const wish *w, tdi_allocation *out)
{
    td_result result = take_from_blocks(memory, w, out);
    if (result != TD_ERROR_AGAIN)
        return result;
    if (tdi_budget_available(memory->device->budget) < memory->block_bytes)
        drop_empty(memory, 0);
    if (tdi_budget_available(memory->device->budget) < memory->block_bytes)
        return take_own(memory, w, out);
    struct tdi_memory_block *block;
    result = make_block(memory, w->type, w->linear, false, memory->block_bytes, w->what, &block);
    if (result == TD_ERROR_DEVICE_MEMORY || result == TD_ERROR_BUDGET)
        return take_own(memory, w, out);
    TDI_TRY(result);
    block->next = memory->blocks;
    memory->blocks = block;
    return take_from_blocks(memory, w, out);
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

static td_result take(struct tdi_memory *memory, const VkMemoryRequirements *requirements,
                      tdi_memory_kind kind, wish *w, tdi_allocation *out)
{
    uint32_t bits = requirements->memoryTypeBits;
    td_result result = TD_OK;
    while (tdi_memory_find_type(memory->device, bits, kind, &w->type)) {
        w->size = requirements->size;
        w->alignment = requirements->alignment;
        round_to_atoms(memory->device, w);
        result = w->size > tdi_memory_shared_bytes(memory->device) ? take_own(memory, w, out)
                                                                   : take_shared(memory, w, out);
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
    const VkMemoryRequirements *requirements;
    tdi_memory_kind kind;
    wish w;
    tdi_allocation *out;
} allocation_attempt;

static td_result run_attempt(void *user)
{
    allocation_attempt *attempt = user;
    struct tdi_memory *memory = attempt->memory;
    tdi_mutex_lock(&memory->mutex);
    td_result result =
        take(memory, attempt->requirements, attempt->kind, &attempt->w, attempt->out);
    if (result == TD_OK)
        tdi_budget_use(memory->device->budget, attempt->out->category, attempt->out->size);
    tdi_mutex_unlock(&memory->mutex);
    return result;
}

static tdi_shortage missing_of_attempt(void *user)
{
    const allocation_attempt *attempt = user;
    return (tdi_shortage){
        .bytes = tdi_budget_missing(attempt->memory->device->budget, attempt->requirements->size),
        .categories = UINT32_MAX,
    };
}

td_result tdi_memory_allocate(td_device *device, const VkMemoryRequirements *requirements,
                              tdi_memory_kind kind, bool linear, td_budget_category category,
                              const char *what, tdi_allocation *out)
{
    allocation_attempt attempt = {
        .memory = device->memory,
        .requirements = requirements,
        .kind = kind,
        .w = {.linear = linear, .what = what},
        .out = out,
    };
    const tdi_attempt steps = {
        .run = run_attempt,
        .missing = missing_of_attempt,
        .user = &attempt,
        .deadline_ns = UINT64_MAX,
    };
    *out = (tdi_allocation){.category = category};
    td_result result = tdi_pressure_run(tdi_budget_pressure(device->budget), &steps);
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
    tdi_budget_unuse(device->budget, allocation->category, allocation->size);
    if (block->own) {
        drop_block(memory, block);
    } else {
        tdi_ranges_give(&block->ranges, allocation->offset, allocation->size);
        drop_empty(memory, 1);
    }
    tdi_mutex_unlock(&memory->mutex);
    tdi_pressure_note(tdi_budget_pressure(device->budget));
    memset(allocation, 0, sizeof *allocation);
}

void tdi_memory_add_relief(td_device *device, tdi_relief *relief)
{
    tdi_pressure_add(tdi_budget_pressure(device->budget), relief);
}

void tdi_memory_remove_relief(td_device *device, tdi_relief *relief)
{
    tdi_pressure_remove(tdi_budget_pressure(device->budget), relief);
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
