/* What the library tells a monitor beside spans, and what the parts of the monitor share. */
#ifndef TDI_ASYNC_MONITOR_H
#define TDI_ASYNC_MONITOR_H

#include <tandem/monitor.h>

#include "base/thread.h"

/* One batch was submitted to the lane's queue. */
void tdi_monitor_count_submission(td_monitor *monitor, td_lane lane);

typedef struct monitor_span {
    uint64_t begin_ns, end_ns;
    int64_t item;
    uint32_t track; /* below TD_LANE_COUNT: that lane */
    uint32_t operation;
} monitor_span;

typedef struct monitor_operation {
    char *name;
    uint64_t count, min_ns, max_ns, total_ns;
    uint64_t *samples; /* durations, a fair choice of them once there are too many to keep */
    size_t sample_count, sample_capacity;
} monitor_operation;

struct td_monitor {
    tdi_mutex mutex;
    uint32_t max_spans;
    monitor_span *spans;
    size_t span_count, span_capacity;
    monitor_operation *operations;
    size_t operation_count, operation_capacity;
    char **tracks; /* the lanes, then the threads in order of first use */
    size_t track_count, track_capacity;
    uint64_t submissions[TD_LANE_COUNT];
    uint64_t dropped; /* spans that there was no room or no memory for */
    uint64_t random;
};

#endif
