/* Pools of host buffers: what is handed out and taken back, what is refused, and that nothing
 * leaks. The device imports nothing, so that readbacks into buffers are copied. */
#include "fake_device.h"

#include <string.h>

#include <tandem/readback.h>

#include "base/memory.h"
#include "gpu/memory.h"

static td_device *device;

static td_buffer_pool *open_pool(const td_buffer_class *classes, uint32_t count)
{
    support_use_allocator();
    device = fake_device_create(1);
    fake_add_memory();
    td_buffer_pool *pool;
    assert_int_equal(td_buffer_pool_create(device, classes, count, &pool), TD_OK);
    return pool;
}

static void close_pool(td_buffer_pool *pool)
{
    td_buffer_pool_destroy(pool);
    td_budget_info info;
    tdi_memory_trim(device);
    td_budget_get_info(device->budget, &info);
    assert_int_equal(info.used_bytes, 0);
    assert_int_equal(info.held_bytes, 0);
    assert_int_equal(info.host_bytes, 0);
    fake_device_destroy();
    support_restore_allocator();
}

static td_buffer_pool_info info_of(td_buffer_pool *pool)
{
    td_buffer_pool_info info;
    td_buffer_pool_get_info(pool, &info);
    assert_int_equal(info.buffers, info.free + info.used);
    return info;
}

static td_pool_buffer get(td_buffer_pool *pool, uint64_t bytes)
{
    td_pool_buffer buffer;
    assert_int_equal(td_buffer_pool_get(pool, bytes, &buffer), TD_OK);
    assert_int_equal((uintptr_t)buffer.memory % 4096, 0);
    assert_true(buffer.bytes >= bytes);
    return buffer;
}

static void the_smallest_class_that_suffices_is_taken(void **state)
{
    (void)state;
    const td_buffer_class classes[] = {{.bytes = 100000, .buffers = 1}, {.bytes = 5000}};
    td_buffer_pool *pool = open_pool(classes, 2);
    assert_int_equal(info_of(pool).buffers, 4);
    assert_int_equal(get(pool, 5000).bytes, 8192);
    assert_int_equal(get(pool, 8192).bytes, 8192);
    assert_int_equal(get(pool, 8193).bytes, 102400);
    td_pool_buffer none;
    assert_int_equal(td_buffer_pool_get(pool, 102401, &none), TD_ERROR_ARGUMENT);
    close_pool(pool);
}

static void foreign_and_double_returns_change_nothing(void **state)
{
    (void)state;
    td_buffer_pool *pool = open_pool(&(td_buffer_class){.bytes = 4096}, 1);
    td_pool_buffer a = get(pool, 1), b = get(pool, 1);
    char own[16];
    assert_int_equal(td_buffer_pool_return(pool, own), TD_ERROR_ARGUMENT);
    assert_int_equal(td_buffer_pool_return(pool, (char *)a.memory + 1), TD_ERROR_ARGUMENT);
    assert_int_equal(td_buffer_pool_return(pool, NULL), TD_ERROR_ARGUMENT);
    assert_int_equal(info_of(pool).used, 2);
    assert_int_equal(td_buffer_pool_return(pool, a.memory), TD_OK);
    assert_int_equal(td_buffer_pool_return(pool, a.memory), TD_ERROR_ARGUMENT);
    assert_int_equal(info_of(pool).used, 1);
    assert_int_equal(info_of(pool).free, 2);
    assert_int_equal(td_buffer_pool_return(pool, b.memory), TD_OK);
    close_pool(pool);
}

static void an_empty_pool_grows_within_the_budget(void **state)
{
    (void)state;
    td_buffer_pool *pool = open_pool(&(td_buffer_class){.bytes = UINT64_C(16) << 20}, 1);
    for (int i = 0; i < 4; i++)
        get(pool, 1);
    assert_int_equal(info_of(pool).grown, 1);
    td_pool_buffer none;
    assert_int_equal(td_buffer_pool_get(pool, 1, &none), TD_ERROR_BUDGET);
    assert_int_equal(info_of(pool).buffers, 4);
    td_budget_info budget;
    td_budget_get_info(device->budget, &budget);
    assert_int_equal(budget.by_category[TD_BUDGET_READBACK], UINT64_C(64) << 20);
    assert_int_equal(budget.held_bytes, UINT64_C(64) << 20);
    assert_int_equal(budget.host_bytes, UINT64_C(64) << 20);
    assert_int_equal(budget.allocations, 0);
    assert_int_equal(info_of(pool).imported, 0);
    close_pool(pool); /* with all of them out */
}

