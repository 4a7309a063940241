/* Making a device may fail at any allocation of host memory, any start of a thread and many a call
 * of the driver: a code, a sentence, nothing left behind, and the next attempt works. */
#define _XOPEN_SOURCE 700

#include "guest_support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/host.h>

#include "base/memory.h"
#include "gpu/bindless.h"
#include "gpu/image.h"

static atomic_uint until_failure;

static void *failing_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    void *block = NULL;
    if (atomic_load(&until_failure) > 0 && atomic_fetch_sub(&until_failure, 1) == 1)
        return NULL;
    return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

static void *failing_reallocate(void *user, void *block, size_t size)
{
    (void)user;
    if (atomic_load(&until_failure) > 0 && atomic_fetch_sub(&until_failure, 1) == 1)
        return NULL;
    return realloc(block, size);
}

static void release(void *user, void *block)
{
    (void)user;
    free(block);
}

static int use_failing_allocator(void **state)
{
    (void)state;
    const td_allocator allocator = {NULL, failing_allocate, failing_reallocate, release};
    atomic_store(&until_failure, 0);
    return td_set_allocator(&allocator) == TD_OK ? 0 : -1;
}

static int restore_allocator(void **state)
{
    (void)state;
    return td_set_allocator(NULL) == TD_OK ? 0 : -1;
}

static void probe(void)
{
    uint32_t count;
    gpu_check_device(td_device_list(NULL, 0, &count));
}

/* What may be done without is allowed to fail in silence: then the result is TD_OK. */
static void any_allocation_may_fail(void **state)
{
    (void)state;
    const td_device_params params = {.validation = true};
    uint32_t failures = 0;
    probe();
    gpu_watch_messages(NULL);
    for (uint32_t nth = 1; nth < 1000; nth++) {
        td_device *device;
        atomic_store(&until_failure, nth);
        td_result result = td_device_create(&params, &device);
        bool reached = atomic_exchange(&until_failure, 0) == 0;
        assert_true(result == TD_OK || result == TD_ERROR_HOST_MEMORY);
        if (result != TD_OK) {
            assert_null(device);
            assert_true(strlen(td_last_error()) > 0);
            failures++;
        }
        td_device_destroy(device);
        assert_int_equal(tdi_live_blocks(), 0);
        assert_int_equal(gpu_message_count(), 0);
        if (!reached) {
            assert_true(failures > 5);
            return;
        }
    }
    fail_msg("td_device_create never succeeds");
}

static void any_allocation_of_an_import_may_fail(void **state)
{
    (void)state;
    const td_device_params params = {.validation = true};
    uint32_t failures = 0;
    probe();
    gpu_watch_messages(NULL);
    td_device *host;
    gpu_ok(td_device_create(&params, &host));
    for (int bare = 0; bare < 2; bare++) {
        guest program;
        (bare ? guest_open_bare : guest_open)(host, &program);
        const uint64_t blocks = tdi_live_blocks();
        bool reached = true;
        for (uint32_t nth = 1; reached && nth < 1000; nth++) {
            td_device *device;
            atomic_store(&until_failure, nth);
            td_result result = td_device_import(&program.params, &device);
            reached = atomic_exchange(&until_failure, 0) == 0;
            assert_true(result == TD_OK || result == TD_ERROR_HOST_MEMORY);
            failures += result != TD_OK;
            assert_true(result == TD_OK || !device);
            td_device_destroy(device);
            assert_int_equal(tdi_live_blocks(), blocks);
        }
        guest_close(&program);
    }
    td_device_destroy(host);
    assert_int_equal(gpu_message_count(), 0);
    assert_true(failures > 5);
}

static void any_allocation_of_a_list_may_fail(void **state)
{
    (void)state;
    probe();
    for (uint32_t nth = 1; nth < 1000; nth++) {
        uint32_t count;
        atomic_store(&until_failure, nth);
        td_result result = td_device_list(NULL, 0, &count);
        bool reached = atomic_exchange(&until_failure, 0) == 0;
        assert_true(result == TD_OK || result == TD_ERROR_HOST_MEMORY);
        assert_int_equal(tdi_live_blocks(), 0);
        if (!reached)
            return;
    }
    fail_msg("td_device_list never succeeds");
}

static int refuse_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                         void *user)
{
    (void)thread;
    (void)attributes;
    (void)fn;
    (void)user;
    return 11; /* EAGAIN */
}

static void a_thread_may_not_start(void **state)
{
    (void)state;
    const td_device_params params = {.validation = true};
    td_device *device;
    probe();
    tdi_set_thread_create(refuse_thread);
    td_result result = td_device_create(&params, &device);
    tdi_set_thread_create(NULL);
    assert_int_equal(result, TD_ERROR_SYSTEM);
    assert_null(device);
    assert_int_equal(tdi_live_blocks(), 0);
}

static uint32_t calls_until_failure;

static bool fails_now(void)
{
    return calls_until_failure > 0 && --calls_until_failure == 0;
}

