#include <tandem/tasks.h>

#include "async/waiter.h"
#include "base/clock.h"
#include "base/living.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

#define MOST_WORKERS 256
#define TRACK_LENGTH 24

typedef struct task_node task_node;
struct task_node {
    td_task_result done; /* its id from the start, the rest once it is done */
    task_node *next;
};

/* First in, first out. */
typedef struct task_list {
    task_node *first, *last;
    uint32_t count;
} task_list;

typedef struct task_worker {
    td_tasks *tasks;
    uint32_t index;
    char name[TRACK_LENGTH];
    tdi_thread thread;
} task_worker;

struct td_tasks {
    td_tasks_params params;
    tdi_mutex lock;
    tdi_cond place;   /* in the queue */
    tdi_cond work;    /* a task came, or the end */
    tdi_cond results; /* a task is done, or a worker has ended */
    task_list waiting, done;
    uint32_t running; /* tasks in workers' hands */
    bool finished, stopping;
    task_worker *workers;
    uint32_t worker_count, started, alive;
};

static void append(task_list *list, task_node *node)
{
    node->next = NULL;
    if (list->last)
        list->last->next = node;
    else
        list->first = node;
    list->last = node;
    list->count++;
}

static task_node *take_first(task_list *list)
{
    task_node *node = list->first;
    if (!node)
        return NULL;
    list->first = node->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    return node;
}

static td_result check_tasks(const td_tasks *tasks, const char *call)
{
    if (!tasks)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: the tasks are NULL", call);
    if (!tdi_living(tasks))
        return tdi_fail(TD_ERROR_STATE, "%s: these tasks were destroyed", call);
    return TD_OK;
}

/* ---- workers ---- */

static void run_task(task_worker *worker, task_node *node)
{
    const td_tasks_params *params = &worker->tasks->params;
    td_task_result *done = &node->done;
    tdi_set_last_error("");
    done->worker = worker->index;
    done->begin_ns = tdi_now_ns();
    done->result = params->run(params->user, done->id, worker->index, &done->output);
    done->end_ns = tdi_now_ns();
    done->seconds = (double)(done->end_ns - done->begin_ns) / (double)TDI_NS_PER_S;
    if (done->result != TD_OK) {
        const char *sentence = td_last_error();
        tdi_snprintf(done->error, sizeof done->error, "%s",
                     sentence[0] ? sentence : td_result_text(done->result));
    }
    if (params->monitor)
        td_monitor_add(params->monitor, worker->name, "task", (int64_t)done->id, done->begin_ns,
                       done->end_ns);
}

/* Called with the lock held, which is dropped while the task runs. */
static void work(task_worker *worker, task_node *node)
{
    td_tasks *tasks = worker->tasks;
    tasks->running++;
    tdi_cond_signal(&tasks->place);
    tdi_mutex_unlock(&tasks->lock);
    run_task(worker, node);
    tdi_mutex_lock(&tasks->lock);
    tasks->running--;
    append(&tasks->done, node);
    tdi_cond_broadcast(&tasks->results);
}

static void run_worker(void *user)
{
    task_worker *worker = user;
    td_tasks *tasks = worker->tasks;
    tdi_mutex_lock(&tasks->lock);
    while (!tasks->stopping) {
        task_node *node = take_first(&tasks->waiting);
        if (node)
            work(worker, node);
        else if (tasks->finished)
            break;
        else
            tdi_cond_wait(&tasks->work, &tasks->lock);
    }
    tasks->alive--;
    tdi_cond_broadcast(&tasks->results);
    tdi_mutex_unlock(&tasks->lock);
}

/* ---- creation ---- */

static td_result start_workers(td_tasks *tasks)
{
    tasks->workers = tdi_alloc_zero(tasks->worker_count, sizeof tasks->workers[0]);
    if (!tasks->workers)
        return TD_ERROR_HOST_MEMORY;
    tasks->alive = tasks->worker_count;
    for (uint32_t i = 0; i < tasks->worker_count; i++) {
        task_worker *worker = &tasks->workers[i];
        worker->tasks = tasks;
        worker->index = i;
        tdi_snprintf(worker->name, sizeof worker->name, "Worker-%u", i);
        TDI_TRY(tdi_thread_start(&worker->thread, worker->name, run_worker, worker));
        tasks->started++;
    }
    return TD_OK;
}

