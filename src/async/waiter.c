#include "async/waiter.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

/* No wait is longer, so that loss and shutdown are always seen. */
#define LONGEST_WAIT_NS TDI_NS_PER_S

struct tdi_waiter {
    td_device *device;
    uint32_t queue;
    tdi_completer *completer;
    tdi_mutex mutex;
    tdi_cond changed;
    tdi_watch_list wanted; /* by rising value */
    bool stopping;
    tdi_thread thread;
};

/* Tickets are nearly always watched in the order of their submission. */
static void insert_by_value(tdi_watch_list *list, tdi_watch *watch)
{
    if (!list->last || list->last->ticket.value <= watch->ticket.value) {
        tdi_watch_list_append(list, watch);
        return;
    }
    tdi_watch **place = &list->first;
    while ((*place)->ticket.value <= watch->ticket.value)
        place = &(*place)->next;
    watch->next = *place;
    *place = watch;
}

/* Moves what has been reached, or everything once the device is lost. */
static void take_finished(tdi_waiter *waiter, uint64_t reached, bool lost, tdi_watch_list *out)
{
    tdi_watch_list *list = &waiter->wanted;
    while (list->first && (lost || list->first->ticket.value <= reached)) {
        tdi_watch *watch = list->first;
        list->first = watch->next;
        if (!list->first)
            list->last = NULL;
        watch->result = watch->ticket.value <= reached ? TD_OK : TD_ERROR_DEVICE_LOST;
        tdi_watch_list_append(out, watch);
    }
}

/* The next value of the queue, of which nobody can want a lower one afterwards: tdi_waiter_watch
 * looks what is known under the same lock. */
static td_ticket next_ticket(const tdi_waiter *waiter)
{
    uint64_t lowest = waiter->wanted.first->ticket.value;
    uint64_t next = tdi_queue_known_reached(waiter->device, waiter->queue) + 1;
    return (td_ticket){.queue = waiter->queue, .value = lowest < next ? lowest : next};
}

/* Called under the lock, which is not held while waiting. */
static void wait_once(tdi_waiter *waiter)
{
    td_ticket ticket = next_ticket(waiter);
    tdi_mutex_unlock(&waiter->mutex);
    (void)tdi_ticket_wait(waiter->device, ticket, LONGEST_WAIT_NS);
    bool lost = tdi_device_lost(waiter->device);
    uint64_t reached = tdi_queue_reached(waiter->device, waiter->queue);
    tdi_watch_list finished = {0};
    tdi_mutex_lock(&waiter->mutex);
    take_finished(waiter, reached, lost, &finished);
    tdi_mutex_unlock(&waiter->mutex);
    tdi_completer_run(waiter->completer, &finished);
    tdi_mutex_lock(&waiter->mutex);
}

static void waiter_thread(void *user)
{
    tdi_waiter *waiter = user;
    tdi_become_completion_thread();
    tdi_mutex_lock(&waiter->mutex);
    while (waiter->wanted.first || !waiter->stopping) {
        if (waiter->wanted.first)
            wait_once(waiter);
        else
            tdi_cond_wait(&waiter->changed, &waiter->mutex);
    }
    tdi_mutex_unlock(&waiter->mutex);
}

static td_result waiter_start(tdi_waiter *waiter)
{
    TDI_TRY(tdi_mutex_init(&waiter->mutex, TDI_RANK_WAITER));
    td_result result = tdi_cond_init(&waiter->changed);
    if (result == TD_OK) {
        char name[16];
        tdi_snprintf(name, sizeof name, "td-wait-%u", waiter->queue);
        result = tdi_thread_start(&waiter->thread, name, waiter_thread, waiter);
        if (result == TD_OK)
            return TD_OK;
        tdi_cond_destroy(&waiter->changed);
    }
    tdi_mutex_destroy(&waiter->mutex);
    return result;
}

td_result tdi_waiter_create(td_device *device, uint32_t queue, tdi_completer *completer,
                            tdi_waiter **out)
{
    tdi_waiter *waiter = tdi_alloc_zero(1, sizeof *waiter);
    if (!waiter)
        return TD_ERROR_HOST_MEMORY;
    waiter->device = device;
    waiter->queue = queue;
    waiter->completer = completer;
    td_result result = waiter_start(waiter);
    if (result != TD_OK) {
        tdi_free(waiter);
        return result;
    }
    *out = waiter;
    return TD_OK;
}

void tdi_waiter_destroy(tdi_waiter *waiter)
{
    if (!waiter)
        return;
    tdi_mutex_lock(&waiter->mutex);
    waiter->stopping = true;
    tdi_cond_signal(&waiter->changed);
    tdi_mutex_unlock(&waiter->mutex);
    tdi_thread_join(&waiter->thread);
    tdi_cond_destroy(&waiter->changed);
    tdi_mutex_destroy(&waiter->mutex);
    tdi_free(waiter);
}

static void tell_at_once(tdi_waiter *waiter, tdi_watch *watch)
{
    watch->result = TD_OK;
    tdi_watch_list list = {0};
    tdi_watch_list_append(&list, watch);
    tdi_completer_give(waiter->completer, &list);
}

void tdi_waiter_watch(tdi_waiter *waiter, tdi_watch *watch)
{
    tdi_mutex_lock(&waiter->mutex);
    bool reached = watch->ticket.value <= tdi_queue_known_reached(waiter->device, waiter->queue);
    bool was_idle = !waiter->wanted.first;
    if (!reached)
        insert_by_value(&waiter->wanted, watch);
    if (!reached && was_idle)
        tdi_cond_signal(&waiter->changed);
    tdi_mutex_unlock(&waiter->mutex);
    if (reached)
        tell_at_once(waiter, watch);
}
