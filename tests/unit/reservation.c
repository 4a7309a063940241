/* Promises of bytes: within the limits, charged to whom they are for, made good by allocations;
 * and limits that change while things are held. */
#include "fake_device.h"

#include <sched.h>
#include <string.h>

#include <tandem/host.h>

#include "async/retire.h"
#include "gpu/reservation.h"

#define MIB (UINT64_C(1) << 20)

static td_budget_info sums(td_budget *budget)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    return info;
}

static td_result reserve(td_budget *budget, uint64_t bytes, td_reservation **out)
{
    const td_reservation_params params = {
        .name = "a promise", .category = TD_BUDGET_TEXTURES, .bytes = bytes};
    return td_budget_reserve(budget, &params, out);
}

static void promises_count_against_the_limit(void **state)
{
    (void)state;
    td_budget *budget;
    td_reservation *a, *b;
    td_budget_consumer consumer;
    uint32_t count;
    support_use_allocator();
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(reserve(budget, 40 * MIB, &a), TD_OK);
    assert_int_equal(td_reservation_bytes(a), 40 * MIB);
    assert_int_equal(reserve(budget, 24 * MIB + 1, &b), TD_ERROR_BUDGET);
    assert_null(b);
    assert_string_equal(td_last_error(),
                        "a promise needs 24.0 MiB of device memory, and 0.0 MiB is held (slack "
                        "0.0), 40.0 MiB is reserved, the limit is 64.0 MiB; the largest are "
                        "a promise (textures 40.0); raise the budget");
    assert_int_equal(tdi_budget_hold(budget, 24 * MIB + 1, 0, "a block"), TD_ERROR_BUDGET);
    assert_int_equal(reserve(budget, 24 * MIB, &b), TD_OK);
    assert_int_equal(sums(budget).reserved_bytes, 64 * MIB);
    assert_int_equal(sums(budget).reserved_by[TD_BUDGET_TEXTURES], 64 * MIB);
    assert_int_equal(tdi_budget_available(budget), 0);
    assert_int_equal(td_budget_consumers(budget, &consumer, 1, &count), TD_OK);
    assert_int_equal(count, 1);
    assert_int_equal(consumer.bytes, 64 * MIB);
    assert_int_equal(consumer.count, 2);
    td_reservation_release(a);
    td_reservation_release(b);
    td_reservation_release(NULL);
    assert_int_equal(sums(budget).reserved_bytes, 0);
    assert_int_equal(td_budget_consumers(budget, NULL, 0, &count), TD_OK);
    assert_int_equal(count, 0);
    tdi_budget_destroy(budget);
    support_restore_allocator();
}

static void mistakes_are_told(void **state)
{
    (void)state;
    td_budget *budget;
    td_reservation *r;
    uint32_t count;
    td_reservation_params params = {.category = TD_BUDGET_CATEGORY_COUNT};
    support_use_allocator();
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(td_budget_reserve(budget, &params, &r), TD_ERROR_ARGUMENT);
    params.category = TD_BUDGET_STAGING;
    assert_int_equal(td_budget_reserve(NULL, &params, &r), TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_reserve(budget, NULL, &r), TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_reserve(budget, &params, NULL), TD_ERROR_ARGUMENT);
    support_fail_allocation(1);
    assert_int_equal(td_budget_reserve(budget, &params, &r), TD_ERROR_HOST_MEMORY);
    assert_int_equal(td_budget_reserve(budget, &params, &r), TD_OK); /* of nothing */
    td_reservation_release(r);
    assert_int_equal(td_budget_set_limit(budget, 0, 0), TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_set_limit(NULL, 1, 0), TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_consumers(NULL, NULL, 0, &count), TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_consumers(budget, NULL, 1, &count), TD_ERROR_ARGUMENT);
    assert_int_equal(td_budget_consumers(budget, NULL, 0, NULL), TD_ERROR_ARGUMENT);
    tdi_budget_destroy(budget);
    support_restore_allocator();
}

static void a_category_limit_counts_promises(void **state)
{
    (void)state;
    td_budget *budget;
    td_reservation *a, *b;
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    assert_int_equal(td_budget_set_category_limit(budget, TD_BUDGET_TEXTURES, 8 * MIB), TD_OK);
    assert_int_equal(reserve(budget, 6 * MIB, &a), TD_OK);
    assert_int_equal(reserve(budget, 3 * MIB, &b), TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "6.0 MiB is reserved, the limit for textures is 8.0"));
    assert_int_equal(reserve(budget, 2 * MIB, &b), TD_OK);
    td_reservation_release(a);
    td_reservation_release(b);
    tdi_budget_destroy(budget);
}

