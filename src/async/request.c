#include "async/request_state.h"

#include "base/event.h"
#include "base/memory.h"

td_result tdi_request_create(const tdi_request_class *class_, void *payload, td_request **out)
{
    td_request *request = tdi_alloc_zero(1, sizeof *request);
    if (!request)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_mutex_init(&request->mutex, TDI_RANK_REQUEST);
    if (result != TD_OK) {
        tdi_free(request);
        return result;
    }
    request->class_ = class_;
    request->payload = payload;
    request->descriptor = -1;
    atomic_init(&request->state, TD_REQUEST_PENDING);
    atomic_init(&request->handles, 1);
    atomic_init(&request->references, 2);
    *out = request;
    return TD_OK;
}

void tdi_request_keep(td_request *request)
{
    atomic_fetch_add_explicit(&request->references, 1, memory_order_relaxed);
}

void tdi_request_drop(td_request *request)
{
    if (atomic_fetch_sub_explicit(&request->references, 1, memory_order_acq_rel) != 1)
        return;
    if (request->class_->destroy)
        request->class_->destroy(request->payload);
    if (request->descriptor >= 0)
        tdi_event_close(request->descriptor);
    tdi_mutex_destroy(&request->mutex);
    tdi_free(request->sentence);
    tdi_free(request);
}

void tdi_request_retain(td_request *request)
{
    if (request->class_->released)
        atomic_fetch_add_explicit(&request->handles, 1, memory_order_relaxed);
    tdi_request_keep(request);
}

void td_request_release(td_request *request)
{
    if (!request)
        return;
    const tdi_request_class *class_ = request->class_;
    if (class_->released &&
        atomic_fetch_sub_explicit(&request->handles, 1, memory_order_acq_rel) == 1)
        class_->released(request->payload);
    tdi_request_drop(request);
}

/* Under the request's lock. `words`: a failure's sentence, or NULL. */
static void settle(td_request *request, td_result result, const char *words)
{
    td_request_state state = TD_REQUEST_FAILED;
    if (request->cancel_requested || result == TD_ERROR_CANCELLED) {
        state = TD_REQUEST_CANCELLED;
        result = TD_ERROR_CANCELLED;
    } else if (result == TD_OK) {
        state = TD_REQUEST_READY;
    } else {
        /* Without memory for its own words a failure still has those of its code. */
        request->sentence = words ? tdi_strdup(words) : NULL;
    }
    request->result = result;
    atomic_store_explicit(&request->state, state, memory_order_release);
    if (request->descriptor >= 0)
        tdi_event_set(request->descriptor);
    for (const tdi_request_link *link = request->links; link; link = link->next)
        tdi_request_wait_tell(link->wait);
}

static void call_back(td_request_fn fn, void *user, td_request *request)
{
#if TDI_LOCK_CHECKS
    tdi_lock_check_none("a lock is held while a request's callback runs");
#endif
    fn(user, request);
}

/* Settles the request and calls its callback. If a queue watches it, that queue is returned with a
 * reference, unless it is `held`, of which the caller has one. */
static td_completion_queue *finish_one(td_request *request, td_result result, const char *words,
                                       const td_completion_queue *held)
{
    tdi_mutex_lock(&request->mutex);
    settle(request, result, words);
    td_request_fn callback = request->callback;
    void *user = request->callback_user;
    td_completion_queue *queue = atomic_load_explicit(&request->queue, memory_order_relaxed);
    if (queue && queue != held)
        tdi_completion_queue_retain(queue);
    tdi_mutex_unlock(&request->mutex);
    if (callback)
        call_back(callback, user, request);
    return queue;
}

