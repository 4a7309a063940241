#include "render/renderer.h"

#include <math.h>
#include <string.h>

#include "async/waiter.h"
#include "base/clock.h"
#include "base/memory.h"
#include "gpu/import.h"
#include "render/band.h"
#include "render/guest.h"
#include "render/hardware.h"
#include "render/result_way.h"
#include "render/view.h"
#include "scene/flat.h"
#include "scene/punctual.h"
#include "scene/scene.h"

#define DEFAULT_SAMPLES    4
#define DEFAULT_IN_FLIGHT  3
#define MAX_RESULT_SLOTS   256
#define MAX_SIZE           16384
#define MAX_GUEST_BINDINGS 16
#define OWN_BINDINGS       2
#define DEGREE             0.017453292519943295

static td_result check_appearance(const td_renderer_params *params)
{
    if (!isfinite(params->exposure) || !isfinite(exp2f(params->exposure)))
        return tdi_fail(TD_ERROR_ARGUMENT, "an exposure of %g EV", (double)params->exposure);
    if ((int)params->tonemap < 0 || params->tonemap > TD_TONEMAP_ACES)
        return tdi_fail(TD_ERROR_ARGUMENT, "no such tone curve: %d", (int)params->tonemap);
    if ((int)params->raster < 0 || params->raster > TD_RASTER_HARDWARE_DRAWS)
        return tdi_fail(TD_ERROR_ARGUMENT, "no such way to rasterise: %d", (int)params->raster);
    if ((int)params->copy_results < 0 || params->copy_results > TD_COPY_NEVER)
        return tdi_fail(TD_ERROR_ARGUMENT, "no such way of results: %d", (int)params->copy_results);
    if ((int)params->async < 0 || params->async > TD_ASYNC_ON)
        return tdi_fail(TD_ERROR_ARGUMENT, "no such mode of lanes: %d", (int)params->async);
    if ((int)params->textures < 0 || params->textures > TD_TEXTURES_PRIORITY)
        return tdi_fail(TD_ERROR_ARGUMENT, "no such policy of textures: %d", (int)params->textures);
    if (!isfinite(params->environment_rotation))
        return tdi_fail(TD_ERROR_ARGUMENT, "the environment's rotation is not finite");
    if (params->environment_behind && !params->environment)
        return tdi_fail(TD_ERROR_ARGUMENT, "an environment as background, and none is given");
    for (int i = 0; i < 4; i++)
        if (!isfinite(params->background[i]))
            return tdi_fail(TD_ERROR_ARGUMENT, "the background is not finite");
    return TD_OK;
}

static td_result check_params(const td_renderer_params *params)
{
    if (!params->scene)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_renderer_params.scene must not be NULL");
    if (params->width < 1 || params->width > MAX_SIZE || params->height < 1 ||
        params->height > MAX_SIZE)
        return tdi_fail(TD_ERROR_ARGUMENT, "a size of %ux%u; each side must be 1 to %d",
                        params->width, params->height, MAX_SIZE);
    const uint32_t s = params->samples;
    if (s != 1 && s != 4 && s != 8 && s != 16)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u samples a pixel; possible are 1, 4, 8 and 16", s);
    const uint32_t known = TD_OUTPUT_COLOR | TD_OUTPUT_DEPTH | TD_OUTPUT_OBJECT;
    if (params->outputs & ~known)
        return tdi_fail(TD_ERROR_ARGUMENT, "unknown outputs: 0x%x", params->outputs & ~known);
    if (params->in_flight > TDI_MAX_IN_FLIGHT)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u submissions in flight; at most %d",
                        params->in_flight, TDI_MAX_IN_FLIGHT);
    if (params->result_slots < 2 || params->result_slots > MAX_RESULT_SLOTS)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u result slots; 2 to %d are possible",
                        params->result_slots, MAX_RESULT_SLOTS);
    if (params->views_per_submission > TDI_MAX_VIEWS)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u views a submission; at most %d",
                        params->views_per_submission, TDI_MAX_VIEWS);
    if (params->guest && params->guest->binding_count > MAX_GUEST_BINDINGS)
        return tdi_fail(TD_ERROR_ARGUMENT, "a guest of the renderer binds %u resources; at most %d",
                        params->guest->binding_count, MAX_GUEST_BINDINGS);
    return check_appearance(params);
}

