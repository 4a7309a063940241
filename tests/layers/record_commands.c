/* Every vkCmd* of Vulkan 1.3 but those of render pass objects and events of Vulkan 1.0, and the
 * labels of VK_EXT_debug_utils: written, then passed on. */
#include "record_stream.h"

/* ---- commands whose arguments are all values ---- */

#define COMMAND_0(name)                                                                            \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c)                            \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c);                                                               \
    }
#define COMMAND_1(name, A)                                                                         \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1)                      \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1);                                                           \
    }
#define COMMAND_2(name, A, B)                                                                      \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1, B x2)                \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        RECORD(stream, x2);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1, x2);                                                       \
    }
#define COMMAND_3(name, A, B, C)                                                                   \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1, B x2, C x3)          \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        RECORD(stream, x2);                                                                        \
        RECORD(stream, x3);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1, x2, x3);                                                   \
    }
#define COMMAND_4(name, A, B, C, D)                                                                \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1, B x2, C x3, D x4)    \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        RECORD(stream, x2);                                                                        \
        RECORD(stream, x3);                                                                        \
        RECORD(stream, x4);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1, x2, x3, x4);                                               \
    }
#define COMMAND_5(name, A, B, C, D, E)                                                             \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1, B x2, C x3, D x4,    \
                                                     E x5)                                         \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        RECORD(stream, x2);                                                                        \
        RECORD(stream, x3);                                                                        \
        RECORD(stream, x4);                                                                        \
        RECORD(stream, x5);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1, x2, x3, x4, x5);                                           \
    }
#define COMMAND_6(name, A, B, C, D, E, F)                                                          \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1, B x2, C x3, D x4,    \
                                                     E x5, F x6)                                   \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        RECORD(stream, x2);                                                                        \
        RECORD(stream, x3);                                                                        \
        RECORD(stream, x4);                                                                        \
        RECORD(stream, x5);                                                                        \
        RECORD(stream, x6);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1, x2, x3, x4, x5, x6);                                       \
    }
#define COMMAND_7(name, A, B, C, D, E, F, G)                                                       \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, A x1, B x2, C x3, D x4,    \
                                                     E x5, F x6, G x7)                             \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, x1);                                                                        \
        RECORD(stream, x2);                                                                        \
        RECORD(stream, x3);                                                                        \
        RECORD(stream, x4);                                                                        \
        RECORD(stream, x5);                                                                        \
        RECORD(stream, x6);                                                                        \
        RECORD(stream, x7);                                                                        \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, x1, x2, x3, x4, x5, x6, x7);                                   \
    }

