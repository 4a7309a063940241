/* The queues of a device, and the lock of each: held around every use of the VkQueue. */
#ifndef TDI_GPU_QUEUE_H
#define TDI_GPU_QUEUE_H

#include "gpu/device.h"

/* Adds a queue, and its family where that is new. */
td_result tdi_queue_add(td_device *device, VkQueue handle, uint32_t family, uint32_t index,
                        const VkQueueFamilyProperties *properties);
void tdi_queues_destroy(td_device *device);

/* The program's lock, where it gave one, outside of tandem's: a program whose lock may be taken
 * twice by a thread can then hold it while it calls tandem, and no thread waits for the program
 * while it holds a queue. */
void tdi_queue_lock(td_device *device, uint32_t queue);
void tdi_queue_unlock(td_device *device, uint32_t queue);

#endif
