#include "gpu/pressure.h"

#include "base/clock.h"
#include "base/text.h"

/* The GPU gives memory back within seconds or is lost, and then everything comes back. What takes
 * longer waits for a semaphore that its owner forgot. */
#define LONGEST_SILENCE_NS (30 * TDI_NS_PER_S)

static _Thread_local tdi_patience own_patience = TDI_PATIENCE_WAIT;

tdi_patience tdi_set_patience(tdi_patience patience)
{
    tdi_patience before = own_patience;
    own_patience = patience;
    return before;
}

static bool is_short(td_result result)
{
    return result == TD_ERROR_BUDGET || result == TD_ERROR_DEVICE_MEMORY;
}

td_result tdi_pressure_init(tdi_pressure *pressure)
{
    *pressure = (tdi_pressure){0};
    TDI_TRY(tdi_mutex_init(&pressure->mutex, TDI_RANK_PRESSURE));
    td_result result = tdi_cond_init(&pressure->changed);
    if (result != TD_OK)
        tdi_mutex_destroy(&pressure->mutex);
    return result;
}

void tdi_pressure_destroy(tdi_pressure *pressure)
{
    tdi_cond_destroy(&pressure->changed);
    tdi_mutex_destroy(&pressure->mutex);
}

static tdi_relief **find(tdi_pressure *pressure, const tdi_relief *relief)
{
    tdi_relief **link = &pressure->first;
    while (*link && *link != relief)
        link = &(*link)->next;
    return link;
}

void tdi_pressure_add(tdi_pressure *pressure, tdi_relief *relief)
{
    relief->next = NULL;
    relief->running = 0;
    relief->leaving = false;
    tdi_mutex_lock(&pressure->mutex);
    *find(pressure, NULL) = relief;
    tdi_mutex_unlock(&pressure->mutex);
}

void tdi_pressure_remove(tdi_pressure *pressure, tdi_relief *relief)
{
    tdi_mutex_lock(&pressure->mutex);
    bool there = *find(pressure, relief) != NULL;
    relief->leaving = there;
    while (relief->running > 0)
        tdi_cond_wait(&pressure->changed, &pressure->mutex);
    if (there)
        *find(pressure, relief) = relief->next;
    tdi_mutex_unlock(&pressure->mutex);
}

void tdi_pressure_expect(tdi_pressure *pressure, uint64_t bytes)
{
    tdi_mutex_lock(&pressure->mutex);
    pressure->expected += bytes;
    tdi_mutex_unlock(&pressure->mutex);
}

void tdi_pressure_expect_done(tdi_pressure *pressure, uint64_t bytes)
{
    tdi_mutex_lock(&pressure->mutex);
    pressure->expected -= bytes;
    tdi_cond_broadcast(&pressure->changed);
    tdi_mutex_unlock(&pressure->mutex);
}

bool tdi_pressure_expects(tdi_pressure *pressure)
{
    tdi_mutex_lock(&pressure->mutex);
    bool expects = pressure->expected > 0;
    tdi_mutex_unlock(&pressure->mutex);
    return expects;
}

/* Whoever waits counts itself before it looks at `returned`, so one of the two sees the other. */
void tdi_pressure_note(tdi_pressure *pressure)
{
    atomic_fetch_add(&pressure->returned, 1);
    if (atomic_load(&pressure->waiting) == 0)
        return;
    tdi_mutex_lock(&pressure->mutex);
    tdi_cond_broadcast(&pressure->changed);
    tdi_mutex_unlock(&pressure->mutex);
}

/* Called under the lock, which is not held while the relief runs. What fails in there is not what
 * the caller has to be told. */
static uint64_t ask(tdi_pressure *pressure, tdi_relief *relief, uint64_t wanted)
{
    char sentence[TDI_SENTENCE_CAPACITY];
    relief->running++;
    tdi_mutex_unlock(&pressure->mutex);
    tdi_snprintf(sentence, sizeof sentence, "%s", td_last_error());
    tdi_patience before = tdi_set_patience(TDI_PATIENCE_NONE);
    uint64_t freed = relief->free_some(relief, wanted);
    (void)tdi_set_patience(before);
    tdi_set_last_error(sentence);
    tdi_mutex_lock(&pressure->mutex);
    relief->running--;
    if (relief->leaving)
        tdi_cond_broadcast(&pressure->changed);
    return freed;
}