/* The number of arguments after the command buffer, then the command and their types. */
#define VALUE_COMMANDS(X)                                                                          \
    X(2, vkCmdBindPipeline, VkPipelineBindPoint, VkPipeline)                                       \
    X(1, vkCmdSetLineWidth, float)                                                                 \
    X(3, vkCmdSetDepthBias, float, float, float)                                                   \
    X(2, vkCmdSetDepthBounds, float, float)                                                        \
    X(2, vkCmdSetStencilCompareMask, VkStencilFaceFlags, uint32_t)                                 \
    X(2, vkCmdSetStencilWriteMask, VkStencilFaceFlags, uint32_t)                                   \
    X(2, vkCmdSetStencilReference, VkStencilFaceFlags, uint32_t)                                   \
    X(3, vkCmdBindIndexBuffer, VkBuffer, VkDeviceSize, VkIndexType)                                \
    X(4, vkCmdDraw, uint32_t, uint32_t, uint32_t, uint32_t)                                        \
    X(5, vkCmdDrawIndexed, uint32_t, uint32_t, uint32_t, int32_t, uint32_t)                        \
    X(4, vkCmdDrawIndirect, VkBuffer, VkDeviceSize, uint32_t, uint32_t)                            \
    X(4, vkCmdDrawIndexedIndirect, VkBuffer, VkDeviceSize, uint32_t, uint32_t)                     \
    X(6, vkCmdDrawIndirectCount, VkBuffer, VkDeviceSize, VkBuffer, VkDeviceSize, uint32_t,         \
      uint32_t)                                                                                    \
    X(6, vkCmdDrawIndexedIndirectCount, VkBuffer, VkDeviceSize, VkBuffer, VkDeviceSize, uint32_t,  \
      uint32_t)                                                                                    \
    X(3, vkCmdDispatch, uint32_t, uint32_t, uint32_t)                                              \
    X(6, vkCmdDispatchBase, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t)            \
    X(2, vkCmdDispatchIndirect, VkBuffer, VkDeviceSize)                                            \
    X(4, vkCmdFillBuffer, VkBuffer, VkDeviceSize, VkDeviceSize, uint32_t)                          \
    X(3, vkCmdBeginQuery, VkQueryPool, uint32_t, VkQueryControlFlags)                              \
    X(2, vkCmdEndQuery, VkQueryPool, uint32_t)                                                     \
    X(3, vkCmdResetQueryPool, VkQueryPool, uint32_t, uint32_t)                                     \
    X(3, vkCmdWriteTimestamp, VkPipelineStageFlagBits, VkQueryPool, uint32_t)                      \
    X(3, vkCmdWriteTimestamp2, VkPipelineStageFlags2, VkQueryPool, uint32_t)                       \
    X(7, vkCmdCopyQueryPoolResults, VkQueryPool, uint32_t, uint32_t, VkBuffer, VkDeviceSize,       \
      VkDeviceSize, VkQueryResultFlags)                                                            \
    X(2, vkCmdResetEvent2, VkEvent, VkPipelineStageFlags2)                                         \
    X(1, vkCmdSetDeviceMask, uint32_t)                                                             \
    X(0, vkCmdEndRendering)                                                                        \
    X(1, vkCmdSetCullMode, VkCullModeFlags)                                                        \
    X(1, vkCmdSetFrontFace, VkFrontFace)                                                           \
    X(1, vkCmdSetPrimitiveTopology, VkPrimitiveTopology)                                           \
    X(1, vkCmdSetDepthTestEnable, VkBool32)                                                        \
    X(1, vkCmdSetDepthWriteEnable, VkBool32)                                                       \
    X(1, vkCmdSetDepthCompareOp, VkCompareOp)                                                      \
    X(1, vkCmdSetDepthBoundsTestEnable, VkBool32)                                                  \
    X(1, vkCmdSetStencilTestEnable, VkBool32)                                                      \
    X(5, vkCmdSetStencilOp, VkStencilFaceFlags, VkStencilOp, VkStencilOp, VkStencilOp,             \
      VkCompareOp)                                                                                 \
    X(1, vkCmdSetRasterizerDiscardEnable, VkBool32)                                                \
    X(1, vkCmdSetDepthBiasEnable, VkBool32)                                                        \
    X(1, vkCmdSetPrimitiveRestartEnable, VkBool32)

#define DEFINE_VALUE_COMMAND(n, ...)   DEFINE_VALUE_COMMAND_N(n, __VA_ARGS__)
#define DEFINE_VALUE_COMMAND_N(n, ...) COMMAND_##n(__VA_ARGS__)
VALUE_COMMANDS(DEFINE_VALUE_COMMAND)

/* ---- commands with arrays of numbers ---- */

#define ARRAY_COMMAND(name, type)                                                                  \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, uint32_t first,            \
                                                     uint32_t count, const type *values)           \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, first);                                                                     \
        record_words(stream, values, count * sizeof *values);                                      \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, first, count, values);                                         \
    }
ARRAY_COMMAND(vkCmdSetViewport, VkViewport)
ARRAY_COMMAND(vkCmdSetScissor, VkRect2D)

#define COUNTED_COMMAND(name, type)                                                                \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, uint32_t count,            \
                                                     const type *values)                           \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        record_words(stream, values, count * sizeof *values);                                      \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, count, values);                                                \
    }
