/* The passes of a view, declared on a graph: clear, cull, visibility (small and large triangles,
 * opaque and masked), shade and resolve. Each takes an array of views and a tile window. */
#ifndef TDI_RENDER_PASSES_H
#define TDI_RENDER_PASSES_H

#include "async/graph.h"
#include "frame_data.h"

/* Pipelines of one device, samples and outputs. Immutable once made; thread-safe. */
typedef struct tdi_passes tdi_passes;

typedef struct tdi_passes_params {
    uint32_t samples;           /* 1, 4, 8, 16 */
    uint32_t outputs;           /* td_output bits */
    uint32_t cluster_instances; /* sizes of the lists follow from it */
    bool masked;                /* the scene has masked surfaces */
    bool copy_out;              /* the result goes through device memory and the transfer lane */
    uint32_t threads;           /* that make pipelines at once; 0: the cores given */
} tdi_passes_params;

td_result tdi_passes_create(td_device *device, const tdi_passes_params *params, tdi_passes **out);
void tdi_passes_destroy(tdi_passes *passes);

/* Resources that the caller binds for each execution. */
typedef struct tdi_pass_resources {
    tdi_resource frame;  /* struct tdi_frame, then the views; read-only */
    tdi_resource result; /* readback slot */
} tdi_pass_resources;

/* Adds all passes to the graph. */
td_result tdi_passes_declare(tdi_passes *passes, tdi_graph *graph, tdi_pass_resources *out);

/* What tdi_plan_execute is given as `frame`. */
typedef struct tdi_pass_frame {
    VkDeviceAddress address; /* of struct tdi_frame */
    uint32_t tile_width, tile_height, view_count, cluster_instance_count;
    VkDescriptorSet bindless;
} tdi_pass_frame;

/* Largest tile (in pixels, of one view) that bindings allow with these samples: visibility words
 * must fit maxStorageBufferRange. */
uint64_t tdi_passes_max_pixels(const tdi_passes *passes, const td_device *device);

#endif
