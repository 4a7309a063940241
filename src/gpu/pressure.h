/* What happens when memory does not fit: those that can spare some are asked for it, then memory
 * that is already on its way back is waited for. One for each budget. Thread-safe. */
#ifndef TDI_GPU_PRESSURE_H
#define TDI_GPU_PRESSURE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/thread.h"

/* Somebody that holds memory which it can do without for a while. */
typedef struct tdi_relief tdi_relief;
struct tdi_relief {
    /* Gives about `wanted` bytes back, at once or when the GPU is done with them (async/retire.h),
     * and returns how many they are: 0 if there is nothing more to spare. Called by any thread,
     * several at once too, under no lock. What it allocates itself is never relieved and never
     * waits. */
    uint64_t (*free_some)(tdi_relief *self, uint64_t wanted);
    uint32_t categories; /* of what it gives back, 1 << td_budget_category each; 0: of any */
    tdi_relief *next;    /* pressure.c's, as is the rest */
    uint32_t running;
    bool leaving;
};

typedef struct tdi_pressure {
    tdi_mutex mutex;
    tdi_cond changed;
    tdi_relief *first;
    uint64_t expected;         /* bytes on their way back */
    _Atomic uint64_t returned; /* times that anything came back */
    _Atomic uint32_t waiting;  /* threads */
    _Atomic uint64_t waits;    /* attempts that had to wait */
} tdi_pressure;

td_result tdi_pressure_init(tdi_pressure *pressure);
void tdi_pressure_destroy(tdi_pressure *pressure);

/* Reliefs are asked in the order in which they were added. */
void tdi_pressure_add(tdi_pressure *pressure, tdi_relief *relief);
/* Waits for calls of `free_some` that run; none comes afterwards. Call it under no lock. Nothing
 * if it was not added. */
void tdi_pressure_remove(tdi_pressure *pressure, tdi_relief *relief);

/* Memory that comes back without anybody's doing, once the GPU is done with it. */
void tdi_pressure_expect(tdi_pressure *pressure, uint64_t bytes);
/* It came back: after tdi_pressure_note. */
void tdi_pressure_expect_done(tdi_pressure *pressure, uint64_t bytes);

bool tdi_pressure_expects(tdi_pressure *pressure);

/* Something came back: whoever waits tries again. */
void tdi_pressure_note(tdi_pressure *pressure);

/* What this thread does when memory does not fit. */
typedef enum tdi_patience {
    TDI_PATIENCE_WAIT,   /* asks the reliefs, then waits: every thread from its start */
    TDI_PATIENCE_RELIEF, /* asks the reliefs: completion threads, which memory comes back on */
    TDI_PATIENCE_NONE,   /* neither: reliefs themselves, and who wants to try first */
} tdi_patience;

/* For the calling thread; returns what it was, to be restored. */
tdi_patience tdi_set_patience(tdi_patience patience);

/* What is too little. */
typedef struct tdi_shortage {
    uint64_t bytes;      /* missing; 0: it could not be had even if all memory came back */
    uint32_t categories; /* what would help, 1 << td_budget_category each */
} tdi_shortage;

/* Something that memory may be too short for. */
typedef struct tdi_attempt {
    /* TD_ERROR_BUDGET or TD_ERROR_DEVICE_MEMORY, with a sentence, where it is. */
    td_result (*run)(void *user);
    /* Asked once, after the first run that failed so. */
    tdi_shortage (*missing)(void *user);
    void *user;
    uint64_t deadline_ns; /* for the waits; UINT64_MAX: none of its own */
} tdi_attempt;

/* Runs it, and while memory is too short relieves, waits and runs it again, as long as there is
 * anything that can come back. Under no lock, unless the thread has no patience. */
td_result tdi_pressure_run(tdi_pressure *pressure, const tdi_attempt *attempt);

#endif
