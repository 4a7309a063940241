#include "gpu/feature.h"

#include <string.h>

#define CORE "VkPhysicalDeviceFeatures"
#define V12  "VkPhysicalDeviceVulkan12Features"
#define V13  "VkPhysicalDeviceVulkan13Features"

/* X(need, member of the chain, its structure, feature, why) */
#define REQUIRED_FEATURES(X)                                                                       \
    X(RENDERER, core.features, CORE, shaderInt64, "64-bit integers in shaders")                    \
    X(RENDERER, v12, V12, shaderBufferInt64Atomics, "64-bit atomics on buffers")                   \
    X(LANES, v12, V12, timelineSemaphore, "timeline semaphores")                                   \
    X(RENDERER, v12, V12, bufferDeviceAddress, "buffer device addresses")                          \
    X(RENDERER, v12, V12, scalarBlockLayout, "scalar block layout")                                \
    X(RENDERER, v12, V12, runtimeDescriptorArray, "descriptor arrays without a fixed size")        \
    X(RENDERER, v12, V12, shaderSampledImageArrayNonUniformIndexing,                               \
      "non-uniform indexing of textures")                                                          \
    X(RENDERER, v12, V12, descriptorBindingPartiallyBound, "partially bound descriptors")          \
    X(RENDERER, v12, V12, descriptorBindingSampledImageUpdateAfterBind,                            \
      "descriptor updates after binding")                                                          \
    X(RENDERER, v12, V12, descriptorBindingUpdateUnusedWhilePending,                               \
      "descriptor updates while others are used")                                                  \
    X(RENDERER, v12, V12, hostQueryReset, "query resets by the host")                              \
    X(LANES, v13, V13, synchronization2, "synchronisation 2")                                      \
    X(RENDERER, v13, V13, maintenance4, "maintenance 4")                                           \
    X(RENDERER, v13, V13, subgroupSizeControl, "subgroup size control")                            \
    X(RENDERER, v13, V13, computeFullSubgroups, "full subgroups in compute")

void tdi_feature_chain_init(tdi_feature_chain *chain)
{
    *chain = (tdi_feature_chain){
        .core = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &chain->v12},
        .v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                .pNext = &chain->v13},
        .v13 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES},
    };
}

void tdi_feature_chain_require(tdi_feature_chain *chain, const tdi_device_features *optional)
{
#define REQUIRE(need, member, structure, feature, why) chain->member.feature = VK_TRUE;
    REQUIRED_FEATURES(REQUIRE)
#undef REQUIRE
    chain->v12.descriptorIndexing = VK_TRUE;
    chain->core.features.samplerAnisotropy = optional->sampler_anisotropy;
    chain->core.features.fragmentStoresAndAtomics = optional->fragment_stores;
    chain->core.features.multiDrawIndirect = optional->indirect_draws;
    chain->core.features.drawIndirectFirstInstance = optional->indirect_draws;
    chain->v12.drawIndirectCount = optional->indirect_draw_count;
    chain->v13.dynamicRendering = optional->dynamic_rendering;
}

void tdi_feature_chain_note(const tdi_feature_chain *chain, tdi_device_features *features)
{
    features->sampler_anisotropy = chain->core.features.samplerAnisotropy;
    features->buffer_addresses = chain->v12.bufferDeviceAddress;
    features->host_query_reset = chain->v12.hostQueryReset;
    features->fragment_stores = chain->core.features.fragmentStoresAndAtomics;
    features->indirect_draws =
        chain->core.features.multiDrawIndirect && chain->core.features.drawIndirectFirstInstance;
    features->indirect_draw_count = chain->v12.drawIndirectCount;
    features->dynamic_rendering = chain->v13.dynamicRendering;
}

uint32_t tdi_feature_chain_lacks(const tdi_feature_chain *chain,
                                 tdi_feature_lack lacks[TDI_MOST_LACKS])
{
    uint32_t count = 0;
#define LOOK(need, member, structure, feature, why)                                                \
    if (!chain->member.feature)                                                                    \
        lacks[count++] =                                                                           \
            (tdi_feature_lack){TDI_NEED_##need, #feature, structure "::" #feature, why};
    REQUIRED_FEATURES(LOOK)
#undef LOOK
    return count;
}

/* The structures of the extensions that became Vulkan 1.2 and 1.3, of which a program may still
 * have given vkCreateDevice the single ones. X(structure type, structure, member, feature) */
#define SINGLE_FEATURES(X)                                                                         \
    X(TIMELINE_SEMAPHORE, TimelineSemaphore, v12, timelineSemaphore)                               \
    X(SHADER_ATOMIC_INT64, ShaderAtomicInt64, v12, shaderBufferInt64Atomics)                       \
    X(BUFFER_DEVICE_ADDRESS, BufferDeviceAddress, v12, bufferDeviceAddress)                        \
    X(SCALAR_BLOCK_LAYOUT, ScalarBlockLayout, v12, scalarBlockLayout)                              \
    X(DESCRIPTOR_INDEXING, DescriptorIndexing, v12, runtimeDescriptorArray)                        \
    X(DESCRIPTOR_INDEXING, DescriptorIndexing, v12, shaderSampledImageArrayNonUniformIndexing)     \
    X(DESCRIPTOR_INDEXING, DescriptorIndexing, v12, descriptorBindingPartiallyBound)               \
    X(DESCRIPTOR_INDEXING, DescriptorIndexing, v12, descriptorBindingSampledImageUpdateAfterBind)  \
    X(DESCRIPTOR_INDEXING, DescriptorIndexing, v12, descriptorBindingUpdateUnusedWhilePending)     \
    X(HOST_QUERY_RESET, HostQueryReset, v12, hostQueryReset)                                       \
    X(DYNAMIC_RENDERING, DynamicRendering, v13, dynamicRendering)                                  \
    X(SYNCHRONIZATION_2, Synchronization2, v13, synchronization2)                                  \
    X(MAINTENANCE_4, Maintenance4, v13, maintenance4)                                              \
    X(SUBGROUP_SIZE_CONTROL, SubgroupSizeControl, v13, subgroupSizeControl)                        \
    X(SUBGROUP_SIZE_CONTROL, SubgroupSizeControl, v13, computeFullSubgroups)

static void read_structure(tdi_feature_chain *chain, const VkBaseInStructure *given)
{
    if (given->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES) {
        chain->v12 = *(const VkPhysicalDeviceVulkan12Features *)given;
        chain->v12.pNext = &chain->v13;
    } else if (given->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES) {
        chain->v13 = *(const VkPhysicalDeviceVulkan13Features *)given;
        chain->v13.pNext = NULL;
    }
#define READ(type, structure, member, feature)                                                     \
    if (given->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_##type##_FEATURES)                       \
        chain->member.feature = ((const VkPhysicalDevice##structure##Features *)given)->feature;
    SINGLE_FEATURES(READ)
#undef READ
}

void tdi_feature_chain_read(tdi_feature_chain *chain, const VkPhysicalDeviceFeatures2 *enabled)
{
    tdi_feature_chain_init(chain);
    chain->core.features = enabled->features;
    for (const VkBaseInStructure *next = enabled->pNext; next; next = next->pNext)
        read_structure(chain, next);
}
