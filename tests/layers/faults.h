/* What a test calls in the layer VK_LAYER_TANDEM_faults, which makes the Nth of some calls of a
 * device fail, and shows less memory than there is. It lies above validation: that sees only what
 * truly happens.
 *
 *     faults f;
 *     assert_true(faults_find(vkGetDeviceProcAddr, device->handle, &f));
 *     f.arm(device->handle, &(faults_plan){.calls = FAULTS_SUBMIT2, .nth = 3,
 *                                          .result = VK_ERROR_DEVICE_LOST});
 *     ...
 *     if (!f.happened(device->handle)) there were fewer than three such calls
 *
 * After VK_ERROR_DEVICE_LOST the device is lost as a real one is: every call that Vulkan lets
 * report it does, waits of other threads end with it, and nothing is executed any more (what was
 * submitted before has ended when the first call reports the loss).
 *
 * What comes before a test has its device is asked for in the environment, which is read when an
 * instance is made:
 *
 *     TANDEM_FAULTS="3 host"         the third call fails, counted from vkCreateInstance on through
 *     TANDEM_FAULTS="3 device ever"  the life of the instance's first device, until a test arms
 *                                    another plan; "host", "device" or "lost"; with "ever" from
 *                                    then on
 *     TANDEM_FAULTS_HEAPS=33554432   no heap has more bytes
 *     TANDEM_FAULTS_DISCRETE=1       the device calls itself a discrete GPU, since what software
 *                                    says of its memory is of no use
 */
#ifndef TESTS_LAYERS_FAULTS_H
#define TESTS_LAYERS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <vulkan/vulkan_core.h>

/* The calls, and which of these errors Vulkan lets each return. */
#define FAULTS_HOST   1 /* VK_ERROR_OUT_OF_HOST_MEMORY */
#define FAULTS_DEVICE 2 /* VK_ERROR_OUT_OF_DEVICE_MEMORY */
#define FAULTS_LOST   4 /* VK_ERROR_DEVICE_LOST */
#define FAULTS_HD     (FAULTS_HOST | FAULTS_DEVICE)
#define FAULTS_HDL    (FAULTS_HD | FAULTS_LOST)

#define FAULTS_CALLS(X)                                                                            \
    X(CREATE_INSTANCE, vkCreateInstance, FAULTS_HD)                                                \
    X(CREATE_MESSENGER, vkCreateDebugUtilsMessengerEXT, FAULTS_HOST)                               \
    X(ENUMERATE_DEVICES, vkEnumeratePhysicalDevices, FAULTS_HD)                                    \
    X(ENUMERATE_EXTENSIONS, vkEnumerateDeviceExtensionProperties, FAULTS_HD)                       \
    X(FORMAT_PROPERTIES, vkGetPhysicalDeviceImageFormatProperties2, FAULTS_HD)                     \
    X(TIME_DOMAINS, vkGetPhysicalDeviceCalibrateableTimeDomainsEXT, FAULTS_HD)                     \
    X(CREATE_DEVICE, vkCreateDevice, FAULTS_HDL)                                                   \
    X(ALLOCATE_MEMORY, vkAllocateMemory, FAULTS_HD)                                                \
    X(MAP_MEMORY, vkMapMemory, FAULTS_HD)                                                          \
    X(FLUSH_MEMORY, vkFlushMappedMemoryRanges, FAULTS_HD)                                          \
    X(INVALIDATE_MEMORY, vkInvalidateMappedMemoryRanges, FAULTS_HD)                                \
    X(HOST_POINTER, vkGetMemoryHostPointerPropertiesEXT, FAULTS_HOST)                              \
    X(BIND_BUFFER, vkBindBufferMemory, FAULTS_HD)                                                  \
    X(BIND_IMAGE, vkBindImageMemory, FAULTS_HD)                                                    \
    X(CREATE_BUFFER, vkCreateBuffer, FAULTS_HD)                                                    \
    X(CREATE_IMAGE, vkCreateImage, FAULTS_HD)                                                      \
    X(CREATE_IMAGE_VIEW, vkCreateImageView, FAULTS_HD)                                             \
    X(CREATE_SAMPLER, vkCreateSampler, FAULTS_HD)                                                  \
    X(CREATE_SET_LAYOUT, vkCreateDescriptorSetLayout, FAULTS_HD)                                   \
    X(CREATE_DESCRIPTOR_POOL, vkCreateDescriptorPool, FAULTS_HD)                                   \
    X(ALLOCATE_SETS, vkAllocateDescriptorSets, FAULTS_HD)                                          \
    X(CREATE_SHADER, vkCreateShaderModule, FAULTS_HD)                                              \
    X(CREATE_PIPELINE_LAYOUT, vkCreatePipelineLayout, FAULTS_HD)                                   \
    X(CREATE_PIPELINE_CACHE, vkCreatePipelineCache, FAULTS_HOST)                                   \
    X(PIPELINE_CACHE_DATA, vkGetPipelineCacheData, FAULTS_HD)                                      \
    X(CREATE_COMPUTE_PIPELINES, vkCreateComputePipelines, FAULTS_HD)                               \
    X(CREATE_GRAPHICS_PIPELINES, vkCreateGraphicsPipelines, FAULTS_HD)                             \
    X(CREATE_COMMAND_POOL, vkCreateCommandPool, FAULTS_HD)                                         \
    X(RESET_COMMAND_POOL, vkResetCommandPool, FAULTS_DEVICE)                                       \
    X(ALLOCATE_COMMANDS, vkAllocateCommandBuffers, FAULTS_HD)                                      \
    X(BEGIN_COMMANDS, vkBeginCommandBuffer, FAULTS_HD)                                             \
    X(END_COMMANDS, vkEndCommandBuffer, FAULTS_HD)                                                 \
    X(CREATE_QUERY_POOL, vkCreateQueryPool, FAULTS_HD)                                             \
    X(QUERY_RESULTS, vkGetQueryPoolResults, FAULTS_HDL)                                            \
    X(TIMESTAMPS, vkGetCalibratedTimestampsEXT, FAULTS_HD)                                         \
    X(CREATE_SEMAPHORE, vkCreateSemaphore, FAULTS_HD)                                              \
    X(SIGNAL_SEMAPHORE, vkSignalSemaphore, FAULTS_HD)                                              \
    X(WAIT_SEMAPHORES, vkWaitSemaphores, FAULTS_HDL)                                               \
    X(COUNTER_VALUE, vkGetSemaphoreCounterValue, FAULTS_HDL)                                       \
    X(SUBMIT, vkQueueSubmit, FAULTS_HDL)                                                           \
    X(SUBMIT2, vkQueueSubmit2, FAULTS_HDL)                                                         \
    X(QUEUE_IDLE, vkQueueWaitIdle, FAULTS_HDL)                                                     \
    X(DEVICE_IDLE, vkDeviceWaitIdle, FAULTS_HDL)

