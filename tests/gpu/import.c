/* Devices made of another program's: what must be there, what is said where it is not, and that
 * they then do what tandem's own do. */
#include "guest_support.h"
#include "scene_support.h"

#include <stddef.h>
#include <string.h>

#include <tandem/batch.h>

static void assert_import_fails(const guest *program, td_result expected, const char *part)
{
    td_device *device = (td_device *)1;
    assert_int_equal(td_device_import(&program->params, &device), expected);
    assert_null(device);
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), part);
}

static void everything_is_taken_over(td_device *host)
{
    guest program;
    guest_open(host, &program);
    td_device *device = guest_import(&program);
    td_device_info info, expected;
    td_device_get_info(device, &info);
    td_device_get_info(host, &expected);
    assert_true(info.usable);
    assert_string_equal(info.missing, "");
    assert_string_equal(info.name, expected.name);
    assert_memory_equal(info.uuid, expected.uuid, sizeof info.uuid);
    td_device_vulkan vulkan;
    td_device_get_vulkan(device, &vulkan);
    assert_ptr_equal(vulkan.instance, program.params.instance);
    assert_ptr_equal(vulkan.physical_device, program.params.physical_device);
    assert_ptr_equal(vulkan.device, program.device);
    assert_int_equal(vulkan.family_count, host->family_count);
    for (int lane = 0; lane < TD_LANE_COUNT; lane++) {
        assert_ptr_equal(vulkan.queues[lane].handle, program.params.queues[lane].handle);
        assert_int_equal(info.lanes[lane].family, expected.lanes[lane].family);
        assert_int_equal(info.lanes[lane].queue, expected.lanes[lane].queue);
        assert_int_equal(info.lanes[lane].passthrough, expected.lanes[lane].passthrough);
    }
    td_device_destroy(device);
    guest_close(&program);
}

static void the_renderer_gives_the_same_bytes(td_device *host)
{
    guest program;
    guest_open(host, &program);
    td_device *device = guest_import(&program);
    td_scene *scene = scene_rich(1);
    const td_renderer_params params = scene_renderer_params(scene, 96, 64);
    const td_camera camera = scene_rich_camera(1);
    scene_picture expected = scene_render(host, &params, &camera);
    scene_picture found = scene_render(device, &params, &camera);
    assert_true(scene_covered(&expected) > 100);
    scene_assert_same(&found, &expected, "the imported device");
    scene_picture_free(&found);
    scene_picture_free(&expected);
    td_scene_destroy(scene);
    td_device_destroy(device);
    guest_close(&program);
}

typedef struct needed {
    size_t offset; /* of the VkBool32 in a tdi_feature_chain */
    bool lanes;    /* needed for the import itself */
    const char *member;
} needed;

#define CORE(name)                                                                                 \
    {                                                                                              \
        offsetof(tdi_feature_chain, core.features.name), false, "VkPhysicalDeviceFeatures::" #name \
    }
#define V12(name, lanes)                                                                           \
    {                                                                                              \
        offsetof(tdi_feature_chain, v12.name), lanes, "VkPhysicalDeviceVulkan12Features::" #name   \
    }
#define V13(name, lanes)                                                                           \
    {                                                                                              \
        offsetof(tdi_feature_chain, v13.name), lanes, "VkPhysicalDeviceVulkan13Features::" #name   \
    }
static const needed features[] = {
    V12(timelineSemaphore, true),
    V13(synchronization2, true),
    CORE(shaderInt64),
    V12(shaderBufferInt64Atomics, false),
    V12(bufferDeviceAddress, false),
    V12(scalarBlockLayout, false),
    V12(runtimeDescriptorArray, false),
    V12(shaderSampledImageArrayNonUniformIndexing, false),
    V12(descriptorBindingPartiallyBound, false),
    V12(descriptorBindingSampledImageUpdateAfterBind, false),
    V12(descriptorBindingUpdateUnusedWhilePending, false),
    V12(hostQueryReset, false),
    V13(maintenance4, false),
    V13(subgroupSizeControl, false),
    V13(computeFullSubgroups, false),
};
#define FEATURES (sizeof features / sizeof features[0])

