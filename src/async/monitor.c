#include "async/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define DEFAULT_MAX_SPANS 200000

/* Durations kept for each operation: p99 then rests on 160 of them. */
#define MOST_SAMPLES 16384

#define NOT_FOUND SIZE_MAX

static const char *const LANE_NAMES[TD_LANE_COUNT] = {"graphics", "compute", "transfer"};

static td_result add_track(td_monitor *monitor, const char *name)
{
    TDI_TRY(tdi_grow((void **)&monitor->tracks, &monitor->track_capacity, monitor->track_count + 1,
                     sizeof monitor->tracks[0]));
    char *copy = tdi_strdup(name);
    if (!copy)
        return TD_ERROR_HOST_MEMORY;
    monitor->tracks[monitor->track_count++] = copy;
    return TD_OK;
}

static td_result monitor_build(td_monitor *monitor)
{
    TDI_TRY(tdi_mutex_init(&monitor->mutex, TDI_RANK_MONITOR));
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++)
        TDI_TRY(add_track(monitor, LANE_NAMES[lane]));
    return TD_OK;
}

td_result td_monitor_create(uint32_t max_spans, td_monitor **out)
{
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_monitor_create: `out` is NULL");
    td_monitor *monitor = tdi_alloc_zero(1, sizeof *monitor);
    if (!monitor)
        return TD_ERROR_HOST_MEMORY;
    monitor->max_spans = max_spans ? max_spans : DEFAULT_MAX_SPANS;
    monitor->random = UINT64_C(0x9e3779b97f4a7c15);
    td_result result = monitor_build(monitor);
    if (result != TD_OK) {
        td_monitor_destroy(monitor);
        return result;
    }
    *out = monitor;
    return TD_OK;
}

void td_monitor_destroy(td_monitor *monitor)
{
    if (!monitor)
        return;
    for (size_t i = 0; i < monitor->operation_count; i++) {
        tdi_free(monitor->operations[i].name);
        tdi_free(monitor->operations[i].samples);
    }
    for (size_t i = 0; i < monitor->track_count; i++)
        tdi_free(monitor->tracks[i]);
    tdi_free(monitor->operations);
    tdi_free(monitor->tracks);
    tdi_free(monitor->spans);
    tdi_mutex_destroy(&monitor->mutex);
    tdi_free(monitor);
}

/* There are tens of names at most, so the search is shorter than a hash of the name. */
static size_t find_operation(const td_monitor *monitor, const char *name)
{
    for (size_t i = 0; i < monitor->operation_count; i++) {
        if (strcmp(monitor->operations[i].name, name) == 0)
            return i;
    }
    return NOT_FOUND;
}

static size_t find_track(const td_monitor *monitor, const char *name)
{
    for (size_t i = TD_LANE_COUNT; i < monitor->track_count; i++) {
        if (strcmp(monitor->tracks[i], name) == 0)
            return i;
    }
    return NOT_FOUND;
}

static size_t operation_named(td_monitor *monitor, const char *name)
{
    size_t index = find_operation(monitor, name);
    if (index != NOT_FOUND)
        return index;
    if (tdi_grow((void **)&monitor->operations, &monitor->operation_capacity,
                 monitor->operation_count + 1, sizeof monitor->operations[0]) != TD_OK)
        return NOT_FOUND;
    char *copy = tdi_strdup(name);
    if (!copy)
        return NOT_FOUND;
    monitor->operations[monitor->operation_count] =
        (monitor_operation){.name = copy, .min_ns = UINT64_MAX};
    return monitor->operation_count++;
}

static size_t track_named(td_monitor *monitor, const char *name)
{
    size_t index = find_track(monitor, name);
    if (index == NOT_FOUND && add_track(monitor, name) == TD_OK)
        return monitor->track_count - 1;
    return index;
}

/* xorshift64 (Marsaglia, "Xorshift RNGs", 2003). */
static uint64_t next_random(td_monitor *monitor)
{
    monitor->random ^= monitor->random << 13;
    monitor->random ^= monitor->random >> 7;
    monitor->random ^= monitor->random << 17;
    return monitor->random;
}

/* Every duration has the same chance to be among those kept (reservoir sampling, algorithm R). */
static void keep_sample(td_monitor *monitor, monitor_operation *operation, uint64_t ns)
{
    if (operation->sample_count < MOST_SAMPLES) {
        if (tdi_grow((void **)&operation->samples, &operation->sample_capacity,
                     operation->sample_count + 1, sizeof operation->samples[0]) == TD_OK)
            operation->samples[operation->sample_count++] = ns;
        return;
    }
    uint64_t place = next_random(monitor) % operation->count;
    if (place < MOST_SAMPLES)
        operation->samples[place] = ns;
}

