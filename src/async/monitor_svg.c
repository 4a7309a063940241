#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "async/monitor.h"
#include "async/svg.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

/* Pixels. */
#define WIDTH       1600.0
#define LEFT        170.0
#define RIGHT       24.0
#define TOP         76.0
#define ROW         24.0
#define ROW_STEP    30.0
#define LEGEND_STEP 200.0
#define LEGEND_ROW  20.0
#define LABEL_WIDTH 26.0 /* from which on a bar has room for its item's number */
#define MOST_TICKS  12.0
#define NARROW      1.0 /* bars of less, side by side, become one */
#define LEAST_WIDTH 0.4

/* What is drawn: a copy, so that measuring goes on meanwhile. */
typedef struct picture {
    tdi_text_builder text;
    monitor_span *spans; /* by track, then by begin */
    size_t span_count;
    char **names; /* of operations */
    size_t name_count;
    char **tracks;
    size_t track_count;
    uint64_t first_ns, last_ns;
    uint64_t dropped;
} picture;

/* Bars that are drawn as one. */
typedef struct bar {
    double x, width;
    monitor_span span;
    uint64_t count;
} bar;

static td_result copy_names(char ***out, size_t *out_count, size_t count,
                            const char *(*name)(const td_monitor *, size_t), const td_monitor *from)
{
    *out = tdi_alloc_zero(count, sizeof **out);
    if (!*out)
        return TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++) {
        (*out)[i] = tdi_strdup(name(from, i));
        if (!(*out)[i])
            return TD_ERROR_HOST_MEMORY;
        *out_count = i + 1;
    }
    return TD_OK;
}

static const char *operation_name(const td_monitor *monitor, size_t index)
{
    return monitor->operations[index].name;
}

static const char *track_name(const td_monitor *monitor, size_t index)
{
    return monitor->tracks[index];
}

/* Under the monitor's lock. */
static td_result copy_monitor(const td_monitor *monitor, picture *p)
{
    p->dropped = monitor->dropped;
    p->spans = tdi_alloc(monitor->span_count * sizeof p->spans[0]);
    if (!p->spans)
        return TD_ERROR_HOST_MEMORY;
    p->span_count = monitor->span_count;
    p->first_ns = UINT64_MAX;
    for (size_t i = 0; i < p->span_count; i++) {
        p->spans[i] = monitor->spans[i];
        if (p->spans[i].begin_ns < p->first_ns)
            p->first_ns = p->spans[i].begin_ns;
        if (p->spans[i].end_ns > p->last_ns)
            p->last_ns = p->spans[i].end_ns;
    }
    TDI_TRY(
        copy_names(&p->names, &p->name_count, monitor->operation_count, operation_name, monitor));
    return copy_names(&p->tracks, &p->track_count, monitor->track_count, track_name, monitor);
}

static void free_picture(picture *p)
{
    for (size_t i = 0; i < p->name_count; i++)
        tdi_free(p->names[i]);
    for (size_t i = 0; i < p->track_count; i++)
        tdi_free(p->tracks[i]);
    tdi_free(p->names);
    tdi_free(p->tracks);
    tdi_free(p->spans);
    tdi_text_free(&p->text);
}

