#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include <tandem/device.h>

#include "base/cores.h"
#include "base/error.h"
#include "base/memory.h"
#include "commands.h"
#include "gpu/pipeline.h"
#include "messages.h"
#include "scene/png.h"

#define MOST_DEVICES 16
#define MIB          1048576.0

typedef struct doctor_options {
    bool json;
} doctor_options;

static const cli_option doctor_table[] = {
    {.name = "json", .kind = CLI_FLAG, .offset = offsetof(doctor_options, json), .help = "as JSON"},
    {0},
};

/* What was found. */
typedef struct findings {
    td_device_info devices[MOST_DEVICES];
    uint32_t count;
    td_result listed; /* of looking for devices */
} findings;

static const char *const names[TD_LANE_COUNT] = {"graphics", "compute", "transfer"};

static void print_lanes(const td_device_info *device)
{
    for (int i = 0; i < TD_LANE_COUNT; i++) {
        const td_lane_info *lane = &device->lanes[i];
        (void)printf("    %-10s family %u, queue %u%s: %s\n", names[i], lane->family, lane->queue,
                     lane->passthrough ? ", shared with graphics" : "",
                     lane->reason ? lane->reason : "");
    }
}

static void print_device(const td_device_info *device)
{
    (void)printf("  %u: %s%s\n    %-10s %s\n    %-10s %.0f MiB\n", device->index, device->name,
                 device->software ? " (runs on the CPU)" : "", "driver", device->driver, "memory",
                 (double)device->memory_bytes / MIB);
    if (device->usable)
        print_lanes(device);
    else
        (void)printf("    not usable: %s\n", device->missing);
}

static void print_help_for_none(void)
{
    (void)puts(
        "  What to do: install a Vulkan 1.3 driver. Without a GPU, Mesa's lavapipe does: on "
        "Debian and\n"
        "  Ubuntu the package mesa-vulkan-drivers (24 or newer), elsewhere vulkan-swrast or "
        "the like.\n"
        "  A driver that is unpacked somewhere is found through VK_DRIVER_FILES=.../NAME.json."
        "");
}

static void print_host(void)
{
    (void)printf("cores    %u given to this process\n", tdi_core_count());
    tdi_png_encoder *encoder = NULL;
    if (tdi_png_encoder_create(TDI_PNG_DEFLATE_AUTO, &encoder) == TD_OK)
        (void)printf("PNG      compressed by %s\n", tdi_png_encoder_library(encoder));
    tdi_png_encoder_destroy(encoder);
    char *folder;
    if (tdi_cache_folder(NULL, &folder) == TD_OK)
        (void)printf("cache    %s\n",
                     folder ? folder
                            : "none: neither TANDEM_CACHE, XDG_CACHE_HOME nor HOME is set");
    tdi_free(folder);
}

/* The device that would be chosen, which the environment has a say in. */
static td_result choose(td_device_info *info, uint64_t *budget_bytes)
{
    td_device_params params = {.no_cache = true};
    td_device *device;
    TDI_TRY(td_device_create(&params, &device));
    td_device_get_info(device, info);
    td_budget_info budget;
    td_budget_get_info(td_device_budget(device), &budget);
    *budget_bytes = budget.limit_bytes;
    td_device_destroy(device);
    return TD_OK;
}

static int print_choice(void)
{
    td_device_info info;
    uint64_t budget_bytes;
    td_result result = choose(&info, &budget_bytes);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_DEVICE, result);
    (void)printf("choice   %u: %s\nbudget   %.0f MiB\n", info.index, info.name,
                 (double)budget_bytes / MIB);
    return CLI_EXIT_OK;
}

static int print_text(const findings *found)
{
    (void)printf("tandem   %s\n", td_version());
    print_host();
    (void)printf("devices  %u\n", found->count);
    bool usable = false;
    for (uint32_t i = 0; i < found->count && i < MOST_DEVICES; i++) {
        print_device(&found->devices[i]);
        usable = usable || found->devices[i].usable;
    }
    if (!usable)
        print_help_for_none();
    if (found->listed != TD_OK)
        return cli_fail(CLI_STAGE_DEVICE, found->listed);
    (void)fflush(stdout);
    return print_choice();
}

static json_t *device_json(const td_device_info *device)
{
    json_t *lanes = json_array();
    for (int i = 0; i < TD_LANE_COUNT && device->usable; i++) {
        const td_lane_info *lane = &device->lanes[i];
        (void)json_array_append_new(
            lanes, json_pack("{s:s, s:i, s:i, s:b, s:s?}", "name", names[i], "family",
                             (int)lane->family, "queue", (int)lane->queue, "shared",
                             (int)lane->passthrough, "reason", lane->reason));
    }
    return json_pack("{s:i, s:s, s:s, s:b, s:b, s:s, s:I, s:o}", "index", (int)device->index,
                     "name", device->name, "driver", device->driver, "software",
                     (int)device->software, "usable", (int)device->usable, "missing",
                     device->missing, "memory_bytes", (json_int_t)device->memory_bytes, "lanes",
                     lanes);
}

static int print_json(const findings *found)
{
    json_t *devices = json_array();
    for (uint32_t i = 0; i < found->count && i < MOST_DEVICES; i++)
        (void)json_array_append_new(devices, device_json(&found->devices[i]));
    json_t *report = json_pack("{s:s, s:i, s:o}", "tandem", td_version(), "cores",
                               (int)tdi_core_count(), "devices", devices);
    char *folder = NULL;
    if (tdi_cache_folder(NULL, &folder) == TD_OK)
        (void)json_object_set_new(report, "cache", folder ? json_string(folder) : json_null());
    tdi_free(folder);
    td_device_info info;
    uint64_t budget_bytes;
    td_result result = found->listed;
    if (result == TD_OK)
        result = choose(&info, &budget_bytes);
    if (result == TD_OK)
        (void)json_object_set_new(report, "choice",
                                  json_pack("{s:i, s:s, s:I}", "index", (int)info.index, "name",
                                            info.name, "budget_bytes", (json_int_t)budget_bytes));
    else
        (void)json_object_set_new(report, "choice", json_null());
    (void)json_dumpf(report, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(report);
    return result == TD_OK ? CLI_EXIT_OK : cli_fail(CLI_STAGE_DEVICE, result);
}

static int run_doctor(int argc, char **argv)
{
    doctor_options options = {0};
    int first;
    if (!cli_parse_command(&cli_doctor, argc, argv, &options, 0, 0, &first))
        return CLI_EXIT_USAGE;
    cli_set_verbosity(0);
    static findings found;
    found.listed = td_device_list(found.devices, MOST_DEVICES, &found.count);
    return options.json ? print_json(&found) : print_text(&found);
}

const cli_command cli_doctor = {
    .name = "doctor",
    .usage = "[--json]",
    .summary = "What was found, what will be used, what is missing and how to get it",
    .options = doctor_table,
    .run = run_doctor,
};
