#include "render_options.h"

#include <string.h>

#include <tandem/renderer.h>

#include "messages.h"

#define AT(member) offsetof(cli_render_options, member)
#define LATER(option_name)                                                                         \
    {                                                                                              \
        .name = (option_name), .kind = CLI_LATER                                                   \
    }
#define MOST_VIEWS 10000000

static const cli_word output_words[] = {
    {.text = "color", .value = TD_OUTPUT_COLOR},
    {.text = "depth", .value = TD_OUTPUT_DEPTH},
    {.text = "object", .value = TD_OUTPUT_OBJECT},
    {.text = "distance", .later = true},
    {.text = "normal", .later = true},
    {.text = "material", .later = true},
    {0},
};

static const cli_word tonemap_words[] = {
    {.text = "pbr-neutral", .value = TD_TONEMAP_PBR_NEUTRAL},
    {.text = "linear", .value = TD_TONEMAP_LINEAR},
    {.text = "aces", .value = TD_TONEMAP_ACES},
    {0},
};

const cli_word cli_sample_words[] = {
    {.text = "1", .value = 1},
    {.text = "4", .value = 4},
    {.text = "8", .value = 8},
    {.text = "16", .value = 16},
    {0},
};

static const cli_word budget_words[] = {
    {.text = "enforce", .value = TD_BUDGET_ENFORCE},
    {.text = "warn", .value = TD_BUDGET_WARN},
    {0},
};

static const cli_word async_words[] = {
    {.text = "auto", .value = TD_ASYNC_AUTO},
    {.text = "on", .value = TD_ASYNC_ON},
    {.text = "off", .value = TD_ASYNC_OFF},
    {0},
};

static const cli_word texture_words[] = {
    {.text = "all", .value = TD_TEXTURES_ALL},
    {.text = "needed", .value = TD_TEXTURES_NEEDED},
    {.text = "lru", .value = TD_TEXTURES_LRU},
    {.text = "priority", .value = TD_TEXTURES_PRIORITY},
    {0},
};

static const cli_word raster_words[] = {
    {.text = "auto", .value = TD_RASTER_AUTO},
    {.text = "compute", .value = TD_RASTER_COMPUTE},
    {.text = "hardware", .value = TD_RASTER_HARDWARE},
    {0},
};

static const cli_word progress_words[] = {
    {.text = "auto", .value = CLI_PROGRESS_AUTO},
    {.text = "plain", .value = CLI_PROGRESS_PLAIN},
    {.text = "none", .value = CLI_PROGRESS_NONE},
    {0},
};

