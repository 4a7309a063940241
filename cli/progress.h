/* How far a batch is, on standard error. */
#ifndef TANDEM_CLI_PROGRESS_H
#define TANDEM_CLI_PROGRESS_H

#include <tandem/batch.h>

#include "render_options.h"

typedef struct cli_progress_line {
    bool live;     /* one line that is drawn over itself */
    bool plain;    /* a new line now and then */
    bool drawn;    /* there is a live line now */
    double next_s; /* of the next plain line */
} cli_progress_line;

void cli_progress_init(cli_progress_line *line, const cli_render_options *options);
/* A td_batch_progress_fn; `user` is the line. */
void cli_progress_show(void *user, const td_batch_info *info);
/* Wipes the live line, so that messages start at the margin. */
void cli_progress_end(cli_progress_line *line);

#endif
