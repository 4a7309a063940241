/* What the scheduler gains and costs, beside plain Vulkan loops on the same device: one queue, and
 * two queues with timeline semaphores. A frame is compute work whose result its draws read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include <tandem/scheduler.h>

#include "base/cores.h"
#include "load.h"

#define ROUNDS      15
#define COST_FRAMES 1000
#define COST_PASSES 10
#define MOST_PARTS  16

typedef enum mode { PLAIN_ONE, PLAIN_TWO, TANDEM_OFF, TANDEM_ON, TANDEM_AUTO, MODE_COUNT } mode;
static const char *const mode_names[] = {"plain one queue", "plain two queues", "tandem off",
                                         "tandem on", "tandem auto"};

typedef struct queue_line {
    VkQueue handle;
    VkSemaphore timeline;
    uint64_t value;
    VkCommandPool pools[LOAD_SLOTS];
    VkCommandBuffer commands[LOAD_SLOTS];
    uint64_t last[LOAD_SLOTS]; /* the value that ends the slot's last use */
} queue_line;

typedef struct bench {
    load l;
    queue_line graphics, compute;
    td_scheduler *schedulers[MODE_COUNT];
    td_ticket last[LOAD_SLOTS]; /* of the graphics work of tandem's modes */
    td_wait waits[LOAD_SLOTS];
    uint32_t wait_counts[LOAD_SLOTS];
    uint32_t parts;       /* dispatches of a frame */
    bool split_calls;     /* each of them is recorded by a call of its own */
    bool ahead;           /* compute work of the next frame is submitted before a frame's draws */
    uint64_t frame_index; /* of tandem's modes, counted over all runs */
} bench;

/* ---- plain Vulkan ---- */

static void make_line(const load *l, VkQueue queue, uint32_t family, queue_line *line)
{
    const VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                             .pNext = &type};
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                          .queueFamilyIndex = family};
    line->handle = queue;
    load_check(l->vk->vkCreateSemaphore(l->handle, &semaphore, NULL, &line->timeline),
               "vkCreateSemaphore");
    for (uint32_t i = 0; i < LOAD_SLOTS; i++) {
        load_check(l->vk->vkCreateCommandPool(l->handle, &pool, NULL, &line->pools[i]),
                   "vkCreateCommandPool");
        const VkCommandBufferAllocateInfo info = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
            .commandPool = line->pools[i],
            .commandBufferCount = 1,
        };
        load_check(l->vk->vkAllocateCommandBuffers(l->handle, &info, &line->commands[i]),
                   "vkAllocateCommandBuffers");
    }
}

static void destroy_line(const load *l, queue_line *line)
{
    l->vk->vkDestroySemaphore(l->handle, line->timeline, NULL);
    for (uint32_t i = 0; i < LOAD_SLOTS; i++)
        l->vk->vkDestroyCommandPool(l->handle, line->pools[i], NULL);
}

static void wait_line(const load *l, const queue_line *line, uint64_t value)
{
    const VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &line->timeline,
        .pValues = &value,
    };
    load_check(l->vk->vkWaitSemaphores(l->handle, &info, UINT64_MAX), "vkWaitSemaphores");
}

static VkCommandBuffer open_commands(const load *l, queue_line *line, uint32_t slot)
{
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    load_check(l->vk->vkResetCommandPool(l->handle, line->pools[slot], 0), "vkResetCommandPool");
    load_check(l->vk->vkBeginCommandBuffer(line->commands[slot], &begin), "vkBeginCommandBuffer");
    return line->commands[slot];
}

static VkCommandBuffer begin_line(const load *l, queue_line *line, uint32_t slot)
{
    wait_line(l, line, line->last[slot]);
    return open_commands(l, line, slot);
}