static void making_a_pool_can_fail(void **state)
{
    (void)state;
    td_buffer_pool *pool = open_pool(&(td_buffer_class){.bytes = 1}, 1), *other = NULL;
    const uint64_t blocks = tdi_live_blocks();
    const td_buffer_class classes[] = {{.bytes = 1, .buffers = 2}, {.bytes = 0}};
    assert_int_equal(td_buffer_pool_create(device, classes, 2, &other), TD_ERROR_ARGUMENT);
    assert_int_equal(td_buffer_pool_create(device, classes, 0, &other), TD_ERROR_ARGUMENT);
    assert_int_equal(td_buffer_pool_create(device, NULL, 1, &other), TD_ERROR_ARGUMENT);
    for (uint32_t nth = 1;; nth++) {
        support_fail_allocation(nth);
        const td_result result = td_buffer_pool_create(device, classes, 1, &other);
        const bool failed = support_allocation_failed();
        support_fail_allocation(0);
        if (!failed) {
            assert_int_equal(result, TD_OK);
            break;
        }
        assert_int_equal(result, TD_ERROR_HOST_MEMORY);
        assert_int_equal(tdi_live_blocks(), blocks);
    }
    td_buffer_pool_destroy(other);
    td_buffer_pool_destroy(NULL);
    close_pool(pool);
}

/* The copy that the model of a device does not make is none that can be compared; but which memory
 * a request lends, and when a buffer may be returned, can be. */
static void a_buffer_is_busy_while_a_readback_into_it_is_pending(void **state)
{
    (void)state;
    td_buffer_pool *pool = open_pool(&(td_buffer_class){.bytes = 4096}, 1);
    td_readback *ring;
    const td_readback_params params = {.slot_bytes = 4096, .slots = 2};
    assert_int_equal(td_readback_create(device, &params, &ring), TD_OK);
    const td_readback_range range = {.buffer = (VkBuffer)16, .size = 100};
    td_pool_buffer buffer = get(pool, 100);
    td_request *request, *second = NULL;
    memset(buffer.memory, 7, buffer.bytes);
    fake_hold(true);
    assert_int_equal(
        td_readback_copy_buffer(ring, &range, buffer.target, (td_ticket){0}, 0, &request), TD_OK);
    assert_int_equal(
        td_readback_copy_buffer(ring, &range, buffer.target, (td_ticket){0}, 0, &second),
        TD_ERROR_STATE);
    assert_int_equal(td_buffer_pool_return(pool, buffer.memory), TD_ERROR_STATE);
    fake_hold(false);
    assert_int_equal(td_request_wait(request, TD_FOREVER), TD_OK);
    td_readback_data data;
    assert_int_equal(td_readback_get_data(request, &data), TD_OK);
    assert_ptr_equal(data.bytes, buffer.memory);
    assert_true(data.copied);
    for (int i = 0; i < 200; i++)
        assert_int_equal(((const char *)buffer.memory)[i], i < 100 ? 0 : 7);
    td_readback_info info;
    td_readback_get_info(ring, &info);
    assert_int_equal(info.free, 2); /* though the request is held */
    td_request_release(request);
    assert_int_equal(td_buffer_pool_return(pool, buffer.memory), TD_OK);
    assert_int_equal(
        td_readback_copy_buffer(ring, &range, buffer.target, (td_ticket){0}, 0, &second),
        TD_ERROR_STATE);
    td_readback_destroy(ring);
    close_pool(pool);
}

static void any_memory_can_be_a_target(void **state)
{
    (void)state;
    td_buffer_pool *pool = open_pool(&(td_buffer_class){.bytes = 4096}, 1);
    char memory[64];
    td_host_buffer *buffer = NULL;
    assert_int_equal(td_host_buffer_create(device, NULL, 64, &buffer), TD_ERROR_ARGUMENT);
    assert_int_equal(td_host_buffer_create(device, memory, 0, &buffer), TD_ERROR_ARGUMENT);
    assert_int_equal(td_host_buffer_create(device, memory, 64, &buffer), TD_OK);
    td_host_buffer_info info;
    td_host_buffer_get_info(buffer, &info);
    assert_ptr_equal(info.memory, memory);
    assert_false(info.imported);
    assert_false(info.busy);
    assert_non_null(strstr(info.reason, "VK_EXT_external_memory_host"));
    td_host_buffer_destroy(buffer);
    td_host_buffer_destroy(NULL);
    close_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_class_that_suffices_is_taken),
        cmocka_unit_test(foreign_and_double_returns_change_nothing),
        cmocka_unit_test(an_empty_pool_grows_within_the_budget),
        cmocka_unit_test(making_a_pool_can_fail),
        cmocka_unit_test(a_buffer_is_busy_while_a_readback_into_it_is_pending),
        cmocka_unit_test(any_memory_can_be_a_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
