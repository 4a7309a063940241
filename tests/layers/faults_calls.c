/* The calls of a device that are made or fail, and nothing else. What they were to give is left as
 * it was. */
#include "faults_state.h"

#define PLAIN_CALLS(X)                                                                             \
    X(MAP_MEMORY, vkMapMemory,                                                                     \
      (VkDevice handle, VkDeviceMemory m, VkDeviceSize o, VkDeviceSize s, VkMemoryMapFlags f,      \
       void **out),                                                                                \
      (handle, m, o, s, f, out))                                                                   \
    X(FLUSH_MEMORY, vkFlushMappedMemoryRanges,                                                     \
      (VkDevice handle, uint32_t n, const VkMappedMemoryRange *r), (handle, n, r))                 \
    X(INVALIDATE_MEMORY, vkInvalidateMappedMemoryRanges,                                           \
      (VkDevice handle, uint32_t n, const VkMappedMemoryRange *r), (handle, n, r))                 \
    X(HOST_POINTER, vkGetMemoryHostPointerPropertiesEXT,                                           \
      (VkDevice handle, VkExternalMemoryHandleTypeFlagBits t, const void *p,                       \
       VkMemoryHostPointerPropertiesEXT *out),                                                     \
      (handle, t, p, out))                                                                         \
    X(BIND_BUFFER, vkBindBufferMemory,                                                             \
      (VkDevice handle, VkBuffer b, VkDeviceMemory m, VkDeviceSize o), (handle, b, m, o))          \
    X(BIND_IMAGE, vkBindImageMemory,                                                               \
      (VkDevice handle, VkImage b, VkDeviceMemory m, VkDeviceSize o), (handle, b, m, o))           \
    X(PIPELINE_CACHE_DATA, vkGetPipelineCacheData,                                                 \
      (VkDevice handle, VkPipelineCache c, size_t * size, void *data), (handle, c, size, data))    \
    X(CREATE_COMPUTE_PIPELINES, vkCreateComputePipelines,                                          \
      (VkDevice handle, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i,       \
       const VkAllocationCallbacks *a, VkPipeline *out),                                           \
      (handle, c, n, i, a, out))                                                                   \
    X(CREATE_GRAPHICS_PIPELINES, vkCreateGraphicsPipelines,                                        \
      (VkDevice handle, VkPipelineCache c, uint32_t n, const VkGraphicsPipelineCreateInfo *i,      \
       const VkAllocationCallbacks *a, VkPipeline *out),                                           \
      (handle, c, n, i, a, out))                                                                   \
    X(ALLOCATE_SETS, vkAllocateDescriptorSets,                                                     \
      (VkDevice handle, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *out),               \
      (handle, i, out))                                                                            \
    X(RESET_COMMAND_POOL, vkResetCommandPool,                                                      \
      (VkDevice handle, VkCommandPool p, VkCommandPoolResetFlags f), (handle, p, f))               \
    X(ALLOCATE_COMMANDS, vkAllocateCommandBuffers,                                                 \
      (VkDevice handle, const VkCommandBufferAllocateInfo *i, VkCommandBuffer *out),               \
      (handle, i, out))                                                                            \
    X(BEGIN_COMMANDS, vkBeginCommandBuffer,                                                        \
      (VkCommandBuffer handle, const VkCommandBufferBeginInfo *i), (handle, i))                    \
    X(END_COMMANDS, vkEndCommandBuffer, (VkCommandBuffer handle), (handle))                        \
    X(TIMESTAMPS, vkGetCalibratedTimestampsEXT,                                                    \
      (VkDevice handle, uint32_t n, const VkCalibratedTimestampInfoEXT *i, uint64_t *out,          \
       uint64_t *deviation),                                                                       \
      (handle, n, i, out, deviation))                                                              \
    X(SIGNAL_SEMAPHORE, vkSignalSemaphore, (VkDevice handle, const VkSemaphoreSignalInfo *i),      \
      (handle, i))

/* Those that make an object of their own kind from a description. */
#define MAKING_CALLS(X)                                                                            \
    X(CREATE_BUFFER, vkCreateBuffer, VkBufferCreateInfo, VkBuffer)                                 \
    X(CREATE_IMAGE, vkCreateImage, VkImageCreateInfo, VkImage)                                     \
    X(CREATE_IMAGE_VIEW, vkCreateImageView, VkImageViewCreateInfo, VkImageView)                    \
    X(CREATE_SAMPLER, vkCreateSampler, VkSamplerCreateInfo, VkSampler)                             \
    X(CREATE_SET_LAYOUT, vkCreateDescriptorSetLayout, VkDescriptorSetLayoutCreateInfo,             \
      VkDescriptorSetLayout)                                                                       \
    X(CREATE_DESCRIPTOR_POOL, vkCreateDescriptorPool, VkDescriptorPoolCreateInfo,                  \
      VkDescriptorPool)                                                                            \
    X(CREATE_SHADER, vkCreateShaderModule, VkShaderModuleCreateInfo, VkShaderModule)               \
    X(CREATE_PIPELINE_LAYOUT, vkCreatePipelineLayout, VkPipelineLayoutCreateInfo,                  \
      VkPipelineLayout)                                                                            \
    X(CREATE_PIPELINE_CACHE, vkCreatePipelineCache, VkPipelineCacheCreateInfo, VkPipelineCache)    \
    X(CREATE_COMMAND_POOL, vkCreateCommandPool, VkCommandPoolCreateInfo, VkCommandPool)            \
    X(CREATE_QUERY_POOL, vkCreateQueryPool, VkQueryPoolCreateInfo, VkQueryPool)                    \
    X(CREATE_SEMAPHORE, vkCreateSemaphore, VkSemaphoreCreateInfo, VkSemaphore)

#define DEFINE_PLAIN(name, function, parameters, arguments)                                        \
    static VKAPI_ATTR VkResult VKAPI_CALL plain_##function parameters                              \
    {                                                                                              \
        layer_device *device = layer_find_device(handle);                                          \
        const faults_verdict v = faults_judge(&faults_of(device)->count, FAULTS_INDEX_##name);     \
        return v.result == VK_SUCCESS ? LAYER_NEXT(device, function) arguments                     \
                                      : faults_fail(device, v.result);                             \
    }
PLAIN_CALLS(DEFINE_PLAIN)

#define DEFINE_MAKING(name, function, info_type, object_type)                                      \
    DEFINE_PLAIN(name, function,                                                                   \
                 (VkDevice handle, const info_type *info, const VkAllocationCallbacks *allocator,  \
                  object_type *out),                                                               \
                 (handle, info, allocator, out))
MAKING_CALLS(DEFINE_MAKING)

#define PLAIN_ENTRY(name, function, ...) LAYER_FUNCTION(function, plain_##function),
static const layer_function functions[] = {PLAIN_CALLS(PLAIN_ENTRY) MAKING_CALLS(PLAIN_ENTRY)};

const layer_table faults_calls_table = {functions, LAYER_COUNT(functions)};
