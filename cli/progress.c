#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "messages.h"

#define PLAIN_EVERY_S 1.0

void cli_progress_init(cli_progress_line *line, const cli_render_options *options)
{
    *line = (cli_progress_line){.next_s = PLAIN_EVERY_S};
    if (options->quiet)
        return;
    line->live = options->progress == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO);
    line->plain = options->progress == CLI_PROGRESS_PLAIN;
}

static void describe(const td_batch_info *info, char *text, size_t capacity)
{
    uint64_t tried = info->done + info->failed;
    uint64_t left = info->views - info->skipped - tried;
    double rate = info->elapsed_s > 0 ? (double)tried / info->elapsed_s : 0;
    int length =
        tdi_snprintf(text, capacity, "%llu of %llu views",
                     (unsigned long long)(tried + info->skipped), (unsigned long long)info->views);
    if (rate > 0 && left > 0)
        tdi_snprintf(text + length, capacity - (size_t)length, ", %.1f a second, %.0f s left", rate,
                     (double)left / rate);
}

void cli_progress_show(void *user, const td_batch_info *info)
{
    cli_progress_line *line = user;
    char text[128];
    describe(info, text, sizeof text);
    if (line->live) {
        (void)fprintf(stderr, "\r%s\033[K", text);
        line->drawn = true;
    } else if (line->plain && info->elapsed_s >= line->next_s) {
        cli_say("%s", text);
        line->next_s = info->elapsed_s + PLAIN_EVERY_S;
    }
}

void cli_progress_end(cli_progress_line *line)
{
    if (line->drawn)
        (void)fputs("\r\033[K", stderr);
    line->drawn = false;
}
