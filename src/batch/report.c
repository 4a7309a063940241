#include <math.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "batch/batch.h"
#include "scene/png_stream.h"

#define MOST_OPERATIONS 64
#define MOST_FILES      100000
#define MOST_TEXTURES   256 /* that are named */

/* What every part of the report is made from. */
typedef struct report_source {
    td_batch *batch;
    const td_report_params *params;
    td_batch_info info;
    td_device_info device;
    td_renderer_info renderer;
} report_source;

static json_t *count_of(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* JSON has no infinities. */
static json_t *number_of(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Paths may be any bytes; JSON text is UTF-8. */
static json_t *text_of(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *plain = tdi_strdup(text);
    if (!plain)
        return NULL;
    for (char *at = plain; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    }
    value = json_string(plain);
    tdi_free(plain);
    return value;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static json_t *uuid_of(const uint8_t uuid[16])
{
    char text[37];
    char *at = text;
    for (int i = 0; i < 16; i++) {
        const char *hyphen = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        at += tdi_snprintf(at, (size_t)(text + sizeof text - at), "%s%02x", hyphen, uuid[i]);
    }
    return json_string(text);
}

static const char *const lane_names[TD_LANE_COUNT] = {"graphics", "compute", "transfer"};

static json_t *queues_part(const td_device_info *device)
{
    json_t *queues = json_array();
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        const td_lane_info *lane = &device->lanes[i];
        json_t *queue =
            json_pack("{s:s, s:o, s:o, s:b, s:s}", "lane", lane_names[i], "family",
                      count_of(lane->family), "queue", count_of(lane->queue), "passthrough",
                      (int)lane->passthrough, "reason", lane->reason ? lane->reason : "");
        (void)json_array_append_new(queues, queue);
    }
    return queues;
}

static json_t *device_part(const report_source *source)
{
    const td_device_info *device = &source->device;
    return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "name", text_of(device->name), "driver",
                     text_of(device->driver), "uuid", uuid_of(device->uuid), "software",
                     (int)device->software, "memory_bytes", count_of(device->memory_bytes),
                     "queues", queues_part(device));
}

static const char *raster_name(td_raster raster)
{
    return raster == TD_RASTER_COMPUTE          ? "compute"
           : raster == TD_RASTER_HARDWARE       ? "hardware"
           : raster == TD_RASTER_HARDWARE_DRAWS ? "hardware-draws"
                                                : "auto";
}

static json_t *choice(const char *mode, const char *reason, json_t *measured_ms)
{
    return json_pack("{s:s, s:s, s:o}", "mode", mode, "reason", reason ? reason : "", "measured_ms",
                     measured_ms);
}

/* Time a view in both modes, where they were measured. */
static json_t *measured_modes(const td_renderer_info *renderer)
{
    if (renderer->async_decisions == 0 || renderer->async_ms <= 0)
        return json_null();
    return json_pack("{s:o, s:o}", "on", number_of(renderer->async_ms), "off",
                     number_of(renderer->passthrough_ms));
}

static json_t *choices_part(const report_source *source)
{
    const td_renderer_info *renderer = &source->renderer;
    return json_pack(
        "{s:o, s:o}", "async",
        choice(renderer->async ? "on" : "off", renderer->async_reason, measured_modes(renderer)),
        "raster", choice(raster_name(renderer->raster), renderer->raster_reason, json_null()));
}

static json_t *lanes_part(const report_source *source)
{
    json_t *lanes = json_object();
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        td_lane_stats stats;
        td_monitor_lane(source->batch->monitor, (td_lane)i, &stats);
        json_t *lane =
            json_pack("{s:o, s:o, s:o}", "busy_ms", number_of(stats.busy_ms), "occupancy",
                      number_of(stats.occupancy), "submissions", count_of(stats.submissions));
        (void)json_object_set_new(lanes, lane_names[i], lane);
    }
    return lanes;
}

static json_t *overlap_part(const report_source *source)
{
    double overlap;
    if (td_monitor_overlap(source->batch->monitor, &overlap) != TD_OK)
        return json_null();
    return number_of(overlap);
}

static json_t *hidden_part(const report_source *source)
{
    double share;
    bool known = td_monitor_hidden(source->batch->monitor, "encode", &share) == TD_OK;
    return json_pack("{s:o}", "encode", known ? number_of(share) : json_null());
}

