#include "render/sizing.h"

#include "base/log.h"
#include "base/memory.h"
#include "gpu/budget.h"
#include "render/async_choice.h"
#include "scene/device_textures.h"

#define MIN_TILE             64 /* pixels; smaller tiles cost more than they save */
#define AUTO_VIEWS           64
#define AUTO_PIXELS_GPU      (UINT64_C(4) << 20)   /* samples in a submission that fill a GPU */
#define AUTO_PIXELS_SOFTWARE (UINT64_C(256) << 10) /* sharing gains nothing above (fact F17) */
#define MIN_RESULT_SLOTS     2
#define MIN_TILE_WHOLE       256 /* bands are quicker than smaller tiles of a whole image */
#define MIN_BAND             64  /* rows; each band looks at all of the scene again */
#define BAND_SLOTS           4

/* While all textures are to stay, tiles are not made smaller than this. */
#define GENTLE_TILE 256
/* Where their levels come and go, this part of the budget is for what lives within a submission. */
#define TRANSIENT_SHARE 16

#define MIB(bytes) ((double)(bytes) / 1048576.0)

static td_result estimate(const tdi_sizing_request *request, tdi_sizing *sizing, tdi_estimate *sum)
{
    const uint64_t result_bytes = sizing->layout.view_bytes * sizing->views;
    TDI_TRY(tdi_device_scene_measure(request->device, request->scene,
                                     request->params->in_flight + 1, sizing->tails, sum,
                                     &sizing->scene));
    for (uint32_t i = 0; i < sizing->transient_sets; i++)
        TDI_TRY(tdi_estimate_add_buffer(sum, sizing->transient_bytes, TDI_MEMORY_DEVICE));
    for (uint32_t i = 0; i < sizing->in_flight; i++)
        TDI_TRY(tdi_estimate_add_buffer(sum, sizing->frame_bytes, TDI_MEMORY_UPLOAD));
    for (uint32_t i = 0; i < sizing->result_slots; i++)
        TDI_TRY(tdi_estimate_add_buffer(sum, result_bytes, TDI_MEMORY_READBACK));
    return TD_OK;
}

/* What a choice would hold of the budget. */
static td_result total_cost(const tdi_sizing_request *request, tdi_sizing *sizing, uint64_t *out)
{
    tdi_estimate sum;
    tdi_estimate_init(&sum, request->device, tdi_memory_available(request->device));
    const td_result result = estimate(request, sizing, &sum);
    *out = sum.peak;
    tdi_estimate_free(&sum);
    return result;
}

/* What a choice takes of a category. */
static uint64_t category_cost(const tdi_sizing *sizing, td_budget_category category)
{
    switch (category) {
    case TD_BUDGET_GEOMETRY:
        return sizing->scene.geometry;
    case TD_BUDGET_TEXTURES:
        return sizing->scene.textures;
    case TD_BUDGET_STAGING:
        return sizing->scene.staging + sizing->frame_bytes * sizing->in_flight;
    case TD_BUDGET_READBACK:
        return sizing->layout.view_bytes * sizing->views * sizing->result_slots;
    case TD_BUDGET_TRANSIENT:
        return sizing->transient_bytes * sizing->transient_sets;
    default:
        return 0;
    }
}

/* The first category whose limit is in the way, or TD_BUDGET_CATEGORY_COUNT. */
static td_budget_category short_category(const tdi_sizing_request *request,
                                         const tdi_sizing *sizing)
{
    td_budget_category category = TD_BUDGET_GEOMETRY;
    while (category < TD_BUDGET_CATEGORY_COUNT &&
           category_cost(sizing, category) <=
               tdi_budget_available_to(request->device->budget, category))
        category++;
    return category;
}

static td_result measure_transient(const tdi_sizing_request *request, tdi_sizing *sizing)
{
    const td_graph_extent extent = {
        .tile_width = sizing->tile_width,
        .tile_height = sizing->tile_height,
        .views = sizing->views,
        .samples = request->params->samples,
    };
    sizing->transient_bytes = 0;
    for (int async = 0; async < 2; async++) {
        tdi_lane_map lanes;
        td_plan *plan = NULL;
        if (!tdi_async_lanes(request->device, request->params->async, async, &lanes))
            continue;
        TDI_TRY(tdi_graph_compile(request->graph, &extent, &lanes, &plan));
        if (sizing->transient_bytes < td_plan_transient_bytes(plan))
            sizing->transient_bytes = td_plan_transient_bytes(plan);
        td_plan_destroy(plan);
    }
    sizing->frame_bytes = sizeof(struct tdi_frame) + sizing->views * sizeof(struct tdi_view) +
                          request->scene->punctual_count * sizeof(struct tdi_punctual_light);
    return TD_OK;
}

