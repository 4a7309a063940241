#include "async/auto_mode.h"

#include <stdlib.h>
#include <string.h>

/* A mode must be faster by so much to be decided for at first, */
#define FIRST_GAIN 0.01
/* by so much to be changed to later, */
#define CHANGE_GAIN 0.02
/* and by so much to be decided for before the last round. */
#define CLEAR_GAIN 0.10
/* Fewer rounds than there may be, but for clear gains: as many as take the time of so many of the
 * shortest blocks, and no fewer than so many. */
#define MOST_BLOCKS  (2 * TDI_AUTO_ROUNDS)
#define LEAST_ROUNDS 3

/* Measuring both costs at most one frame in so many, however long a block is. */
#define MEASURED_SHARE 100
/* Intervals grow to so many times the first. */
#define MOST_GROWTH 64
/* Other work is looked for after this part of the interval. */
#define EARLIEST_CHANGE 4

/* A pause of the program: a period so many times the others' mean, and so long. */
#define PAUSE_TIMES 8
#define PAUSE_NS    UINT64_C(20000000)

/* Then frames are not finished at all, or have no times. */
#define MOST_ISSUED 4096
#define MOST_LOST   4

static void begin_block(tdi_auto *a)
{
    a->block = (tdi_auto_block){.id = a->block.id + 1};
}

static void begin_measuring(tdi_auto *a)
{
    a->measuring = true;
    a->trying = a->present;
    a->round = a->second = a->lost = 0;
    a->spent = 0;
    a->measured_ns = 0;
    begin_block(a);
}

void tdi_auto_init(tdi_auto *a, const tdi_auto_params *params, bool present)
{
    *a = (tdi_auto){
        .params = *params,
        .present = present,
        .again_after = params->again_after,
        .reason = "both modes are being measured",
    };
    begin_measuring(a);
}

static void settle(tdi_auto *a, bool async, const char *reason)
{
    const uint64_t most = (uint64_t)a->params.again_after * MOST_GROWTH;
    const uint64_t least = (uint64_t)a->spent * MEASURED_SHARE;
    if (async != a->present || a->decisions == 0)
        a->again_after = a->params.again_after;
    else if (a->again_after < most)
        a->again_after *= 2;
    if (a->again_after < least)
        a->again_after = least;
    a->measuring = false;
    a->present = async;
    a->settled = 0;
    a->busy_count = 0;
    a->usual_busy_ns = 0;
    a->decisions++;
    a->reason = reason;
    begin_block(a);
}

