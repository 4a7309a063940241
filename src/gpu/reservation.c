#include "gpu/reservation.h"

#include "base/clock.h"
#include "base/memory.h"

/* Trying to reserve, as often as it takes. */
typedef struct promise_attempt {
    td_budget *budget;
    const td_reservation_params *params;
    td_reservation *out;
} promise_attempt;

static td_result run_promise(void *user)
{
    const promise_attempt *attempt = user;
    const td_reservation_params *params = attempt->params;
    return tdi_budget_promise(attempt->budget, params->category, params->bytes, params->name,
                              &attempt->out->consumer);
}

static tdi_shortage missing_of_promise(void *user)
{
    const promise_attempt *attempt = user;
    return tdi_budget_shortage(attempt->budget, attempt->params->category, attempt->params->bytes,
                               0);
}

/* The clock is read only where it matters. */
static uint64_t deadline_of(uint64_t timeout_ns)
{
    return timeout_ns == 0 ? 0 : tdi_deadline(tdi_now_ns(), timeout_ns);
}

static td_result check(const td_budget *budget, const td_reservation_params *params,
                       td_reservation **out)
{
    if (!budget || !params || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_budget_reserve: `%s` is NULL",
                        !budget   ? "budget"
                        : !params ? "params"
                                  : "out");
    if ((unsigned)params->category >= TD_BUDGET_CATEGORY_COUNT)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_budget_reserve: there is no category %d",
                        (int)params->category);
    return TD_OK;
}

td_result td_budget_reserve(td_budget *budget, const td_reservation_params *params,
                            td_reservation **out)
{
    TDI_TRY(check(budget, params, out));
    *out = NULL;
    td_reservation *reservation = tdi_alloc(sizeof *reservation);
    if (!reservation)
        return TD_ERROR_HOST_MEMORY;
    *reservation =
        (td_reservation){.budget = budget, .bytes = params->bytes, .category = params->category};
    promise_attempt attempt = {budget, params, reservation};
    const tdi_attempt steps = {
        .run = run_promise,
        .missing = missing_of_promise,
        .user = &attempt,
        .deadline_ns = deadline_of(params->timeout_ns),
    };
    td_result result = tdi_pressure_run(tdi_budget_pressure(budget), &steps);
    tdi_budget_log_excess(budget);
    if (result != TD_OK) {
        tdi_free(reservation);
        return result;
    }
    *out = reservation;
    return TD_OK;
}

void td_reservation_release(td_reservation *reservation)
{
    if (!reservation)
        return;
    td_budget *budget = reservation->budget;
    if (!reservation->fulfilled) {
        tdi_budget_unpromise(budget, reservation->category, reservation->bytes,
                             reservation->consumer);
        tdi_pressure_note(tdi_budget_pressure(budget));
    }
    tdi_free(reservation);
}

uint64_t td_reservation_bytes(const td_reservation *reservation)
{
    return reservation ? reservation->bytes : 0;
}

uint64_t tdi_reservation_promised(const td_reservation *reservation)
{
    return reservation && !reservation->fulfilled ? reservation->bytes : 0;
}

void tdi_reservation_fulfil(td_reservation *reservation, uint64_t unheld, uint64_t unclaimed)
{
    if (!reservation || reservation->fulfilled)
        return;
    reservation->fulfilled = true;
    const tdi_promise_rest rest = {reservation->category, unheld, unclaimed};
    tdi_budget_fulfil(reservation->budget, &rest, reservation->bytes, reservation->consumer);
    tdi_pressure_note(tdi_budget_pressure(reservation->budget));
}
