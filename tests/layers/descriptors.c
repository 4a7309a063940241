#include "descriptors.h"

#include <stdlib.h>

#define MAX_BINDINGS 64 /* of a layout; the others are not followed */

typedef struct set_layout {
    uint64_t followed; /* bindings, a bit each */
} set_layout;

typedef struct slot {
    struct slot *following;
    uint32_t binding, element;
    uint64_t shown;
} slot;

typedef struct bound_set {
    uint64_t pool;
    uint64_t followed;
    slot *slots;
} bound_set;

void descriptors_free_set(void *freed)
{
    bound_set *set = freed;
    while (set && set->slots) {
        slot *first = set->slots;
        set->slots = first->following;
        free(first);
    }
    free(set);
}

void descriptors_use(command_record *record, VkPipelineBindPoint point, const char *command)
{
    if ((uint32_t)point > 1 || !record->sets_changed[point])
        return;
    record->sets_changed[point] = false;
    for (uint32_t i = 0; i < SPLIT_MAX_SETS; i++) {
        const bound_set *set =
            object_map_find(&record->device->sets, OBJECT_HANDLE(record->sets[point][i]));
        for (const slot *at = set ? set->slots : NULL; at; at = at->following)
            ownership_use(record, at->shown, command);
    }
}

/* ---- layouts ---- */