static void assert_no_renderer(td_device *device, td_scene *scene, const char *part)
{
    td_renderer *renderer = (td_renderer *)1;
    const td_renderer_params params = scene_renderer_params(scene, 8, 8);
    assert_int_equal(td_renderer_create(device, &params, &renderer), TD_ERROR_UNSUPPORTED);
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), part);
}

/* What is said is what was left out, be it in truth enabled or not. */
static void each_missing_feature_is_named(td_device *host)
{
    guest program;
    guest_open(host, &program);
    td_scene *scene = scene_make();
    for (size_t i = 0; i < FEATURES; i++) {
        VkBool32 *feature = (VkBool32 *)((char *)&program.enabled + features[i].offset);
        assert_int_equal(*feature, VK_TRUE);
        *feature = VK_FALSE;
        if (features[i].lanes) {
            assert_import_fails(&program, TD_ERROR_UNSUPPORTED, features[i].member);
        } else {
            td_device *device = guest_import(&program);
            td_device_info info;
            td_device_get_info(device, &info);
            assert_false(info.usable);
            assert_non_null(strstr(info.missing, features[i].member));
            assert_no_renderer(device, scene, features[i].member);
            td_device_destroy(device);
        }
        *feature = VK_TRUE;
    }
    td_scene_destroy(scene);
    guest_close(&program);
}

static void all_that_is_missing_is_named_at_once(td_device *host)
{
    guest program;
    guest_open(host, &program);
    program.enabled.v12.timelineSemaphore = VK_FALSE;
    program.enabled.v13.synchronization2 = VK_FALSE;
    program.params.api_version = VK_API_VERSION_1_1;
    assert_import_fails(&program, TD_ERROR_UNSUPPORTED, "VkApplicationInfo::apiVersion says 1.1");
    assert_non_null(strstr(td_last_error(), "timelineSemaphore was not enabled"));
    assert_non_null(strstr(td_last_error(), "synchronization2 was not enabled"));
    assert_null(strstr(td_last_error(), "shaderInt64"));
    guest_close(&program);
}

static void a_bare_device_cannot_render_and_says_why(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    td_scene *scene = scene_make();
    for (size_t i = 0; i < FEATURES; i++) {
        if (!features[i].lanes)
            assert_no_renderer(device, scene, features[i].member);
    }
    const td_camera camera = scene_ortho(5.0f, 2.0f, 0.1f, 20.0f);
    const td_batch_params params = {
        .device = device,
        .scene = scene,
        .cameras = &camera,
        .view_count = 1,
        .width = 8,
        .height = 8,
    };
    td_batch *batch = NULL;
    assert_int_equal(td_batch_create(&params, &batch), TD_ERROR_UNSUPPORTED);
    assert_non_null(strstr(td_last_error(), "shaderInt64 was not enabled"));
    assert_null(batch);
    td_scene_destroy(scene);
    td_device_destroy(device);
    guest_close(&program);
}

/* The structures of single extensions count as well as those of Vulkan 1.2 and 1.3. */
static void single_feature_structures_are_read(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    VkPhysicalDeviceSynchronization2Features second = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
        .synchronization2 = VK_TRUE,
    };
    VkPhysicalDeviceTimelineSemaphoreFeatures first = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
        .pNext = &second,
        .timelineSemaphore = VK_TRUE,
    };
    const VkPhysicalDeviceFeatures2 enabled = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &first,
    };
    program.params.features = &enabled;
    td_device_destroy(guest_import(&program));
    first.timelineSemaphore = VK_FALSE;
    assert_import_fails(&program, TD_ERROR_UNSUPPORTED, "timelineSemaphore");
    guest_close(&program);
}

/* A loader that says less of the physical device than there is. */
static PFN_vkGetPhysicalDeviceProperties2 true_properties;
static PFN_vkGetInstanceProcAddr true_loader;

