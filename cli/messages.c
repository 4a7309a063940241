#include "messages.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"

#define MOST_MESSAGE 4096

static void say(const char *format, va_list arguments)
{
    /* One write, so that lines of several threads and processes do not mix. */
    char text[MOST_MESSAGE];
    (void)tdi_vsnprintf(text, sizeof text, format, arguments);
    (void)fprintf(stderr, "tandem: %s\n", text);
}

void cli_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int cli_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return CLI_EXIT_USAGE;
}

static int render_exit_code(td_result result)
{
    switch (result) {
    case TD_OK:
        return CLI_EXIT_OK;
    case TD_ERROR_ARGUMENT:
        return CLI_EXIT_USAGE;
    case TD_ERROR_INPUT:
    case TD_ERROR_NOT_FOUND:
        return CLI_EXIT_INPUT;
    case TD_ERROR_BUDGET:
        return CLI_EXIT_BUDGET;
    case TD_ERROR_NO_DEVICE:
    case TD_ERROR_DEVICE_LOST:
    case TD_ERROR_DEVICE_MEMORY:
    case TD_ERROR_VULKAN:
        return CLI_EXIT_DEVICE;
    case TD_ERROR_EXISTS:
    case TD_ERROR_IO:
        return CLI_EXIT_OUTPUT;
    default:
        return CLI_EXIT_SOME;
    }
}

int cli_exit_code(cli_stage stage, td_result result)
{
    if (result == TD_OK || result == TD_ERROR_BUDGET || stage == CLI_STAGE_RENDER)
        return render_exit_code(result);
    int code = render_exit_code(result);
    switch (stage) {
    case CLI_STAGE_DEVICE:
        return code == CLI_EXIT_USAGE ? code : CLI_EXIT_DEVICE;
    case CLI_STAGE_SCENE:
        return CLI_EXIT_INPUT;
    case CLI_STAGE_PREPARE:
        /* There are no others that succeeded: this machine cannot do it. */
        return code == CLI_EXIT_SOME ? CLI_EXIT_DEVICE : code;
    default:
        return CLI_EXIT_OUTPUT;
    }
}

int cli_fail(cli_stage stage, td_result result)
{
    const char *sentence = td_last_error();
    cli_say("%s", sentence[0] != '\0' ? sentence : td_result_text(result));
    return cli_exit_code(stage, result);
}

static void print_message(void *user, td_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    (void)user;
    (void)fprintf(stderr, "tandem: %s: %s\n", names[level], message);
}

void cli_set_verbosity(int verbosity)
{
    td_log_level level = td_default_log_level();
    if (verbosity < 0)
        level = TD_LOG_ERROR;
    else if (verbosity > 0 && level < TD_LOG_INFO)
        level = TD_LOG_INFO;
    td_set_log(print_message, NULL, level);
    tdi_log_check_environment();
}
