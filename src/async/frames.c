#include "async/frames.h"

#include "async/plan.h"
#include "async/waiter.h"
#include "base/clock.h"
#include "base/living.h"
#include "base/log.h"
#include "base/memory.h"

#define DEFAULT_IN_FLIGHT 3

/* Frames take turns: number n has slot n % in_flight and transient memory n % in_flight %
 * transient_sets. */
struct td_frames {
    td_device *device;
    const td_plan *plan;
    td_frames_params params; /* defaults filled in */
    tdi_buffer transient[TDI_FRAMES_MAX];
    tdi_plan_slot *slots[TDI_FRAMES_MAX];
    uint32_t next;
};

static td_result fill_params(const td_device *device, const td_frames_params *params,
                             td_frames_params *out)
{
    *out = params ? *params : (td_frames_params){0};
    if (out->in_flight == 0)
        out->in_flight = DEFAULT_IN_FLIGHT;
    if (out->in_flight > TDI_FRAMES_MAX)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u frames in flight; 1 to %d are possible",
                        out->in_flight, TDI_FRAMES_MAX);
    if (out->transient_sets == 0)
        out->transient_sets = device->queue_count > 1 && out->in_flight > 1 ? 2 : 1;
    if (out->transient_sets > out->in_flight)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "%u sets of transient memory for %u frames in flight; at most one each",
                        out->transient_sets, out->in_flight);
    return TD_OK;
}

static td_result make_memory(td_frames *frames)
{
    const tdi_buffer_params params = {
        .name = "transient memory of a graph",
        .size = td_plan_transient_bytes(frames->plan),
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
                 VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT |
                 VK_BUFFER_USAGE_INDEX_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
        .kind = TDI_MEMORY_DEVICE,
        .category = TD_BUDGET_TRANSIENT,
    };
    for (uint32_t i = 0; params.size > 0 && i < frames->params.transient_sets; i++)
        TDI_TRY(tdi_buffer_create(frames->device, &params, &frames->transient[i]));
    return TD_OK;
}

static td_result make_slots(td_frames *frames)
{
    for (uint32_t i = 0; i < frames->params.in_flight; i++) {
        const tdi_buffer *memory = &frames->transient[i % frames->params.transient_sets];
        TDI_TRY(tdi_plan_slot_create(frames->device, frames->plan, memory, &frames->slots[i]));
    }
    return TD_OK;
}

static void free_frames(td_frames *frames)
{
    for (uint32_t i = 0; i < TDI_FRAMES_MAX; i++)
        tdi_plan_slot_destroy(frames->slots[i]);
    for (uint32_t i = 0; i < TDI_FRAMES_MAX; i++)
        tdi_buffer_destroy(frames->device, &frames->transient[i]);
    tdi_free(frames);
}

td_result td_frames_create(td_device *device, const td_plan *plan, const td_frames_params *params,
                           td_frames **out)
{
    if (!device || !plan || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_frames_create: device, plan and out must not be NULL");
    TDI_TRY(tdi_graph_check(plan, "td_frames_create", "plan"));
    TDI_TRY(tdi_device_check(device, "td_frames_create"));
    if (plan->device && plan->device != device->serial)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_frames_create: the plan of graph '%s' was compiled for device %u, and "
                        "this is device %u; compile the graph for it",
                        plan->graph->name, plan->device, device->serial);
    td_frames_params filled;
    TDI_TRY(fill_params(device, params, &filled));
    td_frames *frames = tdi_alloc_zero(1, sizeof *frames);
    if (!frames)
        return TD_ERROR_HOST_MEMORY;
    frames->device = device;
    frames->plan = plan;
    frames->params = filled;
    td_result result = make_memory(frames);
    if (result == TD_OK)
        result = make_slots(frames);
    if (result != TD_OK) {
        free_frames(frames);
        return result;
    }
    tdi_living_add(frames);
    *out = frames;
    return TD_OK;
}

void td_frames_destroy(td_frames *frames)
{
    if (!frames)
        return;
    if (tdi_graph_check(frames, "td_frames_destroy", "set of frames") != TD_OK) {
        tdi_log(TD_LOG_ERROR, "%s", td_last_error());
        return;
    }
    tdi_living_remove(frames);
    free_frames(frames);
}

static td_result wait_for_free(const td_frames *frames, tdi_plan_slot *slot, uint64_t timeout_ns)
{
    if (timeout_ns > 0 && tdi_on_completion_thread() &&
        tdi_plan_slot_wait_for(slot, 0) == TD_ERROR_TIMEOUT)
        return tdi_check_may_wait("td_frames_execute");
    const td_result result = tdi_plan_slot_wait_for(slot, timeout_ns);
    if (result != TD_ERROR_TIMEOUT)
        return result;
    return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT,
                    "all %u frames of graph '%s' are in flight; wait for a ticket, or allow more",
                    frames->params.in_flight, frames->plan->graph->name);
}

td_result td_frames_execute(td_frames *frames, const td_execution *execution, uint64_t timeout_ns,
                            td_ticket *out)
{
    if (!frames || !execution || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_frames_execute: frames, execution and out must not be NULL");
    TDI_TRY(tdi_graph_check(frames, "td_frames_execute", "set of frames"));
    tdi_plan_slot *slot = frames->slots[frames->next];
    TDI_TRY(wait_for_free(frames, slot, timeout_ns));
    TDI_TRY(tdi_plan_execute(slot, execution, out));
    frames->next = (frames->next + 1) % frames->params.in_flight;
    return TD_OK;
}
