#include "gpu/budget.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "gpu/budget_sentence.h"

struct td_budget {
    tdi_pressure pressure;
    tdi_mutex mutex;
    td_budget_info info;
    tdi_consumers consumers;
    char excess[256]; /* a warning that waits until no lock is held */
    atomic_bool has_excess;
};

static td_result make_locks(td_budget *budget)
{
    TDI_TRY(tdi_pressure_init(&budget->pressure));
    td_result result = tdi_mutex_init(&budget->mutex, TDI_RANK_BUDGET);
    if (result != TD_OK)
        tdi_pressure_destroy(&budget->pressure);
    return result;
}

td_result tdi_budget_create(uint64_t limit, td_budget_mode mode, td_budget **out)
{
    td_budget *budget = tdi_alloc_zero(1, sizeof *budget);
    if (!budget)
        return TD_ERROR_HOST_MEMORY;
    td_result result = make_locks(budget);
    if (result != TD_OK) {
        tdi_free(budget);
        return result;
    }
    budget->info.limit_bytes = limit;
    budget->info.mode = mode;
    budget->info.driver_left = UINT64_MAX;
    tdi_consumers_init(&budget->consumers);
    *out = budget;
    return TD_OK;
}

void tdi_budget_destroy(td_budget *budget)
{
    if (!budget)
        return;
    tdi_mutex_destroy(&budget->mutex);
    tdi_pressure_destroy(&budget->pressure);
    tdi_free(budget);
}

tdi_pressure *tdi_budget_pressure(td_budget *budget)
{
    return &budget->pressure;
}

void td_budget_get_info(td_budget *budget, td_budget_info *out)
{
    tdi_mutex_lock(&budget->mutex);
    *out = budget->info;
    tdi_mutex_unlock(&budget->mutex);
    out->waits = atomic_load(&budget->pressure.waits);
}

td_result td_budget_consumers(td_budget *budget, td_budget_consumer *out, uint32_t capacity,
                              uint32_t *count)
{
    if (!budget || !count || (capacity > 0 && !out))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_budget_consumers: `%s` is NULL",
                        !budget  ? "budget"
                        : !count ? "count"
                                 : "out");
    tdi_mutex_lock(&budget->mutex);
    *count = tdi_consumers_largest(&budget->consumers, out, capacity);
    tdi_mutex_unlock(&budget->mutex);
    return TD_OK;
}

/* What a refusal tells of. Called under the lock. */
static void look(const td_budget *budget, tdi_budget_state *out)
{
    out->info = budget->info;
    out->largest_count =
        tdi_consumers_largest(&budget->consumers, out->largest, TDI_LARGEST_CONSUMERS);
    if (out->largest_count > TDI_LARGEST_CONSUMERS)
        out->largest_count = TDI_LARGEST_CONSUMERS;
}

void tdi_budget_look(td_budget *budget, tdi_budget_state *out)
{
    tdi_mutex_lock(&budget->mutex);
    look(budget, out);
    tdi_mutex_unlock(&budget->mutex);
}

/* Held and reserved, less what is about to be made good. */
static uint64_t taken(const td_budget_info *info, uint64_t promised)
{
    return info->held_bytes + info->reserved_bytes - promised;
}

static uint64_t taken_by(const td_budget_info *info, td_budget_category category, uint64_t promised)
{
    return info->by_category[category] + info->reserved_by[category] - promised;
}

static bool fits(uint64_t sum, uint64_t bytes, uint64_t limit)
{
    return bytes <= limit && sum <= limit - bytes;
}

static bool fits_category(const td_budget_info *info, td_budget_category category, uint64_t bytes,
                          uint64_t promised)
{
    uint64_t limit = info->limit_by[category];
    return limit == 0 || fits(taken_by(info, category, promised), bytes, limit);
}

/* Counts what mode warn lets pass. Called under the lock. */
static void note_excess(td_budget *budget, uint64_t limit, uint64_t sum, const char *what)
{
    budget->info.exceeded++;
    tdi_budget_excess_text(budget->excess, sizeof budget->excess, limit, sum, what);
    atomic_store(&budget->has_excess, true);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Either an allocation of the driver's, or `host_bytes`, which are all of them. */
static td_result hold(td_budget *budget, uint64_t bytes, uint64_t promised, uint64_t host_bytes,
                      const char *what)
{
    tdi_budget_state state;
    td_budget_info *info = &budget->info;
    tdi_mutex_lock(&budget->mutex);
    bool fitting = fits(taken(info, promised), bytes, info->limit_bytes);
    bool allowed = fitting || info->mode == TD_BUDGET_WARN;
    if (allowed) {
        info->reserved_bytes -= lesser(promised, bytes);
        info->held_bytes += bytes;
        info->host_bytes += host_bytes;
        info->allocations += host_bytes == 0;
        if (info->held_bytes > info->peak_bytes)
            info->peak_bytes = info->held_bytes;
        if (!fitting)
            note_excess(budget, info->limit_bytes, taken(info, 0), what);
    } else {
        look(budget, &state);
    }
    tdi_mutex_unlock(&budget->mutex);
    return allowed ? TD_OK : tdi_budget_refuse(&state, bytes, what, NULL);
}

td_result tdi_budget_hold(td_budget *budget, uint64_t bytes, uint64_t promised, const char *what)
{
    return hold(budget, bytes, promised, 0, what);
}

td_result tdi_budget_hold_host(td_budget *budget, uint64_t bytes, const char *what)
{
    return hold(budget, bytes, 0, bytes, what);
}

void tdi_budget_release_host(td_budget *budget, uint64_t bytes)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.held_bytes -= bytes;
    budget->info.host_bytes -= bytes;
    tdi_mutex_unlock(&budget->mutex);
}