/* True if the bindings of the passes can hold it. Results that are copied are bound tile by tile.
 */
static bool bindable(const tdi_sizing_request *request, const tdi_sizing *sizing)
{
    const uint64_t pixels = (uint64_t)sizing->tile_width * sizing->tile_height * sizing->views;
    const uint64_t bound = request->params->copy_results == TD_COPY_ALWAYS
                               ? pixels * TDI_RESULT_PIXEL_BYTES
                               : sizing->layout.view_bytes * sizing->views;
    return pixels <= tdi_passes_max_pixels(request->passes, request->device) &&
           sizing->views <= tdi_passes_max_views(request->passes, request->device) &&
           bound <= request->device->max_storage_range;
}

/* The image may still be split into bands. */
static bool may_split_bands(const td_renderer_params *params, const tdi_sizing *sizing)
{
    return params->bands && params->band_height == 0 && sizing->band_height > MIN_BAND;
}

/* Halves the longer side of the tile. False where the user has fixed it, or it is small enough. */
static bool split_tile(const td_renderer_params *params, tdi_sizing *sizing)
{
    const uint32_t least = may_split_bands(params, sizing) ? MIN_TILE_WHOLE : sizing->least_tile;
    if (params->tile_width == 0 && sizing->tile_width > least &&
        (sizing->tile_width >= sizing->tile_height || params->tile_height != 0)) {
        sizing->tile_width = (sizing->tile_width + 1) / 2;
        return true;
    }
    if (params->tile_height == 0 && sizing->tile_height > least) {
        sizing->tile_height = (sizing->tile_height + 1) / 2;
        return true;
    }
    return false;
}

static uint32_t clamp_tile(uint32_t asked, uint32_t size)
{
    return asked == 0 || asked > size ? size : asked;
}

/* Bands of so many rows, each as one tile if it may be. */
static void set_bands(const td_renderer_params *params, uint32_t rows, tdi_sizing *sizing)
{
    sizing->band_height = rows;
    sizing->tile_width = clamp_tile(params->tile_width, params->width);
    sizing->tile_height = clamp_tile(params->tile_height, rows);
    tdi_result_layout_make(params->width, rows, params->outputs, &sizing->layout);
}

static bool split_band(const td_renderer_params *params, tdi_sizing *sizing)
{
    if (!may_split_bands(params, sizing) || sizing->band_height == params->height)
        return false;
    const uint32_t half = (sizing->band_height + 1) / 2;
    set_bands(params, half > MIN_BAND ? half : MIN_BAND, sizing);
    return true;
}

/* What the bindings of the passes cannot hold is made smaller first, whatever the budget: fewer
 * in flight would not help. False if there is nothing left to make smaller. */
static bool fit_bindings(const tdi_sizing_request *request, tdi_sizing *sizing)
{
    while (!bindable(request, sizing)) {
        if (sizing->views > 1)
            sizing->views = (sizing->views + 1) / 2;
        else if (!split_band(request->params, sizing) && !split_tile(request->params, sizing))
            return false;
    }
    return true;
}

static td_result refuse_bindings(const tdi_sizing_request *request, const tdi_sizing *sizing)
{
    return tdi_fail(TD_ERROR_UNSUPPORTED,
                    "an image of %ux%u with these outputs, in tiles of %ux%u, is larger than this "
                    "device can bind (%.0f MiB)",
                    sizing->layout.width, sizing->layout.height, sizing->tile_width,
                    sizing->tile_height, MIB(request->device->max_storage_range));
}

static td_result fits(const tdi_sizing_request *request, tdi_sizing *sizing, bool *out)
{
    TDI_TRY(measure_transient(request, sizing));
    uint64_t cost = 0;
    TDI_TRY(total_cost(request, sizing, &cost));
    td_budget_info info;
    td_budget_get_info(request->device->budget, &info);
    *out = info.mode == TD_BUDGET_WARN ||
           (cost <= tdi_memory_available(request->device) &&
            short_category(request, sizing) == TD_BUDGET_CATEGORY_COUNT);
    return TD_OK;
}

