/* The readback ring: slots are taken, leased and given back in any order; a full ring is
 * backpressure; memory that is not coherent is invalidated in whole atoms. */
#include "fake_device.h"

#include <string.h>

#include "async/readback.h"
#include "base/clock.h"
#include "base/memory.h"

#define SLOTS 3
#define BYTES 1000

static td_readback *make_ring(td_device **device)
{
    *device = fake_device_create(1);
    fake_add_memory();
    td_readback *ring;
    const td_readback_params params = {.name = "ring", .slot_bytes = BYTES, .slots = SLOTS};
    assert_int_equal(td_readback_create(*device, &params, &ring), TD_OK);
    return ring;
}

static uint32_t free_slots(td_readback *ring)
{
    td_readback_info info;
    td_readback_get_info(ring, &info);
    assert_int_equal(info.slots, info.free + info.in_flight + info.leased);
    return info.free;
}

static tdi_readback_slot *take(td_readback *ring)
{
    tdi_readback_slot *slot;
    assert_int_equal(tdi_readback_acquire(ring, 0, &slot), TD_OK);
    return slot;
}

static void slots_are_apart_and_mapped(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    tdi_readback_slot *slots[SLOTS];
    for (uint32_t i = 0; i < SLOTS; i++) {
        slots[i] = take(ring);
        assert_int_equal(slots[i]->size, BYTES);
        memset(slots[i]->mapped, (int)i + 1, BYTES);
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        const unsigned char *bytes = slots[i]->mapped;
        for (uint32_t k = 0; k < BYTES; k++)
            assert_int_equal(bytes[k], i + 1);
        assert_true(slots[i]->buffer != slots[(i + 1) % SLOTS]->buffer);
        tdi_readback_release(slots[i]);
    }
    td_readback_destroy(ring);
    fake_device_destroy();
}

static void a_full_ring_is_backpressure(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    tdi_readback_slot *slots[SLOTS];
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_int_equal(free_slots(ring), SLOTS - i);
        slots[i] = take(ring);
    }
    tdi_readback_slot *none = NULL;
    assert_int_equal(tdi_readback_acquire(ring, 0, &none), TD_ERROR_AGAIN);
    uint64_t begin = tdi_now_ns();
    assert_int_equal(tdi_readback_acquire(ring, 3 * TDI_NS_PER_MS, &none), TD_ERROR_TIMEOUT);
    assert_true(tdi_now_ns() - begin >= 3 * TDI_NS_PER_MS);
    assert_null(none);
    tdi_readback_release(slots[1]);
    assert_ptr_equal(take(ring), slots[1]);
    for (uint32_t i = 0; i < SLOTS; i++)
        tdi_readback_release(slots[i]);
    td_readback_destroy(ring);
    fake_device_destroy();
}

static void leases_come_back_in_any_order(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    for (uint32_t round = 0; round < 20; round++) {
        tdi_readback_slot *slots[SLOTS];
        for (uint32_t i = 0; i < SLOTS; i++) {
            slots[i] = take(ring);
            assert_int_equal(tdi_readback_finish(slots[i]), TD_OK);
        }
        for (uint32_t i = 0; i < SLOTS; i++)
            tdi_readback_release(slots[(i * 2 + round) % SLOTS]);
        assert_int_equal(free_slots(ring), SLOTS);
    }
    td_readback_destroy(ring);
    fake_device_destroy();
}

static void a_slot_is_finished_once_and_freed_once(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    tdi_readback_slot *slot = take(ring);
    assert_int_equal(tdi_readback_finish(slot), TD_OK);
    assert_int_equal(tdi_readback_finish(slot), TD_ERROR_STATE);
    tdi_readback_release(slot);
    tdi_readback_release(slot);
    assert_int_equal(free_slots(ring), SLOTS);
    assert_int_equal(tdi_readback_finish(slot), TD_ERROR_STATE);
    td_readback_destroy(ring);
    fake_device_destroy();
}