static bool can_help(const tdi_relief *relief, const tdi_shortage *shortage)
{
    return !relief->leaving &&
           (relief->categories == 0 || (relief->categories & shortage->categories) != 0);
}

/* Asks one after the other until there is enough; returns what they gave in all. One that runs
 * stays in the list, so its successor can be told afterwards. */
static uint64_t relieve(tdi_pressure *pressure, const tdi_shortage *shortage)
{
    uint64_t freed = 0;
    tdi_mutex_lock(&pressure->mutex);
    for (tdi_relief *relief = pressure->first; relief && freed < shortage->bytes;
         relief = relief->next) {
        if (can_help(relief, shortage))
            freed += ask(pressure, relief, shortage->bytes - freed);
    }
    tdi_mutex_unlock(&pressure->mutex);
    return freed;
}

/* What a thread knows of an attempt. */
typedef struct progress {
    td_result result;
    uint64_t seen; /* `returned` before the last run */
    bool waited;
} progress;

static void run_once(tdi_pressure *pressure, const tdi_attempt *attempt, progress *now)
{
    now->seen = atomic_load(&pressure->returned);
    now->result = attempt->run(attempt->user);
}

static bool may_still_come(tdi_pressure *pressure, const progress *now)
{
    return atomic_load(&pressure->returned) == now->seen && pressure->expected > 0;
}

/* True as soon as anything has come back since the last run; false when nothing more will, or the
 * time is over. */
static bool wait_for_more(tdi_pressure *pressure, uint64_t deadline, progress *now)
{
    if (own_patience != TDI_PATIENCE_WAIT)
        return false;
    uint64_t silence = tdi_deadline(tdi_now_ns(), LONGEST_SILENCE_NS);
    uint64_t until = deadline < silence ? deadline : silence;
    bool blocked = false;
    tdi_mutex_lock(&pressure->mutex);
    atomic_fetch_add(&pressure->waiting, 1);
    while (may_still_come(pressure, now) && tdi_now_ns() < until) {
        uint64_t second = tdi_deadline(tdi_now_ns(), TDI_NS_PER_S);
        blocked = true;
        (void)tdi_cond_wait_until(&pressure->changed, &pressure->mutex,
                                  second < until ? second : until);
    }
    atomic_fetch_sub(&pressure->waiting, 1);
    tdi_mutex_unlock(&pressure->mutex);
    if (blocked && !now->waited)
        atomic_fetch_add(&pressure->waits, 1);
    now->waited = now->waited || blocked;
    return atomic_load(&pressure->returned) != now->seen;
}

static uint64_t double_of(uint64_t bytes)
{
    return bytes > UINT64_MAX / 2 ? UINT64_MAX : 2 * bytes;
}

/* Where memory is in many pieces, more has to go than is missing: each round asks for twice as
 * much. */
td_result tdi_pressure_run(tdi_pressure *pressure, const tdi_attempt *attempt)
{
    progress now = {0};
#if TDI_LOCK_CHECKS
    if (own_patience != TDI_PATIENCE_NONE)
        tdi_lock_check_none("memory is asked for under a lock, and may have to be waited for");
#endif
    run_once(pressure, attempt, &now);
    if (!is_short(now.result) || own_patience == TDI_PATIENCE_NONE)
        return now.result;
    tdi_shortage shortage = attempt->missing(attempt->user);
    uint64_t freed = shortage.bytes;
    while (is_short(now.result) && freed > 0) {
        freed = relieve(pressure, &shortage);
        if (freed > 0)
            run_once(pressure, attempt, &now);
        while (is_short(now.result) && wait_for_more(pressure, attempt->deadline_ns, &now))
            run_once(pressure, attempt, &now);
        shortage.bytes = double_of(shortage.bytes);
    }
    return now.result;
}
