#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tandem/device.h>

#include "base/cores.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "bench_measure.h"
#include "commands.h"
#include "messages.h"
#include "render_options.h"

/* Where real scenes are: $TANDEM_ASSETS/scenes. */
#define ASSETS_VARIABLE "TANDEM_ASSETS"
#define BUILTIN         "builtin:"

enum { HELMET, SPONZA, CUBES, TEAPOTS, CUBES_INSTANCED, HELMET_SMALL, CITY, SPHERES };

static const bench_workload workloads[] = {
    [HELMET] = {.title = "DamagedHelmet from an orbit",
                .scene = "DamagedHelmet/glTF-Binary/DamagedHelmet.glb",
                .width = 512,
                .height = 512,
                .views = 32},
    [SPONZA] = {.title = "Sponza from inside",
                .scene = "Sponza/glTF/Sponza.gltf",
                .width = 1920,
                .height = 1080,
                .views = 8,
                .inside = true,
                .eye = {-0.484f, 2.0f, -0.31f}},
    [CUBES] = {.title = "506 cubes",
               .scene = "many-cubes/many-cubes.gltf",
               .width = 256,
               .height = 256,
               .views = 8},
    [TEAPOTS] = {.title = "teapots, 7.66 M triangles",
                 .scene = "teapots_galore/glTF-instancing/teapots_galore.gltf",
                 .width = 256,
                 .height = 256,
                 .views = 8},
    [CUBES_INSTANCED] = {.title = "506 cubes, instanced",
                         .scene = "many-cubes/many-cubes-instanced.glb",
                         .width = 256,
                         .height = 256,
                         .views = 8},
    [HELMET_SMALL] = {.title = "DamagedHelmet, small",
                      .scene = "DamagedHelmet/glTF-Binary/DamagedHelmet.glb",
                      .width = 128,
                      .height = 128,
                      .views = 64},
    [CITY] = {.title = "the built-in city from inside",
              .scene = "builtin:city",
              .width = 1920,
              .height = 1080,
              .views = 8,
              .inside = true,
              .eye = {-0.484f, 2.0f, -0.31f}},
    [SPHERES] = {.title = "the built-in spheres, small",
                 .scene = "builtin:spheres",
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
    {"helmet", &workloads[HELMET], false},
    {"sponza", &workloads[SPONZA], false},
    {"cubes", &workloads[CUBES], false},
    {"teapots", &workloads[TEAPOTS], false},
    {"cubes-instanced", &workloads[CUBES_INSTANCED], false},
    {"helmet-small", &workloads[HELMET_SMALL], false},
    {"city", &workloads[CITY], false},
    {"spheres", &workloads[SPHERES], false},
    {"png-helmet", &workloads[HELMET], true},
    {"png-sponza", &workloads[SPONZA], true},
    {"png-city", &workloads[CITY], true},
};

#define ENTRY_COUNT (sizeof entries / sizeof *entries)

typedef struct bench_options {
    const char *device;
    uint64_t budget;
    uint32_t passes;
    uint32_t in_flight;
    uint32_t together;
    int samples;
    const char *env;
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
    {.name = "samples",
     .kind = CLI_CHOICE,
     .offset = AT(samples),
     .argument = "N",
     .help = "coverage samples a pixel: 1, 4, 8, 16 (1)",
     .words = cli_sample_words},
    {.name = "env",
     .kind = CLI_TEXT,
     .offset = AT(env),
     .argument = "FILE.hdr",
     .help = "light from all around (none)"},
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

/* The path of the workload's scene; the caller's. NULL: out of memory. */
static char *find_scene(const bench_workload *workload)
{
    const char *assets = getenv(ASSETS_VARIABLE);
    if (strncmp(workload->scene, BUILTIN, strlen(BUILTIN)) == 0)
        return tdi_strdup(workload->scene);
    return tdi_format("%s/scenes/%s", assets ? assets : "", workload->scene);
}

/* A figure of another scene would be taken for one of this, so there is none without the scene. */
static bool is_missing(const char *path)
{
    return strncmp(path, BUILTIN, strlen(BUILTIN)) != 0 && !tdi_file_exists(path);
}

/* One line of the result. */
typedef struct bench_result {
    const bench_entry *entry;
    char *scene;
    bool skipped;
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
    result->skipped = is_missing(result->scene);
    if (result->skipped) {
        cli_say("bench %s: skipped: $%s/scenes/%s is not there", entry->name, ASSETS_VARIABLE,
                entry->workload->scene);
        return TD_OK;
    }
    if (entry->png)
        return bench_png(params, entry->workload, result->scene, &result->figure);
    return bench_views(params, entry->workload, result->scene, &result->figure, &result->steps);
}

/* What was found out; the lists are NULL where lines are printed instead. */
typedef struct bench_lists {
    json_t *measured;
    json_t *skipped; /* names */
    uint32_t figures;
} bench_lists;

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
    (void)printf("%-16s %-28s %4ux%-4u x%-3u %10.2f %-15s (%.2f to %.2f)\n", result->entry->name,
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

/* A whole name stands for itself, the beginning of one for all that begin so. */
static bool is_meant(const bench_entry *entry, const char *name)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i] == entry;
    }
    return strncmp(entry->name, name, strlen(name)) == 0;
}

