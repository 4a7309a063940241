#include "async/request_state.h"
#include "async/waiter.h"
#include "base/clock.h"
#include "base/memory.h"

/* Waits for more requests than this allocate their links. */
#define LINKS_ON_STACK 64

void tdi_request_wait_tell(tdi_request_wait *wait)
{
    tdi_mutex_lock(&wait->mutex);
    if (++wait->finished == wait->wanted)
        tdi_cond_signal(&wait->changed);
    tdi_mutex_unlock(&wait->mutex);
}

static td_result wait_init(tdi_request_wait *wait, uint32_t wanted)
{
    *wait = (tdi_request_wait){.wanted = wanted};
    TDI_TRY(tdi_mutex_init(&wait->mutex, TDI_RANK_REQUEST_WAIT));
    td_result result = tdi_cond_init(&wait->changed);
    if (result != TD_OK)
        tdi_mutex_destroy(&wait->mutex);
    return result;
}

static void wait_end(tdi_request_wait *wait)
{
    tdi_cond_destroy(&wait->changed);
    tdi_mutex_destroy(&wait->mutex);
}

/* What is finished already is counted at once, and has no link. */
static void link_to(td_request *request, tdi_request_link *link, tdi_request_wait *wait)
{
    tdi_mutex_lock(&request->mutex);
    const bool pending = tdi_request_state_of(request) == TD_REQUEST_PENDING;
    *link = (tdi_request_link){.wait = pending ? wait : NULL, .next = request->links};
    if (pending) {
        if (link->next)
            link->next->previous = link;
        request->links = link;
    }
    tdi_mutex_unlock(&request->mutex);
    if (!pending)
        tdi_request_wait_tell(wait);
}

/* Afterwards no thread that finishes the request knows of the wait. */
static void unlink_from(td_request *request, const tdi_request_link *link)
{
    if (!link->wait)
        return;
    tdi_mutex_lock(&request->mutex);
    if (link->previous)
        link->previous->next = link->next;
    else
        request->links = link->next;
    if (link->next)
        link->next->previous = link->previous;
    tdi_mutex_unlock(&request->mutex);
}

static void sleep_until(tdi_request_wait *wait, uint64_t deadline)
{
    tdi_mutex_lock(&wait->mutex);
    while (wait->finished < wait->wanted) {
        if (!tdi_cond_wait_until(&wait->changed, &wait->mutex, deadline))
            break;
    }
    tdi_mutex_unlock(&wait->mutex);
}

static td_result wait_with(tdi_request_link *links, td_request *const *requests, uint32_t count,
                           uint32_t wanted, uint64_t deadline)
{
    tdi_request_wait wait;
    TDI_TRY(wait_init(&wait, wanted));
    for (uint32_t i = 0; i < count; i++)
        link_to(requests[i], &links[i], &wait);
    sleep_until(&wait, deadline);
    for (uint32_t i = 0; i < count; i++)
        unlink_from(requests[i], &links[i]);
    wait_end(&wait);
    return TD_OK;
}

/* Sleeps until `wanted` of the requests are finished, or until the deadline; the caller looks which
 * it was. */
static td_result wait_for(td_request *const *requests, uint32_t count, uint32_t wanted,
                          uint64_t deadline)
{
    tdi_request_link on_stack[LINKS_ON_STACK];
    if (count <= LINKS_ON_STACK)
        return wait_with(on_stack, requests, count, wanted, deadline);
    tdi_request_link *links = tdi_alloc_zero(count, sizeof *links);
    if (!links)
        return TD_ERROR_HOST_MEMORY;
    td_result result = wait_with(links, requests, count, wanted, deadline);
    tdi_free(links);
    return result;
}

/* The first that is finished, or `count`. */
static uint32_t first_finished(td_request *const *requests, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && tdi_request_state_of(requests[i]) == TD_REQUEST_PENDING)
        i++;
    return i;
}

/* The first that is pending, or `count`. */
static uint32_t first_pending(td_request *const *requests, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && tdi_request_state_of(requests[i]) != TD_REQUEST_PENDING)
        i++;
    return i;
}

