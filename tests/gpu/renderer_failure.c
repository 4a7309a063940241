/* Making a renderer and submitting to it may fail at any allocation of host memory and any call of
 * the driver: a code, a sentence, nothing left behind, and the next attempt works. */
#include "scene_support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/support.h"
#include "gpu/memory.h"

enum { SIDE = 20, VIEWS = 3 };

/* Calls of the driver that fail on demand, without having been made. */
static atomic_uint calls_until_failure;
static atomic_bool call_failed;

static bool call_fails_now(void)
{
    if (atomic_load(&calls_until_failure) == 0 || atomic_fetch_sub(&calls_until_failure, 1) != 1)
        return false;
    atomic_store(&call_failed, true);
    return true;
}

#define FAILING_CALLS(X)                                                                           \
    X(vkAllocateMemory,                                                                            \
      (VkDevice d, const VkMemoryAllocateInfo *i, const VkAllocationCallbacks *a,                  \
       VkDeviceMemory *o),                                                                         \
      (d, i, a, o))                                                                                \
    X(vkMapMemory,                                                                                 \
      (VkDevice d, VkDeviceMemory m, VkDeviceSize f, VkDeviceSize s, VkMemoryMapFlags g,           \
       void **o),                                                                                  \
      (d, m, f, s, g, o))                                                                          \
    X(vkBindBufferMemory, (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize f),              \
      (d, b, m, f))                                                                                \
    X(vkBindImageMemory, (VkDevice d, VkImage b, VkDeviceMemory m, VkDeviceSize f), (d, b, m, f))  \
    X(vkCreateBuffer,                                                                              \
      (VkDevice d, const VkBufferCreateInfo *i, const VkAllocationCallbacks *a, VkBuffer *o),      \
      (d, i, a, o))                                                                                \
    X(vkCreateImage,                                                                               \
      (VkDevice d, const VkImageCreateInfo *i, const VkAllocationCallbacks *a, VkImage *o),        \
      (d, i, a, o))                                                                                \
    X(vkCreateImageView,                                                                           \
      (VkDevice d, const VkImageViewCreateInfo *i, const VkAllocationCallbacks *a,                 \
       VkImageView *o),                                                                            \
      (d, i, a, o))                                                                                \
    X(vkCreateSampler,                                                                             \
      (VkDevice d, const VkSamplerCreateInfo *i, const VkAllocationCallbacks *a, VkSampler *o),    \
      (d, i, a, o))                                                                                \
    X(vkCreateShaderModule,                                                                        \
      (VkDevice d, const VkShaderModuleCreateInfo *i, const VkAllocationCallbacks *a,              \
       VkShaderModule *o),                                                                         \
      (d, i, a, o))                                                                                \
    X(vkCreatePipelineLayout,                                                                      \
      (VkDevice d, const VkPipelineLayoutCreateInfo *i, const VkAllocationCallbacks *a,            \
       VkPipelineLayout *o),                                                                       \
      (d, i, a, o))                                                                                \
    X(vkCreateComputePipelines,                                                                    \
      (VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i,            \
       const VkAllocationCallbacks *a, VkPipeline *o),                                             \
      (d, c, n, i, a, o))                                                                          \
    X(vkCreateGraphicsPipelines,                                                                   \
      (VkDevice d, VkPipelineCache c, uint32_t n, const VkGraphicsPipelineCreateInfo *i,           \
       const VkAllocationCallbacks *a, VkPipeline *o),                                             \
      (d, c, n, i, a, o))                                                                          \
    X(vkCreateDescriptorSetLayout,                                                                 \
      (VkDevice d, const VkDescriptorSetLayoutCreateInfo *i, const VkAllocationCallbacks *a,       \
       VkDescriptorSetLayout *o),                                                                  \
      (d, i, a, o))                                                                                \
    X(vkCreateDescriptorPool,                                                                      \
      (VkDevice d, const VkDescriptorPoolCreateInfo *i, const VkAllocationCallbacks *a,            \
       VkDescriptorPool *o),                                                                       \
      (d, i, a, o))                                                                                \
    X(vkAllocateDescriptorSets,                                                                    \
      (VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *o), (d, i, o))           \
    X(vkCreateSemaphore,                                                                           \
      (VkDevice d, const VkSemaphoreCreateInfo *i, const VkAllocationCallbacks *a,                 \
       VkSemaphore *o),                                                                            \
      (d, i, a, o))                                                                                \
    X(vkCreateCommandPool,                                                                         \
      (VkDevice d, const VkCommandPoolCreateInfo *i, const VkAllocationCallbacks *a,               \
       VkCommandPool *o),                                                                          \
      (d, i, a, o))                                                                                \
    X(vkAllocateCommandBuffers,                                                                    \
      (VkDevice d, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *o), (d, i, o))           \
    X(vkResetCommandPool, (VkDevice d, VkCommandPool p, VkCommandPoolResetFlags f), (d, p, f))     \
    X(vkBeginCommandBuffer, (VkCommandBuffer c, const VkCommandBufferBeginInfo *i), (c, i))        \
    X(vkEndCommandBuffer, (VkCommandBuffer c), (c))                                                \
    X(vkQueueSubmit2, (VkQueue q, uint32_t n, const VkSubmitInfo2 *i, VkFence f), (q, n, i, f))

