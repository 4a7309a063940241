/* What a request costs from its making to its release by way of a completion queue, on one thread
 * and on two, beside what hands the same number of results over without requests: an event
 * descriptor written and read for each, and a lock with a condition. And how long after the end of
 * the GPU's work a thread wakes up that waits for it. */
#include "requests.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "async/request.h"
#include "load.h"

#define ROUNDS        9
#define REQUESTS      (UINT32_C(1) << 16) /* a round */
#define MOST_TOGETHER 16                  /* views of one submission */
#define IN_FLIGHT     64                  /* batches between the two threads */

static const tdi_request_class plain_class = {.destroy = NULL};

static void make_and_watch(td_completion_queue *queue, td_request **requests, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        load_ok(tdi_request_create(&plain_class, NULL, &requests[i]), "create");
    load_ok(td_completion_queue_watch_all(queue, requests, NULL, count), "watch");
    for (uint32_t i = 0; i < count; i++)
        td_request_release(requests[i]); /* the queue's handle is enough */
}

/* How many were taken. */
static uint32_t take_and_release(td_completion_queue *queue, uint64_t timeout_ns)
{
    td_completion taken[4 * MOST_TOGETHER];
    uint32_t count;
    load_ok(td_completion_queue_take(queue, taken, 4 * MOST_TOGETHER, timeout_ns, &count), "take");
    for (uint32_t i = 0; i < count; i++)
        td_request_release(taken[i].request);
    return count;
}

/* ---- one thread; each gives results a second ---- */

typedef struct one {
    td_completion_queue *queue;
    uint32_t together; /* requests that finish at once */
    int event;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    void *slots[MOST_TOGETHER];
    uint32_t used;
} one;

static double run_requests(one *o)
{
    td_request *requests[MOST_TOGETHER];
    const double start = load_now();
    for (uint32_t i = 0; i < REQUESTS; i += o->together) {
        make_and_watch(o->queue, requests, o->together);
        tdi_requests_finish(requests, o->together, TD_OK);
        (void)take_and_release(o->queue, 0);
    }
    return REQUESTS / (load_now() - start);
}

static void write_event(int event)
{
    const uint64_t value = 1;
    if (write(event, &value, sizeof value) != sizeof value)
        load_check(VK_ERROR_UNKNOWN, "write");
}

static void read_event(int event)
{
    uint64_t value;
    if (read(event, &value, sizeof value) != sizeof value)
        load_check(VK_ERROR_UNKNOWN, "read");
}

static double run_events(one *o)
{
    const double start = load_now();
    for (uint32_t i = 0; i < REQUESTS; i++) {
        write_event(o->event);
        read_event(o->event);
    }
    return REQUESTS / (load_now() - start);
}

static double run_hand_over(one *o)
{
    const double start = load_now();
    for (uint32_t i = 0; i < REQUESTS; i++) {
        pthread_mutex_lock(&o->mutex);
        o->slots[o->used++] = o;
        pthread_cond_signal(&o->changed);
        pthread_mutex_unlock(&o->mutex);
        pthread_mutex_lock(&o->mutex);
        while (o->used == 0)
            pthread_cond_wait(&o->changed, &o->mutex);
        o->slots[--o->used] = NULL;
        pthread_mutex_unlock(&o->mutex);
    }
    return REQUESTS / (load_now() - start);
}

/* ---- two threads: one finishes what the other made, which takes it ---- */

typedef struct two {
    td_completion_queue *queue;
    td_request *batches[IN_FLIGHT][MOST_TOGETHER];
    atomic_uint made, finished; /* batches */
} two;

static uint32_t until_more(const atomic_uint *count, uint32_t than)
{
    uint32_t now;
    while ((now = atomic_load_explicit(count, memory_order_acquire)) == than)
        sched_yield();
    return now;
}

static void *finish_batches(void *user)
{
    two *t = user;
    for (uint32_t done = 0; done < REQUESTS / MOST_TOGETHER; done++) {
        (void)until_more(&t->made, done);
        tdi_requests_finish(t->batches[done % IN_FLIGHT], MOST_TOGETHER, TD_OK);
        atomic_store_explicit(&t->finished, done + 1, memory_order_release);
    }
    return NULL;
}

static double run_two(one *o)
{
    static two t;
    pthread_t finisher;
    t = (two){.queue = o->queue};
    const double start = load_now();
    pthread_create(&finisher, NULL, finish_batches, &t);
    for (uint32_t made = 0, taken = 0; taken < REQUESTS;) {
        if (made < REQUESTS / MOST_TOGETHER && made - atomic_load(&t.finished) < IN_FLIGHT) {
            make_and_watch(t.queue, t.batches[made % IN_FLIGHT], MOST_TOGETHER);
            atomic_store_explicit(&t.made, ++made, memory_order_release);
            continue;
        }
        taken += take_and_release(t.queue, TD_FOREVER);
    }
    pthread_join(finisher, NULL);
    return REQUESTS / (load_now() - start);
}

