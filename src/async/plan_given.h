/* What an execution of a plan is given: whether it can be taken as it is, and at which stages its
 * waits are made. */
#ifndef TDI_ASYNC_PLAN_GIVEN_H
#define TDI_ASYNC_PLAN_GIVEN_H

#include "async/plan.h"

/* TD_ERROR_ARGUMENT or TD_ERROR_STATE before anything of the execution was done: for missing
 * arrays, too many waits, bindings of what is not bound, and tickets that are not the device's. */
td_result tdi_plan_check_given(td_device *device, const td_plan *plan,
                               const td_execution *execution);

/* Those stages of a queue of the plan's that wait for what is to be waited for at `stages`; 0: that
 * queue does not. Where no queue uses any of them, the first batch waits, before everything. */
VkPipelineStageFlags2 tdi_plan_given_stages(const td_plan *plan, uint32_t queue,
                                            VkPipelineStageFlags2 stages);

#endif