static uint32_t warnings;

static void count_warning(void *user, td_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TD_LOG_WARNING);
    assert_non_null(strstr(message, "64.0 MiB is exceeded: a promise brings it to 80.0 MiB"));
    warnings++;
}

static void mode_warn_promises_more(void **state)
{
    (void)state;
    td_budget *budget;
    td_reservation *a;
    td_set_log(count_warning, NULL, TD_LOG_WARNING);
    assert_int_equal(tdi_budget_create(64 * MIB, TD_BUDGET_WARN, &budget), TD_OK);
    assert_int_equal(reserve(budget, 80 * MIB, &a), TD_OK);
    assert_int_equal(warnings, 1);
    assert_int_equal(sums(budget).exceeded, 1);
    td_reservation_release(a);
    tdi_budget_destroy(budget);
    td_set_log(NULL, NULL, td_default_log_level());
}

static td_device *start(void)
{
    support_use_allocator();
    td_device *device = fake_device_create(3);
    fake_add_memory();
    return device;
}

static void finish(void)
{
    fake_device_destroy();
    support_restore_allocator();
}

static td_result make(td_device *device, uint64_t size, td_reservation *reservation,
                      tdi_buffer *out)
{
    const tdi_buffer_params params = {.name = "a buffer",
                                      .size = size,
                                      .kind = TDI_MEMORY_READBACK,
                                      .category = TD_BUDGET_TEXTURES,
                                      .reservation = reservation};
    return tdi_buffer_create(device, &params, out);
}

/* In an allocation of its own, out of a new block, and out of one that is there. */
static void promises_are_made_good(void **state)
{
    (void)state;
    const uint64_t sizes[3] = {40 * MIB, 64 << 10, 64 << 10};
    td_device *device = start();
    td_reservation *promises[3];
    tdi_buffer buffers[3];
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(reserve(device->budget, sizes[i], &promises[i]), TD_OK);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t before = sums(device->budget).reserved_bytes;
        assert_int_equal(make(device, sizes[i], promises[i], &buffers[i]), TD_OK);
        assert_int_equal(sums(device->budget).reserved_bytes, before - sizes[i]);
        assert_int_equal(sums(device->budget).reserved_by[TD_BUDGET_TEXTURES], before - sizes[i]);
        assert_int_equal(tdi_reservation_promised(promises[i]), 0);
        td_reservation_release(promises[i]);
    }
    assert_int_equal(sums(device->budget).allocations, 2);
    assert_int_equal(sums(device->budget).used_bytes, 40 * MIB + (128 << 10));
    for (uint32_t i = 0; i < 3; i++)
        tdi_buffer_destroy(device, &buffers[i]);
    finish();
}

/* Only the promise makes room for it. */
static void a_promise_is_room_for_its_own(void **state)
{
    (void)state;
    td_device *device = start();
    td_reservation *promise;
    tdi_buffer buffer;
    assert_int_equal(reserve(device->budget, 60 * MIB, &promise), TD_OK);
    assert_int_equal(make(device, 20 * MIB, NULL, &buffer), TD_ERROR_BUDGET);
    assert_int_equal(make(device, 63 * MIB, promise, &buffer), TD_OK);
    assert_int_equal(sums(device->budget).reserved_bytes, 0);
    td_reservation_release(promise);
    tdi_buffer_destroy(device, &buffer);
    finish();
}

