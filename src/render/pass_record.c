#include "render/pass_record.h"

#include <tandem/renderer.h>

#include "render/pass_sets.h"

#define SHADE_GROUP  8 /* pixels across and down, as in shade.comp */
#define CLEAR_GROUPS 256

void tdi_pass_bind(const tdi_passes *passes, VkCommandBuffer commands, tdi_pass_pipeline index,
                   const VkDescriptorSet sets[2], const tdi_pass_push *push)
{
    const tdi_pipeline *pipeline = &passes->pipelines[index];
    const struct VolkDeviceTable *vk = &passes->device->vk;
    vk->vkCmdBindPipeline(commands, pipeline->bind_point, pipeline->handle);
    vk->vkCmdBindDescriptorSets(commands, pipeline->bind_point, pipeline->layout, 0,
                                pipeline->bindless ? 2 : 1, sets, 0, NULL);
    vk->vkCmdPushConstants(commands, pipeline->layout, pipeline->stages, 0, sizeof *push, push);
}

void tdi_pass_bind_context(const td_pass_context *context, tdi_pass_pipeline index,
                           const struct tdi_output_layout *result)
{
    const tdi_pass_frame *frame = context->frame;
    const VkDescriptorSet sets[] = {tdi_pass_set(context, index), frame->bindless};
    tdi_pass_push push = {.frame = frame->address};
    if (result)
        push.result = *result;
    tdi_pass_bind(context->user, context->commands, index, sets, &push);
}

static uint32_t groups(uint32_t count, uint32_t size)
{
    return (count + size - 1) / size;
}

void tdi_record_clear(const td_pass_context *context)
{
    tdi_pass_bind_context(context, TDI_PIPELINE_CLEAR, NULL);
    context->device->vk.vkCmdDispatch(context->commands, CLEAR_GROUPS, 1, 1);
}

static tdi_pass_pipeline cull_pipeline(td_raster raster)
{
    return raster == TD_RASTER_HARDWARE         ? TDI_PIPELINE_CULL_INDIRECT
           : raster == TD_RASTER_HARDWARE_DRAWS ? TDI_PIPELINE_CULL_DRAWS
                                                : TDI_PIPELINE_CULL;
}

void tdi_record_cull(const td_pass_context *context)
{
    const tdi_passes *passes = context->user;
    const tdi_pass_frame *frame = context->frame;
    const uint32_t wanted = groups(frame->frame->cluster_instance_count, TDI_CULL_GROUP);
    tdi_pass_bind_context(context, cull_pipeline(passes->params.raster), NULL);
    context->device->vk.vkCmdDispatch(context->commands,
                                      wanted < TDI_MAX_GROUPS ? wanted : TDI_MAX_GROUPS,
                                      frame->frame->view_count, 1);
}

static void dispatch_list(const td_pass_context *context, tdi_pass_pipeline pipeline,
                          tdi_pass_role lists, uint32_t list)
{
    const tdi_passes *passes = context->user;
    const td_bound *bound = &context->resources[passes->roles[lists]];
    tdi_pass_bind_context(context, pipeline, NULL);
    context->device->vk.vkCmdDispatchIndirect(
        context->commands, bound->buffer, bound->offset + list * sizeof(struct tdi_dispatch_list));
}

/* What the graphics pipeline draws is left to it. */
void tdi_record_raster(const td_pass_context *context)
{
    const tdi_passes *passes = context->user;
    const bool plain = passes->params.raster == TD_RASTER_COMPUTE;
    if (plain)
        dispatch_list(context, TDI_PIPELINE_RASTER, TDI_ROLE_LISTS, TDI_LIST_PLAIN);
    dispatch_list(context, TDI_PIPELINE_RASTER_CLIP, TDI_ROLE_LISTS, TDI_LIST_CLIP);
    if (!passes->params.masked)
        return;
    if (plain)
        dispatch_list(context, TDI_PIPELINE_RASTER_MASKED, TDI_ROLE_LISTS, TDI_LIST_MASKED);
    dispatch_list(context, TDI_PIPELINE_RASTER_CLIP_MASKED, TDI_ROLE_LISTS,
                  TDI_LIST_MASKED | TDI_LIST_CLIP);
}

