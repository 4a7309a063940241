/* Images and buffers that the GPU may still use: they are destroyed when it is done with them, and
 * until then count as memory on its way back, which an allocation that does not fit waits for.
 * td_device_destroy waits for all of them. Thread-safe. */
#ifndef TDI_ASYNC_RETIRE_H
#define TDI_ASYNC_RETIRE_H

#include "async/lane.h"
#include "gpu/buffer.h"
#include "gpu/image.h"

/* Lies in what is retired, so that nothing has to be allocated when it is. */
typedef struct tdi_retirement tdi_retirement;
struct tdi_retirement {
    /* Destroys it, and frees what the retirement lies in. Called once: by tdi_retire itself where
     * the GPU is done already, else on the completion thread, under none of its locks. */
    void (*destroy)(td_device *device, tdi_retirement *self);
    uint64_t bytes;  /* that come back with it */
    tdi_watch watch; /* retire.c's, as is the device */
    td_device *device;
};

/* `destroy` and `bytes` are set. `last_use` was given out by a submission, or has value 0. */
void tdi_retire(td_device *device, tdi_retirement *retirement, td_ticket last_use);

/* Take the object over and leave a zeroed one. They need a little host memory, and where there is
 * none they wait for the ticket themselves: call them under no lock. A zeroed object is fine. */
void tdi_retire_image(td_device *device, tdi_vk_image *image, td_ticket last_use);
void tdi_retire_buffer(td_device *device, tdi_buffer *buffer, td_ticket last_use);

#endif
