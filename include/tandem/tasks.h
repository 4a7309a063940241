/** @file
 * Patterns for work on many threads: parallel tasks, producer and consumers, and what the threads
 * gained.
 */
#ifndef TANDEM_TASKS_H
#define TANDEM_TASKS_H

#include <tandem/monitor.h>
#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of a task. */
typedef struct td_task_result {
    uint64_t id;       /**< The task's. */
    td_result result;  /**< What the task's function returned. */
    char error[256];   /**< The sentence of its failure, else empty. */
    void *output;      /**< What the function left; the receiver's. */
    double seconds;    /**< From its start to its end. */
    uint32_t worker;   /**< Which worker did it. */
    uint64_t begin_ns; /**< CLOCK_MONOTONIC. */
    uint64_t end_ns;   /**< CLOCK_MONOTONIC. */
} td_task_result;

/** Does one task on a worker's thread; may leave something in `*output`. */
typedef td_result (*td_task_fn)(void *user, uint64_t id, uint32_t worker, void **output);

/** A set of tasks under way. Opaque; thread-safe. */
typedef struct td_tasks td_tasks;

/** How tasks are run. */
typedef struct td_tasks_params {
    td_task_fn run;      /**< Required. */
    void *user;          /**< Handed to it. */
    uint32_t workers;    /**< 1 to 256; 0: the cores given to the process. More than twice as many
                              are logged as a warning. */
    uint32_t queue_size; /**< Tasks that wait at most; 0: twice the workers. */
    void (*discard)(void *user,
                    void *output); /**< Frees an output that nobody took; may be NULL. */
    td_monitor *monitor; /**< Receives a span a task, on tracks "Worker-0" and on; may be NULL. */
} td_tasks_params;

/** Starts the workers. ::TD_ERROR_ARGUMENT, ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_SYSTEM. */
TD_API td_result td_tasks_create(const td_tasks_params *params, td_tasks **out);

/** Ends the workers once their present task is done, drops tasks that no worker took, and frees
 * everything. NULL is fine. */
TD_API void td_tasks_destroy(td_tasks *tasks);

/** Puts a task into the bounded queue, waiting at most `timeout_ns` for a place:
 * ::TD_ERROR_AGAIN (limit 0) or ::TD_ERROR_TIMEOUT. ::TD_ERROR_STATE after td_tasks_finish, and
 * instead of a wait in a request's callback (tandem/request.h), as for all waits here. */
TD_API td_result td_tasks_put(td_tasks *tasks, uint64_t id, uint64_t timeout_ns);

/** No more tasks will come: an end marker for each worker. */
TD_API void td_tasks_finish(td_tasks *tasks);

/** Takes one result, in order of completion, waiting at most `timeout_ns`. ::TD_ERROR_TIMEOUT;
 * ::TD_ERROR_NOT_FOUND when all tasks that were put have been taken and no more can come. */
TD_API td_result td_tasks_take(td_tasks *tasks, uint64_t timeout_ns, td_task_result *out);

/** Waits at most `timeout_ns` until all workers have ended, after td_tasks_finish.
 * ::TD_ERROR_TIMEOUT, ::TD_ERROR_STATE before td_tasks_finish. */
TD_API td_result td_tasks_join(td_tasks *tasks, uint64_t timeout_ns);

/** One run of a workload in some mode. */
typedef struct td_threading_run {
    const char *mode;  /**< Its name; the first that contains "sequential" is the baseline. */
    double total_time; /**< Seconds from start to end. */
    uint32_t workers;  /**< 0: 1. */
    const td_task_result *tasks; /**< May be NULL. */
    uint32_t task_count;         /**< Number of tasks. */
} td_threading_run;

/** What a mode gained. */
typedef struct td_threading_stats {
    double total_time_ms;             /**< Time from start to end. */
    double speedup;                   /**< Over the baseline; 0 without one. */
    double efficiency_percent;        /**< Speed-up over workers. */
    uint32_t threads_used;            /**< Distinct workers among the tasks. */
    uint32_t theoretical_max_speedup; /**< The workers. */
    double utilization_percent;       /**< Threads used over workers. */
    double busy_percent; /**< Measured: time within tasks over workers times total time;
                              -1 without tasks. */
} td_threading_stats;

/** Analyses runs, one result each. ::TD_ERROR_ARGUMENT for a NULL or a time that is not positive.
 * Thread-safe. */
TD_API td_result td_analyze_threading(const td_threading_run *runs, uint32_t count,
                                      td_threading_stats *out);

#ifdef __cplusplus
}
#endif
#endif
