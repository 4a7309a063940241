/* What a refusal says: the sums and who holds most. */
#ifndef TDI_GPU_BUDGET_SENTENCE_H
#define TDI_GPU_BUDGET_SENTENCE_H

#include <stddef.h>

#include <tandem/budget.h>

#define TDI_LARGEST_CONSUMERS 5

typedef struct tdi_budget_state {
    td_budget_info info;
    td_budget_consumer largest[TDI_LARGEST_CONSUMERS];
    uint32_t largest_count;
} tdi_budget_state;

/* All return TD_ERROR_BUDGET. `detail`, which may be NULL, lists the parts of what is asked for. */
td_result tdi_budget_refuse(const tdi_budget_state *state, uint64_t bytes, const char *what,
                            const char *detail);
td_result tdi_budget_refuse_category(const tdi_budget_state *state, td_budget_category category,
                                     uint64_t bytes, const char *what);
td_result tdi_budget_refuse_driver(const tdi_budget_state *state, uint64_t bytes, uint64_t left,
                                   const char *what);
/* More is held and reserved than the limit allows. */
td_result tdi_budget_refuse_limit(const tdi_budget_state *state);

/* For mode warn. */
void tdi_budget_excess_text(char *text, size_t capacity, uint64_t limit, uint64_t sum,
                            const char *what);

#endif
