/* The graph: the passes of a frame as data. Order, barriers, waits between lanes and the sharing of
 * transient memory follow from what the passes declare, and from nothing else. Compiling allocates
 * no device memory and yields the exact peak of transient bytes. */
#ifndef TDI_ASYNC_GRAPH_H
#define TDI_ASYNC_GRAPH_H

#include "async/lane.h"
#include "gpu/buffer.h"

typedef struct tdi_graph tdi_graph;
typedef struct tdi_plan tdi_plan;
typedef uint32_t tdi_resource;

/* What resources and passes may depend on. */
typedef struct tdi_extent {
    uint32_t tile_width, tile_height; /* pixels */
    uint32_t views;                   /* in this submission */
    uint32_t samples;                 /* a pixel */
} tdi_extent;

typedef enum tdi_resource_kind {
    TDI_RESOURCE_TRANSIENT,  /* lives within the frame; memory may be shared with others */
    TDI_RESOURCE_PERSISTENT, /* bound by the caller, kept between frames */
    TDI_RESOURCE_EXTERNAL,   /* bound by the caller with a ticket to wait for (value 0: none) */
} tdi_resource_kind;

typedef struct tdi_resource_params {
    const char *name;
    tdi_resource_kind kind;
    /* Bytes of a transient buffer. */
    VkDeviceSize (*size)(const tdi_extent *extent, void *user);
    void *user;
    bool image; /* external or persistent images only; else a buffer */
} tdi_resource_params;

typedef enum tdi_access_mode {
    TDI_READ,
    TDI_WRITE,
    TDI_ACCUMULATE, /* commutative read-modify-write, such as atomicMin: none among them ordered */
} tdi_access_mode;

typedef enum tdi_before {
    TDI_KEPT,      /* what earlier passes left is needed */
    TDI_UNDEFINED, /* may be anything: all of the range is written */
} tdi_before;

typedef struct tdi_use {
    tdi_resource resource;
    VkPipelineStageFlags2 stages;
    VkAccessFlags2 access;
    tdi_access_mode mode;
    tdi_before before;
    VkDeviceSize offset, size; /* of a buffer; size 0: all of it */
    VkImageLayout layout;      /* of an image */
} tdi_use;

/* Where a resource is in this execution. */
typedef struct tdi_bound {
    VkBuffer buffer;
    VkDeviceSize offset, size;
    VkImage image;
} tdi_bound;

typedef struct tdi_pass_context {
    td_device *device;
    VkCommandBuffer commands;
    const tdi_bound *resources; /* by tdi_resource */
    tdi_extent extent;
    void *frame; /* what the caller gave tdi_plan_execute */
    void *user;  /* the pass's */
} tdi_pass_context;

/* Pure: may be called many times and on any thread. Records no barrier for declared resources. */
typedef void (*tdi_record_fn)(const tdi_pass_context *context);

#define TDI_PASS_MAX_USES    12
#define TDI_GRAPH_MAX_PASSES 64

typedef struct tdi_pass_params {
    const char *name;
    td_lane lane;              /* whose queue it is submitted to; a host read follows its writer */
    VkQueueFlags capabilities; /* that the queue must have */
    const tdi_use *uses;
    uint32_t use_count;
    tdi_record_fn record;
    void *user;
} tdi_pass_params;

td_result tdi_graph_create(const char *name, tdi_graph **out);
/* Plans go on living without it. NULL is fine. */
void tdi_graph_destroy(tdi_graph *graph);
/* Names and uses are copied. TD_ERROR_STATE once the graph was compiled, here and below. */
td_result tdi_graph_add_resource(tdi_graph *graph, const tdi_resource_params *params,
                                 tdi_resource *out);
/* Passes run as if in the order of their adding. A host read of the result is declared as a pass
 * without a record function (stage HOST). */
td_result tdi_graph_add_pass(tdi_graph *graph, const tdi_pass_params *params);