#define DEFINE_FAILING(name, parameters, arguments)                                                \
    static PFN_##name real_##name;                                                                 \
    static VKAPI_ATTR VkResult VKAPI_CALL failing_##name parameters                                \
    {                                                                                              \
        return call_fails_now() ? VK_ERROR_OUT_OF_HOST_MEMORY : real_##name arguments;             \
    }
FAILING_CALLS(DEFINE_FAILING)

#define INSTALL_FAILING(name, parameters, arguments)                                               \
    real_##name = device->vk.name;                                                                 \
    device->vk.name = failing_##name;

static void install_failing_calls(td_device *device)
{
    atomic_store(&calls_until_failure, 0);
    FAILING_CALLS(INSTALL_FAILING)
}

static void fail_call(uint32_t nth)
{
    atomic_store(&call_failed, false);
    atomic_store(&calls_until_failure, nth);
}

/* What is made to fail: the Nth allocation of host memory or the Nth call of the driver. */
typedef struct fault_kind {
    void (*arm)(uint32_t nth);
    bool (*happened)(void);
} fault_kind;

static bool call_has_failed(void)
{
    return atomic_load(&call_failed);
}

/* Making a renderer takes long, mostly in the driver's compiler; so only the long run lets every
 * single call fail. */
static uint32_t step_of_making(uint32_t step)
{
    return getenv("TANDEM_TEST_LONG") ? 1 : step;
}

static const fault_kind HOST_MEMORY = {support_fail_allocation, support_allocation_failed};
static const fault_kind DRIVER_CALL = {fail_call, call_has_failed};

static void assert_failure(td_result result)
{
    if (result != TD_ERROR_HOST_MEMORY)
        fail_msg("%s: %s", td_result_name(result), td_last_error());
    assert_true(strlen(td_last_error()) > 0);
}

static td_renderer_params small_params(td_scene *scene)
{
    td_renderer_params params = scene_renderer_params(scene, SIDE, SIDE);
    params.in_flight = 2;
    params.views_per_submission = VIEWS;
    params.tile_width = SIDE / 2;
    return params;
}

/* The hash of three views, which must always be the same. */
static uint64_t render_views(td_renderer *renderer)
{
    td_camera cameras[VIEWS];
    td_request *requests[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    scene_submit(renderer, cameras, VIEWS, requests);
    uint64_t hash = 0;
    for (uint32_t i = 0; i < VIEWS; i++) {
        scene_picture picture = scene_take(requests[i]);
        hash = 31 * hash + scene_hash(&picture);
        scene_picture_free(&picture);
    }
    return hash;
}

/* What the views look like, by a device to which nothing happens. */
static uint64_t render_undisturbed(td_scene *scene)
{
    const td_device_params device_params = {.validation = true};
    const td_renderer_params params = small_params(scene);
    td_device *device = NULL;
    gpu_ok(td_device_create(&device_params, &device));
    td_renderer *renderer = scene_renderer(device, &params);
    const uint64_t hash = render_views(renderer);
    td_renderer_destroy(renderer);
    td_device_destroy(device);
    return hash;
}

static void assert_renders(td_device *device, td_scene *scene, uint64_t expected)
{
    const td_renderer_params params = small_params(scene);
    td_renderer *renderer = scene_renderer(device, &params);
    assert_true(render_views(renderer) == expected);
    td_renderer_destroy(renderer);
}

static void assert_nothing_used(td_device *device)
{
    td_budget_info info;
    td_budget_get_info(td_device_budget(device), &info);
    assert_int_equal(info.used_bytes, 0);
}

static void fail_until_a_renderer_is_made(td_device *device, const fault_kind *fault, uint32_t step)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = small_params(scene);
    const uint64_t expected = render_undisturbed(scene);
    td_renderer *renderer = NULL;
    uint32_t failures = 0;
    bool failed = true;
    for (uint32_t nth = 1; failed; nth += step) {
        renderer = NULL;
        fault->arm(nth);
        const td_result result = td_renderer_create(device, &params, &renderer);
        failed = fault->happened();
        fault->arm(0);
        failures += failed;
        if (result == TD_OK) {
            td_renderer_destroy(renderer);
            continue;
        }
        assert_true(failed);
        assert_null(renderer);
        assert_failure(result);
        assert_nothing_used(device);
    }
    assert_true(failures > 5);
    assert_renders(device, scene, expected);
    td_scene_destroy(scene);
}