/* The driver's functions, each in front of the true one, which the harness's device keeps here. */
static struct VolkDeviceTable driver;

static VkResult VKAPI_PTR allocate(VkDevice device, const VkMemoryAllocateInfo *info,
                                   const VkAllocationCallbacks *callbacks, VkDeviceMemory *out)
{
    return fails_now() ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                       : driver.vkAllocateMemory(device, info, callbacks, out);
}

static VkResult VKAPI_PTR map(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset,
                              VkDeviceSize size, VkMemoryMapFlags flags, void **out)
{
    return fails_now() ? VK_ERROR_MEMORY_MAP_FAILED
                       : driver.vkMapMemory(device, memory, offset, size, flags, out);
}

static VkResult VKAPI_PTR create_buffer(VkDevice device, const VkBufferCreateInfo *info,
                                        const VkAllocationCallbacks *callbacks, VkBuffer *out)
{
    return fails_now() ? VK_ERROR_OUT_OF_HOST_MEMORY
                       : driver.vkCreateBuffer(device, info, callbacks, out);
}

static VkResult VKAPI_PTR bind_buffer(VkDevice device, VkBuffer buffer, VkDeviceMemory memory,
                                      VkDeviceSize offset)
{
    return fails_now() ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                       : driver.vkBindBufferMemory(device, buffer, memory, offset);
}

static VkResult VKAPI_PTR create_image(VkDevice device, const VkImageCreateInfo *info,
                                       const VkAllocationCallbacks *callbacks, VkImage *out)
{
    return fails_now() ? VK_ERROR_OUT_OF_HOST_MEMORY
                       : driver.vkCreateImage(device, info, callbacks, out);
}

static VkResult VKAPI_PTR bind_image(VkDevice device, VkImage image, VkDeviceMemory memory,
                                     VkDeviceSize offset)
{
    return fails_now() ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                       : driver.vkBindImageMemory(device, image, memory, offset);
}

static VkResult VKAPI_PTR create_view(VkDevice device, const VkImageViewCreateInfo *info,
                                      const VkAllocationCallbacks *callbacks, VkImageView *out)
{
    return fails_now() ? VK_ERROR_OUT_OF_HOST_MEMORY
                       : driver.vkCreateImageView(device, info, callbacks, out);
}

static void make_driver_fail(td_device *device)
{
    driver = device->vk;
    device->vk.vkAllocateMemory = allocate;
    device->vk.vkMapMemory = map;
    device->vk.vkCreateBuffer = create_buffer;
    device->vk.vkBindBufferMemory = bind_buffer;
    device->vk.vkCreateImage = create_image;
    device->vk.vkBindImageMemory = bind_image;
    device->vk.vkCreateImageView = create_view;
}

static td_result make_things(td_device *device)
{
    tdi_buffer buffer;
    tdi_vk_image image;
    const tdi_buffer_params buffer_params = {.name = "buffer",
                                             .size = 9 << 20,
                                             .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                             .kind = TDI_MEMORY_READBACK};
    const tdi_vk_image_params image_params = {.name = "image",
                                              .format = VK_FORMAT_R8G8B8A8_UNORM,
                                              .width = 16,
                                              .height = 16,
                                              .levels = 1,
                                              .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
    TDI_TRY(tdi_buffer_create(device, &buffer_params, &buffer));
    td_result result = tdi_vk_image_create(device, &image_params, &image);
    if (result == TD_OK)
        tdi_vk_image_destroy(device, &image);
    tdi_buffer_destroy(device, &buffer);
    return result;
}

/* An allocation that the driver refuses once is tried again, so that not every fault shows. */
static void any_call_of_the_driver_may_fail(td_device *device)
{
    uint32_t failures = 0;
    make_driver_fail(device);
    for (uint32_t nth = 1; nth < 100; nth++) {
        td_budget_info info;
        calls_until_failure = nth;
        td_result result = make_things(device);
        bool reached = calls_until_failure == 0;
        calls_until_failure = 0;
        failures += result != TD_OK;
        tdi_memory_trim(device);
        td_budget_get_info(td_device_budget(device), &info);
        assert_int_equal(info.held_bytes, 0);
        assert_int_equal(info.used_bytes, 0);
        if (!reached) {
            gpu_ok(result);
            assert_true(failures >= 6);
            device->vk = driver;
            return;
        }
    }
    fail_msg("it never succeeds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_allocation_may_fail, use_failing_allocator,
                                        restore_allocator),
        cmocka_unit_test_setup_teardown(any_allocation_of_a_list_may_fail, use_failing_allocator,
                                        restore_allocator),
        cmocka_unit_test_setup_teardown(any_allocation_of_an_import_may_fail, use_failing_allocator,
                                        restore_allocator),
        cmocka_unit_test(a_thread_may_not_start),
        gpu_test(any_call_of_the_driver_may_fail),
    };
    return gpu_run_tests(tests);
}
