/* The ledger behind td_budget. gpu/memory.c writes what is held and used, gpu/reservation.c what is
 * promised. */
#ifndef TDI_GPU_BUDGET_H
#define TDI_GPU_BUDGET_H

#include <tandem/budget.h>

#include "gpu/budget_sentence.h"
#include "gpu/consumers.h"
#include "gpu/pressure.h"

td_result tdi_budget_create(uint64_t limit, td_budget_mode mode, td_budget **out);
void tdi_budget_destroy(td_budget *budget);

/* Whom to ask for memory, and what is on its way back. */
tdi_pressure *tdi_budget_pressure(td_budget *budget);

/* Before vkAllocateMemory: takes `bytes` of the limit or fails with TD_ERROR_BUDGET and the sums
 * (what is asked for, by whom, held, used by category, limit). Of the `promised` bytes of a
 * reservation as many are made good, no longer reserved, as are held: all that nothing came of can
 * be promised again, and nobody else can have taken them. */
td_result tdi_budget_hold(td_budget *budget, uint64_t bytes, uint64_t promised, const char *what);
/* For host memory that is no allocation of the driver's. */
td_result tdi_budget_hold_host(td_budget *budget, uint64_t bytes, const char *what);
void tdi_budget_release_host(td_budget *budget, uint64_t bytes);
/* After vkFreeMemory; or where nothing came of what was held, and then, in the same step, as many
 * of the `promised` bytes are reserved again as hold made good. */
void tdi_budget_release(td_budget *budget, uint64_t bytes, uint64_t promised);

/* What is handed out of the blocks: claimed before memory is looked for, where the category's limit
 * allows it, then either charged to whom it is for, or given up. Promised bytes as with hold. */
td_result tdi_budget_claim(td_budget *budget, td_budget_category category, uint64_t bytes,
                           uint64_t promised, const char *what);
void tdi_budget_unclaim(td_budget *budget, td_budget_category category, uint64_t bytes,
                        uint64_t promised);
tdi_consumer tdi_budget_charge(td_budget *budget, td_budget_category category, uint64_t bytes,
                               const char *what);
/* Ends the claim too. */
void tdi_budget_uncharge(td_budget *budget, td_budget_category category, uint64_t bytes,
                         tdi_consumer consumer);

/* Held, claimed and charged in one, or nothing of it: for memory that is not allocated from blocks,
 * such as host pages that the device uses. What is given back is to be noted (gpu/pressure.h). */
td_result tdi_budget_take(td_budget *budget, td_budget_category category, uint64_t bytes,
                          const char *what, tdi_consumer *out);
void tdi_budget_give(td_budget *budget, td_budget_category category, uint64_t bytes,
                     tdi_consumer consumer);

/* The same for host memory that no driver knows of, with reliefs and waits as for an allocation;
 * under no lock. */
td_result tdi_budget_take_host(td_budget *budget, td_budget_category category, uint64_t bytes,
                               const char *what, tdi_consumer *out);
void tdi_budget_give_host(td_budget *budget, td_budget_category category, uint64_t bytes,
                          tdi_consumer consumer);

/* What is reserved, and charged to whom it is for. */
td_result tdi_budget_promise(td_budget *budget, td_budget_category category, uint64_t bytes,
                             const char *what, tdi_consumer *out);
void tdi_budget_unpromise(td_budget *budget, td_budget_category category, uint64_t bytes,
                          tdi_consumer consumer);
/* What of a promise is still reserved when an allocation has made it good. */
typedef struct tdi_promise_rest {
    td_budget_category category;
    uint64_t unheld;    /* there was room in a block, or less was needed */
    uint64_t unclaimed; /* in the category: less was needed */
} tdi_promise_rest;

/* Ends a promise of `bytes` that was made good. */
void tdi_budget_fulfil(td_budget *budget, const tdi_promise_rest *rest, uint64_t bytes,
                       tdi_consumer consumer);

/* Bytes that could still be held. */
uint64_t tdi_budget_available(td_budget *budget);
/* Bytes that could still be claimed for a category; UINT64_MAX where it has no limit, and in mode
 * warn. */
uint64_t tdi_budget_available_to(td_budget *budget, td_budget_category category);

/* What is missing for `bytes` more, `promised` of which are reserved: all of them where no limit is
 * in the way (but the driver, or memory in pieces), and 0 where a limit is less than that, so that
 * they never fit. */
tdi_shortage tdi_budget_shortage(td_budget *budget, td_budget_category category, uint64_t bytes,
                                 uint64_t promised);

/* The same for bytes of several categories, of which the limit of the whole counts alone. */
tdi_shortage tdi_budget_shortage_of_all(td_budget *budget, uint64_t bytes);

/* Fails with TD_ERROR_BUDGET and the sums if `bytes` more would not fit; takes nothing. Used to
 * refuse a job before anything is allocated. `detail` lists the parts, e.g. "geometry 6.2 MiB,
 * textures 386 MiB, ...". */
td_result tdi_budget_check(td_budget *budget, uint64_t bytes, const char *what, const char *detail);
/* The same for the limit of a category. */
td_result tdi_budget_check_category(td_budget *budget, td_budget_category category, uint64_t bytes,
                                    const char *what);

/* Logs the excess that mode warn allowed, if there was one since the last call. Apart from it
 * because no lock may be held over a message. */
void tdi_budget_log_excess(td_budget *budget);

/* The bare change; td_budget_set_limit works down to it. */
void tdi_budget_limit(td_budget *budget, uint64_t bytes);

/* For sentences. */
void tdi_budget_look(td_budget *budget, tdi_budget_state *out);

/* The driver's own figures, refreshed by memory.c: td_budget_info.driver_bytes and driver_left. */
void tdi_budget_set_driver(td_budget *budget, uint64_t used, uint64_t left);
/* Before vkAllocateMemory, where the driver has no more than `left` bytes for this process:
 * TD_ERROR_BUDGET, unless the mode is warn. */
td_result tdi_budget_pass_driver(td_budget *budget, uint64_t bytes, uint64_t left,
                                 const char *what);

#endif
