#include "batch/stream.h"

td_result tdi_stream_init(tdi_stream *stream)
{
    stream->next = 0;
    stream->busy = false;
    stream->waiting = NULL;
    return tdi_mutex_init(&stream->lock, TDI_RANK_BATCH);
}

void tdi_stream_free(tdi_stream *stream)
{
    tdi_mutex_destroy(&stream->lock);
}

static void insert(tdi_stream *stream, tdi_stream_item *item)
{
    tdi_stream_item **at = &stream->waiting;
    while (*at && (*at)->number < item->number)
        at = &(*at)->next;
    item->next = *at;
    *at = item;
}

/* Takes the next item out if it is there. With the lock held. */
static tdi_stream_item *take_next(tdi_stream *stream)
{
    tdi_stream_item *item = stream->waiting;
    if (!item || item->number != stream->next)
        return NULL;
    stream->waiting = item->next;
    stream->next++;
    return item;
}

void tdi_stream_put(tdi_stream *stream, tdi_stream_item *item, void *user, uint32_t worker)
{
    tdi_mutex_lock(&stream->lock);
    insert(stream, item);
    tdi_stream_item *ready = stream->busy ? NULL : take_next(stream);
    stream->busy = stream->busy || ready;
    while (ready) {
        tdi_mutex_unlock(&stream->lock);
        ready->deliver(ready, user, worker);
        tdi_mutex_lock(&stream->lock);
        ready = take_next(stream);
        stream->busy = ready != NULL;
    }
    tdi_mutex_unlock(&stream->lock);
}
