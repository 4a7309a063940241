/* How the passes are recorded. */
#ifndef TDI_RENDER_PASS_RECORD_H
#define TDI_RENDER_PASS_RECORD_H

#include "list_data.h"
#include "render/hardware.h"
#include "render/passes.h"
#include "render/pipelines.h"

struct tdi_passes {
    td_device *device;
    tdi_passes_params params;
    tdi_pipeline pipelines[TDI_PIPELINE_COUNT];
    td_resource roles[TDI_ROLE_COUNT];
    td_resource frame;
    td_resource result;
    tdi_hardware_shape shape;     /* of the hardware rasteriser */
    tdi_hardware_objects objects; /* that it draws one by one */
    td_recorder *recorder;        /* of these draws, else NULL */
};

/* Binds a pipeline with its sets (its own, then the bindless one) and push constants. */
void tdi_pass_bind(const tdi_passes *passes, VkCommandBuffer commands, tdi_pass_pipeline index,
                   const VkDescriptorSet sets[2], const tdi_pass_push *push);
/* The same with what the execution that is being recorded has bound; `result` may be NULL. */
void tdi_pass_bind_context(const td_pass_context *context, tdi_pass_pipeline index,
                           const struct tdi_output_layout *result);

/* All take the passes as `user` and a tdi_pass_frame as `frame`. */
void tdi_record_clear(const td_pass_context *context);
void tdi_record_cull(const td_pass_context *context);
void tdi_record_raster(const td_pass_context *context);
void tdi_record_raster_large(const td_pass_context *context);
void tdi_record_shade(const td_pass_context *context);
void tdi_record_copy(const td_pass_context *context);

#endif