COUNTED_COMMAND(vkCmdSetViewportWithCount, VkViewport)
COUNTED_COMMAND(vkCmdSetScissorWithCount, VkRect2D)

static VKAPI_ATTR void VKAPI_CALL command_vkCmdSetBlendConstants(VkCommandBuffer c,
                                                                 const float values[4])
{
    RECORD_START(vkCmdSetBlendConstants, c);
    record_words(stream, values, 4 * sizeof *values);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdSetBlendConstants)(c, values);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdClearAttachments(VkCommandBuffer c, uint32_t count,
                                                                const VkClearAttachment *clears,
                                                                uint32_t rect_count,
                                                                const VkClearRect *rects)
{
    RECORD_START(vkCmdClearAttachments, c);
    record_words(stream, clears, count * sizeof *clears);
    record_words(stream, rects, rect_count * sizeof *rects);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdClearAttachments)(c, count, clears, rect_count, rects);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdPushConstants(VkCommandBuffer c,
                                                             VkPipelineLayout layout,
                                                             VkShaderStageFlags stages,
                                                             uint32_t offset, uint32_t size,
                                                             const void *values)
{
    RECORD_START(vkCmdPushConstants, c);
    RECORD(stream, layout);
    RECORD(stream, stages);
    RECORD(stream, offset);
    record_push(stream, values, size);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdPushConstants)(c, layout, stages, offset, size, values);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdUpdateBuffer(VkCommandBuffer c, VkBuffer buffer,
                                                            VkDeviceSize offset, VkDeviceSize size,
                                                            const void *data)
{
    RECORD_START(vkCmdUpdateBuffer, c);
    RECORD(stream, buffer);
    RECORD(stream, offset);
    record_words(stream, data, size);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdUpdateBuffer)(c, buffer, offset, size, data);
}

/* ---- binding ---- */

static VKAPI_ATTR void VKAPI_CALL command_vkCmdBindDescriptorSets(
    VkCommandBuffer c, VkPipelineBindPoint point, VkPipelineLayout layout, uint32_t first,
    uint32_t count, const VkDescriptorSet *sets, uint32_t offset_count, const uint32_t *offsets)
{
    RECORD_START(vkCmdBindDescriptorSets, c);
    RECORD(stream, point);
    RECORD(stream, layout);
    RECORD(stream, first);
    for (uint32_t i = 0; i < count; i++)
        RECORD(stream, sets[i]);
    record_words(stream, offsets, offset_count * sizeof *offsets);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdBindDescriptorSets)
    (c, point, layout, first, count, sets, offset_count, offsets);
}

static void record_vertex_buffers(record_stream *stream, uint32_t first, uint32_t count,
                                  const VkBuffer *buffers, const VkDeviceSize *offsets)
{
    RECORD(stream, first);
    for (uint32_t i = 0; i < count; i++) {
        RECORD(stream, buffers[i]);
        RECORD(stream, offsets[i]);
    }
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdBindVertexBuffers(VkCommandBuffer c, uint32_t first,
                                                                 uint32_t count,
                                                                 const VkBuffer *buffers,
                                                                 const VkDeviceSize *offsets)
{
    RECORD_START(vkCmdBindVertexBuffers, c);
    record_vertex_buffers(stream, first, count, buffers, offsets);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdBindVertexBuffers)(c, first, count, buffers, offsets);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdBindVertexBuffers2(
    VkCommandBuffer c, uint32_t first, uint32_t count, const VkBuffer *buffers,
    const VkDeviceSize *offsets, const VkDeviceSize *sizes, const VkDeviceSize *strides)
{
    RECORD_START(vkCmdBindVertexBuffers2, c);
    record_vertex_buffers(stream, first, count, buffers, offsets);
    record_text(stream, sizes ? "sizes" : "");
    for (uint32_t i = 0; i < count && sizes; i++)
        RECORD(stream, sizes[i]);
    record_text(stream, strides ? "strides" : "");
    for (uint32_t i = 0; i < count && strides; i++)
        RECORD(stream, strides[i]);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdBindVertexBuffers2)
    (c, first, count, buffers, offsets, sizes, strides);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdExecuteCommands(VkCommandBuffer c, uint32_t count,
                                                               const VkCommandBuffer *buffers)
{
    RECORD_START(vkCmdExecuteCommands, c);
    for (uint32_t i = 0; i < count; i++)
        RECORD(stream, buffers[i]);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdExecuteCommands)(c, count, buffers);
}

