/* How the library makes and finishes requests. */
#ifndef TDI_ASYNC_REQUEST_H
#define TDI_ASYNC_REQUEST_H

#include <tandem/request.h>

typedef struct tdi_request_class {
    /* Frees what `payload` owns; called once, when the last handle is gone and the request is
     * finished, under no lock. May be NULL. */
    void (*destroy)(void *payload);
    /* Gives a lease back early: called once, when the last of the user's handles is released, be
     * the request finished or not. May be NULL. */
    void (*released)(void *payload);
    /* Takes work that has not been submitted yet out of its queue, and is then true: whoever
     * queued it must not finish the request any more, which td_request_cancel does at once,
     * callbacks and all, on its own thread. False: the work goes on, and whoever does it finishes
     * the request. Called under no lock, once at most, and possibly while another thread starts or
     * finishes the work: the queue's own lock decides who has it. The payload lives, since the
     * caller holds a handle. NULL: nothing waits to be submitted. */
    bool (*cancel)(void *payload);
} tdi_request_class;

/* A pending request with two references: the user's and the library's (see tdi_request_finish).
 * The payload becomes the request's only on success. */
td_result tdi_request_create(const tdi_request_class *class_, void *payload, td_request **out);

/* Finishes the request and drops the library's reference. The calling thread's last error is kept
 * with it if `result` is a failure. Called by completion threads, or by whoever fails early. */
void tdi_request_finish(td_request *request, td_result result);
/* The same for `count` requests that end together: a completion queue that watches them gets all of
 * them under one lock, and tells of them with one event. */
void tdi_requests_finish(td_request *const *requests, uint32_t count, td_result result);

/* True once cancellation was asked for and `finish` has not been called. */
bool tdi_request_cancel_requested(td_request *request);

void *tdi_request_payload(td_request *request);
/* Payload if the request is of that class, else NULL. */
void *tdi_request_payload_of(td_request *request, const tdi_request_class *class_);

#endif