static td_result make_sync(td_tasks *tasks)
{
    TDI_TRY(tdi_mutex_init(&tasks->lock, TDI_RANK_POOL));
    td_result result = tdi_cond_init(&tasks->place);
    if (result == TD_OK) {
        result = tdi_cond_init(&tasks->work);
        if (result == TD_OK) {
            result = tdi_cond_init(&tasks->results);
            if (result == TD_OK)
                return TD_OK;
            tdi_cond_destroy(&tasks->work);
        }
        tdi_cond_destroy(&tasks->place);
    }
    tdi_mutex_destroy(&tasks->lock);
    return result;
}

static td_result check_params(const td_tasks_params *params, td_tasks **out)
{
    if (!params || !params->run || !out)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_tasks_create: params, its run function and out must not be NULL");
    if (params->workers > MOST_WORKERS)
        return tdi_fail(TD_ERROR_ARGUMENT, "%u workers; 1 to %d are possible", params->workers,
                        MOST_WORKERS);
    return TD_OK;
}

td_result td_tasks_create(const td_tasks_params *params, td_tasks **out)
{
    TDI_TRY(check_params(params, out));
    const uint32_t cores = tdi_core_count();
    const uint32_t workers = params->workers        ? params->workers
                             : cores < MOST_WORKERS ? cores
                                                    : MOST_WORKERS;
    if (workers > 2 * cores)
        tdi_log(TD_LOG_WARNING,
                "%u workers on %u cores: more than twice as many wait for each other", workers,
                cores);
    td_tasks *tasks = tdi_alloc_zero(1, sizeof *tasks);
    if (!tasks)
        return TD_ERROR_HOST_MEMORY;
    tasks->params = *params;
    tasks->worker_count = workers;
    if (tasks->params.queue_size == 0)
        tasks->params.queue_size = 2 * workers;
    td_result result = make_sync(tasks);
    if (result != TD_OK) {
        tdi_free(tasks);
        return result;
    }
    tdi_living_add(tasks);
    result = start_workers(tasks);
    if (result != TD_OK) {
        td_tasks_destroy(tasks);
        return result;
    }
    *out = tasks;
    return TD_OK;
}

static void free_list(const td_tasks *tasks, task_list *list)
{
    for (task_node *node = take_first(list); node; node = take_first(list)) {
        if (node->done.output && tasks->params.discard)
            tasks->params.discard(tasks->params.user, node->done.output);
        tdi_free(node);
    }
}

void td_tasks_destroy(td_tasks *tasks)
{
    if (!tasks || !tdi_living(tasks))
        return;
    tdi_living_remove(tasks);
    tdi_mutex_lock(&tasks->lock);
    tasks->stopping = true;
    tdi_cond_broadcast(&tasks->work);
    tdi_mutex_unlock(&tasks->lock);
    for (uint32_t i = 0; i < tasks->started; i++)
        tdi_thread_join(&tasks->workers[i].thread);
    free_list(tasks, &tasks->waiting);
    free_list(tasks, &tasks->done);
    tdi_cond_destroy(&tasks->results);
    tdi_cond_destroy(&tasks->work);
    tdi_cond_destroy(&tasks->place);
    tdi_mutex_destroy(&tasks->lock);
    tdi_free(tasks->workers);
    tdi_free(tasks);
}

/* ---- use ---- */

static td_result fail_waited(uint64_t timeout_ns, const char *what)
{
    return tdi_fail(timeout_ns == 0 ? TD_ERROR_AGAIN : TD_ERROR_TIMEOUT, "%s", what);
}

/* A task may itself wait for a request that the callback's thread has to finish. */
static td_result may_wait(uint64_t timeout_ns, const char *call)
{
    return timeout_ns == 0 ? TD_OK : tdi_check_may_wait(call);
}

