#include "render/footprint.h"

#include <string.h>

#include "async/graph.h"
#include "base/memory.h"
#include "gpu/bindless.h"
#include "scene/device_scene.h"
#include "scene/flat.h"
#include "scene/scene.h"

#define LEVEL_BYTES (TDI_BINDLESS_SLOTS * sizeof(uint32_t))

struct tdi_footprint {
    td_device *device;
    tdi_footprint_params params;
    tdi_passes *passes;
    td_graph *graph;
    tdi_pass_resources resources;
    td_plan *plan;
    tdi_plan_slot *slot;
    tdi_pass_sets *sets;
    tdi_buffer frame;  /* struct tdi_frame, then the view */
    tdi_buffer levels; /* by bindless slot */
};

/* Everything on one queue: nothing runs beside it, since its result is waited for. */
static td_result compile(tdi_footprint *footprint)
{
    const td_graph_extent extent = {
        .tile_width = footprint->params.tile_width,
        .tile_height = footprint->params.tile_height,
        .views = 1,
        .samples = footprint->params.samples,
    };
    tdi_lane_map lanes;
    tdi_lane_map_of(footprint->device, &lanes);
    for (uint32_t i = 0; i < TD_LANE_COUNT; i++) {
        lanes.queue[i] = lanes.queue[TD_LANE_GRAPHICS];
        lanes.capabilities[i] = lanes.capabilities[TD_LANE_GRAPHICS];
    }
    return tdi_graph_compile(footprint->graph, &extent, &lanes, &footprint->plan);
}

static td_result fill_footprint(tdi_footprint *footprint)
{
    const td_scene *scene = footprint->params.scene;
    const tdi_passes_params params = {
        .samples = footprint->params.samples,
        .outputs = TD_OUTPUT_COLOR,
        .cluster_instances = scene->flat->cluster_instance_count,
        .lobes = tdi_scene_lobes(scene),
        .masked = tdi_scene_is_masked(scene),
        .footprint = true,
        .threads = footprint->params.threads,
        .raster = TD_RASTER_COMPUTE,
        .scene = scene,
        .in_flight = 1,
        .monitor = footprint->params.monitor,
    };
    TDI_TRY(tdi_passes_create(footprint->device, &params, &footprint->passes));
    TDI_TRY(td_graph_create("footprint", &footprint->graph));
    TDI_TRY(tdi_passes_declare(footprint->passes, footprint->graph, &footprint->resources));
    return compile(footprint);
}

td_result tdi_footprint_create(td_device *device, const tdi_footprint_params *params,
                               tdi_footprint **out)
{
    tdi_footprint *footprint = tdi_alloc_zero(1, sizeof *footprint);
    if (!footprint)
        return TD_ERROR_HOST_MEMORY;
    footprint->device = device;
    footprint->params = *params;
    const td_result result = fill_footprint(footprint);
    if (result != TD_OK) {
        tdi_footprint_destroy(footprint);
        return result;
    }
    *out = footprint;
    return TD_OK;
}

void tdi_footprint_destroy(tdi_footprint *footprint)
{
    if (!footprint)
        return;
    tdi_plan_slot_destroy(footprint->slot);
    tdi_pass_sets_destroy(footprint->sets);
    tdi_buffer_destroy(footprint->device, &footprint->frame);
    tdi_buffer_destroy(footprint->device, &footprint->levels);
    td_plan_destroy(footprint->plan);
    td_graph_destroy(footprint->graph);
    tdi_passes_destroy(footprint->passes);
    tdi_free(footprint);
}

VkDeviceSize tdi_footprint_transient_bytes(const tdi_footprint *footprint)
{
    return td_plan_transient_bytes(footprint->plan);
}

