/* How the passes are recorded. */
#ifndef TDI_RENDER_PASS_RECORD_H
#define TDI_RENDER_PASS_RECORD_H

#include "list_data.h"
#include "render/passes.h"
#include "render/pipelines.h"

struct tdi_passes {
    td_device *device;
    tdi_passes_params params;
    tdi_pipeline pipelines[TDI_PIPELINE_COUNT];
    td_resource roles[TDI_ROLE_COUNT];
    td_resource frame;
    td_resource result;
};

/* All take the passes as `user` and a tdi_pass_frame as `frame`. */
void tdi_record_clear(const td_pass_context *context);
void tdi_record_cull(const td_pass_context *context);
void tdi_record_raster(const td_pass_context *context);
void tdi_record_raster_large(const td_pass_context *context);
void tdi_record_shade(const td_pass_context *context);
void tdi_record_copy(const td_pass_context *context);

#endif
