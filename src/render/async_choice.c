#include "render/async_choice.h"

#include "base/clock.h"

static bool some_lane_has_own_queue(const td_device *device)
{
    return device->queue_count > 1;
}

/* Of a mode that is not measured. */
static const char *fixed_reason(const td_device *device, td_async_mode mode)
{
    const td_lane_info *lanes = device->info.lanes;
    if (mode == TD_ASYNC_AUTO)
        return lanes[TD_LANE_COMPUTE].reason;
    /* Only copies are asynchronous then, and why they are says so. */
    if (mode == TD_ASYNC_ON &&
        device->lane_queue[TD_LANE_COMPUTE] == device->lane_queue[TD_LANE_GRAPHICS])
        return lanes[TD_LANE_TRANSFER].reason;
    return "asked for";
}

bool tdi_async_lanes(const td_device *device, td_async_mode mode, bool async, tdi_lane_map *out)
{
    tdi_lane_map_of(device, out);
    if (async)
        return mode != TD_ASYNC_OFF && some_lane_has_own_queue(device);
    for (int lane = 0; lane < TD_LANE_COUNT; lane++) {
        out->queue[lane] = out->queue[TD_LANE_GRAPHICS];
        out->capabilities[lane] = out->capabilities[TD_LANE_GRAPHICS];
    }
    return mode == TD_ASYNC_OFF || !some_lane_has_own_queue(device) || mode == TD_ASYNC_AUTO;
}

static td_result make_locks(tdi_async_choice *choice)
{
    TDI_TRY(tdi_mutex_init(&choice->mutex, TDI_RANK_RENDERER));
    const td_result result = tdi_cond_init(&choice->told);
    if (result != TD_OK)
        tdi_mutex_destroy(&choice->mutex);
    return result;
}

td_result tdi_async_choice_init(tdi_async_choice *choice, td_device *device, td_async_mode mode,
                                uint32_t in_flight)
{
    const tdi_auto_params params = {
        .warmup = in_flight + 1,
        .block_frames = 6,
        .block_ns = 40 * TDI_NS_PER_MS,
        .most_frames = 256,
        .sample_every = 32,
        .sample_run = 2, /* of which the second is timed from the end of the first */
        .again_after = 2048,
        .change = 0.30,
    };
    const bool own = some_lane_has_own_queue(device);
    if (mode == TD_ASYNC_ON && !own)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "no lane has a queue of its own on this device (%s), so a renderer cannot "
                        "be asynchronous; use mode auto or off",
                        device->info.lanes[TD_LANE_COMPUTE].reason);
    TDI_TRY(make_locks(choice));
    choice->device = device;
    choice->present = own && mode != TD_ASYNC_OFF;
    choice->automatic = own && mode == TD_ASYNC_AUTO;
    choice->reason = fixed_reason(device, mode);
    tdi_auto_init(&choice->logic, &params, true);
    return TD_OK;
}

void tdi_async_choice_destroy(tdi_async_choice *choice)
{
    if (!choice->device)
        return;
    tdi_mutex_lock(&choice->mutex);
    for (; choice->count > 0; choice->count--) {
        const tdi_timed_submission *last =
            &choice->timed[(choice->first + choice->count - 1) % TDI_TIMED_SUBMISSIONS];
        while (last->done_ns == 0)
            tdi_cond_wait(&choice->told, &choice->mutex);
    }
    tdi_mutex_unlock(&choice->mutex);
    tdi_cond_destroy(&choice->told);
    tdi_mutex_destroy(&choice->mutex);
}

/* On the completion thread. */
static void on_reached(tdi_watch *watch, td_result result)
{
    tdi_timed_submission *timed =
        (tdi_timed_submission *)((char *)watch - offsetof(tdi_timed_submission, watch));
    tdi_async_choice *choice = timed->choice;
    tdi_mutex_lock(&choice->mutex);
    timed->failed = result != TD_OK;
    timed->done_ns = tdi_now_ns();
    tdi_cond_signal(&choice->told);
    tdi_mutex_unlock(&choice->mutex);
}

