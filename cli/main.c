#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tandem/api.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "commands.h"
#include "interrupt.h"
#include "messages.h"

uint64_t cli_main_ns;

static const cli_command *const commands[] = {
    &cli_render, &cli_info, &cli_scene, &cli_bench, &cli_doctor,
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static const cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static void print_overview(FILE *stream)
{
    (void)fputs("tandem renders glTF scenes to images without a window.\n\n", stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char head[64];
        tdi_snprintf(head, sizeof head, "%s %s", commands[i]->name, commands[i]->usage);
        (void)fprintf(stream, "  tandem %-28s %s\n", head, commands[i]->summary);
    }
    (void)fprintf(stream, "  tandem %-28s %s\n", "help COMMAND", "the options of a command");
    (void)fprintf(stream, "  tandem %-28s %s\n", "--version", "the version");
    (void)fputs("\nSCENE is a .gltf or .glb file, or builtin:city, builtin:spheres, "
                "builtin:terrain.\n",
                stream);
}

static int print_help(const char *name)
{
    if (!name) {
        print_overview(stdout);
        return CLI_EXIT_OK;
    }
    const cli_command *command = find_command(name);
    if (!command)
        return cli_usage("help %s: there is no such command; see tandem help", name);
    (void)printf("usage: tandem %s %s\n%s.\n", command->name, command->usage, command->summary);
    if (command->options[0].name) {
        (void)puts("");
        cli_print_options(stdout, command->options);
    }
    return CLI_EXIT_OK;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int run_command(int argc, char **argv)
{
    const cli_command *command = find_command(argv[0]);
    if (command)
        return asks_for_help(argc, argv) ? print_help(argv[0]) : command->run(argc, argv);
    if (strcmp(argv[0], "batch") == 0 || strcmp(argv[0], "merge") == 0)
        return cli_usage("%s: is not there yet", argv[0]);
    return cli_usage("%s: there is no such command; see tandem help", argv[0]);
}

static int refuse_more(const char *argument)
{
    return cli_usage("%s: is one argument too many; see tandem help", argument);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return CLI_EXIT_USAGE;
    }
    const char *first = argv[1];
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return argc > 3 ? refuse_more(argv[3]) : print_help(argc > 2 ? argv[2] : NULL);
    if (strcmp(first, "--version") == 0) {
        if (argc > 2)
            return refuse_more(argv[2]);
        (void)printf("tandem %s\n", td_version());
        return CLI_EXIT_OK;
    }
    return run_command(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    cli_main_ns = tdi_now_ns();
    tdi_fill_standard_streams();
    td_result result = cli_watch_interrupts();
    if (result != TD_OK)
        return cli_fail(CLI_STAGE_PREPARE, result);
    int code = run(argc, argv);
    /* What standard output still holds may not fit on the disk. */
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    if (code != CLI_EXIT_OUTPUT)
        cli_say("standard output: cannot be written: %s",
                errno != 0 ? tdi_system_text(errno) : "what came before was lost");
    return code == CLI_EXIT_OK ? CLI_EXIT_OUTPUT : code;
}
