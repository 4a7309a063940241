#include "batch/destination.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

struct tdi_destination {
    tdi_pattern *pattern;
    tdi_sink sink;
    uint32_t outputs; /* td_output bits */
    char *scene_name;
    const char *const *camera_names;
    uint64_t views;
    td_existing existing;
    uint8_t *skipped; /* a bit a view; NULL if nothing can be skipped */
    uint64_t skipped_count;
};

static bool is_one_bit(uint32_t bits)
{
    return (bits & (bits - 1)) == 0;
}

static const char *camera_of(const tdi_destination *destination, uint64_t view)
{
    return destination->camera_names ? destination->camera_names[view] : "camera";
}

/* A file of a view. */
typedef struct named_file {
    char *path;
    uint64_t view;
} named_file;

static int compare_files(const void *a, const void *b)
{
    const named_file *left = a;
    const named_file *right = b;
    int order = strcmp(left->path, right->path);
    return order != 0 ? order : (left->view > right->view) - (left->view < right->view);
}

/* Says which placeholder tells the two views apart that would be written to the same file. */
static td_result refuse_equal(const tdi_destination *destination, uint64_t a, uint64_t b,
                              const char *path)
{
    const char *text = tdi_pattern_text(destination->pattern);
    if (strcmp(camera_of(destination, a), camera_of(destination, b)) == 0)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "%s: views %llu and %llu would both be %s; with more than one view of a "
                        "camera the name needs {view}",
                        text, (unsigned long long)a, (unsigned long long)b, path);
    if (!tdi_pattern_has(destination->pattern, TDI_PLACEHOLDER_CAMERA))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "%s: more than one camera is asked for, so the name needs {camera}", text);
    return tdi_fail(TD_ERROR_ARGUMENT,
                    "%s: cameras '%s' and '%s' would both be %s; {view} keeps them apart", text,
                    camera_of(destination, a), camera_of(destination, b), path);
}

static td_result expand_all(const tdi_destination *destination, const tdi_output_kind *kind,
                            named_file *files)
{
    for (uint64_t view = 0; view < destination->views; view++) {
        files[view].view = view;
        TDI_TRY(tdi_destination_path(destination, view, kind, &files[view].path));
    }
    return TD_OK;
}

static const tdi_output_kind *first_output(const tdi_destination *destination)
{
    const tdi_output_kind *kind = tdi_output_kinds;
    while ((destination->outputs & kind->output) == 0)
        kind++;
    return kind;
}

/* No two views share a file. Outputs are told apart by {output}, so one of them is enough. */
static td_result check_names(const tdi_destination *destination)
{
    named_file *files = tdi_alloc_zero((size_t)destination->views, sizeof *files);
    if (!files)
        return TD_ERROR_HOST_MEMORY;
    td_result result = expand_all(destination, first_output(destination), files);
    if (result == TD_OK)
        qsort(files, (size_t)destination->views, sizeof *files, compare_files);
    for (uint64_t i = 1; i < destination->views && result == TD_OK; i++) {
        if (strcmp(files[i - 1].path, files[i].path) == 0)
            result = refuse_equal(destination, files[i - 1].view, files[i].view, files[i].path);
    }
    for (uint64_t i = 0; i < destination->views; i++)
        tdi_free(files[i].path);
    tdi_free(files);
    return result;
}

/* The placeholders are there that keep the files of different views and outputs apart. */
static td_result check_placeholders(const tdi_destination *destination)
{
    const tdi_pattern *pattern = destination->pattern;
    const char *text = tdi_pattern_text(pattern);
    if (!is_one_bit(destination->outputs) && !tdi_pattern_has(pattern, TDI_PLACEHOLDER_OUTPUT))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "%s: more than one output is asked for, so the name needs {output}", text);
    if (destination->camera_names)
        return check_names(destination);
    /* The number of the view is all that can differ, and it differs always. */
    if (destination->views > 1 && !tdi_pattern_has(pattern, TDI_PLACEHOLDER_VIEW))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "%s: more than one view is asked for, so the name needs {view}", text);
    return TD_OK;
}

static td_result check_stream(const tdi_destination *destination)
{
    if (!is_one_bit(destination->outputs))
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "-: a stream carries one output, but more are asked for");
    return TD_OK;
}

/* True if there is a file for every output of the view. An empty one is none. */
static td_result look_for_view(const tdi_destination *destination, uint64_t view, bool *all)
{
    *all = true;
    for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
        const tdi_output_kind *kind = &tdi_output_kinds[i];
        if ((destination->outputs & kind->output) == 0)
            continue;
        char *path;
        TDI_TRY(tdi_destination_path(destination, view, kind, &path));
        bool there = tdi_file_has_content(path);
        td_result result = TD_OK;
        if (destination->existing == TD_EXISTING_ERROR && tdi_file_exists(path))
            result = tdi_fail(TD_ERROR_EXISTS,
                              "%s: exists already; --overwrite replaces it, --resume keeps it and "
                              "adds what is missing",
                              path);
        tdi_free(path);
        if (result != TD_OK)
            return result;
        *all = *all && there;
    }
    return TD_OK;
}

static td_result look_for_files(tdi_destination *destination)
{
    if (destination->existing == TD_EXISTING_REPLACE)
        return TD_OK;
    if (destination->existing == TD_EXISTING_SKIP) {
        destination->skipped = tdi_alloc_zero((size_t)(destination->views + 7) / 8, 1);
        if (!destination->skipped)
            return TD_ERROR_HOST_MEMORY;
    }
    for (uint64_t view = 0; view < destination->views; view++) {
        bool all;
        TDI_TRY(look_for_view(destination, view, &all));
        if (!all || !destination->skipped)
            continue;
        destination->skipped[view / 8] |= (uint8_t)(1u << (view % 8));
        destination->skipped_count++;
    }
    return TD_OK;
}

