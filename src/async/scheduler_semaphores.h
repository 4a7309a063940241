/* Binary semaphores that a program was handed and may still wait for after the end of their
 * scheduler. Nothing tells when it has: so the device keeps them to its own end. */
#ifndef TDI_ASYNC_SCHEDULER_SEMAPHORES_H
#define TDI_ASYNC_SCHEDULER_SEMAPHORES_H

#include "gpu/device.h"

#define TDI_MOST_LEFT 16

/* What one scheduler leaves. Made with it, so that its end cannot fail. */
typedef struct tdi_left_semaphores tdi_left_semaphores;
struct tdi_left_semaphores {
    tdi_left_semaphores *next;
    uint32_t count;
    VkSemaphore handles[TDI_MOST_LEFT];
};

td_result tdi_left_semaphores_create(td_device *device, tdi_left_semaphores **out);
/* Gives them to the device. NULL is fine. */
void tdi_left_semaphores_leave(td_device *device, tdi_left_semaphores *left);

#endif