static VkResult refuse(VkDevice device, const VkMemoryAllocateInfo *info,
                       const VkAllocationCallbacks *allocator, VkDeviceMemory *out)
{
    (void)device;
    (void)info;
    (void)allocator;
    *out = VK_NULL_HANDLE;
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static VkResult refuse_map(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset,
                           VkDeviceSize size, VkMemoryMapFlags flags, void **out)
{
    (void)device;
    (void)memory;
    (void)offset;
    (void)size;
    (void)flags;
    (void)out;
    return VK_ERROR_MEMORY_MAP_FAILED;
}

static void check_promise_is_kept(td_device *device, td_reservation *promise, uint64_t size)
{
    tdi_buffer buffer;
    assert_true(make(device, size, promise, &buffer) < TD_OK);
    td_budget_info info = sums(device->budget);
    assert_int_equal(info.used_bytes, 0);
    assert_int_equal(info.reserved_bytes, size);
    assert_int_equal(info.reserved_by[TD_BUDGET_TEXTURES], size);
    assert_int_equal(tdi_reservation_promised(promise), size);
}

static void a_failure_leaves_the_promise(void **state)
{
    (void)state;
    td_device *device = start();
    const struct VolkDeviceTable driver = device->vk;
    const uint64_t sizes[2] = {40 * MIB, 64 << 10};
    for (uint32_t i = 0; i < 2; i++) {
        td_reservation *promise;
        assert_int_equal(reserve(device->budget, sizes[i], &promise), TD_OK);
        device->vk.vkAllocateMemory = refuse;
        check_promise_is_kept(device, promise, sizes[i]);
        device->vk = driver;
        device->vk.vkMapMemory = refuse_map;
        check_promise_is_kept(device, promise, sizes[i]);
        device->vk = driver;
        tdi_buffer buffer;
        assert_int_equal(make(device, sizes[i], promise, &buffer), TD_OK);
        tdi_buffer_destroy(device, &buffer);
        td_reservation_release(promise);
    }
    assert_int_equal(sums(device->budget).reserved_bytes, 0);
    finish();
}

/* Whatever allocation of host memory fails. */
static void want_of_host_memory_leaves_the_promise(void **state)
{
    (void)state;
    td_device *device = start();
    td_reservation *promise;
    tdi_buffer buffer;
    assert_int_equal(reserve(device->budget, 64 << 10, &promise), TD_OK);
    uint32_t failures = 0;
    td_result result;
    do {
        support_fail_allocation(++failures);
        result = make(device, 64 << 10, promise, &buffer);
        assert_true(result == TD_OK || result == TD_ERROR_HOST_MEMORY);
        uint64_t left = result == TD_OK ? 0 : 64 << 10;
        assert_true(result == TD_OK || sums(device->budget).held_bytes == 0);
        assert_int_equal(tdi_reservation_promised(promise), left);
        assert_int_equal(sums(device->budget).reserved_bytes, left);
        assert_int_equal(sums(device->budget).reserved_by[TD_BUDGET_TEXTURES], left);
    } while (result != TD_OK);
    support_fail_allocation(0);
    assert_true(failures > 2); /* the block and its bookkeeping */
    tdi_buffer_destroy(device, &buffer);
    td_reservation_release(promise);
    finish();
}

/* Takes what it can get whenever something was allocated or freed, as another thread could. */
static uint64_t taken_by_others;

static void take_all(td_device *device)
{
    tdi_consumer consumer;
    const uint64_t left = tdi_budget_available(device->budget);
    assert_int_equal(
        tdi_budget_promise(device->budget, TD_BUDGET_STAGING, left, "others", &consumer), TD_OK);
    taken_by_others += left;
    assert_int_equal(tdi_budget_promise(device->budget, TD_BUDGET_TEXTURES, 1, "others", &consumer),
                     TD_ERROR_BUDGET);
}

/* Of an allocation of its own and out of a new block, both smaller than what is promised. */
static void nobody_gets_a_promise_that_a_failure_gives_back(void **state)
{
    (void)state;
    const uint64_t sizes[2] = {1 * MIB, 64 << 10};
    for (uint32_t i = 0; i < 2; i++) {
        td_device *device = start();
        td_reservation *promise;
        tdi_buffer buffer;
        taken_by_others = 0;
        assert_int_equal(reserve(device->budget, 40 * MIB, &promise), TD_OK);
        assert_int_equal(td_budget_set_category_limit(device->budget, TD_BUDGET_TEXTURES, 40 * MIB),
                         TD_OK);
        device->vk.vkMapMemory = refuse_map;
        tdi_set_memory_hook(take_all);
        assert_true(make(device, sizes[i], promise, &buffer) < TD_OK);
        tdi_set_memory_hook(NULL);
        const td_budget_info info = sums(device->budget);
        assert_int_equal(taken_by_others, 24 * MIB);
        assert_int_equal(info.held_bytes, 0);
        assert_int_equal(info.reserved_bytes, 64 * MIB);
        assert_int_equal(info.reserved_by[TD_BUDGET_TEXTURES], 40 * MIB);
        td_reservation_release(promise);
        finish();
    }
}

/* What an allocation does not need of its promise is free when it is done. */
static void more_is_promised_than_needed(void **state)
{
    (void)state;
    td_device *device = start();
    td_reservation *promise;
    tdi_buffer buffer;
    assert_int_equal(reserve(device->budget, 40 * MIB, &promise), TD_OK);
    assert_int_equal(make(device, 8 * MIB, promise, &buffer), TD_OK);
    assert_int_equal(sums(device->budget).reserved_bytes, 0);
    assert_int_equal(sums(device->budget).reserved_by[TD_BUDGET_TEXTURES], 0);
    assert_int_equal(sums(device->budget).by_category[TD_BUDGET_TEXTURES], 8 * MIB);
    td_reservation_release(promise);
    tdi_buffer_destroy(device, &buffer);
    finish();
}

static void a_limit_goes_down_and_up(void **state)
{
    (void)state;
    td_device *device = start();
    td_budget *budget = device->budget;
    td_reservation *promise, *more;
    tdi_buffer buffer;
    assert_int_equal(make(device, 10 * MIB, NULL, &buffer), TD_OK);
    assert_int_equal(reserve(budget, 6 * MIB, &promise), TD_OK);
    assert_int_equal(td_budget_set_limit(budget, 16 * MIB, 0), TD_OK);
    assert_int_equal(td_budget_set_limit(budget, 12 * MIB, 0), TD_ERROR_AGAIN);
    assert_string_equal(td_last_error(),
                        "10.0 MiB is held (textures 10.0, slack 0.0), 6.0 MiB is reserved, the "
                        "limit is 12.0 MiB; the largest are a buffer (textures 10.0), a promise "
                        "(textures 6.0); give some of it back");
    assert_int_equal(sums(budget).limit_bytes, 12 * MIB);
    assert_int_equal(reserve(budget, 1, &more), TD_ERROR_BUDGET);
    td_reservation_release(promise);
    assert_int_equal(td_budget_set_limit(budget, 12 * MIB, 0), TD_OK);
    assert_int_equal(td_budget_set_limit(budget, 100 * MIB, 0), TD_OK);
    assert_int_equal(reserve(budget, 90 * MIB, &more), TD_OK);
    td_reservation_release(more);
    tdi_buffer_destroy(device, &buffer);
    finish();
}

static void a_lower_limit_drops_empty_blocks(void **state)
{
    (void)state;
    td_device *device = start();
    tdi_buffer buffer;
    assert_int_equal(make(device, 64 << 10, NULL, &buffer), TD_OK);
    tdi_buffer_destroy(device, &buffer);
    assert_int_equal(sums(device->budget).held_bytes, 2 * MIB);
    assert_int_equal(td_budget_set_limit(device->budget, MIB, 0), TD_OK);
    assert_int_equal(sums(device->budget).held_bytes, 0);
    assert_int_equal(tdi_memory_block_bytes(device), 256 << 10);
    finish();
}

typedef struct limit_change {
    td_budget *budget;
    uint64_t timeout;
    td_result result;
} limit_change;

static void change_on_thread(void *user)
{
    limit_change *change = user;
    change->result = td_budget_set_limit(change->budget, 8 * MIB, change->timeout);
}

static void a_lower_limit_waits_for_what_comes_back(void **state)
{
    (void)state;
    td_device *device = start();
    limit_change change = {.budget = device->budget, .timeout = UINT64_MAX};
    const tdi_submission submission = {.lane = TD_LANE_COMPUTE};
    td_ticket last_use;
    tdi_thread thread;
    tdi_buffer buffer;
    fake_hold(true);
    assert_int_equal(make(device, 20 * MIB, NULL, &buffer), TD_OK);
    assert_int_equal(tdi_lane_submit(device, &submission, &last_use), TD_OK);
    tdi_retire_buffer(device, &buffer, last_use);
    assert_int_equal(td_budget_set_limit(device->budget, 8 * MIB, 0), TD_ERROR_TIMEOUT);
    assert_non_null(strstr(td_last_error(), "the largest are a buffer"));
    assert_int_equal(tdi_thread_start(&thread, "test", change_on_thread, &change), TD_OK);
    while (atomic_load(&tdi_budget_pressure(device->budget)->waiting) == 0)
        sched_yield();
    fake_complete(last_use.queue, last_use.value);
    tdi_thread_join(&thread);
    assert_int_equal(change.result, TD_OK);
    assert_int_equal(sums(device->budget).held_bytes, 0);
    finish();
}

#define THREADS 16
#define ROUNDS  2000

typedef struct reserver {
    tdi_thread thread;
    td_budget *budget;
    uint32_t seed;
    uint32_t refused;
} reserver;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void reserve_at_random(void *user)
{
    reserver *self = user;
    td_reservation *mine[8] = {0};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        td_reservation **r = &mine[next_random(&self->seed) % 8];
        td_reservation_release(*r);
        const td_reservation_params params = {
            .name = i % 3 ? "odd" : "even",
            .category = (td_budget_category)(i % TD_BUDGET_CATEGORY_COUNT),
            .bytes = next_random(&self->seed) % MIB,
        };
        if (td_budget_reserve(self->budget, &params, r) != TD_OK)
            self->refused++;
        td_budget_info info = sums(self->budget);
        assert_true(info.held_bytes + info.reserved_bytes <= info.limit_bytes);
    }
    for (uint32_t i = 0; i < 8; i++)
        td_reservation_release(mine[i]);
}