void tdi_budget_release(td_budget *budget, uint64_t bytes, uint64_t promised)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.held_bytes -= bytes;
    budget->info.reserved_bytes += lesser(promised, bytes);
    budget->info.allocations--;
    tdi_mutex_unlock(&budget->mutex);
}

td_result tdi_budget_claim(td_budget *budget, td_budget_category category, uint64_t bytes,
                           uint64_t promised, const char *what)
{
    tdi_budget_state state;
    td_budget_info *info = &budget->info;
    tdi_mutex_lock(&budget->mutex);
    bool fitting = fits_category(info, category, bytes, promised);
    bool allowed = fitting || info->mode == TD_BUDGET_WARN;
    if (allowed) {
        info->reserved_by[category] -= lesser(promised, bytes);
        info->used_bytes += bytes;
        info->by_category[category] += bytes;
        if (!fitting)
            note_excess(budget, info->limit_by[category], taken_by(info, category, 0), what);
    } else {
        look(budget, &state);
    }
    tdi_mutex_unlock(&budget->mutex);
    return allowed ? TD_OK : tdi_budget_refuse_category(&state, category, bytes, what);
}

void tdi_budget_unclaim(td_budget *budget, td_budget_category category, uint64_t bytes,
                        uint64_t promised)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.used_bytes -= bytes;
    budget->info.by_category[category] -= bytes;
    budget->info.reserved_by[category] += lesser(promised, bytes);
    tdi_mutex_unlock(&budget->mutex);
}

tdi_consumer tdi_budget_charge(td_budget *budget, td_budget_category category, uint64_t bytes,
                               const char *what)
{
    td_budget_info *info = &budget->info;
    tdi_mutex_lock(&budget->mutex);
    if (info->by_category[category] > info->peak_by_category[category])
        info->peak_by_category[category] = info->by_category[category];
    tdi_consumer consumer = tdi_consumers_charge(&budget->consumers, category, bytes, what);
    tdi_mutex_unlock(&budget->mutex);
    return consumer;
}

void tdi_budget_uncharge(td_budget *budget, td_budget_category category, uint64_t bytes,
                         tdi_consumer consumer)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.used_bytes -= bytes;
    budget->info.by_category[category] -= bytes;
    tdi_consumers_discharge(&budget->consumers, consumer, bytes);
    tdi_mutex_unlock(&budget->mutex);
}

td_result tdi_budget_promise(td_budget *budget, td_budget_category category, uint64_t bytes,
                             const char *what, tdi_consumer *out)
{
    tdi_budget_state state;
    td_budget_info *info = &budget->info;
    tdi_mutex_lock(&budget->mutex);
    bool whole = fits(taken(info, 0), bytes, info->limit_bytes);
    bool part = fits_category(info, category, bytes, 0);
    bool allowed = (whole && part) || info->mode == TD_BUDGET_WARN;
    if (allowed) {
        info->reserved_bytes += bytes;
        info->reserved_by[category] += bytes;
        *out = tdi_consumers_charge(&budget->consumers, category, bytes, what);
        if (!whole)
            note_excess(budget, info->limit_bytes, taken(info, 0), what);
        else if (!part)
            note_excess(budget, info->limit_by[category], taken_by(info, category, 0), what);
    } else {
        look(budget, &state);
    }
    tdi_mutex_unlock(&budget->mutex);
    if (allowed)
        return TD_OK;
    return whole ? tdi_budget_refuse_category(&state, category, bytes, what)
                 : tdi_budget_refuse(&state, bytes, what, NULL);
}

void tdi_budget_unpromise(td_budget *budget, td_budget_category category, uint64_t bytes,
                          tdi_consumer consumer)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.reserved_bytes -= bytes;
    budget->info.reserved_by[category] -= bytes;
    tdi_consumers_discharge(&budget->consumers, consumer, bytes);
    tdi_mutex_unlock(&budget->mutex);
}

void tdi_budget_fulfil(td_budget *budget, const tdi_promise_rest *rest, uint64_t bytes,
                       tdi_consumer consumer)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.reserved_bytes -= rest->unheld;
    budget->info.reserved_by[rest->category] -= rest->unclaimed;
    tdi_consumers_discharge(&budget->consumers, consumer, bytes);
    tdi_mutex_unlock(&budget->mutex);
}

