/* Work on devices that fail as a plan says (tests/layers/faults.h), and what must hold afterwards.
 */
#ifndef TESTS_GPU_FAULT_SUPPORT_H
#define TESTS_GPU_FAULT_SUPPORT_H

#include "gpu_test.h"

#include "../layers/faults.h"

/* The layer of a device; fails where it is not loaded. */
faults fault_find(td_device *device);

/* Work that arms the plan when it is ready for it, and frees all that it made. */
typedef void (*fault_work_fn)(td_device *device, const faults *f, const faults_plan *plan);

/* True if the call gave TD_OK; fails for all but TD_ERROR_DEVICE_LOST with a sentence. */
bool fault_went_well(td_result result);

/* Fails if the device takes a submission. */
void fault_assert_lost(td_device *device);

/* Works on a device of its own, then looks that a lost one stays lost, that all of its memory and
 * of the budget came back, and that validation has said nothing. True if the plan's call came. */
bool fault_survives(fault_work_fn work, const faults_plan *plan);

/* Without validation, for work that the host signals: that of 1.3.239 loses count of the semaphores
 * then, and waits for itself for ten seconds (UNASSIGNED-VkSemaphore-state-timeout, "most likely a
 * validation bug"). */
bool fault_survives_unwatched(fault_work_fn work, const faults_plan *plan);

/* How far apart the calls are that a sweep lets fail: every one in the long run; under sanitizers,
 * where each try takes several times as long, fewer than otherwise. */
uint32_t fault_step(uint32_t step);

/* Loses the device at the first of these calls (of faults_call), then at one `step` later, and so
 * on until it does not come any more; the long run tries every single one. Submissions once before
 * they have done their work and once after. Fails with fewer than `at_least` losses. */
void fault_survives_at_each(fault_work_fn work, uint64_t calls, uint32_t at_least, uint32_t step);

#endif
