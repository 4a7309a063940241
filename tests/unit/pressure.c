/* What happens when memory does not fit: who is asked, in what order, and when waiting ends. */
#include "support.h"

#include <sched.h>

#include "base/clock.h"
#include "gpu/budget.h"
#include "gpu/pressure.h"

#define MOST_CALLS 16

/* Memory that can be had when enough came back. */
typedef struct world {
    tdi_pressure pressure;
    _Atomic uint64_t room;
    uint64_t needed;
    _Atomic uint32_t runs;
    uint64_t missing;
    uint32_t categories; /* that would help; 0: all */
    td_result other;     /* what `run` says instead, if it is not TD_OK */
} world;

static td_result run(void *user)
{
    world *w = user;
    atomic_fetch_add(&w->runs, 1);
    if (w->other != TD_OK)
        return w->other;
    return atomic_load(&w->room) >= w->needed ? TD_OK : tdi_fail(TD_ERROR_BUDGET, "too little");
}

static tdi_shortage missing(void *user)
{
    const world *w = user;
    return (tdi_shortage){w->missing, w->categories ? w->categories : UINT32_MAX};
}

static td_result attempt(world *w)
{
    const tdi_attempt steps = {run, missing, w, UINT64_MAX};
    return tdi_pressure_run(&w->pressure, &steps);
}

static void start(world *w, uint64_t needed)
{
    *w = (world){.needed = needed, .missing = needed};
    assert_int_equal(tdi_pressure_init(&w->pressure), TD_OK);
}

typedef struct giver {
    tdi_relief relief;
    world *w;
    char name;
    uint64_t left;
    uint64_t share; /* at most so much a call */
} giver;

static char calls[MOST_CALLS + 1];
static uint64_t asked[MOST_CALLS];
static uint32_t call_count;

static uint64_t give(tdi_relief *self, uint64_t wanted)
{
    giver *g = (giver *)self;
    assert_true(call_count < MOST_CALLS);
    asked[call_count] = wanted;
    calls[call_count++] = g->name;
    uint64_t bytes = g->left < g->share ? g->left : g->share;
    g->left -= bytes;
    atomic_fetch_add(&g->w->room, bytes);
    return bytes;
}

static int reset(void **state)
{
    (void)state;
    call_count = 0;
    for (uint32_t i = 0; i <= MOST_CALLS; i++)
        calls[i] = '\0';
    return 0;
}

static void nobody_is_asked_when_it_fits(void **state)
{
    (void)state;
    world w;
    start(&w, 0);
    giver a = {.relief.free_some = give, .w = &w, .name = 'a', .left = 10, .share = 10};
    tdi_pressure_add(&w.pressure, &a.relief);
    assert_int_equal(attempt(&w), TD_OK);
    w.other = TD_ERROR_HOST_MEMORY;
    assert_int_equal(attempt(&w), TD_ERROR_HOST_MEMORY);
    assert_int_equal(call_count, 0);
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_destroy(&w.pressure);
}

/* In their order, each for what the ones before did not give. */
static void reliefs_are_asked_in_order(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    giver a = {.relief.free_some = give, .w = &w, .name = 'a', .left = 4, .share = 4};
    giver b = {.relief.free_some = give, .w = &w, .name = 'b', .left = 100, .share = 100};
    giver c = {.relief.free_some = give, .w = &w, .name = 'c', .left = 100, .share = 100};
    tdi_pressure_add(&w.pressure, &a.relief);
    tdi_pressure_add(&w.pressure, &b.relief);
    tdi_pressure_add(&w.pressure, &c.relief);
    assert_int_equal(attempt(&w), TD_OK);
    assert_string_equal(calls, "ab");
    assert_int_equal(asked[0], 10);
    assert_int_equal(asked[1], 6);
    tdi_pressure_remove(&w.pressure, &b.relief);
    w.needed = 300;
    assert_int_equal(attempt(&w), TD_ERROR_BUDGET);
    assert_string_equal(calls, "abacac");
    assert_int_equal(c.left, 0);
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_remove(&w.pressure, &c.relief);
    tdi_pressure_remove(&w.pressure, &c.relief); /* does nothing */
    tdi_pressure_destroy(&w.pressure);
}

/* Memory in pieces: what was given does not suffice, so twice as much is asked for. */
static void rounds_ask_for_more_each_time(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    w.missing = 2;
    giver a = {.relief.free_some = give, .w = &w, .name = 'a', .left = 100, .share = 3};
    tdi_pressure_add(&w.pressure, &a.relief);
    assert_int_equal(attempt(&w), TD_OK);
    assert_string_equal(calls, "aaaa");
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(asked[i], 2u << i);
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_destroy(&w.pressure);
}