static void threads_reserve_within_the_limit(void **state)
{
    (void)state;
    td_budget *budget;
    reserver threads[THREADS] = {0};
    uint32_t refused = 0, count;
    /* Less than one thread alone asks for. */
    assert_int_equal(tdi_budget_create(2 * MIB, TD_BUDGET_ENFORCE, &budget), TD_OK);
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i] = (reserver){.budget = budget, .seed = i};
        assert_int_equal(
            tdi_thread_start(&threads[i].thread, "test", reserve_at_random, &threads[i]), TD_OK);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        tdi_thread_join(&threads[i].thread);
        refused += threads[i].refused;
    }
    assert_true(refused > 0); /* else the limit was never touched */
    assert_int_equal(sums(budget).reserved_bytes, 0);
    assert_int_equal(td_budget_consumers(budget, NULL, 0, &count), TD_OK);
    assert_int_equal(count, 0);
    tdi_budget_destroy(budget);
}

static uint64_t driver_gives;
static uint64_t driver_used;

static void memory_properties(VkPhysicalDevice device, VkPhysicalDeviceMemoryProperties2 *out)
{
    (void)device;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT *figures = out->pNext;
    out->memoryProperties.memoryHeapCount = 1;
    figures->heapBudget[0] = driver_gives;
    figures->heapUsage[0] = driver_used;
}

