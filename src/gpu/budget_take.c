#include "gpu/budget.h"

/* What is held already. */
static td_result claim_and_charge(td_budget *budget, td_budget_category category, uint64_t bytes,
                                  const char *what, tdi_consumer *out)
{
    TDI_TRY(tdi_budget_claim(budget, category, bytes, 0, what));
    *out = tdi_budget_charge(budget, category, bytes, what);
    return TD_OK;
}

td_result tdi_budget_take(td_budget *budget, td_budget_category category, uint64_t bytes,
                          const char *what, tdi_consumer *out)
{
    TDI_TRY(tdi_budget_hold(budget, bytes, 0, what));
    td_result result = claim_and_charge(budget, category, bytes, what, out);
    if (result != TD_OK)
        tdi_budget_release(budget, bytes, 0);
    return result;
}

void tdi_budget_give(td_budget *budget, td_budget_category category, uint64_t bytes,
                     tdi_consumer consumer)
{
    tdi_budget_uncharge(budget, category, bytes, consumer);
    tdi_budget_release(budget, bytes, 0);
}

/* Trying to take, as often as it takes. */
typedef struct take_attempt {
    td_budget *budget;
    td_budget_category category;
    uint64_t bytes;
    const char *what;
    tdi_consumer consumer;
} take_attempt;

static td_result run_take(void *user)
{
    take_attempt *a = user;
    TDI_TRY(tdi_budget_hold_host(a->budget, a->bytes, a->what));
    td_result result = claim_and_charge(a->budget, a->category, a->bytes, a->what, &a->consumer);
    if (result != TD_OK)
        tdi_budget_release_host(a->budget, a->bytes);
    return result;
}

static tdi_shortage missing_of_take(void *user)
{
    const take_attempt *a = user;
    return tdi_budget_shortage(a->budget, a->category, a->bytes, 0);
}

td_result tdi_budget_take_host(td_budget *budget, td_budget_category category, uint64_t bytes,
                               const char *what, tdi_consumer *out)
{
    take_attempt attempt = {.budget = budget, .category = category, .bytes = bytes, .what = what};
    const tdi_attempt steps = {
        .run = run_take,
        .missing = missing_of_take,
        .user = &attempt,
        .deadline_ns = UINT64_MAX,
    };
    td_result result = tdi_pressure_run(tdi_budget_pressure(budget), &steps);
    tdi_budget_log_excess(budget);
    *out = attempt.consumer;
    return result;
}

void tdi_budget_give_host(td_budget *budget, td_budget_category category, uint64_t bytes,
                          tdi_consumer consumer)
{
    tdi_budget_uncharge(budget, category, bytes, consumer);
    tdi_budget_release_host(budget, bytes);
    tdi_pressure_note(tdi_budget_pressure(budget));
}
