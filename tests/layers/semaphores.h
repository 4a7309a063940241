/* What semaphores of a device will be worth once everything that was forwarded has run. */
#ifndef TESTS_LAYERS_SEMAPHORES_H
#define TESTS_LAYERS_SEMAPHORES_H

#include "batch.h"
#include "virtual_queue.h"

/* All under the mutex of the set. */

/* Whether a wait is met by what was forwarded. */
bool semaphore_is_met(queue_set *set, const VkSemaphoreSubmitInfo *wait);
/* Whether everything that the batch waits for was forwarded. */
bool semaphores_let_go(queue_set *set, const batch *waiting);
/* The batch is forwarded. */
void semaphores_pass(queue_set *set, const batch *passed);
/* A binary semaphore is, or is not, about to be signalled by something else than a submission. */
void semaphore_set_binary(queue_set *set, VkSemaphore semaphore, bool signalled);
/* The host signals a timeline. */
void semaphore_raise(queue_set *set, VkSemaphore semaphore, uint64_t value);
/* Whether the batch, once it goes, would meet the wait. */
bool semaphore_would_meet(queue_set *set, const batch *later, const VkSemaphoreSubmitInfo *wait);

extern const layer_function semaphore_functions[];
extern const size_t semaphore_function_count;

#endif
