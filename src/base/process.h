/* What the operating system knows of this process. */
#ifndef TDI_BASE_PROCESS_H
#define TDI_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tdi_process_info {
    uint64_t rss_peak_bytes; /* largest resident size so far */
    uint32_t descriptors;    /* open now; 0 if that cannot be told */
    uint32_t threads;        /* running now; 0 if that cannot be told */
    double cpu_s;            /* user and system time of all threads */
} tdi_process_info;

void tdi_process_get_info(tdi_process_info *out);

/* Nanoseconds on tdi_now_ns's clock at which the process was started, to 10 ms; false if unknown.
 */
bool tdi_process_start_ns(uint64_t *out);

/* Asks for `fn(user, signal)` when SIGINT or SIGTERM arrives; it runs in a signal handler, so it
 * may only touch lock-free atomics. A second one ends the process at once, as without a handler.
 * With `fn` NULL the process is ended by the first one again. */
void tdi_on_interrupt(void (*fn)(void *user, int signal), void *user);

/* Makes writes to a pipe that nobody reads fail instead of ending the process. */
void tdi_ignore_broken_pipes(void);

#endif