/* Other programs take device memory while this one runs. */
static void the_driver_may_give_less(void **state)
{
    (void)state;
    td_device *device = start();
    tdi_buffer buffer;
    device->instance.vkGetPhysicalDeviceMemoryProperties2 = memory_properties;
    device->features.memory_budget = true;
    driver_gives = 30 * MIB;
    driver_used = 20 * MIB;
    assert_int_equal(tdi_memory_available(device), 10 * MIB);
    assert_int_equal(make(device, 11 * MIB, NULL, &buffer), TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "a buffer needs 11.0 MiB of device memory, and the "
                                            "driver has 10.0 MiB left for this program; "));
    assert_int_equal(sums(device->budget).held_bytes, 0);
    assert_int_equal(make(device, 10 * MIB, NULL, &buffer), TD_OK);
    assert_int_equal(sums(device->budget).driver_bytes, 20 * MIB);
    tdi_buffer_destroy(device, &buffer);
    driver_gives = 10 * MIB; /* less than is used already */
    assert_int_equal(make(device, 64 << 10, NULL, &buffer), TD_ERROR_BUDGET);
    device->info.software = true;
    assert_int_equal(make(device, 20 * MIB, NULL, &buffer), TD_OK);
    tdi_buffer_destroy(device, &buffer);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_count_against_the_limit),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(a_category_limit_counts_promises),
        cmocka_unit_test(mode_warn_promises_more),
        cmocka_unit_test(promises_are_made_good),
        cmocka_unit_test(a_promise_is_room_for_its_own),
        cmocka_unit_test(a_failure_leaves_the_promise),
        cmocka_unit_test(want_of_host_memory_leaves_the_promise),
        cmocka_unit_test(nobody_gets_a_promise_that_a_failure_gives_back),
        cmocka_unit_test(more_is_promised_than_needed),
        cmocka_unit_test(a_limit_goes_down_and_up),
        cmocka_unit_test(a_lower_limit_drops_empty_blocks),
        cmocka_unit_test(a_lower_limit_waits_for_what_comes_back),
        cmocka_unit_test(threads_reserve_within_the_limit),
        cmocka_unit_test(the_driver_may_give_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
