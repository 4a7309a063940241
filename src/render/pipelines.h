/* The pipelines of the passes, and what is bound to each. */
#ifndef TDI_RENDER_PIPELINES_H
#define TDI_RENDER_PIPELINES_H

#include "frame_data.h"
#include "gpu/pipeline.h"
#include "render/hardware.h"

typedef enum tdi_pass_pipeline {
    TDI_PIPELINE_CLEAR,
    TDI_PIPELINE_CULL, /* one of the three, by the way of rasterising */
    TDI_PIPELINE_CULL_INDIRECT,
    TDI_PIPELINE_CULL_DRAWS,
    TDI_PIPELINE_RASTER,
    TDI_PIPELINE_RASTER_CLIP,
    TDI_PIPELINE_RASTER_LARGE,
    TDI_PIPELINE_DRAW_INDIRECT,
    TDI_PIPELINE_DRAW,
    TDI_PIPELINE_SHADE,
    TDI_PIPELINE_FOOTPRINT,     /* instead of shading */
    TDI_PIPELINE_RASTER_MASKED, /* from here on: only for scenes with masked surfaces */
    TDI_PIPELINE_RASTER_CLIP_MASKED,
    TDI_PIPELINE_RASTER_LARGE_MASKED,
    TDI_PIPELINE_DRAW_INDIRECT_MASKED,
    TDI_PIPELINE_DRAW_MASKED,
    TDI_PIPELINE_COUNT,
} tdi_pass_pipeline;

/* What may be bound to a pipeline. */
typedef enum tdi_pass_role {
    TDI_ROLE_WORDS,           /* visibility words: by view, pixel, sample */
    TDI_ROLE_LISTS,           /* dispatch_list[LIST_COUNT] of visible clusters */
    TDI_ROLE_VISIBLE,         /* visible clusters */
    TDI_ROLE_LARGE_LISTS,     /* large_header */
    TDI_ROLE_LARGE_TRIANGLES, /* large_triangle[] */
    TDI_ROLE_ENTRIES,         /* pairs of a large triangle and a bin */
    TDI_ROLE_PIXELS,          /* what shade writes, or the levels that it would sample */
    TDI_ROLE_DRAWS,           /* tdi_draw[] of visible clusters, by slot */
    TDI_ROLE_STATES,          /* the lists of all cluster instances, by view */
    TDI_ROLE_COUNT,
} tdi_pass_role;

/* The roles at bindings 0, 1, ... */
uint32_t tdi_pipeline_roles(tdi_pass_pipeline pipeline, const tdi_pass_role **out);

/* Transmissive surfaces have visibility words of their own, behind those of all others. */
static inline uint32_t tdi_word_layers(uint32_t lobes)
{
    return lobes & TDI_LOBE_TRANSMISSION ? 2 : 1;
}

typedef struct tdi_pass_push {
    VkDeviceAddress frame;
    struct tdi_output_layout result;
} tdi_pass_push;

typedef struct tdi_pipelines_params {
    uint32_t samples;
    uint32_t outputs;
    uint32_t lobes;   /* TDI_LOBE_ bits that materials of the scene have */
    bool environment; /* lights the scene */
    bool punctual;    /* so do lights at nodes */
    bool masked;
    bool footprint;           /* which levels are sampled, instead of images */
    td_raster raster;         /* not TD_RASTER_AUTO */
    tdi_hardware_shape shape; /* of the hardware rasteriser */
    uint32_t threads;
} tdi_pipelines_params;

/* Makes all that are needed, on several threads. On failure none is left. */
td_result tdi_pipelines_create(td_device *device, const tdi_pipelines_params *params,
                               tdi_pipeline pipelines[TDI_PIPELINE_COUNT]);
void tdi_pipelines_destroy(td_device *device, tdi_pipeline pipelines[TDI_PIPELINE_COUNT]);

#endif
