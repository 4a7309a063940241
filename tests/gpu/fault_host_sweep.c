#define _XOPEN_SOURCE 700

#include "fault_host_sweep.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <tandem/host.h>

#include "base/memory.h"
#include "base/thread.h"
#include "fault_support.h"
#include "gpu/pipeline_store.h"

/* Of allocations or of threads. */
typedef struct countdown {
    atomic_uint counted, nth, times;
    atomic_bool failed;
} countdown;

static countdown allocations, threads;

static void arm(countdown *c, uint32_t nth, uint32_t times)
{
    atomic_store(&c->nth, 0);
    atomic_store(&c->counted, 0);
    atomic_store(&c->failed, false);
    atomic_store(&c->times, times);
    atomic_store(&c->nth, nth);
}

static bool fails_now(countdown *c)
{
    const uint32_t number = atomic_fetch_add(&c->counted, 1) + 1, nth = atomic_load(&c->nth);
    if (nth == 0 || number < nth || number - nth >= atomic_load(&c->times))
        return false;
    atomic_store(&c->failed, true);
    return true;
}

static void *allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    void *block = NULL;
    if (fails_now(&allocations))
        return NULL;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void *reallocate(void *user, void *block, size_t size)
{
    (void)user;
    return fails_now(&allocations) ? NULL : realloc(block, size);
}

static void release(void *user, void *block)
{
    (void)user;
    free(block);
}

static int start_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                        void *user)
{
    return fails_now(&threads) ? EAGAIN : pthread_create(thread, attributes, fn, user);
}

/* ---- allocations ---- */

static void fail_allocation(const fault_place *place, uint32_t nth, bool ever)
{
    fault_outcome outcome;
    char where[64];
    snprintf(where, sizeof where, "allocation %u%s", nth, ever ? " and all that follow" : "");
    tdi_pipeline_store_trim(place->device); /* making pipelines is to fail, too */
    arm(&allocations, nth, ever ? UINT32_MAX : 1);
    place->job(place->device, place->scene, &outcome);
    const bool failed = atomic_load(&allocations.failed);
    arm(&allocations, 0, 0);
    fault_assert_sound(&outcome, &place->expected, failed ? TD_ERROR_HOST_MEMORY : TD_OK, where);
    fault_place_check(place, where);
    fault_place_again(place, where);
}

void fault_allocations_run(void **state)
{
    const fault_host_sweep *sweep = *state;
    const bool ever = sweep->ever;
    fault_place place;
    fault_place_open(sweep->job, &place);
    tdi_pipeline_store_trim(place.device);
    arm(&allocations, 0, 0);
    fault_place_again(&place, "counting");
    const uint32_t count = atomic_load(&allocations.counted);
    const uint32_t step = fault_step(count / sweep->count);
    assert_true(count > 10);
    for (uint32_t nth = ever && step > 1 ? step / 2 : 1; nth <= count; nth += step)
        fail_allocation(&place, nth, ever);
    fault_place_close(&place);
}

/* ---- threads ---- */

/* Those of the device are started by its first job, so each time it is a new one. False if there
 * are fewer. */
static bool fail_thread(const fault_place *whole, uint32_t nth, bool ever)
{
    const td_device_params params = {.validation = true, .budget_bytes = FAULT_BUDGET};
    const uint64_t blocks = tdi_live_blocks();
    fault_outcome outcome;
    td_device *device = NULL;
    char where[64];
    snprintf(where, sizeof where, "thread %u%s", nth, ever ? " and all that follow" : "");
    arm(&threads, nth, ever ? UINT32_MAX : 1);
    outcome.result = td_device_create(&params, &device);
    if (outcome.result == TD_OK)
        whole->job(device, whole->scene, &outcome);
    const bool failed = atomic_load(&threads.failed);
    arm(&threads, 0, 0);
    if (device) {
        fault_assert_sound(&outcome, &whole->expected, failed ? TD_ERROR_SYSTEM : TD_OK, where);
        fault_assert_returned(device, where);
        whole->job(device, whole->scene, &outcome);
        fault_assert_sound(&outcome, &whole->expected, TD_OK, where);
    } else {
        assert_int_equal(outcome.result, TD_ERROR_SYSTEM);
    }
    td_device_destroy(device);
    assert_int_equal(tdi_live_blocks(), blocks);
    assert_int_equal(gpu_message_count(), 0);
    return failed;
}

void fault_threads_run(void **state)
{
    const fault_host_sweep *sweep = *state;
    fault_place whole;
    uint32_t nth = 1;
    fault_place_open(sweep->job, &whole);
    while (fail_thread(&whole, nth, false))
        nth += fault_step(3);
    assert_true(nth > sweep->count);
    assert_true(fail_thread(&whole, 2, true));
    fault_place_close(&whole);
}

int fault_host_replace(void **state)
{
    (void)state;
    const td_allocator allocator = {NULL, allocate, reallocate, release};
    tdi_set_thread_create(start_thread);
    return td_set_allocator(&allocator) == TD_OK ? 0 : -1;
}

int fault_host_restore(void **state)
{
    (void)state;
    tdi_set_thread_create(NULL);
    return td_set_allocator(NULL) == TD_OK ? 0 : -1;
}
