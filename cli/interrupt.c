#include "interrupt.h"

#include "base/file.h"
#include "base/process.h"
#include "base/thread.h"
#include "messages.h"

static tdi_mutex lock = TDI_MUTEX_STATIC(TDI_RANK_NONE);
static td_batch *running;
static int interrupted;

static void on_interrupt(void *user, int signal)
{
    (void)user;
    tdi_mutex_lock(&lock);
    bool end = interrupted != 0 || !running;
    interrupted = signal;
    if (running)
        td_batch_cancel(running);
    tdi_mutex_unlock(&lock);
    if (!end)
        return;
    tdi_file_cleanup_all();
    tdi_end_process(CLI_EXIT_SIGNAL + signal);
}

td_result cli_watch_interrupts(void)
{
    return tdi_watch_interrupts(on_interrupt, NULL);
}

void cli_guard_batch(td_batch *batch)
{
    tdi_mutex_lock(&lock);
    running = batch;
    tdi_mutex_unlock(&lock);
}

int cli_interrupted(void)
{
    tdi_mutex_lock(&lock);
    int signal = interrupted;
    tdi_mutex_unlock(&lock);
    return signal;
}
