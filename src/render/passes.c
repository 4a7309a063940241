#include "render/passes.h"

#include <string.h>

#include "base/memory.h"
#include "render/pipelines.h"

#define CULL_GROUP   64 /* invocations, as in cull.comp */
#define SHADE_GROUP  8  /* pixels across and down, as in shade.comp */
#define CLEAR_GROUPS 256

/* What lists.glsl lays out, in bytes. */
#define LIST_BYTES           16 /* a dispatch_list */
#define LIST_COUNT           4
#define LARGE_LIST_COUNT     2
#define LARGE_HEADER_BYTES   (LARGE_LIST_COUNT * LIST_BYTES + 8)
#define LARGE_TRIANGLE_BYTES 44
#define ENTRY_BYTES          8
#define WORD_BYTES           8

struct tdi_passes {
    td_device *device;
    tdi_passes_params params;
    tdi_pipeline pipelines[TDI_PIPELINE_COUNT];
    tdi_resource roles[TDI_ROLE_COUNT];
    tdi_resource frame;
    tdi_resource result;
};

td_result tdi_passes_create(td_device *device, const tdi_passes_params *params, tdi_passes **out)
{
    tdi_passes *passes = tdi_alloc_zero(1, sizeof *passes);
    if (!passes)
        return TD_ERROR_HOST_MEMORY;
    passes->device = device;
    passes->params = *params;
    const tdi_pipelines_params pipelines = {
        .samples = params->samples,
        .outputs = params->outputs,
        .masked = params->masked,
        .threads = params->threads,
    };
    const td_result result = tdi_pipelines_create(device, &pipelines, passes->pipelines);
    if (result != TD_OK) {
        tdi_free(passes);
        return result;
    }
    *out = passes;
    return TD_OK;
}

void tdi_passes_destroy(tdi_passes *passes)
{
    if (!passes)
        return;
    tdi_pipelines_destroy(passes->device, passes->pipelines);
    tdi_free(passes);
}

uint64_t tdi_passes_max_pixels(const tdi_passes *passes, const td_device *device)
{
    return device->max_storage_range / (WORD_BYTES * passes->params.samples);
}

/* Descriptor sets. */

struct tdi_pass_sets {
    td_device *device;
    tdi_descriptor_pool *pool;
    VkDescriptorSet sets[TDI_PIPELINE_COUNT];
    tdi_binding bindings[TDI_PIPELINE_COUNT][TDI_ROLE_COUNT]; /* as they were last written */
};

static uint32_t pipeline_count(const tdi_passes *passes)
{
    return passes->params.masked ? TDI_PIPELINE_COUNT : TDI_PIPELINE_RASTER_MASKED;
}

static td_result fill_sets(const tdi_passes *passes, tdi_pass_sets *sets)
{
    const uint32_t count = pipeline_count(passes);
    uint32_t buffers = 0;
    for (uint32_t i = 0; i < count; i++)
        buffers += passes->pipelines[i].binding_count;
    TDI_TRY(tdi_descriptor_pool_create(passes->device, count, buffers, &sets->pool));
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(tdi_descriptor_set_create(passes->device, sets->pool, &passes->pipelines[i], NULL,
                                          &sets->sets[i]));
    return TD_OK;
}

td_result tdi_pass_sets_create(const tdi_passes *passes, tdi_pass_sets **out)
{
    tdi_pass_sets *sets = tdi_alloc_zero(1, sizeof *sets);
    if (!sets)
        return TD_ERROR_HOST_MEMORY;
    sets->device = passes->device;
    const td_result result = fill_sets(passes, sets);
    if (result != TD_OK) {
        tdi_pass_sets_destroy(sets);
        return result;
    }
    *out = sets;
    return TD_OK;
}

void tdi_pass_sets_destroy(tdi_pass_sets *sets)
{
    if (!sets)
        return;
    tdi_descriptor_pool_destroy(sets->device, sets->pool);
    tdi_free(sets);
}

/* Recording. */

static void update_set(const tdi_pass_context *context, tdi_pass_pipeline index)
{
    const tdi_passes *passes = context->user;
    const tdi_pass_frame *frame = context->frame;
    tdi_binding bindings[TDI_ROLE_COUNT];
    const tdi_pass_role *roles;
    const uint32_t count = tdi_pipeline_roles(index, &roles);
    memset(bindings, 0, sizeof bindings);
    for (uint32_t i = 0; i < count; i++) {
        const tdi_bound *bound = &context->resources[passes->roles[roles[i]]];
        bindings[i].buffer = bound->buffer;
        bindings[i].offset = bound->offset;
        bindings[i].size = bound->size;
    }
    tdi_binding *written = frame->sets->bindings[index];
    if (memcmp(written, bindings, count * sizeof *bindings) == 0)
        return;
    memcpy(written, bindings, count * sizeof *bindings);
    tdi_descriptor_set_update(context->device, &passes->pipelines[index], frame->sets->sets[index],
                              bindings);
}

