#include "base/os.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

typedef uint64_t (*clock_fn)(void);

static uint64_t system_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * TDI_NS_PER_S + (uint64_t)time.tv_nsec;
}

static _Atomic(clock_fn) current_clock = system_now;

uint64_t tdi_now_ns(void)
{
    return atomic_load_explicit(&current_clock, memory_order_acquire)();
}

void tdi_set_clock(uint64_t (*now)(void))
{
    atomic_store_explicit(&current_clock, now ? now : system_now, memory_order_release);
}

uint64_t tdi_deadline(uint64_t start_ns, uint64_t timeout_ns)
{
    return timeout_ns > UINT64_MAX - start_ns ? UINT64_MAX : start_ns + timeout_ns;
}
