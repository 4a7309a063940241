#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tandem/batch.h>

#include "base/clock.h"
#include "base/color.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "batch/destination.h"
#include "commands.h"
#include "interrupt.h"
#include "messages.h"
#include "progress.h"
#include "render_options.h"
#include "session.h"
#include "views.h"

#define MOST_SAID_FAILURES 8
#define MIB                1048576.0

/* One run of the command. */
typedef struct render_job {
    cli_render_options options;
    td_batch_params params;
    cli_views views;
    cli_session session;
    cli_progress_line progress;
    td_monitor *monitor;
    td_batch *batch;
    char *scene_name;
} render_job;

static td_result write_frame(void *user, const void *data, size_t size)
{
    (void)user;
    errno = 0;
    if (fwrite(data, 1, size, stdout) != size || fflush(stdout) != 0)
        return tdi_fail(TD_ERROR_IO, "standard output: takes nothing more: %s",
                        tdi_system_text(errno));
    return TD_OK;
}

static td_existing existing_of(const cli_render_options *options)
{
    if (options->overwrite)
        return TD_EXISTING_REPLACE;
    return options->resume ? TD_EXISTING_SKIP : TD_EXISTING_ERROR;
}

static void fill_params(render_job *job)
{
    const cli_render_options *options = &job->options;
    job->params = (td_batch_params){
        .view_count = job->views.count,
        .camera_names = job->views.names,
        .output = options->output,
        .scene_name = job->scene_name,
        .existing = existing_of(options),
        .durable = options->durable,
        .contact_sheet = options->contact_sheet,
        .write = write_frame,
        .width = options->size.width,
        .height = options->size.height,
        .samples = (uint32_t)options->samples,
        .outputs = options->outputs,
        .in_flight = options->in_flight,
        .exposure = (float)options->exposure.value,
        .tonemap = (td_tonemap)options->tonemap,
        .environment_rotation = options->env_rotation.value,
        .environment_behind = options->background.env,
        .raster = (td_raster)options->raster,
        .async = (td_async_mode)options->async,
        .textures = (td_texture_policy)options->textures,
        .encode_threads = options->threads,
        .view_timeout_ns = (uint64_t)(options->timeout_s.value * 1e9),
        .progress = cli_progress_show,
        .progress_user = &job->progress,
    };
    for (int i = 0; i < 3 && options->background.given; i++)
        job->params.background[i] = (float)tdi_srgb_to_linear(options->background.srgb[i] / 255.0);
    job->params.background[3] = options->background.given ? 1.0f : 0.0f;
}

/* What can be wrong without a scene and a device shows before either is made. */
static int check_destination(render_job *job)
{
    const cli_render_options *options = &job->options;
    tdi_destination *destination;
    const char *const files[] = {options->contact_sheet, options->report, options->timeline,
                                 options->graph};
    const uint32_t count = sizeof files / sizeof *files;
    td_result result = tdi_destination_create(&job->params, &destination);
    if (result == TD_OK)
        result = tdi_destination_check_others(destination, files, count);
    tdi_destination_destroy(destination);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_PREPARE, result);
    bool may_exist = options->overwrite || options->resume;
    int code = CLI_EXIT_OK;
    for (uint32_t i = 0; i < count && code == CLI_EXIT_OK; i++)
        code = cli_check_file(files[i], may_exist);
    return code;
}

static int open_session(render_job *job, const char *path)
{
    const cli_render_options *options = &job->options;
    td_device_params device = {
        .select = options->device,
        .budget_bytes = options->budget,
        .budget_mode = (td_budget_mode)options->budget_mode,
        .async = (td_async_mode)options->async,
        .no_cache = options->no_cache,
    };
    td_scene_load_params load = {
        .scene = options->scene.given ? (uint32_t)options->scene.value + 1 : 0,
        .threads = options->threads,
        .variant = options->variant,
    };
    int code = cli_session_open(&device, path, &load, &job->session);
    if (code != CLI_EXIT_OK)
        return code;
    const td_environment_params environment = {.path = options->env};
    td_result result = TD_OK;
    if (options->env)
        result =
            td_environment_create(job->session.device, &environment, &job->session.environment);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_SCENE, result);
    result = cli_views_place(options, job->session.scene, &job->views);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_PREPARE, result);
    return CLI_EXIT_OK;
}

