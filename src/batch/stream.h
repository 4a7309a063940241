/* Streams: frames that are finished in any order and handed on in the order of their numbers, one
 * at a time, by whichever thread brings the one that was missing. Nobody waits. Thread-safe. */
#ifndef TDI_BATCH_STREAM_H
#define TDI_BATCH_STREAM_H

#include "base/thread.h"

typedef struct tdi_stream_item tdi_stream_item;
struct tdi_stream_item {
    uint64_t number;
    void (*deliver)(tdi_stream_item *item, void *user, uint32_t worker); /* may free the item */
    tdi_stream_item *next;
};

typedef struct tdi_stream {
    tdi_mutex lock;
    uint64_t next;            /* number that is delivered next */
    bool busy;                /* some thread delivers */
    tdi_stream_item *waiting; /* in order of number */
} tdi_stream;

td_result tdi_stream_init(tdi_stream *stream);
void tdi_stream_free(tdi_stream *stream);
/* Delivers the item and those that waited for it, or leaves it for the thread that will. `user` and
 * `worker` are handed to `deliver` of all that are delivered by this call. */
void tdi_stream_put(tdi_stream *stream, tdi_stream_item *item, void *user, uint32_t worker);

#endif
