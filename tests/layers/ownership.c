#include "ownership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer_report.h"

/* ---- recording ---- */

void ownership_note(command_record *record, use note)
{
    if (record->use_count == record->use_capacity) {
        const uint32_t capacity = record->use_capacity ? record->use_capacity * 2 : 16;
        use *larger = realloc(record->uses, capacity * sizeof *larger);
        if (!larger)
            return;
        record->uses = larger;
        record->use_capacity = capacity;
    }
    record->uses[record->use_count++] = note;
}

void ownership_use(command_record *record, uint64_t handle, const char *command)
{
    const resource *used = object_map_find(&record->device->resources, handle);
    if (used && used->families != SPLIT_ALL_FAMILIES)
        ownership_note(record, (use){.kind = USE_PLAIN, .handle = handle, .command = command});
}

void command_record_clear(command_record *record)
{
    record->use_count = 0;
    memset(record->sets, 0, sizeof record->sets);
    record->sets_changed[0] = record->sets_changed[1] = false;
}

void command_record_free(void *freed)
{
    command_record *record = freed;
    free(record->uses);
    free(record);
}

/* ---- execution ---- */

static const char *owner_name(uint32_t family)
{
    return family < SPLIT_FAMILIES ? split_family_name(family) : "no";
}

static void report_use(const split_device *device, const resource *used, const use *what,
                       uint32_t family)
{
    if (used->released)
        layer_report(device->base, "TANDEM-split-ownership",
                     "%s on the %s family uses 0x%llx %s, which was released to the %s family and "
                     "not acquired",
                     what->command, split_family_name(family), (unsigned long long)used->handle,
                     used->name, owner_name(used->heir));
    else
        layer_report(device->base, "TANDEM-split-ownership",
                     "%s on the %s family uses 0x%llx %s, which belongs to the %s family; release "
                     "it there and acquire it here",
                     what->command, split_family_name(family), (unsigned long long)used->handle,
                     used->name, owner_name(used->owner));
}

static void take(resource *taken, uint32_t family)
{
    taken->owner = family;
    taken->released = false;
}

static bool may_use(const resource *used, uint32_t family)
{
    return !used->released && (used->owner == family || used->owner == VK_QUEUE_FAMILY_IGNORED);
}

static void check_acquire(const split_device *device, const resource *acquired, const use *what,
                          uint32_t family)
{
    const bool foreign = what->from >= SPLIT_FAMILIES; /* external, or another driver */
    if (foreign ||
        (acquired->released && acquired->heir == family && acquired->owner == what->from))
        return;
    layer_report(device->base, "TANDEM-split-ownership",
                 "%s on the %s family acquires 0x%llx %s from the %s family, which has not "
                 "released it to this one",
                 what->command, split_family_name(family), (unsigned long long)acquired->handle,
                 acquired->name, owner_name(what->from));
}

static void execute_exclusive(const split_device *device, resource *used, const use *what,
                              uint32_t family)
{
    if (what->kind == USE_ACQUIRE)
        check_acquire(device, used, what, family);
    else if (what->kind != USE_DISCARD && !may_use(used, family))
        report_use(device, used, what, family);
    take(used, family);
    if (what->kind == USE_RELEASE) {
        used->released = what->to < SPLIT_FAMILIES;
        used->heir = what->to;
        if (!used->released)
            used->owner = VK_QUEUE_FAMILY_IGNORED;
    }
}

static void execute_use(split_device *device, const use *what, uint32_t family)
{
    resource *used = object_map_find(&device->resources, what->handle);
    if (!used)
        return;
    if (used->families == 0)
        execute_exclusive(device, used, what, family);
    else if (!(used->families & (1u << family)))
        layer_report(device->base, "TANDEM-split-ownership",
                     "%s on the %s family uses 0x%llx %s, which is shared between other families",
                     what->command, split_family_name(family), (unsigned long long)used->handle,
                     used->name);
}

void ownership_execute(split_device *device, uint32_t family, VkCommandBuffer commands)
{
    const command_record *record = object_map_find(&device->commands, OBJECT_HANDLE(commands));
    if (!record)
        return;
    if (record->family != family)
        layer_report(device->base, "TANDEM-split-family",
                     "a command buffer for the %s family is submitted to the %s queue",
                     split_family_name(record->family), split_family_name(family));
    for (uint32_t i = 0; i < record->use_count; i++)
        execute_use(device, &record->uses[i], family);
}

/* ---- creation ---- */

static resource *new_resource(VkSharingMode mode, uint32_t count, const uint32_t *families)
{
    resource *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->owner = VK_QUEUE_FAMILY_IGNORED;
    for (uint32_t i = 0; mode == VK_SHARING_MODE_CONCURRENT && i < count; i++)
        made->families |= 1u << families[i];
    return made;
}

