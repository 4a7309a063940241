/* What the program says on standard error, and the codes that it exits with. */
#ifndef TANDEM_CLI_MESSAGES_H
#define TANDEM_CLI_MESSAGES_H

#include <tandem/host.h>

typedef enum cli_exit {
    CLI_EXIT_OK = 0,
    CLI_EXIT_SOME = 1,     /* some views failed, others are there */
    CLI_EXIT_USAGE = 2,    /* the command line is wrong */
    CLI_EXIT_INPUT = 3,    /* the input cannot be used */
    CLI_EXIT_BUDGET = 4,   /* the budget does not suffice */
    CLI_EXIT_DEVICE = 5,   /* no usable device, or it was lost */
    CLI_EXIT_OUTPUT = 6,   /* the output cannot be written */
    CLI_EXIT_SIGNAL = 128, /* plus the number of the signal */
} cli_exit;

/* What was being done when a call failed. */
typedef enum cli_stage {
    CLI_STAGE_DEVICE,  /* choosing and making a device */
    CLI_STAGE_SCENE,   /* reading a scene */
    CLI_STAGE_PREPARE, /* everything else before the first view */
    CLI_STAGE_RENDER,  /* views, which fail one by one */
    CLI_STAGE_OUTPUT,  /* writing a file of the program's own */
} cli_stage;

/* "tandem: " and the sentence. */
void cli_say(const char *format, ...) TD_PRINTF(1, 2);
/* Says that the command line is wrong, and where help is; returns CLI_EXIT_USAGE. */
int cli_usage(const char *format, ...) TD_PRINTF(1, 2);
/* Says the thread's last error and returns the exit code. */
int cli_fail(cli_stage stage, td_result result);
/* The exit code without a message. */
int cli_exit_code(cli_stage stage, td_result result);

/* Sends the library's messages to standard error: quiet -1, usual 0, verbose 1. */
void cli_set_verbosity(int verbosity);

#endif
