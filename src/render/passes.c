#include "render/passes.h"

#include <tandem/renderer.h>

#include "base/memory.h"
#include "render/pass_record.h"

/* What lists.glsl lays out, in bytes. */
#define ENTRY_BYTES   8
#define WORD_BYTES    8
#define VISIBLE_BYTES 4

#define MOST_RECORDERS 64

static td_result make_recorder(tdi_passes *passes)
{
    const td_recorder_params params = {
        .lane = TD_LANE_GRAPHICS,
        .threads =
            passes->params.threads < MOST_RECORDERS ? passes->params.threads : MOST_RECORDERS,
        .slots = passes->params.in_flight,
        .monitor = passes->params.monitor,
    };
    TDI_TRY(tdi_hardware_objects_make(passes->params.scene, &passes->objects));
    return td_recorder_create(passes->device, &params, &passes->recorder);
}

static td_result fill_passes(tdi_passes *passes)
{
    const tdi_passes_params *params = &passes->params;
    const tdi_pipelines_params pipelines = {
        .samples = params->samples,
        .outputs = params->outputs,
        .lobes = params->lobes,
        .environment = params->environment,
        .punctual = params->punctual,
        .masked = params->masked,
        .footprint = params->footprint,
        .raster = params->raster,
        .shape = passes->shape,
        .threads = params->threads,
    };
    TDI_TRY(tdi_pipelines_create(passes->device, &pipelines, passes->pipelines));
    return params->raster == TD_RASTER_HARDWARE_DRAWS ? make_recorder(passes) : TD_OK;
}

td_result tdi_passes_create(td_device *device, const tdi_passes_params *params, tdi_passes **out)
{
    tdi_passes *passes = tdi_alloc_zero(1, sizeof *passes);
    if (!passes)
        return TD_ERROR_HOST_MEMORY;
    passes->device = device;
    passes->params = *params;
    passes->shape = tdi_hardware_shape_of(device, params->samples);
    const td_result result = fill_passes(passes);
    if (result != TD_OK) {
        tdi_passes_destroy(passes);
        return result;
    }
    *out = passes;
    return TD_OK;
}

void tdi_passes_destroy(tdi_passes *passes)
{
    if (!passes)
        return;
    td_recorder_destroy(passes->recorder);
    tdi_hardware_objects_free(&passes->objects);
    tdi_pipelines_destroy(passes->device, passes->pipelines);
    tdi_free(passes);
}

td_result tdi_passes_submitted(const tdi_passes *passes, td_ticket ticket)
{
    return passes->recorder ? td_recorder_submitted(passes->recorder, ticket) : TD_OK;
}

uint64_t tdi_passes_max_pixels(const tdi_passes *passes, const td_device *device)
{
    return device->max_storage_range /
           (WORD_BYTES * passes->params.samples * tdi_word_layers(passes->params.lobes));
}

uint64_t tdi_passes_max_views(const tdi_passes *passes, const td_device *device)
{
    const uint64_t clusters =
        passes->params.cluster_instances > 0 ? passes->params.cluster_instances : 1;
    if (passes->params.raster != TD_RASTER_HARDWARE)
        return device->max_storage_range / (VISIBLE_BYTES * clusters);
    const uint64_t bound = device->max_storage_range / (sizeof(struct tdi_draw) * clusters);
    const uint64_t drawn = device->properties.limits.maxDrawIndirectCount / clusters;
    return bound < drawn ? bound : drawn;
}

/* Sizes of what lives within a frame. */

static VkDeviceSize view_pixels(const td_graph_extent *extent)
{
    return (VkDeviceSize)extent->tile_width * extent->tile_height * extent->views;
}

static VkDeviceSize words_size(const td_graph_extent *extent, void *user)
{
    const tdi_passes *passes = user;
    return WORD_BYTES * view_pixels(extent) * extent->samples *
           tdi_word_layers(passes->params.lobes);
}

static VkDeviceSize lists_size(const td_graph_extent *extent, void *user)
{
    (void)extent;
    (void)user;
    return TDI_LIST_COUNT * sizeof(struct tdi_dispatch_list);
}

static VkDeviceSize visible_size(const td_graph_extent *extent, void *user)
{
    const tdi_passes *passes = user;
    const VkDeviceSize clusters = passes->params.cluster_instances;
    return VISIBLE_BYTES * (clusters > 0 ? clusters : 1) * extent->views;
}