/* How lanes are realised: by default as the device does. Tests give their own. */
typedef struct tdi_lane_map {
    uint32_t queue[TD_LANE_COUNT];
    VkQueueFlags capabilities[TD_LANE_COUNT];
} tdi_lane_map;
void tdi_lane_map_of(const td_device *device, tdi_lane_map *out);

/* TD_ERROR_ARGUMENT with the names for a read of something never written and a lane without the
 * needed capability. Allocates host memory only. Plans are read-only: any thread may use them. */
td_result tdi_graph_compile(const tdi_graph *graph, const tdi_extent *extent,
                            const tdi_lane_map *lanes, tdi_plan **out);
/* Its slots must be gone. NULL is fine. */
void tdi_plan_destroy(tdi_plan *plan);

/* Exact bytes of transient memory that an execution needs, and where each resource lies in it. */
VkDeviceSize tdi_plan_transient_bytes(const tdi_plan *plan);
/* False for what is not transient, or not used by any pass. */
bool tdi_plan_transient_range(const tdi_plan *plan, tdi_resource resource, VkDeviceSize *offset,
                              VkDeviceSize *size);

/* Transient memory and command buffers for a plan; one frame slot. Reused only when the last
 * execution's tickets are reached (waited for inside tdi_plan_execute). Several slots, also of
 * different plans, may be given the same transient buffer, which needs at least
 * tdi_plan_transient_bytes and STORAGE usage (NULL where that is 0); all slots of a buffer are made
 * before the first of them is executed. A slot is used by one thread at a time. Destroying waits
 * until the device is done with it. */
typedef struct tdi_plan_slot tdi_plan_slot;
td_result tdi_plan_slot_create(td_device *device, const tdi_plan *plan, const tdi_buffer *transient,
                               tdi_plan_slot **out);
void tdi_plan_slot_destroy(tdi_plan_slot *slot);
/* Waits until the device is done with the slot's last execution, be it one that failed halfway. */
td_result tdi_plan_slot_wait(tdi_plan_slot *slot);

typedef struct tdi_binding_of {
    tdi_resource resource;
    tdi_bound bound;
    tdi_ticket ready; /* waited for before the first use */
} tdi_binding_of;

typedef struct tdi_execution {
    const tdi_binding_of *bindings; /* of persistent and external resources */
    uint32_t binding_count;
    const tdi_wait *waits; /* further ones, before everything */
    uint32_t wait_count;
    void *frame;
    struct td_monitor *monitor; /* NULL: no spans */
    uint64_t frame_index;       /* for spans */
} tdi_execution;

/* Records on the calling thread, submits batch by batch, and gives the ticket of the last batch
 * (which follows from all others). Where transient memory is shared between slots, execution N+1
 * is ordered after execution N on the device by the plan itself; so are executions that write
 * persistent resources, as far as they use the same queue: between queues the caller says with
 * `ready` which execution must be over. If it fails, batches that were submitted go on; the slot
 * waits for them itself. */
td_result tdi_plan_execute(tdi_plan_slot *slot, const tdi_execution *execution, tdi_ticket *out);

/* What the plan will do, for tests and drawings. */
typedef struct tdi_plan_wait {
    uint32_t batch;
    VkPipelineStageFlags2 stages; /* of the waiting batch; 0: no wait for this queue */
} tdi_plan_wait;

typedef struct tdi_plan_batch {
    td_lane lane;
    uint32_t queue;
    uint32_t first_pass, pass_count;    /* in the order that tdi_plan_order gives */
    tdi_plan_wait waits[TD_LANE_COUNT]; /* by the queue that is waited for */
} tdi_plan_batch;
uint32_t tdi_plan_batches(const tdi_plan *plan, const tdi_plan_batch **out);
/* Passes (index in order of adding), batch by batch. */
const uint32_t *tdi_plan_order(const tdi_plan *plan);
/* Barriers before a pass (index in order of adding), recorded as one dependency. */
uint32_t tdi_plan_barriers(const tdi_plan *plan, uint32_t pass, const VkMemoryBarrier2 **out);

#endif