static void *write_events(void *user)
{
    const one *o = user;
    for (uint32_t i = 0; i < REQUESTS; i++)
        write_event(o->event);
    return NULL;
}

static double run_two_events(one *o)
{
    pthread_t writer;
    uint64_t value;
    const double start = load_now();
    pthread_create(&writer, NULL, write_events, o);
    for (uint64_t seen = 0; seen < REQUESTS; seen += value)
        if (read(o->event, &value, sizeof value) != sizeof value)
            load_check(VK_ERROR_UNKNOWN, "read");
    pthread_join(writer, NULL);
    return REQUESTS / (load_now() - start);
}

static void *give(void *user)
{
    one *o = user;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        pthread_mutex_lock(&o->mutex);
        while (o->used == MOST_TOGETHER)
            pthread_cond_wait(&o->changed, &o->mutex);
        o->slots[o->used++] = o;
        pthread_cond_signal(&o->changed);
        pthread_mutex_unlock(&o->mutex);
    }
    return NULL;
}

static double run_two_hand_over(one *o)
{
    pthread_t giver;
    const double start = load_now();
    pthread_create(&giver, NULL, give, o);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        pthread_mutex_lock(&o->mutex);
        while (o->used == 0)
            pthread_cond_wait(&o->changed, &o->mutex);
        o->slots[--o->used] = NULL;
        pthread_cond_signal(&o->changed);
        pthread_mutex_unlock(&o->mutex);
    }
    pthread_join(giver, NULL);
    return REQUESTS / (load_now() - start);
}

/* ---- rows ---- */

typedef struct way {
    const char *name;
    double (*run)(one *o);
    uint32_t together;
    bool polled; /* somebody asked for the queue's descriptor */
} way;

static const way ways[] = {
    {"one thread", run_requests, 1, false},
    {"one thread, 16 together", run_requests, MOST_TOGETHER, false},
    {"one thread, 16 together, polled", run_requests, MOST_TOGETHER, true},
    {"one thread, event descriptor", run_events, 1, false},
    {"one thread, lock and condition", run_hand_over, 1, false},
    {"two threads, 16 together", run_two, MOST_TOGETHER, false},
    {"two threads, 16 together, polled", run_two, MOST_TOGETHER, true},
    {"two threads, event descriptor", run_two_events, 1, false},
    {"two threads, lock and condition", run_two_hand_over, 1, false},
};
enum { WAY_COUNT = sizeof ways / sizeof ways[0] };

static double cpu_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Requests a second, and the processor's time for each, of both threads together. */
static double run_way(one *o, const way *w, double *cpu_ns)
{
    const double start = cpu_now();
    load_ok(td_completion_queue_create(&o->queue), "completion queue");
    if (w->polled)
        (void)td_completion_queue_descriptor(o->queue);
    o->together = w->together;
    const double rate = w->run(o);
    td_completion_queue_destroy(o->queue);
    *cpu_ns = 1e9 * (cpu_now() - start) / REQUESTS;
    return rate;
}

static json_t *measure_ways(void)
{
    static double rates[WAY_COUNT][ROUNDS], cpu_ns[WAY_COUNT][ROUNDS];
    one o = {.event = eventfd(0, 0)};
    json_t *rows = json_array();
    pthread_mutex_init(&o.mutex, NULL);
    pthread_cond_init(&o.changed, NULL);
    for (uint32_t r = 0; r < ROUNDS; r++)
        for (uint32_t i = 0; i < WAY_COUNT; i++)
            rates[i][r] = run_way(&o, &ways[i], &cpu_ns[i][r]);
    for (uint32_t i = 0; i < WAY_COUNT; i++) {
        const double rate = load_median(rates[i], ROUNDS);
        json_array_append_new(rows, json_pack("{s:s, s:f, s:f, s:f}", "way", ways[i].name, "per_s",
                                              rate, "ns_each", 1e9 / rate, "cpu_ns_each",
                                              load_median(cpu_ns[i], ROUNDS)));
    }
    pthread_cond_destroy(&o.changed);
    pthread_mutex_destroy(&o.mutex);
    close(o.event);
    return rows;
}

int main(void)
{
    json_t *rows = measure_ways();
    json_t *report = json_pack("{s:s, s:o, s:o}", "benchmark", "requests", "rows", rows, "wake_up",
                               measure_wake_up());
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    return 0;
}