static VkDeviceSize draws_size(const td_graph_extent *extent, void *user)
{
    return visible_size(extent, user) / VISIBLE_BYTES * sizeof(struct tdi_draw);
}

static VkDeviceSize large_lists_size(const td_graph_extent *extent, void *user)
{
    (void)extent;
    (void)user;
    return sizeof(struct tdi_large_header);
}

/* Room for some more than Sponza has from inside (6,000 and 29,000 in 2 Mpixel); what does not fit
 * is drawn all the same, only slower. */
static VkDeviceSize large_triangles_size(const td_graph_extent *extent, void *user)
{
    (void)user;
    return sizeof(struct tdi_large_triangle) * (1024 + view_pixels(extent) / 128);
}

static VkDeviceSize entries_size(const td_graph_extent *extent, void *user)
{
    (void)user;
    return ENTRY_BYTES * (4096 + view_pixels(extent) / 16);
}

static VkDeviceSize pixels_size(const td_graph_extent *extent, void *user)
{
    const tdi_passes *passes = user;
    const uint32_t outputs = passes->params.outputs;
    const VkDeviceSize count = (outputs & TD_OUTPUT_COLOR ? 1u : 0u) +
                               (outputs & TD_OUTPUT_DEPTH ? 1u : 0u) +
                               (outputs & TD_OUTPUT_OBJECT ? 1u : 0u);
    return 4 * count * view_pixels(extent);
}

static td_result add_resources(tdi_passes *passes, td_graph *graph)
{
    static const struct {
        const char *name;
        VkDeviceSize (*size)(const td_graph_extent *extent, void *user);
    } transients[TDI_ROLE_COUNT] = {
        [TDI_ROLE_WORDS] = {"visibility words", words_size},
        [TDI_ROLE_LISTS] = {"lists of clusters", lists_size},
        [TDI_ROLE_VISIBLE] = {"visible clusters", visible_size},
        [TDI_ROLE_LARGE_LISTS] = {"lists of large triangles", large_lists_size},
        [TDI_ROLE_LARGE_TRIANGLES] = {"large triangles", large_triangles_size},
        [TDI_ROLE_ENTRIES] = {"bin entries", entries_size},
        [TDI_ROLE_PIXELS] = {"pixels", pixels_size},
        [TDI_ROLE_DRAWS] = {"draws", draws_size},
        [TDI_ROLE_STATES] = {"states of clusters", visible_size},
    };
    const td_resource_params frame = {.name = "frame", .kind = TD_RESOURCE_EXTERNAL};
    const td_resource_params result = {.name = "result", .kind = TD_RESOURCE_EXTERNAL};
    TDI_TRY(td_graph_add_resource(graph, &frame, &passes->frame));
    TDI_TRY(td_graph_add_resource(graph, &result, &passes->result));
    for (uint32_t i = 0; i < TDI_ROLE_COUNT; i++) {
        const td_resource_params params = {
            .name = transients[i].name,
            .kind = TD_RESOURCE_TRANSIENT,
            .size = transients[i].size,
            .user = passes,
        };
        if ((i == TDI_ROLE_DRAWS && passes->params.raster != TD_RASTER_HARDWARE) ||
            (i == TDI_ROLE_STATES && passes->params.raster != TD_RASTER_HARDWARE_DRAWS))
            continue;
        if (i == TDI_ROLE_PIXELS && !passes->params.copy_out)
            passes->roles[i] = passes->result;
        else
            TDI_TRY(td_graph_add_resource(graph, &params, &passes->roles[i]));
    }
    return TD_OK;
}

#define STORAGE_READ  VK_ACCESS_2_SHADER_STORAGE_READ_BIT
#define STORAGE_WRITE VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT
#define INDIRECT_READ VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT

static td_use compute_use(td_resource resource, td_access_mode mode, td_before before)
{
    return (td_use){
        .resource = resource,
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
        .access = mode == TD_ACCESS_READ    ? STORAGE_READ
                  : mode == TD_ACCESS_WRITE ? STORAGE_WRITE
                                            : STORAGE_READ | STORAGE_WRITE,
        .mode = mode,
        .before = before,
    };
}

/* Lists that are read by the dispatch too. */
static td_use indirect_use(td_resource resource)
{
    td_use use = compute_use(resource, TD_ACCESS_READ, TD_BEFORE_KEPT);
    use.stages |= VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT;
    use.access |= INDIRECT_READ;
    return use;
}