void tdi_record_raster_large(const td_pass_context *context)
{
    const tdi_passes *passes = context->user;
    dispatch_list(context, TDI_PIPELINE_RASTER_LARGE, TDI_ROLE_LARGE_LISTS, TDI_LARGE_OPAQUE);
    if (passes->params.masked)
        dispatch_list(context, TDI_PIPELINE_RASTER_LARGE_MASKED, TDI_ROLE_LARGE_LISTS,
                      TDI_LARGE_MASKED);
}

/* Where the outputs lie in the readback slot. */
static struct tdi_output_layout slot_layout(const struct tdi_frame *frame)
{
    const uint32_t row = frame->tile_y - frame->first_row;
    const uint32_t first = row * frame->image_width + frame->tile_x;
    return (struct tdi_output_layout){
        .color_word = frame->color_word + first,
        .depth_word = frame->depth_word + first,
        .object_word = frame->object_word + first,
        .row_words = frame->image_width,
        .view_words = frame->view_words,
    };
}

/* The same in device memory, where only the tile lies: view by view, output by output. */
static struct tdi_output_layout staged_layout(const struct tdi_frame *frame)
{
    const uint32_t pixels = frame->tile_width * frame->tile_height;
    uint32_t next = 0;
    struct tdi_output_layout layout = {.row_words = frame->tile_width};
    layout.color_word = next;
    next += frame->outputs & TD_OUTPUT_COLOR ? pixels : 0;
    layout.depth_word = next;
    next += frame->outputs & TD_OUTPUT_DEPTH ? pixels : 0;
    layout.object_word = next;
    next += frame->outputs & TD_OUTPUT_OBJECT ? pixels : 0;
    layout.view_words = next;
    return layout;
}

void tdi_record_shade(const td_pass_context *context)
{
    const tdi_passes *passes = context->user;
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const struct tdi_output_layout layout =
        passes->params.copy_out ? staged_layout(frame) : slot_layout(frame);
    tdi_pass_bind_context(
        context, passes->params.footprint ? TDI_PIPELINE_FOOTPRINT : TDI_PIPELINE_SHADE, &layout);
    context->device->vk.vkCmdDispatch(context->commands, groups(frame->tile_width, SHADE_GROUP),
                                      groups(frame->tile_height, SHADE_GROUP), frame->view_count);
}

static void copy_rows(const td_pass_context *context, uint32_t from, uint32_t to)
{
    const tdi_passes *passes = context->user;
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const td_bound *source = &context->resources[passes->roles[TDI_ROLE_PIXELS]];
    const td_bound *result = &context->resources[passes->result];
    const bool whole = frame->tile_width == frame->image_width;
    const uint32_t copies = whole ? 1 : frame->tile_height;
    const uint32_t words = whole ? frame->tile_width * frame->tile_height : frame->tile_width;
    for (uint32_t i = 0; i < copies; i++) {
        const VkBufferCopy region = {
            .srcOffset = source->offset + 4 * ((VkDeviceSize)from + i * frame->tile_width),
            .dstOffset = result->offset + 4 * ((VkDeviceSize)to + i * frame->image_width),
            .size = 4 * (VkDeviceSize)words,
        };
        context->device->vk.vkCmdCopyBuffer(context->commands, source->buffer, result->buffer, 1,
                                            &region);
    }
}

void tdi_record_copy(const td_pass_context *context)
{
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const struct tdi_output_layout from = staged_layout(frame);
    const struct tdi_output_layout to = slot_layout(frame);
    for (uint32_t view = 0; view < frame->view_count; view++) {
        const uint32_t source = view * from.view_words, target = view * to.view_words;
        if (frame->outputs & TD_OUTPUT_COLOR)
            copy_rows(context, source + from.color_word, target + to.color_word);
        if (frame->outputs & TD_OUTPUT_DEPTH)
            copy_rows(context, source + from.depth_word, target + to.depth_word);
        if (frame->outputs & TD_OUTPUT_OBJECT)
            copy_rows(context, source + from.object_word, target + to.object_word);
    }
}
