#include "base/clock.h"
#include "gpu/budget.h"

static uint64_t excess_of(const td_budget_info *info)
{
    uint64_t sum = info->held_bytes + info->reserved_bytes;
    return sum > info->limit_bytes ? sum - info->limit_bytes : 0;
}

static td_result run_limit(void *user)
{
    tdi_budget_state state;
    tdi_budget_look(user, &state);
    return excess_of(&state.info) == 0 ? TD_OK : tdi_budget_refuse_limit(&state);
}

static tdi_shortage missing_of_limit(void *user)
{
    td_budget_info info;
    td_budget_get_info(user, &info);
    /* At least 1: what is above by now may have gone since. */
    return (tdi_shortage){.bytes = excess_of(&info) + 1, .categories = UINT32_MAX};
}

td_result td_budget_set_limit(td_budget *budget, uint64_t bytes, uint64_t timeout_ns)
{
    if (!budget || bytes == 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_budget_set_limit: %s",
                        budget ? "the limit is 0 bytes" : "`budget` is NULL");
    const tdi_attempt steps = {
        .run = run_limit,
        .missing = missing_of_limit,
        .user = budget,
        .deadline_ns = timeout_ns == 0 ? 0 : tdi_deadline(tdi_now_ns(), timeout_ns),
    };
    tdi_pressure *pressure = tdi_budget_pressure(budget);
    tdi_budget_limit(budget, bytes);
    tdi_pressure_note(pressure); /* it may have become more */
    td_result result = tdi_pressure_run(pressure, &steps);
    if (result != TD_ERROR_BUDGET)
        return result;
    result = tdi_pressure_expects(pressure) ? TD_ERROR_TIMEOUT : TD_ERROR_AGAIN;
    return tdi_fail(result, "%s", td_last_error());
}