static int compare_place(const void *a, const void *b)
{
    const monitor_span *x = a;
    const monitor_span *y = b;
    if (x->track != y->track)
        return x->track > y->track ? 1 : -1;
    return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

static double ms_between(uint64_t begin_ns, uint64_t end_ns)
{
    return (double)(end_ns - begin_ns) / (double)TDI_NS_PER_MS;
}

static double x_of(const picture *p, uint64_t ns)
{
    double length = p->last_ns > p->first_ns ? (double)(p->last_ns - p->first_ns) : 1.0;
    return LEFT + (double)(ns - p->first_ns) / length * (WIDTH - LEFT - RIGHT);
}

static void append_bar(picture *p, const bar *b, double y)
{
    const monitor_span *span = &b->span;
    tdi_text_append(
        &p->text, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\"><title>",
        b->x, y, b->width, ROW, tdi_svg_colour(span->operation));
    tdi_svg_escaped(&p->text, p->names[span->operation]);
    if (b->count > 1)
        tdi_text_append(&p->text, ": %llu of them", (unsigned long long)b->count);
    else if (span->item >= 0)
        tdi_text_append(&p->text, " of %lld", (long long)span->item);
    tdi_text_append(&p->text, "\nfrom %.3f ms, %.3f ms long</title></rect>\n",
                    ms_between(p->first_ns, span->begin_ns),
                    ms_between(span->begin_ns, span->end_ns));
    if (b->count == 1 && span->item >= 0 && b->width >= LABEL_WIDTH)
        tdi_text_append(&p->text, "<text x=\"%.2f\" y=\"%.1f\" class=\"%s\">%lld</text>\n",
                        b->x + 4, y + ROW - 8, tdi_svg_ink(span->operation), (long long)span->item);
}

/* Narrow bars of one operation that follow each other at once are drawn as one: nobody could tell
 * them apart, and a picture of a long run stays small. */
static bool joins(const bar *b, const monitor_span *span, double x, double width)
{
    return b->count > 0 && b->span.operation == span->operation && width < NARROW &&
           b->width / (double)b->count < NARROW && x <= b->x + b->width + LEAST_WIDTH;
}

static void append_row(picture *p, const monitor_span *spans, size_t count, double y)
{
    bar current = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        double x = x_of(p, spans[i].begin_ns);
        double width = x_of(p, spans[i].end_ns) - x;
        if (joins(&current, &spans[i], x, width)) {
            double end =
                x + width > current.x + current.width ? x + width : current.x + current.width;
            current.width = end - current.x;
            if (spans[i].end_ns > current.span.end_ns)
                current.span.end_ns = spans[i].end_ns;
            current.count++;
            continue;
        }
        if (current.count > 0)
            append_bar(p, &current, y);
        current = (bar){x, width > LEAST_WIDTH ? width : LEAST_WIDTH, spans[i], 1};
    }
    if (current.count > 0)
        append_bar(p, &current, y);
}

static double busy_percent(const picture *p, const monitor_span *spans, size_t count)
{
    uint64_t busy = 0;
    uint64_t covered = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = spans[i].begin_ns > covered ? spans[i].begin_ns : covered;
        if (spans[i].end_ns <= begin)
            continue;
        busy += spans[i].end_ns - begin;
        covered = spans[i].end_ns;
    }
    uint64_t length = p->last_ns - p->first_ns;
    return length ? 100.0 * (double)busy / (double)length : 0;
}

/* Calls `draw_row` for each track that has spans. */
static void for_rows(picture *p, void (*draw_row)(picture *p, const monitor_span *spans,
                                                  size_t count, double y))
{
    double y = TOP;
    for (size_t from = 0, to = 0; from < p->span_count; from = to) {
        while (to < p->span_count && p->spans[to].track == p->spans[from].track)
            to++;
        draw_row(p, p->spans + from, to - from, y);
        y += ROW_STEP;
    }
}

static void append_ground(picture *p, const monitor_span *spans, size_t count, double y)
{
    tdi_text_append(&p->text,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#f3f4f6\"/>"
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                    LEFT, y, WIDTH - LEFT - RIGHT, ROW, LEFT - 10, y + ROW - 8);
    tdi_svg_escaped(&p->text, p->tracks[spans->track]);
    tdi_text_append(&p->text, " <tspan class=\"q\">%.0f%%</tspan></text>\n",
                    busy_percent(p, spans, count));
}

/* 1, 2 or 5 times a power of ten. */
static double tick_step(double length_ms)
{
    double least = length_ms / MOST_TICKS;
    double power = pow(10, floor(log10(least)));
    if (least <= power)
        return power;
    if (least <= 2 * power)
        return 2 * power;
    return least <= 5 * power ? 5 * power : 10 * power;
}

static void append_axis(picture *p, size_t rows)
{
    double length_ms = ms_between(p->first_ns, p->last_ns);
    if (length_ms <= 0)
        return;
    double step = tick_step(length_ms);
    double bottom = TOP + (double)rows * ROW_STEP;
    for (uint32_t i = 0; i * step <= length_ms; i++) {
        double x = LEFT + i * step / length_ms * (WIDTH - LEFT - RIGHT);
        tdi_text_append(
            &p->text,
            "<path d=\"M%.2f %.1fV%.1f\" stroke=\"#9ca3af\" stroke-width=\"0.5\"/>"
            "<text x=\"%.2f\" y=\"%.1f\" class=\"q\" text-anchor=\"middle\">%g%s</text>\n",
            x, TOP - 8, bottom, x, TOP - 14, i * step, i == 0 ? " ms" : "");
    }
}

