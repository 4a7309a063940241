/* The order of uploads that wait: the highest priority first, and among equals the one that came
 * first. A binary heap, so that thousands may wait and their priorities change. Not thread-safe. */
#ifndef TDI_ASYNC_UPLOAD_QUEUE_H
#define TDI_ASYNC_UPLOAD_QUEUE_H

#include <stddef.h>

#include "base/error.h"

/* Lies in what is queued. */
typedef struct tdi_upload_place {
    int64_t priority;
    uint64_t number; /* in the order of arrival; the queue's, as is the next */
    size_t index;
    bool queued;
} tdi_upload_place;

typedef struct tdi_upload_queue {
    tdi_upload_place **heap;
    size_t count, capacity;
    uint64_t arrivals;
} tdi_upload_queue;

/* A zeroed queue is empty. */
void tdi_upload_queue_free(tdi_upload_queue *queue);

/* With the priority that is set in it. TD_ERROR_HOST_MEMORY. */
td_result tdi_upload_queue_add(tdi_upload_queue *queue, tdi_upload_place *place);
/* The next one, taken out; NULL if there is none. */
tdi_upload_place *tdi_upload_queue_take(tdi_upload_queue *queue);
/* Both take one that is queued. */
void tdi_upload_queue_remove(tdi_upload_queue *queue, tdi_upload_place *place);
void tdi_upload_queue_move(tdi_upload_queue *queue, tdi_upload_place *place, int64_t priority);

#endif
