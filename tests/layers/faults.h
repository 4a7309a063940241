/* What a test calls in the layer VK_LAYER_TANDEM_faults, which makes the Nth of some calls of a
 * device fail. It lies above validation: that sees only what truly happens.
 *
 *     faults f;
 *     assert_true(faults_find(vkGetDeviceProcAddr, device->handle, &f));
 *     f.arm(device->handle, &(faults_plan){.calls = FAULTS_SUBMIT2, .nth = 3,
 *                                          .result = VK_ERROR_DEVICE_LOST});
 *     ...
 *     if (!f.happened(device->handle)) there were fewer than three such calls
 *
 * After VK_ERROR_DEVICE_LOST the device is lost as a real one is: every call that Vulkan lets
 * report it does, waits of other threads end with it, and nothing is executed any more (what was
 * submitted before has ended when the first call reports the loss).
 */
#ifndef TESTS_LAYERS_FAULTS_H
#define TESTS_LAYERS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <vulkan/vulkan_core.h>

typedef enum faults_call {
    FAULTS_SUBMIT2 = 1,
    FAULTS_SUBMIT = 2,
    FAULTS_WAIT_SEMAPHORES = 4,
    FAULTS_COUNTER_VALUE = 8, /* vkGetSemaphoreCounterValue */
    FAULTS_QUEUE_IDLE = 16,
    FAULTS_DEVICE_IDLE = 32,
} faults_call;

typedef struct faults_plan {
    uint32_t calls;  /* of faults_call; counted together */
    uint32_t nth;    /* the first that fails, from 1; 0: none, only count */
    uint32_t times;  /* how many fail from there on; 0 means 1 */
    VkResult result; /* an error that Vulkan lets the call return */
    bool after;      /* the call is made, and then reports the error all the same */
} faults_plan;

typedef struct faults {
    /* Starts to count from 0. A device that is lost stays so. */
    void (*arm)(VkDevice device, const faults_plan *plan);
    uint32_t (*counted)(VkDevice device); /* calls of the plan since then */
    bool (*happened)(VkDevice device);    /* whether any was made to fail */
    bool (*lost)(VkDevice device);        /* from then on no wait succeeds any more */
} faults;

#define FAULTS_ARM      "vkTandemFaultsArm"
#define FAULTS_COUNTED  "vkTandemFaultsCounted"
#define FAULTS_HAPPENED "vkTandemFaultsHappened"
#define FAULTS_LOST     "vkTandemFaultsLost"

/* False where the layer is not loaded. */
static inline bool faults_find(PFN_vkGetDeviceProcAddr get, VkDevice device, faults *out)
{
    const PFN_vkVoidFunction functions[] = {get(device, FAULTS_ARM), get(device, FAULTS_COUNTED),
                                            get(device, FAULTS_HAPPENED), get(device, FAULTS_LOST)};
    memcpy(&out->arm, &functions[0], sizeof functions[0]);
    memcpy(&out->counted, &functions[1], sizeof functions[1]);
    memcpy(&out->happened, &functions[2], sizeof functions[2]);
    memcpy(&out->lost, &functions[3], sizeof functions[3]);
    return functions[0] && functions[1] && functions[2] && functions[3];
}

#endif
