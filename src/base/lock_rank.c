#include "base/lock_rank.h"

#if TDI_LOCK_CHECKS

#include <stdio.h>
#include <stdlib.h>

/* More locks than this at once would be a fault in itself. */
#define MOST_HELD 16

typedef struct held_lock {
    const void *lock;
    tdi_lock_rank rank;
} held_lock;

static _Thread_local held_lock held[MOST_HELD];
static _Thread_local int held_count;

static _Noreturn void breach(const char *what, int first, int second)
{
    fprintf(stderr, "tandem: lock order: %s (ranks %d and %d of lock_rank.h)\n", what, first,
            second);
    abort();
}

void tdi_lock_check_acquire(const void *lock, tdi_lock_rank rank)
{
    for (int i = 0; i < held_count; i++) {
        if (held[i].lock == lock)
            breach("a lock is taken twice by one thread", (int)held[i].rank, (int)rank);
        if (rank != TDI_RANK_NONE && held[i].rank >= rank)
            breach("an outer lock is taken under an inner one", (int)held[i].rank, (int)rank);
    }
    if (held_count == MOST_HELD)
        breach("too many locks are held", (int)held[MOST_HELD - 1].rank, (int)rank);
    held[held_count++] = (held_lock){lock, rank};
}

void tdi_lock_check_release(const void *lock)
{
    for (int i = held_count - 1; i >= 0; i--) {
        if (held[i].lock != lock)
            continue;
        held_count--;
        for (int j = i; j < held_count; j++)
            held[j] = held[j + 1];
        return;
    }
    breach("a lock is released that this thread does not hold", 0, 0);
}

void tdi_lock_check_wait(const void *lock)
{
    for (int i = 0; i < held_count; i++)
        if (held[i].lock != lock)
            breach("a lock is held over a wait", (int)held[i].rank, 0);
}

void tdi_lock_check_none(const char *place)
{
    if (held_count > 0)
        breach(place, (int)held[0].rank, 0);
}

#else

/* ISO C wants a declaration in every file. */
typedef tdi_lock_rank tdi_lock_rank_unchecked;

#endif
