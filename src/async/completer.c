#include "async/waiter.h"

#include "base/memory.h"
#include "gpu/pressure.h"

struct tdi_completer {
    tdi_mutex mutex;
    tdi_cond changed;
    tdi_watch_list list;
    bool stopping;
    tdi_thread thread;
};

static _Thread_local bool on_completion_thread;

bool tdi_on_completion_thread(void)
{
    return on_completion_thread;
}

td_result tdi_check_may_wait(const char *call)
{
    if (!on_completion_thread)
        return TD_OK;
    return tdi_fail(TD_ERROR_STATE,
                    "%s: a callback must not wait, since what it waits for may need the thread "
                    "that it runs on; use a time limit of 0, or wait on a thread of your own",
                    call);
}

void tdi_watch_list_append(tdi_watch_list *list, tdi_watch *watch)
{
    watch->next = NULL;
    if (list->last)
        list->last->next = watch;
    else
        list->first = watch;
    list->last = watch;
}

/* The watch's memory is its owner's again once `reached` was entered. */
static void run_list(tdi_watch *watch)
{
    while (watch) {
        tdi_watch *next = watch->next;
        td_result result = watch->result;
        if (result != TD_OK)
            (void)tdi_fail(result, "the device was lost before the work was done; make a new "
                                   "device and repeat the work");
        watch->reached(watch, result);
        watch = next;
    }
}

static void completer_thread(void *user)
{
    tdi_completer *completer = user;
    on_completion_thread = true;
    /* What it waited for would come back on this very thread. */
    (void)tdi_set_patience(TDI_PATIENCE_RELIEF);
    tdi_mutex_lock(&completer->mutex);
    for (;;) {
        tdi_watch *first = completer->list.first;
        completer->list = (tdi_watch_list){0};
        if (!first && completer->stopping)
            break;
        if (!first) {
            tdi_cond_wait(&completer->changed, &completer->mutex);
            continue;
        }
        tdi_mutex_unlock(&completer->mutex);
        run_list(first);
        tdi_mutex_lock(&completer->mutex);
    }
    tdi_mutex_unlock(&completer->mutex);
}

static td_result completer_start(tdi_completer *completer)
{
    TDI_TRY(tdi_mutex_init(&completer->mutex, TDI_RANK_WAITER));
    td_result result = tdi_cond_init(&completer->changed);
    if (result == TD_OK) {
        result = tdi_thread_start(&completer->thread, "td-complete", completer_thread, completer);
        if (result == TD_OK)
            return TD_OK;
        tdi_cond_destroy(&completer->changed);
    }
    tdi_mutex_destroy(&completer->mutex);
    return result;
}

td_result tdi_completer_create(tdi_completer **out)
{
    tdi_completer *completer = tdi_alloc_zero(1, sizeof *completer);
    if (!completer)
        return TD_ERROR_HOST_MEMORY;
    td_result result = completer_start(completer);
    if (result != TD_OK) {
        tdi_free(completer);
        return result;
    }
    *out = completer;
    return TD_OK;
}

void tdi_completer_destroy(tdi_completer *completer)
{
    if (!completer)
        return;
    tdi_mutex_lock(&completer->mutex);
    completer->stopping = true;
    tdi_cond_signal(&completer->changed);
    tdi_mutex_unlock(&completer->mutex);
    tdi_thread_join(&completer->thread);
    tdi_cond_destroy(&completer->changed);
    tdi_mutex_destroy(&completer->mutex);
    tdi_free(completer);
}

void tdi_completer_run(tdi_completer *completer, tdi_watch_list *list)
{
    if (!list->first)
        return;
    tdi_mutex_lock(&completer->mutex);
    if (completer->list.last)
        completer->list.last->next = list->first;
    else
        completer->list.first = list->first;
    completer->list.last = list->last;
    tdi_cond_signal(&completer->changed);
    tdi_mutex_unlock(&completer->mutex);
    *list = (tdi_watch_list){0};
}
