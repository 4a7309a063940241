#include "async/request_state.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/memory.h"

typedef struct request_list {
    td_request *first, *last;
} request_list;

struct td_completion_queue {
    tdi_mutex mutex;
    tdi_cond changed;
    atomic_uint references; /* the user's, and one for each push under way */
    int descriptor;         /* set while `finished` is not empty */
    request_list pending;
    request_list finished; /* in the order of their completion */
    bool closed;
};

static void append(request_list *list, td_request *request)
{
    request->next = NULL;
    request->previous = list->last;
    if (list->last)
        list->last->next = request;
    else
        list->first = request;
    list->last = request;
}

static void unlink_from(request_list *list, td_request *request)
{
    if (request->previous)
        request->previous->next = request->next;
    else
        list->first = request->next;
    if (request->next)
        request->next->previous = request->previous;
    else
        list->last = request->previous;
}

static td_result queue_init(td_completion_queue *queue)
{
    TDI_TRY(tdi_mutex_init(&queue->mutex, TDI_RANK_COMPLETION_QUEUE));
    td_result result = tdi_cond_init(&queue->changed);
    if (result == TD_OK) {
        result = tdi_event_create(&queue->descriptor);
        if (result == TD_OK)
            return TD_OK;
        tdi_cond_destroy(&queue->changed);
    }
    tdi_mutex_destroy(&queue->mutex);
    return result;
}

td_result td_completion_queue_create(td_completion_queue **out)
{
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_completion_queue_create: `out` is NULL");
    td_completion_queue *queue = tdi_alloc_zero(1, sizeof *queue);
    if (!queue)
        return TD_ERROR_HOST_MEMORY;
    td_result result = queue_init(queue);
    if (result != TD_OK) {
        tdi_free(queue);
        return result;
    }
    atomic_init(&queue->references, 1);
    *out = queue;
    return TD_OK;
}

void tdi_completion_queue_retain(td_completion_queue *queue)
{
    atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
}

static void drop_reference(td_completion_queue *queue)
{
    if (atomic_fetch_sub_explicit(&queue->references, 1, memory_order_acq_rel) != 1)
        return;
    tdi_event_close(queue->descriptor);
    tdi_cond_destroy(&queue->changed);
    tdi_mutex_destroy(&queue->mutex);
    tdi_free(queue);
}

/* The descriptor is written once for a batch: when the first of it arrives. */
static void enqueue(td_completion_queue *queue, td_request *request)
{
    bool first = !queue->finished.first;
    append(&queue->finished, request);
    if (first) {
        tdi_event_set(queue->descriptor);
        tdi_cond_broadcast(&queue->changed);
    }
}

void tdi_completion_queue_push(td_completion_queue *queue, td_request *request)
{
    tdi_mutex_lock(&queue->mutex);
    /* The queue was destroyed meanwhile, and let go of the request. */
    if (!queue->closed) {
        unlink_from(&queue->pending, request);
        enqueue(queue, request);
    }
    tdi_mutex_unlock(&queue->mutex);
    drop_reference(queue);
}

td_result td_completion_queue_watch(td_completion_queue *queue, td_request *request, uint64_t tag)
{
    if (!queue || !request)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_completion_queue_watch: `%s` is NULL",
                        queue ? "request" : "queue");
    tdi_mutex_lock(&queue->mutex);
    tdi_mutex_lock(&request->mutex);
    bool taken = request->queue != NULL;
    if (!taken) {
        tdi_request_retain(request);
        request->queue = queue;
        request->tag = tag;
        if (atomic_load(&request->state) == TD_REQUEST_PENDING)
            append(&queue->pending, request);
        else
            enqueue(queue, request);
    }
    tdi_mutex_unlock(&request->mutex);
    tdi_mutex_unlock(&queue->mutex);
    if (taken)
        return tdi_fail(TD_ERROR_STATE, "a completion queue watches the request already");
    return TD_OK;
}

/* Lets go of one watched request, or returns NULL. */
static td_request *let_go(td_completion_queue *queue)
{
    tdi_mutex_lock(&queue->mutex);
    queue->closed = true;
    request_list *list = queue->finished.first ? &queue->finished : &queue->pending;
    td_request *request = list->first;
    if (request) {
        unlink_from(list, request);
        tdi_mutex_lock(&request->mutex);
        request->queue = NULL;
        tdi_mutex_unlock(&request->mutex);
    }
    tdi_mutex_unlock(&queue->mutex);
    return request;
}

void td_completion_queue_destroy(td_completion_queue *queue)
{
    if (!queue)
        return;
    td_request *request;
    while ((request = let_go(queue)) != NULL)
        td_request_release(request);
    drop_reference(queue);
}

/* Under the lock: a request that was taken may be watched anew. */
static uint32_t take_finished(td_completion_queue *queue, td_completion *completions,
                              uint32_t capacity)
{
    uint32_t count = 0;
    while (count < capacity && queue->finished.first) {
        td_request *request = queue->finished.first;
        unlink_from(&queue->finished, request);
        tdi_mutex_lock(&request->mutex);
        request->queue = NULL;
        completions[count++] = (td_completion){request, request->tag, request->result};
        tdi_mutex_unlock(&request->mutex);
    }
    if (!queue->finished.first)
        tdi_event_clear(queue->descriptor);
    return count;
}

td_result td_completion_queue_take(td_completion_queue *queue, td_completion *completions,
                                   uint32_t capacity, uint64_t timeout_ns, uint32_t *count)
{
    if (!queue || !completions || !count || capacity == 0)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_completion_queue_take: nowhere to put what is taken");
    *count = 0;
    uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    tdi_mutex_lock(&queue->mutex);
    while (!queue->finished.first) {
        if (timeout_ns == 0 || !tdi_cond_wait_until(&queue->changed, &queue->mutex, deadline))
            break;
    }
    if (queue->finished.first)
        *count = take_finished(queue, completions, capacity);
    tdi_mutex_unlock(&queue->mutex);
    if (*count == 0)
        return tdi_fail(TD_ERROR_TIMEOUT, "no watched request finished in time");
    return TD_OK;
}

int td_completion_queue_descriptor(const td_completion_queue *queue)
{
    return queue ? queue->descriptor : -1;
}
