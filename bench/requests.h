/* The parts of bench_requests. */
#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include <jansson.h>

/* From the end of a dispatch to the wake-up of a thread that waits for it. */
json_t *measure_wake_up(void);

#endif