/* Submits a slot's commands, after `wait` (may be NULL) of the other line. */
static void submit_line(const load *l, queue_line *line, uint32_t slot,
                        const VkSemaphoreSubmitInfo *wait)
{
    const VkCommandBufferSubmitInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
        .commandBuffer = line->commands[slot],
    };
    const VkSemaphoreSubmitInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = line->timeline,
        .value = ++line->value,
        .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    const VkSubmitInfo2 submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
        .waitSemaphoreInfoCount = wait ? 1 : 0,
        .pWaitSemaphoreInfos = wait,
        .commandBufferInfoCount = 1,
        .pCommandBufferInfos = &commands,
        .signalSemaphoreInfoCount = 1,
        .pSignalSemaphoreInfos = &signal,
    };
    load_check(l->vk->vkEndCommandBuffer(line->commands[slot]), "vkEndCommandBuffer");
    load_check(l->vk->vkQueueSubmit2(line->handle, 1, &submit, VK_NULL_HANDLE), "vkQueueSubmit2");
    line->last[slot] = line->value;
}

/* The very calls that tandem's modes record. */
static void record_parts(const bench *b, VkCommandBuffer commands, uint32_t slot)
{
    for (uint32_t i = 0; i < (b->split_calls ? b->parts : 1); i++)
        load_record_compute(&b->l, commands, slot, b->split_calls ? 1 : b->parts);
}

static void record_whole_frame(const bench *b, VkCommandBuffer commands, uint32_t slot)
{
    load_record_return(&b->l, commands);
    record_parts(b, commands, slot);
    load_record_handover(&b->l, commands);
    load_record_graphics(&b->l, commands, slot);
}

static void plain_one_frame(bench *b, uint32_t slot)
{
    record_whole_frame(b, begin_line(&b->l, &b->graphics, slot), slot);
    submit_line(&b->l, &b->graphics, slot, NULL);
}

/* Both halves of a slot are over when its draws are. */
static void plain_compute(bench *b, uint32_t slot)
{
    wait_line(&b->l, &b->graphics, b->graphics.last[slot]);
    record_parts(b, open_commands(&b->l, &b->compute, slot), slot);
    submit_line(&b->l, &b->compute, slot, NULL);
}

static void plain_graphics(bench *b, uint32_t slot)
{
    const VkSemaphoreSubmitInfo wait = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
        .semaphore = b->compute.timeline,
        .value = b->compute.last[slot],
        .stageMask = VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT,
    };
    load_record_graphics(&b->l, open_commands(&b->l, &b->graphics, slot), slot);
    submit_line(&b->l, &b->graphics, slot, &wait);
}

/* ---- tandem ---- */

typedef struct recording {
    const bench *b;
    uint32_t slot, parts;
} recording;

static td_result record_compute(void *user, VkCommandBuffer commands)
{
    const recording *r = user;
    load_record_compute(&r->b->l, commands, r->slot, r->parts);
    return TD_OK;
}

static void tandem_compute(bench *b, td_scheduler *scheduler, uint64_t frame, uint32_t slot,
                           VkCommandBuffer graphics)
{
    recording r = {b, slot, b->split_calls ? 1 : b->parts};
    load_ok(td_scheduler_begin_frame(scheduler, frame, graphics, TD_FOREVER), "begin");
    for (uint32_t i = 0; i < (b->split_calls ? b->parts : 1); i++)
        load_ok(td_scheduler_record(scheduler, record_compute, &r), "record");
    load_ok(td_scheduler_submit(scheduler, NULL), "submit");
    load_ok(td_scheduler_waits(scheduler, &b->waits[slot], &b->wait_counts[slot]), "waits");
}

static void tandem_submit(bench *b, uint32_t slot)
{
    const td_lane_submit_params submit = {
        .lane = TD_LANE_GRAPHICS,
        .commands = &b->graphics.commands[slot],
        .command_count = 1,
        .waits = &b->waits[slot],
        .wait_count = b->wait_counts[slot],
    };
    load_check(b->l.vk->vkEndCommandBuffer(b->graphics.commands[slot]), "vkEndCommandBuffer");
    load_ok(td_lane_submit(b->l.device, &submit, &b->last[slot]), "submit");
}