static void add_duration(td_monitor *monitor, monitor_operation *operation, uint64_t ns)
{
    operation->count++;
    operation->total_ns += ns;
    if (ns < operation->min_ns)
        operation->min_ns = ns;
    if (ns > operation->max_ns)
        operation->max_ns = ns;
    keep_sample(monitor, operation, ns);
}

static bool keep_span(td_monitor *monitor, const monitor_span *span)
{
    if (monitor->span_count >= monitor->max_spans ||
        tdi_grow((void **)&monitor->spans, &monitor->span_capacity, monitor->span_count + 1,
                 sizeof monitor->spans[0]) != TD_OK)
        return false;
    monitor->spans[monitor->span_count++] = *span;
    return true;
}

/* Under the lock. A span for which there is no memory is left out and counted: measuring must not
 * make fail what is measured. */
static void add_span(td_monitor *monitor, size_t track, const char *name, int64_t item,
                     uint64_t begin_ns, uint64_t end_ns)
{
    size_t operation = operation_named(monitor, name);
    if (track == NOT_FOUND || operation == NOT_FOUND) {
        monitor->dropped++;
        return;
    }
    if (end_ns < begin_ns)
        end_ns = begin_ns;
    const monitor_span span = {
        .begin_ns = begin_ns,
        .end_ns = end_ns,
        .item = item,
        .track = (uint32_t)track,
        .operation = (uint32_t)operation,
    };
    add_duration(monitor, &monitor->operations[operation], end_ns - begin_ns);
    if (!keep_span(monitor, &span))
        monitor->dropped++;
}

void td_monitor_add(td_monitor *monitor, const char *track, const char *name, int64_t item,
                    uint64_t begin_ns, uint64_t end_ns)
{
    if (!monitor || !track || !name)
        return;
    tdi_mutex_lock(&monitor->mutex);
    add_span(monitor, track_named(monitor, track), name, item, begin_ns, end_ns);
    tdi_mutex_unlock(&monitor->mutex);
}

void td_monitor_add_lane(td_monitor *monitor, td_lane lane, const char *name, int64_t item,
                         uint64_t begin_ns, uint64_t end_ns)
{
    if (!monitor || !name || (uint32_t)lane >= TD_LANE_COUNT)
        return;
    tdi_mutex_lock(&monitor->mutex);
    add_span(monitor, (size_t)lane, name, item, begin_ns, end_ns);
    tdi_mutex_unlock(&monitor->mutex);
}

void tdi_monitor_count_submission(td_monitor *monitor, td_lane lane)
{
    tdi_mutex_lock(&monitor->mutex);
    monitor->submissions[lane]++;
    tdi_mutex_unlock(&monitor->mutex);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The nearest-rank percentile: the smallest value that at least `percent` of all do not exceed. */
static double percentile_ms(const uint64_t *sorted, size_t count, size_t percent)
{
    if (count == 0)
        return 0;
    size_t rank = (count * percent + 99) / 100;
    return (double)sorted[rank > 0 ? rank - 1 : 0] / (double)TDI_NS_PER_MS;
}

/* Sorts the samples in place: their order means nothing to the sampling. */
static td_operation describe(monitor_operation *operation)
{
    const double ms = (double)TDI_NS_PER_MS;
    qsort(operation->samples, operation->sample_count, sizeof operation->samples[0], compare_u64);
    return (td_operation){
        .name = operation->name,
        .count = operation->count,
        .min_ms = (double)operation->min_ns / ms,
        .avg_ms = (double)operation->total_ns / (double)operation->count / ms,
        .max_ms = (double)operation->max_ns / ms,
        .total_ms = (double)operation->total_ns / ms,
        .p50_ms = percentile_ms(operation->samples, operation->sample_count, 50),
        .p99_ms = percentile_ms(operation->samples, operation->sample_count, 99),
    };
}

td_result td_monitor_operations(td_monitor *monitor, td_operation *operations, uint32_t capacity,
                                uint32_t *count)
{
    if (!monitor || !count || (capacity > 0 && !operations))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_monitor_operations: an argument is NULL");
    tdi_mutex_lock(&monitor->mutex);
    for (size_t i = 0; i < monitor->operation_count && i < capacity; i++)
        operations[i] = describe(&monitor->operations[i]);
    *count = (uint32_t)monitor->operation_count;
    tdi_mutex_unlock(&monitor->mutex);
    return TD_OK;
}