static td_renderer_params with_defaults(const td_renderer_params *params)
{
    td_renderer_params filled = *params;
    if (filled.samples == 0)
        filled.samples = DEFAULT_SAMPLES;
    if (filled.outputs == 0)
        filled.outputs = TD_OUTPUT_COLOR;
    if (filled.in_flight == 0)
        filled.in_flight = DEFAULT_IN_FLIGHT;
    if (filled.result_slots == 0)
        filled.result_slots = filled.in_flight + 2;
    return filled;
}

static uint32_t rows_of_results(const td_renderer_params *params)
{
    const uint32_t rows = params->band_height;
    return rows > 0 && rows < params->height ? rows : params->height;
}

/* A result that is larger than a binding may be is written tile by tile and copied, unless bands
 * make it smaller. */
static td_result choose_way_of_results(td_renderer *renderer)
{
    const td_renderer_params *params = &renderer->params;
    tdi_result_layout layout;
    bool copied = false;
    tdi_result_layout_make(params->width, rows_of_results(params), params->outputs, &layout);
    const bool may_shrink = params->bands && params->band_height == 0;
    const bool bound = layout.view_bytes <= renderer->device->max_storage_range || may_shrink;
    TDI_TRY(tdi_result_way_choose(renderer->device, params->copy_results, layout.view_bytes, bound,
                                  &copied, &renderer->copy_reason));
    renderer->params.copy_results = copied ? TD_COPY_ALWAYS : TD_COPY_NEVER;
    return TD_OK;
}

static td_result declare_frame(td_renderer *renderer)
{
    td_raster raster;
    TDI_TRY(tdi_raster_choose(renderer->device, renderer->params.raster, renderer->params.width,
                              renderer->params.height, &raster, &renderer->raster_reason));
    renderer->params.raster = raster;
    TDI_TRY(tdi_scene_update(renderer->scene));
    const tdi_passes_params params = {
        .samples = renderer->params.samples,
        .outputs = renderer->params.outputs,
        .cluster_instances = renderer->scene->flat->cluster_instance_count,
        .lobes = tdi_scene_lobes(renderer->scene),
        .environment = renderer->params.environment != NULL,
        .punctual = renderer->scene->punctual_count > 0,
        .masked = tdi_scene_is_masked(renderer->scene),
        .copy_out = tdi_renderer_copies(renderer),
        .threads = renderer->scene->threads,
        .raster = raster,
        .scene = renderer->scene,
        .in_flight = renderer->params.in_flight,
        .monitor = renderer->params.monitor,
    };
    TDI_TRY(tdi_passes_create(renderer->device, &params, &renderer->passes));
    TDI_TRY(td_graph_create("view", &renderer->graph));
    TDI_TRY(tdi_passes_declare(renderer->passes, renderer->graph, &renderer->resources));
    return tdi_guest_declare(renderer->params.guest, renderer->graph, &renderer->resources,
                             tdi_renderer_copies(renderer));
}

static td_result size_frame(td_renderer *renderer)
{
    const tdi_sizing_request request = {
        .device = renderer->device,
        .params = &renderer->params,
        .passes = renderer->passes,
        .graph = renderer->graph,
        .scene = renderer->scene,
    };
    TDI_TRY(tdi_sizing_find(&request, &renderer->sizing));
    const td_graph_extent extent = {
        .tile_width = renderer->sizing.tile_width,
        .tile_height = renderer->sizing.tile_height,
        .views = renderer->sizing.views,
        .samples = renderer->params.samples,
    };
    for (int async = 0; async < 2; async++) {
        tdi_lane_map lanes;
        if (tdi_async_lanes(renderer->device, renderer->params.async, async, &lanes))
            TDI_TRY(tdi_graph_compile(renderer->graph, &extent, &lanes, &renderer->plans[async]));
    }
    return tdi_async_choice_init(&renderer->choice, renderer->device, renderer->params.async,
                                 renderer->sizing.in_flight);
}

static td_result create_slot(td_renderer *renderer, tdi_frame_slot *slot, uint32_t index)
{
    const tdi_buffer_params params = {
        .name = "frame",
        .size = renderer->sizing.frame_bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
        .kind = TDI_MEMORY_UPLOAD,
        .category = TD_BUDGET_STAGING,
    };
    TDI_TRY(tdi_buffer_create(renderer->device, &params, &slot->frame));
    TDI_TRY(tdi_pass_sets_create(renderer->passes, &slot->sets));
    const tdi_buffer *transient = &renderer->transient[index % renderer->sizing.transient_sets];
    for (int async = 0; async < 2; async++) {
        if (renderer->plans[async])
            TDI_TRY(tdi_plan_slot_create(renderer->device, renderer->plans[async], transient,
                                         &slot->plan_slots[async]));
    }
    return TD_OK;
}

