#include "gpu/budget.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

struct td_budget {
    tdi_pressure pressure;
    tdi_mutex mutex;
    td_budget_info info;
    char excess[256]; /* a warning that waits until no lock is held */
};

static const char *const CATEGORY_NAMES[TD_BUDGET_CATEGORY_COUNT] = {
    "geometry", "textures", "targets", "staging", "readback", "transient",
};

const char *td_budget_category_name(td_budget_category category)
{
    if ((int)category < 0 || category >= TD_BUDGET_CATEGORY_COUNT)
        return "unknown";
    return CATEGORY_NAMES[category];
}

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

static double mib(uint64_t bytes)
{
    return (double)bytes / (double)(1 << 20);
}

/* "12.0 MiB is held (geometry 3.1, slack 8.9), the limit is 16.0 MiB" */
static void describe(const td_budget_info *info, char *text, size_t capacity)
{
    size_t length =
        (size_t)tdi_snprintf(text, capacity, "%.1f MiB is held (", mib(info->held_bytes));
    for (int i = 0; i < TD_BUDGET_CATEGORY_COUNT && length < capacity; i++) {
        if (info->by_category[i])
            length += (size_t)tdi_snprintf(text + length, capacity - length, "%s %.1f, ",
                                           CATEGORY_NAMES[i], mib(info->by_category[i]));
    }
    uint64_t used = info->used_bytes < info->held_bytes ? info->used_bytes : info->held_bytes;
    if (length < capacity)
        tdi_snprintf(text + length, capacity - length, "slack %.1f), the limit is %.1f MiB",
                     mib(info->held_bytes - used), mib(info->limit_bytes));
}

static td_result refuse(const td_budget_info *info, uint64_t bytes, const char *what,
                        const char *detail)
{
    char sums[384];
    describe(info, sums, sizeof sums);
    return tdi_fail(TD_ERROR_BUDGET,
                    "%s needs %.1f MiB of device memory%s%s%s, and %s; raise the budget", what,
                    mib(bytes), detail ? " (" : "", detail ? detail : "", detail ? ")" : "", sums);
}

static bool fits(const td_budget_info *info, uint64_t bytes)
{
    return bytes <= info->limit_bytes && info->held_bytes <= info->limit_bytes - bytes;
}

td_result tdi_budget_hold(td_budget *budget, uint64_t bytes, const char *what)
{
    tdi_mutex_lock(&budget->mutex);
    td_budget_info *info = &budget->info;
    bool fitting = fits(info, bytes);
    bool allowed = fitting || info->mode == TD_BUDGET_WARN;
    if (allowed) {
        info->held_bytes += bytes;
        info->allocations++;
        if (info->held_bytes > info->peak_bytes)
            info->peak_bytes = info->held_bytes;
    }
    if (allowed && !fitting) {
        info->exceeded++;
        tdi_snprintf(budget->excess, sizeof budget->excess,
                     "the memory budget of %.1f MiB is exceeded: %s brings it to %.1f MiB",
                     mib(info->limit_bytes), what, mib(info->held_bytes));
    }
    td_budget_info copy = *info;
    tdi_mutex_unlock(&budget->mutex);
    return allowed ? TD_OK : refuse(&copy, bytes, what, NULL);
}

void tdi_budget_release(td_budget *budget, uint64_t bytes)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.held_bytes -= bytes;
    budget->info.allocations--;
    tdi_mutex_unlock(&budget->mutex);
}

void tdi_budget_use(td_budget *budget, td_budget_category category, uint64_t bytes)
{
    tdi_mutex_lock(&budget->mutex);
    td_budget_info *info = &budget->info;
    info->used_bytes += bytes;
    info->by_category[category] += bytes;
    if (info->by_category[category] > info->peak_by_category[category])
        info->peak_by_category[category] = info->by_category[category];
    tdi_mutex_unlock(&budget->mutex);
}

void tdi_budget_unuse(td_budget *budget, td_budget_category category, uint64_t bytes)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.used_bytes -= bytes;
    budget->info.by_category[category] -= bytes;
    tdi_mutex_unlock(&budget->mutex);
}

static uint64_t room(const td_budget_info *info)
{
    return info->held_bytes < info->limit_bytes ? info->limit_bytes - info->held_bytes : 0;
}

uint64_t tdi_budget_available(td_budget *budget)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    return room(&info);
}

uint64_t tdi_budget_missing(td_budget *budget, uint64_t bytes)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    if (bytes > info.limit_bytes)
        return 0;
    return bytes > room(&info) ? bytes - room(&info) : bytes;
}

td_result tdi_budget_check(td_budget *budget, uint64_t bytes, const char *what, const char *detail)
{
    td_budget_info info;
    td_budget_get_info(budget, &info);
    if (fits(&info, bytes) || info.mode == TD_BUDGET_WARN)
        return TD_OK;
    return refuse(&info, bytes, what, detail);
}

void tdi_budget_set_driver_bytes(td_budget *budget, uint64_t bytes)
{
    tdi_mutex_lock(&budget->mutex);
    budget->info.driver_bytes = bytes;
    tdi_mutex_unlock(&budget->mutex);
}

void tdi_budget_log_excess(td_budget *budget)
{
    char text[sizeof budget->excess];
    tdi_mutex_lock(&budget->mutex);
    memcpy(text, budget->excess, sizeof text);
    budget->excess[0] = '\0';
    tdi_mutex_unlock(&budget->mutex);
    if (text[0])
        tdi_log(TD_LOG_WARNING, "%s", text);
}