/* Other threads may release what is waited for. */
static void keep_all(td_request *const *requests, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tdi_request_keep(requests[i]);
}

static void drop_all(td_request *const *requests, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tdi_request_drop(requests[i]);
}

static td_result check_many(const char *call, td_request *const *requests, uint32_t count)
{
    if (!requests || count == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: there is no request to wait for", call);
    for (uint32_t i = 0; i < count; i++) {
        if (!requests[i])
            return tdi_fail(TD_ERROR_ARGUMENT, "%s: request %u of %u is NULL", call, i, count);
    }
    return TD_OK;
}

static unsigned long long milliseconds(uint64_t timeout_ns)
{
    return (unsigned long long)(timeout_ns / TDI_NS_PER_MS);
}

static td_result finish_wait(td_request *request, uint64_t timeout_ns)
{
    if (tdi_request_state_of(request) == TD_REQUEST_PENDING)
        return tdi_fail(TD_ERROR_TIMEOUT, "the request did not finish within %llu ms; it goes on",
                        milliseconds(timeout_ns));
    return td_request_result(request);
}

td_result td_request_wait(td_request *request, uint64_t timeout_ns)
{
    if (!request)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_request_wait: `request` is NULL");
    if (timeout_ns == 0 || tdi_request_state_of(request) != TD_REQUEST_PENDING)
        return finish_wait(request, timeout_ns);
    TDI_TRY(tdi_check_may_wait("td_request_wait"));
    tdi_request_keep(request);
    td_result result = wait_for(&request, 1, 1, tdi_deadline(tdi_now_ns(), timeout_ns));
    if (result == TD_OK)
        result = finish_wait(request, timeout_ns);
    tdi_request_drop(request);
    return result;
}

static td_result finish_wait_any(td_request *const *requests, uint32_t count, uint64_t timeout_ns,
                                 uint32_t *index)
{
    const uint32_t found = first_finished(requests, count);
    if (found == count)
        return tdi_fail(TD_ERROR_TIMEOUT, "none of %u requests finished within %llu ms; they go on",
                        count, milliseconds(timeout_ns));
    *index = found;
    return TD_OK;
}

td_result td_request_wait_any(td_request *const *requests, uint32_t count, uint64_t timeout_ns,
                              uint32_t *index)
{
    TDI_TRY(check_many("td_request_wait_any", requests, count));
    if (!index)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_request_wait_any: `index` is NULL");
    if (timeout_ns == 0 || first_finished(requests, count) < count)
        return finish_wait_any(requests, count, timeout_ns, index);
    TDI_TRY(tdi_check_may_wait("td_request_wait_any"));
    keep_all(requests, count);
    td_result result = wait_for(requests, count, 1, tdi_deadline(tdi_now_ns(), timeout_ns));
    if (result == TD_OK)
        result = finish_wait_any(requests, count, timeout_ns, index);
    drop_all(requests, count);
    return result;
}

static td_result finish_wait_all(td_request *const *requests, uint32_t count, uint64_t timeout_ns)
{
    uint32_t pending = 0;
    for (uint32_t i = 0; i < count; i++)
        pending += tdi_request_state_of(requests[i]) == TD_REQUEST_PENDING ? 1 : 0;
    if (pending > 0)
        return tdi_fail(TD_ERROR_TIMEOUT,
                        "%u of %u requests did not finish within %llu ms; they go on", pending,
                        count, milliseconds(timeout_ns));
    return TD_OK;
}

td_result td_request_wait_all(td_request *const *requests, uint32_t count, uint64_t timeout_ns)
{
    TDI_TRY(check_many("td_request_wait_all", requests, count));
    if (timeout_ns == 0 || first_pending(requests, count) == count)
        return finish_wait_all(requests, count, timeout_ns);
    TDI_TRY(tdi_check_may_wait("td_request_wait_all"));
    keep_all(requests, count);
    td_result result = wait_for(requests, count, count, tdi_deadline(tdi_now_ns(), timeout_ns));
    if (result == TD_OK)
        result = finish_wait_all(requests, count, timeout_ns);
    drop_all(requests, count);
    return result;
}