static void whole_atoms_are_invalidated(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    tdi_readback_slot *slot = take(ring);
    assert_int_equal(fake_invalidated().size, 0);
    assert_int_equal(tdi_readback_finish(slot), TD_OK);
    VkMappedMemoryRange range = fake_invalidated();
    assert_int_equal(range.offset % 64, 0);
    assert_true(range.size >= BYTES);
    assert_true(range.size == VK_WHOLE_SIZE || range.size % 64 == 0);
    tdi_readback_release(slot);
    td_readback_destroy(ring);
    fake_device_destroy();
}

typedef struct worker {
    td_readback *ring;
    uint32_t seed;
} worker;

/* Marks each slot as its own while it has it. */
static void use_slots(void *user)
{
    const worker *w = user;
    for (uint32_t i = 0; i < 2000; i++) {
        tdi_readback_slot *slot;
        assert_int_equal(tdi_readback_acquire(w->ring, 10 * TDI_NS_PER_S, &slot), TD_OK);
        memcpy(slot->mapped, &w->seed, sizeof w->seed);
        assert_int_equal(tdi_readback_finish(slot), TD_OK);
        assert_memory_equal(slot->mapped, &w->seed, sizeof w->seed);
        tdi_readback_release(slot);
    }
}

static void threads_share_a_ring(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    worker workers[5];
    tdi_thread threads[5];
    for (uint32_t i = 0; i < 5; i++) {
        workers[i] = (worker){ring, i};
        assert_int_equal(tdi_thread_start(&threads[i], "reader", use_slots, &workers[i]), TD_OK);
    }
    for (uint32_t i = 0; i < 5; i++)
        tdi_thread_join(&threads[i]);
    assert_int_equal(free_slots(ring), SLOTS);
    td_readback_destroy(ring);
    fake_device_destroy();
}

static void release_last(void *user)
{
    tdi_readback_release(user);
}

static void destruction_waits_for_leases(void **state)
{
    (void)state;
    td_device *device;
    td_readback *ring = make_ring(&device);
    tdi_readback_slot *slot = take(ring);
    tdi_thread thread;
    assert_int_equal(tdi_thread_start(&thread, "release", release_last, slot), TD_OK);
    td_readback_destroy(ring);
    tdi_thread_join(&thread);
    fake_device_destroy();
}

static void making_a_ring_can_fail(void **state)
{
    (void)state;
    support_use_allocator();
    td_device *device = fake_device_create(1);
    fake_add_memory();
    td_readback *ring = NULL;
    assert_int_equal(tdi_lanes_ready(device), TD_OK);
    uint64_t blocks = tdi_live_blocks();
    td_readback_params params = {.name = "ring", .slot_bytes = BYTES, .slots = 1};
    assert_int_equal(td_readback_create(device, &params, &ring), TD_ERROR_ARGUMENT);
    params.slots = 4;
    params.slot_bytes = UINT64_C(30) << 20;
    assert_int_equal(td_readback_create(device, &params, &ring), TD_ERROR_BUDGET);
    params.slot_bytes = BYTES;
    support_fail_allocation(1);
    assert_int_equal(td_readback_create(device, &params, &ring), TD_ERROR_HOST_MEMORY);
    assert_null(ring);
    tdi_memory_trim(device);
    assert_int_equal(tdi_live_blocks(), blocks);
    td_budget_info info;
    td_budget_get_info(device->budget, &info);
    assert_int_equal(info.used_bytes, 0);
    td_readback_destroy(NULL);
    fake_device_destroy();
    support_restore_allocator();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_apart_and_mapped),
        cmocka_unit_test(a_full_ring_is_backpressure),
        cmocka_unit_test(leases_come_back_in_any_order),
        cmocka_unit_test(a_slot_is_finished_once_and_freed_once),
        cmocka_unit_test(whole_atoms_are_invalidated),
        cmocka_unit_test(threads_share_a_ring),
        cmocka_unit_test(destruction_waits_for_leases),
        cmocka_unit_test(making_a_ring_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
