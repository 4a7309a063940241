/* SIGINT and SIGTERM: the first one lets a batch end with complete files only; without a batch, and
 * the second time, the program ends at once and leaves no unfinished file. */
#ifndef TANDEM_CLI_INTERRUPT_H
#define TANDEM_CLI_INTERRUPT_H

#include <tandem/batch.h>

/* Before any other thread exists. */
td_result cli_watch_interrupts(void);
/* The batch that is to be cancelled from now on; NULL: none any more. */
void cli_guard_batch(td_batch *batch);
/* The signal that came, or 0. */
int cli_interrupted(void);

#endif
