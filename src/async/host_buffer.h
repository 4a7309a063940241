/* Host buffers: memory of the program's as the destination of readbacks, one at a time. */
#ifndef TDI_ASYNC_HOST_BUFFER_H
#define TDI_ASYNC_HOST_BUFFER_H

#include "async/readback.h"

/* Where a readback goes. */
typedef struct tdi_destination {
    tdi_lease *lease; /* begun */
    tdi_copy *copy;
    VkBuffer buffer;
    uint64_t size;
    void *bytes;             /* what the requests lend */
    tdi_readback_slot *slot; /* that is written; NULL: imported memory is */
    bool copied;             /* from there */
} tdi_destination;

/* Begins a readback into the buffer, with one request; where it is not imported, by way of a slot
 * of `ring`. TD_ERROR_STATE while one is pending, and as tdi_readback_begin. */
td_result tdi_host_buffer_begin(td_host_buffer *buffer, td_readback *ring, uint64_t timeout_ns,
                                tdi_destination *out);

/* A claimed buffer refuses readbacks: a pool claims what it has not handed out. False if it is
 * claimed, or a request of a readback into it is not released. */
bool tdi_host_buffer_claim(td_host_buffer *buffer);
void tdi_host_buffer_unclaim(td_host_buffer *buffer);

#endif
