/* In which order, and when, submissions that may go do go. */
#ifndef TESTS_LAYERS_SCHEDULE_H
#define TESTS_LAYERS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_NO_FAMILY UINT32_MAX

typedef enum schedule_kind {
    SCHEDULE_INORDER,     /* as they were submitted, at once */
    SCHEDULE_SEED,        /* each after a delay that its queue, its number and the seed give */
    SCHEDULE_ADVERSARIAL, /* held until nobody submits any more; then what came last goes first */
} schedule_kind;

typedef struct schedule {
    schedule_kind kind;
    uint64_t seed;
    uint32_t starved; /* adversarial: the only family that is held, or SCHEDULE_NO_FAMILY: all */
    uint64_t hold_ns; /* adversarial: for so long after the last submission */
} schedule;

/* `inorder`, `seed:N`, `adversarial`, `adversarial:FAMILY`, `adversarial:FAMILY:MILLISECONDS`;
 * false for anything else. */
bool schedule_parse(const char *text, schedule *out);

/* How long submission number `ordinal` of a family waits from when it could go; 0 in half of all
 * cases, SCHEDULE_LONGEST_DELAY_NS at most. */
#define SCHEDULE_LONGEST_DELAY_NS UINT64_C(400000)
uint64_t schedule_delay_ns(const schedule *order, uint32_t family, uint64_t ordinal);

#endif
