/* How a test's layer learns what passes declare. When a plan is recorded, each pass is told to the
 * device function vkDeclareUsesTANDEM, which only layers of tests have: after the pass's barriers,
 * before its own commands. Without such a layer it costs one branch a pass.
 *
 * The handles are those that the program sees: a layer below one that wraps handles (validation
 * does, unless VK_LAYER_DISABLES has VK_VALIDATION_FEATURE_DISABLE_UNIQUE_HANDLES_EXT) does not
 * know them. A layer that implements it hands the call on to the next layer's, if that has one. */
#ifndef TDI_ASYNC_PLAN_DECLARE_H
#define TDI_ASYNC_PLAN_DECLARE_H

#include <tandem/graph.h>

#define TDI_DECLARE_USES "vkDeclareUsesTANDEM"

/* Either a part of a buffer or an image, all of it. */
typedef struct tdi_declared_use {
    const char *resource; /* its name in the graph */
    VkBuffer buffer;
    VkDeviceSize offset, size; /* of the buffer; size VK_WHOLE_SIZE: to its end */
    VkImage image;
    VkImageLayout layout;
    VkPipelineStageFlags2 stages; /* HOST: the host reads after it has waited for the submission */
    VkAccessFlags2 access;
    td_access_mode mode;
    td_before before;
    bool new_life; /* transient memory, of which nothing that is in it may be needed any more */
} tdi_declared_use;

/* All pointers live until the call returns. */
typedef struct tdi_declared_pass {
    const char *graph, *pass;
    VkCommandBuffer commands; /* recording */
    const tdi_declared_use *uses;
    uint32_t use_count;
} tdi_declared_pass;

typedef void(VKAPI_PTR *tdi_declare_uses_fn)(VkDevice device, const tdi_declared_pass *pass);

/* NULL where no layer wants to know. */
tdi_declare_uses_fn tdi_plan_declare_find(const td_device *device);

/* Tells `declare` of pass `pass` (index in order of adding) of the plan; `bound` by td_resource. */
void tdi_plan_declare(tdi_declare_uses_fn declare, const td_device *device, const td_plan *plan,
                      uint32_t pass, const td_bound *bound, VkCommandBuffer commands);

#endif