static VkDeviceSize transient_bytes(const td_renderer *renderer)
{
    const VkDeviceSize own = renderer->sizing.transient_bytes;
    const VkDeviceSize shared = renderer->levels ? tdi_levels_transient_bytes(renderer->levels) : 0;
    return own > shared ? own : shared;
}

static td_result create_memory(td_renderer *renderer)
{
    const tdi_sizing *sizing = &renderer->sizing;
    for (uint32_t i = 0; i < sizing->transient_sets; i++) {
        const tdi_buffer_params params = {
            .name = "transient",
            .size = transient_bytes(renderer),
            .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT |
                     VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
            .kind = TDI_MEMORY_DEVICE,
            .category = TD_BUDGET_TRANSIENT,
        };
        TDI_TRY(tdi_buffer_create(renderer->device, &params, &renderer->transient[i]));
    }
    for (; renderer->slot_count < sizing->in_flight; renderer->slot_count++)
        TDI_TRY(
            create_slot(renderer, &renderer->slots[renderer->slot_count], renderer->slot_count));
    TDI_TRY(tdi_results_create(renderer->device, &sizing->layout, sizing->views,
                               sizing->result_slots, &renderer->results));
    return renderer->levels
               ? tdi_levels_start(renderer->levels, renderer->device_scene, &renderer->transient[0])
               : TD_OK;
}

static td_result fill_renderer(td_renderer *renderer)
{
    TDI_TRY(tdi_lanes_ready(renderer->device));
    TDI_TRY(declare_frame(renderer));
    TDI_TRY(size_frame(renderer));
    TDI_TRY(tdi_device_scene_create(renderer->device, renderer->scene,
                                    renderer->params.in_flight + 1, renderer->sizing.tails,
                                    &renderer->device_scene));
    if (renderer->sizing.tails)
        TDI_TRY(tdi_levels_create(renderer->device, &renderer->params, &renderer->sizing,
                                  &renderer->levels));
    return create_memory(renderer);
}

