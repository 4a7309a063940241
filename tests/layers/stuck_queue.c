#include "stuck_queue.h"

#include "batch.h"
#include "layer_report.h"
#include "semaphores.h"
#include "split_device.h"

#define NO_QUEUE SPLIT_FAMILIES

/* The first wait of a list that nothing forwarded meets; NULL if there is none. */
static VkSemaphoreSubmitInfo *open_wait(queue_set *set, const virtual_queue *queue)
{
    const batch *head = queue->first;
    for (uint32_t i = 0; head && i < head->info.waitSemaphoreInfoCount; i++)
        if (!semaphore_is_met(set, &head->waits[i]))
            return &head->waits[i];
    return NULL;
}

/* The queue in whose list the signal lies that the list waits for. */
static uint32_t waits_for(queue_set *set, uint32_t index)
{
    const VkSemaphoreSubmitInfo *wait = open_wait(set, &set->queues[index]);
    for (uint32_t i = 0; wait && i < SPLIT_FAMILIES; i++)
        for (const batch *at = set->queues[i].first; at; at = at->following)
            if (semaphore_would_meet(set, at, wait))
                return i;
    return NO_QUEUE;
}

static bool waits_for_itself(queue_set *set, uint32_t index)
{
    uint32_t at = index;
    for (uint32_t step = 0; step < SPLIT_FAMILIES && at != NO_QUEUE; step++) {
        at = waits_for(set, at);
        if (at == index)
            return true;
    }
    return false;
}

static void drop_wait(batch *head, VkSemaphoreSubmitInfo *wait)
{
    *wait = head->waits[--head->info.waitSemaphoreInfoCount];
}

bool stuck_queue_free_one(queue_set *set)
{
    for (uint32_t i = 0; i < SPLIT_FAMILIES; i++) {
        if (!waits_for_itself(set, i))
            continue;
        virtual_queue *queue = &set->queues[i];
        VkSemaphoreSubmitInfo *wait = open_wait(set, queue);
        layer_report(queue->device->base, "TANDEM-split-deadlock",
                     "the %s queue waits for value %llu of semaphore 0x%llx, whose signal comes "
                     "later on the %s queue, behind this wait: a deadlock",
                     split_family_name(i), (unsigned long long)wait->value,
                     (unsigned long long)OBJECT_HANDLE(wait->semaphore),
                     split_family_name(waits_for(set, i)));
        drop_wait(queue->first, wait);
        return true;
    }
    return false;
}
