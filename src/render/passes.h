/* The passes of a view, declared on a graph: clear, cull, visibility (small and large triangles,
 * opaque and masked), shade with resolve, and copy. Each takes an array of views and a tile. */
#ifndef TDI_RENDER_PASSES_H
#define TDI_RENDER_PASSES_H

#include <tandem/renderer.h>

#include "async/graph.h"
#include "frame_data.h"

/* Pipelines of one device, samples and outputs, and the graph they are declared on. */
typedef struct tdi_passes tdi_passes;

typedef struct tdi_passes_params {
    uint32_t samples;           /* 1, 4, 8, 16 */
    uint32_t outputs;           /* td_output bits */
    uint32_t cluster_instances; /* sizes of the lists follow from it */
    uint32_t lobes;             /* TDI_LOBE_ bits that materials of the scene have */
    bool environment;           /* lights the scene */
    bool punctual;              /* so do lights at nodes */
    bool masked;                /* the scene has masked surfaces */
    bool footprint;             /* instead of images, "result" gets the lowest level that shading
                                   would sample, by slot of the bindless array (uint; it is
                                   lowered, so the caller sets it); a submission of one view */
    bool copy_out;              /* the result goes through device memory and the transfer lane */
    uint32_t threads;           /* that make pipelines, or record, at once; 0: the cores given */
    td_raster raster;           /* as tdi_raster_choose gives it */
    const td_scene *scene;      /* up to date; read while the passes are made */
    uint32_t in_flight;         /* executions, at most */
    td_monitor *monitor;        /* of threads that record; may be NULL */
} tdi_passes_params;

td_result tdi_passes_create(td_device *device, const tdi_passes_params *params, tdi_passes **out);
/* Its sets and plans must be gone. NULL is fine. */
void tdi_passes_destroy(tdi_passes *passes);

/* Resources that the caller binds for each execution. */
typedef struct tdi_pass_resources {
    td_resource frame;  /* struct tdi_frame, then the views; read-only */
    td_resource result; /* readback slot */
    td_resource words;  /* visibility; not bound */
} tdi_pass_resources;

/* Adds all passes to a graph; once. */
td_result tdi_passes_declare(tdi_passes *passes, td_graph *graph, tdi_pass_resources *out);

/* The descriptor sets of one frame slot. Used by one thread at a time; rewritten while recording,
 * when the slot's last execution is done. */
typedef struct tdi_pass_sets tdi_pass_sets;
td_result tdi_pass_sets_create(const tdi_passes *passes, tdi_pass_sets **out);
/* The GPU must be done with them. NULL is fine. */
void tdi_pass_sets_destroy(tdi_pass_sets *sets);

/* What tdi_plan_execute is given as `frame`. */
typedef struct tdi_pass_frame {
    td_renderer_frame guest;       /* first: guests know only this */
    const struct tdi_frame *frame; /* as it lies in the frame buffer */
    VkDeviceAddress address;       /* of it there */
    VkDescriptorSet bindless;
    tdi_pass_sets *sets;
    td_result drawn; /* set while recording: if not TD_OK, draws are missing */
} tdi_pass_frame;

/* The execution that was recorded last is over with `ticket`. */
td_result tdi_passes_submitted(const tdi_passes *passes, td_ticket ticket);

/* Most pixels, over all views of a submission, that bindings allow: visibility words must fit
 * maxStorageBufferRange. */
uint64_t tdi_passes_max_pixels(const tdi_passes *passes, const td_device *device);
/* Most views of a submission likewise: lists of visible clusters must fit. */
uint64_t tdi_passes_max_views(const tdi_passes *passes, const td_device *device);

#endif