static bool keep_resource(split_device *device, uint64_t handle, resource *made)
{
    made->handle = handle;
    return object_map_put(&device->resources, handle, made);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_buffer(VkDevice handle, const VkBufferCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator,
                                                    VkBuffer *out)
{
    split_device *device = split_find(handle);
    resource *made =
        new_resource(info->sharingMode, info->queueFamilyIndexCount, info->pQueueFamilyIndices);
    if (!made)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    VkBufferCreateInfo rewritten = *info;
    rewritten.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    rewritten.queueFamilyIndexCount = 0;
    const VkResult result =
        LAYER_NEXT(device->base, vkCreateBuffer)(handle, &rewritten, allocator, out);
    if (result != VK_SUCCESS) {
        free(made);
        return result;
    }
    if (keep_resource(device, OBJECT_HANDLE(*out), made))
        return VK_SUCCESS;
    LAYER_NEXT(device->base, vkDestroyBuffer)(handle, *out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_image(VkDevice handle, const VkImageCreateInfo *info,
                                                   const VkAllocationCallbacks *allocator,
                                                   VkImage *out)
{
    split_device *device = split_find(handle);
    resource *made =
        new_resource(info->sharingMode, info->queueFamilyIndexCount, info->pQueueFamilyIndices);
    if (!made)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    made->levels = info->mipLevels;
    made->layers = info->arrayLayers;
    VkImageCreateInfo rewritten = *info;
    rewritten.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    rewritten.queueFamilyIndexCount = 0;
    const VkResult result =
        LAYER_NEXT(device->base, vkCreateImage)(handle, &rewritten, allocator, out);
    if (result != VK_SUCCESS) {
        free(made);
        return result;
    }
    if (keep_resource(device, OBJECT_HANDLE(*out), made))
        return VK_SUCCESS;
    LAYER_NEXT(device->base, vkDestroyImage)(handle, *out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static void forget_resource(split_device *device, uint64_t handle)
{
    resource *gone = object_map_take(&device->resources, handle);
    if (gone && gone->bytes)
        LAYER_NEXT(device->base, vkDestroyBuffer)(device->base->handle, gone->bytes, NULL);
    free(gone);
}

static VKAPI_ATTR void VKAPI_CALL destroy_buffer(VkDevice handle, VkBuffer buffer,
                                                 const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    forget_resource(device, OBJECT_HANDLE(buffer));
    LAYER_NEXT(device->base, vkDestroyBuffer)(handle, buffer, allocator);
}

static VKAPI_ATTR void VKAPI_CALL destroy_image(VkDevice handle, VkImage image,
                                                const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    forget_resource(device, OBJECT_HANDLE(image));
    LAYER_NEXT(device->base, vkDestroyImage)(handle, image, allocator);
}

/* ---- views ---- */

static VkResult keep_view(split_device *device, uint64_t view, uint64_t shown)
{
    uint64_t *kept = malloc(sizeof *kept);
    if (!kept)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    *kept = shown;
    return object_map_put(&device->views, view, kept) ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_image_view(VkDevice handle,
                                                        const VkImageViewCreateInfo *info,
                                                        const VkAllocationCallbacks *allocator,
                                                        VkImageView *out)
{
    split_device *device = split_find(handle);
    VkResult result = LAYER_NEXT(device->base, vkCreateImageView)(handle, info, allocator, out);
    if (result != VK_SUCCESS)
        return result;
    result = keep_view(device, OBJECT_HANDLE(*out), OBJECT_HANDLE(info->image));
    if (result != VK_SUCCESS)
        LAYER_NEXT(device->base, vkDestroyImageView)(handle, *out, allocator);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_buffer_view(VkDevice handle,
                                                         const VkBufferViewCreateInfo *info,
                                                         const VkAllocationCallbacks *allocator,
                                                         VkBufferView *out)
{
    split_device *device = split_find(handle);
    VkResult result = LAYER_NEXT(device->base, vkCreateBufferView)(handle, info, allocator, out);
    if (result != VK_SUCCESS)
        return result;
    result = keep_view(device, OBJECT_HANDLE(*out), OBJECT_HANDLE(info->buffer));
    if (result != VK_SUCCESS)
        LAYER_NEXT(device->base, vkDestroyBufferView)(handle, *out, allocator);
    return result;
}

static VKAPI_ATTR void VKAPI_CALL destroy_image_view(VkDevice handle, VkImageView view,
                                                     const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    free(object_map_take(&device->views, OBJECT_HANDLE(view)));
    LAYER_NEXT(device->base, vkDestroyImageView)(handle, view, allocator);
}

static VKAPI_ATTR void VKAPI_CALL destroy_buffer_view(VkDevice handle, VkBufferView view,
                                                      const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    free(object_map_take(&device->views, OBJECT_HANDLE(view)));
    LAYER_NEXT(device->base, vkDestroyBufferView)(handle, view, allocator);
}

/* ---- names ---- */

static VKAPI_ATTR VkResult VKAPI_CALL set_object_name(VkDevice handle,
                                                      const VkDebugUtilsObjectNameInfoEXT *info)
{
    split_device *device = split_find(handle);
    VkDebugUtilsObjectNameInfoEXT rewritten = *info;
    if (info->objectType == VK_OBJECT_TYPE_QUEUE)
        rewritten.objectHandle = OBJECT_HANDLE(device->queues.real);
    if (info->objectType == VK_OBJECT_TYPE_BUFFER || info->objectType == VK_OBJECT_TYPE_IMAGE) {
        resource *named = object_map_find(&device->resources, info->objectHandle);
        if (named)
            snprintf(named->name, sizeof named->name, "%s",
                     info->pObjectName ? info->pObjectName : "");
    }
    return LAYER_NEXT(device->base, vkSetDebugUtilsObjectNameEXT)(handle, &rewritten);
}

const layer_function ownership_functions[] = {
    LAYER_FUNCTION(vkCreateBuffer, create_buffer),
    LAYER_FUNCTION(vkDestroyBuffer, destroy_buffer),
    LAYER_FUNCTION(vkCreateImage, create_image),
    LAYER_FUNCTION(vkDestroyImage, destroy_image),
    LAYER_FUNCTION(vkCreateImageView, create_image_view),
    LAYER_FUNCTION(vkDestroyImageView, destroy_image_view),
    LAYER_FUNCTION(vkCreateBufferView, create_buffer_view),
    LAYER_FUNCTION(vkDestroyBufferView, destroy_buffer_view),
    LAYER_FUNCTION(vkSetDebugUtilsObjectNameEXT, set_object_name),
};
const size_t ownership_function_count = LAYER_COUNT(ownership_functions);