const cli_option cli_render_table[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .offset = AT(output),
     .argument = "PATTERN",
     .help = "where images go: {view}, {view:04}, {camera}, {output}, {scene}; .png or .npy; - for "
             "raw frames on standard output (out_{view:04}.png)"},
    {.name = "size",
     .letter = 's',
     .kind = CLI_SIZE,
     .offset = AT(size),
     .argument = "WxH",
     .help = "pixels of an image (1024x1024)"},
    {.name = "views",
     .kind = CLI_COUNT,
     .offset = AT(views),
     .argument = "N",
     .help = "that many views on a circle around the scene (1)",
     .low = 1,
     .high = MOST_VIEWS},
    {.name = "orbit",
     .kind = CLI_VECTOR,
     .offset = AT(orbit),
     .argument = "YAW0,YAW1,PITCH",
     .help = "the circle in degrees: view i of N stands at YAW0 + (YAW1 - YAW0) i / N (0,360,15)"},
    {.name = "camera",
     .kind = CLI_TEXTS,
     .offset = AT(cameras),
     .argument = "NAME|INDEX",
     .help = "a camera of the scene; may be repeated"},
    {.name = "eye",
     .kind = CLI_VECTOR,
     .offset = AT(eye),
     .argument = "X,Y,Z",
     .help = "a free camera stands here"},
    {.name = "target",
     .kind = CLI_VECTOR,
     .offset = AT(target),
     .argument = "X,Y,Z",
     .help = "and looks there (the middle of the scene)"},
    {.name = "up",
     .kind = CLI_VECTOR,
     .offset = AT(up),
     .argument = "X,Y,Z",
     .help = "with this direction up (0,1,0)"},
    {.name = "fov",
     .kind = CLI_NUMBER,
     .offset = AT(fov),
     .argument = "DEG",
     .help = "vertical field of view (45)",
     .low = 0.001,
     .high = 179},
    {.name = "ortho",
     .kind = CLI_NUMBER,
     .offset = AT(ortho),
     .argument = "HEIGHT",
     .help = "orthographic, this many units high",
     .low = 1e-9,
     .high = 1e9},
    {.name = "near",
     .kind = CLI_NUMBER,
     .offset = AT(near_plane),
     .argument = "DISTANCE",
     .help = "nothing closer is seen",
     .low = 1e-9,
     .high = 1e9},
    {.name = "far",
     .kind = CLI_NUMBER,
     .offset = AT(far_plane),
     .argument = "DISTANCE",
     .help = "nothing farther is seen",
     .low = 1e-9,
     .high = 1e12},
    {.name = "scene",
     .kind = CLI_INDEX,
     .offset = AT(scene),
     .argument = "INDEX",
     .help = "which scene of the file (its default)",
     .low = 0,
     .high = 1e6},
    {.name = "variant",
     .kind = CLI_TEXT,
     .offset = AT(variant),
     .argument = "NAME",
     .help = "which of the file's material variants (none)"},
    {.name = "outputs",
     .kind = CLI_SET,
     .offset = AT(outputs),
     .argument = "LIST",
     .help = "color, depth, object (color)",
     .words = output_words},
    {.name = "env",
     .kind = CLI_TEXT,
     .offset = AT(env),
     .argument = "FILE.hdr",
     .help = "light from all around (none: one light and constant ambient light)"},
    {.name = "env-rotation",
     .kind = CLI_NUMBER,
     .offset = AT(env_rotation),
     .argument = "DEG",
     .help = "turns it, anticlockwise seen from above (0)",
     .low = -360,
     .high = 360},
    {.name = "background",
     .kind = CLI_COLOR,
     .offset = AT(background),
     .argument = "env|none|#RRGGBB",
     .help = "what is behind everything (none: transparent)"},
    {.name = "exposure",
     .kind = CLI_NUMBER,
     .offset = AT(exposure),
     .argument = "EV",
     .help = "brighter by 2^EV (0)",
     .low = -32,
     .high = 32},
    {.name = "tonemap",
     .kind = CLI_CHOICE,
     .offset = AT(tonemap),
     .argument = "NAME",
     .help = "pbr-neutral, linear, aces (pbr-neutral)",
     .words = tonemap_words},
    {.name = "samples",
     .kind = CLI_CHOICE,
     .offset = AT(samples),
     .argument = "N",
     .help = "coverage samples a pixel: 1, 4, 8, 16 (4)",
     .words = cli_sample_words},
    {.name = "contact-sheet",
     .kind = CLI_TEXT,
     .offset = AT(contact_sheet),
     .argument = "F.png",
     .help = "all views, scaled down, in one picture"},
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
    {.name = "budget-mode",
     .kind = CLI_CHOICE,
     .offset = AT(budget_mode),
     .argument = "MODE",
     .help = "enforce, warn (enforce)",
     .words = budget_words},
    {.name = "textures",
     .kind = CLI_CHOICE,
     .argument = "POLICY",
     .offset = AT(textures),
     .help = "which levels of textures are on the device where not all fit: needed (by the views, "
             "else the budget does not suffice), lru, priority (less detail where it must be), all "
             "(needed)",
     .words = texture_words},
    {.name = "async",
     .kind = CLI_CHOICE,
     .offset = AT(async),
     .argument = "MODE",
     .help = "queues of their own for compute and copies: auto, on, off (auto)",
     .words = async_words},
    {.name = "raster",
     .kind = CLI_CHOICE,
     .argument = "MODE",
     .offset = AT(raster),
     .help = "what draws triangles: auto, compute, hardware (auto)",
     .words = raster_words},
    {.name = "in-flight",
     .kind = CLI_COUNT,
     .offset = AT(in_flight),
     .argument = "N",
     .help = "submissions in flight, 1 to 16 (3)",
     .low = 1,
     .high = 16},
    {.name = "threads",
     .kind = CLI_COUNT,
     .offset = AT(threads),
     .argument = "N",
     .help = "threads that decode and encode (the cores given)",
     .low = 1,
     .high = 1024},
    {.name = "no-cache",
     .kind = CLI_FLAG,
     .offset = AT(no_cache),
     .help = "leave the pipeline cache on disk alone (TANDEM_CACHE)"},
    {.name = "report",
     .kind = CLI_TEXT,
     .offset = AT(report),
     .argument = "F.json",
     .help = "what happened, as JSON"},
    {.name = "timeline",
     .kind = CLI_TEXT,
     .offset = AT(timeline),
     .argument = "F.svg",
     .help = "what happened, as a picture"},
    {.name = "graph",
     .kind = CLI_TEXT,
     .offset = AT(graph),
     .argument = "F.svg",
     .help = "the passes of a frame and what orders them, as a picture"},
    {.name = "resume",
     .kind = CLI_FLAG,
     .offset = AT(resume),
     .help = "keep files that are there, add what is missing"},
    {.name = "overwrite",
     .kind = CLI_FLAG,
     .offset = AT(overwrite),
     .help = "replace files that are there"},
    {.name = "fsync",
     .kind = CLI_FLAG,
     .offset = AT(durable),
     .help = "have each file on the disk before it gets its name"},
    {.name = "timeout",
     .kind = CLI_NUMBER,
     .offset = AT(timeout_s),
     .argument = "S",
     .help = "a view that takes longer fails alone",
     .low = 0.001,
     .high = 1e6},
    {.name = "progress",
     .kind = CLI_CHOICE,
     .offset = AT(progress),
     .argument = "HOW",
     .help = "auto, plain, none (auto: a live line on a terminal)",
     .words = progress_words},
    {.name = "quiet",
     .letter = 'q',
     .kind = CLI_FLAG,
     .offset = AT(quiet),
     .help = "say nothing but errors"},
    {.name = "verbose",
     .letter = 'v',
     .kind = CLI_FLAG,
     .offset = AT(verbose),
     .help = "say more (TANDEM_LOG)"},
    {.name = "json",
     .kind = CLI_FLAG,
     .offset = AT(json),
     .help = "the report on standard output, in one line"},
    LATER("animation"),
    LATER("time"),
    LATER("fps"),
    LATER("duration"),
    LATER("shadows"),
    LATER("lights"),
    LATER("particles"),
    LATER("lod"),
    LATER("cull"),
    LATER("shard"),
    LATER("trace"),
    LATER("page"),
    LATER("metrics"),
    LATER("annotations"),
    LATER("cameras"),
    LATER("quality"),
    LATER("codec"),
    {0},
};