static uint32_t automatic_views(const tdi_sizing_request *request)
{
    const td_renderer_params *params = request->params;
    const uint64_t limit = request->device->info.software ? AUTO_PIXELS_SOFTWARE : AUTO_PIXELS_GPU;
    const uint64_t work = (uint64_t)params->width * params->height * params->samples;
    const uint64_t views = limit / work;
    return views < 1 ? 1 : views > AUTO_VIEWS ? AUTO_VIEWS : (uint32_t)views;
}

/* One step down: first fewer views share a submission, then bands get lower, then less waits in
 * flight, then the image is split into tiles. False when there is nothing left to give up. */
static bool step_down(const td_renderer_params *params, tdi_sizing *sizing)
{
    if (sizing->views > 1) {
        sizing->views = (sizing->views + 1) / 2;
        return true;
    }
    if (sizing->transient_sets > 1) {
        sizing->transient_sets = 1;
        return true;
    }
    if (split_band(params, sizing))
        return true;
    if (sizing->result_slots > MIN_RESULT_SLOTS) {
        sizing->result_slots--;
        if (sizing->in_flight > sizing->result_slots - 1)
            sizing->in_flight = sizing->result_slots - 1;
        return true;
    }
    return split_tile(params, sizing);
}

static td_result refuse(const tdi_sizing_request *request, tdi_sizing *sizing)
{
    uint64_t cost = 0;
    TDI_TRY(total_cost(request, sizing, &cost));
    const td_budget_category category = short_category(request, sizing);
    if (category < TD_BUDGET_CATEGORY_COUNT)
        return tdi_budget_check_category(request->device->budget, category,
                                         category_cost(sizing, category),
                                         "rendering this scene at this size");
    char *detail = tdi_format(
        "geometry %.1f MiB, textures %.1f MiB, staging %.1f MiB, readback %.1f MiB, transient "
        "%.1f MiB",
        MIB(sizing->scene.geometry), MIB(sizing->scene.textures), MIB(sizing->scene.staging),
        MIB(sizing->layout.view_bytes * sizing->views * sizing->result_slots),
        MIB(sizing->transient_bytes * sizing->transient_sets));
    if (!detail)
        return TD_ERROR_HOST_MEMORY;
    const td_result result = tdi_budget_check(request->device->budget, cost,
                                              "rendering this scene at this size", detail);
    tdi_free(detail);
    return result;
}

static void warn_if_less(const td_renderer_params *params, const tdi_sizing *sizing)
{
    if (sizing->in_flight < params->in_flight)
        tdi_log(TD_LOG_WARNING, "the budget allows %u submissions in flight instead of %u",
                sizing->in_flight, params->in_flight);
    if (sizing->band_height < params->height)
        tdi_log(TD_LOG_INFO, "images of %ux%u are rendered in bands of %u rows", params->width,
                params->height, sizing->band_height);
    if (sizing->tile_width < params->width || sizing->tile_height < sizing->band_height)
        tdi_log(TD_LOG_INFO, "images of %ux%u are rendered in tiles of %ux%u", params->width,
                params->height, sizing->tile_width, sizing->tile_height);
}

/* One submission may run beside the next. */
static bool overlaps(const tdi_sizing_request *request)
{
    return request->device->queue_count > 1 && request->params->async != TD_ASYNC_OFF;
}

/* Everything as asked for. */
static void ask_for_all(const tdi_sizing_request *request, uint32_t least_tile, tdi_sizing *sizing)
{
    const td_renderer_params *params = request->params;
    *sizing = (tdi_sizing){
        .views =
            params->views_per_submission ? params->views_per_submission : automatic_views(request),
        .in_flight = params->in_flight,
        .result_slots = params->result_slots,
        .transient_sets = overlaps(request) && params->in_flight > 1 ? 2 : 1,
        .least_tile = least_tile,
    };
    set_bands(params, clamp_tile(params->band_height, params->height), sizing);
    if (sizing->band_height < params->height)
        sizing->views = 1;
}

/* Two bands to begin with. Rows are handed on in order, so that a long queue of them is of no use.
 */