static void tandem_frame(bench *b, td_scheduler *scheduler, uint64_t frame, uint32_t slot)
{
    load_ok(td_ticket_wait(b->l.device, b->last[slot], TD_FOREVER), "wait");
    VkCommandBuffer commands = open_commands(&b->l, &b->graphics, slot);
    if (!td_scheduler_is_async(scheduler))
        load_record_return(&b->l, commands);
    tandem_compute(b, scheduler, frame, slot, commands);
    if (!td_scheduler_is_async(scheduler))
        load_record_handover(&b->l, commands);
    load_record_graphics(&b->l, commands, slot);
    tandem_submit(b, slot);
    load_ok(td_scheduler_consumed(scheduler, b->last[slot]), "consumed");
}

static void tandem_ahead(bench *b, td_scheduler *scheduler, uint64_t frame, uint32_t slot)
{
    load_ok(td_ticket_wait(b->l.device, b->last[slot], TD_FOREVER), "wait");
    tandem_compute(b, scheduler, frame, slot, VK_NULL_HANDLE);
}

static void tandem_draw(bench *b, uint32_t slot)
{
    load_record_graphics(&b->l, open_commands(&b->l, &b->graphics, slot), slot);
    tandem_submit(b, slot);
}

/* ---- runs ---- */

static void finish(bench *b)
{
    wait_line(&b->l, &b->graphics, b->graphics.value);
    wait_line(&b->l, &b->compute, b->compute.value);
    for (uint32_t i = 0; i < LOAD_SLOTS; i++)
        load_ok(td_ticket_wait(b->l.device, b->last[i], TD_FOREVER), "wait");
}

static void run_ahead(bench *b, mode m, uint32_t frames)
{
    for (uint32_t i = 0; i <= frames; i++) {
        const uint32_t slot = i % LOAD_SLOTS, before = (i + LOAD_SLOTS - 1) % LOAD_SLOTS;
        if (i < frames && m == PLAIN_TWO)
            plain_compute(b, slot);
        else if (i < frames)
            tandem_ahead(b, b->schedulers[m], i, slot);
        if (i > 0 && m == PLAIN_TWO)
            plain_graphics(b, before);
        else if (i > 0)
            tandem_draw(b, before);
    }
}

static void run_frame(bench *b, mode m, uint32_t index)
{
    const uint32_t slot = index % LOAD_SLOTS;
    if (m == PLAIN_ONE) {
        plain_one_frame(b, slot);
    } else if (m == PLAIN_TWO) {
        plain_compute(b, slot);
        plain_graphics(b, slot);
    } else {
        tandem_frame(b, b->schedulers[m], index, slot);
    }
}

/* Seconds a frame, from the first call until all is done. */
static double run(bench *b, mode m, uint32_t frames)
{
    const double start = load_now();
    if (b->ahead && (m == PLAIN_TWO || m == TANDEM_ON)) {
        run_ahead(b, m, frames);
    } else {
        for (uint32_t i = 0; i < frames; i++)
            run_frame(b, m, i);
    }
    finish(b);
    return (load_now() - start) / frames;
}

typedef struct half {
    bool compute, graphics;
} half;

/* One kind of work alone. */
static double run_half(bench *b, half what, uint32_t frames)
{
    const double start = load_now();
    for (uint32_t i = 0; i < frames; i++) {
        const uint32_t slot = i % LOAD_SLOTS;
        VkCommandBuffer commands = begin_line(&b->l, &b->graphics, slot);
        load_record_return(&b->l, commands);
        if (what.compute)
            load_record_compute(&b->l, commands, slot, b->parts);
        if (what.graphics)
            load_record_graphics(&b->l, commands, slot);
        submit_line(&b->l, &b->graphics, slot, NULL);
    }
    finish(b);
    return (load_now() - start) / frames;
}