typedef enum faults_call {
#define FAULTS_ENTRY(name, function, results) FAULTS_INDEX_##name,
    FAULTS_CALLS(FAULTS_ENTRY)
#undef FAULTS_ENTRY
        FAULTS_CALL_COUNT
} faults_call;

/* FAULTS_SUBMIT2 and so on: a bit for each call. */
#define FAULTS_ENTRY(name, function, results)                                                      \
    static const uint64_t FAULTS_##name = UINT64_C(1) << FAULTS_INDEX_##name;
FAULTS_CALLS(FAULTS_ENTRY)
#undef FAULTS_ENTRY

/* Every call that may return the plan's result. */
#define FAULTS_ANY UINT64_MAX
/* Those that only look what became of work. */
#define FAULTS_WAITS                                                                               \
    (FAULTS_WAIT_SEMAPHORES | FAULTS_COUNTER_VALUE | FAULTS_QUEUE_IDLE | FAULTS_DEVICE_IDLE)

#define FAULTS_EVER UINT32_MAX

typedef struct faults_plan {
    uint64_t calls;  /* a bit for each; those that cannot return `result` do not count */
    uint32_t nth;    /* the first that fails, from 1, of all together; 0: none, only count */
    uint32_t times;  /* how many fail from there on; 0 means 1 */
    VkResult result; /* one of the three; another error is returned by any call */
    bool after; /* the call is made, and then reports the error all the same: submissions and waits
                   alone, others fail as ever */
} faults_plan;

/* What there is of memory. Where a figure is 0, the driver's. */
typedef struct faults_memory {
    uint64_t heap_bytes;   /* no heap is larger, and none lends more */
    uint64_t budget_bytes; /* heapBudget of each heap; usage is then what was allocated of it */
    uint64_t usage_bytes;  /* more than that */
} faults_memory;

typedef struct faults {
    /* Starts to count from 0. A device that is lost stays so. */
    void (*arm)(VkDevice device, const faults_plan *plan);
    uint32_t (*counted)(VkDevice device);   /* calls of the plan since then */
    bool (*happened)(VkDevice device);      /* whether any was made to fail */
    const char *(*failed)(VkDevice device); /* the name of the first that was; NULL: none */
    bool (*lost)(VkDevice device);          /* from then on no wait succeeds any more */
    /* For all devices of the instance, from now on. */
    void (*set_memory)(VkDevice device, const faults_memory *memory);
} faults;

#define FAULTS_FUNCTIONS(X)                                                                        \
    X(arm, "vkTandemFaultsArm")                                                                    \
    X(counted, "vkTandemFaultsCounted")                                                            \
    X(happened, "vkTandemFaultsHappened")                                                          \
    X(failed, "vkTandemFaultsFailed")                                                              \
    X(lost, "vkTandemFaultsLost")                                                                  \
    X(set_memory, "vkTandemFaultsSetMemory")

/* False where the layer is not loaded. */
static inline bool faults_find(PFN_vkGetDeviceProcAddr get, VkDevice device, faults *out)
{
    bool found = true;
    PFN_vkVoidFunction function;
#define FAULTS_ENTRY(member, name)                                                                 \
    function = get(device, name);                                                                  \
    found = found && function;                                                                     \
    memcpy(&out->member, &function, sizeof function);
    FAULTS_FUNCTIONS(FAULTS_ENTRY)
#undef FAULTS_ENTRY
    return found;
}

#endif