static json_t *frames_part(const report_source *source)
{
    const td_batch_info *info = &source->info;
    const td_batch_params *params = &source->batch->params;
    json_t *outputs = json_array();
    for (int i = 0; i < TDI_OUTPUT_COUNT; i++) {
        if ((params->outputs & tdi_output_kinds[i].output) != 0)
            (void)json_array_append_new(outputs, json_string(tdi_output_kinds[i].name));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "requested",
                     count_of(info->views), "done", count_of(info->done), "failed",
                     count_of(info->failed), "skipped", count_of(info->skipped), "cancelled",
                     (int)info->cancelled, "width", count_of(params->width), "height",
                     count_of(params->height), "outputs", outputs, "in_flight",
                     count_of(source->renderer.in_flight), "views_per_submission",
                     count_of(source->renderer.views_per_submission));
}

static uint64_t start_of(const report_source *source)
{
    return source->params->start_ns ? source->params->start_ns : source->batch->created_ns;
}

/* Milliseconds from the start to a moment, or null if it never came. */
static json_t *ms_until(const report_source *source, uint64_t moment_ns)
{
    uint64_t start = start_of(source);
    return moment_ns > start ? number_of((double)(moment_ns - start) * 1e-6) : json_null();
}

static json_t *startup_part(const report_source *source)
{
    json_t *steps = json_object();
    for (uint32_t i = 0; i < source->params->step_count; i++) {
        const td_batch_step *step = &source->params->steps[i];
        (void)json_object_set_new(steps, step->name, number_of(step->ms));
    }
    (void)json_object_set_new(steps, "renderer_ms", number_of(source->batch->renderer_ms));
    (void)json_object_set_new(steps, "until_first_submission_ms",
                              ms_until(source, source->batch->first_submission_ns));
    return steps;
}

static json_t *time_part(const report_source *source)
{
    const td_batch *batch = source->batch;
    uint64_t start = start_of(source);
    uint64_t ended = atomic_load(&batch->ended_ns);
    uint64_t end = ended ? ended : tdi_now_ns();
    uint64_t first = batch->tally.first_done_ns;
    double first_s = first > start ? (double)(first - start) * 1e-9 : 0;
    return json_pack("{s:o, s:o, s:o, s:o}", "total_s", number_of((double)(end - start) * 1e-9),
                     "load_s", number_of(source->params->load_s), "render_s",
                     number_of(source->info.elapsed_s), "first_frame_s",
                     first ? number_of(first_s) : json_null());
}

/* Sum of all spans of one operation in seconds. */
static double operation_s(const report_source *source, const char *name)
{
    td_operation operations[MOST_OPERATIONS];
    uint32_t count = 0;
    if (td_monitor_operations(source->batch->monitor, operations, MOST_OPERATIONS, &count) != TD_OK)
        return 0;
    for (uint32_t i = 0; i < count && i < MOST_OPERATIONS; i++) {
        if (strcmp(operations[i].name, name) == 0)
            return operations[i].total_ms * 1e-3;
    }
    return 0;
}

static json_t *throughput_part(const report_source *source)
{
    const td_batch_info *info = &source->info;
    const td_batch_params *params = &source->batch->params;
    double pixels = (double)info->done * params->width * params->height;
    double written = (double)info->files * params->width * params->height;
    bool png = tdi_destination_sink(source->batch->destination) == TDI_SINK_PNG;
    double encoding_s = operation_s(source, "encode");
    return json_pack("{s:o, s:o, s:o, s:o}", "frames_per_s",
                     number_of(ratio((double)info->done, info->elapsed_s)), "pixels_per_s",
                     number_of(ratio(pixels, info->elapsed_s)), "encoded_mb_per_s",
                     number_of(ratio((double)info->encoded_bytes * 1e-6, info->elapsed_s)),
                     "encoded_pixels_per_core_s",
                     png ? number_of(ratio(written, encoding_s)) : json_null());
}

static json_t *categories_part(const uint64_t bytes[TD_BUDGET_CATEGORY_COUNT])
{
    json_t *categories = json_object();
    for (int i = 0; i < TD_BUDGET_CATEGORY_COUNT; i++)
        (void)json_object_set_new(categories, td_budget_category_name((td_budget_category)i),
                                  count_of(bytes[i]));
    return categories;
}

static json_t *budget_part(const report_source *source)
{
    td_budget_info budget;
    td_budget_get_info(td_device_budget(source->batch->params.device), &budget);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "mode",
                     budget.mode == TD_BUDGET_WARN ? "warn" : "enforce", "limit_bytes",
                     count_of(budget.limit_bytes), "peak_bytes", count_of(budget.peak_bytes),
                     "now_bytes", count_of(budget.held_bytes), "by_category",
                     categories_part(budget.by_category), "peak_by_category",
                     categories_part(budget.peak_by_category), "waits", count_of(budget.waits),
                     "tiles", count_of(source->renderer.tiles), "bands",
                     count_of(source->renderer.bands), "exceeded", count_of(budget.exceeded),
                     "driver_bytes", count_of(budget.driver_bytes));
}