static void bind(const tdi_pass_context *context, tdi_pass_pipeline index,
                 const struct tdi_output_layout *result)
{
    const tdi_passes *passes = context->user;
    const tdi_pass_frame *frame = context->frame;
    const tdi_pipeline *pipeline = &passes->pipelines[index];
    update_set(context, index);
    const struct VolkDeviceTable *vk = &context->device->vk;
    const VkDescriptorSet sets[] = {frame->sets->sets[index], frame->bindless};
    tdi_pass_push push = {.frame = frame->address};
    if (result)
        push.result = *result;
    vk->vkCmdBindPipeline(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->handle);
    vk->vkCmdBindDescriptorSets(context->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->layout,
                                0, pipeline->bindless ? 2 : 1, sets, 0, NULL);
    vk->vkCmdPushConstants(context->commands, pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                           sizeof push, &push);
}

static uint32_t groups(uint32_t count, uint32_t size)
{
    return (count + size - 1) / size;
}

static void record_clear(const tdi_pass_context *context)
{
    bind(context, TDI_PIPELINE_CLEAR, NULL);
    context->device->vk.vkCmdDispatch(context->commands, CLEAR_GROUPS, 1, 1);
}

static void record_cull(const tdi_pass_context *context)
{
    const tdi_pass_frame *frame = context->frame;
    bind(context, TDI_PIPELINE_CULL, NULL);
    context->device->vk.vkCmdDispatch(context->commands,
                                      groups(frame->frame->cluster_instance_count, CULL_GROUP),
                                      frame->frame->view_count, 1);
}

static void dispatch_list(const tdi_pass_context *context, tdi_pass_pipeline pipeline,
                          tdi_pass_role lists, uint32_t list)
{
    const tdi_passes *passes = context->user;
    const tdi_bound *bound = &context->resources[passes->roles[lists]];
    bind(context, pipeline, NULL);
    context->device->vk.vkCmdDispatchIndirect(context->commands, bound->buffer,
                                              bound->offset + list * LIST_BYTES);
}

static void record_raster(const tdi_pass_context *context)
{
    const tdi_passes *passes = context->user;
    dispatch_list(context, TDI_PIPELINE_RASTER, TDI_ROLE_LISTS, 0);
    dispatch_list(context, TDI_PIPELINE_RASTER_CLIP, TDI_ROLE_LISTS, 1);
    if (!passes->params.masked)
        return;
    dispatch_list(context, TDI_PIPELINE_RASTER_MASKED, TDI_ROLE_LISTS, 2);
    dispatch_list(context, TDI_PIPELINE_RASTER_CLIP_MASKED, TDI_ROLE_LISTS, 3);
}

static void record_raster_large(const tdi_pass_context *context)
{
    const tdi_passes *passes = context->user;
    dispatch_list(context, TDI_PIPELINE_RASTER_LARGE, TDI_ROLE_LARGE_LISTS, 0);
    if (passes->params.masked)
        dispatch_list(context, TDI_PIPELINE_RASTER_LARGE_MASKED, TDI_ROLE_LARGE_LISTS, 1);
}

