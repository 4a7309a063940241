#include "async/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define EVERY_LANE TD_LANE_COUNT

static int compare_begin(const void *a, const void *b)
{
    const tdi_interval *x = a;
    const tdi_interval *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

void tdi_intervals_sort(tdi_interval *intervals, size_t count)
{
    qsort(intervals, count, sizeof intervals[0], compare_begin);
}

uint64_t tdi_intervals_length(const tdi_interval *intervals, size_t count)
{
    uint64_t length = 0;
    uint64_t covered = 0; /* all before this time is counted */
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = intervals[i].begin > covered ? intervals[i].begin : covered;
        if (intervals[i].end <= begin)
            continue;
        length += intervals[i].end - begin;
        covered = intervals[i].end;
    }
    return length;
}

/* Sorted spans of one lane, or of all. The list is the caller's. */
static td_result lane_intervals(td_monitor *monitor, uint32_t lane, tdi_interval **out,
                                size_t *count)
{
    td_result result = TD_OK;
    *count = 0;
    tdi_mutex_lock(&monitor->mutex);
    *out = tdi_alloc(monitor->span_count * sizeof **out);
    if (!*out)
        result = TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; result == TD_OK && i < monitor->span_count; i++) {
        const monitor_span *span = &monitor->spans[i];
        /* The tracks behind the lanes' are those of threads. */
        if (lane == EVERY_LANE ? span->track < TD_LANE_COUNT : span->track == lane)
            (*out)[(*count)++] = (tdi_interval){span->begin_ns, span->end_ns, span->item};
    }
    tdi_mutex_unlock(&monitor->mutex);
    if (result == TD_OK)
        tdi_intervals_sort(*out, *count);
    return result;
}

typedef struct lane_busy {
    uint64_t busy, first, last;
    size_t spans;
} lane_busy;

static td_result measure_lane(td_monitor *monitor, uint32_t lane, lane_busy *out)
{
    tdi_interval *intervals;
    *out = (lane_busy){.first = UINT64_MAX};
    TDI_TRY(lane_intervals(monitor, lane, &intervals, &out->spans));
    out->busy = tdi_intervals_length(intervals, out->spans);
    if (out->spans > 0)
        out->first = intervals[0].begin;
    for (size_t i = 0; i < out->spans; i++) {
        if (intervals[i].end > out->last)
            out->last = intervals[i].end;
    }
    tdi_free(intervals);
    return TD_OK;
}

void td_monitor_lane(td_monitor *monitor, td_lane lane, td_lane_stats *out)
{
    if (!out)
        return;
    *out = (td_lane_stats){0};
    lane_busy one;
    lane_busy all;
    if (!monitor || (uint32_t)lane >= TD_LANE_COUNT ||
        measure_lane(monitor, (uint32_t)lane, &one) != TD_OK ||
        measure_lane(monitor, EVERY_LANE, &all) != TD_OK)
        return;
    out->busy_ms = (double)one.busy / (double)TDI_NS_PER_MS;
    if (all.last > all.first)
        out->occupancy = (double)one.busy / (double)(all.last - all.first);
    tdi_mutex_lock(&monitor->mutex);
    out->submissions = monitor->submissions[lane];
    tdi_mutex_unlock(&monitor->mutex);
}

td_result td_monitor_overlap(td_monitor *monitor, double *overlap)
{
    if (!monitor || !overlap)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_monitor_overlap: an argument is NULL");
    uint64_t sum = 0;
    uint64_t busiest = 0;
    lane_busy busy;
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        TDI_TRY(measure_lane(monitor, lane, &busy));
        sum += busy.busy;
        if (busy.busy > busiest)
            busiest = busy.busy;
    }
    TDI_TRY(measure_lane(monitor, EVERY_LANE, &busy));
    if (sum == busiest)
        return tdi_fail(TD_ERROR_NOT_FOUND,
                        "fewer than two lanes worked, so none overlaps another");
    *overlap = (double)(sum - busy.busy) / (double)(sum - busiest);
    return TD_OK;
}

/* Lane spans sorted by begin, with the latest end of each and all before it. */
typedef struct lane_index {
    tdi_interval *intervals;
    uint64_t *latest_end;
    size_t count;
} lane_index;

static td_result index_lanes(td_monitor *monitor, lane_index *out)
{
    TDI_TRY(lane_intervals(monitor, EVERY_LANE, &out->intervals, &out->count));
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
static uint64_t hidden_part(const lane_index *lanes, const tdi_interval *span)
{
    size_t end = count_begun_before(lanes, span->end);
    size_t first = end;
    while (first > 0 && lanes->latest_end[first - 1] > span->begin)
        first--;
    uint64_t hidden = 0;
    uint64_t covered = span->begin;
    for (size_t i = first; i < end; i++) {
        const tdi_interval *work = &lanes->intervals[i];
        uint64_t from = work->begin > covered ? work->begin : covered;
        uint64_t to = work->end < span->end ? work->end : span->end;
        if (work->item <= span->item || to <= from)
            continue;
        hidden += to - from;
        covered = to;
    }
    return hidden;
}

static td_result named_intervals(td_monitor *monitor, const char *name, tdi_interval **out,
                                 size_t *count)
{
    td_result result = TD_OK;
    *count = 0;
    tdi_mutex_lock(&monitor->mutex);
    *out = tdi_alloc(monitor->span_count * sizeof **out);
    if (!*out)
        result = TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; result == TD_OK && i < monitor->span_count; i++) {
        const monitor_span *span = &monitor->spans[i];
        if (strcmp(monitor->operations[span->operation].name, name) == 0)
            (*out)[(*count)++] = (tdi_interval){span->begin_ns, span->end_ns, span->item};
    }
    tdi_mutex_unlock(&monitor->mutex);
    return result;
}

static td_result sum_hidden(td_monitor *monitor, const tdi_interval *spans, size_t count,
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
    tdi_interval *spans;
    size_t count;
    uint64_t total = 0;
    uint64_t hidden = 0;
    TDI_TRY(named_intervals(monitor, name, &spans, &count));
    for (size_t i = 0; i < count; i++)
        total += spans[i].end - spans[i].begin;
    td_result result = total > 0 ? sum_hidden(monitor, spans, count, &hidden)
                                 : tdi_fail(TD_ERROR_NOT_FOUND, "no time was spent in '%s'", name);
    tdi_free(spans);
    if (result == TD_OK)
        *share = (double)hidden / (double)total;
    return result;
}
