#include "async/request_state.h"
#include "async/waiter.h"
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
    int descriptor;         /* set while `finished` is not empty, once somebody asked for it */
    bool descriptor_wanted; /* until then the system calls are saved */
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

/* Under the lock. The descriptor is written once for a batch: when the first of it arrives. True if
 * it is that one: those who wait are then to be woken. */
static bool enqueue(td_completion_queue *queue, td_request *request)
{
    bool first = !queue->finished.first;
    append(&queue->finished, request);
    if (first && queue->descriptor_wanted)
        tdi_event_set(queue->descriptor);
    return first;
}

/* Under the lock. The library's references end here rather than later, so that whoever takes the
 * requests also frees them: memory freed by another thread than the one that asks for it is dear.
 */
static bool move_finished(td_completion_queue *queue, td_request *const *requests, uint32_t count)
{
    bool wake = false;
    for (uint32_t i = 0; i < count; i++) {
        unlink_from(&queue->pending, requests[i]);
        wake = enqueue(queue, requests[i]) || wake;
        tdi_request_drop(requests[i]); /* never the last: the queue has one */
    }
    return wake;
}

void tdi_completion_queue_push(td_completion_queue *queue, td_request *const *requests,
                               uint32_t count)
{
    tdi_mutex_lock(&queue->mutex);
    /* Destroyed meanwhile, it let go of the requests. */
    const bool closed = queue->closed;
    const bool wake = !closed && move_finished(queue, requests, count);
    tdi_mutex_unlock(&queue->mutex);
    /* Without the lock, which those who wake up want. */
    if (wake)
        tdi_cond_broadcast(&queue->changed);
    for (uint32_t i = 0; closed && i < count; i++)
        tdi_request_drop(requests[i]);
    drop_reference(queue);
}

/* Under the queue's lock: false if a queue watches the request already. */
static bool watch_one(td_completion_queue *queue, td_request *request, uint64_t tag, bool *wake)
{
    tdi_mutex_lock(&request->mutex);
    const bool taken = atomic_load_explicit(&request->queue, memory_order_acquire) != NULL;
    if (!taken) {
        tdi_request_retain(request);
        atomic_store_explicit(&request->queue, queue, memory_order_relaxed);
        request->tag = tag;
        if (tdi_request_state_of(request) == TD_REQUEST_PENDING)
            append(&queue->pending, request);
        else
            *wake = enqueue(queue, request) || *wake;
    }
    tdi_mutex_unlock(&request->mutex);
    return !taken;
}

/* How many are watched before the first that cannot be. */
static uint32_t watch_many(td_completion_queue *queue, td_request *const *requests,
                           const uint64_t *tags, uint32_t count)
{
    bool wake = false;
    uint32_t watched = 0;
    tdi_mutex_lock(&queue->mutex);
    while (watched < count &&
           watch_one(queue, requests[watched], tags ? tags[watched] : watched, &wake))
        watched++;
    tdi_mutex_unlock(&queue->mutex);
    if (wake)
        tdi_cond_broadcast(&queue->changed);
    return watched;
}

td_result td_completion_queue_watch_all(td_completion_queue *queue, td_request *const *requests,
                                        const uint64_t *tags, uint32_t count)
{
    if (!queue || (count > 0 && !requests))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_completion_queue_watch_all: `%s` is NULL",
                        queue ? "requests" : "queue");
    for (uint32_t i = 0; i < count; i++) {
        if (!requests[i])
            return tdi_fail(TD_ERROR_ARGUMENT, "td_completion_queue_watch_all: request %u is NULL",
                            i);
    }
    const uint32_t watched = watch_many(queue, requests, tags, count);
    if (watched < count)
        return tdi_fail(TD_ERROR_STATE, "a completion queue watches request %u already", watched);
    return TD_OK;
}

td_result td_completion_queue_watch(td_completion_queue *queue, td_request *request, uint64_t tag)
{
    if (!queue || !request)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_completion_queue_watch: `%s` is NULL",
                        queue ? "request" : "queue");
    if (watch_many(queue, &request, &tag, 1) == 0)
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
        atomic_store_explicit(&request->queue, NULL, memory_order_release);
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
        completions[count++] = (td_completion){request, request->tag, request->result};
        atomic_store_explicit(&request->queue, NULL, memory_order_release);
    }
    if (!queue->finished.first && queue->descriptor_wanted)
        tdi_event_clear(queue->descriptor);
    return count;
}

/* Under the lock. */
static td_result wait_for_first(td_completion_queue *queue, uint64_t timeout_ns)
{
    if (timeout_ns > 0) {
        TDI_TRY(tdi_check_may_wait("td_completion_queue_take"));
        const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
        while (!queue->finished.first) {
            if (!tdi_cond_wait_until(&queue->changed, &queue->mutex, deadline))
                break;
        }
    }
    if (!queue->finished.first)
        return tdi_fail(TD_ERROR_TIMEOUT, "no watched request finished within %llu ms",
                        (unsigned long long)(timeout_ns / TDI_NS_PER_MS));
    return TD_OK;
}

td_result td_completion_queue_take(td_completion_queue *queue, td_completion *completions,
                                   uint32_t capacity, uint64_t timeout_ns, uint32_t *count)
{
    if (!queue || !completions || !count || capacity == 0)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_completion_queue_take: nowhere to put what is taken");
    *count = 0;
    td_result result = TD_OK;
    tdi_mutex_lock(&queue->mutex);
    if (!queue->finished.first)
        result = wait_for_first(queue, timeout_ns);
    if (result == TD_OK)
        *count = take_finished(queue, completions, capacity);
    tdi_mutex_unlock(&queue->mutex);
    return result;
}

int td_completion_queue_descriptor(td_completion_queue *queue)
{
    if (!queue)
        return -1;
    tdi_mutex_lock(&queue->mutex);
    if (!queue->descriptor_wanted && queue->finished.first)
        tdi_event_set(queue->descriptor);
    queue->descriptor_wanted = true;
    tdi_mutex_unlock(&queue->mutex);
    return queue->descriptor;
}