static void what_can_never_fit_disturbs_nobody(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    w.missing = 0;
    giver a = {.relief.free_some = give, .w = &w, .name = 'a', .left = 100, .share = 100};
    tdi_pressure_add(&w.pressure, &a.relief);
    tdi_pressure_expect(&w.pressure, 5);
    assert_int_equal(attempt(&w), TD_ERROR_BUDGET);
    assert_int_equal(atomic_load(&w.runs), 1);
    assert_int_equal(call_count, 0);
    tdi_pressure_expect_done(&w.pressure, 5);
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_destroy(&w.pressure);
}

/* Textures do not help where staging memory alone is limited. */
static void only_those_that_can_help_are_asked(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    giver a = {.relief.free_some = give, .w = &w, .name = 'a', .left = 100, .share = 100};
    giver b = {.relief.free_some = give, .w = &w, .name = 'b', .left = 1, .share = 1};
    a.relief.categories = 1u << TD_BUDGET_TEXTURES;
    tdi_pressure_add(&w.pressure, &a.relief);
    tdi_pressure_add(&w.pressure, &b.relief);
    w.categories = 1u << TD_BUDGET_STAGING;
    assert_int_equal(attempt(&w), TD_ERROR_BUDGET);
    assert_string_equal(calls, "bb");
    w.categories |= 1u << TD_BUDGET_TEXTURES;
    assert_int_equal(attempt(&w), TD_OK);
    assert_string_equal(calls, "bba");
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_remove(&w.pressure, &b.relief);
    tdi_pressure_destroy(&w.pressure);
}

static td_result inner_result;

static uint64_t allocate_itself(tdi_relief *self, uint64_t wanted)
{
    giver *g = (giver *)self;
    world inner = {.needed = 1, .missing = 1};
    const tdi_attempt steps = {run, missing, &inner, UINT64_MAX};
    inner_result = tdi_pressure_run(&g->w->pressure, &steps);
    (void)tdi_fail(TD_ERROR_STATE, "not what the caller is to be told");
    assert_int_equal(atomic_load(&inner.runs), 1);
    return give(self, wanted);
}

/* A relief's own allocation is neither relieved nor made to wait. */
static void reliefs_are_not_entered_again(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    giver a = {.relief.free_some = allocate_itself, .w = &w, .name = 'a', .left = 10, .share = 10};
    tdi_pressure_add(&w.pressure, &a.relief);
    tdi_pressure_expect(&w.pressure, 5);
    assert_int_equal(attempt(&w), TD_OK);
    assert_int_equal(inner_result, TD_ERROR_BUDGET);
    assert_string_equal(calls, "a");
    assert_string_equal(td_last_error(), "too little");
    tdi_pressure_expect_done(&w.pressure, 5);
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_destroy(&w.pressure);
}

static void patience_is_obeyed(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    giver a = {.relief.free_some = give, .w = &w, .name = 'a', .left = 4, .share = 4};
    tdi_pressure_add(&w.pressure, &a.relief);
    tdi_pressure_expect(&w.pressure, 5);
    assert_int_equal(tdi_set_patience(TDI_PATIENCE_NONE), TDI_PATIENCE_WAIT);
    assert_int_equal(attempt(&w), TD_ERROR_BUDGET);
    assert_int_equal(call_count, 0);
    assert_int_equal(tdi_set_patience(TDI_PATIENCE_RELIEF), TDI_PATIENCE_NONE);
    assert_int_equal(attempt(&w), TD_ERROR_BUDGET);
    assert_string_equal(calls, "aa");
    assert_int_equal(atomic_load(&w.pressure.waits), 0);
    assert_int_equal(tdi_set_patience(TDI_PATIENCE_WAIT), TDI_PATIENCE_RELIEF);
    tdi_pressure_expect_done(&w.pressure, 5);
    tdi_pressure_remove(&w.pressure, &a.relief);
    tdi_pressure_destroy(&w.pressure);
}

static td_result waited_for;

static void attempt_on_thread(void *user)
{
    waited_for = attempt(user);
}

static void until_waiting(world *w, uint32_t runs)
{
    while (atomic_load(&w->pressure.waiting) == 0 || atomic_load(&w->runs) < runs)
        sched_yield();
}

static void come_back(world *w, uint64_t bytes)
{
    atomic_fetch_add(&w->room, bytes);
    tdi_pressure_note(&w->pressure);
    tdi_pressure_expect_done(&w->pressure, bytes);
}

