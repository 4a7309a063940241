/* The picture of a plan: a row for each lane, passes from left to right, every barrier and wait
 * with what it is for, and where transient resources lie. */
#include <string.h>

#include "async/plan.h"
#include "async/svg.h"
#include "base/memory.h"

/* Pixels. */
#define LEFT        110.0
#define RIGHT       40.0
#define TOP         64.0
#define BOX_WIDTH   132.0
#define BOX_HEIGHT  40.0
#define COLUMN_STEP 210.0
#define GAP         (COLUMN_STEP - BOX_WIDTH)
#define TRACK       17.0 /* an edge's line and its label */
#define ROW_SPACE   26.0
#define MEMORY_ROW  22.0
#define LEAST_WIDTH 1080.0
#define LABEL_WIDTH 60.0 /* of an amount of memory */

/* All reasons of one kind for which a pass follows another. */
typedef struct line {
    uint32_t from, to;
    bool wait;
    uint32_t lane;  /* the row under which it runs */
    uint32_t track; /* its place there */
} line;

typedef struct picture {
    tdi_text_builder text;
    const td_plan *plan;
    td_operation *operations;
    uint32_t operation_count;
    line *lines;
    uint32_t line_count;
    uint32_t columns[TD_GRAPH_MAX_PASSES]; /* by pass */
    uint32_t column_count;
    bool used[TD_LANE_COUNT];
    double row_y[TD_LANE_COUNT];
    double memory_y, width, height;
} picture;

static td_result copy_operations(picture *p, td_monitor *monitor)
{
    if (!monitor)
        return TD_OK;
    TDI_TRY(td_monitor_operations(monitor, NULL, 0, &p->operation_count));
    const uint32_t capacity = p->operation_count;
    p->operations = tdi_alloc_zero(capacity + 1, sizeof p->operations[0]);
    if (!p->operations)
        return TD_ERROR_HOST_MEMORY;
    TDI_TRY(td_monitor_operations(monitor, p->operations, capacity, &p->operation_count));
    if (p->operation_count > capacity) /* another thread added some meanwhile */
        p->operation_count = capacity;
    return TD_OK;
}

static const td_operation *operation_of(const picture *p, uint32_t pass)
{
    for (uint32_t i = 0; i < p->operation_count; i++) {
        if (strcmp(p->operations[i].name, p->plan->graph->passes[pass].name) == 0)
            return &p->operations[i];
    }
    return NULL;
}

/* A pass stands right of all that it follows; what may run at once stands in one column. */
static void find_columns(picture *p)
{
    const td_plan *plan = p->plan;
    uint32_t next[TD_LANE_COUNT] = {0};
    for (uint32_t i = 0; i < plan->graph->pass_count; i++) {
        const uint32_t pass = plan->order[i];
        const td_lane lane = plan->passes[pass].lane;
        uint32_t column = next[lane];
        for (size_t k = 0; k < plan->edge_count; k++) {
            const plan_edge *edge = &plan->edges[k];
            if (edge->to == pass && p->columns[edge->from] >= column)
                column = p->columns[edge->from] + 1;
        }
        p->columns[pass] = column;
        p->used[lane] = true;
        next[lane] = column + 1;
        if (p->column_count < column + 1)
            p->column_count = column + 1;
    }
}

static bool same_line(const line *a, const line *b)
{
    return a->from == b->from && a->to == b->to && a->wait == b->wait;
}

static td_result find_lines(picture *p)
{
    uint32_t tracks[TD_LANE_COUNT] = {0};
    p->lines = tdi_alloc_zero(p->plan->edge_count + 1, sizeof p->lines[0]);
    if (!p->lines)
        return TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; i < p->plan->edge_count; i++) {
        const plan_edge *edge = &p->plan->edges[i];
        const td_lane lane = p->plan->passes[edge->from].lane;
        const line found = {edge->from, edge->to, edge->kind == PLAN_EDGE_WAIT, lane, tracks[lane]};
        bool known = false;
        for (uint32_t k = 0; k < p->line_count; k++)
            known |= same_line(&p->lines[k], &found);
        if (known)
            continue;
        p->lines[p->line_count++] = found;
        tracks[lane]++;
    }
    double y = TOP;
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        p->row_y[lane] = y;
        if (p->used[lane])
            y += BOX_HEIGHT + tracks[lane] * TRACK + ROW_SPACE;
    }
    p->memory_y = y + 16;
    return TD_OK;
}