td_result td_renderer_create(td_device *device, const td_renderer_params *params, td_renderer **out)
{
    if (!device || !params || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_renderer_create: device, params and out must not be NULL");
    TDI_TRY(tdi_import_check_renderer(device, "td_renderer_create"));
    const td_renderer_params filled = with_defaults(params);
    TDI_TRY(check_params(&filled));
    td_renderer *renderer = tdi_alloc_zero(1, sizeof *renderer);
    if (!renderer)
        return TD_ERROR_HOST_MEMORY;
    renderer->device = device;
    renderer->scene = tdi_scene_retain(filled.scene);
    renderer->params = filled;
    tdi_environment_retain(filled.environment);
    if (filled.guest) {
        renderer->guest = *filled.guest;
        renderer->params.guest = &renderer->guest;
    }
    td_result result = choose_way_of_results(renderer);
    if (result == TD_OK)
        result = fill_renderer(renderer);
    if (result != TD_OK) {
        td_renderer_destroy(renderer);
        return result;
    }
    *out = renderer;
    return TD_OK;
}

static void wait_for_gpu(td_renderer *renderer)
{
    for (uint32_t i = 0; i < renderer->slot_count; i++)
        if (renderer->slots[i].last.value)
            tdi_ticket_wait(renderer->device, renderer->slots[i].last, UINT64_MAX);
    if (renderer->device_scene && renderer->device_scene->ready.value)
        tdi_ticket_wait(renderer->device, renderer->device_scene->ready, UINT64_MAX);
}

void td_renderer_destroy(td_renderer *renderer)
{
    if (!renderer)
        return;
    wait_for_gpu(renderer);
    /* First the slots: they wait also for what a failed submission left on the queues. */
    for (uint32_t i = 0; i < TDI_MAX_IN_FLIGHT + 1; i++) {
        for (int async = 0; async < 2; async++)
            tdi_plan_slot_destroy(renderer->slots[i].plan_slots[async]);
        tdi_pass_sets_destroy(renderer->slots[i].sets);
        tdi_buffer_destroy(renderer->device, &renderer->slots[i].frame);
    }
    tdi_results_destroy(renderer->results);
    tdi_levels_destroy(renderer->levels);
    for (uint32_t i = 0; i < 2; i++)
        tdi_buffer_destroy(renderer->device, &renderer->transient[i]);
    tdi_device_scene_destroy(renderer->device_scene);
    for (int async = 0; async < 2; async++)
        td_plan_destroy(renderer->plans[async]);
    tdi_async_choice_destroy(&renderer->choice);
    td_graph_destroy(renderer->graph);
    tdi_passes_destroy(renderer->passes);
    td_scene_destroy(renderer->scene);
    td_environment_destroy(renderer->params.environment);
    tdi_free(renderer);
}

td_result td_renderer_write_svg(td_renderer *renderer, const char *path, bool replace)
{
    if (!renderer)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_renderer_write_svg: renderer must not be NULL");
    return td_plan_write_svg(renderer->plans[tdi_async_choice_present(&renderer->choice)],
                             renderer->params.monitor, path, replace);
}

static uint32_t words(VkDeviceSize bytes)
{
    return (uint32_t)(bytes / 4);
}

static void fill_sky(const td_renderer_params *params, struct tdi_frame *frame)
{
    const td_environment *environment = params->environment;
    const double turn = params->environment_rotation * DEGREE;
    frame->sky = environment->slot;
    frame->sky_behind = params->environment_behind;
    frame->sky_roughest = TDI_MIRRORED_LEVELS - 1;
    frame->sky_turn[0] = (float)cos(turn);
    frame->sky_turn[1] = (float)sin(turn);
    memcpy(frame->irradiance, environment->irradiance, sizeof frame->irradiance);
}

/* What all tiles of a submission share. */
static void fill_frame(const td_renderer *renderer, uint32_t views, tdi_band band,
                       struct tdi_frame *frame)
{
    const td_renderer_params *params = &renderer->params;
    const tdi_result_layout *layout = &renderer->sizing.layout;
    const td_scene *scene = renderer->scene;
    frame->image_width = params->width;
    frame->image_height = params->height;
    frame->first_row = band.first_row;
    frame->rows = band.rows;
    frame->view_count = views;
    frame->view_words = words(layout->view_bytes);
    frame->color_word = words(layout->color);
    frame->depth_word = words(layout->depth);
    frame->object_word = words(layout->object);
    frame->outputs = params->outputs;
    frame->tonemap = (uint32_t)params->tonemap;
    frame->exposure = exp2f(params->exposure);
    for (int i = 0; i < 3; i++) {
        frame->light_direction[i] = -scene->light.direction[i];
        frame->light_color[i] = scene->light.color[i] * scene->light.intensity;
        frame->ambient[i] = scene->ambient[i];
    }
    memcpy(frame->background, params->background, sizeof frame->background);
    if (params->environment)
        fill_sky(params, frame);
}

/* A slot whose last execution is done. */
static td_result next_slot(td_renderer *renderer, tdi_frame_slot **out)
{
    tdi_frame_slot *slot = &renderer->slots[renderer->next_slot];
    if (slot->last.value)
        TDI_TRY(tdi_ticket_wait(renderer->device, slot->last, UINT64_MAX));
    renderer->next_slot = (renderer->next_slot + 1) % renderer->slot_count;
    *out = slot;
    return TD_OK;
}

typedef struct submission {
    struct tdi_frame frame;
    struct tdi_view views[TDI_MAX_VIEWS];
    tdi_result *result;
    tdi_band band;
    bool async;
    uint64_t item;
    td_ticket last;
} submission;

static void write_lights(const td_scene *scene, uint8_t *out)
{
    struct tdi_punctual_light light;
    for (uint32_t i = 0; i < scene->punctual_count; i++) {
        tdi_punctual_place(scene, i, &light);
        memcpy(out + i * sizeof light, &light, sizeof light);
    }
}

/* The frame, then the views, then the lights. */
static td_result write_frame(td_renderer *renderer, tdi_frame_slot *slot, submission *work)
{
    uint8_t *mapped = slot->frame.memory.mapped;
    const size_t view_bytes = work->frame.view_count * sizeof(struct tdi_view);
    const size_t lights = sizeof work->frame + view_bytes;
    const uint32_t count = renderer->scene->punctual_count;
    work->frame.views = slot->frame.address + sizeof work->frame;
    work->frame.lights = slot->frame.address + lights;
    work->frame.light_count = count;
    memcpy(mapped, &work->frame, sizeof work->frame);
    memcpy(mapped + sizeof work->frame, work->views, view_bytes);
    write_lights(renderer->scene, mapped + lights);
    return tdi_memory_flush(renderer->device, &slot->frame.memory, 0,
                            lights + count * sizeof(struct tdi_punctual_light));
}

static bool is_last_tile(const td_renderer *renderer, const struct tdi_frame *frame)
{
    return frame->tile_x + frame->tile_width == renderer->params.width &&
           frame->tile_y + frame->tile_height == frame->first_row + frame->rows;
}

static td_result execute_tile(td_renderer *renderer, submission *work)
{
    tdi_frame_slot *slot = NULL;
    TDI_TRY(next_slot(renderer, &slot));
    TDI_TRY(write_frame(renderer, slot, work));
    const td_binding own[OWN_BINDINGS] = {
        {.resource = renderer->resources.frame,
         .bound = {.buffer = slot->frame.handle, .size = slot->frame.size}},
        {.resource = renderer->resources.result,
         .bound = {.buffer = tdi_result_buffer(work->result),
                   .size = tdi_result_bytes(work->result)},
         /* Tiles write words of their own, but through one binding: nobody can see that from
          * outside, neither validation nor a reader of the graph. */
         .ready = work->last},
    };
    const td_environment *environment = renderer->params.environment;
    const td_wait waits[] = {
        {.ticket = renderer->device_scene->ready,
         .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |
                   VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT},
        {.ticket = environment ? environment->ready : (td_ticket){0},
         .stages = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT},
    };
    td_binding bindings[OWN_BINDINGS + MAX_GUEST_BINDINGS];
    tdi_pass_frame pass_frame = {
        .guest = tdi_guest_frame(&work->frame, &renderer->sizing.layout, work->item),
        .frame = &work->frame,
        .address = slot->frame.address,
        .bindless = tdi_bindless_set(renderer->device->bindless),
        .sets = slot->sets,
    };
    const td_execution execution = {
        .bindings = bindings,
        .binding_count = tdi_guest_bind(renderer->params.guest, own, OWN_BINDINGS, bindings),
        .waits = waits,
        .wait_count = environment ? 2 : 1,
        .frame = &pass_frame,
        .monitor = renderer->params.monitor,
        .frame_index = work->item,
        .more_to_come = !is_last_tile(renderer, &work->frame),
    };
    tdi_plan_slot *plan_slot = slot->plan_slots[work->async];
    const td_result result = tdi_plan_execute(plan_slot, &execution, &slot->last);
    if (result != TD_OK) {
        /* What of it went out may still write the result. */
        (void)tdi_plan_slot_wait(plan_slot);
        return result;
    }
    work->last = renderer->last = slot->last;
    tdi_device_scene_used(renderer->device_scene, slot->last);
    TDI_TRY(pass_frame.drawn);
    return tdi_passes_submitted(renderer->passes, slot->last);
}

static uint32_t tile_extent(uint32_t start, uint32_t tile, uint32_t size)
{
    return start + tile <= size ? tile : size - start;
}

static td_result execute_tiles(td_renderer *renderer, submission *work)
{
    const tdi_sizing *sizing = &renderer->sizing;
    const uint32_t width = renderer->params.width;
    const uint32_t end = work->band.first_row + work->band.rows;
    for (uint32_t y = work->band.first_row; y < end; y += sizing->tile_height) {
        for (uint32_t x = 0; x < width; x += sizing->tile_width) {
            work->frame.tile_x = x;
            work->frame.tile_y = y;
            work->frame.tile_width = tile_extent(x, sizing->tile_width, width);
            work->frame.tile_height = tile_extent(y, sizing->tile_height, end);
            TDI_TRY(execute_tile(renderer, work));
        }
    }
    return TD_OK;
}

static td_result make_views(const td_renderer *renderer, const td_camera *cameras, uint32_t count,
                            submission *work)
{
    for (uint32_t i = 0; i < count; i++)
        TDI_TRY(tdi_view_make(&cameras[i], renderer->params.width, renderer->params.height,
                              &work->views[i]));
    return TD_OK;
}

/* What must be over before the next submission: its slot's last execution, and, where the mode
 * changes, everything: what went to other queues ends in no order with what comes now. */
static td_ticket slot_ticket(td_renderer *renderer)
{
    const bool before = tdi_async_choice_present(&renderer->choice);
    const bool same = tdi_async_choice_next(&renderer->choice) == before;
    return same ? renderer->slots[renderer->next_slot].last : renderer->last;
}

/* Waits until a frame slot and a result are free. The slots of further tiles are waited for when
 * their turn comes. */
static td_result begin_result(td_renderer *renderer, uint32_t count, uint64_t timeout_ns,
                              tdi_result **out)
{
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    const td_ticket last = slot_ticket(renderer);
    const td_result result =
        tdi_ticket_wait_for_call(renderer->device, last, timeout_ns, "td_renderer_submit");
    if (result == TD_ERROR_TIMEOUT)
        return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT,
                        "all %u submissions are in flight; wait for a request, or allow more",
                        renderer->slot_count);
    TDI_TRY(result);
    const uint64_t now = tdi_now_ns();
    const uint64_t left = deadline > now ? deadline - now : 1;
    return tdi_results_begin(renderer->results, count, timeout_ns == 0 ? 0 : left, out);
}

