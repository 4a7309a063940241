#include "base/living.h"

#include <stddef.h>

#ifndef NDEBUG
#include <stdatomic.h>

#define MOST_LISTED 1024

static _Atomic(const void *) listed[MOST_LISTED];
static atomic_bool unlisted; /* somebody had no room: from then on nobody can be called dead */

static bool relist(const void *from, const void *to)
{
    for (int i = 0; i < MOST_LISTED; i++) {
        const void *expected = from;
        if (atomic_compare_exchange_strong(&listed[i], &expected, to))
            return true;
    }
    return false;
}

void tdi_living_add(const void *object)
{
    if (!relist(NULL, object))
        atomic_store(&unlisted, true);
}

void tdi_living_remove(const void *object)
{
    (void)relist(object, NULL);
}

bool tdi_living(const void *object)
{
    if (!object)
        return false; /* rooms of the list that nobody has */
    for (int i = 0; i < MOST_LISTED; i++) {
        if (atomic_load_explicit(&listed[i], memory_order_relaxed) == object)
            return true;
    }
    return atomic_load(&unlisted);
}
#else
void tdi_living_add(const void *object)
{
    (void)object;
}

void tdi_living_remove(const void *object)
{
    (void)object;
}

bool tdi_living(const void *object)
{
    return object != NULL;
}
#endif