/* What draws begins with the frame in the vertex stage. */
static VkQueueFlags capabilities_of(td_lane lane, const td_use *uses)
{
    if (lane == TD_LANE_TRANSFER)
        return VK_QUEUE_TRANSFER_BIT;
    return uses[0].stages & VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT ? VK_QUEUE_GRAPHICS_BIT
                                                                  : VK_QUEUE_COMPUTE_BIT;
}

static td_result add_pass(tdi_passes *passes, td_graph *graph, const char *name, td_lane lane,
                          td_record_fn record, const td_use *uses, uint32_t count)
{
    const td_pass_params params = {
        .name = name,
        .lane = lane,
        .capabilities = capabilities_of(lane, uses),
        .uses = uses,
        .use_count = count,
        .record = record,
        .user = passes,
    };
    return td_graph_add_pass(graph, &params);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What cull writes for the hardware rasteriser. */
static tdi_pass_role hardware_role(const tdi_passes *passes)
{
    return passes->params.raster == TD_RASTER_HARDWARE ? TDI_ROLE_DRAWS : TDI_ROLE_STATES;
}

/* Without a count that the device reads, what lies behind the last draw must draw nothing. */
static bool zeroed(const tdi_passes *passes)
{
    return passes->params.raster == TD_RASTER_HARDWARE &&
           !passes->device->features.indirect_draw_count;
}

static td_use stage_use(td_resource resource, VkPipelineStageFlags2 stages, VkAccessFlags2 access,
                        td_access_mode mode)
{
    return (td_use){.resource = resource, .stages = stages, .access = access, .mode = mode};
}

static td_result add_zero(tdi_passes *passes, td_graph *graph)
{
    td_use zero = stage_use(passes->roles[TDI_ROLE_DRAWS], VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
                            VK_ACCESS_2_TRANSFER_WRITE_BIT, TD_ACCESS_WRITE);
    zero.before = TD_BEFORE_UNDEFINED;
    return zeroed(passes) ? add_pass(passes, graph, "zero draws", TD_LANE_COMPUTE,
                                     tdi_record_zero_draws, &zero, 1)
                          : TD_OK;
}

/* Graphics consumes what compute made: draws as arguments, clusters in the vertex stage, words in
 * the fragment stage. */
static td_result add_draw(tdi_passes *passes, td_graph *graph)
{
    const td_resource *role = passes->roles;
    const bool indirect = passes->params.raster == TD_RASTER_HARDWARE;
    const VkPipelineStageFlags2 vertex = VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT;
    const VkPipelineStageFlags2 fragment = VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT;
    const VkPipelineStageFlags2 arguments = VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT;
    const td_use uses[] = {
        stage_use(passes->frame, vertex | fragment, STORAGE_READ, TD_ACCESS_READ),
        stage_use(role[TDI_ROLE_WORDS], fragment, STORAGE_READ | STORAGE_WRITE,
                  TD_ACCESS_ACCUMULATE),
        stage_use(role[indirect ? TDI_ROLE_VISIBLE : TDI_ROLE_STATES], vertex, STORAGE_READ,
                  TD_ACCESS_READ),
        stage_use(role[TDI_ROLE_DRAWS], arguments, INDIRECT_READ, TD_ACCESS_READ),
        stage_use(role[TDI_ROLE_LISTS], arguments, INDIRECT_READ, TD_ACCESS_READ),
    };
    return add_pass(passes, graph, "draw", TD_LANE_GRAPHICS,
                    indirect ? tdi_record_draw_indirect : tdi_record_draw_objects, uses,
                    indirect ? COUNT(uses) : 3);
}

static td_result add_visibility(tdi_passes *passes, td_graph *graph)
{
    const td_resource *role = passes->roles;
    const td_use clear[] = {
        compute_use(passes->frame, TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_WORDS], TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED),
        compute_use(role[TDI_ROLE_LISTS], TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED),
        compute_use(role[TDI_ROLE_LARGE_LISTS], TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED),
    };
    const td_use cull[] = {
        compute_use(passes->frame, TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_LISTS], TD_ACCESS_ACCUMULATE, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_VISIBLE], TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED),
        compute_use(role[hardware_role(passes)], TD_ACCESS_WRITE,
                    zeroed(passes) ? TD_BEFORE_KEPT : TD_BEFORE_UNDEFINED),
    };
    const uint32_t cull_count = COUNT(cull) - (passes->params.raster == TD_RASTER_COMPUTE ? 1 : 0);
    const td_use raster[] = {
        compute_use(passes->frame, TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_WORDS], TD_ACCESS_ACCUMULATE, TD_BEFORE_KEPT),
        indirect_use(role[TDI_ROLE_LISTS]),
        compute_use(role[TDI_ROLE_VISIBLE], TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_LARGE_LISTS], TD_ACCESS_ACCUMULATE, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_LARGE_TRIANGLES], TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED),
        compute_use(role[TDI_ROLE_ENTRIES], TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED),
    };
    const td_use large[] = {
        compute_use(passes->frame, TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_WORDS], TD_ACCESS_ACCUMULATE, TD_BEFORE_KEPT),
        indirect_use(role[TDI_ROLE_LARGE_LISTS]),
        compute_use(role[TDI_ROLE_LARGE_TRIANGLES], TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(role[TDI_ROLE_ENTRIES], TD_ACCESS_READ, TD_BEFORE_KEPT),
    };
    TDI_TRY(
        add_pass(passes, graph, "clear", TD_LANE_COMPUTE, tdi_record_clear, clear, COUNT(clear)));
    TDI_TRY(add_zero(passes, graph));
    TDI_TRY(add_pass(passes, graph, "cull", TD_LANE_COMPUTE, tdi_record_cull, cull, cull_count));
    TDI_TRY(add_pass(passes, graph, "raster", TD_LANE_COMPUTE, tdi_record_raster, raster,
                     COUNT(raster)));
    TDI_TRY(add_pass(passes, graph, "raster large", TD_LANE_COMPUTE, tdi_record_raster_large, large,
                     COUNT(large)));
    return passes->params.raster == TD_RASTER_COMPUTE ? TD_OK : add_draw(passes, graph);
}

