/* Finds lists of submissions that wait for each other. */
#ifndef TESTS_LAYERS_STUCK_QUEUE_H
#define TESTS_LAYERS_STUCK_QUEUE_H

#include "virtual_queue.h"

/* Reports lists that wait for each other, or one that waits for what comes later in it, and drops
 * the wait of one of them; false if there are none. Under the mutex of the set. */
bool stuck_queue_free_one(queue_set *set);

#endif
