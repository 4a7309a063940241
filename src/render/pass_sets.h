/* The descriptor sets of a frame slot: written again only where a binding has changed. */
#ifndef TDI_RENDER_PASS_SETS_H
#define TDI_RENDER_PASS_SETS_H

#include "render/pass_record.h"

/* The set of a pipeline, with what the execution that is being recorded has bound. */
VkDescriptorSet tdi_pass_set(const td_pass_context *context, tdi_pass_pipeline index);

#endif