static td_result execute(td_renderer *renderer, uint32_t count, submission *work)
{
    TDI_TRY(tdi_device_scene_update(renderer->device_scene, renderer->scene, &work->frame));
    fill_frame(renderer, count, work->band, &work->frame);
    if (renderer->levels)
        TDI_TRY(tdi_levels_prepare(renderer->levels, &work->frame, work->views, renderer->last));
    TDI_TRY(execute_tiles(renderer, work));
    if (renderer->levels)
        tdi_levels_submitted(renderer->levels, &work->frame, work->views, work->item);
    return TD_OK;
}

/* One band of some views. */
static td_result submit(td_renderer *renderer, const td_camera *cameras, uint32_t count,
                        tdi_band band, uint64_t item, uint64_t timeout_ns, td_request **requests)
{
    submission work = {.band = band, .item = item};
    TDI_TRY(make_views(renderer, cameras, count, &work));
    TDI_TRY(begin_result(renderer, count, timeout_ns, &work.result));
    tdi_result_set_rows(work.result, band.rows);
    work.async = tdi_async_choice_next(&renderer->choice);
    tdi_levels_hold(renderer->levels);
    const td_result result = execute(renderer, count, &work);
    /* No frame waits for the textures that a failed one was given. */
    if (result != TD_OK && renderer->levels)
        (void)tdi_ticket_wait(renderer->device, renderer->device_scene->ready, UINT64_MAX);
    tdi_levels_release(renderer->levels, renderer->last);
    if (result != TD_OK) {
        tdi_result_abandon(work.result, work.last);
        return result;
    }
    tdi_async_choice_submitted(&renderer->choice, work.last, count);
    tdi_result_submitted(work.result, work.last, requests);
    return TD_OK;
}

