#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tandem/device.h>

#include "base/cores.h"
#include "base/file.h"
#include "base/memory.h"
#include "bench_measure.h"
#include "commands.h"
#include "messages.h"

/* Where real scenes are: $TANDEM_ASSETS/scenes. */
#define ASSETS_VARIABLE "TANDEM_ASSETS"

static const bench_workload workloads[] = {
    {.name = "W1",
     .title = "DamagedHelmet from an orbit",
     .file = "DamagedHelmet/glTF-Binary/DamagedHelmet.glb",
     .builtin = "builtin:spheres",
     .width = 512,
     .height = 512,
     .views = 32},
    {.name = "W3",
     .title = "Sponza from inside",
     .file = "Sponza/glTF/Sponza.gltf",
     .builtin = "builtin:city",
     .width = 1920,
     .height = 1080,
     .views = 8,
     .inside = true,
     .eye = {-0.484f, 2.0f, -0.31f}},
    {.name = "W4a",
     .title = "506 cubes",
     .file = "many-cubes/many-cubes.gltf",
     .builtin = "builtin:spheres",
     .width = 256,
     .height = 256,
     .views = 8},
    {.name = "W4b",
     .title = "teapots, 7.66 M triangles",
     .file = "teapots_galore/glTF-instancing/teapots_galore.gltf",
     .builtin = "builtin:terrain",
     .width = 256,
     .height = 256,
     .views = 8},
    {.name = "W4c",
     .title = "506 cubes, instanced",
     .file = "many-cubes/many-cubes-instanced.glb",
     .builtin = "builtin:spheres",
     .width = 256,
     .height = 256,
     .views = 8},
    {.name = "W5",
     .title = "DamagedHelmet, small",
     .file = "DamagedHelmet/glTF-Binary/DamagedHelmet.glb",
     .builtin = "builtin:spheres",
     .width = 128,
     .height = 128,
     .views = 64},
};

/* A benchmark: a workload and what is measured of it. */
typedef struct bench_entry {
    const char *name;
    const bench_workload *workload;
    bool png; /* encoding, not rendering */
} bench_entry;

static const bench_entry entries[] = {
    {"W1", &workloads[0], false},        {"W3", &workloads[1], false},
    {"W4a", &workloads[2], false},       {"W4b", &workloads[3], false},
    {"W4c", &workloads[4], false},       {"W5", &workloads[5], false},
    {"png-helmet", &workloads[0], true}, {"png-sponza", &workloads[1], true},
};

#define ENTRY_COUNT (sizeof entries / sizeof *entries)

typedef struct bench_options {
    const char *device;
    uint64_t budget;
    uint32_t passes;
    uint32_t in_flight;
    uint32_t together;
    bool json;
} bench_options;

#define AT(member) offsetof(bench_options, member)

static const cli_option bench_table[] = {
    {.name = "json", .kind = CLI_FLAG, .offset = AT(json), .help = "as JSON"},
    {.name = "passes",
     .kind = CLI_COUNT,
     .offset = AT(passes),
     .argument = "N",
     .help = "passes over the views; the median counts (5)",
     .low = 1,
     .high = BENCH_MOST_PASSES},
    {.name = "in-flight",
     .kind = CLI_COUNT,
     .offset = AT(in_flight),
     .argument = "N",
     .help = "submissions in flight, 1 to 16 (3)",
     .low = 1,
     .high = 16},
    {.name = "together",
     .kind = CLI_COUNT,
     .offset = AT(together),
     .argument = "N",
     .help = "views that share a submission, 1 to 64 (chosen by size)",
     .low = 1,
     .high = 64},
    {.name = "device",
     .kind = CLI_TEXT,
     .offset = AT(device),
     .argument = "INDEX|UUID|NAME",
     .help = "which device (TANDEM_DEVICE, else the best one)"},
    {.name = "budget",
     .kind = CLI_BYTES,
     .offset = AT(budget),
     .argument = "SIZE",
     .help = "device memory in all (TANDEM_BUDGET, else 512MiB)"},
    {0},
};

/* The scene's path, or the built-in scene in its stead; the caller's. NULL: out of memory. */
static char *find_scene(const bench_workload *workload)
{
    const char *assets = getenv(ASSETS_VARIABLE);
    if (assets && assets[0] != '\0') {
        char *path = tdi_format("%s/scenes/%s", assets, workload->file);
        if (!path || tdi_file_exists(path))
            return path;
        tdi_free(path);
    }
    return tdi_strdup(workload->builtin);
}

/* One line of the result. */
typedef struct bench_result {
    const bench_entry *entry;
    char *scene;
    bench_figure figure;
    bench_steps steps;
} bench_result;

