/* See record_calls.h. The commands are in record_commands.c and
 * record_barriers.c; here is the rest: what a command
 * buffer and a semaphore live through, and the submissions. */
#include "record_stream.h"

/* ---- sections ---- */

static VKAPI_ATTR void VKAPI_CALL begin_section(VkDevice device)
{
    record_stream_begin(layer_find_device(device)->data);
}

static VKAPI_ATTR record_calls_text VKAPI_CALL end_section(VkDevice device)
{
    return record_stream_end(layer_find_device(device)->data);
}

/* ---- making and ending ---- */

#define CREATE(type, create, info_type, write)                                                     \
    static VKAPI_ATTR VkResult VKAPI_CALL call_##create(                                           \
        VkDevice handle, const info_type *info, const VkAllocationCallbacks *allocator, type *out) \
    {                                                                                              \
        layer_device *device = layer_find_device(handle);                                          \
        const VkResult result = LAYER_NEXT(device, create)(handle, info, allocator, out);          \
        if (result != VK_SUCCESS)                                                                  \
            return result;                                                                         \
        record_stream *stream = record_line(device, #create);                                      \
        record_object *object = record_track(stream, #type, (uint64_t)(uintptr_t)*out);            \
        write(stream, object, info);                                                               \
        RECORD(stream, *out);                                                                      \
        record_line_end(stream);                                                                   \
        return result;                                                                             \
    }

static void write_pool(record_stream *stream, record_object *object,
                       const VkCommandPoolCreateInfo *info)
{
    (void)object;
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->flags);
    RECORD(stream, info->queueFamilyIndex);
}

static void write_semaphore(record_stream *stream, record_object *object,
                            const VkSemaphoreCreateInfo *info)
{
    const VkSemaphoreTypeCreateInfo *type = info->pNext;
    if (type && type->sType != VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO) {
        record_no_chain(stream, type);
        return;
    }
    object->timeline = type && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
    record_text(stream, object->timeline ? "timeline" : "binary");
    if (object->timeline) {
        record_no_chain(stream, type->pNext);
        RECORD(stream, type->initialValue);
    }
}

static void write_fence(record_stream *stream, record_object *object, const VkFenceCreateInfo *info)
{
    (void)object;
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->flags);
}

static void write_event(record_stream *stream, record_object *object, const VkEventCreateInfo *info)
{
    (void)object;
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->flags);
}

CREATE(VkCommandPool, vkCreateCommandPool, VkCommandPoolCreateInfo, write_pool)
CREATE(VkSemaphore, vkCreateSemaphore, VkSemaphoreCreateInfo, write_semaphore)
CREATE(VkFence, vkCreateFence, VkFenceCreateInfo, write_fence)
CREATE(VkEvent, vkCreateEvent, VkEventCreateInfo, write_event)

