#include "async/upload_queue.h"

#include "base/memory.h"

void tdi_upload_queue_free(tdi_upload_queue *queue)
{
    tdi_free(queue->heap);
    *queue = (tdi_upload_queue){0};
}

static bool goes_first(const tdi_upload_place *a, const tdi_upload_place *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->number < b->number;
}

static void put(tdi_upload_queue *queue, size_t index, tdi_upload_place *place)
{
    queue->heap[index] = place;
    place->index = index;
}

static void sift_up(tdi_upload_queue *queue, tdi_upload_place *place)
{
    size_t index = place->index;
    while (index > 0 && goes_first(place, queue->heap[(index - 1) / 2])) {
        put(queue, index, queue->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(queue, index, place);
}

static void sift_down(tdi_upload_queue *queue, tdi_upload_place *place)
{
    size_t index = place->index;
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < queue->count && goes_first(queue->heap[child + 1], queue->heap[child]))
            child++;
        if (child >= queue->count || !goes_first(queue->heap[child], place))
            break;
        put(queue, index, queue->heap[child]);
        index = child;
    }
    put(queue, index, place);
}

td_result tdi_upload_queue_add(tdi_upload_queue *queue, tdi_upload_place *place)
{
    TDI_TRY(
        tdi_grow((void **)&queue->heap, &queue->capacity, queue->count + 1, sizeof *queue->heap));
    place->number = queue->arrivals++;
    place->queued = true;
    put(queue, queue->count++, place);
    sift_up(queue, place);
    return TD_OK;
}

tdi_upload_place *tdi_upload_queue_take(tdi_upload_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    tdi_upload_place *first = queue->heap[0];
    tdi_upload_queue_remove(queue, first);
    return first;
}

void tdi_upload_queue_remove(tdi_upload_queue *queue, tdi_upload_place *place)
{
    tdi_upload_place *last = queue->heap[--queue->count];
    place->queued = false;
    if (last == place)
        return;
    put(queue, place->index, last);
    sift_up(queue, last);
    sift_down(queue, last);
}

void tdi_upload_queue_move(tdi_upload_queue *queue, tdi_upload_place *place, int64_t priority)
{
    place->priority = priority;
    sift_up(queue, place);
    sift_down(queue, place);
}
