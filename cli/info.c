#include <stdio.h>

#include <jansson.h>

#include <tandem/budget.h>
#include <tandem/scene.h>

#include "base/error.h"
#include "commands.h"
#include "messages.h"

#define MIB 1048576.0

typedef struct info_options {
    cli_number scene;
    uint32_t threads;
    bool json;
} info_options;

#define AT(member) offsetof(info_options, member)

static const cli_option info_table[] = {
    {.name = "scene",
     .kind = CLI_INDEX,
     .offset = AT(scene),
     .argument = "INDEX",
     .help = "which scene of the file (its default)",
     .low = 0,
     .high = 1e6},
    {.name = "threads",
     .kind = CLI_COUNT,
     .offset = AT(threads),
     .argument = "N",
     .help = "threads that decode (the cores given)",
     .low = 1,
     .high = 1024},
    {.name = "json", .kind = CLI_FLAG, .offset = AT(json), .help = "as JSON"},
    {0},
};

typedef struct info_count {
    const char *name;
    uint64_t value;
} info_count;

#define COUNTS 12

static void list_counts(const td_scene_info *info, info_count counts[COUNTS])
{
    const info_count list[COUNTS] = {
        {"triangles", info->triangles},
        {"stored_triangles", info->stored_triangles},
        {"cluster_instances", info->cluster_instances},
        {"clusters", info->clusters},
        {"instances", info->instances},
        {"nodes", info->nodes},
        {"meshes", info->meshes},
        {"materials", info->materials},
        {"textures", info->textures},
        {"cameras", info->cameras},
        {"lights", info->lights},
        {"unsupported", info->unsupported_count},
    };
    for (int i = 0; i < COUNTS; i++)
        counts[i] = list[i];
}

#define LOBES 7

static json_t *list_lobes(uint32_t lobes)
{
    static const char *const names[LOBES] = {"specular",    "specular-glossiness", "clearcoat",
                                             "sheen",       "anisotropy",          "iridescence",
                                             "transmission"};
    json_t *list = json_array();
    for (int i = 0; i < LOBES; i++) {
        if (lobes & 1u << i)
            (void)json_array_append_new(list, json_string(names[i]));
    }
    return list;
}

static void print_lobes(uint32_t lobes)
{
    json_t *list = list_lobes(lobes);
    for (size_t i = 0; i < json_array_size(list); i++)
        (void)printf("%-18s %s\n", "material lobe", json_string_value(json_array_get(list, i)));
    json_decref(list);
}

static void print_text(const td_scene_info *info)
{
    info_count counts[COUNTS];
    list_counts(info, counts);
    (void)printf("%-18s %s\n", "scene", info->name);
    for (int i = 0; i < COUNTS; i++)
        (void)printf("%-18s %llu\n", counts[i].name, (unsigned long long)counts[i].value);
    (void)printf("%-18s %.4g %.4g %.4g to %.4g %.4g %.4g\n", "bounds", (double)info->bounds_min[0],
                 (double)info->bounds_min[1], (double)info->bounds_min[2],
                 (double)info->bounds_max[0], (double)info->bounds_max[1],
                 (double)info->bounds_max[2]);
    (void)printf("%-18s %.2f MiB geometry + %.2f MiB textures of %.0f MiB\n", "budget",
                 (double)info->geometry_bytes / MIB, (double)info->texture_bytes / MIB,
                 (double)TD_BUDGET_DEFAULT / MIB);
    print_lobes(info->lobes);
    for (uint32_t i = 0; i < info->variant_count; i++)
        (void)printf("%-18s %s\n", "material variant", info->variants[i]);
    for (uint32_t i = 0; i < info->unsupported_count; i++)
        (void)printf("%-18s %s\n", "not supported", info->unsupported[i]);
}

static json_t *make_vector(const float values[3])
{
    return json_pack("[f, f, f]", (double)values[0], (double)values[1], (double)values[2]);
}

static json_t *make_list(const char *const *texts, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *make_json(const td_scene_info *info)
{
    info_count counts[COUNTS];
    list_counts(info, counts);
    json_t *object = json_pack(
        "{s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "name", info->name, "bounds_min",
        make_vector(info->bounds_min), "bounds_max", make_vector(info->bounds_max),
        "geometry_bytes", (json_int_t)info->geometry_bytes, "texture_bytes",
        (json_int_t)info->texture_bytes, "budget_bytes", (json_int_t)TD_BUDGET_DEFAULT, "lobes",
        list_lobes(info->lobes), "variants", make_list(info->variants, info->variant_count));
    /* The last count is the length of the list that takes its name. */
    for (int i = 0; object && i < COUNTS - 1; i++)
        (void)json_object_set_new(object, counts[i].name,
                                  json_integer((json_int_t)counts[i].value));
    json_t *unsupported = make_list(info->unsupported, info->unsupported_count);
    if (!object || json_object_set_new(object, "unsupported", unsupported) != 0)
        return NULL;
    return object;
}

static td_result print_json(const td_scene_info *info)
{
    json_t *object = make_json(info);
    if (!object)
        return tdi_fail(TD_ERROR_HOST_MEMORY, "the description does not fit into memory");
    (void)json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)puts("");
    json_decref(object);
    return TD_OK;
}

static int run_info(int argc, char **argv)
{
    info_options options = {0};
    int first;
    if (!cli_parse_command(&cli_info, argc, argv, &options, 1, 1, &first))
        return CLI_EXIT_USAGE;
    cli_set_verbosity(0);
    if (argv[first][0] == '\0')
        return cli_usage("the scene is an empty name; it is a .gltf or .glb file, or builtin:NAME");
    td_scene_load_params params = {
        .scene = options.scene.given ? (uint32_t)options.scene.value + 1 : 0,
        .threads = options.threads,
    };
    td_scene *scene;
    td_result result = td_scene_load(argv[first], &params, &scene);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_SCENE, result);
    td_scene_info info;
    result = td_scene_get_info(scene, &info);
    if (result == TD_OK && options.json)
        result = print_json(&info);
    else if (result == TD_OK)
        print_text(&info);
    td_scene_destroy(scene);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_SCENE, result);
}

const cli_command cli_info = {
    .name = "info",
    .usage = "SCENE [options]",
    .summary = "What is in a scene, what of it is not supported, what it costs of the budget",
    .options = info_table,
    .run = run_info,
};
