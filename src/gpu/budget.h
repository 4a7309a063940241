/* The ledger behind td_budget. gpu/memory.c is its only writer for device memory. */
#ifndef TDI_GPU_BUDGET_H
#define TDI_GPU_BUDGET_H

#include <tandem/budget.h>

#include "gpu/pressure.h"

td_result tdi_budget_create(uint64_t limit, td_budget_mode mode, td_budget **out);
void tdi_budget_destroy(td_budget *budget);

/* Before vkAllocateMemory: takes `bytes` of the limit or fails with TD_ERROR_BUDGET and the sums
 * (what is asked for, by whom, held, used by category, limit). */
td_result tdi_budget_hold(td_budget *budget, uint64_t bytes, const char *what);
void tdi_budget_release(td_budget *budget, uint64_t bytes);

/* Whom to ask for memory, and what is on its way back. */
tdi_pressure *tdi_budget_pressure(td_budget *budget);

/* What is handed out of the blocks. */
void tdi_budget_use(td_budget *budget, td_budget_category category, uint64_t bytes);
void tdi_budget_unuse(td_budget *budget, td_budget_category category, uint64_t bytes);

/* Bytes that could still be held. */
uint64_t tdi_budget_available(td_budget *budget);

/* By how much `bytes` do not fit; all of them where the limit is not what is in the way, and 0 if
 * the limit is less than that, so that they never can. */
uint64_t tdi_budget_missing(td_budget *budget, uint64_t bytes);

/* Fails with TD_ERROR_BUDGET and the sums if `bytes` more would not fit; takes nothing. Used to
 * refuse a job before anything is allocated. `detail` lists the parts, e.g. "geometry 6.2 MiB,
 * textures 386 MiB, ...". */
td_result tdi_budget_check(td_budget *budget, uint64_t bytes, const char *what, const char *detail);

/* Logs the excess that tdi_budget_hold allowed (mode warn), if there was one since the last call.
 * Apart from it because no lock may be held over a message. */
void tdi_budget_log_excess(td_budget *budget);

/* The driver's own figure, refreshed by memory.c. */
void tdi_budget_set_driver_bytes(td_budget *budget, uint64_t bytes);

#endif
