#include <string.h>

#include <tandem/scene.h>

#include "base/text.h"
#include "commands.h"
#include "messages.h"
#include "scene/builtin.h"
#include "session.h"

typedef struct scene_options {
    const char *output;
    bool overwrite;
} scene_options;

#define AT(member) offsetof(scene_options, member)

static const cli_option scene_table[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .offset = AT(output),
     .argument = "FILE.glb",
     .help = "where the scene goes"},
    {.name = "overwrite",
     .kind = CLI_FLAG,
     .offset = AT(overwrite),
     .help = "replace a file that is there"},
    {0},
};

static int check_name(const char *name)
{
    for (const char *const *known = tdi_builtin_names(); *known; known++) {
        if (strcmp(*known, name) == 0)
            return CLI_EXIT_OK;
    }
    if (strcmp(name, "lights") == 0 || strcmp(name, "particles") == 0)
        return cli_usage("scene %s: is not there yet", name);
    return cli_usage("scene %s: there is no such built-in scene; choose city, spheres or terrain",
                     name);
}

static td_result write_scene(const char *name, const scene_options *options)
{
    char path[64];
    tdi_snprintf(path, sizeof path, "builtin:%s", name);
    td_scene *scene;
    TDI_TRY(td_scene_load(path, NULL, &scene));
    td_result result = td_scene_write_glb(scene, options->output, options->overwrite);
    td_scene_destroy(scene);
    return result;
}

static int run_scene(int argc, char **argv)
{
    scene_options options = {0};
    int first;
    if (!cli_parse_command(&cli_scene, argc, argv, &options, 1, 1, &first))
        return CLI_EXIT_USAGE;
    cli_set_verbosity(0);
    int code = check_name(argv[first]);
    if (code != CLI_EXIT_OK)
        return code;
    if (!options.output)
        return cli_usage("scene %s: needs -o FILE.glb", argv[first]);
    size_t length = strlen(options.output);
    if (length < 5 || strcmp(options.output + length - 4, ".glb") != 0)
        return cli_usage("%s: scenes are written as .glb", options.output);
    code = cli_check_file(options.output, options.overwrite);
    if (code != CLI_EXIT_OK)
        return code;
    td_result result = write_scene(argv[first], &options);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_OUTPUT, result);
}

const cli_command cli_scene = {
    .name = "scene",
    .usage = "NAME -o FILE.glb",
    .summary = "Writes one of the built-in scenes: city, spheres, terrain",
    .options = scene_table,
    .run = run_scene,
};
