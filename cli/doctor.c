#include <stdio.h>

#include <tandem/device.h>

#include "base/cores.h"
#include "base/memory.h"
#include "commands.h"
#include "gpu/pipeline.h"
#include "messages.h"
#include "scene/png.h"

#define MOST_DEVICES 16
#define MIB          1048576.0

static const cli_option doctor_table[] = {{0}};

static void print_lanes(const td_device_info *device)
{
    static const char *const names[TD_LANE_COUNT] = {"graphics", "compute", "transfer"};
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
static int print_choice(void)
{
    td_device_params params = {.no_cache = true};
    td_device *device;
    td_result result = td_device_create(&params, &device);
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_DEVICE, result);
    td_device_info info;
    td_device_get_info(device, &info);
    td_budget_info budget;
    td_budget_get_info(td_device_budget(device), &budget);
    (void)printf("choice   %u: %s\nbudget   %.0f MiB\n", info.index, info.name,
                 (double)budget.limit_bytes / MIB);
    td_device_destroy(device);
    return CLI_EXIT_OK;
}

static int run_doctor(int argc, char **argv)
{
    int first;
    if (!cli_parse_command(&cli_doctor, argc, argv, NULL, 0, 0, &first))
        return CLI_EXIT_USAGE;
    cli_set_verbosity(0);
    (void)printf("tandem   %s\n", td_version());
    print_host();
    static td_device_info devices[MOST_DEVICES];
    uint32_t count = 0;
    td_result result = td_device_list(devices, MOST_DEVICES, &count);
    (void)printf("devices  %u\n", count);
    bool usable = false;
    for (uint32_t i = 0; i < count && i < MOST_DEVICES; i++) {
        print_device(&devices[i]);
        usable = usable || devices[i].usable;
    }
    if (!usable)
        print_help_for_none();
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_DEVICE, result);
    (void)fflush(stdout);
    return print_choice();
}

const cli_command cli_doctor = {
    .name = "doctor",
    .usage = "",
    .summary = "What was found, what will be used, what is missing and how to get it",
    .options = doctor_table,
    .run = run_doctor,
};