static double box_x(const picture *p, uint32_t pass)
{
    return LEFT + p->columns[pass] * COLUMN_STEP;
}

static double box_y(const picture *p, uint32_t pass)
{
    return p->row_y[p->plan->passes[pass].lane];
}

static void append_label(picture *p, const line *l)
{
    const char *between = l->wait ? "wait: " : "barrier: ";
    for (size_t i = 0; i < p->plan->edge_count; i++) {
        const plan_edge *edge = &p->plan->edges[i];
        const line of = {edge->from, edge->to, edge->kind == PLAN_EDGE_WAIT, 0, 0};
        if (!same_line(&of, l))
            continue;
        tdi_text_append(&p->text, "%s", between);
        if (edge->kind == PLAN_EDGE_TRANSITION)
            tdi_text_append(&p->text, "layout of ");
        if (edge->aliased)
            tdi_text_append(&p->text, "memory of ");
        tdi_svg_escaped(&p->text, p->plan->graph->resources[edge->resource].name);
        between = ", ";
    }
}

/* Out of the box, down to a track of its own, along, and to the next box. Where lines run up or
 * down beside a column they keep apart, too. */
static void append_line(picture *p, const line *l, uint32_t index)
{
    const char *colour = l->wait ? "#d55e00" : "#4b5563";
    const double apart = (index % 8) * GAP / 20;
    const double from_x = box_x(p, l->from) + BOX_WIDTH;
    const double from_y = box_y(p, l->from) + BOX_HEIGHT / 2 + 6;
    const double to_x = box_x(p, l->to);
    const double to_y = box_y(p, l->to) + BOX_HEIGHT / 2 - 6;
    const double turn_x = from_x + 6 + apart;
    const double end_x = to_x - 12 - apart / 2;
    const double track_y = p->row_y[l->lane] + BOX_HEIGHT + (l->track + 1) * TRACK;
    tdi_text_append(&p->text,
                    "<path d=\"M%.1f %.1fH%.1fV%.1fH%.1fV%.1fH%.1f\" fill=\"none\" stroke=\"%s\"%s "
                    "marker-end=\"url(#%s)\"/>\n",
                    from_x, from_y, turn_x, track_y, end_x, to_y, to_x - 2, colour,
                    l->wait ? " stroke-dasharray=\"5 3\"" : "", l->wait ? "w" : "b");
    tdi_text_append(&p->text, "<text x=\"%.1f\" y=\"%.1f\" class=\"l\" fill=\"%s\">", turn_x + 5,
                    track_y - 3, colour);
    append_label(p, l);
    tdi_text_append(&p->text, "</text>\n");
}

static void append_box(picture *p, uint32_t pass)
{
    const graph_pass *given = &p->plan->graph->passes[pass];
    const td_operation *operation = operation_of(p, pass);
    const bool host = !given->params.record;
    const double x = box_x(p, pass);
    const double y = box_y(p, pass);
    tdi_text_append(&p->text,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\" "
                    "fill=\"%s\"%s/><text x=\"%.1f\" y=\"%.1f\" class=\"%s\" "
                    "style=\"font-size:12px\">",
                    x, y, BOX_WIDTH, BOX_HEIGHT, host ? "#fff" : tdi_svg_colour(pass),
                    host ? " stroke=\"#4b5563\" stroke-dasharray=\"3 2\"" : "", x + 8, y + 16,
                    host ? "i" : tdi_svg_ink(pass));
    tdi_svg_escaped(&p->text, given->name);
    tdi_text_append(&p->text, "</text><text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x + 8, y + 31,
                    host ? "i" : tdi_svg_ink(pass));
    if (host)
        tdi_text_append(&p->text, "the host reads");
    else if (operation)
        tdi_text_append(&p->text, "%.3f ms, mean of %llu", operation->avg_ms,
                        (unsigned long long)operation->count);
    tdi_text_append(&p->text, "</text>\n");
}