/* ---- copies: their regions hold nothing but numbers, without gaps ---- */

#define COPY_COMMAND(name, source, target, region)                                                 \
    static VKAPI_ATTR void VKAPI_CALL command_##name(VkCommandBuffer c, source from, target to,    \
                                                     uint32_t count, const region *regions)        \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, from);                                                                      \
        RECORD(stream, to);                                                                        \
        record_words(stream, regions, count * sizeof *regions);                                    \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, from, to, count, regions);                                     \
    }
COPY_COMMAND(vkCmdCopyBuffer, VkBuffer, VkBuffer, VkBufferCopy)

static VKAPI_ATTR void VKAPI_CALL command_vkCmdCopyBufferToImage(VkCommandBuffer c, VkBuffer from,
                                                                 VkImage to, VkImageLayout layout,
                                                                 uint32_t count,
                                                                 const VkBufferImageCopy *regions)
{
    RECORD_START(vkCmdCopyBufferToImage, c);
    RECORD(stream, from);
    RECORD(stream, to);
    RECORD(stream, layout);
    record_words(stream, regions, count * sizeof *regions);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdCopyBufferToImage)(c, from, to, layout, count, regions);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdCopyImageToBuffer(VkCommandBuffer c, VkImage from,
                                                                 VkImageLayout layout, VkBuffer to,
                                                                 uint32_t count,
                                                                 const VkBufferImageCopy *regions)
{
    RECORD_START(vkCmdCopyImageToBuffer, c);
    RECORD(stream, from);
    RECORD(stream, layout);
    RECORD(stream, to);
    record_words(stream, regions, count * sizeof *regions);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdCopyImageToBuffer)(c, from, layout, to, count, regions);
}

#define IMAGE_COPY_COMMAND(name, region)                                                           \
    static VKAPI_ATTR void VKAPI_CALL command_##name(                                              \
        VkCommandBuffer c, VkImage from, VkImageLayout from_layout, VkImage to,                    \
        VkImageLayout to_layout, uint32_t count, const region *regions)                            \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, from);                                                                      \
        RECORD(stream, from_layout);                                                               \
        RECORD(stream, to);                                                                        \
        RECORD(stream, to_layout);                                                                 \
        record_words(stream, regions, count * sizeof *regions);                                    \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, from, from_layout, to, to_layout, count, regions);             \
    }
IMAGE_COPY_COMMAND(vkCmdCopyImage, VkImageCopy)
IMAGE_COPY_COMMAND(vkCmdResolveImage, VkImageResolve)

static VKAPI_ATTR void VKAPI_CALL command_vkCmdBlitImage(VkCommandBuffer c, VkImage from,
                                                         VkImageLayout from_layout, VkImage to,
                                                         VkImageLayout to_layout, uint32_t count,
                                                         const VkImageBlit *regions,
                                                         VkFilter filter)
{
    RECORD_START(vkCmdBlitImage, c);
    RECORD(stream, from);
    RECORD(stream, from_layout);
    RECORD(stream, to);
    RECORD(stream, to_layout);
    record_words(stream, regions, count * sizeof *regions);
    RECORD(stream, filter);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdBlitImage)
    (c, from, from_layout, to, to_layout, count, regions, filter);
}

