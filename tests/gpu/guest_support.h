/* Another Vulkan program: a device of the test's own, on the instance of a tandem device, so that
 * validation's messages count. */
#ifndef TESTS_GPU_GUEST_SUPPORT_H
#define TESTS_GPU_GUEST_SUPPORT_H

#include "gpu_test.h"

#include <tandem/ticket.h>
#include <tandem/vulkan.h>

#include "gpu/feature.h"

typedef struct guest {
    td_device *host; /* whose instance it uses */
    VkDevice device;
    struct VolkDeviceTable vk;
    tdi_feature_chain enabled;
    td_device_import_params params; /* what to hand to td_device_import; the test may change it */
} guest;

/* Everything that tandem needs is enabled, and the queues are the host's. */
void guest_open(td_device *host, guest *out);
/* The same with nothing but timeline semaphores and synchronization2. */
void guest_open_bare(td_device *host, guest *out);
void guest_close(guest *program);

td_device *guest_import(const guest *program);

/* Of the program's own. */
VkSemaphore guest_semaphore(const guest *program, bool timeline);
void guest_signal(const guest *program, VkSemaphore timeline, uint64_t value);
uint64_t guest_value(const guest *program, VkSemaphore timeline);
/* An empty submission to the queue of a lane, under no lock. */
void guest_submit(const guest *program, td_lane lane, const VkSemaphoreSubmitInfo *wait,
                  const VkSemaphoreSubmitInfo *signal);

#endif