/* A submission, as far as it lies on one lane. */
static void append_batch(picture *p, uint32_t index, uint32_t lane)
{
    const tdi_plan_batch *batch = &p->plan->batches[index];
    double from = p->width;
    double to = 0;
    for (uint32_t i = 0; i < batch->pass_count; i++) {
        const uint32_t pass = p->plan->order[batch->first_pass + i];
        if (p->plan->passes[pass].lane != lane)
            continue;
        from = box_x(p, pass) < from ? box_x(p, pass) : from;
        to = box_x(p, pass) + BOX_WIDTH;
    }
    if (to > 0)
        tdi_text_append(&p->text,
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"6\" "
                        "fill=\"#e5e7eb\"><title>submission %u, queue %u</title></rect>\n",
                        from - 8, p->row_y[lane] - 8, to - from + 16, BOX_HEIGHT + 16, index,
                        batch->queue);
}

static void append_rows(picture *p)
{
    static const char *const NAMES[TD_LANE_COUNT] = {
        [TD_LANE_GRAPHICS] = "graphics",
        [TD_LANE_COMPUTE] = "compute",
        [TD_LANE_TRANSFER] = "transfer",
    };
    for (uint32_t lane = 0; lane < TD_LANE_COUNT; lane++) {
        if (!p->used[lane])
            continue;
        uint32_t queue = 0;
        for (uint32_t pass = 0; pass < p->plan->graph->pass_count; pass++) {
            if (p->plan->passes[pass].lane == lane)
                queue = p->plan->passes[pass].queue;
        }
        tdi_text_append(&p->text,
                        "<text x=\"16\" y=\"%.1f\">%s</text><text x=\"16\" y=\"%.1f\" "
                        "class=\"q\">queue %u</text>\n",
                        p->row_y[lane] + 16, NAMES[lane], p->row_y[lane] + 32, queue);
    }
}

static void append_bytes(picture *p, VkDeviceSize bytes)
{
    if (bytes >= UINT64_C(1) << 20)
        tdi_text_append(&p->text, "%.1f MiB", (double)bytes / 1048576.0);
    else if (bytes >= UINT64_C(1) << 10)
        tdi_text_append(&p->text, "%.1f KiB", (double)bytes / 1024.0);
    else
        tdi_text_append(&p->text, "%llu B", (unsigned long long)bytes);
}

/* Each transient resource where it lies: those that share memory stand above each other. */
static void append_memory(picture *p)
{
    const td_plan *plan = p->plan;
    const double room = p->width - LEFT - RIGHT - 90;
    double y = p->memory_y;
    if (plan->transient_bytes == 0)
        return;
    tdi_text_append(&p->text, "<text x=\"16\" y=\"%.1f\">transient memory</text>\n", y);
    for (uint32_t i = 0; i < plan->graph->resource_count; i++) {
        const plan_range *range = &plan->ranges[i];
        if (range->size == 0)
            continue;
        y += MEMORY_ROW;
        const double scale = room / (double)plan->transient_bytes;
        const double x = LEFT + 90 + (double)range->offset * scale;
        const double width = (double)range->size * scale;
        const bool inside = width > LABEL_WIDTH;
        const bool left = !inside && x + width + LABEL_WIDTH > p->width;
        tdi_text_append(&p->text, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", LEFT + 80,
                        y + 12);
        tdi_svg_escaped(&p->text, plan->graph->resources[i].name);
        tdi_text_append(&p->text,
                        "</text><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\" "
                        "fill=\"%s\"/><text x=\"%.1f\" y=\"%.1f\" class=\"i\"%s>",
                        x, y, width > 1 ? width : 1, tdi_svg_colour(i + 8),
                        inside ? x + 4
                        : left ? x - 4
                               : x + width + 4,
                        y + 12, left ? " text-anchor=\"end\"" : "");
        append_bytes(p, range->size);
        tdi_text_append(&p->text, "<title>from byte %llu, %llu bytes</title></text>\n",
                        (unsigned long long)range->offset, (unsigned long long)range->size);
    }
}

