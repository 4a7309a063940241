/* What is estimated before anything is made is what is held afterwards. */
#include "gpu_test.h"

#include "gpu/estimate.h"
#include "gpu/image.h"

#define MIB    (UINT64_C(1) << 20)
#define THINGS 60

typedef struct things {
    tdi_buffer buffers[THINGS];
    tdi_vk_image images[THINGS];
} things;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static tdi_vk_image_params image_params(uint32_t random)
{
    uint32_t width = 1 + random % 1500;
    return (tdi_vk_image_params){
        .name = "image",
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .width = width,
        .height = 1 + random / 7 % 1000,
        .levels = 1,
        .usage = VK_IMAGE_USAGE_SAMPLED_BIT,
        .category = TD_BUDGET_TEXTURES,
    };
}

/* Sizes from some bytes to 6 MiB, on both sides of the limit of things that share a block. */
static uint64_t buffer_size(uint32_t random)
{
    return random % 3 == 0 ? 1 + random % (6 * MIB) : 1 + random % 300000;
}

static uint64_t estimate(td_device *device, uint32_t seed, uint64_t available)
{
    tdi_estimate sum;
    tdi_estimate_init(&sum, device, available);
    for (int i = 0; i < THINGS; i++) {
        VkMemoryRequirements requirements;
        const tdi_vk_image_params params = image_params(next_random(&seed));
        gpu_ok(tdi_vk_image_requirements(device, &params, &requirements));
        gpu_ok(tdi_estimate_add(&sum, &requirements, TDI_MEMORY_DEVICE, false));
        gpu_ok(tdi_estimate_add_buffer(&sum, buffer_size(next_random(&seed)), TDI_MEMORY_DEVICE));
    }
    uint64_t held = sum.held;
    tdi_estimate_free(&sum);
    return held;
}

static td_result make(td_device *device, uint32_t seed, things *t)
{
    for (int i = 0; i < THINGS; i++) {
        const tdi_vk_image_params image = image_params(next_random(&seed));
        const tdi_buffer_params buffer = {.name = "buffer",
                                          .size = buffer_size(next_random(&seed)),
                                          .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
        TDI_TRY(tdi_vk_image_create(device, &image, &t->images[i]));
        TDI_TRY(tdi_buffer_create(device, &buffer, &t->buffers[i]));
    }
    return TD_OK;
}

static void destroy(td_device *device, things *t)
{
    for (int i = 0; i < THINGS; i++) {
        tdi_buffer_destroy(device, &t->buffers[i]);
        tdi_vk_image_destroy(device, &t->images[i]);
    }
    tdi_memory_trim(device);
}

/* Buffers are rounded up by the device, by less than a page each. */
static void check_close(uint64_t held, uint64_t estimated)
{
    assert_true(held + THINGS * 4096 >= estimated);
    assert_true(held <= estimated + THINGS * 4096);
}

static void estimates_are_what_is_held(td_device *device)
{
    for (uint32_t seed = 1; seed <= 10; seed++) {
        things t = {0};
        td_budget_info info;
        uint64_t estimated = estimate(device, seed, TD_BUDGET_DEFAULT);
        gpu_ok(make(device, seed, &t));
        td_budget_get_info(td_device_budget(device), &info);
        check_close(info.held_bytes, estimated);
        destroy(device, &t);
    }
}

/* With a limit that leaves no room for a last whole block. */
static void estimates_hold_at_the_limit(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++) {
        td_device *device;
        gpu_check_device(td_device_create(NULL, &device));
        uint64_t roomy = estimate(device, seed, UINT64_MAX);
        uint64_t limit = roomy - 9 * MIB;
        td_device_destroy(device);

        things t = {0};
        td_budget_info info;
        const td_device_params params = {.budget_bytes = limit};
        gpu_ok(td_device_create(&params, &device));
        uint64_t tight = estimate(device, seed, limit);
        td_result result = make(device, seed, &t);
        td_budget_get_info(td_device_budget(device), &info);
        if (tight + THINGS * 4096 < limit) {
            gpu_ok(result);
            check_close(info.held_bytes, tight);
        } else if (tight > limit + THINGS * 4096) {
            assert_int_equal(result, TD_ERROR_BUDGET);
        }
        destroy(device, &t);
        td_device_destroy(device);
    }
}

static void nothing_costs_nothing(td_device *device)
{
    tdi_estimate sum;
    tdi_estimate_init(&sum, device, 0);
    gpu_ok(tdi_estimate_add_buffer(&sum, 0, TDI_MEMORY_DEVICE));
    assert_int_equal(sum.held, 0);
    gpu_ok(tdi_estimate_add_buffer(&sum, 5 * MIB, TDI_MEMORY_DEVICE));
    assert_int_equal(sum.held, 5 * MIB);
    gpu_ok(tdi_estimate_add_buffer(&sum, 1000, TDI_MEMORY_DEVICE));
    assert_int_equal(sum.held, 5 * MIB + 1000); /* no room for a block */
    tdi_estimate_free(&sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(estimates_are_what_is_held),
        cmocka_unit_test(estimates_hold_at_the_limit),
        gpu_test(nothing_costs_nothing),
    };
    return gpu_run_tests(tests);
}
