/* Device memory: never over the budget, never two things in one place, and all of it comes back. */
#include "gpu_test.h"

#include <string.h>

#include "base/thread.h"
#include "gpu/budget.h"
#include "gpu/image.h"

#define MIB   (UINT64_C(1) << 20)
#define SMALL (40 * MIB + MIB / 2)

static td_budget_info sums(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    return info;
}

static void small_things_share_a_block(td_device *device)
{
    tdi_buffer buffers[100];
    for (int i = 0; i < 100; i++)
        gpu_make_buffer(device, 1000, TDI_MEMORY_DEVICE, &buffers[i]);
    td_budget_info info = sums(device);
    assert_int_equal(info.allocations, 1);
    assert_int_equal(info.held_bytes, 16 * MIB);
    assert_true(info.by_category[TD_BUDGET_TRANSIENT] >= 100 * 1000);
    assert_int_equal(info.used_bytes, info.by_category[TD_BUDGET_TRANSIENT]);
    for (int i = 0; i < 100; i++)
        tdi_buffer_destroy(device, &buffers[i]);
    info = sums(device);
    assert_int_equal(info.used_bytes, 0);
    assert_int_equal(info.allocations, 1); /* the one that is kept */
    tdi_memory_trim(device);
    assert_int_equal(sums(device).held_bytes, 0);
}

static void large_things_have_an_allocation_of_their_own(td_device *device)
{
    tdi_buffer buffer;
    gpu_make_buffer(device, 9 * MIB, TDI_MEMORY_DEVICE, &buffer);
    td_budget_info info = sums(device);
    assert_int_equal(info.held_bytes, info.used_bytes);
    assert_int_equal(info.held_bytes, buffer.memory.size);
    assert_true(info.held_bytes >= 9 * MIB && info.held_bytes < 10 * MIB);
    tdi_buffer_destroy(device, &buffer);
    assert_int_equal(sums(device).held_bytes, 0);
}

/* Host-visible memory is filled with a pattern of its own each; all patterns must last. */
static void things_do_not_overlap(td_device *device)
{
    enum { COUNT = 300 };
    tdi_buffer buffers[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        VkDeviceSize size = 1 + i * 7919 % 200000;
        gpu_make_buffer(device, size, TDI_MEMORY_READBACK, &buffers[i]);
        assert_non_null(buffers[i].memory.mapped);
        memset(buffers[i].memory.mapped, (int)(i % 251), (size_t)buffers[i].memory.size);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint8_t *bytes = buffers[i].memory.mapped;
        for (size_t j = 0; j < buffers[i].memory.size; j++) {
            if (bytes[j] != i % 251)
                fail_msg("buffer %u was overwritten at %zu", i, j);
        }
    }
    for (uint32_t i = 0; i < COUNT; i++)
        tdi_buffer_destroy(device, &buffers[(i * 7) % COUNT]);
}

static void the_limit_is_kept(td_device *device)
{
    enum { MOST = 300 };
    tdi_buffer buffers[MOST];
    uint32_t count = 0;
    tdi_buffer_params params = {.name = "a test",
                                .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
                                .size = 200 << 10,
                                .kind = TDI_MEMORY_DEVICE};
    td_result result = TD_OK;
    while (count < MOST && result == TD_OK) {
        result = tdi_buffer_create(device, &params, &buffers[count]);
        count += result == TD_OK;
        assert_true(sums(device).held_bytes <= SMALL);
    }
    assert_int_equal(result, TD_ERROR_BUDGET);
    assert_non_null(strstr(td_last_error(), "a test needs 0.2 MiB"));
    assert_non_null(strstr(td_last_error(), "the limit is 40.5 MiB"));
    /* Five in each of 40 blocks, and two in what is left, which is no whole block. */
    assert_int_equal(count, 202);
    for (uint32_t i = 0; i < count; i++)
        tdi_buffer_destroy(device, &buffers[i]);
    assert_int_equal(sums(device).used_bytes, 0);
}

static void empty_blocks_go_before_a_refusal(td_device *device)
{
    tdi_buffer small, large;
    uint64_t block = tdi_memory_block_bytes(device);
    gpu_make_buffer(device, 1000, TDI_MEMORY_DEVICE, &small);
    tdi_buffer_destroy(device, &small);
    assert_int_equal(sums(device).held_bytes, block);
    gpu_make_buffer(device, SMALL - block + 4096, TDI_MEMORY_DEVICE, &large);
    assert_int_equal(sums(device).held_bytes, large.memory.size);
    tdi_buffer_destroy(device, &large);
}

static void small_budgets_have_small_blocks(td_device *device)
{
    tdi_buffer buffers[3];
    assert_int_equal(tdi_memory_block_bytes(device), 1 * MIB);
    for (int i = 0; i < 3; i++)
        gpu_make_buffer(device, 100000, (tdi_memory_kind)i, &buffers[i]);
    assert_true(sums(device).held_bytes <= 3 * MIB);
    for (int i = 0; i < 3; i++)
        tdi_buffer_destroy(device, &buffers[i]);
}

static void mode_warn_goes_over(td_device *device)
{
    tdi_buffer buffer;
    td_set_log(NULL, NULL, TD_LOG_ERROR);
    gpu_make_buffer(device, 50 * MIB, TDI_MEMORY_DEVICE, &buffer);
    td_set_log(NULL, NULL, td_default_log_level());
    assert_int_equal(sums(device).exceeded, 1);
    tdi_buffer_destroy(device, &buffer);
}