/* Executions of several tiles add their parts to one result, in any order. */
static td_result add_output(tdi_passes *passes, td_graph *graph)
{
    const bool copied = passes->params.copy_out;
    const td_resource pixels = passes->roles[TDI_ROLE_PIXELS];
    const td_use shade[] = {
        compute_use(passes->frame, TD_ACCESS_READ, TD_BEFORE_KEPT),
        compute_use(passes->roles[TDI_ROLE_WORDS], TD_ACCESS_READ, TD_BEFORE_KEPT),
        copied ? compute_use(pixels, TD_ACCESS_WRITE, TD_BEFORE_UNDEFINED)
               : compute_use(pixels, TD_ACCESS_ACCUMULATE, TD_BEFORE_KEPT),
    };
    const td_use copy[] = {
        {.resource = pixels,
         .stages = VK_PIPELINE_STAGE_2_COPY_BIT,
         .access = VK_ACCESS_2_TRANSFER_READ_BIT,
         .mode = TD_ACCESS_READ},
        {.resource = passes->result,
         .stages = VK_PIPELINE_STAGE_2_COPY_BIT,
         .access = VK_ACCESS_2_TRANSFER_WRITE_BIT,
         .mode = TD_ACCESS_ACCUMULATE},
    };
    const td_use host = {
        .resource = passes->result,
        .stages = VK_PIPELINE_STAGE_2_HOST_BIT,
        .access = VK_ACCESS_2_HOST_READ_BIT,
        .mode = TD_ACCESS_READ,
    };
    TDI_TRY(
        add_pass(passes, graph, "shade", TD_LANE_GRAPHICS, tdi_record_shade, shade, COUNT(shade)));
    if (copied)
        TDI_TRY(
            add_pass(passes, graph, "copy", TD_LANE_TRANSFER, tdi_record_copy, copy, COUNT(copy)));
    return add_pass(passes, graph, "host", copied ? TD_LANE_TRANSFER : TD_LANE_GRAPHICS, NULL,
                    &host, 1);
}

td_result tdi_passes_declare(tdi_passes *passes, td_graph *graph, tdi_pass_resources *out)
{
    TDI_TRY(add_resources(passes, graph));
    TDI_TRY(add_visibility(passes, graph));
    TDI_TRY(add_output(passes, graph));
    out->frame = passes->frame;
    out->result = passes->result;
    out->words = passes->roles[TDI_ROLE_WORDS];
    return TD_OK;
}