static VKAPI_ATTR void VKAPI_CALL old_properties(VkPhysicalDevice physical,
                                                 VkPhysicalDeviceProperties2 *properties)
{
    true_properties(physical, properties);
    properties->properties.apiVersion = VK_API_VERSION_1_2;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL old_loader(VkInstance instance, const char *name)
{
    if (strcmp(name, "vkGetPhysicalDeviceProperties2") == 0)
        return (PFN_vkVoidFunction)old_properties;
    return true_loader(instance, name);
}

static void an_old_physical_device_is_refused(td_device *host)
{
    guest program;
    guest_open(host, &program);
    true_properties = host->instance.vkGetPhysicalDeviceProperties2;
    true_loader = host->instance.get_proc_addr;
    program.params.get_instance_proc_addr = old_loader;
    assert_import_fails(&program, TD_ERROR_UNSUPPORTED, "has Vulkan 1.2 and not 1.3");
    guest_close(&program);
}

static void the_loader_is_found_without_being_told(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    program.params.get_instance_proc_addr = NULL;
    td_device_destroy(guest_import(&program));
    guest_close(&program);
}

static void missing_handles_are_named(td_device *host)
{
    guest program;
    guest_open(host, &program);
    const td_device_import_params good = program.params;
#define WITHOUT(member, part)                                                                      \
    do {                                                                                           \
        program.params.member = NULL;                                                              \
        assert_import_fails(&program, TD_ERROR_ARGUMENT, part);                                    \
        program.params = good;                                                                     \
    } while (0)
    WITHOUT(instance, "`instance`");
    WITHOUT(physical_device, "`physical_device`");
    WITHOUT(device, "`device`");
    WITHOUT(features, "`features`");
    WITHOUT(queues[TD_LANE_GRAPHICS].handle, "the graphics lane has no queue");
#undef WITHOUT
    program.params.device_extension_count = 1;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "`device_extensions`");
    program.params = good;
    program.params.instance_extension_count = 1;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "`instance_extensions`");
    program.params = good;
    program.params.async = (td_async_mode)9;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "no mode of lanes 9");
    program.params = good;
    program.params.budget_mode = (td_budget_mode)77;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "no budget mode 77");
    program.params = good;
    program.enabled.core.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "no VkPhysicalDeviceFeatures2");
    td_device *device;
    assert_int_equal(td_device_import(NULL, &device), TD_ERROR_ARGUMENT);
    assert_int_equal(td_device_import(&good, NULL), TD_ERROR_ARGUMENT);
    guest_close(&program);
}

static void wrong_queues_are_refused(td_device *host)
{
    guest program;
    guest_open(host, &program);
    const td_device_import_params good = program.params;
    td_import_queue *compute = &program.params.queues[TD_LANE_COMPUTE];
    const td_import_queue *graphics = &program.params.queues[TD_LANE_GRAPHICS];
    compute->family = 31;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "the compute lane's queue is of family 31");
    program.params = good;
    compute->index = 1000;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "has index 1000");
    program.params = good;
    *compute = *graphics;
    compute->handle = (VkQueue)&program;
    assert_import_fails(&program, TD_ERROR_ARGUMENT, "family and index are the same");
    program.params = good;
    /* Of the three that the layer shows, the last can only copy. */
    if (host->queue_count == TD_LANE_COUNT) {
        program.params.queues[TD_LANE_COMPUTE] = good.queues[TD_LANE_TRANSFER];
        assert_import_fails(&program, TD_ERROR_ARGUMENT, "which cannot compute");
        program.params = good;
        compute->family = graphics->family;
        compute->index = graphics->index;
        assert_import_fails(&program, TD_ERROR_ARGUMENT, "family and index are the same");
    }
    guest_close(&program);
}

static void lanes_without_a_queue_share(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    const td_import_queue none = {0};
    td_device_info info;
    program.params.queues[TD_LANE_COMPUTE] = program.params.queues[TD_LANE_GRAPHICS];
    program.params.queues[TD_LANE_TRANSFER] = none;
    td_device *device = guest_import(&program);
    td_device_get_info(device, &info);
    assert_true(info.lanes[TD_LANE_COMPUTE].passthrough);
    assert_true(info.lanes[TD_LANE_TRANSFER].passthrough);
    assert_int_equal(device->queue_count, 1);
    td_device_destroy(device);
    program.params.async = TD_ASYNC_ON;
    assert_import_fails(&program, TD_ERROR_UNSUPPORTED, "one queue only was handed over");
    guest_close(&program);
}

