#include "async/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define EVERY_LANE TD_LANE_COUNT

/* A span, and the lane or other track that it is of. */
typedef struct interval {
    uint64_t begin, end;
    int64_t item;
    uint32_t lane;
} interval;

static int compare_begin(const void *a, const void *b)
{
    const interval *x = a;
    const interval *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Of the operation `name`, on whatever track; NULL: of the lanes. */
static bool is_wanted(const td_monitor *monitor, const monitor_span *span, const char *name)
{
    return name ? strcmp(monitor->operations[span->operation].name, name) == 0
                : span->track < TD_LANE_COUNT;
}

/* One picture of one moment, whatever is added meanwhile. The list is the caller's. */
static td_result take_intervals(td_monitor *monitor, const char *name, interval **out,
                                size_t *count)
{
    td_result result = TD_OK;
    *count = 0;
    tdi_mutex_lock(&monitor->mutex);
    *out = tdi_alloc_zero(monitor->span_count, sizeof **out);
    if (!*out)
        result = TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; result == TD_OK && i < monitor->span_count; i++) {
        const monitor_span *span = &monitor->spans[i];
        if (is_wanted(monitor, span, name))
            (*out)[(*count)++] = (interval){span->begin_ns, span->end_ns, span->item, span->track};
    }
    tdi_mutex_unlock(&monitor->mutex);
    return result;
}

/* Sorted by begin. */
static td_result lane_intervals(td_monitor *monitor, interval **out, size_t *count)
{
    TDI_TRY(take_intervals(monitor, NULL, out, count));
    qsort(*out, *count, sizeof **out, compare_begin);
    return TD_OK;
}

/* Length of the union of one lane's intervals, or of all. */
static uint64_t busy_time(const interval *intervals, size_t count, uint32_t lane)
{
    uint64_t length = 0;
    uint64_t covered = 0; /* all before this time is counted */
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = intervals[i].begin > covered ? intervals[i].begin : covered;
        if ((lane != EVERY_LANE && intervals[i].lane != lane) || intervals[i].end <= begin)
            continue;
        length += intervals[i].end - begin;
        covered = intervals[i].end;
    }
    return length;
}

static uint64_t time_from_first_to_last(const interval *intervals, size_t count)
{
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        if (intervals[i].end > last)
            last = intervals[i].end;
    }
    return count > 0 ? last - intervals[0].begin : 0;
}

void td_monitor_lane(td_monitor *monitor, td_lane lane, td_lane_stats *out)
{
    interval *intervals;
    size_t count;
    if (!out)
        return;
    *out = (td_lane_stats){0};
    if (!monitor || (uint32_t)lane >= TD_LANE_COUNT ||
        lane_intervals(monitor, &intervals, &count) != TD_OK)
        return;
    uint64_t busy = busy_time(intervals, count, (uint32_t)lane);
    uint64_t length = time_from_first_to_last(intervals, count);
    tdi_free(intervals);
    out->busy_ms = (double)busy / (double)TDI_NS_PER_MS;
    if (length > 0)
        out->occupancy = (double)busy / (double)length;
    tdi_mutex_lock(&monitor->mutex);
    out->submissions = monitor->submissions[lane];
    tdi_mutex_unlock(&monitor->mutex);
}

td_result td_monitor_overlap(td_monitor *monitor, double *overlap)
{
    if (!monitor || !overlap)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_monitor_overlap: an argument is NULL");
    interval *intervals;
    size_t count;
    TDI_TRY(lane_intervals(monitor, &intervals, &count));
    uint64_t sum = 0;
    uint64_t busiest = 0;
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        uint64_t busy = busy_time(intervals, count, lane);
        sum += busy;
        busiest = busy > busiest ? busy : busiest;
    }
    uint64_t all = busy_time(intervals, count, EVERY_LANE);
    tdi_free(intervals);
    if (sum == busiest)
        return tdi_fail(TD_ERROR_NOT_FOUND,
                        "fewer than two lanes worked, so none overlaps another");
    *overlap = (double)(sum - all) / (double)(sum - busiest);
    return TD_OK;
}

/* Lane spans sorted by begin, with the latest end of each and all before it. */
typedef struct lane_index {
    interval *intervals;
    uint64_t *latest_end;
    size_t count;
} lane_index;

static td_result index_lanes(td_monitor *monitor, lane_index *out)
{
    TDI_TRY(lane_intervals(monitor, &out->intervals, &out->count));
    out->latest_end = tdi_alloc(out->count * sizeof out->latest_end[0]);
    if (!out->latest_end) {
        tdi_free(out->intervals);
        return TD_ERROR_HOST_MEMORY;
    }
    uint64_t latest = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (out->intervals[i].end > latest)
            latest = out->intervals[i].end;
        out->latest_end[i] = latest;
    }
    return TD_OK;
}

static size_t count_begun_before(const lane_index *lanes, uint64_t time)
{
    size_t low = 0;
    size_t high = lanes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lanes->intervals[middle].begin < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Time within the span during which a lane worked for a later item. */
static uint64_t hidden_part(const lane_index *lanes, const interval *span)
{
    size_t end = count_begun_before(lanes, span->end);
    size_t first = end;
    while (first > 0 && lanes->latest_end[first - 1] > span->begin)
        first--;
    uint64_t hidden = 0;
    uint64_t covered = span->begin;
    for (size_t i = first; i < end; i++) {
        const interval *work = &lanes->intervals[i];
        uint64_t from = work->begin > covered ? work->begin : covered;
        uint64_t to = work->end < span->end ? work->end : span->end;
        if (work->item <= span->item || to <= from)
            continue;
        hidden += to - from;
        covered = to;
    }
    return hidden;
}

static td_result sum_hidden(td_monitor *monitor, const interval *spans, size_t count,
                            uint64_t *hidden)
{
    lane_index lanes;
    TDI_TRY(index_lanes(monitor, &lanes));
    *hidden = 0;
    for (size_t i = 0; i < count; i++)
        *hidden += hidden_part(&lanes, &spans[i]);
    tdi_free(lanes.intervals);
    tdi_free(lanes.latest_end);
    return TD_OK;
}

td_result td_monitor_hidden(td_monitor *monitor, const char *name, double *share)
{
    if (!monitor || !name || !share)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_monitor_hidden: an argument is NULL");
    interval *spans;
    size_t count;
    uint64_t total = 0;
    uint64_t hidden = 0;
    TDI_TRY(take_intervals(monitor, name, &spans, &count));
    for (size_t i = 0; i < count; i++)
        total += spans[i].end - spans[i].begin;
    td_result result = total > 0 ? sum_hidden(monitor, spans, count, &hidden)
                                 : tdi_fail(TD_ERROR_NOT_FOUND, "no time was spent in '%s'", name);
    tdi_free(spans);
    if (result == TD_OK)
        *share = (double)hidden / (double)total;
    return result;
}