static int compare_periods(const void *one, const void *other)
{
    const double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* The middle one, or the mean of the two in the middle. */
static double median_period(const double *values, uint32_t count)
{
    double sorted[TDI_AUTO_ROUNDS];
    memcpy(sorted, values, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare_periods);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static bool is_clear(double one, double other)
{
    return one < other * (1 - CLEAR_GAIN) || other < one * (1 - CLEAR_GAIN);
}

static bool has_enough_rounds(const tdi_auto *a)
{
    return a->round == TDI_AUTO_ROUNDS ||
           (a->round >= LEAST_ROUNDS && a->measured_ns >= MOST_BLOCKS * a->params.block_ns);
}

static void end_round(tdi_auto *a)
{
    const double gain = a->decisions ? CHANGE_GAIN : FIRST_GAIN;
    for (int mode = 0; mode < 2; mode++)
        a->median_ns[mode] = median_period(a->period_ns[mode], a->round + 1);
    const double present = a->median_ns[a->present], other = a->median_ns[!a->present];
    a->round++;
    if (!has_enough_rounds(a) && !is_clear(present, other))
        return;
    if (other >= present * (1 - gain))
        settle(a, a->present,
               a->present ? "measured: passthrough is not faster than asynchronous"
                          : "measured: asynchronous is not faster than passthrough");
    else
        settle(a, !a->present,
               a->present ? "measured: passthrough is faster than asynchronous"
                          : "measured: asynchronous is faster than passthrough");
}

static void give_up_block(tdi_auto *a)
{
    if (++a->lost < MOST_LOST)
        begin_block(a);
    else
        settle(a, a->present, "the frames could not be timed");
}

static bool has_pause(const tdi_auto_block *block)
{
    const uint64_t others = block->last_ns - block->first_ns - block->longest_ns;
    const uint64_t work = block->last_work - block->first_work - block->longest_work;
    return work > 0 && block->longest_ns > PAUSE_NS &&
           (double)block->longest_ns / (double)block->longest_work / PAUSE_TIMES >
               (double)others / (double)work;
}

/* The second block of a round is of the other mode, the first of the next round of the same, so
 * that the mode changes once a round. */
static void end_block(tdi_auto *a)
{
    const tdi_auto_block *block = &a->block;
    const uint64_t ns = block->last_ns - block->first_ns;
    if (has_pause(block)) {
        give_up_block(a);
        return;
    }
    a->period_ns[a->trying][a->round] = (double)ns / (double)(block->last_work - block->first_work);
    a->measured_ns += ns;
    a->lost = 0;
    begin_block(a);
    a->second ^= 1;
    if (a->second)
        a->trying = !a->trying;
    else
        end_round(a);
}

tdi_auto_frame tdi_auto_next(tdi_auto *a)
{
    if (!a->measuring && a->settled >= a->again_after)
        begin_measuring(a);
    if (!a->measuring) {
        const uint32_t run = a->params.sample_run ? a->params.sample_run : 1;
        const bool timed = a->settled++ % a->params.sample_every < run;
        return (tdi_auto_frame){.async = a->present, .timed = timed, .block = a->block.id};
    }
    if (a->block.issued == MOST_ISSUED)
        give_up_block(a);
    a->spent++;
    return (tdi_auto_frame){
        .async = a->measuring ? a->trying : a->present,
        .timed = a->block.issued++ >= a->params.warmup,
        .block = a->block.id,
    };
}

static int compare_busy(const void *one, const void *other)
{
    const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

/* By the median of a handful, so that a frame held up by something else changes nothing. */
static void watch_busy(tdi_auto *a, uint64_t busy_ns)
{
    if (busy_ns == 0)
        return;
    a->busy_ns[a->busy_count++] = busy_ns;
    if (a->busy_count < TDI_AUTO_SAMPLES)
        return;
    a->busy_count = 0;
    qsort(a->busy_ns, TDI_AUTO_SAMPLES, sizeof a->busy_ns[0], compare_busy);
    const uint64_t median = a->busy_ns[TDI_AUTO_SAMPLES / 2];
    if (a->usual_busy_ns == 0)
        a->usual_busy_ns = median;
    const double ratio = (double)median / (double)a->usual_busy_ns;
    if ((ratio > 1 + a->params.change || ratio < 1 / (1 + a->params.change)) &&
        a->settled * EARLIEST_CHANGE >= a->again_after)
        begin_measuring(a);
}

static void add_to_block(tdi_auto_block *block, uint64_t when_ns, uint64_t work)
{
    if (block->timed++ == 0) {
        block->first_ns = block->last_ns = when_ns;
        block->first_work = block->last_work = work;
    }
    const uint64_t ns = when_ns - block->last_ns, done = work - block->last_work;
    if (block->longest_work == 0 ||
        (double)ns * (double)block->longest_work > (double)block->longest_ns * (double)done) {
        block->longest_ns = ns;
        block->longest_work = done;
    }
    block->last_ns = when_ns;
    block->last_work = work;
}

void tdi_auto_timed(tdi_auto *a, uint32_t block, uint64_t when_ns, uint64_t work, uint64_t busy_ns)
{
    if (block != a->block.id)
        return;
    if (!a->measuring) {
        watch_busy(a, busy_ns);
        return;
    }
    add_to_block(&a->block, when_ns, work);
    const uint32_t periods = a->block.timed - 1;
    const bool long_enough =
        periods >= a->params.block_frames && when_ns - a->block.first_ns >= a->params.block_ns;
    if (long_enough || periods >= a->params.most_frames)
        end_block(a);
}

void tdi_auto_lost(tdi_auto *a, uint32_t block)
{
    if (a->measuring && block == a->block.id)
        give_up_block(a);
}

void tdi_auto_again(tdi_auto *a)
{
    a->again_after = a->params.again_after;
    begin_measuring(a);
}
