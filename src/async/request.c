#include "async/request_state.h"

#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/memory.h"

static td_result request_init(td_request *request)
{
    TDI_TRY(tdi_mutex_init(&request->mutex, TDI_RANK_REQUEST));
    td_result result = tdi_cond_init(&request->finished);
    if (result != TD_OK)
        tdi_mutex_destroy(&request->mutex);
    return result;
}

td_result tdi_request_create(const tdi_request_class *class_, void *payload, td_request **out)
{
    td_request *request = tdi_alloc_zero(1, sizeof *request);
    if (!request)
        return TD_ERROR_HOST_MEMORY;
    td_result result = request_init(request);
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

static void drop_reference(td_request *request)
{
    if (atomic_fetch_sub_explicit(&request->references, 1, memory_order_acq_rel) != 1)
        return;
    if (request->class_->destroy)
        request->class_->destroy(request->payload);
    if (request->descriptor >= 0)
        tdi_event_close(request->descriptor);
    tdi_cond_destroy(&request->finished);
    tdi_mutex_destroy(&request->mutex);
    tdi_free(request->sentence);
    tdi_free(request);
}

void tdi_request_retain(td_request *request)
{
    atomic_fetch_add_explicit(&request->handles, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&request->references, 1, memory_order_relaxed);
}

void td_request_release(td_request *request)
{
    if (!request)
        return;
    if (atomic_fetch_sub_explicit(&request->handles, 1, memory_order_acq_rel) == 1 &&
        request->class_->released)
        request->class_->released(request->payload);
    drop_reference(request);
}

static td_request_state state_of(const td_request *request)
{
    return atomic_load_explicit(&request->state, memory_order_acquire);
}

/* Under the request's lock. */
static void settle(td_request *request, td_result result)
{
    td_request_state state = TD_REQUEST_FAILED;
    if (request->cancel_requested || result == TD_ERROR_CANCELLED) {
        state = TD_REQUEST_CANCELLED;
        result = TD_ERROR_CANCELLED;
    } else if (result == TD_OK) {
        state = TD_REQUEST_READY;
    } else {
        /* Without memory for its own words a failure still has those of its code. */
        request->sentence = tdi_strdup(td_last_error());
    }
    request->result = result;
    atomic_store_explicit(&request->state, state, memory_order_release);
    if (request->descriptor >= 0)
        tdi_event_set(request->descriptor);
    tdi_cond_broadcast(&request->finished);
}

static void call_back(td_request_fn fn, void *user, td_request *request)
{
#if TDI_LOCK_CHECKS
    tdi_lock_check_none("a lock is held while a request's callback runs");
#endif
    fn(user, request);
}

void tdi_request_finish(td_request *request, td_result result)
{
    tdi_mutex_lock(&request->mutex);
    settle(request, result);
    td_request_fn callback = request->callback;
    void *user = request->callback_user;
    td_completion_queue *queue = request->queue;
    if (queue)
        tdi_completion_queue_retain(queue);
    tdi_mutex_unlock(&request->mutex);
    if (callback)
        call_back(callback, user, request);
    if (queue)
        tdi_completion_queue_push(queue, request);
    drop_reference(request);
}

bool tdi_request_cancel_requested(td_request *request)
{
    tdi_mutex_lock(&request->mutex);
    bool requested = request->cancel_requested && state_of(request) == TD_REQUEST_PENDING;
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
    return request ? state_of(request) : TD_REQUEST_FAILED;
}

static td_result fail_null(const char *call)
{
    return tdi_fail(TD_ERROR_ARGUMENT, "%s: an argument is NULL", call);
}

td_result td_request_result(td_request *request)
{
    if (!request)
        return fail_null("td_request_result");
    td_request_state state = state_of(request);
    if (state == TD_REQUEST_READY)
        return TD_OK;
    if (state == TD_REQUEST_PENDING)
        return tdi_fail(TD_ERROR_AGAIN, "the request is not finished yet");
    if (state == TD_REQUEST_CANCELLED)
        return tdi_fail(TD_ERROR_CANCELLED, "the request was cancelled");
    const char *sentence = request->sentence ? request->sentence : td_result_text(request->result);
    return tdi_fail(request->result, "%s", sentence);
}

td_result td_request_wait(td_request *request, uint64_t timeout_ns)
{
    if (!request)
        return fail_null("td_request_wait");
    if (state_of(request) == TD_REQUEST_PENDING && timeout_ns > 0) {
        uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
        tdi_mutex_lock(&request->mutex);
        while (state_of(request) == TD_REQUEST_PENDING) {
            if (!tdi_cond_wait_until(&request->finished, &request->mutex, deadline))
                break;
        }
        tdi_mutex_unlock(&request->mutex);
    }
    if (state_of(request) == TD_REQUEST_PENDING)
        return tdi_fail(TD_ERROR_TIMEOUT, "the request did not finish within %llu ms; it goes on",
                        (unsigned long long)(timeout_ns / TDI_NS_PER_MS));
    return td_request_result(request);
}

td_result td_request_on_finish(td_request *request, td_request_fn fn, void *user)
{
    if (!request || !fn)
        return fail_null("td_request_on_finish");
    tdi_mutex_lock(&request->mutex);
    bool taken = request->callback != NULL;
    bool late = state_of(request) != TD_REQUEST_PENDING;
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
        if (result == TD_OK && state_of(request) != TD_REQUEST_PENDING)
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
    *state = state_of(request);
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