static const char *policy_name(td_texture_policy policy)
{
    return policy == TD_TEXTURES_ALL        ? "all"
           : policy == TD_TEXTURES_LRU      ? "lru"
           : policy == TD_TEXTURES_PRIORITY ? "priority"
                                            : "needed";
}

/* Textures that a view had to do with less of than it would have sampled. */
static json_t *reduced_part(const td_renderer *renderer)
{
    json_t *reduced = json_array();
    td_texture_state states[MOST_TEXTURES];
    uint32_t count = 0;
    if (td_renderer_textures(renderer, states, MOST_TEXTURES, &count) != TD_OK)
        return reduced;
    for (uint32_t i = 0; i < count && i < MOST_TEXTURES; i++) {
        if (states[i].least_level == 0)
            continue;
        json_t *texture = json_pack(
            "{s:o, s:b, s:o, s:o, s:o, s:o}", "name", text_of(states[i].name ? states[i].name : ""),
            "srgb", (int)states[i].srgb, "width", count_of(states[i].width), "height",
            count_of(states[i].height), "levels", count_of(states[i].levels), "first_level",
            count_of(states[i].least_level));
        (void)json_array_append_new(reduced, texture);
    }
    return reduced;
}

static json_t *textures_part(const report_source *source)
{
    const td_renderer_info *renderer = &source->renderer;
    return json_pack(
        "{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "policy",
        policy_name(source->batch->params.textures), "changing", (int)renderer->textures_change,
        "count", count_of(renderer->textures), "partial", count_of(renderer->textures_partial),
        "bytes", count_of(renderer->texture_bytes), "full_bytes",
        count_of(renderer->texture_full_bytes), "changes", count_of(renderer->texture_changes),
        "views_less_detailed", count_of(renderer->views_less_detailed), "reduced",
        reduced_part(source->batch->renderer));
}

static json_t *operation_part(const td_operation *operation)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "count", count_of(operation->count),
                     "min_ms", number_of(operation->min_ms), "avg_ms", number_of(operation->avg_ms),
                     "max_ms", number_of(operation->max_ms), "total_ms",
                     number_of(operation->total_ms), "p50_ms", number_of(operation->p50_ms),
                     "p99_ms", number_of(operation->p99_ms));
}

static json_t *operations_part(const report_source *source)
{
    td_operation operations[MOST_OPERATIONS];
    uint32_t count = 0;
    if (td_monitor_operations(source->batch->monitor, operations, MOST_OPERATIONS, &count) != TD_OK)
        return NULL;
    json_t *part = json_object();
    for (uint32_t i = 0; i < count && i < MOST_OPERATIONS; i++)
        (void)json_object_set_new(part, operations[i].name, operation_part(&operations[i]));
    return part;
}

static const char *png_library(const report_source *source)
{
    const tdi_encoder *encoder = source->batch->encoder;
    if (!encoder)
        return "";
    return source->renderer.bands > 1 ? tdi_png_stream_library(TDI_PNG_DEFLATE_AUTO)
                                      : tdi_encoder_library(encoder);
}

static json_t *threads_part(const report_source *source)
{
    const td_batch *batch = source->batch;
    json_t *workers = json_array();
    uint32_t count = batch->encoder ? tdi_encoder_threads(batch->encoder) : 0;
    double busy_s = 0;
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        tdi_snprintf(name, sizeof name, "encode %u", i);
        double worker_s = (double)tdi_encoder_busy_ns(batch->encoder, i) * 1e-9;
        busy_s += worker_s;
        json_t *worker =
            json_pack("{s:s, s:o}", "name", name, "busy_ms", number_of(worker_s * 1e3));
        (void)json_array_append_new(workers, worker);
    }
    double speedup = ratio(busy_s, source->info.elapsed_s);
    double share = ratio(speedup, count);
    return json_pack("{s:o, s:o, s:o, s:o, s:s}", "workers", workers, "speedup", number_of(speedup),
                     "efficiency_percent", number_of(100 * share), "busy_percent",
                     number_of(100 * share), "png_library", png_library(source));
}

