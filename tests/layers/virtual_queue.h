/* Three queues on one real queue, each with a list of what was submitted to it. A submission goes
 * to the real queue when it is the first of its list, everything that it waits for was forwarded,
 * and the schedule lets it. The real queue then runs them one after the other, so a wait is met by
 * whatever was forwarded before; the real submission keeps its own waits and signals, and waits of
 * the host go to the driver as they are. A thread of each device forwards what is held.
 *
 * Lists that wait for each other can never go (of a wait before its signal on one queue: a list
 * that waits for itself). That is reported, and one wait is dropped so that the program ends.
 *
 * Not followed: semaphores that share their payload with another process or device, which count as
 * signalled. */
#ifndef TESTS_LAYERS_VIRTUAL_QUEUE_H
#define TESTS_LAYERS_VIRTUAL_QUEUE_H

#include <pthread.h>

#include "layer.h"
#include "object_map.h"
#include "schedule.h"

#define SPLIT_FAMILIES 3

typedef struct batch batch;

/* A dispatchable handle: the loader's table comes first. */
typedef struct virtual_queue {
    void *loader_table;
    struct split_device *device;
    uint32_t family;
    batch *first, *last;
    uint64_t submitted; /* batches, ever */
} virtual_queue;

typedef struct queue_set {
    pthread_mutex_t mutex; /* of everything here, and of the real queue */
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;
    VkResult lost; /* VK_SUCCESS, or what a forwarded submission failed with */
    VkQueue real;
    schedule schedule;
    uint64_t submitted;
    uint64_t last_submission_ns, last_change_ns;
    object_map semaphores;
    virtual_queue queues[SPLIT_FAMILIES];
} queue_set;

/* In place, of zeroed memory. */
VkResult queue_set_create(struct split_device *device, queue_set *set);
/* Drops what could not go. */
void queue_set_destroy(queue_set *set);

extern const layer_function virtual_queue_functions[];
extern const size_t virtual_queue_function_count;

#endif
