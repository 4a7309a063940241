#include "render/pass_sets.h"

#include <string.h>

#include "base/memory.h"

struct tdi_pass_sets {
    td_device *device;
    tdi_descriptor_pool *pool;
    VkDescriptorSet sets[TDI_PIPELINE_COUNT];
    tdi_binding bindings[TDI_PIPELINE_COUNT][TDI_ROLE_COUNT]; /* as they were last written */
};

/* Of those pipelines that the passes have. */
static td_result fill_sets(const tdi_passes *passes, tdi_pass_sets *sets)
{
    uint32_t count = 0, buffers = 0;
    for (uint32_t i = 0; i < TDI_PIPELINE_COUNT; i++) {
        count += passes->pipelines[i].handle ? 1 : 0;
        buffers += passes->pipelines[i].binding_count;
    }
    TDI_TRY(tdi_descriptor_pool_create(passes->device, count, buffers, &sets->pool));
    for (uint32_t i = 0; i < TDI_PIPELINE_COUNT; i++) {
        if (passes->pipelines[i].handle)
            TDI_TRY(tdi_descriptor_set_create(passes->device, sets->pool, &passes->pipelines[i],
                                              NULL, &sets->sets[i]));
    }
    return TD_OK;
}

td_result tdi_pass_sets_create(const tdi_passes *passes, tdi_pass_sets **out)
{
    tdi_pass_sets *sets = tdi_alloc_zero(1, sizeof *sets);
    if (!sets)
        return TD_ERROR_HOST_MEMORY;
    sets->device = passes->device;
    const td_result result = fill_sets(passes, sets);
    if (result != TD_OK) {
        tdi_pass_sets_destroy(sets);
        return result;
    }
    *out = sets;
    return TD_OK;
}

void tdi_pass_sets_destroy(tdi_pass_sets *sets)
{
    if (!sets)
        return;
    tdi_descriptor_pool_destroy(sets->device, sets->pool);
    tdi_free(sets);
}

VkDescriptorSet tdi_pass_set(const td_pass_context *context, tdi_pass_pipeline index)
{
    const tdi_passes *passes = context->user;
    const tdi_pass_frame *frame = context->frame;
    tdi_binding bindings[TDI_ROLE_COUNT];
    const tdi_pass_role *roles;
    const uint32_t count = tdi_pipeline_roles(index, &roles);
    memset(bindings, 0, sizeof bindings);
    for (uint32_t i = 0; i < count; i++) {
        const td_bound *bound = &context->resources[passes->roles[roles[i]]];
        bindings[i].buffer = bound->buffer;
        bindings[i].offset = bound->offset;
        bindings[i].size = bound->size;
    }
    tdi_binding *written = frame->sets->bindings[index];
    if (memcmp(written, bindings, count * sizeof *bindings) == 0)
        return frame->sets->sets[index];
    memcpy(written, bindings, count * sizeof *bindings);
    tdi_descriptor_set_update(context->device, &passes->pipelines[index], frame->sets->sets[index],
                              bindings);
    return frame->sets->sets[index];
}