/* Begins the first file that will be written and gives it up again: a folder that cannot be made or
 * written should show before anything is rendered. */
static td_result probe(const tdi_destination *destination)
{
    uint64_t view = 0;
    while (view < destination->views && tdi_destination_skips(destination, view))
        view++;
    if (view == destination->views)
        return TD_OK;
    char *path;
    TDI_TRY(tdi_destination_path(destination, view, first_output(destination), &path));
    tdi_file_writer *writer = NULL;
    td_result result = tdi_make_folders_for(path);
    if (result == TD_OK) {
        tdi_file_writer_params params = {.path = path,
                                         .replace = destination->existing != TD_EXISTING_ERROR};
        result = tdi_file_writer_create(&params, &writer);
    }
    tdi_file_writer_abort(writer);
    tdi_free(path);
    return result;
}

static td_result prepare(tdi_destination *destination, const td_batch_params *params)
{
    static const char one[] = "out_{view:04}.png";
    static const char several[] = "out_{view:04}_{output}.png";
    const char *text = params->output;
    if (!text)
        text = is_one_bit(destination->outputs) ? one : several;
    const char *scene_name = params->scene_name ? params->scene_name : "scene";
    destination->scene_name = tdi_strdup(scene_name);
    if (!destination->scene_name)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(tdi_pattern_parse(text, &destination->pattern));
    TDI_TRY(tdi_sink_choose(text, destination->outputs, &destination->sink));
    if (destination->sink == TDI_SINK_RAW)
        return check_stream(destination);
    TDI_TRY(check_placeholders(destination));
    TDI_TRY(look_for_files(destination));
    return probe(destination);
}

td_result tdi_destination_create(const td_batch_params *params, tdi_destination **out)
{
    *out = NULL;
    tdi_destination *destination = tdi_alloc_zero(1, sizeof *destination);
    if (!destination)
        return TD_ERROR_HOST_MEMORY;
    destination->outputs = params->outputs ? params->outputs : TD_OUTPUT_COLOR;
    destination->camera_names = params->camera_names;
    destination->views = params->view_count;
    destination->existing = params->existing;
    td_result result = prepare(destination, params);
    if (result != TD_OK) {
        tdi_destination_destroy(destination);
        return result;
    }
    *out = destination;
    return TD_OK;
}

void tdi_destination_destroy(tdi_destination *destination)
{
    if (!destination)
        return;
    tdi_pattern_destroy(destination->pattern);
    tdi_free(destination->scene_name);
    tdi_free(destination->skipped);
    tdi_free(destination);
}

const char *tdi_destination_pattern(const tdi_destination *destination)
{
    return tdi_pattern_text(destination->pattern);
}

tdi_sink tdi_destination_sink(const tdi_destination *destination)
{
    return destination->sink;
}

bool tdi_destination_skips(const tdi_destination *destination, uint64_t view)
{
    return destination->skipped && (destination->skipped[view / 8] >> (view % 8) & 1) != 0;
}

uint64_t tdi_destination_skipped(const tdi_destination *destination)
{
    return destination->skipped_count;
}

td_result tdi_destination_path(const tdi_destination *destination, uint64_t view,
                               const tdi_output_kind *kind, char **path)
{
    tdi_pattern_values values = {
        .view = view,
        .camera = camera_of(destination, view),
        .output = kind->name,
        .scene = destination->scene_name,
    };
    return tdi_pattern_expand(destination->pattern, &values, path);
}

td_result tdi_destination_prepare(const tdi_destination *destination, const char *path,
                                  bool *wanted)
{
    *wanted = destination->existing != TD_EXISTING_SKIP || !tdi_file_has_content(path);
    return *wanted ? tdi_make_folders_for(path) : TD_OK;
}

/* TD_ERROR_ARGUMENT if a file of the view has one of these names. */
static td_result find_shared(const tdi_destination *destination, uint64_t view,
                             const char *const *paths, uint32_t count)
{
    for (uint32_t i = 0; i < TDI_OUTPUT_COUNT; i++) {
        if ((destination->outputs & tdi_output_kinds[i].output) == 0)
            continue;
        char *file;
        TDI_TRY(tdi_destination_path(destination, view, &tdi_output_kinds[i], &file));
        const char *shared = NULL;
        for (uint32_t p = 0; p < count && !shared; p++)
            shared = paths[p] && tdi_same_path(paths[p], file) ? paths[p] : NULL;
        tdi_free(file);
        if (shared)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "%s: view %llu is written to that name; give one of them another",
                            shared, (unsigned long long)view);
    }
    return TD_OK;
}

td_result tdi_destination_check_others(const tdi_destination *destination, const char *const *paths,
                                       uint32_t count)
{
    for (uint32_t a = 0; a < count; a++) {
        for (uint32_t b = a + 1; b < count; b++) {
            if (paths[a] && paths[b] && tdi_same_path(paths[a], paths[b]))
                return tdi_fail(TD_ERROR_ARGUMENT,
                                "%s: two files are to have that name; give one "
                                "of them another",
                                paths[b]);
        }
    }
    bool some = false;
    for (uint32_t i = 0; i < count; i++)
        some = some || paths[i];
    if (!some || destination->sink == TDI_SINK_RAW)
        return TD_OK;
    for (uint64_t view = 0; view < destination->views; view++)
        TDI_TRY(find_shared(destination, view, paths, count));
    return TD_OK;
}