/* The graver of two exit codes, in the order that the manual gives. */
static int graver(int a, int b)
{
    static const int order[] = {CLI_EXIT_USAGE,  CLI_EXIT_DEVICE, CLI_EXIT_BUDGET,
                                CLI_EXIT_OUTPUT, CLI_EXIT_INPUT,  CLI_EXIT_SOME};
    if (a >= CLI_EXIT_SIGNAL || b >= CLI_EXIT_SIGNAL)
        return a > b ? a : b;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (a == order[i] || b == order[i])
            return order[i];
    }
    return CLI_EXIT_OK;
}

static void say_failures(td_batch *batch)
{
    td_batch_failure failure;
    uint32_t count = 0;
    for (; td_batch_get_failure(batch, count, &failure) == TD_OK; count++) {
        if (count < MOST_SAID_FAILURES)
            cli_say("%s", failure.sentence);
    }
    if (count > MOST_SAID_FAILURES)
        cli_say("%u more failures; --report lists them", count - MOST_SAID_FAILURES);
}

/* Says how it went and returns the exit code of the run. */
static int conclude(const render_job *job, td_result result)
{
    td_batch_info info;
    td_batch_get_info(job->batch, &info);
    say_failures(job->batch);
    unsigned long long there = info.done + info.skipped;
    if (result == TD_ERROR_CANCELLED) {
        cli_say("interrupted; %llu of %llu views are there, and --resume goes on", there,
                (unsigned long long)info.views);
        return CLI_EXIT_SIGNAL + cli_interrupted();
    }
    td_budget_info budget;
    td_budget_get_info(td_device_budget(job->session.device), &budget);
    if (!job->options.quiet)
        cli_say(
            "%llu of %llu views in %.2f s, %.1f a second; %llu files, %.1f MB; %.0f of %.0f MiB "
            "device memory",
            there, (unsigned long long)info.views, info.elapsed_s,
            info.elapsed_s > 0 ? (double)info.done / info.elapsed_s : 0,
            (unsigned long long)info.files, (double)info.encoded_bytes * 1e-6,
            (double)budget.peak_bytes / MIB, (double)budget.limit_bytes / MIB);
    bool some = there > 0 || info.files > 0;
    /* A view that was refused is no mistake in the command line any more. */
    if (result == TD_ERROR_ARGUMENT)
        return some ? CLI_EXIT_SOME : CLI_EXIT_INPUT;
    return cli_exit_code(some ? CLI_STAGE_RENDER : CLI_STAGE_PREPARE, result);
}

static td_result make_report(const render_job *job, bool compact, char **text)
{
    uint64_t start = cli_main_ns;
    (void)tdi_process_start_ns(&start);
    const td_batch_step steps[] = {
        {"process_ms", (double)(cli_main_ns - start) * 1e-6},
        {"device_ms", job->session.device_ms},
        {"scene_ms", job->session.scene_ms},
    };
    td_report_params params = {
        .steps = steps,
        .step_count = sizeof steps / sizeof *steps,
        .start_ns = start,
        .load_s = job->session.scene_ms * 1e-3,
        .compact = compact,
    };
    return td_batch_report(job->batch, &params, text);
}