#define CLEAR_COMMAND(name, value_type)                                                            \
    static VKAPI_ATTR void VKAPI_CALL command_##name(                                              \
        VkCommandBuffer c, VkImage image, VkImageLayout layout, const value_type *value,           \
        uint32_t count, const VkImageSubresourceRange *ranges)                                     \
    {                                                                                              \
        RECORD_START(name, c);                                                                     \
        RECORD(stream, image);                                                                     \
        RECORD(stream, layout);                                                                    \
        record_words(stream, value, sizeof *value);                                                \
        record_words(stream, ranges, count * sizeof *ranges);                                      \
        record_line_end(stream);                                                                   \
        LAYER_NEXT(device, name)(c, image, layout, value, count, ranges);                          \
    }
CLEAR_COMMAND(vkCmdClearColorImage, VkClearColorValue)
CLEAR_COMMAND(vkCmdClearDepthStencilImage, VkClearDepthStencilValue)

/* ---- copies of Vulkan 1.3: each region has a head, then only numbers ---- */

#define RECORD_REGIONS(stream, count, regions, first_field)                                        \
    do {                                                                                           \
        for (uint32_t i_ = 0; i_ < (count); i_++) {                                                \
            record_no_chain(stream, (regions)[i_].pNext);                                          \
            record_words(stream, &(regions)[i_].first_field,                                       \
                         sizeof *(regions) - ((size_t)((const char *)&(regions)[i_].first_field -  \
                                                       (const char *)&(regions)[i_])));            \
        }                                                                                          \
    } while (0)

static VKAPI_ATTR void VKAPI_CALL command_vkCmdCopyBuffer2(VkCommandBuffer c,
                                                           const VkCopyBufferInfo2 *info)
{
    RECORD_START(vkCmdCopyBuffer2, c);
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->srcBuffer);
    RECORD(stream, info->dstBuffer);
    RECORD_REGIONS(stream, info->regionCount, info->pRegions, srcOffset);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdCopyBuffer2)(c, info);
}

static VKAPI_ATTR void VKAPI_CALL
command_vkCmdCopyBufferToImage2(VkCommandBuffer c, const VkCopyBufferToImageInfo2 *info)
{
    RECORD_START(vkCmdCopyBufferToImage2, c);
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->srcBuffer);
    RECORD(stream, info->dstImage);
    RECORD(stream, info->dstImageLayout);
    RECORD_REGIONS(stream, info->regionCount, info->pRegions, bufferOffset);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdCopyBufferToImage2)(c, info);
}

static VKAPI_ATTR void VKAPI_CALL
command_vkCmdCopyImageToBuffer2(VkCommandBuffer c, const VkCopyImageToBufferInfo2 *info)
{
    RECORD_START(vkCmdCopyImageToBuffer2, c);
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->srcImage);
    RECORD(stream, info->srcImageLayout);
    RECORD(stream, info->dstBuffer);
    RECORD_REGIONS(stream, info->regionCount, info->pRegions, bufferOffset);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdCopyImageToBuffer2)(c, info);
}

/* ---- rendering ---- */

/* `size` is how much of the clear value means anything. */
static void record_attachment(record_stream *stream, const char *what,
                              const VkRenderingAttachmentInfo *info, size_t size)
{
    if (!info)
        return;
    record_text(stream, what);
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->imageView);
    RECORD(stream, info->imageLayout);
    RECORD(stream, info->resolveMode);
    RECORD(stream, info->resolveImageView);
    RECORD(stream, info->resolveImageLayout);
    RECORD(stream, info->loadOp);
    RECORD(stream, info->storeOp);
    if (info->loadOp == VK_ATTACHMENT_LOAD_OP_CLEAR)
        record_words(stream, &info->clearValue, size);
}

