#include "async/lane.h"
#include "async/request.h"
#include "async/waiter.h"
#include "base/memory.h"

static td_result fail_null(const char *call, const char *what)
{
    return tdi_fail(TD_ERROR_ARGUMENT, "%s: `%s` is NULL", call, what);
}

/* A lane of the device that a submission of the program's may go to. */
static td_result check_lane(const char *call, td_device *device, td_lane lane)
{
    TDI_TRY(tdi_device_check(device, call));
    if ((unsigned)lane >= TD_LANE_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: there is no lane %d", call, (int)lane);
    return TD_OK;
}

static td_result check_commands(const td_device *device, const td_lane_submit_params *params)
{
    const uint32_t family = device->queues[device->lane_queue[params->lane]].family;
    if (params->command_count > TDI_MAX_COMMANDS)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_lane_submit: %u command buffers, of at most %d",
                        params->command_count, TDI_MAX_COMMANDS);
    if (params->command_count > 0 && !params->commands)
        return fail_null("td_lane_submit", "commands");
    for (uint32_t i = 0; i < params->command_count; i++) {
        if (!params->commands[i])
            return tdi_fail(TD_ERROR_ARGUMENT, "td_lane_submit: command buffer %u is NULL", i);
        if (params->command_families && params->command_families[i] != family)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_lane_submit: command buffer %u is of queue family %u, and the "
                            "lane's queue is of family %u; record it in a pool of that family",
                            i, params->command_families[i], family);
    }
    return TD_OK;
}

static td_result check_semaphores(const td_lane_submit_params *params)
{
    if (params->wait_count > TD_MAX_WAITS || params->signal_count > TD_MAX_WAITS)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_lane_submit: %u waits and %u signals, of at most %d",
                        params->wait_count, params->signal_count, TD_MAX_WAITS);
    if (params->wait_count > 0 && !params->waits)
        return fail_null("td_lane_submit", "waits");
    if (params->signal_count > 0 && !params->signals)
        return fail_null("td_lane_submit", "signals");
    for (uint32_t i = 0; i < params->signal_count; i++) {
        if (!params->signals[i].semaphore)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_lane_submit: the semaphore of signal %u is VK_NULL_HANDLE", i);
    }
    return TD_OK;
}

td_result td_lane_submit(td_device *device, const td_lane_submit_params *params, td_ticket *out)
{
    if (!params || !out)
        return fail_null("td_lane_submit", params ? "out" : "params");
    TDI_TRY(check_lane("td_lane_submit", device, params->lane));
    TDI_TRY(check_commands(device, params));
    TDI_TRY(check_semaphores(params));
    const tdi_submission submission = {
        .lane = params->lane,
        .commands = params->commands,
        .command_count = params->command_count,
        .waits = params->waits,
        .wait_count = params->wait_count,
        .signals = params->signals,
        .signal_count = params->signal_count,
    };
    return tdi_lane_submit(device, &submission, out);
}

bool td_ticket_reached(td_device *device, td_ticket ticket)
{
    if (tdi_device_check(device, "td_ticket_reached") != TD_OK)
        return false;
    return ticket.value == 0 ||
           (tdi_ticket_given(device, ticket) && tdi_ticket_reached(device, ticket));
}

td_result tdi_ticket_wait_for_call(td_device *device, td_ticket ticket, uint64_t timeout_ns,
                                   const char *call)
{
    if (ticket.value == 0)
        return TD_OK;
    if (timeout_ns > 0 && tdi_on_completion_thread() && !tdi_ticket_reached(device, ticket))
        return tdi_check_may_wait(call);
    return tdi_ticket_wait(device, ticket, timeout_ns);
}

td_result td_ticket_wait(td_device *device, td_ticket ticket, uint64_t timeout_ns)
{
    TDI_TRY(tdi_device_check(device, "td_ticket_wait"));
    TDI_TRY(tdi_ticket_check(device, ticket));
    return tdi_ticket_wait_for_call(device, ticket, timeout_ns, "td_ticket_wait");
}

/* A ticket as a request: its payload. */
typedef struct ticket_watch {
    tdi_watch watch;
    td_request *request;
} ticket_watch;

static const tdi_request_class TICKET_REQUEST = {.destroy = tdi_free};

/* The payload's memory is the request's, which may go as soon as it is finished. */
static void on_reached(tdi_watch *watch, td_result result)
{
    tdi_request_finish(((ticket_watch *)watch)->request, result);
}

td_result td_ticket_request(td_device *device, td_ticket ticket, td_request **out)
{
    TDI_TRY(tdi_device_check(device, "td_ticket_request"));
    if (!out)
        return fail_null("td_ticket_request", "out");
    TDI_TRY(tdi_ticket_check(device, ticket));
    TDI_TRY(tdi_lanes_ready(device));
    ticket_watch *payload = tdi_alloc_zero(1, sizeof *payload);
    if (!payload)
        return TD_ERROR_HOST_MEMORY;
    td_result result = tdi_request_create(&TICKET_REQUEST, payload, &payload->request);
    if (result != TD_OK) {
        tdi_free(payload);
        return result;
    }
    *out = payload->request;
    payload->watch.ticket = ticket.value ? ticket : (td_ticket){0};
    payload->watch.reached = on_reached;
    tdi_ticket_watch(device, &payload->watch);
    return TD_OK;
}

td_result td_ticket_semaphore(td_device *device, td_ticket ticket, VkSemaphore *semaphore,
                              uint64_t *value)
{
    TDI_TRY(tdi_device_check(device, "td_ticket_semaphore"));
    if (!semaphore || !value)
        return fail_null("td_ticket_semaphore", semaphore ? "value" : "semaphore");
    TDI_TRY(tdi_ticket_check(device, ticket));
    TDI_TRY(tdi_lanes_ready(device));
    *semaphore = tdi_queue_timeline(device, ticket.value ? ticket.queue : 0);
    *value = ticket.value;
    return TD_OK;
}

/* An empty submission. */
static td_result bridge(const char *call, td_device *device, td_lane lane, const td_wait *wait,
                        const td_signal *signal, td_ticket *out)
{
    TDI_TRY(check_lane(call, device, lane));
    const tdi_submission submission = {
        .lane = lane,
        .waits = wait,
        .wait_count = 1,
        .signals = signal,
        .signal_count = signal ? 1 : 0,
    };
    return tdi_lane_submit(device, &submission, out);
}

td_result td_ticket_import(td_device *device, td_lane lane, VkSemaphore semaphore, uint64_t value,
                           td_ticket *out)
{
    if (!semaphore || !out)
        return fail_null("td_ticket_import", semaphore ? "out" : "semaphore");
    const td_wait wait = {.semaphore = semaphore, .value = value};
    return bridge("td_ticket_import", device, lane, &wait, NULL, out);
}

td_result td_ticket_signal_binary(td_device *device, td_lane lane, td_ticket ticket,
                                  VkSemaphore semaphore)
{
    if (!semaphore)
        return fail_null("td_ticket_signal_binary", "semaphore");
    const td_wait wait = {.ticket = ticket};
    const td_signal signal = {.semaphore = semaphore};
    td_ticket own;
    return bridge("td_ticket_signal_binary", device, lane, &wait, &signal, &own);
}