static void append_head(picture *p)
{
    const td_plan *plan = p->plan;
    uint32_t memory_rows = plan->transient_bytes > 0 ? 1 : 0;
    for (uint32_t i = 0; i < plan->graph->resource_count; i++)
        memory_rows += plan->ranges[i].size > 0;
    p->width = LEFT + p->column_count * COLUMN_STEP + RIGHT;
    if (p->width < LEAST_WIDTH)
        p->width = LEAST_WIDTH;
    p->height = p->memory_y + memory_rows * MEMORY_ROW + 16;
    tdi_svg_begin(&p->text, p->width, p->height, "Passes of a graph");
    tdi_text_append(&p->text,
                    "<style>.l{font-size:10px;paint-order:stroke;stroke:#fff;stroke-width:3px}"
                    "</style><defs>"
                    "<marker id=\"b\" markerWidth=\"7\" markerHeight=\"6\" refX=\"6\" refY=\"3\" "
                    "orient=\"auto\"><path d=\"M0 0L7 3L0 6z\" fill=\"#4b5563\"/></marker>"
                    "<marker id=\"w\" markerWidth=\"7\" markerHeight=\"6\" refX=\"6\" refY=\"3\" "
                    "orient=\"auto\"><path d=\"M0 0L7 3L0 6z\" fill=\"#d55e00\"/></marker></defs>\n"
                    "<text x=\"16\" y=\"26\" style=\"font-size:16px\">Graph ");
    tdi_svg_escaped(&p->text, plan->graph->name);
    tdi_text_append(&p->text,
                    "</text><text x=\"16\" y=\"44\" class=\"q\">%zu passes in %u %s to %u "
                    "%s; tiles of %ux%u, views %u, samples %u; transient ",
                    plan->graph->pass_count, plan->batch_count,
                    plan->batch_count == 1 ? "submission" : "submissions",
                    tdi_plan_queue_count(plan),
                    tdi_plan_queue_count(plan) == 1 ? "queue" : "queues", plan->extent.tile_width,
                    plan->extent.tile_height, plan->extent.views, plan->extent.samples);
    append_bytes(p, plan->transient_bytes);
    tdi_text_append(&p->text, "</text>\n");
}

static void draw(picture *p)
{
    append_head(p);
    for (uint32_t i = 0; i < p->plan->batch_count * TD_LANE_COUNT; i++)
        append_batch(p, i / TD_LANE_COUNT, i % TD_LANE_COUNT);
    append_rows(p);
    for (uint32_t i = 0; i < p->line_count; i++)
        append_line(p, &p->lines[i], i);
    for (uint32_t i = 0; i < p->plan->graph->pass_count; i++)
        append_box(p, i);
    append_memory(p);
}

td_result td_plan_write_svg(const td_plan *plan, td_monitor *monitor, const char *path,
                            bool replace)
{
    if (!plan || !path)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_plan_write_svg: plan and path must not be NULL");
    TDI_TRY(tdi_graph_check(plan, "td_plan_write_svg", "plan"));
    picture p = {.plan = plan};
    td_result result = copy_operations(&p, monitor);
    find_columns(&p);
    if (result == TD_OK)
        result = find_lines(&p);
    if (result == TD_OK) {
        draw(&p);
        result = tdi_svg_write(&p.text, path, replace);
    }
    tdi_text_free(&p.text);
    tdi_free(p.operations);
    tdi_free(p.lines);
    return result;
}
