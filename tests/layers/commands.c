#include "commands.h"

#include <stdlib.h>

#include "descriptors.h"
#include "layer_report.h"
#include "ownership.h"
#include "poison.h"

#define GRAPHICS VK_QUEUE_GRAPHICS_BIT
#define COMPUTE  VK_QUEUE_COMPUTE_BIT
#define ANY      (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT)

/* ---- pools and command buffers ---- */

static VKAPI_ATTR VkResult VKAPI_CALL create_pool(VkDevice handle,
                                                  const VkCommandPoolCreateInfo *info,
                                                  const VkAllocationCallbacks *allocator,
                                                  VkCommandPool *out)
{
    split_device *device = split_find(handle);
    uint32_t *family = malloc(sizeof *family);
    if (!family)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    *family = info->queueFamilyIndex;
    VkCommandPoolCreateInfo rewritten = *info;
    rewritten.queueFamilyIndex = 0;
    const VkResult result =
        LAYER_NEXT(device->base, vkCreateCommandPool)(handle, &rewritten, allocator, out);
    if (result != VK_SUCCESS) {
        free(family);
        return result;
    }
    if (object_map_put(&device->pools, OBJECT_HANDLE(*out), family))
        return VK_SUCCESS;
    LAYER_NEXT(device->base, vkDestroyCommandPool)(handle, *out, allocator);
    return VK_ERROR_OUT_OF_HOST_MEMORY;
}

static bool is_of_pool(const void *record, uint64_t pool)
{
    return ((const command_record *)record)->pool == pool;
}

static VKAPI_ATTR void VKAPI_CALL destroy_pool(VkDevice handle, VkCommandPool pool,
                                               const VkAllocationCallbacks *allocator)
{
    split_device *device = split_find(handle);
    object_map_drop(&device->commands, is_of_pool, OBJECT_HANDLE(pool), command_record_free);
    free(object_map_take(&device->pools, OBJECT_HANDLE(pool)));
    LAYER_NEXT(device->base, vkDestroyCommandPool)(handle, pool, allocator);
}

static bool keep_commands(split_device *device, VkCommandBuffer handle, VkCommandPool pool)
{
    const uint32_t *family = object_map_find(&device->pools, OBJECT_HANDLE(pool));
    command_record *record = calloc(1, sizeof *record);
    if (!record)
        return false;
    record->device = device;
    record->pool = OBJECT_HANDLE(pool);
    record->family = family ? *family : 0;
    return object_map_put(&device->commands, OBJECT_HANDLE(handle), record);
}