/* Makes both kinds of work take about `seconds` a frame. */
static void balance(bench *b, double seconds)
{
    for (int i = 0; i < 4; i++) {
        const double compute = run_half(b, (half){.compute = true}, 10);
        const double graphics = run_half(b, (half){.graphics = true}, 10);
        b->l.rounds = (uint32_t)(b->l.rounds * (seconds / compute)) + 1;
        b->l.triangle_count = (uint32_t)(b->l.triangle_count * (seconds / graphics)) + 1;
    }
}

/* ---- figures ---- */

typedef struct figures {
    double runs[MODE_COUNT][ROUNDS];
    double median[MODE_COUNT];
} figures;

static void measure(bench *b, uint32_t frames, figures *out)
{
    for (uint32_t m = 0; m < MODE_COUNT; m++)
        (void)run(b, (mode)m, frames);
    for (uint32_t r = 0; r < ROUNDS; r++) {
        for (uint32_t m = 0; m < MODE_COUNT; m++)
            out->runs[m][r] = run(b, (mode)m, frames);
    }
    for (uint32_t m = 0; m < MODE_COUNT; m++) {
        double sorted[ROUNDS];
        memcpy(sorted, out->runs[m], sizeof sorted);
        out->median[m] = load_median(sorted, ROUNDS);
    }
}