/* Views are counted, so submissions of fewer views than others measure the same. What a submission
 * costs the host counts in the periods that modes are compared by; how long the device was at work
 * tells other work. */
static void tell(tdi_async_choice *choice, const tdi_timed_submission *timed)
{
    const bool known = timed->number == choice->last_number + 1;
    const uint64_t last = choice->last_done_ns;
    const uint64_t begin = last > timed->submitted_ns ? last : timed->submitted_ns;
    choice->last_number = timed->number;
    choice->last_done_ns = timed->done_ns;
    if (timed->failed)
        tdi_auto_lost(&choice->logic, timed->block);
    else
        tdi_auto_timed(&choice->logic, timed->block, timed->done_ns, timed->all_views,
                       known ? (timed->done_ns - begin) / timed->views : 0);
}

/* Under the lock, as the next two. */
static bool take_done(tdi_async_choice *choice, tdi_timed_submission *out)
{
    *out = choice->timed[choice->first];
    if (choice->count == 0 || out->done_ns == 0)
        return false;
    choice->first = (choice->first + 1) % TDI_TIMED_SUBMISSIONS;
    choice->count--;
    return true;
}

static bool choose_next(tdi_async_choice *choice)
{
    tdi_timed_submission done;
    while (take_done(choice, &done))
        tell(choice, &done);
    if (!choice->chosen)
        choice->next = tdi_auto_next(&choice->logic);
    choice->chosen = true;
    return choice->next.async;
}

bool tdi_async_choice_next(tdi_async_choice *choice)
{
    tdi_mutex_lock(&choice->mutex);
    const bool async = choice->automatic ? choose_next(choice) : choice->present;
    tdi_mutex_unlock(&choice->mutex);
    return async;
}

/* The place of a submission that is to be timed, or NULL. */
static tdi_timed_submission *note_submission(tdi_async_choice *choice, td_ticket ticket,
                                             uint32_t views)
{
    choice->chosen = false;
    choice->submissions++;
    choice->views += views;
    choice->present = choice->next.async;
    if (!choice->next.timed || choice->count == TDI_TIMED_SUBMISSIONS)
        return NULL;
    tdi_timed_submission *timed =
        &choice->timed[(choice->first + choice->count++) % TDI_TIMED_SUBMISSIONS];
    *timed = (tdi_timed_submission){
        .watch = {.ticket = ticket, .reached = on_reached},
        .choice = choice,
        .block = choice->next.block,
        .views = views,
        .number = choice->submissions,
        .all_views = choice->views,
        .submitted_ns = tdi_now_ns(),
    };
    return timed;
}

void tdi_async_choice_submitted(tdi_async_choice *choice, td_ticket ticket, uint32_t views)
{
    if (!choice->automatic)
        return;
    tdi_mutex_lock(&choice->mutex);
    tdi_timed_submission *timed = note_submission(choice, ticket, views);
    tdi_mutex_unlock(&choice->mutex);
    if (timed)
        tdi_ticket_watch(choice->device, &timed->watch);
}

bool tdi_async_choice_present(tdi_async_choice *choice)
{
    tdi_mutex_lock(&choice->mutex);
    const bool present = choice->present;
    tdi_mutex_unlock(&choice->mutex);
    return present;
}

static void describe_logic(const tdi_auto *logic, td_renderer_info *out)
{
    out->async_reason = logic->reason;
    out->async_measuring = logic->measuring;
    out->async_decisions = logic->decisions;
    out->async_ms = logic->median_ns[true] / 1e6;
    out->passthrough_ms = logic->median_ns[false] / 1e6;
}

void tdi_async_choice_describe(tdi_async_choice *choice, td_renderer_info *out)
{
    tdi_mutex_lock(&choice->mutex);
    out->async = choice->present;
    out->async_reason = choice->reason;
    if (choice->automatic)
        describe_logic(&choice->logic, out);
    tdi_mutex_unlock(&choice->mutex);
}
