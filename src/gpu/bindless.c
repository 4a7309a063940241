#include "gpu/bindless.h"

#include <string.h>

#include "base/memory.h"

typedef struct sampler_entry {
    VkSamplerCreateInfo info;
    VkSampler handle;
} sampler_entry;

struct tdi_bindless {
    tdi_mutex mutex;
    VkDescriptorSetLayout layout;
    VkDescriptorPool pool;
    VkDescriptorSet set;
    uint32_t *free_slots; /* a stack; the lowest slots are on top at first */
    uint32_t free_count;
    uint32_t slot_count;
    sampler_entry *samplers;
    size_t sampler_count;
    size_t sampler_capacity;
};

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return value < limit ? value : limit;
}

/* Combined image samplers count against the limits of both. */
static uint32_t find_slot_count(const td_device *device)
{
    VkPhysicalDeviceDescriptorIndexingProperties limits = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_INDEXING_PROPERTIES};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &limits};
    device->instance.vkGetPhysicalDeviceProperties2(device->physical, &properties);
    uint32_t count = TDI_BINDLESS_SLOTS;
    count = at_most(count, limits.maxUpdateAfterBindDescriptorsInAllPools);
    count = at_most(count, limits.maxPerStageDescriptorUpdateAfterBindSamplers);
    count = at_most(count, limits.maxPerStageDescriptorUpdateAfterBindSampledImages);
    count = at_most(count, limits.maxDescriptorSetUpdateAfterBindSamplers);
    count = at_most(count, limits.maxDescriptorSetUpdateAfterBindSampledImages);
    /* The storage buffers of set 0 count here too. */
    uint32_t resources = limits.maxPerStageUpdateAfterBindResources;
    return at_most(count, resources > 64 ? resources - 64 : 1);
}

static td_result create_layout(td_device *device, struct tdi_bindless *bindless)
{
    VkDescriptorBindingFlags flags = VK_DESCRIPTOR_BINDING_UPDATE_AFTER_BIND_BIT |
                                     VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT |
                                     VK_DESCRIPTOR_BINDING_UPDATE_UNUSED_WHILE_PENDING_BIT;
    VkDescriptorSetLayoutBindingFlagsCreateInfo flags_info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO,
        .bindingCount = 1,
        .pBindingFlags = &flags,
    };
    VkDescriptorSetLayoutBinding binding = {
        .descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        .descriptorCount = bindless->slot_count,
        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT | VK_SHADER_STAGE_FRAGMENT_BIT,
    };
    VkDescriptorSetLayoutCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .pNext = &flags_info,
        .flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_UPDATE_AFTER_BIND_POOL_BIT,
        .bindingCount = 1,
        .pBindings = &binding,
    };
    return tdi_vk_check(
        device->vk.vkCreateDescriptorSetLayout(device->handle, &info, NULL, &bindless->layout),
        "vkCreateDescriptorSetLayout");
}

static td_result create_set(td_device *device, struct tdi_bindless *bindless)
{
    VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, bindless->slot_count};
    VkDescriptorPoolCreateInfo pool_info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .flags = VK_DESCRIPTOR_POOL_CREATE_UPDATE_AFTER_BIND_BIT,
        .maxSets = 1,
        .poolSizeCount = 1,
        .pPoolSizes = &size,
    };
    TDI_TRY_VK("vkCreateDescriptorPool", device->vk.vkCreateDescriptorPool(
                                             device->handle, &pool_info, NULL, &bindless->pool));
    VkDescriptorSetAllocateInfo set_info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = bindless->pool,
        .descriptorSetCount = 1,
        .pSetLayouts = &bindless->layout,
    };
    TDI_TRY_VK("vkAllocateDescriptorSets",
               device->vk.vkAllocateDescriptorSets(device->handle, &set_info, &bindless->set));
    tdi_device_name(device, VK_OBJECT_TYPE_DESCRIPTOR_SET, (uint64_t)bindless->set, "bindless");
    return TD_OK;
}

static td_result build(td_device *device, struct tdi_bindless *bindless)
{
    bindless->slot_count = find_slot_count(device);
    bindless->free_slots = tdi_alloc_zero(bindless->slot_count, sizeof *bindless->free_slots);
    if (!bindless->free_slots)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < bindless->slot_count; i++)
        bindless->free_slots[i] = bindless->slot_count - 1 - i;
    bindless->free_count = bindless->slot_count;
    TDI_TRY(create_layout(device, bindless));
    return create_set(device, bindless);
}