/* Median over the rounds of auto's time over the better mode's. */
static double auto_over_best(const figures *f)
{
    const bool on = f->median[TANDEM_ON] < f->median[TANDEM_OFF];
    double ratios[ROUNDS];
    for (uint32_t r = 0; r < ROUNDS; r++)
        ratios[r] = f->runs[TANDEM_AUTO][r] / f->runs[on ? TANDEM_ON : TANDEM_OFF][r];
    return load_median(ratios, ROUNDS);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* CPU time of the calling thread a frame of ten small passes, in microseconds, of recording and
 * submitting: the device is idle before each, so that no wait costs anything. */
static double frame_cost(bench *b, mode m)
{
    double costs[ROUNDS];
    for (uint32_t r = 0; r < ROUNDS; r++) {
        double sum = 0.0;
        for (uint32_t i = 0; i < COST_FRAMES; i++) {
            const double start = cpu_seconds();
            run_frame(b, m, i);
            sum += cpu_seconds() - start;
            finish(b);
        }
        costs[r] = 1e6 * sum / COST_FRAMES;
    }
    return load_median(costs, ROUNDS);
}

static json_t *costs(bench *b)
{
    json_t *object = json_object();
    const uint32_t rounds = b->l.rounds, triangles = b->l.triangle_count;
    b->l.rounds = b->l.triangle_count = 1;
    b->parts = COST_PASSES;
    b->split_calls = true;
    for (uint32_t m = 0; m < TANDEM_AUTO; m++)
        json_object_set_new(object, mode_names[m], json_real(frame_cost(b, (mode)m)));
    b->l.rounds = rounds;
    b->l.triangle_count = triangles;
    b->split_calls = false;
    return object;
}

static json_t *describe(const bench *b, const char *variant, const figures *f, double alone)
{
    json_t *times = json_object();
    for (uint32_t m = 0; m < MODE_COUNT; m++)
        json_object_set_new(times, mode_names[m], json_real(1e3 * f->median[m]));
    const double plain = f->median[PLAIN_ONE] / f->median[PLAIN_TWO];
    const double tandem = f->median[PLAIN_ONE] / f->median[TANDEM_ON];
    return json_pack("{s:s, s:i, s:b, s:o, s:f, s:f, s:f, s:f, s:f, s:f}", "variant", variant,
                     "dispatches", (int)b->parts, "ahead", (int)b->ahead, "ms", times,
                     "plain_speedup", plain, "tandem_speedup", tandem, "tandem_over_plain",
                     tandem / plain, "plain_efficiency", alone / f->median[PLAIN_TWO],
                     "tandem_efficiency", alone / f->median[TANDEM_ON], "auto_over_best",
                     auto_over_best(f));
}

static void make_scheduler(bench *b, mode m, td_async_mode asked)
{
    const td_scheduler_params params = {.frames_in_flight = LOAD_SLOTS, .mode = asked};
    load_ok(td_scheduler_create(b->l.device, &params, &b->schedulers[m]), mode_names[m]);
}

static void begin(bench *b, const load_params *params)
{
    memset(b, 0, sizeof *b);
    b->parts = 1;
    load_create(params, &b->l);
    if (!load_has_compute_queue(&b->l)) {
        fprintf(stderr, "%s has no queue for compute beside graphics: nothing to compare\n",
                b->l.name);
        load_destroy(&b->l);
        exit(77);
    }
    make_line(&b->l, b->l.graphics, b->l.graphics_family, &b->graphics);
    make_line(&b->l, b->l.compute, b->l.compute_family, &b->compute);
    make_scheduler(b, TANDEM_OFF, TD_ASYNC_OFF);
    make_scheduler(b, TANDEM_ON, TD_ASYNC_ON);
    make_scheduler(b, TANDEM_AUTO, TD_ASYNC_AUTO);
}

static void end(bench *b)
{
    for (uint32_t m = 0; m < MODE_COUNT; m++)
        td_scheduler_destroy(b->schedulers[m]);
    destroy_line(&b->l, &b->graphics);
    destroy_line(&b->l, &b->compute);
    load_destroy(&b->l);
}

typedef struct variant {
    const char *name;
    load_params load;
    uint32_t parts;
    bool ahead;
    double compute_share; /* of the balanced load's arithmetic */
} variant;

static const variant variants[] = {
    {.name = "balanced", .parts = 1, .compute_share = 1.0},
    {.name = "compute one frame ahead", .parts = 1, .ahead = true, .compute_share = 1.0},
    {.name = "four dispatches", .parts = 4, .ahead = true, .compute_share = 1.0},
    {.name = "sixteen dispatches", .parts = MOST_PARTS, .ahead = true, .compute_share = 1.0},
    {.name = "graphics first",
     .load = {.compute_priority = 0.1f},
     .parts = 1,
     .ahead = true,
     .compute_share = 1.0},
    {.name = "compute first",
     .load = {.graphics_priority = 0.1f},
     .parts = 1,
     .ahead = true,
     .compute_share = 1.0},
    {.name = "half the compute work", .parts = 1, .ahead = true, .compute_share = 0.5},
};

static json_t *run_variant(const variant *v, double seconds, uint32_t frames, bool with_costs,
                           json_t **cost)
{
    bench b;
    figures f;
    begin(&b, &v->load);
    b.parts = v->parts;
    b.ahead = v->ahead;
    balance(&b, seconds);
    b.l.rounds = (uint32_t)(b.l.rounds * v->compute_share) + 1;
    const double compute = run_half(&b, (half){.compute = true}, frames);
    const double graphics = run_half(&b, (half){.graphics = true}, frames);
    measure(&b, frames, &f);
    json_t *row = describe(&b, v->name, &f, compute > graphics ? compute : graphics);
    json_object_set_new(row, "compute_ms", json_real(1e3 * compute));
    json_object_set_new(row, "graphics_ms", json_real(1e3 * graphics));
    if (with_costs)
        *cost = costs(&b);
    json_object_set_new(row, "device", json_string(b.l.name));
    end(&b);
    return row;
}

int main(int count, char **arguments)
{
    const bool quick = count > 1 && strcmp(arguments[1], "--quick") == 0;
    const double seconds = quick ? 0.004 : 0.002;
    const uint32_t frames = quick ? 6 : 60;
    json_t *rows = json_array(), *cost = NULL;
    for (uint32_t i = 0; i < (quick ? 2 : sizeof variants / sizeof variants[0]); i++)
        json_array_append_new(rows, run_variant(&variants[i], seconds, frames, i == 0, &cost));
    json_t *report = json_pack("{s:s, s:i, s:o, s:o}", "benchmark", "scheduler", "cores",
                               (int)tdi_core_count(), "variants", rows, "cpu_us_a_frame", cost);
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    return 0;
}
