#include <tandem/tasks.h>

#include <string.h>

#include "base/error.h"

#define BASELINE "sequential"

static const td_threading_run *find_baseline(const td_threading_run *runs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strstr(runs[i].mode, BASELINE))
            return &runs[i];
    }
    return NULL;
}

static bool seen_before(const td_threading_run *run, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (run->tasks[i].worker == run->tasks[index].worker)
            return true;
    }
    return false;
}

static uint32_t count_threads(const td_threading_run *run)
{
    uint32_t threads = 0;
    for (uint32_t i = 0; i < run->task_count; i++)
        threads += seen_before(run, i) ? 0 : 1;
    return threads;
}

static double busy_percent(const td_threading_run *run, uint32_t workers)
{
    double busy = 0.0;
    for (uint32_t i = 0; i < run->task_count; i++)
        busy += run->tasks[i].seconds;
    return run->task_count > 0 ? 100.0 * busy / (workers * run->total_time) : -1.0;
}

static void analyse(const td_threading_run *run, const td_threading_run *baseline,
                    td_threading_stats *out)
{
    const uint32_t workers = run->workers ? run->workers : 1;
    const double speedup = baseline ? baseline->total_time / run->total_time : 0.0;
    const uint32_t threads = count_threads(run);
    *out = (td_threading_stats){
        .total_time_ms = 1e3 * run->total_time,
        .speedup = speedup,
        .efficiency_percent = 100.0 * speedup / workers,
        .threads_used = threads,
        .theoretical_max_speedup = workers,
        .utilization_percent = 100.0 * threads / workers,
        .busy_percent = busy_percent(run, workers),
    };
}

td_result td_analyze_threading(const td_threading_run *runs, uint32_t count,
                               td_threading_stats *out)
{
    if (count > 0 && (!runs || !out))
        return tdi_fail(TD_ERROR_ARGUMENT, "td_analyze_threading: `%s` is NULL",
                        runs ? "out" : "runs");
    for (uint32_t i = 0; i < count; i++) {
        const td_threading_run *run = &runs[i];
        if (!run->mode || (run->task_count > 0 && !run->tasks))
            return tdi_fail(TD_ERROR_ARGUMENT, "run %u has no %s", i, run->mode ? "tasks" : "mode");
        if (!(run->total_time > 0.0))
            return tdi_fail(TD_ERROR_ARGUMENT, "run %u, '%s': its time must be positive", i,
                            run->mode);
    }
    const td_threading_run *baseline = find_baseline(runs, count);
    for (uint32_t i = 0; i < count; i++)
        analyse(&runs[i], baseline, &out[i]);
    return TD_OK;
}