static json_t *scene_part(const report_source *source)
{
    td_scene_info scene;
    if (td_scene_get_info(source->batch->params.scene, &scene) != TD_OK)
        return NULL;
    json_t *unsupported = json_array();
    for (uint32_t i = 0; i < scene.unsupported_count; i++)
        (void)json_array_append_new(unsupported, text_of(scene.unsupported[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", text_of(scene.name), "triangles",
                     count_of(scene.triangles), "instances", count_of(scene.instances), "materials",
                     count_of(scene.materials), "textures", count_of(scene.textures), "unsupported",
                     unsupported);
}

static json_t *file_part(const report_source *source, uint64_t view, uint32_t output)
{
    const td_batch *batch = source->batch;
    const tdi_output_kind *kind = &tdi_output_kinds[output];
    char *path;
    if (tdi_destination_path(batch->destination, view, kind, &path) != TD_OK)
        return NULL;
    uint64_t bytes = batch->tally.file_bytes[view * TDI_OUTPUT_COUNT + output];
    json_t *file = json_pack("{s:o, s:o, s:s, s:o}", "path", text_of(path), "view", count_of(view),
                             "output", kind->name, "bytes", count_of(bytes));
    tdi_free(path);
    return file;
}

/* What was written, by number of view; a report of a million files would help nobody. */
static json_t *files_part(const report_source *source)
{
    const td_batch *batch = source->batch;
    json_t *files = json_array();
    for (uint64_t view = 0; view < source->info.views; view++) {
        for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
            if (batch->tally.file_bytes[view * TDI_OUTPUT_COUNT + i] == 0)
                continue;
            if (json_array_size(files) >= MOST_FILES)
                return files;
            (void)json_array_append_new(files, file_part(source, view, i));
        }
    }
    return files;
}

static json_t *failures_part(const report_source *source)
{
    json_t *failures = json_array();
    td_batch_failure failure;
    uint32_t count = (uint32_t)source->batch->tally.failure_count;
    for (uint32_t i = 0; i < count; i++) {
        if (td_batch_get_failure(source->batch, i, &failure) != TD_OK)
            break;
        json_t *view = failure.view == UINT64_MAX ? json_null() : count_of(failure.view);
        json_t *part =
            json_pack("{s:o, s:s, s:o}", "view", view, "code", td_result_name(failure.result),
                      "sentence", text_of(failure.sentence));
        (void)json_array_append_new(failures, part);
    }
    return failures;
}

static json_t *resources_part(const report_source *source)
{
    (void)source;
    tdi_process_info process;
    tdi_process_get_info(&process);
    return json_pack("{s:o, s:o, s:o, s:o}", "rss_peak_bytes", count_of(process.rss_peak_bytes),
                     "descriptors", count_of(process.descriptors), "threads",
                     count_of(process.threads), "cpu_s", number_of(process.cpu_s));
}

static json_t *version_part(const report_source *source)
{
    (void)source;
    return json_string(td_version());
}

static json_t *pattern_part(const report_source *source)
{
    return text_of(tdi_destination_pattern(source->batch->destination));
}

static json_t *file_count_part(const report_source *source)
{
    return count_of(source->info.files);
}

static const struct {
    const char *name;
    json_t *(*make)(const report_source *source);
} parts[] = {
    {"tandem", version_part},        {"device", device_part},         {"choices", choices_part},
    {"lanes", lanes_part},           {"overlap", overlap_part},       {"hidden", hidden_part},
    {"frames", frames_part},         {"startup", startup_part},       {"time", time_part},
    {"throughput", throughput_part}, {"budget", budget_part},         {"textures", textures_part},
    {"operations", operations_part}, {"threads", threads_part},       {"scene", scene_part},
    {"output", pattern_part},        {"file_count", file_count_part}, {"files", files_part},
    {"failures", failures_part},     {"resources", resources_part},
};

static td_result make_report(const report_source *source, json_t **out)
{
    json_t *report = json_object();
    for (size_t i = 0; report && i < sizeof parts / sizeof *parts; i++) {
        json_t *part = parts[i].make(source);
        if (!part || json_object_set_new(report, parts[i].name, part) != 0) {
            json_decref(report);
            report = NULL;
        }
    }
    *out = report;
    return report ? TD_OK : tdi_fail(TD_ERROR_HOST_MEMORY, "the report does not fit into memory");
}

static int append_text(const char *bytes, size_t size, void *user)
{
    tdi_text_append_bytes(user, bytes, size);
    return 0;
}

td_result td_batch_report(td_batch *batch, const td_report_params *params, char **text)
{
    static const td_report_params none;
    *text = NULL;
    if (!params)
        params = &none;
    report_source source = {.batch = batch, .params = params};
    td_batch_get_info(batch, &source.info);
    td_device_get_info(batch->params.device, &source.device);
    td_renderer_get_info(batch->renderer, &source.renderer);
    json_t *report;
    TDI_TRY(make_report(&source, &report));
    tdi_text_builder builder = {0};
    size_t flags = params->compact ? JSON_COMPACT : JSON_INDENT(2);
    (void)json_dump_callback(report, append_text, &builder, flags | JSON_REAL_PRECISION(9));
    json_decref(report);
    tdi_text_append(&builder, "\n");
    return tdi_text_take(&builder, text, NULL);
}

void td_batch_free_report(char *text)
{
    tdi_free(text);
}