#define DESTROY(type, destroy)                                                                     \
    static VKAPI_ATTR void VKAPI_CALL call_##destroy(VkDevice handle, type object,                 \
                                                     const VkAllocationCallbacks *allocator)       \
    {                                                                                              \
        layer_device *device = layer_find_device(handle);                                          \
        record_stream *stream = record_line(device, #destroy);                                     \
        RECORD(stream, object);                                                                    \
        record_line_end(stream);                                                                   \
        record_forget(device, #type, (uint64_t)(uintptr_t)object);                                 \
        LAYER_NEXT(device, destroy)(handle, object, allocator);                                    \
    }
DESTROY(VkCommandPool, vkDestroyCommandPool)
DESTROY(VkSemaphore, vkDestroySemaphore)
DESTROY(VkFence, vkDestroyFence)
DESTROY(VkEvent, vkDestroyEvent)

/* Not written, but a later object with the same handle is another one. */
#define DESTROY_UNSEEN(type, destroy)                                                              \
    static VKAPI_ATTR void VKAPI_CALL call_##destroy(VkDevice handle, type object,                 \
                                                     const VkAllocationCallbacks *allocator)       \
    {                                                                                              \
        layer_device *device = layer_find_device(handle);                                          \
        record_forget(device, #type, (uint64_t)(uintptr_t)object);                                 \
        LAYER_NEXT(device, destroy)(handle, object, allocator);                                    \
    }
#define UNSEEN(X)                                                                                  \
    X(VkBuffer, vkDestroyBuffer)                                                                   \
    X(VkImage, vkDestroyImage)                                                                     \
    X(VkImageView, vkDestroyImageView)                                                             \
    X(VkPipeline, vkDestroyPipeline)                                                               \
    X(VkPipelineLayout, vkDestroyPipelineLayout)                                                   \
    X(VkQueryPool, vkDestroyQueryPool)
UNSEEN(DESTROY_UNSEEN)

/* A pool's sets end with it or with its reset; the handles count anew when they are given again. */
static VKAPI_ATTR VkResult VKAPI_CALL call_vkAllocateDescriptorSets(
    VkDevice handle, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *out)
{
    layer_device *device = layer_find_device(handle);
    const VkResult result = LAYER_NEXT(device, vkAllocateDescriptorSets)(handle, info, out);
    for (uint32_t i = 0; i < info->descriptorSetCount && result == VK_SUCCESS; i++)
        record_forget(device, "VkDescriptorSet", (uint64_t)(uintptr_t)out[i]);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkCreateBuffer(VkDevice handle,
                                                          const VkBufferCreateInfo *info,
                                                          const VkAllocationCallbacks *allocator,
                                                          VkBuffer *out)
{
    layer_device *device = layer_find_device(handle);
    const VkResult result = LAYER_NEXT(device, vkCreateBuffer)(handle, info, allocator, out);
    if (result == VK_SUCCESS)
        record_buffer_size(device->data, *out, info->size);
    return result;
}

static VKAPI_ATTR VkDeviceAddress VKAPI_CALL
call_vkGetBufferDeviceAddress(VkDevice handle, const VkBufferDeviceAddressInfo *info)
{
    layer_device *device = layer_find_device(handle);
    const VkDeviceAddress address = LAYER_NEXT(device, vkGetBufferDeviceAddress)(handle, info);
    record_buffer_address(device->data, info->buffer, address);
    return address;
}

/* ---- command buffers ---- */

static VKAPI_ATTR VkResult VKAPI_CALL call_vkAllocateCommandBuffers(
    VkDevice handle, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *out)
{
    layer_device *device = layer_find_device(handle);
    const VkResult result = LAYER_NEXT(device, vkAllocateCommandBuffers)(handle, info, out);
    if (result != VK_SUCCESS)
        return result;
    record_stream *stream = record_line(device, "vkAllocateCommandBuffers");
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->commandPool);
    RECORD(stream, info->level);
    for (uint32_t i = 0; i < info->commandBufferCount; i++) {
        record_track(stream, "VkCommandBuffer", (uint64_t)(uintptr_t)out[i]);
        RECORD(stream, out[i]);
    }
    record_line_end(stream);
    return result;
}

static VKAPI_ATTR void VKAPI_CALL call_vkFreeCommandBuffers(VkDevice handle, VkCommandPool pool,
                                                            uint32_t count,
                                                            const VkCommandBuffer *buffers)
{
    layer_device *device = layer_find_device(handle);
    record_stream *stream = record_line(device, "vkFreeCommandBuffers");
    RECORD(stream, pool);
    for (uint32_t i = 0; i < count; i++)
        RECORD(stream, buffers[i]);
    record_line_end(stream);
    for (uint32_t i = 0; i < count; i++)
        record_forget(device, "VkCommandBuffer", (uint64_t)(uintptr_t)buffers[i]);
    LAYER_NEXT(device, vkFreeCommandBuffers)(handle, pool, count, buffers);
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkResetCommandPool(VkDevice handle, VkCommandPool pool,
                                                              VkCommandPoolResetFlags flags)
{
    layer_device *device = layer_find_device(handle);
    record_stream *stream = record_line(device, "vkResetCommandPool");
    RECORD(stream, pool);
    RECORD(stream, flags);
    record_line_end(stream);
    return LAYER_NEXT(device, vkResetCommandPool)(handle, pool, flags);
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkResetCommandBuffer(VkCommandBuffer commands,
                                                                VkCommandBufferResetFlags flags)
{
    layer_device *device = layer_find_device(commands);
    record_stream *stream = record_line(device, "vkResetCommandBuffer");
    RECORD(stream, commands);
    RECORD(stream, flags);
    record_line_end(stream);
    return LAYER_NEXT(device, vkResetCommandBuffer)(commands, flags);
}

static void record_inheritance(record_stream *stream, const VkCommandBufferInheritanceInfo *info)
{
    const VkCommandBufferInheritanceRenderingInfo *rendering = info->pNext;
    record_text(stream, "inherits");
    RECORD(stream, info->occlusionQueryEnable);
    RECORD(stream, info->queryFlags);
    RECORD(stream, info->pipelineStatistics);
    if (!rendering)
        return;
    if (rendering->sType != VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_RENDERING_INFO) {
        record_no_chain(stream, rendering);
        return;
    }
    record_no_chain(stream, rendering->pNext);
    RECORD(stream, rendering->flags);
    RECORD(stream, rendering->viewMask);
    record_words(stream, rendering->pColorAttachmentFormats,
                 rendering->colorAttachmentCount * sizeof *rendering->pColorAttachmentFormats);
    record_i32(stream, rendering->depthAttachmentFormat);
    record_i32(stream, rendering->stencilAttachmentFormat);
    RECORD(stream, rendering->rasterizationSamples);
}

static VKAPI_ATTR VkResult VKAPI_CALL
call_vkBeginCommandBuffer(VkCommandBuffer commands, const VkCommandBufferBeginInfo *info)
{
    layer_device *device = layer_find_device(commands);
    record_stream *stream = record_line(device, "vkBeginCommandBuffer");
    RECORD(stream, commands);
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->flags);
    if (info->pInheritanceInfo)
        record_inheritance(stream, info->pInheritanceInfo);
    record_line_end(stream);
    return LAYER_NEXT(device, vkBeginCommandBuffer)(commands, info);
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkEndCommandBuffer(VkCommandBuffer commands)
{
    layer_device *device = layer_find_device(commands);
    record_stream *stream = record_line(device, "vkEndCommandBuffer");
    RECORD(stream, commands);
    record_line_end(stream);
    return LAYER_NEXT(device, vkEndCommandBuffer)(commands);
}

/* ---- submissions ---- */

static void record_semaphores(record_stream *stream, const char *what, uint32_t count,
                              const VkSemaphoreSubmitInfo *infos)
{
    for (uint32_t i = 0; i < count; i++) {
        record_text(stream, what);
        record_no_chain(stream, infos[i].pNext);
        RECORD(stream, infos[i].semaphore);
        record_value(stream, infos[i].semaphore, infos[i].value);
        RECORD(stream, infos[i].stageMask);
        RECORD(stream, infos[i].deviceIndex);
    }
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkQueueSubmit2(VkQueue queue, uint32_t count,
                                                          const VkSubmitInfo2 *infos, VkFence fence)
{
    layer_device *device = layer_find_device(queue);
    record_stream *stream = record_line(device, "vkQueueSubmit2");
    RECORD(stream, queue);
    for (uint32_t i = 0; i < count; i++) {
        record_text(stream, "batch");
        record_no_chain(stream, infos[i].pNext);
        RECORD(stream, infos[i].flags);
        record_semaphores(stream, "wait", infos[i].waitSemaphoreInfoCount,
                          infos[i].pWaitSemaphoreInfos);
        for (uint32_t k = 0; k < infos[i].commandBufferInfoCount; k++) {
            record_no_chain(stream, infos[i].pCommandBufferInfos[k].pNext);
            RECORD(stream, infos[i].pCommandBufferInfos[k].commandBuffer);
            RECORD(stream, infos[i].pCommandBufferInfos[k].deviceMask);
        }
        record_semaphores(stream, "signal", infos[i].signalSemaphoreInfoCount,
                          infos[i].pSignalSemaphoreInfos);
    }
    RECORD(stream, fence);
    record_line_end(stream);
    return LAYER_NEXT(device, vkQueueSubmit2)(queue, count, infos, fence);
}

static void record_old_batch(record_stream *stream, const VkSubmitInfo *info)
{
    const VkTimelineSemaphoreSubmitInfo *values = info->pNext;
    record_text(stream, "batch");
    if (values && values->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO) {
        record_no_chain(stream, values);
        values = NULL;
    }
    if (values)
        record_no_chain(stream, values->pNext);
    for (uint32_t i = 0; i < info->waitSemaphoreCount; i++) {
        record_text(stream, "wait");
        RECORD(stream, info->pWaitSemaphores[i]);
        if (values && i < values->waitSemaphoreValueCount)
            record_value(stream, info->pWaitSemaphores[i], values->pWaitSemaphoreValues[i]);
        RECORD(stream, info->pWaitDstStageMask[i]);
    }
    for (uint32_t i = 0; i < info->commandBufferCount; i++)
        RECORD(stream, info->pCommandBuffers[i]);
    for (uint32_t i = 0; i < info->signalSemaphoreCount; i++) {
        record_text(stream, "signal");
        RECORD(stream, info->pSignalSemaphores[i]);
        if (values && i < values->signalSemaphoreValueCount)
            record_value(stream, info->pSignalSemaphores[i], values->pSignalSemaphoreValues[i]);
    }
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkQueueSubmit(VkQueue queue, uint32_t count,
                                                         const VkSubmitInfo *infos, VkFence fence)
{
    layer_device *device = layer_find_device(queue);
    record_stream *stream = record_line(device, "vkQueueSubmit");
    RECORD(stream, queue);
    for (uint32_t i = 0; i < count; i++)
        record_old_batch(stream, &infos[i]);
    RECORD(stream, fence);
    record_line_end(stream);
    return LAYER_NEXT(device, vkQueueSubmit)(queue, count, infos, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkSignalSemaphore(VkDevice handle,
                                                             const VkSemaphoreSignalInfo *info)
{
    layer_device *device = layer_find_device(handle);
    record_stream *stream = record_line(device, "vkSignalSemaphore");
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->semaphore);
    record_value(stream, info->semaphore, info->value);
    record_line_end(stream);
    return LAYER_NEXT(device, vkSignalSemaphore)(handle, info);
}

static VKAPI_ATTR VkResult VKAPI_CALL call_vkResetFences(VkDevice handle, uint32_t count,
                                                         const VkFence *fences)
{
    layer_device *device = layer_find_device(handle);
    record_stream *stream = record_line(device, "vkResetFences");
    for (uint32_t i = 0; i < count; i++)
        RECORD(stream, fences[i]);
    record_line_end(stream);
    return LAYER_NEXT(device, vkResetFences)(handle, count, fences);
}

/* ---- the layer ---- */

#define CALL(name)              LAYER_FUNCTION(name, call_##name)
#define CALL_UNSEEN(type, name) CALL(name),

static const layer_function calls[] = {LAYER_OWN(RECORD_CALLS_BEGIN, begin_section),
                                       LAYER_OWN(RECORD_CALLS_END, end_section),
                                       CALL(vkCreateCommandPool),
                                       CALL(vkCreateSemaphore),
                                       CALL(vkCreateFence),
                                       CALL(vkCreateEvent),
                                       CALL(vkDestroyCommandPool),
                                       CALL(vkDestroySemaphore),
                                       CALL(vkDestroyFence),
                                       CALL(vkDestroyEvent),
                                       CALL(vkAllocateDescriptorSets),
                                       CALL(vkCreateBuffer),
                                       CALL(vkGetBufferDeviceAddress),
                                       CALL(vkAllocateCommandBuffers),
                                       CALL(vkFreeCommandBuffers),
                                       CALL(vkResetCommandPool),
                                       CALL(vkResetCommandBuffer),
                                       CALL(vkBeginCommandBuffer),
                                       CALL(vkEndCommandBuffer),
                                       CALL(vkQueueSubmit2),
                                       LAYER_FUNCTION(vkQueueSubmit2KHR, call_vkQueueSubmit2),
                                       CALL(vkQueueSubmit),
                                       CALL(vkSignalSemaphore),
                                       LAYER_FUNCTION(vkSignalSemaphoreKHR, call_vkSignalSemaphore),
                                       CALL(vkResetFences),
                                       UNSEEN(CALL_UNSEEN)};

static PFN_vkVoidFunction find_command(const layer_function *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(table[i].name, name))
            return table[i].function;
    return NULL;
}

static PFN_vkVoidFunction find_other(layer_device *device, const char *name,
                                     PFN_vkVoidFunction next)
{
    (void)device;
    if (!next || strncmp(name, "vkCmd", strlen("vkCmd")) != 0)
        return next;
    PFN_vkVoidFunction own = find_command(record_commands, record_command_count, name);
    if (!own)
        own = find_command(record_barriers, record_barrier_count, name);
    return own ? own : record_unknown_command(name);
}

static VkResult start_stream(layer_device *device, const VkDeviceCreateInfo *info)
{
    (void)info;
    return record_stream_init(device->data);
}

static void end_stream(layer_device *device)
{
    record_stream_destroy(device->data);
}

const layer_definition layer = {
    .device_functions = calls,
    .device_function_count = LAYER_COUNT(calls),
    .device_size = sizeof(record_stream),
    .device_created = start_stream,
    .device_destroyed = end_stream,
    .other_function = find_other,
};