/* To the queue that watches them, or NULL: with it the library's references. */
static void hand_over(td_completion_queue *queue, td_request *const *requests, uint32_t count)
{
    if (queue) {
        tdi_completion_queue_push(queue, requests, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        tdi_request_drop(requests[i]);
}

/* Neighbours that one queue watches go there together: one lock and one event for all of them. */
void tdi_requests_finish(td_request *const *requests, uint32_t count, td_result result)
{
    /* A callback may fail at something of its own, and that would be the thread's last error. */
    char *words =
        result != TD_OK && result != TD_ERROR_CANCELLED ? tdi_strdup(td_last_error()) : NULL;
    td_completion_queue *held = NULL;
    uint32_t first = 0;
    for (uint32_t i = 0; i < count; i++) {
        td_completion_queue *queue = finish_one(requests[i], result, words, held);
        if (queue != held) {
            hand_over(held, requests + first, i - first);
            first = i;
        }
        held = queue;
    }
    hand_over(held, requests + first, count - first);
    tdi_free(words);
}

void tdi_request_finish(td_request *request, td_result result)
{
    tdi_requests_finish(&request, 1, result);
}

bool tdi_request_cancel_requested(td_request *request)
{
    tdi_mutex_lock(&request->mutex);
    bool requested =
        request->cancel_requested && tdi_request_state_of(request) == TD_REQUEST_PENDING;
    tdi_mutex_unlock(&request->mutex);
    return requested;
}

void *tdi_request_payload(td_request *request)
{
    return request->payload;
}

void *tdi_request_payload_of(td_request *request, const tdi_request_class *class_)
{
    return request && request->class_ == class_ ? request->payload : NULL;
}

td_request_state td_request_poll(td_request *request)
{
    return request ? tdi_request_state_of(request) : TD_REQUEST_FAILED;
}

static td_result fail_null(const char *call)
{
    return tdi_fail(TD_ERROR_ARGUMENT, "%s: an argument is NULL", call);
}

td_result td_request_result(td_request *request)
{
    if (!request)
        return fail_null("td_request_result");
    td_request_state state = tdi_request_state_of(request);
    if (state == TD_REQUEST_READY)
        return TD_OK;
    if (state == TD_REQUEST_PENDING)
        return tdi_fail(TD_ERROR_AGAIN, "the request is not finished yet");
    if (state == TD_REQUEST_CANCELLED)
        return tdi_fail(TD_ERROR_CANCELLED, "the request was cancelled");
    const char *sentence = request->sentence ? request->sentence : td_result_text(request->result);
    return tdi_fail(request->result, "%s", sentence);
}

td_result td_request_on_finish(td_request *request, td_request_fn fn, void *user)
{
    if (!request || !fn)
        return fail_null("td_request_on_finish");
    tdi_mutex_lock(&request->mutex);
    bool taken = request->callback != NULL;
    bool late = tdi_request_state_of(request) != TD_REQUEST_PENDING;
    if (!taken) {
        request->callback = fn;
        request->callback_user = user;
    }
    tdi_mutex_unlock(&request->mutex);
    if (taken)
        return tdi_fail(TD_ERROR_STATE, "the request has a callback already");
    if (late)
        call_back(fn, user, request);
    return TD_OK;
}

td_result td_request_descriptor(td_request *request, int *fd)
{
    if (!request || !fd)
        return fail_null("td_request_descriptor");
    tdi_mutex_lock(&request->mutex);
    td_result result = TD_OK;
    if (request->descriptor < 0) {
        result = tdi_event_create(&request->descriptor);
        if (result == TD_OK && tdi_request_state_of(request) != TD_REQUEST_PENDING)
            tdi_event_set(request->descriptor);
    }
    if (result == TD_OK)
        *fd = request->descriptor;
    tdi_mutex_unlock(&request->mutex);
    return result;
}

/* True for the call that is the first to ask. */
static bool ask_for_cancellation(td_request *request, td_request_state *state)
{
    tdi_mutex_lock(&request->mutex);
    *state = tdi_request_state_of(request);
    bool first = *state == TD_REQUEST_PENDING && !request->cancel_requested;
    if (first)
        request->cancel_requested = true;
    tdi_mutex_unlock(&request->mutex);
    return first;
}

bool td_request_cancel(td_request *request)
{
    if (!request)
        return false;
    td_request_state state;
    const tdi_request_class *class_ = request->class_;
    if (ask_for_cancellation(request, &state) && class_->cancel && class_->cancel(request->payload))
        tdi_request_finish(request, TD_ERROR_CANCELLED);
    return state == TD_REQUEST_PENDING || state == TD_REQUEST_CANCELLED;
}