/* Called with the lock held. */
static td_result put_node(td_tasks *tasks, task_node *node, uint64_t timeout_ns)
{
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    while (!tasks->finished && tasks->waiting.count >= tasks->params.queue_size) {
        TDI_TRY(may_wait(timeout_ns, "td_tasks_put"));
        if (timeout_ns == 0 || !tdi_cond_wait_until(&tasks->place, &tasks->lock, deadline))
            return fail_waited(timeout_ns, "the queue of tasks is full");
    }
    if (tasks->finished)
        return tdi_fail(TD_ERROR_STATE, "task %llu comes after td_tasks_finish",
                        (unsigned long long)node->done.id);
    append(&tasks->waiting, node);
    tdi_cond_signal(&tasks->work);
    return TD_OK;
}

td_result td_tasks_put(td_tasks *tasks, uint64_t id, uint64_t timeout_ns)
{
    TDI_TRY(check_tasks(tasks, "td_tasks_put"));
    /* The result's memory, too: a task that is done always has a place. */
    task_node *node = tdi_alloc_zero(1, sizeof *node);
    if (!node)
        return TD_ERROR_HOST_MEMORY;
    node->done.id = id;
    tdi_mutex_lock(&tasks->lock);
    const td_result result = put_node(tasks, node, timeout_ns);
    tdi_mutex_unlock(&tasks->lock);
    if (result != TD_OK)
        tdi_free(node);
    return result;
}

void td_tasks_finish(td_tasks *tasks)
{
    if (check_tasks(tasks, "td_tasks_finish") != TD_OK)
        return;
    tdi_mutex_lock(&tasks->lock);
    tasks->finished = true;
    tdi_cond_broadcast(&tasks->work);
    tdi_cond_broadcast(&tasks->place);
    tdi_cond_broadcast(&tasks->results);
    tdi_mutex_unlock(&tasks->lock);
}

static bool nothing_can_come(const td_tasks *tasks)
{
    return tasks->finished && tasks->waiting.count == 0 && tasks->running == 0;
}

/* Called with the lock held. */
static td_result take_node(td_tasks *tasks, uint64_t timeout_ns, task_node **out)
{
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    while (tasks->done.count == 0) {
        if (nothing_can_come(tasks))
            return tdi_fail(TD_ERROR_NOT_FOUND, "all results have been taken");
        TDI_TRY(may_wait(timeout_ns, "td_tasks_take"));
        if (timeout_ns == 0 || !tdi_cond_wait_until(&tasks->results, &tasks->lock, deadline))
            return tdi_fail(TD_ERROR_TIMEOUT, "no task was done within the time limit");
    }
    *out = take_first(&tasks->done);
    return TD_OK;
}

td_result td_tasks_take(td_tasks *tasks, uint64_t timeout_ns, td_task_result *out)
{
    TDI_TRY(check_tasks(tasks, "td_tasks_take"));
    if (!out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_tasks_take: `out` is NULL");
    task_node *node = NULL;
    tdi_mutex_lock(&tasks->lock);
    const td_result result = take_node(tasks, timeout_ns, &node);
    tdi_mutex_unlock(&tasks->lock);
    if (result != TD_OK)
        return result;
    *out = node->done;
    tdi_free(node);
    return TD_OK;
}

/* Called with the lock held. */
static td_result wait_for_end(td_tasks *tasks, uint64_t timeout_ns)
{
    const uint64_t deadline = tdi_deadline(tdi_now_ns(), timeout_ns);
    if (!tasks->finished)
        return tdi_fail(TD_ERROR_STATE, "td_tasks_join comes before td_tasks_finish");
    while (tasks->alive > 0) {
        TDI_TRY(may_wait(timeout_ns, "td_tasks_join"));
        if (timeout_ns == 0 || !tdi_cond_wait_until(&tasks->results, &tasks->lock, deadline))
            return tdi_fail(TD_ERROR_TIMEOUT, "%u workers had not ended within the time limit",
                            tasks->alive);
    }
    return TD_OK;
}

td_result td_tasks_join(td_tasks *tasks, uint64_t timeout_ns)
{
    TDI_TRY(check_tasks(tasks, "td_tasks_join"));
    tdi_mutex_lock(&tasks->lock);
    const td_result result = wait_for_end(tasks, timeout_ns);
    tdi_mutex_unlock(&tasks->lock);
    return result;
}