static uint64_t followed_bindings(const VkDescriptorSetLayoutCreateInfo *info)
{
    const VkDescriptorSetLayoutBindingFlagsCreateInfo *flags = info->pNext;
    while (flags &&
           flags->sType != VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_BINDING_FLAGS_CREATE_INFO)
        flags = flags->pNext;
    uint64_t followed = 0;
    for (uint32_t i = 0; i < info->bindingCount; i++) {
        const bool partial = flags && flags->bindingCount > i &&
                             (flags->pBindingFlags[i] & VK_DESCRIPTOR_BINDING_PARTIALLY_BOUND_BIT);
        if (!partial && info->pBindings[i].binding < MAX_BINDINGS)
            followed |= UINT64_C(1) << info->pBindings[i].binding;
    }
    return followed;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_layout(VkDevice handle,
                                                    const VkDescriptorSetLayoutCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkDescriptorSetLayout *out)
{
    split_device *device = split_find(handle);
    set_layout *layout = malloc(sizeof *layout);
    if (!layout)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    layout->followed = followed_bindings(info);
    const VkResult result =
        LAYER_NEXT(device->base, vkCreateDescriptorSetLayout)(handle, info, allocator, out);
    if (result != VK_SUCCESS) {
        free(layout);
        return result;
    }
    if (object_map_put(&device->set_layouts, OBJECT_HANDLE(*out), layout))
        return VK_SUCCESS;
    LAYER_NEXT(device->base, vkDestroyDescriptorSetLayout)(handle, *out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static VKAPI_ATTR void VKAPI_CALL destroy_layout(VkDevice handle, VkDescriptorSetLayout layout,
                                                 const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    free(object_map_take(&device->set_layouts, OBJECT_HANDLE(layout)));
    LAYER_NEXT(device->base, vkDestroyDescriptorSetLayout)(handle, layout, allocator);
}

/* ---- sets ---- */

/* A set that memory is short for is not followed. */
static void keep_set(split_device *device, VkDescriptorSet handle, VkDescriptorPool pool,
                     VkDescriptorSetLayout layout)
{
    const set_layout *known = object_map_find(&device->set_layouts, OBJECT_HANDLE(layout));
    bound_set *set = calloc(1, sizeof *set);
    if (!set)
        return;
    set->pool = OBJECT_HANDLE(pool);
    set->followed = known ? known->followed : 0;
    descriptors_free_set(object_map_take(&device->sets, OBJECT_HANDLE(handle)));
    (void)object_map_put(&device->sets, OBJECT_HANDLE(handle), set);
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_sets(VkDevice handle,
                                                    const VkDescriptorSetAllocateInfo *info,
                                                    VkDescriptorSet *out)
{
    split_device *device = split_find(handle);
    const VkResult result = LAYER_NEXT(device->base, vkAllocateDescriptorSets)(handle, info, out);
    for (uint32_t i = 0; result == VK_SUCCESS && i < info->descriptorSetCount; i++)
        keep_set(device, out[i], info->descriptorPool, info->pSetLayouts[i]);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL descriptors_free_sets(VkDevice handle, VkDescriptorPool pool,
                                                            uint32_t count,
                                                            const VkDescriptorSet *sets)
{
    split_device *device = split_find(handle);
    for (uint32_t i = 0; i < count; i++)
        descriptors_free_set(object_map_take(&device->sets, OBJECT_HANDLE(sets[i])));
    return LAYER_NEXT(device->base, vkFreeDescriptorSets)(handle, pool, count, sets);
}

static bool is_of_pool(const void *set, uint64_t pool)
{
    return ((const bound_set *)set)->pool == pool;
}

static VKAPI_ATTR VkResult VKAPI_CALL reset_pool(VkDevice handle, VkDescriptorPool pool,
                                                 VkDescriptorPoolResetFlags flags)
{
    split_device *device = split_find(handle);
    object_map_drop(&device->sets, is_of_pool, OBJECT_HANDLE(pool), descriptors_free_set);
    return LAYER_NEXT(device->base, vkResetDescriptorPool)(handle, pool, flags);
}

static VKAPI_ATTR void VKAPI_CALL destroy_pool(VkDevice handle, VkDescriptorPool pool,
                                               const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    object_map_drop(&device->sets, is_of_pool, OBJECT_HANDLE(pool), descriptors_free_set);
    LAYER_NEXT(device->base, vkDestroyDescriptorPool)(handle, pool, allocator);
}

/* ---- writes ---- */

static slot *find_slot(bound_set *set, uint32_t binding, uint32_t element)
{
    slot *at = set->slots;
    while (at && (at->binding != binding || at->element != element))
        at = at->following;
    return at;
}

static void show(bound_set *set, uint32_t binding, uint32_t element, uint64_t shown)
{
    slot *at = find_slot(set, binding, element);
    if (!at && shown) {
        at = malloc(sizeof *at);
        if (!at)
            return;
        *at = (slot){.following = set->slots, .binding = binding, .element = element};
        set->slots = at;
    }
    if (at)
        at->shown = shown;
}

static uint64_t shown_by_view(split_device *device, uint64_t view)
{
    const uint64_t *shown = object_map_find(&device->views, view);
    return shown ? *shown : 0;
}

/* What element `index` of a write shows; 0 for a sampler. */
static uint64_t written(split_device *device, const VkWriteDescriptorSet *write, uint32_t index)
{
    switch (write->descriptorType) {
    case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
    case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
    case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
    case VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT:
        return shown_by_view(device, OBJECT_HANDLE(write->pImageInfo[index].imageView));
    case VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER:
    case VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER:
        return shown_by_view(device, OBJECT_HANDLE(write->pTexelBufferView[index]));
    case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER:
    case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER:
    case VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC:
    case VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC:
        return OBJECT_HANDLE(write->pBufferInfo[index].buffer);
    default:
        return 0;
    }
}

static bool is_followed(const bound_set *set, uint32_t binding)
{
    return set && binding < MAX_BINDINGS && (set->followed >> binding & 1);
}

static void note_write(split_device *device, const VkWriteDescriptorSet *write)
{
    bound_set *set = object_map_find(&device->sets, OBJECT_HANDLE(write->dstSet));
    if (!is_followed(set, write->dstBinding))
        return;
    for (uint32_t i = 0; i < write->descriptorCount; i++)
        show(set, write->dstBinding, write->dstArrayElement + i, written(device, write, i));
}

static void note_copy(split_device *device, const VkCopyDescriptorSet *copy)
{
    bound_set *from = object_map_find(&device->sets, OBJECT_HANDLE(copy->srcSet));
    bound_set *to = object_map_find(&device->sets, OBJECT_HANDLE(copy->dstSet));
    if (!from || !is_followed(to, copy->dstBinding))
        return;
    for (uint32_t i = 0; i < copy->descriptorCount; i++) {
        const slot *at = find_slot(from, copy->srcBinding, copy->srcArrayElement + i);
        show(to, copy->dstBinding, copy->dstArrayElement + i, at ? at->shown : 0);
    }
}

static VKAPI_ATTR void VKAPI_CALL update_sets(VkDevice handle, uint32_t write_count,
                                              const VkWriteDescriptorSet *writes,
                                              uint32_t copy_count,
                                              const VkCopyDescriptorSet *copies)
{
    split_device *device = split_find(handle);
    for (uint32_t i = 0; i < write_count; i++)
        note_write(device, &writes[i]);
    for (uint32_t i = 0; i < copy_count; i++)
        note_copy(device, &copies[i]);
    LAYER_NEXT(device->base, vkUpdateDescriptorSets)
    (handle, write_count, writes, copy_count, copies);
}

const layer_function descriptor_functions[] = {
    LAYER_FUNCTION(vkCreateDescriptorSetLayout, create_layout),
    LAYER_FUNCTION(vkDestroyDescriptorSetLayout, destroy_layout),
    LAYER_FUNCTION(vkAllocateDescriptorSets, allocate_sets),
    LAYER_FUNCTION(vkFreeDescriptorSets, descriptors_free_sets),
    LAYER_FUNCTION(vkResetDescriptorPool, reset_pool),
    LAYER_FUNCTION(vkDestroyDescriptorPool, destroy_pool),
    LAYER_FUNCTION(vkUpdateDescriptorSets, update_sets),
};
const size_t descriptor_function_count = LAYER_COUNT(descriptor_functions);