static void forget_commands(split_device *device, uint32_t count, const VkCommandBuffer *handles)
{
    for (uint32_t i = 0; i < count; i++) {
        command_record *record = object_map_take(&device->commands, OBJECT_HANDLE(handles[i]));
        if (record)
            command_record_free(record);
    }
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_commands(VkDevice handle,
                                                        const VkCommandBufferAllocateInfo *info,
                                                        VkCommandBuffer *out)
{
    split_device *device = split_find(handle);
    const VkResult result = LAYER_NEXT(device->base, vkAllocateCommandBuffers)(handle, info, out);
    if (result != VK_SUCCESS)
        return result;
    for (uint32_t i = 0; i < info->commandBufferCount; i++) {
        if (keep_commands(device, out[i], info->commandPool))
            continue;
        forget_commands(device, i, out);
        LAYER_NEXT(device->base, vkFreeCommandBuffers)
        (handle, info->commandPool, info->commandBufferCount, out);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL free_commands(VkDevice handle, VkCommandPool pool, uint32_t count,
                                                const VkCommandBuffer *commands)
{
    split_device *device = split_find(handle);
    forget_commands(device, count, commands);
    LAYER_NEXT(device->base, vkFreeCommandBuffers)(handle, pool, count, commands);
}

static command_record *record_of(VkCommandBuffer commands)
{
    return object_map_find(&split_find(commands)->commands, OBJECT_HANDLE(commands));
}

static VKAPI_ATTR VkResult VKAPI_CALL begin_commands(VkCommandBuffer commands,
                                                     const VkCommandBufferBeginInfo *info)
{
    command_record *record = record_of(commands);
    command_record_clear(record);
    return LAYER_NEXT(record->device->base, vkBeginCommandBuffer)(commands, info);
}

/* ---- commands ---- */

/* The record; reports a command that needs one of `abilities` on a family that has none. */
static command_record *enter(VkCommandBuffer commands, const char *name, VkQueueFlags abilities)
{
    command_record *record = record_of(commands);
    if (!(split_family_flags[record->family] & abilities))
        layer_report(record->device->base, "TANDEM-split-command",
                     "%s is recorded for the %s family, which cannot do it", name,
                     split_family_name(record->family));
    return record;
}

/* Bound vertex and index buffers are noted where they are bound: a draw may come or not. */
static void use_buffers(command_record *record, uint32_t count, const VkBuffer *buffers,
                        const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        ownership_use(record, OBJECT_HANDLE(buffers[i]), name);
}

static void use_view(command_record *record, VkImageView view, const char *name)
{
    const uint64_t *shown = object_map_find(&record->device->views, OBJECT_HANDLE(view));
    if (view && shown)
        ownership_use(record, *shown, name);
}

static void use_attachments(command_record *record, const VkRenderingInfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->colorAttachmentCount; i++) {
        use_view(record, info->pColorAttachments[i].imageView, name);
        use_view(record, info->pColorAttachments[i].resolveImageView, name);
    }
    if (info->pDepthAttachment)
        use_view(record, info->pDepthAttachment->imageView, name);
    if (info->pStencilAttachment)
        use_view(record, info->pStencilAttachment->imageView, name);
}

static void bind_sets(command_record *record, VkPipelineBindPoint point, uint32_t first,
                      uint32_t count, const VkDescriptorSet *sets)
{
    if ((uint32_t)point > 1)
        return;
    for (uint32_t i = 0; i < count && first + i < SPLIT_MAX_SETS; i++)
        record->sets[point][first + i] = sets[i];
    record->sets_changed[point] = true;
}

static void add_secondaries(command_record *record, uint32_t count, const VkCommandBuffer *added)
{
    for (uint32_t i = 0; i < count; i++) {
        const command_record *other = record_of(added[i]);
        for (uint32_t j = 0; j < other->use_count; j++)
            ownership_note(record, other->uses[j]);
    }
}

/* A barrier that hands a resource from one family to another. */
static void note_transfer(command_record *record, uint64_t handle, uint32_t from, uint32_t to,
                          const char *name)
{
    if (from == to || from == VK_QUEUE_FAMILY_IGNORED || to == VK_QUEUE_FAMILY_IGNORED)
        return;
    const use_kind kind = from == record->family ? USE_RELEASE : USE_ACQUIRE;
    ownership_note(record, (use){kind, handle, from, to, name});
    record->sets_changed[0] = record->sets_changed[1] = true;
}

static void note_image(command_record *record, VkCommandBuffer commands, VkImage image,
                       VkImageLayout old_layout, uint32_t from, uint32_t to,
                       const VkImageSubresourceRange *range, const char *name)
{
    const uint64_t handle = OBJECT_HANDLE(image);
    if (old_layout == VK_IMAGE_LAYOUT_UNDEFINED) {
        ownership_note(record, (use){.kind = USE_DISCARD, .handle = handle, .command = name});
        poison_discarded(record, commands, image, range);
    }
    note_transfer(record, handle, from, to, name);
}

static void note_dependency(command_record *record, VkCommandBuffer commands,
                            const VkDependencyInfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->bufferMemoryBarrierCount; i++) {
        const VkBufferMemoryBarrier2 *barrier = &info->pBufferMemoryBarriers[i];
        note_transfer(record, OBJECT_HANDLE(barrier->buffer), barrier->srcQueueFamilyIndex,
                      barrier->dstQueueFamilyIndex, name);
    }
    for (uint32_t i = 0; i < info->imageMemoryBarrierCount; i++) {
        const VkImageMemoryBarrier2 *barrier = &info->pImageMemoryBarriers[i];
        note_image(record, commands, barrier->image, barrier->oldLayout,
                   barrier->srcQueueFamilyIndex, barrier->dstQueueFamilyIndex,
                   &barrier->subresourceRange, name);
    }
}

static void note_barriers(command_record *record, VkCommandBuffer commands, uint32_t buffer_count,
                          const VkBufferMemoryBarrier *buffers, uint32_t image_count,
                          const VkImageMemoryBarrier *images, const char *name)
{
    for (uint32_t i = 0; i < buffer_count; i++)
        note_transfer(record, OBJECT_HANDLE(buffers[i].buffer), buffers[i].srcQueueFamilyIndex,
                      buffers[i].dstQueueFamilyIndex, name);
    for (uint32_t i = 0; i < image_count; i++)
        note_image(record, commands, images[i].image, images[i].oldLayout,
                   images[i].srcQueueFamilyIndex, images[i].dstQueueFamilyIndex,
                   &images[i].subresourceRange, name);
}

#define USE(handle)       ownership_use(record, OBJECT_HANDLE(handle), name)
#define USE_SETS(point)   descriptors_use(record, VK_PIPELINE_BIND_POINT_##point, name)
#define POINT_FLAG(point) ((point) == VK_PIPELINE_BIND_POINT_GRAPHICS ? GRAPHICS : COMPUTE)

/* Every command that is looked at: its name, what a family must be able to do for it, parameters,
 * arguments, and what it notes. */
/* clang-format off */
#define COMMANDS(X)                                                                                \
    X(vkCmdDraw, GRAPHICS, (VkCommandBuffer c, uint32_t n, uint32_t i, uint32_t f, uint32_t g),    \
      (c, n, i, f, g), USE_SETS(GRAPHICS))                                                         \
    X(vkCmdDrawIndexed, GRAPHICS,                                                                  \
      (VkCommandBuffer c, uint32_t n, uint32_t i, uint32_t f, int32_t o, uint32_t g),              \
      (c, n, i, f, o, g), USE_SETS(GRAPHICS))                                                      \
    X(vkCmdDrawIndirect, GRAPHICS,                                                                 \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, uint32_t n, uint32_t s),                     \
      (c, b, o, n, s), (USE(b), USE_SETS(GRAPHICS)))                                               \
    X(vkCmdDrawIndexedIndirect, GRAPHICS,                                                          \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, uint32_t n, uint32_t s),                     \
      (c, b, o, n, s), (USE(b), USE_SETS(GRAPHICS)))                                               \
    X(vkCmdDrawIndirectCount, GRAPHICS,                                                            \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, VkBuffer d, VkDeviceSize p, uint32_t n,      \
       uint32_t s), (c, b, o, d, p, n, s), (USE(b), USE(d), USE_SETS(GRAPHICS)))                   \
    X(vkCmdDrawIndexedIndirectCount, GRAPHICS,                                                     \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, VkBuffer d, VkDeviceSize p, uint32_t n,      \
       uint32_t s), (c, b, o, d, p, n, s), (USE(b), USE(d), USE_SETS(GRAPHICS)))                   \
    X(vkCmdBeginRendering, GRAPHICS, (VkCommandBuffer c, const VkRenderingInfo *i), (c, i),        \
      use_attachments(record, i, name))                                                            \
    X(vkCmdBeginRenderPass, GRAPHICS,                                                              \
      (VkCommandBuffer c, const VkRenderPassBeginInfo *i, VkSubpassContents s), (c, i, s), (void)0)\
    X(vkCmdBeginRenderPass2, GRAPHICS,                                                             \
      (VkCommandBuffer c, const VkRenderPassBeginInfo *i, const VkSubpassBeginInfo *s), (c, i, s), \
      (void)0)                                                                                     \
    X(vkCmdBindVertexBuffers, GRAPHICS,                                                            \
      (VkCommandBuffer c, uint32_t f, uint32_t n, const VkBuffer *b, const VkDeviceSize *o),       \
      (c, f, n, b, o), use_buffers(record, n, b, name))                                            \
    X(vkCmdBindVertexBuffers2, GRAPHICS,                                                           \
      (VkCommandBuffer c, uint32_t f, uint32_t n, const VkBuffer *b, const VkDeviceSize *o,        \
       const VkDeviceSize *z, const VkDeviceSize *s),                                              \
      (c, f, n, b, o, z, s), use_buffers(record, n, b, name))                                      \
    X(vkCmdBindIndexBuffer, GRAPHICS,                                                              \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, VkIndexType t), (c, b, o, t), USE(b))        \
    X(vkCmdClearAttachments, GRAPHICS,                                                             \
      (VkCommandBuffer c, uint32_t n, const VkClearAttachment *a, uint32_t m,                      \
       const VkClearRect *r), (c, n, a, m, r), (void)0)                                            \
    X(vkCmdClearDepthStencilImage, GRAPHICS,                                                       \
      (VkCommandBuffer c, VkImage i, VkImageLayout l, const VkClearDepthStencilValue *v,           \
       uint32_t n, const VkImageSubresourceRange *r), (c, i, l, v, n, r), USE(i))                  \
    X(vkCmdBlitImage, GRAPHICS,                                                                    \
      (VkCommandBuffer c, VkImage s, VkImageLayout l, VkImage d, VkImageLayout m, uint32_t n,      \
       const VkImageBlit *r, VkFilter f), (c, s, l, d, m, n, r, f), (USE(s), USE(d)))              \
    X(vkCmdBlitImage2, GRAPHICS, (VkCommandBuffer c, const VkBlitImageInfo2 *i), (c, i),           \
      (USE(i->srcImage), USE(i->dstImage)))                                                        \
    X(vkCmdResolveImage2, GRAPHICS, (VkCommandBuffer c, const VkResolveImageInfo2 *i), (c, i),     \
      (USE(i->srcImage), USE(i->dstImage)))                                                        \
    X(vkCmdDispatch, COMPUTE, (VkCommandBuffer c, uint32_t x, uint32_t y, uint32_t z),             \
      (c, x, y, z), USE_SETS(COMPUTE))                                                             \
    X(vkCmdDispatchBase, COMPUTE,                                                                  \
      (VkCommandBuffer c, uint32_t u, uint32_t v, uint32_t w, uint32_t x, uint32_t y, uint32_t z), \
      (c, u, v, w, x, y, z), USE_SETS(COMPUTE))                                                    \
    X(vkCmdDispatchIndirect, COMPUTE, (VkCommandBuffer c, VkBuffer b, VkDeviceSize o), (c, b, o),  \
      (USE(b), USE_SETS(COMPUTE)))                                                                 \
    X(vkCmdBindPipeline, POINT_FLAG(p), (VkCommandBuffer c, VkPipelineBindPoint p, VkPipeline l),  \
      (c, p, l), (void)0)                                                                          \
    X(vkCmdBindDescriptorSets, POINT_FLAG(p),                                                      \
      (VkCommandBuffer c, VkPipelineBindPoint p, VkPipelineLayout l, uint32_t f, uint32_t n,       \
       const VkDescriptorSet *s, uint32_t m, const uint32_t *o),                                   \
      (c, p, l, f, n, s, m, o), bind_sets(record, p, f, n, s))                                     \
    X(vkCmdPushConstants, GRAPHICS | COMPUTE,                                                      \
      (VkCommandBuffer c, VkPipelineLayout l, VkShaderStageFlags s, uint32_t o, uint32_t n,        \
       const void *v), (c, l, s, o, n, v), (void)0)                                                \
    X(vkCmdResetQueryPool, GRAPHICS | COMPUTE,                                                     \
      (VkCommandBuffer c, VkQueryPool p, uint32_t f, uint32_t n), (c, p, f, n), (void)0)           \
    X(vkCmdCopyQueryPoolResults, GRAPHICS | COMPUTE,                                               \
      (VkCommandBuffer c, VkQueryPool p, uint32_t f, uint32_t n, VkBuffer b, VkDeviceSize o,       \
       VkDeviceSize s, VkQueryResultFlags g), (c, p, f, n, b, o, s, g), USE(b))                    \
    X(vkCmdClearColorImage, GRAPHICS | COMPUTE,                                                    \
      (VkCommandBuffer c, VkImage i, VkImageLayout l, const VkClearColorValue *v, uint32_t n,      \
       const VkImageSubresourceRange *r), (c, i, l, v, n, r), USE(i))                              \
    X(vkCmdFillBuffer, ANY,                                                                        \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, VkDeviceSize n, uint32_t v),                 \
      (c, b, o, n, v), USE(b))                                                                     \
    X(vkCmdUpdateBuffer, ANY,                                                                      \
      (VkCommandBuffer c, VkBuffer b, VkDeviceSize o, VkDeviceSize n, const void *v),              \
      (c, b, o, n, v), USE(b))                                                                     \
    X(vkCmdCopyBuffer, ANY,                                                                        \
      (VkCommandBuffer c, VkBuffer s, VkBuffer d, uint32_t n, const VkBufferCopy *r),              \
      (c, s, d, n, r), (USE(s), USE(d)))                                                           \
    X(vkCmdCopyBuffer2, ANY, (VkCommandBuffer c, const VkCopyBufferInfo2 *i), (c, i),              \
      (USE(i->srcBuffer), USE(i->dstBuffer)))                                                      \
    X(vkCmdCopyImage, ANY,                                                                         \
      (VkCommandBuffer c, VkImage s, VkImageLayout l, VkImage d, VkImageLayout m, uint32_t n,      \
       const VkImageCopy *r), (c, s, l, d, m, n, r), (USE(s), USE(d)))                             \
    X(vkCmdCopyImage2, ANY, (VkCommandBuffer c, const VkCopyImageInfo2 *i), (c, i),                \
      (USE(i->srcImage), USE(i->dstImage)))                                                        \
    X(vkCmdCopyBufferToImage, ANY,                                                                 \
      (VkCommandBuffer c, VkBuffer s, VkImage d, VkImageLayout l, uint32_t n,                      \
       const VkBufferImageCopy *r), (c, s, d, l, n, r), (USE(s), USE(d)))                          \
    X(vkCmdCopyBufferToImage2, ANY, (VkCommandBuffer c, const VkCopyBufferToImageInfo2 *i),        \
      (c, i), (USE(i->srcBuffer), USE(i->dstImage)))                                               \
    X(vkCmdCopyImageToBuffer, ANY,                                                                 \
      (VkCommandBuffer c, VkImage s, VkImageLayout l, VkBuffer d, uint32_t n,                      \
       const VkBufferImageCopy *r), (c, s, l, d, n, r), (USE(s), USE(d)))                          \
    X(vkCmdCopyImageToBuffer2, ANY, (VkCommandBuffer c, const VkCopyImageToBufferInfo2 *i),        \
      (c, i), (USE(i->srcImage), USE(i->dstBuffer)))                                               \
    X(vkCmdPipelineBarrier2, ANY, (VkCommandBuffer c, const VkDependencyInfo *i), (c, i),          \
      note_dependency(record, c, i, name))                                                         \
    X(vkCmdPipelineBarrier, ANY,                                                                   \
      (VkCommandBuffer c, VkPipelineStageFlags s, VkPipelineStageFlags t, VkDependencyFlags f,     \
       uint32_t k, const VkMemoryBarrier *a, uint32_t m, const VkBufferMemoryBarrier *b,           \
       uint32_t n, const VkImageMemoryBarrier *i), (c, s, t, f, k, a, m, b, n, i),                 \
      note_barriers(record, c, m, b, n, i, name))                                                  \
    X(vkCmdExecuteCommands, ANY, (VkCommandBuffer c, uint32_t n, const VkCommandBuffer *s),        \
      (c, n, s), add_secondaries(record, n, s))
