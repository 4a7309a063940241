/* The choice between two modes: the faster is kept, ties keep the present one, other work and time
 * make it be measured again, and measuring costs little. */
#include "support.h"

#include "async/auto_mode.h"

static const tdi_auto_params params = {
    .warmup = 3,
    .block_frames = 8,
    .block_ns = 1000,
    .most_frames = 256,
    .sample_every = 4,
    .again_after = 2000,
    .change = 0.25,
};

/* Runs frames of known length on a clock of its own. */
typedef struct world {
    tdi_auto choice;
    uint64_t now;
    uint64_t frame_ns[2]; /* by mode; 1 is asynchronous */
    uint64_t busy_ns;
    uint64_t frames[2]; /* how many there were */
} world;

static void run(world *w, uint64_t frames)
{
    for (uint64_t i = 0; i < frames; i++) {
        const tdi_auto_frame frame = tdi_auto_next(&w->choice);
        w->now += w->frame_ns[frame.async];
        w->frames[frame.async]++;
        if (frame.timed)
            tdi_auto_timed(&w->choice, frame.block, w->now, w->frames[0] + w->frames[1],
                           w->busy_ns);
    }
}

static world make(uint64_t passthrough_ns, uint64_t async_ns, bool present)
{
    world w = {.frame_ns = {passthrough_ns, async_ns}, .busy_ns = 1000};
    tdi_auto_init(&w.choice, &params, present);
    return w;
}

static void the_faster_mode_is_kept(void **state)
{
    (void)state;
    for (int present = 0; present < 2; present++) {
        world fast = make(2000, 1000, present);
        run(&fast, 100);
        assert_false(fast.choice.measuring);
        assert_true(fast.choice.present);
        assert_true(fast.choice.median_ns[1] == 1000 && fast.choice.median_ns[0] == 2000);
        world slow = make(1000, 1050, present);
        run(&slow, 200);
        assert_false(slow.choice.measuring);
        assert_false(slow.choice.present);
        assert_int_equal(slow.choice.decisions, 1);
    }
}

static void a_tie_keeps_the_present_mode(void **state)
{
    (void)state;
    for (int present = 0; present < 2; present++) {
        for (uint64_t other = 995; other <= 1005; other += 5) {
            world w = make(1000, other, present);
            run(&w, 200);
            assert_false(w.choice.measuring);
            assert_int_equal(w.choice.present, present);
        }
    }
}

static void a_clear_difference_is_seen_in_one_round(void **state)
{
    (void)state;
    world w = make(1500, 1000, true);
    run(&w, 2 * (params.warmup + params.block_frames + 1));
    assert_int_equal(w.choice.decisions, 1);
    world close = make(1050, 1000, true);
    run(&close, 2 * (params.warmup + params.block_frames + 1));
    assert_int_equal(close.choice.decisions, 0);
}

/* Blocks of short frames last as long as they must, but not for ever. */
static void short_frames_are_measured_for_longer(void **state)
{
    (void)state;
    world w = make(15, 10, true);
    run(&w, params.warmup + 100);
    assert_true(w.choice.trying);
    run(&w, 2);
    assert_false(w.choice.trying);
    world brief = make(2, 1, true);
    run(&brief, 2 * (params.warmup + params.most_frames + 1));
    assert_int_equal(brief.choice.decisions, 1);
}

/* Short frames as a renderer's of small images are, in time that runs up to 8% faster or slower
 * for five milliseconds each. */
#define STRETCH_NS UINT64_C(5000000)
static const tdi_auto_params short_frames = {
    .warmup = 4,
    .block_frames = 6,
    .block_ns = 40000000,
    .most_frames = 256,
    .sample_every = 32,
    .again_after = 2048,
    .change = 0.30,
};

static uint64_t noisy(uint64_t ns, uint64_t now, uint64_t seed)
{
    uint64_t mixed = (now / STRETCH_NS + 1) * UINT64_C(0x9e3779b97f4a7c15) + seed;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ns * (920 + (mixed >> 33) % 161) / 1000;
}

/* 114,000 and 105,000 views a second in submissions of 64. */
static void noise_does_not_decide(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        const bool better = seed % 2;
        world w = {.busy_ns = 1000};
        tdi_auto_init(&w.choice, &short_frames, true);
        uint64_t begun = 0;
        while (w.choice.measuring) {
            w.frame_ns[better] = noisy(561000, w.now, seed);
            w.frame_ns[!better] = noisy(610000, w.now, seed);
            run(&w, 1);
            begun++;
        }
        assert_int_equal(w.choice.present, better);
        assert_true(begun < 2000);
    }
}

/* Long frames are measured for no longer than that takes. */
static void long_frames_are_measured_in_three_rounds(void **state)
{
    (void)state;
    world w = {.frame_ns = {50000000, 51000000}, .busy_ns = 1000};
    tdi_auto_init(&w.choice, &short_frames, true);
    run(&w, 6 * (short_frames.warmup + 1 + short_frames.block_frames));
    assert_int_equal(w.choice.decisions, 1);
    assert_false(w.choice.present);
}

/* What was decided stays for a gain that was enough at first. */
static void a_decision_is_not_changed_for_little(void **state)
{
    (void)state;
    world w = make(1015, 1000, false);
    run(&w, 200);
    assert_true(w.choice.present);
    w.frame_ns[0] = 985;
    run(&w, 20000);
    assert_true(w.choice.decisions > 1);
    assert_true(w.choice.present);
    w.frame_ns[0] = 970;
    run(&w, 100000);
    assert_false(w.choice.present);
}

