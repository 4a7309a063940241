/* What the operating system knows of this process. */
#ifndef TDI_BASE_PROCESS_H
#define TDI_BASE_PROCESS_H

#include "base/error.h"

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

/* Calls `fn(user, signal)` on a thread of its own for each SIGINT and SIGTERM from now on, instead
 * of ending the process. Threads that exist already must not be; call it first. Once a process. */
td_result tdi_watch_interrupts(void (*fn)(void *user, int signal), void *user);

/* Puts something in the place of standard streams that are closed, so that no file gets their
 * numbers: reading gives nothing, writing fails. Before anything is opened. */
void tdi_fill_standard_streams(void);

/* Ends the process at once: no handlers run, nothing is freed. */
_Noreturn void tdi_end_process(int code);

/* Makes writes to a pipe that nobody reads fail instead of ending the process. */
void tdi_ignore_broken_pipes(void);

/* Makes writes beyond the largest size that the system allows a file (RLIMIT_FSIZE) fail instead of
 * ending the process. */
void tdi_ignore_file_size_limit(void);

#endif