static void append_legend(picture *p, size_t rows)
{
    size_t columns = (size_t)((WIDTH - LEFT - RIGHT) / LEGEND_STEP);
    for (size_t i = 0; i < p->name_count; i++) {
        double x = LEFT + (double)(i % columns) * LEGEND_STEP;
        double y = TOP + (double)rows * ROW_STEP + 16 + (double)(i / columns) * LEGEND_ROW;
        tdi_text_append(&p->text,
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>"
                        "<text x=\"%.1f\" y=\"%.1f\">",
                        x, y, tdi_svg_colour((uint32_t)i), x + 18, y + 10);
        tdi_svg_escaped(&p->text, p->names[i]);
        tdi_text_append(&p->text, "</text>\n");
    }
}

static size_t count_rows(const picture *p)
{
    size_t rows = 0;
    for (size_t i = 0; i < p->span_count; i++)
        rows += i == 0 || p->spans[i].track != p->spans[i - 1].track;
    return rows;
}

static void append_head(picture *p, size_t rows)
{
    size_t columns = (size_t)((WIDTH - LEFT - RIGHT) / LEGEND_STEP);
    size_t legend_rows = (p->name_count + columns - 1) / columns;
    double height = TOP + (double)rows * ROW_STEP + 32 + (double)legend_rows * LEGEND_ROW;
    tdi_svg_begin(&p->text, WIDTH, height, "Timeline of lanes and threads");
    tdi_text_append(&p->text,
                    "<text x=\"%.1f\" y=\"26\" style=\"font-size:16px\">Timeline</text>"
                    "<text x=\"%.1f\" y=\"26\" class=\"q\">",
                    LEFT, LEFT + 80);
    if (rows == 0)
        tdi_text_append(&p->text, "nothing was measured");
    else
        tdi_text_append(&p->text, "%zu spans in %.3f ms; percent: busy time of each row",
                        p->span_count, ms_between(p->first_ns, p->last_ns));
    if (p->dropped > 0)
        tdi_text_append(&p->text, "; %llu later spans are left out",
                        (unsigned long long)p->dropped);
    tdi_text_append(&p->text, "</text>\n");
}

/* Lanes first, then threads by name: they were added as they happened to begin. */
static td_result sort_tracks(picture *p)
{
    uint32_t *places = tdi_alloc_zero(p->track_count, sizeof places[0]); /* new by old */
    char **sorted = tdi_alloc_zero(p->track_count, sizeof sorted[0]);
    for (size_t i = 0; places && sorted && i < p->track_count; i++) {
        for (size_t k = 0; i >= TD_LANE_COUNT && k < p->track_count; k++) {
            int order = strcmp(p->tracks[k], p->tracks[i]);
            places[i] += k < TD_LANE_COUNT || order < 0 || (order == 0 && k < i);
        }
        if (i < TD_LANE_COUNT)
            places[i] = (uint32_t)i;
        sorted[places[i]] = p->tracks[i];
    }
    bool done = places && sorted;
    for (size_t i = 0; done && i < p->span_count; i++)
        p->spans[i].track = places[p->spans[i].track];
    for (size_t i = 0; done && i < p->track_count; i++)
        p->tracks[i] = sorted[i];
    tdi_free(places);
    tdi_free(sorted);
    return done ? TD_OK : TD_ERROR_HOST_MEMORY;
}

static void draw(picture *p)
{
    qsort(p->spans, p->span_count, sizeof p->spans[0], compare_place);
    size_t rows = count_rows(p);
    append_head(p, rows);
    for_rows(p, append_ground);
    if (rows > 0)
        append_axis(p, rows);
    for_rows(p, append_row);
    append_legend(p, rows);
}

td_result td_monitor_write_svg(td_monitor *monitor, const char *path, bool replace)
{
    if (!monitor || !path)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_monitor_write_svg: an argument is NULL");
    picture p = {0};
    tdi_mutex_lock(&monitor->mutex);
    td_result result = copy_monitor(monitor, &p);
    tdi_mutex_unlock(&monitor->mutex);
    if (result == TD_OK)
        result = sort_tracks(&p);
    if (result == TD_OK) {
        draw(&p);
        result = tdi_svg_write(&p.text, path, replace);
    }
    free_picture(&p);
    return result;
}
