#include "async/waiter.h"

#include "base/memory.h"
#include "gpu/pressure.h"

struct tdi_completer {
    tdi_mutex mutex;
    tdi_cond changed;
    tdi_watch_list list;
    bool running; /* a thread is calling what it took from the list */
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

void tdi_become_completion_thread(void)
{
    on_completion_thread = true;
    /* What it waited for would come back on this very thread. */
    (void)tdi_set_patience(TDI_PATIENCE_RELIEF);
}

/* Called under the lock, while nobody else runs; returns so, with what came meanwhile in the
 * list. */
static void run_once(tdi_completer *completer)
{
    tdi_watch *first = completer->list.first;
    completer->list = (tdi_watch_list){0};
    completer->running = true;
    tdi_mutex_unlock(&completer->mutex);
    run_list(first);
    tdi_mutex_lock(&completer->mutex);
    completer->running = false;
}

static void completer_thread(void *user)
{
    tdi_completer *completer = user;
    tdi_become_completion_thread();
    tdi_mutex_lock(&completer->mutex);
    for (;;) {
        bool free = !completer->running;
        if (free && completer->list.first)
            run_once(completer);
        else if (free && completer->stopping)
            break;
        else
            tdi_cond_wait(&completer->changed, &completer->mutex);
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

static void append_list(tdi_watch_list *to, tdi_watch_list *from)
{
    if (to->last)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
    *from = (tdi_watch_list){0};
}

void tdi_completer_give(tdi_completer *completer, tdi_watch_list *list)
{
    if (!list->first)
        return;
    tdi_mutex_lock(&completer->mutex);
    append_list(&completer->list, list);
    if (!completer->running)
        tdi_cond_signal(&completer->changed);
    tdi_mutex_unlock(&completer->mutex);
}

void tdi_completer_run(tdi_completer *completer, tdi_watch_list *list)
{
    if (!list->first)
        return;
    tdi_mutex_lock(&completer->mutex);
    append_list(&completer->list, list);
    if (!completer->running) {
        run_once(completer);
        /* The caller has a queue to wait for: what came meanwhile is the thread's. */
        if (completer->list.first || completer->stopping)
            tdi_cond_signal(&completer->changed);
    }
    tdi_mutex_unlock(&completer->mutex);
}