td_result tdi_bindless_create(td_device *device, struct tdi_bindless **out)
{
    struct tdi_bindless *bindless = tdi_alloc_zero(1, sizeof *bindless);
    if (!bindless)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&bindless->mutex, TDI_RANK_DESCRIPTOR);
    if (result != TD_OK) {
        tdi_free(bindless);
        return result;
    }
    result = build(device, bindless);
    if (result != TD_OK) {
        tdi_bindless_destroy(device, bindless);
        return result;
    }
    *out = bindless;
    return TD_OK;
}

void tdi_bindless_destroy(td_device *device, struct tdi_bindless *bindless)
{
    if (!bindless)
        return;
    for (size_t i = 0; i < bindless->sampler_count; i++)
        device->vk.vkDestroySampler(device->handle, bindless->samplers[i].handle, NULL);
    if (bindless->pool)
        device->vk.vkDestroyDescriptorPool(device->handle, bindless->pool, NULL);
    if (bindless->layout)
        device->vk.vkDestroyDescriptorSetLayout(device->handle, bindless->layout, NULL);
    tdi_free(bindless->samplers);
    tdi_free(bindless->free_slots);
    tdi_mutex_destroy(&bindless->mutex);
    tdi_free(bindless);
}

VkDescriptorSetLayout tdi_bindless_layout(const struct tdi_bindless *bindless)
{
    return bindless->layout;
}

VkDescriptorSet tdi_bindless_set(const struct tdi_bindless *bindless)
{
    return bindless->set;
}

/* Member by member: padding is not defined, and floats compare as numbers. */
static bool same_sampler(const VkSamplerCreateInfo *a, const VkSamplerCreateInfo *b)
{
    return a->flags == b->flags && a->magFilter == b->magFilter && a->minFilter == b->minFilter &&
           a->mipmapMode == b->mipmapMode && a->addressModeU == b->addressModeU &&
           a->addressModeV == b->addressModeV && a->addressModeW == b->addressModeW &&
           a->mipLodBias == b->mipLodBias && a->anisotropyEnable == b->anisotropyEnable &&
           a->maxAnisotropy == b->maxAnisotropy && a->compareEnable == b->compareEnable &&
           a->compareOp == b->compareOp && a->minLod == b->minLod && a->maxLod == b->maxLod &&
           a->borderColor == b->borderColor &&
           a->unnormalizedCoordinates == b->unnormalizedCoordinates;
}

static td_result add_sampler(td_device *device, const VkSamplerCreateInfo *info, VkSampler *out)
{
    struct tdi_bindless *bindless = device->bindless;
    for (size_t i = 0; i < bindless->sampler_count; i++) {
        if (same_sampler(&bindless->samplers[i].info, info)) {
            *out = bindless->samplers[i].handle;
            return TD_OK;
        }
    }
    void *items = bindless->samplers;
    td_result result = tdi_grow(&items, &bindless->sampler_capacity, bindless->sampler_count + 1,
                                sizeof *bindless->samplers);
    bindless->samplers = items;
    TDI_TRY(result);
    TDI_TRY_VK("vkCreateSampler", device->vk.vkCreateSampler(device->handle, info, NULL, out));
    bindless->samplers[bindless->sampler_count++] = (sampler_entry){*info, *out};
    return TD_OK;
}

td_result tdi_bindless_sampler(td_device *device, const VkSamplerCreateInfo *info, VkSampler *out)
{
    if (info->pNext)
        return tdi_fail(TD_ERROR_ARGUMENT, "a sampler cannot have a chain of structures");
    tdi_mutex_lock(&device->bindless->mutex);
    td_result result = add_sampler(device, info, out);
    tdi_mutex_unlock(&device->bindless->mutex);
    return result;
}

td_result tdi_bindless_add(td_device *device, VkImageView view, VkSampler sampler, uint32_t *slot)
{
    struct tdi_bindless *bindless = device->bindless;
    tdi_mutex_lock(&bindless->mutex);
    bool full = bindless->free_count == 0;
    if (!full) {
        *slot = bindless->free_slots[--bindless->free_count];
        VkDescriptorImageInfo image = {sampler, view, VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
        VkWriteDescriptorSet write = {
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = bindless->set,
            .dstArrayElement = *slot,
            .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
            .pImageInfo = &image,
        };
        device->vk.vkUpdateDescriptorSets(device->handle, 1, &write, 0, NULL);
    }
    tdi_mutex_unlock(&bindless->mutex);
    if (full)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "there are more than %u textures in use; the device has no room for more",
                        bindless->slot_count);
    return TD_OK;
}

void tdi_bindless_remove(td_device *device, uint32_t slot)
{
    struct tdi_bindless *bindless = device->bindless;
    tdi_mutex_lock(&bindless->mutex);
    bindless->free_slots[bindless->free_count++] = slot;
    tdi_mutex_unlock(&bindless->mutex);
}