/* Left by the limit, and by the driver. */
static uint64_t room(const td_budget_info *info)
{
    uint64_t sum = taken(info, 0);
    uint64_t left = sum < info->limit_bytes ? info->limit_bytes - sum : 0;
    return left < info->driver_left ? left : info->driver_left;
}

uint64_t tdi_budget_available(td_budget *budget)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    return room(&info);
}

uint64_t tdi_budget_available_to(td_budget *budget, td_budget_category category)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    uint64_t limit = info.limit_by[category];
    if (limit == 0 || info.mode == TD_BUDGET_WARN)
        return UINT64_MAX;
    uint64_t sum = taken_by(&info, category, 0);
    return sum < limit ? limit - sum : 0;
}

static tdi_shortage shortage_of_all(const td_budget_info *info, uint64_t bytes, uint64_t promised)
{
    if (bytes > info->limit_bytes)
        return (tdi_shortage){0};
    uint64_t left = room(info) + promised;
    return (tdi_shortage){.bytes = bytes > left ? bytes - left : bytes, .categories = UINT32_MAX};
}

tdi_shortage tdi_budget_shortage_of_all(td_budget *budget, uint64_t bytes)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    return shortage_of_all(&info, bytes, 0);
}

tdi_shortage tdi_budget_shortage(td_budget *budget, td_budget_category category, uint64_t bytes,
                                 uint64_t promised)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    uint64_t limit = info.limit_by[category];
    if (limit && bytes > limit)
        return (tdi_shortage){0};
    if (!fits_category(&info, category, bytes, promised) && bytes <= info.limit_bytes)
        return (tdi_shortage){.bytes = taken_by(&info, category, promised) + bytes - limit,
                              .categories = UINT32_C(1) << category};
    return shortage_of_all(&info, bytes, promised);
}

td_result tdi_budget_check(td_budget *budget, uint64_t bytes, const char *what, const char *detail)
{
    tdi_budget_state state;
    tdi_budget_look(budget, &state);
    const td_budget_info *info = &state.info;
    if (bytes <= room(info) || info->mode == TD_BUDGET_WARN)
        return TD_OK;
    return fits(taken(info, 0), bytes, info->limit_bytes)
               ? tdi_budget_refuse_driver(&state, bytes, info->driver_left, what)
               : tdi_budget_refuse(&state, bytes, what, detail);
}

td_result tdi_budget_check_category(td_budget *budget, td_budget_category category, uint64_t bytes,
                                    const char *what)
{
    tdi_budget_state state;
    tdi_budget_look(budget, &state);
    if (fits_category(&state.info, category, bytes, 0) || state.info.mode == TD_BUDGET_WARN)
        return TD_OK;
    return tdi_budget_refuse_category(&state, category, bytes, what);
}

void tdi_budget_limit(td_budget *budget, uint64_t bytes)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.limit_bytes = bytes;
    tdi_mutex_unlock(&budget->mutex);
}

td_result td_budget_set_category_limit(td_budget *budget, td_budget_category category,
                                       uint64_t bytes)
{
    if (!budget || (unsigned)category >= TD_BUDGET_CATEGORY_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_budget_set_category_limit: %s",
                        budget ? "there is no such category" : "`budget` is NULL");
    tdi_mutex_lock(&budget->mutex);
    budget->info.limit_by[category] = bytes;
    bool fitting = fits_category(&budget->info, category, 0, 0);
    tdi_mutex_unlock(&budget->mutex);
    tdi_pressure_note(&budget->pressure); /* it may have become more */
    return fitting ? TD_OK
                   : tdi_fail(TD_ERROR_AGAIN,
                              "more than that is in use for %s; nothing is added until it is less",
                              td_budget_category_name(category));
}

void tdi_budget_set_driver(td_budget *budget, uint64_t used, uint64_t left)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.driver_bytes = used;
    budget->info.driver_left = left;
    tdi_mutex_unlock(&budget->mutex);
}

td_result tdi_budget_pass_driver(td_budget *budget, uint64_t bytes, uint64_t left, const char *what)
{
    tdi_budget_state state;
    tdi_mutex_lock(&budget->mutex);
    uint64_t held = budget->info.held_bytes;
    bool allowed = budget->info.mode == TD_BUDGET_WARN;
    if (allowed)
        note_excess(budget, held + left, held + bytes, what);
    else
        look(budget, &state);
    tdi_mutex_unlock(&budget->mutex);
    return allowed ? TD_OK : tdi_budget_refuse_driver(&state, bytes, left, what);
}

void tdi_budget_log_excess(td_budget *budget)
{
    char text[sizeof budget->excess];
    if (!atomic_load(&budget->has_excess))
        return;
    tdi_mutex_lock(&budget->mutex);
    bool had_excess = atomic_exchange(&budget->has_excess, false);
    memcpy(text, budget->excess, sizeof text);
    tdi_mutex_unlock(&budget->mutex);
    if (had_excess)
        tdi_log(TD_LOG_WARNING, "%s", text);
}