/* Where the outputs lie in the readback slot. */
static struct tdi_output_layout slot_layout(const struct tdi_frame *frame)
{
    const uint32_t first = frame->tile_y * frame->image_width + frame->tile_x;
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

static void record_shade(const tdi_pass_context *context)
{
    const tdi_passes *passes = context->user;
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const struct tdi_output_layout layout =
        passes->params.copy_out ? staged_layout(frame) : slot_layout(frame);
    bind(context, TDI_PIPELINE_SHADE, &layout);
    context->device->vk.vkCmdDispatch(context->commands, groups(frame->tile_width, SHADE_GROUP),
                                      groups(frame->tile_height, SHADE_GROUP), frame->view_count);
}

static void copy_rows(const tdi_pass_context *context, uint32_t from, uint32_t to)
{
    const tdi_passes *passes = context->user;
    const struct tdi_frame *frame = ((const tdi_pass_frame *)context->frame)->frame;
    const tdi_bound *source = &context->resources[passes->roles[TDI_ROLE_PIXELS]];
    const tdi_bound *result = &context->resources[passes->result];
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

static void record_copy(const tdi_pass_context *context)
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

/* Sizes of what lives within a frame. */

static VkDeviceSize view_pixels(const tdi_extent *extent)
{
    return (VkDeviceSize)extent->tile_width * extent->tile_height * extent->views;
}

static VkDeviceSize words_size(const tdi_extent *extent, void *user)
{
    (void)user;
    return WORD_BYTES * view_pixels(extent) * extent->samples;
}

static VkDeviceSize lists_size(const tdi_extent *extent, void *user)
{
    (void)extent;
    (void)user;
    return LIST_COUNT * LIST_BYTES;
}

static VkDeviceSize visible_size(const tdi_extent *extent, void *user)
{
    const tdi_passes *passes = user;
    const VkDeviceSize clusters = passes->params.cluster_instances;
    return 4 * (clusters > 0 ? clusters : 1) * extent->views;
}

static VkDeviceSize large_lists_size(const tdi_extent *extent, void *user)
{
    (void)extent;
    (void)user;
    return LARGE_HEADER_BYTES;
}

/* Room for some more than Sponza has from inside (6,000 and 29,000 in 2 Mpixel); what does not fit
 * is drawn all the same, only slower. */
static VkDeviceSize large_triangles_size(const tdi_extent *extent, void *user)
{
    (void)user;
    return LARGE_TRIANGLE_BYTES * (1024 + view_pixels(extent) / 128);
}

static VkDeviceSize entries_size(const tdi_extent *extent, void *user)
{
    (void)user;
    return ENTRY_BYTES * (4096 + view_pixels(extent) / 16);
}

static VkDeviceSize pixels_size(const tdi_extent *extent, void *user)
{
    const tdi_passes *passes = user;
    const uint32_t outputs = passes->params.outputs;
    const VkDeviceSize count = (outputs & TD_OUTPUT_COLOR ? 1u : 0u) +
                               (outputs & TD_OUTPUT_DEPTH ? 1u : 0u) +
                               (outputs & TD_OUTPUT_OBJECT ? 1u : 0u);
    return 4 * count * view_pixels(extent);
}

/* Declaring. */

static td_result add_resources(tdi_passes *passes, tdi_graph *graph)
{
    static const struct {
        const char *name;
        VkDeviceSize (*size)(const tdi_extent *extent, void *user);
    } transients[TDI_ROLE_COUNT] = {
        [TDI_ROLE_WORDS] = {"visibility words", words_size},
        [TDI_ROLE_LISTS] = {"lists of clusters", lists_size},
        [TDI_ROLE_VISIBLE] = {"visible clusters", visible_size},
        [TDI_ROLE_LARGE_LISTS] = {"lists of large triangles", large_lists_size},
        [TDI_ROLE_LARGE_TRIANGLES] = {"large triangles", large_triangles_size},
        [TDI_ROLE_ENTRIES] = {"bin entries", entries_size},
        [TDI_ROLE_PIXELS] = {"pixels", pixels_size},
    };
    const tdi_resource_params frame = {.name = "frame", .kind = TDI_RESOURCE_EXTERNAL};
    const tdi_resource_params result = {.name = "result", .kind = TDI_RESOURCE_EXTERNAL};
    TDI_TRY(tdi_graph_add_resource(graph, &frame, &passes->frame));
    TDI_TRY(tdi_graph_add_resource(graph, &result, &passes->result));
    for (uint32_t i = 0; i < TDI_ROLE_COUNT; i++) {
        const tdi_resource_params params = {
            .name = transients[i].name,
            .kind = TDI_RESOURCE_TRANSIENT,
            .size = transients[i].size,
            .user = passes,
        };
        if (i == TDI_ROLE_PIXELS && !passes->params.copy_out)
            passes->roles[i] = passes->result;
        else
            TDI_TRY(tdi_graph_add_resource(graph, &params, &passes->roles[i]));
    }
    return TD_OK;
}

#define STORAGE_READ  VK_ACCESS_2_SHADER_STORAGE_READ_BIT
#define STORAGE_WRITE VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT
#define INDIRECT_READ VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT

static tdi_use compute_use(tdi_resource resource, tdi_access_mode mode, tdi_before before)
{
    return (tdi_use){
        .resource = resource,
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
        .access = mode == TDI_READ    ? STORAGE_READ
                  : mode == TDI_WRITE ? STORAGE_WRITE
                                      : STORAGE_READ | STORAGE_WRITE,
        .mode = mode,
        .before = before,
    };
}

/* Lists that are read by the dispatch too. */
static tdi_use indirect_use(tdi_resource resource)
{
    tdi_use use = compute_use(resource, TDI_READ, TDI_KEPT);
    use.stages |= VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT;
    use.access |= INDIRECT_READ;
    return use;
}

static td_result add_pass(tdi_passes *passes, tdi_graph *graph, const char *name, td_lane lane,
                          tdi_record_fn record, const tdi_use *uses, uint32_t count)
{
    const tdi_pass_params params = {
        .name = name,
        .lane = lane,
        .capabilities = lane == TD_LANE_TRANSFER ? VK_QUEUE_TRANSFER_BIT : VK_QUEUE_COMPUTE_BIT,
        .uses = uses,
        .use_count = count,
        .record = record,
        .user = passes,
    };
    return tdi_graph_add_pass(graph, &params);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static td_result add_visibility(tdi_passes *passes, tdi_graph *graph)
{
    const tdi_resource *role = passes->roles;
    const tdi_use clear[] = {
        compute_use(passes->frame, TDI_READ, TDI_KEPT),
        compute_use(role[TDI_ROLE_WORDS], TDI_WRITE, TDI_UNDEFINED),
        compute_use(role[TDI_ROLE_LISTS], TDI_WRITE, TDI_UNDEFINED),
        compute_use(role[TDI_ROLE_LARGE_LISTS], TDI_WRITE, TDI_UNDEFINED),
    };
    const tdi_use cull[] = {
        compute_use(passes->frame, TDI_READ, TDI_KEPT),
        compute_use(role[TDI_ROLE_LISTS], TDI_ACCUMULATE, TDI_KEPT),
        compute_use(role[TDI_ROLE_VISIBLE], TDI_WRITE, TDI_UNDEFINED),
    };
    const tdi_use raster[] = {
        compute_use(passes->frame, TDI_READ, TDI_KEPT),
        compute_use(role[TDI_ROLE_WORDS], TDI_ACCUMULATE, TDI_KEPT),
        indirect_use(role[TDI_ROLE_LISTS]),
        compute_use(role[TDI_ROLE_VISIBLE], TDI_READ, TDI_KEPT),
        compute_use(role[TDI_ROLE_LARGE_LISTS], TDI_ACCUMULATE, TDI_KEPT),
        compute_use(role[TDI_ROLE_LARGE_TRIANGLES], TDI_WRITE, TDI_UNDEFINED),
        compute_use(role[TDI_ROLE_ENTRIES], TDI_WRITE, TDI_UNDEFINED),
    };
    const tdi_use large[] = {
        compute_use(passes->frame, TDI_READ, TDI_KEPT),
        compute_use(role[TDI_ROLE_WORDS], TDI_ACCUMULATE, TDI_KEPT),
        indirect_use(role[TDI_ROLE_LARGE_LISTS]),
        compute_use(role[TDI_ROLE_LARGE_TRIANGLES], TDI_READ, TDI_KEPT),
        compute_use(role[TDI_ROLE_ENTRIES], TDI_READ, TDI_KEPT),
    };
    TDI_TRY(add_pass(passes, graph, "clear", TD_LANE_COMPUTE, record_clear, clear, COUNT(clear)));
    TDI_TRY(add_pass(passes, graph, "cull", TD_LANE_COMPUTE, record_cull, cull, COUNT(cull)));
    TDI_TRY(
        add_pass(passes, graph, "raster", TD_LANE_COMPUTE, record_raster, raster, COUNT(raster)));
    return add_pass(passes, graph, "raster large", TD_LANE_COMPUTE, record_raster_large, large,
                    COUNT(large));
}

static td_result add_output(tdi_passes *passes, tdi_graph *graph)
{
    const tdi_resource pixels = passes->roles[TDI_ROLE_PIXELS];
    const tdi_use shade[] = {
        compute_use(passes->frame, TDI_READ, TDI_KEPT),
        compute_use(passes->roles[TDI_ROLE_WORDS], TDI_READ, TDI_KEPT),
        compute_use(pixels, TDI_WRITE, TDI_UNDEFINED),
    };
    const tdi_use copy[] = {
        {.resource = pixels,
         .stages = VK_PIPELINE_STAGE_2_COPY_BIT,
         .access = VK_ACCESS_2_TRANSFER_READ_BIT,
         .mode = TDI_READ},
        {.resource = passes->result,
         .stages = VK_PIPELINE_STAGE_2_COPY_BIT,
         .access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
         .mode = TDI_WRITE,
         .before = TDI_UNDEFINED},
    };
    const tdi_use host = {
        .resource = passes->result,
        .stages = VK_PIPELINE_STAGE_2_HOST_BIT,
        .access = VK_ACCESS_2_HOST_READ_BIT,
        .mode = TDI_READ,
    };
    const bool copied = passes->params.copy_out;
    TDI_TRY(add_pass(passes, graph, "shade", TD_LANE_GRAPHICS, record_shade, shade, COUNT(shade)));
    if (copied)
        TDI_TRY(add_pass(passes, graph, "copy", TD_LANE_TRANSFER, record_copy, copy, COUNT(copy)));
    return add_pass(passes, graph, "host", copied ? TD_LANE_TRANSFER : TD_LANE_GRAPHICS, NULL,
                    &host, 1);
}

td_result tdi_passes_declare(tdi_passes *passes, tdi_graph *graph, tdi_pass_resources *out)
{
    TDI_TRY(add_resources(passes, graph));
    TDI_TRY(add_visibility(passes, graph));
    TDI_TRY(add_output(passes, graph));
    out->frame = passes->frame;
    out->result = passes->result;
    return TD_OK;
}