static int write_report(const render_job *job)
{
    const cli_render_options *options = &job->options;
    bool may_exist = options->overwrite || options->resume;
    if (options->report) {
        char *text;
        td_result result = make_report(job, false, &text);
        if (result == TD_OK)
            result = cli_write_text(options->report, text, may_exist);
        td_batch_free_report(text);
        if (result != TD_OK)
            return cli_fail(CLI_STAGE_OUTPUT, result);
    }
    if (options->json) {
        char *text;
        td_result result = make_report(job, true, &text);
        if (result != TD_OK)
            return cli_fail(CLI_STAGE_OUTPUT, result);
        (void)fputs(text, stdout);
        td_batch_free_report(text);
    }
    return CLI_EXIT_OK;
}

static int write_timeline(const render_job *job)
{
    const cli_render_options *options = &job->options;
    if (!options->timeline)
        return CLI_EXIT_OK;
    bool may_exist = options->overwrite || options->resume;
    td_result result = td_monitor_write_svg(job->monitor, options->timeline, may_exist);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_OUTPUT, result);
}

static int write_graph(const render_job *job)
{
    const cli_render_options *options = &job->options;
    if (!options->graph)
        return CLI_EXIT_OK;
    bool may_exist = options->overwrite || options->resume;
    td_result result = td_batch_write_graph(job->batch, options->graph, may_exist);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_OUTPUT, result);
}

/* A device that does not answer would be waited for when it is destroyed. */
static void end_without_device(const render_job *job, int code)
{
    td_batch_info info;
    td_batch_get_info(job->batch, &info);
    if (!info.unanswered)
        return;
    (void)fflush(stdout);
    tdi_file_cleanup_all();
    tdi_end_process(code);
}

static int run_batch(render_job *job)
{
    td_result result = td_monitor_create(0, &job->monitor);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_PREPARE, result);
    job->params.device = job->session.device;
    job->params.scene = job->session.scene;
    job->params.environment = job->session.environment;
    job->params.cameras = job->views.cameras;
    job->params.monitor = job->monitor;
    result = td_batch_create(&job->params, &job->batch);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_PREPARE, result);
    cli_guard_batch(job->batch);
    result = td_batch_run(job->batch);
    cli_progress_end(&job->progress);
    int code = conclude(job, result);
    code = graver(code, write_report(job));
    code = graver(code, write_timeline(job));
    code = graver(code, write_graph(job));
    cli_guard_batch(NULL);
    end_without_device(job, code);
    return code;
}

static int run_job(render_job *job, const char *path)
{
    const cli_render_options *options = &job->options;
    cli_set_verbosity(options->quiet ? -1 : options->verbose ? 1 : 0);
    cli_progress_init(&job->progress, options);
    cli_views_count(options, &job->views);
    job->scene_name = cli_scene_name(path);
    if (!job->scene_name)
        return cli_fail(CLI_STAGE_PREPARE, TD_ERROR_HOST_MEMORY);
    fill_params(job);
    if (options->output && strcmp(options->output, "-") == 0)
        tdi_ignore_broken_pipes();
    tdi_ignore_file_size_limit();
    int code = check_destination(job);
    if (code == CLI_EXIT_OK)
        code = open_session(job, path);
    return code == CLI_EXIT_OK ? run_batch(job) : code;
}

static int run_render(int argc, char **argv)
{
    render_job job = {.options = {.size = {1024, 1024}}};
    int first;
    if (!cli_parse_command(&cli_render, argc, argv, &job.options, 1, 1, &first))
        return CLI_EXIT_USAGE;
    int code = cli_check_render_options(&job.options);
    if (code == CLI_EXIT_OK && argv[first][0] == '\0')
        code = cli_usage("the scene is an empty name; it is a .gltf or .glb file, or builtin:NAME");
    if (code == CLI_EXIT_OK)
        code = run_job(&job, argv[first]);
    td_batch_destroy(job.batch);
    td_monitor_destroy(job.monitor);
    cli_session_close(&job.session);
    cli_views_free(&job.views);
    tdi_free(job.scene_name);
    return code;
}

const cli_command cli_render = {
    .name = "render",
    .usage = "SCENE [options]",
    .summary = "Renders one or many views of a scene",
    .options = cli_render_table,
    .run = run_render,
};