/* Ten pieces of work, then one: a pause is what takes long for its work. */
static void frames_may_have_different_amounts_of_work(void **state)
{
    (void)state;
    tdi_auto a;
    uint64_t now = 0, work = 0;
    tdi_auto_init(&a, &params, true);
    for (uint32_t i = 0; a.measuring && i < 1000; i++) {
        const tdi_auto_frame frame = tdi_auto_next(&a);
        const uint64_t pieces = i % 5 ? 1 : 10;
        work += pieces;
        now += pieces * (frame.async ? 30000000 : 20000000);
        if (frame.timed)
            tdi_auto_timed(&a, frame.block, now, work, 0);
    }
    assert_false(a.measuring);
    assert_false(a.present);
    assert_true(a.median_ns[1] == 30000000 && a.median_ns[0] == 20000000);
}

static void frames_without_times_do_not_measure_for_ever(void **state)
{
    (void)state;
    tdi_auto a;
    tdi_auto_init(&a, &params, true);
    uint64_t frames = 0;
    while (a.measuring && frames++ < 100000)
        (void)tdi_auto_next(&a);
    assert_false(a.measuring);
    assert_true(a.present);
    tdi_auto_init(&a, &params, false);
    for (frames = 0; a.measuring && frames < 100; frames++)
        tdi_auto_lost(&a, tdi_auto_next(&a).block);
    assert_false(a.measuring);
    assert_false(a.present);
}

static void a_lost_frame_begins_its_block_anew(void **state)
{
    (void)state;
    world w = make(1000, 2000, true);
    run(&w, params.warmup + 4);
    const uint32_t block = w.choice.block.id;
    tdi_auto_lost(&w.choice, block);
    assert_int_not_equal(w.choice.block.id, block);
    assert_int_equal(w.choice.block.issued, 0);
    /* What the old block's frames still tell means nothing. */
    for (uint64_t i = 0; i < 20; i++)
        tdi_auto_timed(&w.choice, block, 1 + i, 1 + i, 1);
    assert_int_equal(w.choice.block.timed, 0);
    run(&w, 100);
    assert_false(w.choice.present);
    assert_true(w.choice.median_ns[1] == 2000);
}

static void other_work_is_measured_again(void **state)
{
    (void)state;
    world w = make(2000, 1000, true);
    run(&w, 1000);
    assert_int_equal(w.choice.decisions, 1);
    w.busy_ns = 1200;
    run(&w, 200);
    assert_false(w.choice.measuring);
    w.busy_ns = 1300;
    w.frame_ns[1] = 3000;
    run(&w, 200);
    assert_int_equal(w.choice.decisions, 2);
    assert_false(w.choice.present);
}

/* A program that rests in the middle of a block does not make its mode look slow. */
static void a_pause_is_not_measured(void **state)
{
    (void)state;
    for (uint32_t at = 1; at <= 8; at++) {
        world w = make(1500000, 1000000, true);
        run(&w, params.warmup + at);
        w.now += 500000000;
        run(&w, 100);
        assert_false(w.choice.measuring);
        assert_true(w.choice.present);
        assert_true(w.choice.median_ns[1] == 1000000);
    }
}

static void one_slow_frame_is_not_other_work(void **state)
{
    (void)state;
    world w = make(2000, 1000, true);
    run(&w, 1000);
    for (uint32_t i = 0; i < 10; i++) {
        w.busy_ns = 100000;
        run(&w, params.sample_every);
        w.busy_ns = 1000;
        run(&w, 15 * params.sample_every);
    }
    assert_int_equal(w.choice.decisions, 1);
}

/* A work whose better mode changes without its compute time changing is found as well. */
static void both_are_measured_again_after_a_while(void **state)
{
    (void)state;
    world w = make(2000, 1000, true);
    run(&w, 100);
    assert_true(w.choice.present);
    w.frame_ns[0] = 500;
    run(&w, w.choice.again_after + 100);
    assert_false(w.choice.present);
    assert_int_equal(w.choice.decisions, 2);
}

static void measuring_costs_little_in_the_long_run(void **state)
{
    (void)state;
    const uint64_t frames = 1000000;
    world w = make(15, 10, true);
    run(&w, frames);
    const double mean = (double)w.now / (double)frames;
    assert_true(mean < 10 * 1.005);
    assert_true(w.choice.decisions > 2);
    world other = make(1000, 1009, true);
    run(&other, frames);
    assert_true((double)other.now / (double)frames < 1000 * 1.01);
}

static void asking_again_measures_again(void **state)
{
    (void)state;
    world w = make(2000, 1000, true);
    run(&w, 100);
    tdi_auto_again(&w.choice);
    assert_true(w.choice.measuring);
    w.frame_ns[0] = 100;
    run(&w, 100);
    assert_false(w.choice.present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faster_mode_is_kept),
        cmocka_unit_test(a_tie_keeps_the_present_mode),
        cmocka_unit_test(a_clear_difference_is_seen_in_one_round),
        cmocka_unit_test(short_frames_are_measured_for_longer),
        cmocka_unit_test(noise_does_not_decide),
        cmocka_unit_test(long_frames_are_measured_in_three_rounds),
        cmocka_unit_test(a_decision_is_not_changed_for_little),
        cmocka_unit_test(frames_may_have_different_amounts_of_work),
        cmocka_unit_test(frames_without_times_do_not_measure_for_ever),
        cmocka_unit_test(a_lost_frame_begins_its_block_anew),
        cmocka_unit_test(other_work_is_measured_again),
        cmocka_unit_test(a_pause_is_not_measured),
        cmocka_unit_test(one_slow_frame_is_not_other_work),
        cmocka_unit_test(both_are_measured_again_after_a_while),
        cmocka_unit_test(measuring_costs_little_in_the_long_run),
        cmocka_unit_test(asking_again_measures_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