static void memory_on_its_way_back_is_waited_for(void **state)
{
    (void)state;
    world w;
    tdi_thread thread;
    start(&w, 10);
    tdi_pressure_expect(&w.pressure, 6);
    tdi_pressure_expect(&w.pressure, 6);
    assert_int_equal(tdi_thread_start(&thread, "test", attempt_on_thread, &w), TD_OK);
    until_waiting(&w, 1);
    come_back(&w, 6);
    until_waiting(&w, 1);
    come_back(&w, 6);
    tdi_thread_join(&thread);
    assert_int_equal(waited_for, TD_OK);
    assert_int_equal(atomic_load(&w.pressure.waits), 1);
    tdi_pressure_destroy(&w.pressure);
}

static void waiting_ends_when_nothing_more_can_come(void **state)
{
    (void)state;
    world w;
    tdi_thread thread;
    start(&w, 10);
    tdi_pressure_expect(&w.pressure, 6);
    assert_int_equal(tdi_thread_start(&thread, "test", attempt_on_thread, &w), TD_OK);
    until_waiting(&w, 1);
    come_back(&w, 6);
    tdi_thread_join(&thread);
    assert_int_equal(waited_for, TD_ERROR_BUDGET);
    assert_string_equal(td_result_name(waited_for), "TD_ERROR_BUDGET");
    tdi_pressure_destroy(&w.pressure);
}

static _Atomic uint64_t fake_now;

static uint64_t leap(void)
{
    return atomic_fetch_add(&fake_now, 2 * TDI_NS_PER_S);
}

/* A submission may wait for a semaphore that its owner never signals. */
static void waiting_in_vain_ends_after_a_while(void **state)
{
    (void)state;
    world w;
    start(&w, 10);
    tdi_pressure_expect(&w.pressure, 6);
    tdi_set_clock(leap);
    atomic_store(&fake_now, 0);
    assert_int_equal(attempt(&w), TD_ERROR_BUDGET);
    assert_true(atomic_load(&fake_now) >= 30 * TDI_NS_PER_S);
    atomic_store(&fake_now, 0);
    const tdi_attempt steps = {run, missing, &w, 2 * TDI_NS_PER_S};
    assert_int_equal(tdi_pressure_run(&w.pressure, &steps), TD_ERROR_BUDGET);
    assert_true(atomic_load(&fake_now) < 20 * TDI_NS_PER_S);
    tdi_set_clock(NULL);
    tdi_pressure_expect_done(&w.pressure, 6);
    tdi_pressure_destroy(&w.pressure);
}

static atomic_bool entered, may_leave;

static uint64_t linger(tdi_relief *self, uint64_t wanted)
{
    (void)self;
    (void)wanted;
    atomic_store(&entered, true);
    while (!atomic_load(&may_leave))
        sched_yield();
    return 0;
}

typedef struct removal {
    world *w;
    tdi_relief *relief;
    atomic_bool done;
} removal;

static void remove_on_thread(void *user)
{
    removal *r = user;
    tdi_pressure_remove(&r->w->pressure, r->relief);
    atomic_store(&r->done, true);
}

static void removal_waits_for_a_call_that_runs(void **state)
{
    (void)state;
    world w;
    tdi_thread caller, remover;
    tdi_relief relief = {.free_some = linger};
    removal r = {.w = &w, .relief = &relief};
    start(&w, 10);
    tdi_pressure_add(&w.pressure, &relief);
    assert_int_equal(tdi_thread_start(&caller, "test", attempt_on_thread, &w), TD_OK);
    while (!atomic_load(&entered))
        sched_yield();
    assert_int_equal(tdi_thread_start(&remover, "test", remove_on_thread, &r), TD_OK);
    for (uint32_t i = 0; i < 100; i++)
        sched_yield();
    assert_false(atomic_load(&r.done));
    atomic_store(&may_leave, true);
    tdi_thread_join(&remover);
    tdi_thread_join(&caller);
    assert_int_equal(waited_for, TD_ERROR_BUDGET);
    tdi_pressure_destroy(&w.pressure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_is_asked_when_it_fits, reset),
        cmocka_unit_test_setup(reliefs_are_asked_in_order, reset),
        cmocka_unit_test_setup(rounds_ask_for_more_each_time, reset),
        cmocka_unit_test_setup(what_can_never_fit_disturbs_nobody, reset),
        cmocka_unit_test_setup(only_those_that_can_help_are_asked, reset),
        cmocka_unit_test_setup(reliefs_are_not_entered_again, reset),
        cmocka_unit_test_setup(patience_is_obeyed, reset),
        cmocka_unit_test_setup(memory_on_its_way_back_is_waited_for, reset),
        cmocka_unit_test_setup(waiting_ends_when_nothing_more_can_come, reset),
        cmocka_unit_test_setup(waiting_in_vain_ends_after_a_while, reset),
        cmocka_unit_test_setup(removal_waits_for_a_call_that_runs, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