static void fail_until_views_are_submitted(td_device *device, const fault_kind *fault)
{
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = small_params(scene);
    td_renderer *renderer = scene_renderer(device, &params);
    const uint64_t expected = render_views(renderer);
    td_camera cameras[VIEWS];
    for (uint32_t i = 0; i < VIEWS; i++)
        cameras[i] = scene_rich_camera(i);
    uint32_t failures = 0;
    for (bool failed = true; failed;) {
        td_request *requests[VIEWS] = {NULL};
        fault->arm(failures + 1);
        const td_result result =
            td_renderer_submit(renderer, cameras, VIEWS, 0, SCENE_LIMIT_NS, requests);
        failed = fault->happened();
        fault->arm(0);
        failures += failed;
        for (uint32_t i = 0; i < VIEWS; i++) {
            assert_int_equal(requests[i] != NULL, result == TD_OK);
            td_request_release(requests[i]);
        }
        if (result != TD_OK) {
            assert_true(failed);
            assert_failure(result);
        }
        assert_true(render_views(renderer) == expected);
    }
    assert_true(failures >= VIEWS);
    td_renderer_destroy(renderer);
    td_scene_destroy(scene);
}

static void making_survives_want_of_memory(td_device *device)
{
    fail_until_a_renderer_is_made(device, &HOST_MEMORY, step_of_making(5));
}

static void submitting_survives_want_of_memory(td_device *device)
{
    fail_until_views_are_submitted(device, &HOST_MEMORY);
}

static void making_survives_the_driver(td_device *device)
{
    install_failing_calls(device);
    fail_until_a_renderer_is_made(device, &DRIVER_CALL, step_of_making(13));
}

static void submitting_survives_the_driver(td_device *device)
{
    install_failing_calls(device);
    fail_until_views_are_submitted(device, &DRIVER_CALL);
}

/* The threads of the lanes and of the pool that makes pipelines. */
static void making_survives_want_of_threads(td_device *device)
{
    td_scene *scene = scene_rich(2);
    const td_renderer_params params = small_params(scene);
    const uint64_t expected = render_undisturbed(scene);
    uint32_t failures = 0;
    for (uint32_t nth = 1; nth <= 8; nth++) {
        td_renderer *renderer = NULL;
        support_fail_thread(nth);
        const td_result result = td_renderer_create(device, &params, &renderer);
        support_fail_thread(0);
        if (result != TD_OK) {
            assert_int_equal(result, TD_ERROR_SYSTEM);
            assert_true(strlen(td_last_error()) > 0);
            assert_nothing_used(device);
            failures++;
        }
        td_renderer_destroy(renderer);
    }
    support_restore_threads();
    assert_true(failures >= 2);
    assert_renders(device, scene, expected);
    td_scene_destroy(scene);
}

static int use_allocator(void **state)
{
    (void)state;
    support_use_allocator();
    return 0;
}

static int restore_allocator(void **state)
{
    (void)state;
    support_restore_allocator();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(making_survives_want_of_memory),  gpu_test(submitting_survives_want_of_memory),
        gpu_test(making_survives_want_of_threads), gpu_test(making_survives_the_driver),
        gpu_test(submitting_survives_the_driver),
    };
    return cmocka_run_group_tests(tests, use_allocator, restore_allocator);
}
