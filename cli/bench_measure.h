/* What tandem bench measures. Each figure is the median of several passes after one that warms up.
 */
#ifndef TANDEM_CLI_BENCH_MEASURE_H
#define TANDEM_CLI_BENCH_MEASURE_H

#include <tandem/renderer.h>

typedef struct bench_workload {
    const char *title;
    const char *scene; /* under the folder of scenes, or builtin:NAME */
    uint32_t width;
    uint32_t height;
    uint32_t views;
    bool inside; /* look level all around from `eye`; else orbit */
    float eye[3];
} bench_workload;

typedef struct bench_params {
    td_device *device;
    uint32_t passes;
    uint32_t in_flight;            /* 0: the default */
    uint32_t views_per_submission; /* 0: chosen by size */
    uint32_t samples;
    td_environment *environment; /* NULL: none */
} bench_params;

#define BENCH_MOST_PASSES 100

typedef struct bench_figure {
    double median;
    double best;
    double worst;
} bench_figure;

typedef struct bench_steps {
    double scene_ms;
    double renderer_ms;
    double first_view_ms;
} bench_steps;

/* Median, best and worst of `count` values, the greatest being the best; sorts them. */
bench_figure bench_summary(double *values, uint32_t count);

/* Views a second into memory, and how long it took until the first was there. */
td_result bench_views(const bench_params *params, const bench_workload *workload,
                      const char *scene_path, bench_figure *views_per_s, bench_steps *steps);
/* Megapixels a second that one core encodes as PNG, of some of the workload's views. */
td_result bench_png(const bench_params *params, const bench_workload *workload,
                    const char *scene_path, bench_figure *mpixels_per_s);

#endif