static bool is_asked_for(const bench_entry *entry, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (is_meant(entry, names[i]))
            return true;
    }
    return count == 0;
}

static int refuse_name(const char *name)
{
    tdi_text_builder list = {0};
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        tdi_text_append(&list, "%s%s", list.length ? ", " : "", entries[i].name);
    int code = cli_usage("bench %s: there is no such benchmark; there are %s", name,
                         list.data ? list.data : "");
    tdi_text_free(&list);
    return code;
}

static int check_names(int count, char **names)
{
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (size_t e = 0; e < ENTRY_COUNT; e++)
            known = known || is_meant(&entries[e], names[i]);
        if (!known)
            return refuse_name(names[i]);
    }
    return CLI_EXIT_OK;
}

static void show(const bench_result *result, bench_lists *lists)
{
    if (result->skipped && lists->skipped)
        (void)json_array_append_new(lists->skipped, json_string(result->entry->name));
    else if (lists->measured)
        (void)json_array_append_new(lists->measured, result_json(result));
    else if (!result->skipped)
        print_result(result);
}

static td_result run_entries(const bench_params *params, int count, char **names,
                             bench_lists *lists)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (!is_asked_for(&entries[i], count, names))
            continue;
        bench_result result;
        td_result code = run_entry(params, &entries[i], &result);
        if (code == TD_OK)
            show(&result, lists);
        lists->figures += code == TD_OK && !result.skipped;
        tdi_free(result.scene);
        if (code != TD_OK)
            return tdi_fail_in(code, "bench %s", entries[i].name);
    }
    return TD_OK;
}

static void print_json(const bench_lists *lists, td_device *device)
{
    td_device_info info;
    td_device_get_info(device, &info);
    td_budget_info budget;
    td_budget_get_info(td_device_budget(device), &budget);
    json_t *report =
        json_pack("{s:s, s:{s:s, s:s, s:b}, s:i, s:I, s:O, s:O}", "tandem", td_version(), "device",
                  "name", info.name, "driver", info.driver, "software", (int)info.software, "cores",
                  (int)tdi_core_count(), "peak_bytes", (json_int_t)budget.peak_bytes, "results",
                  lists->measured, "skipped", lists->skipped);
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
        .samples = (uint32_t)options->samples,
    };
    const td_environment_params environment = {.path = options->env};
    td_result result = td_device_create(&device, &params.device);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_DEVICE, result);
    if (options->env)
        result = td_environment_create(params.device, &environment, &params.environment);
    bench_lists lists = {0};
    if (options->json)
        lists = (bench_lists){.measured = json_array(), .skipped = json_array()};
    if (result == TD_OK)
        result = run_entries(&params, count, names, &lists);
    if (result == TD_OK && options->json)
        print_json(&lists, params.device);
    json_decref(lists.measured);
    json_decref(lists.skipped);
    td_environment_destroy(params.environment);
    td_device_destroy(params.device);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_PREPARE, result);
    return lists.figures > 0 ? CLI_EXIT_OK : CLI_EXIT_INPUT;
}

static int run_bench(int argc, char **argv)
{
    bench_options options = {.passes = 5, .samples = 1};
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
