/* Who holds memory: sums by name and category, in a table of fixed size. The caller locks. */
#ifndef TDI_GPU_CONSUMERS_H
#define TDI_GPU_CONSUMERS_H

#include <tandem/budget.h>

/* Thousands of things may each have a name. When three quarters of the places are taken, what is
 * smaller than TDI_CONSUMER_SMALL counts as one "others" of its category, and so does everything
 * once the table is full: the large things are what a reader looks for. */
#define TDI_CONSUMER_PLACES  512
#define TDI_CONSUMER_NAMED   (TDI_CONSUMER_PLACES - TD_BUDGET_CATEGORY_COUNT)
#define TDI_CONSUMER_BUCKETS 256
#define TDI_CONSUMER_SMALL   (UINT64_C(1) << 20)

typedef uint16_t tdi_consumer; /* a place in the table, for as long as something is charged */

typedef struct tdi_consumers {
    /* The first TD_BUDGET_CATEGORY_COUNT are the others. Nothing is charged where `count` is 0. */
    td_budget_consumer places[TDI_CONSUMER_PLACES];
    tdi_consumer next[TDI_CONSUMER_PLACES];     /* of a bucket, or of the free ones; 0: the end */
    tdi_consumer buckets[TDI_CONSUMER_BUCKETS]; /* the first of each */
    tdi_consumer free;                          /* the first that was used and given back */
    uint32_t fresh;                             /* the first that was never used */
    uint32_t taken;                             /* of the named ones, */
    uint32_t idle;                              /* and those of them that nothing is charged to */
} tdi_consumers;

/* The table is zeroed. */
void tdi_consumers_init(tdi_consumers *consumers);

/* NULL counts as "unnamed". Of a long name the end is kept, where the names of files differ. */
tdi_consumer tdi_consumers_charge(tdi_consumers *consumers, td_budget_category category,
                                  uint64_t bytes, const char *name);
/* All the bytes of one charge. */
void tdi_consumers_discharge(tdi_consumers *consumers, tdi_consumer consumer, uint64_t bytes);

/* The largest ones, largest first; returns how many there are in all. */
uint32_t tdi_consumers_largest(const tdi_consumers *consumers, td_budget_consumer *out,
                               uint32_t capacity);

#endif