td_result td_renderer_submit(td_renderer *renderer, const td_camera *cameras, uint32_t count,
                             uint64_t item, uint64_t timeout_ns, td_request **requests)
{
    if (!renderer || !cameras || !requests)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_renderer_submit: renderer, cameras and requests must not be NULL");
    if (count < 1 || count > renderer->sizing.views)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u views in a submission; 1 to %u are possible", count,
                        renderer->sizing.views);
    const uint32_t height = renderer->params.height;
    if (renderer->sizing.band_height < height)
        return tdi_fail(TD_ERROR_STATE,
                        "images of this renderer come in %u bands of %u rows: "
                        "td_renderer_submit_band submits one",
                        tdi_band_count(height, renderer->sizing.band_height),
                        renderer->sizing.band_height);
    const tdi_band whole = {.rows = height};
    return submit(renderer, cameras, count, whole, item, timeout_ns, requests);
}

td_result td_renderer_submit_band(td_renderer *renderer, const td_camera *camera, uint32_t band,
                                  uint64_t item, uint64_t timeout_ns, td_request **request)
{
    if (!renderer || !camera || !request)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_renderer_submit_band: renderer, camera and request must not be NULL");
    const uint32_t height = renderer->params.height;
    const uint32_t count = tdi_band_count(height, renderer->sizing.band_height);
    if (band >= count)
        return tdi_fail(TD_ERROR_ARGUMENT, "band %u of an image in %u bands", band, count);
    const tdi_band rows = tdi_band_at(height, renderer->sizing.band_height, band);
    return submit(renderer, camera, 1, rows, item, timeout_ns, request);
}