static void ask_for_bands(const td_renderer_params *params, tdi_sizing *sizing)
{
    const uint32_t slots = params->result_slots;
    sizing->views = 1;
    sizing->result_slots = slots < BAND_SLOTS ? slots : BAND_SLOTS;
    sizing->in_flight = params->in_flight;
    if (sizing->in_flight > sizing->result_slots - 1)
        sizing->in_flight = sizing->result_slots - 1;
    set_bands(params, (params->height + 1) / 2, sizing);
}

static td_result search(const tdi_sizing_request *request, tdi_sizing *sizing, bool *found)
{
    *found = false;
    if (!fit_bindings(request, sizing))
        return TD_OK;
    TDI_TRY(fits(request, sizing, found));
    while (!*found && step_down(request->params, sizing))
        TDI_TRY(fits(request, sizing, found));
    return TD_OK;
}

/* Bands come last. */
static td_result search_to_bands(const tdi_sizing_request *request, tdi_sizing *sizing, bool *found)
{
    TDI_TRY(search(request, sizing, found));
    if (*found || !may_split_bands(request->params, sizing))
        return TD_OK;
    ask_for_bands(request->params, sizing);
    return search(request, sizing, found);
}

/* Whether textures have levels that could be left out. */
static td_result may_leave_out(const tdi_sizing_request *request, bool *out)
{
    uint64_t all = 0, tails = 0;
    *out = false;
    if (request->params->textures == TD_TEXTURES_ALL)
        return TD_OK;
    TDI_TRY(tdi_device_textures_measure(request->device, request->scene, false, NULL, &all));
    TDI_TRY(tdi_device_textures_measure(request->device, request->scene, true, NULL, &tails));
    *out = tails < all;
    return TD_OK;
}

/* Little at once, so that most of the budget is left to textures. */
static td_result search_with_tails(const tdi_sizing_request *request, tdi_sizing *sizing,
                                   bool *found)
{
    td_budget_info info;
    td_budget_get_info(request->device->budget, &info);
    ask_for_all(request, MIN_TILE, sizing);
    sizing->tails = true;
    sizing->views = sizing->in_flight = sizing->transient_sets = 1;
    sizing->result_slots = MIN_RESULT_SLOTS;
    TDI_TRY(measure_transient(request, sizing));
    sizing->least_tile = GENTLE_TILE;
    while (sizing->transient_bytes > info.limit_bytes / TRANSIENT_SHARE &&
           split_tile(request->params, sizing))
        TDI_TRY(measure_transient(request, sizing));
    sizing->least_tile = MIN_TILE;
    return search_to_bands(request, sizing, found);
}

typedef struct sizing_attempt {
    const tdi_sizing_request *request;
    tdi_sizing *sizing;
} sizing_attempt;

static td_result find_sizing(void *user)
{
    const tdi_sizing_request *request = ((sizing_attempt *)user)->request;
    tdi_sizing *out = ((sizing_attempt *)user)->sizing;
    bool found = false, choice = false;
    TDI_TRY(may_leave_out(request, &choice));
    ask_for_all(request, choice ? GENTLE_TILE : MIN_TILE, out);
    TDI_TRY(search_to_bands(request, out, &found));
    if (!found && choice)
        TDI_TRY(search_with_tails(request, out, &found));
    if (!found)
        return bindable(request, out) ? refuse(request, out) : refuse_bindings(request, out);
    return TD_OK;
}

static tdi_shortage missing_of_sizing(void *user)
{
    const sizing_attempt *attempt = user;
    const td_budget_category category = short_category(attempt->request, attempt->sizing);
    uint64_t cost = 0;
    if (category < TD_BUDGET_CATEGORY_COUNT)
        return tdi_budget_shortage(attempt->request->device->budget, category,
                                   category_cost(attempt->sizing, category), 0);
    if (total_cost(attempt->request, attempt->sizing, &cost) != TD_OK)
        return (tdi_shortage){0};
    return tdi_budget_shortage_of_all(attempt->request->device->budget, cost);
}

/* What others can spare is asked for before it is refused. */
td_result tdi_sizing_find(const tdi_sizing_request *request, tdi_sizing *out)
{
    sizing_attempt attempt = {.request = request, .sizing = out};
    const tdi_attempt steps = {
        .run = find_sizing,
        .missing = missing_of_sizing,
        .user = &attempt,
        .deadline_ns = UINT64_MAX,
    };
    TDI_TRY(tdi_pressure_run(tdi_budget_pressure(request->device->budget), &steps));
    warn_if_less(request->params, out);
    return TD_OK;
}