static void lanes_can_be_turned_off(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    program.params.async = TD_ASYNC_OFF;
    td_device *device = guest_import(&program);
    assert_int_equal(device->queue_count, 1);
    td_device_destroy(device);
    guest_close(&program);
}

static void fill(td_device *device, VkCommandBuffer commands, void *user)
{
    const tdi_buffer *buffer = user;
    device->vk.vkCmdFillBuffer(commands, buffer->handle, 0, VK_WHOLE_SIZE, 0x5EAF00D5);
    gpu_full_barrier(device, commands);
}

/* Memory, commands and lanes on Vulkan 1.3 with the two features and nothing else. */
static void a_bare_device_does_work(td_device *host)
{
    guest program;
    guest_open_bare(host, &program);
    td_device *device = guest_import(&program);
    const tdi_buffer_params params = {
        .name = "test",
        .size = 4096,
        .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .kind = TDI_MEMORY_READBACK,
        .category = TD_BUDGET_READBACK,
    };
    tdi_buffer buffer;
    gpu_ok(tdi_buffer_create(device, &params, &buffer));
    gpu_submit(device, fill, &buffer);
    gpu_ok(tdi_memory_invalidate(device, &buffer.memory, 0, buffer.size));
    for (size_t i = 0; i < buffer.size / 4; i++)
        assert_int_equal(((const uint32_t *)buffer.memory.mapped)[i], 0x5EAF00D5);
    td_budget_info budget;
    td_budget_get_info(td_device_budget(device), &budget);
    assert_true(budget.used_bytes >= buffer.size);
    tdi_buffer_destroy(device, &buffer);
    td_device_destroy(device);
    guest_close(&program);
}

static VKAPI_ATTR VkResult VKAPI_CALL forbidden(VkDevice device)
{
    (void)device;
    fail_msg("tandem waited for the whole of an imported device");
    return VK_SUCCESS;
}

/* The program's own work is still waiting when tandem's device goes: only tandem's is waited for,
 * and what the program made works as before. */
static void destruction_leaves_the_program_alone(td_device *host)
{
    guest program;
    guest_open(host, &program);
    td_device *device = guest_import(&program);
    device->vk.vkDeviceWaitIdle = forbidden;
    const td_lane_submit_params empty = {.lane = TD_LANE_GRAPHICS};
    td_ticket ticket;
    gpu_ok(td_lane_submit(device, &empty, &ticket));
    VkSemaphore go = guest_semaphore(&program, true);
    const VkSemaphoreSubmitInfo wait = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = go,
        .value = 1,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    VkSemaphoreSubmitInfo signal = wait;
    signal.value = 2;
    guest_submit(&program, TD_LANE_GRAPHICS, &wait, &signal);
    td_device_destroy(device);
    assert_int_equal(guest_value(&program, go), 0);
    guest_signal(&program, go, 1);
    assert_int_equal(program.vk.vkDeviceWaitIdle(program.device), VK_SUCCESS);
    assert_int_equal(guest_value(&program, go), 2);
    device = guest_import(&program);
    gpu_ok(td_lane_submit(device, &empty, &ticket));
    gpu_ok(td_ticket_wait(device, ticket, SCENE_LIMIT_NS));
    td_device_destroy(device);
    program.vk.vkDestroySemaphore(program.device, go, NULL);
    guest_close(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(everything_is_taken_over),
        gpu_test(the_renderer_gives_the_same_bytes),
        gpu_test(each_missing_feature_is_named),
        gpu_test(all_that_is_missing_is_named_at_once),
        gpu_test(a_bare_device_cannot_render_and_says_why),
        gpu_test(single_feature_structures_are_read),
        gpu_test(an_old_physical_device_is_refused),
        gpu_test(the_loader_is_found_without_being_told),
        gpu_test(missing_handles_are_named),
        gpu_test(wrong_queues_are_refused),
        gpu_test(lanes_without_a_queue_share),
        gpu_test(lanes_can_be_turned_off),
        gpu_test(a_bare_device_does_work),
        gpu_test(destruction_leaves_the_program_alone),
    };
    return gpu_run_tests(tests);
}