static td_result run_entry(const bench_params *params, const bench_entry *entry,
                           bench_result *result)
{
    *result = (bench_result){.entry = entry};
    result->scene = find_scene(entry->workload);
    if (!result->scene)
        return TD_ERROR_HOST_MEMORY;
    if (entry->png)
        return bench_png(params, entry->workload, result->scene, &result->figure);
    return bench_views(params, entry->workload, result->scene, &result->figure, &result->steps);
}

static const char *unit_of(const bench_entry *entry)
{
    return entry->png ? "Mpixel/s a core" : "views/s";
}

static const char *scene_label(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_result(const bench_result *result)
{
    const bench_workload *workload = result->entry->workload;
    (void)printf("%-11s %-28s %4ux%-4u x%-3u %10.2f %-15s (%.2f to %.2f)\n", result->entry->name,
                 scene_label(result->scene), workload->width, workload->height, workload->views,
                 result->figure.median, unit_of(result->entry), result->figure.worst,
                 result->figure.best);
    (void)fflush(stdout);
}

static json_t *result_json(const bench_result *result)
{
    const bench_workload *workload = result->entry->workload;
    json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:f, s:f, s:f}", "name",
                               result->entry->name, "title", workload->title, "scene",
                               scene_label(result->scene), "width", (int)workload->width, "height",
                               (int)workload->height, "views", (int)workload->views, "unit",
                               unit_of(result->entry), "median", result->figure.median, "worst",
                               result->figure.worst, "best", result->figure.best);
    if (object && !result->entry->png)
        (void)json_object_set_new(object, "steps",
                                  json_pack("{s:f, s:f, s:f}", "scene_ms", result->steps.scene_ms,
                                            "renderer_ms", result->steps.renderer_ms,
                                            "first_view_ms", result->steps.first_view_ms));
    return object;
}

static bool is_asked_for(const bench_entry *entry, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(entry->name, names[i], length) == 0)
            return true;
    }
    return count == 0;
}

static int check_names(int count, char **names)
{
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (size_t e = 0; e < ENTRY_COUNT; e++)
            known = known || is_asked_for(&entries[e], 1, &names[i]);
        if (!known)
            return cli_usage("bench %s: there is no such benchmark; there are W1, W3, W4a, W4b, "
                             "W4c, W5, png-helmet and png-sponza",
                             names[i]);
    }
    return CLI_EXIT_OK;
}

static td_result run_entries(const bench_params *params, int count, char **names, json_t *list)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (!is_asked_for(&entries[i], count, names))
            continue;
        bench_result result;
        td_result code = run_entry(params, &entries[i], &result);
        if (code == TD_OK && list)
            (void)json_array_append_new(list, result_json(&result));
        else if (code == TD_OK)
            print_result(&result);
        tdi_free(result.scene);
        if (code != TD_OK)
            return tdi_fail_in(code, "bench %s", entries[i].name);
    }
    return TD_OK;
}

static void print_json(json_t *list, td_device *device)
{
    td_device_info info;
    td_device_get_info(device, &info);
    td_budget_info budget;
    td_budget_get_info(td_device_budget(device), &budget);
    json_t *report = json_pack("{s:s, s:{s:s, s:s, s:b}, s:i, s:I, s:O}", "tandem", td_version(),
                               "device", "name", info.name, "driver", info.driver, "software",
                               (int)info.software, "cores", (int)tdi_core_count(), "peak_bytes",
                               (json_int_t)budget.peak_bytes, "results", list);
    (void)json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    (void)puts("");
    json_decref(report);
}

static int run_on_device(const bench_options *options, int count, char **names)
{
    td_device_params device = {.select = options->device, .budget_bytes = options->budget};
    bench_params params = {
        .passes = options->passes,
        .in_flight = options->in_flight,
        .views_per_submission = options->together,
    };
    td_result result = td_device_create(&device, &params.device);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_DEVICE, result);
    json_t *list = options->json ? json_array() : NULL;
    result = run_entries(&params, count, names, list);
    if (result == TD_OK && list)
        print_json(list, params.device);
    json_decref(list);
    td_device_destroy(params.device);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_PREPARE, result);
}

static int run_bench(int argc, char **argv)
{
    bench_options options = {.passes = 5};
    int first;
    if (!cli_parse_command(&cli_bench, argc, argv, &options, 0, argc, &first))
        return CLI_EXIT_USAGE;
    cli_set_verbosity(0);
    int code = check_names(argc - first, argv + first);
    return code == CLI_EXIT_OK ? run_on_device(&options, argc - first, argv + first) : code;
}

const cli_command cli_bench = {
    .name = "bench",
    .usage = "[NAME...] [options]",
    .summary = "Measures rendering into memory and PNG encoding",
    .options = bench_table,
    .run = run_bench,
};