static void kinds_have_the_properties_they_promise(td_device *device)
{
    tdi_buffer buffer;
    for (int kind = TDI_MEMORY_DEVICE; kind <= TDI_MEMORY_DYNAMIC; kind++) {
        gpu_make_buffer(device, 4096, (tdi_memory_kind)kind, &buffer);
        assert_true(kind == TDI_MEMORY_DEVICE || buffer.memory.mapped);
        if (kind == TDI_MEMORY_UPLOAD || kind == TDI_MEMORY_DYNAMIC)
            assert_true(buffer.memory.coherent);
        assert_int_not_equal(buffer.address, 0);
        gpu_ok(tdi_memory_flush(device, &buffer.memory, 0, 4096));
        gpu_ok(tdi_memory_invalidate(device, &buffer.memory, 100, 200));
        tdi_buffer_destroy(device, &buffer);
    }
}

typedef struct worker {
    td_device *device;
    tdi_thread thread;
    uint32_t seed;
    uint32_t refused;
} worker;

static void make_and_destroy(void *user)
{
    worker *self = user;
    tdi_buffer buffers[16] = {0}; /* more than the limit even for one thread alone */
    for (uint32_t i = 0; i < 200; i++) {
        tdi_buffer *buffer = &buffers[i % 16];
        tdi_buffer_destroy(self->device, buffer);
        self->seed = self->seed * 1664525u + 1013904223u;
        tdi_buffer_params params = {.name = "a thread's",
                                    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
                                    .size = 1 + self->seed % (7 * MIB),
                                    .kind = TDI_MEMORY_DEVICE};
        if (tdi_buffer_create(self->device, &params, buffer) != TD_OK)
            self->refused++;
    }
    for (uint32_t i = 0; i < 16; i++)
        tdi_buffer_destroy(self->device, &buffers[i]);
}

static void threads_stay_inside_the_limit(td_device *device)
{
    worker workers[4] = {0};
    uint32_t refused = 0;
    for (uint32_t i = 0; i < 4; i++) {
        workers[i] = (worker){.device = device, .seed = i};
        gpu_ok(tdi_thread_start(&workers[i].thread, "test", make_and_destroy, &workers[i]));
    }
    for (uint32_t i = 0; i < 4; i++) {
        tdi_thread_join(&workers[i].thread);
        refused += workers[i].refused;
    }
    assert_true(sums(device).peak_bytes <= SMALL);
    assert_true(refused > 0); /* else the limit was never touched */
}

static void images_and_buffers_lie_apart(td_device *device)
{
    tdi_buffer buffer;
    tdi_vk_image image;
    const tdi_vk_image_params params = {
        .name = "test",
        .format = VK_FORMAT_R8G8B8A8_SRGB,
        .width = 64,
        .height = 32,
        .levels = 7,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
    VkMemoryRequirements needed;
    gpu_make_buffer(device, 1000, TDI_MEMORY_DEVICE, &buffer);
    gpu_ok(tdi_vk_image_create(device, &params, &image));
    gpu_ok(tdi_vk_image_requirements(device, &params, &needed));
    assert_ptr_not_equal(image.memory.memory, buffer.memory.memory);
    assert_int_equal(image.memory.size, needed.size);
    assert_int_equal(sums(device).by_category[TD_BUDGET_TEXTURES], needed.size);
    tdi_vk_image_destroy(device, &image);
    tdi_buffer_destroy(device, &buffer);
}

static void impossible_sizes_are_refused_with_a_sentence(td_device *device)
{
    tdi_vk_image image;
    tdi_buffer buffer;
    tdi_vk_image_params image_params = {.name = "picture",
                                        .format = VK_FORMAT_R8G8B8A8_UNORM,
                                        .width = 1000000,
                                        .height = 1,
                                        .levels = 1,
                                        .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
    tdi_buffer_params buffer_params = {.name = "list", .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
    assert_int_equal(tdi_vk_image_create(device, &image_params, &image), TD_ERROR_UNSUPPORTED);
    assert_non_null(strstr(td_last_error(), "the image picture is 1000000 x 1"));
    image_params.width = 0;
    assert_int_equal(tdi_vk_image_create(device, &image_params, &image), TD_ERROR_ARGUMENT);
    assert_int_equal(tdi_buffer_create(device, &buffer_params, &buffer), TD_ERROR_ARGUMENT);
    buffer_params.size = UINT64_MAX;
    assert_int_equal(tdi_buffer_create(device, &buffer_params, &buffer), TD_ERROR_UNSUPPORTED);
}

int main(void)
{
    const td_device_params small = {.budget_bytes = SMALL};
    const td_device_params warn = {.budget_bytes = SMALL, .budget_mode = TD_BUDGET_WARN};
    const struct CMUnitTest tests[] = {
        gpu_test(small_things_share_a_block),
        gpu_test(large_things_have_an_allocation_of_their_own),
        gpu_test(things_do_not_overlap),
        gpu_test_with(the_limit_is_kept, {.run = the_limit_is_kept, .params = small}),
        gpu_test_with(empty_blocks_go_before_a_refusal,
                      {.run = empty_blocks_go_before_a_refusal, .params = small}),
        gpu_test_with(small_budgets_have_small_blocks,
                      {.run = small_budgets_have_small_blocks, .params = small}),
        gpu_test_with(mode_warn_goes_over, {.run = mode_warn_goes_over, .params = warn}),
        gpu_test(kinds_have_the_properties_they_promise),
        gpu_test_with(threads_stay_inside_the_limit,
                      {.run = threads_stay_inside_the_limit, .params = small}),
        gpu_test(images_and_buffers_lie_apart),
        gpu_test(impossible_sizes_are_refused_with_a_sentence),
    };
    return gpu_run_tests(tests);
}
