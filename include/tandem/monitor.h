/** @file
 * The monitor: spans of lanes and threads on one clock, and what follows from them.
 */
#ifndef TANDEM_MONITOR_H
#define TANDEM_MONITOR_H

#include <tandem/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A monitor. Opaque; thread-safe. */
typedef struct td_monitor td_monitor;

/** What is known of one operation. Milliseconds. */
typedef struct td_operation {
    const char *name; /**< Lives as long as the monitor. */
    uint64_t count;   /**< Spans. */
    double min_ms;    /**< Shortest. */
    double avg_ms;    /**< Mean. */
    double max_ms;    /**< Longest. */
    double total_ms;  /**< Sum. */
    double p50_ms;    /**< Median. */
    double p99_ms;    /**< 99th percentile. */
} td_operation;

/** Makes a monitor that keeps at most `max_spans` spans for pictures (0: 200000); statistics go on
 * past that. */
TD_API td_result td_monitor_create(uint32_t max_spans, td_monitor **out);

/** Destroys a monitor. NULL is fine. */
TD_API void td_monitor_destroy(td_monitor *monitor);

/** Adds a span of the calling thread. Times are nanoseconds of CLOCK_MONOTONIC; `track` names the
 * row ("encode 0"); `item` is a view or frame number, or -1. `track` and `name` are copied. */
TD_API void td_monitor_add(td_monitor *monitor, const char *track, const char *name, int64_t item,
                           uint64_t begin_ns, uint64_t end_ns);

/** Adds a span of a lane of a device, on the same clock. */
TD_API void td_monitor_add_lane(td_monitor *monitor, td_lane lane, const char *name, int64_t item,
                                uint64_t begin_ns, uint64_t end_ns);

/** Fills at most `capacity` operations, in order of first use, and sets `*count` to their number.
 * Median and percentile are of up to 16384 durations, chosen evenly where there are more. */
TD_API td_result td_monitor_operations(td_monitor *monitor, td_operation *operations,
                                       uint32_t capacity, uint32_t *count);

/** What is known of one lane. */
typedef struct td_lane_stats {
    double busy_ms;       /**< Length of the union of its spans. */
    double occupancy;     /**< Busy time over the time from the first to the last span of a lane. */
    uint64_t submissions; /**< Batches submitted that had work of the lane: where lanes share a
                               queue, one may count for several. */
} td_lane_stats;

/** Statistics of a lane, of the spans that are kept; all zero without any, and on failure. */
TD_API void td_monitor_lane(td_monitor *monitor, td_lane lane, td_lane_stats *out);

/** Overlap of the lanes: (sum of busy times minus length of their union) over (sum minus the
 * busiest one's), 0 to 1. ::TD_ERROR_NOT_FOUND with fewer than two active lanes. Of the spans
 * that are kept, as the next. */
TD_API td_result td_monitor_overlap(td_monitor *monitor, double *overlap);

/** Share, 0 to 1, of the time of all spans `name` during which a lane worked for a later item than
 * the span's. ::TD_ERROR_NOT_FOUND without such spans. */
TD_API td_result td_monitor_hidden(td_monitor *monitor, const char *name, double *share);

/** Writes the spans as a picture (SVG), complete or not at all. */
TD_API td_result td_monitor_write_svg(td_monitor *monitor, const char *path, bool replace);

#ifdef __cplusplus
}
#endif
#endif