static VKAPI_ATTR void VKAPI_CALL command_vkCmdBeginRendering(VkCommandBuffer c,
                                                              const VkRenderingInfo *info)
{
    RECORD_START(vkCmdBeginRendering, c);
    record_no_chain(stream, info->pNext);
    RECORD(stream, info->flags);
    record_words(stream, &info->renderArea, sizeof info->renderArea);
    RECORD(stream, info->layerCount);
    RECORD(stream, info->viewMask);
    for (uint32_t i = 0; i < info->colorAttachmentCount; i++)
        record_attachment(stream, "color", &info->pColorAttachments[i], sizeof(VkClearColorValue));
    record_attachment(stream, "depth", info->pDepthAttachment, sizeof(VkClearDepthStencilValue));
    record_attachment(stream, "stencil", info->pStencilAttachment,
                      sizeof(VkClearDepthStencilValue));
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdBeginRendering)(c, info);
}

/* ---- labels ---- */

static VKAPI_ATTR void VKAPI_CALL
command_vkCmdBeginDebugUtilsLabelEXT(VkCommandBuffer c, const VkDebugUtilsLabelEXT *label)
{
    RECORD_START(vkCmdBeginDebugUtilsLabelEXT, c);
    record_text(stream, label->pLabelName);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdBeginDebugUtilsLabelEXT)(c, label);
}

static VKAPI_ATTR void VKAPI_CALL
command_vkCmdInsertDebugUtilsLabelEXT(VkCommandBuffer c, const VkDebugUtilsLabelEXT *label)
{
    RECORD_START(vkCmdInsertDebugUtilsLabelEXT, c);
    record_text(stream, label->pLabelName);
    record_line_end(stream);
    LAYER_NEXT(device, vkCmdInsertDebugUtilsLabelEXT)(c, label);
}

COMMAND_0(vkCmdEndDebugUtilsLabelEXT)

/* ---- the table ---- */

#define OWN(name)                 LAYER_FUNCTION(name, command_##name)
#define OWN_AS(alias, name)       LAYER_FUNCTION(alias, command_##name)
#define VALUE_ENTRY(n, name, ...) OWN(name),

const layer_function record_commands[] = {OWN(vkCmdSetViewport),
                                          OWN(vkCmdSetScissor),
                                          OWN(vkCmdSetViewportWithCount),
                                          OWN(vkCmdSetScissorWithCount),
                                          OWN(vkCmdSetBlendConstants),
                                          OWN(vkCmdClearAttachments),
                                          OWN(vkCmdPushConstants),
                                          OWN(vkCmdUpdateBuffer),
                                          OWN(vkCmdBindDescriptorSets),
                                          OWN(vkCmdBindVertexBuffers),
                                          OWN(vkCmdBindVertexBuffers2),
                                          OWN(vkCmdExecuteCommands),
                                          OWN(vkCmdCopyBuffer),
                                          OWN(vkCmdCopyBufferToImage),
                                          OWN(vkCmdCopyImageToBuffer),
                                          OWN(vkCmdCopyImage),
                                          OWN(vkCmdResolveImage),
                                          OWN(vkCmdBlitImage),
                                          OWN(vkCmdClearColorImage),
                                          OWN(vkCmdClearDepthStencilImage),
                                          OWN(vkCmdCopyBuffer2),
                                          OWN(vkCmdCopyBufferToImage2),
                                          OWN(vkCmdCopyImageToBuffer2),
                                          OWN(vkCmdBeginRendering),
                                          OWN_AS(vkCmdBeginRenderingKHR, vkCmdBeginRendering),
                                          OWN_AS(vkCmdEndRenderingKHR, vkCmdEndRendering),
                                          OWN_AS(vkCmdWriteTimestamp2KHR, vkCmdWriteTimestamp2),
                                          OWN(vkCmdBeginDebugUtilsLabelEXT),
                                          OWN(vkCmdInsertDebugUtilsLabelEXT),
                                          OWN(vkCmdEndDebugUtilsLabelEXT),
                                          VALUE_COMMANDS(VALUE_ENTRY)};
const size_t record_command_count = LAYER_COUNT(record_commands);