/* clang-format on */

#define DEFINE_COMMAND(vulkan_name, abilities, parameters, arguments, noting)                      \
    static VKAPI_ATTR void VKAPI_CALL own_##vulkan_name parameters                                 \
    {                                                                                              \
        static const char name[] = #vulkan_name;                                                   \
        command_record *record = enter(c, name, (abilities));                                      \
        noting;                                                                                    \
        LAYER_NEXT(record->device->base, vulkan_name) arguments;                                   \
    }
COMMANDS(DEFINE_COMMAND)

#define COMMAND_ENTRY(vulkan_name, abilities, parameters, arguments, noting)                       \
    LAYER_FUNCTION(vulkan_name, own_##vulkan_name),

const layer_function command_functions[] = {
    LAYER_FUNCTION(vkCreateCommandPool, create_pool),
    LAYER_FUNCTION(vkDestroyCommandPool, destroy_pool),
    LAYER_FUNCTION(vkAllocateCommandBuffers, allocate_commands),
    LAYER_FUNCTION(vkFreeCommandBuffers, free_commands),
    LAYER_FUNCTION(vkBeginCommandBuffer, begin_commands),
    COMMANDS(COMMAND_ENTRY) LAYER_FUNCTION(vkCmdPipelineBarrier2KHR, own_vkCmdPipelineBarrier2),
    LAYER_FUNCTION(vkCmdBeginRenderingKHR, own_vkCmdBeginRendering),
    LAYER_FUNCTION(vkCmdDrawIndirectCountKHR, own_vkCmdDrawIndirectCount),
    LAYER_FUNCTION(vkCmdDrawIndexedIndirectCountKHR, own_vkCmdDrawIndexedIndirectCount),
    LAYER_FUNCTION(vkCmdCopyBuffer2KHR, own_vkCmdCopyBuffer2),
};
const size_t command_function_count = LAYER_COUNT(command_functions);