static td_result create_buffers(tdi_footprint *footprint)
{
    const tdi_buffer_params frame = {
        .name = "footprint frame",
        .size = sizeof(struct tdi_frame) + sizeof(struct tdi_view),
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
        .kind = TDI_MEMORY_UPLOAD,
        .category = TD_BUDGET_STAGING,
    };
    const tdi_buffer_params levels = {
        .name = "footprint levels",
        .size = LEVEL_BYTES,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
        .kind = TDI_MEMORY_READBACK,
        .category = TD_BUDGET_READBACK,
    };
    TDI_TRY(tdi_buffer_create(footprint->device, &frame, &footprint->frame));
    return tdi_buffer_create(footprint->device, &levels, &footprint->levels);
}

td_result tdi_footprint_allocate(tdi_footprint *footprint, const tdi_buffer *transient)
{
    TDI_TRY(create_buffers(footprint));
    TDI_TRY(tdi_pass_sets_create(footprint->passes, &footprint->sets));
    return tdi_plan_slot_create(footprint->device, footprint->plan, transient, &footprint->slot);
}

static td_result write_frame(tdi_footprint *footprint, struct tdi_frame *frame,
                             const struct tdi_view *view)
{
    uint8_t *mapped = footprint->frame.memory.mapped;
    frame->views = footprint->frame.address + sizeof *frame;
    memcpy(mapped, frame, sizeof *frame);
    memcpy(mapped + sizeof *frame, view, sizeof *view);
    return tdi_memory_flush(footprint->device, &footprint->frame.memory, 0,
                            sizeof *frame + sizeof *view);
}

static td_result execute(tdi_footprint *footprint, struct tdi_frame *frame, bool last,
                         td_ticket scene_ready)
{
    const td_binding bindings[] = {
        {.resource = footprint->resources.frame,
         .bound = {.buffer = footprint->frame.handle, .size = footprint->frame.size}},
        {.resource = footprint->resources.result,
         .bound = {.buffer = footprint->levels.handle, .size = footprint->levels.size}},
    };
    const td_wait ready = {
        .ticket = scene_ready,
        .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
    };
    tdi_pass_frame pass_frame = {
        .frame = frame,
        .address = footprint->frame.address,
        .bindless = tdi_bindless_set(footprint->device->bindless),
        .sets = footprint->sets,
    };
    const td_execution execution = {
        .bindings = bindings,
        .binding_count = 2,
        .waits = &ready,
        .wait_count = 1,
        .frame = &pass_frame,
        .more_to_come = !last,
    };
    td_ticket ticket;
    TDI_TRY(tdi_plan_execute(footprint->slot, &execution, &ticket));
    return tdi_plan_slot_wait(footprint->slot);
}

static td_result measure_tiles(tdi_footprint *footprint, struct tdi_frame *frame,
                               const struct tdi_view *view, td_ticket scene_ready)
{
    const tdi_footprint_params *params = &footprint->params;
    const uint32_t end = frame->first_row + frame->rows;
    for (uint32_t y = frame->first_row; y < end; y += params->tile_height) {
        for (uint32_t x = 0; x < params->width; x += params->tile_width) {
            const uint32_t right = params->width - x, below = end - y;
            frame->tile_x = x;
            frame->tile_y = y;
            frame->tile_width = right < params->tile_width ? right : params->tile_width;
            frame->tile_height = below < params->tile_height ? below : params->tile_height;
            TDI_TRY(write_frame(footprint, frame, view));
            TDI_TRY(execute(footprint, frame,
                            frame->tile_width == right && frame->tile_height == below,
                            scene_ready));
        }
    }
    return TD_OK;
}

td_result tdi_footprint_measure(tdi_footprint *footprint, struct tdi_frame *frame,
                                const struct tdi_view *view, td_ticket scene_ready,
                                const uint32_t **lowest)
{
    const tdi_allocation *memory = &footprint->levels.memory;
    memset(memory->mapped, 0xFF, LEVEL_BYTES);
    TDI_TRY(tdi_memory_flush(footprint->device, memory, 0, LEVEL_BYTES));
    frame->view_count = 1;
    TDI_TRY(measure_tiles(footprint, frame, view, scene_ready));
    TDI_TRY(tdi_memory_invalidate(footprint->device, memory, 0, LEVEL_BYTES));
    *lowest = memory->mapped;
    return TD_OK;
}