/* How the views are found: at most one of these. */
static int check_views(const cli_render_options *options)
{
    bool orbit = options->views > 0 || options->orbit.given;
    bool cameras = options->cameras.count > 0;
    bool eye = options->eye.given;
    if (orbit + cameras + eye > 1)
        return cli_usage("%s and %s: views come from an orbit, from cameras of the scene or from a "
                         "free camera, not from several of them",
                         orbit ? (options->views > 0 ? "--views" : "--orbit") : "--camera",
                         eye ? "--eye" : "--camera");
    bool lens = options->fov.given || options->ortho.given || options->near_plane.given ||
                options->far_plane.given;
    if ((options->target.given || options->up.given) && !eye)
        return cli_usage("--target and --up go with --eye, where the camera stands");
    if (lens && !eye && !orbit)
        return cli_usage("--fov, --ortho, --near and --far go with --eye, --views or --orbit");
    if (options->fov.given && options->ortho.given)
        return cli_usage("--fov and --ortho: a camera is either perspective or orthographic");
    if (options->near_plane.given && options->far_plane.given &&
        options->near_plane.value >= options->far_plane.value)
        return cli_usage("--far %g: is not behind --near %g", options->far_plane.value,
                         options->near_plane.value);
    return CLI_EXIT_OK;
}

/* Standard output carries frames or the report, which have options of their own. */
static int check_file_names(const cli_render_options *options)
{
    const struct {
        const char *name, *path;
    } files[] = {
        {"report", options->report},
        {"timeline", options->timeline},
        {"graph", options->graph},
        {"contact-sheet", options->contact_sheet},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i].path && !*files[i].path)
            return cli_usage("--%s: the name of the file is empty", files[i].name);
        if (files[i].path && strcmp(files[i].path, "-") == 0)
            return cli_usage("--%s -: goes to a file, not to standard output, which takes frames "
                             "(-o -) or the report (--json); a file of that name is ./-",
                             files[i].name);
    }
    return CLI_EXIT_OK;
}

int cli_check_render_options(const cli_render_options *options)
{
    bool raw = options->output && strcmp(options->output, "-") == 0;
    if (options->json && raw)
        return cli_usage("--json and -o -: standard output carries either the report or frames");
    if (options->resume && options->overwrite)
        return cli_usage("--resume and --overwrite: files that are there are kept or replaced");
    if (options->quiet && options->verbose)
        return cli_usage("-q and -v exclude each other");
    if (options->background.env && !options->env)
        return cli_usage("--background env: there is no --env");
    if (options->device && strcmp(options->device, "all") == 0)
        return cli_usage("--device all: is not there yet");
    const int code = check_file_names(options);
    return code != CLI_EXIT_OK ? code : check_views(options);
}
