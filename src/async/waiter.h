/* The waiter of a queue: one thread, blocked on the queue's timeline for its next value while
 * anyone wants a later one, asleep when nobody wants one. What was reached goes to the completer.
 * If that is at rest, the waiter runs the callbacks itself, since waking another thread up costs
 * more than most of them. */
#ifndef TDI_ASYNC_WAITER_H
#define TDI_ASYNC_WAITER_H

#include "async/lane.h"

/* A first-in first-out list of watches. */
typedef struct tdi_watch_list {
    tdi_watch *first;
    tdi_watch *last;
} tdi_watch_list;

void tdi_watch_list_append(tdi_watch_list *list, tdi_watch *watch);

/* Calls `reached` of what is handed to it, in that order, one after the other and under no lock:
 * on a thread of its own, or on the thread of the waiter that hands it over. */
typedef struct tdi_completer tdi_completer;
td_result tdi_completer_create(tdi_completer **out);
/* Runs what it was given, then joins. NULL is fine. */
void tdi_completer_destroy(tdi_completer *completer);
/* Takes all of the list, for its own thread; each watch's result is set. From any thread. */
void tdi_completer_give(tdi_completer *completer, tdi_watch_list *list);
/* Likewise, and calls what was there on the calling thread, a completion thread, unless another
 * thread is calling now. */
void tdi_completer_run(tdi_completer *completer, tdi_watch_list *list);
/* From now on the calling thread is a completion thread, for as long as it lives. */
void tdi_become_completion_thread(void);
/* True on a completion thread: nothing there may wait for another watch to be told. */
bool tdi_on_completion_thread(void);
/* TD_ERROR_STATE with a sentence there; every public call asks this before it starts to wait. */
td_result tdi_check_may_wait(const char *call);
/* tdi_ticket_wait for a public call: refused there too, unless it needs no wait or has no time. */
td_result tdi_ticket_wait_for_call(td_device *device, td_ticket ticket, uint64_t timeout_ns,
                                   const char *call);

typedef struct tdi_waiter tdi_waiter;
td_result tdi_waiter_create(td_device *device, uint32_t queue, tdi_completer *completer,
                            tdi_waiter **out);
/* Waits for everything that is still wanted, then joins. NULL is fine. */
void tdi_waiter_destroy(tdi_waiter *waiter);
/* The watch's ticket is one of this queue, and submitted or of value 0. */
void tdi_waiter_watch(tdi_waiter *waiter, tdi_watch *watch);

#endif
