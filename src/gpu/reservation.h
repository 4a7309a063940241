/* Promises of bytes, and how gpu/memory.c makes them good. */
#ifndef TDI_GPU_RESERVATION_H
#define TDI_GPU_RESERVATION_H

#include "gpu/budget.h"

struct td_reservation {
    td_budget *budget;
    uint64_t bytes;
    td_budget_category category;
    tdi_consumer consumer;
    bool fulfilled; /* nothing is counted for it any more */
};

/* What it still promises: 0 once it was made good, and for NULL. */
uint64_t tdi_reservation_promised(const td_reservation *reservation);
/* An allocation of its category has taken its place: `unheld` and `unclaimed` as in
 * tdi_promise_rest. NULL is fine. It promises nothing then, and is still to be released. */
void tdi_reservation_fulfil(td_reservation *reservation, uint64_t unheld, uint64_t unclaimed);

#endif
