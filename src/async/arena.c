#include "async/arena.h"

#include <string.h>

#include "base/memory.h"

/* Few: one for each buffer of transient memory in the process. */
static tdi_mutex list_mutex = TDI_MUTEX_STATIC(TDI_RANK_GRAPH);
static tdi_arena *arenas;

/* Under the list's lock. */
static td_result arena_make(td_device *device, VkBuffer buffer, tdi_arena **out)
{
    tdi_arena *arena = tdi_alloc_zero(1, sizeof *arena);
    if (!arena)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&arena->mutex, TDI_RANK_GRAPH);
    if (result != TD_OK) {
        tdi_free(arena);
        return result;
    }
    arena->device = device;
    arena->buffer = buffer;
    arena->next = arenas;
    arenas = arena;
    *out = arena;
    return TD_OK;
}

td_result tdi_arena_join(td_device *device, VkBuffer buffer, const tdi_touch *touches,
                         tdi_arena **out)
{
    td_result result = TD_OK;
    tdi_mutex_lock(&list_mutex);
    tdi_arena *arena = arenas;
    while (arena && (arena->device != device || arena->buffer != buffer))
        arena = arena->next;
    if (!arena)
        result = arena_make(device, buffer, &arena);
    if (result == TD_OK) {
        for (uint32_t queue = 0; queue < TD_LANE_COUNT; queue++) {
            arena->touches[queue].stages |= touches[queue].stages;
            arena->touches[queue].access |= touches[queue].access;
        }
        arena->slots++;
        *out = arena;
    }
    tdi_mutex_unlock(&list_mutex);
    return result;
}

void tdi_arena_leave(tdi_arena *arena)
{
    if (!arena)
        return;
    tdi_mutex_lock(&list_mutex);
    bool last = --arena->slots == 0;
    if (last) {
        tdi_arena **place = &arenas;
        while (*place != arena)
            place = &(*place)->next;
        *place = arena->next;
    }
    tdi_mutex_unlock(&list_mutex);
    if (!last)
        return;
    tdi_mutex_destroy(&arena->mutex);
    tdi_free(arena);
}

bool tdi_arena_shared(const tdi_arena *arena, tdi_touch *touches)
{
    if (!arena)
        return false;
    tdi_mutex_lock(&list_mutex);
    bool shared = arena->slots > 1;
    memcpy(touches, arena->touches, sizeof arena->touches);
    tdi_mutex_unlock(&list_mutex);
    return shared;
}
