/* What graph.c, plan.c, plan_memory.c and plan_execute.c know of each other. */
#ifndef TDI_ASYNC_PLAN_H
#define TDI_ASYNC_PLAN_H

#include <stdatomic.h>

#include "async/graph.h"

/* Offsets of transient resources: the most that minStorageBufferOffsetAlignment may be (Vulkan
 * 1.3, table "Required Limits"), so that a plan needs to know no device. */
#define PLAN_ALIGNMENT 256

/* More barriers than this before one pass are merged. */
#define PLAN_MAX_BARRIERS 4

typedef struct graph_resource {
    char *name;
    td_resource_params params;
} graph_resource;

typedef struct graph_pass {
    char *name;
    td_pass_params params; /* `uses` and `after` are the arrays below */
    td_use uses[TD_PASS_MAX_USES];
    char *after[TD_PASS_MAX_USES];
} graph_pass;

struct td_graph {
    char *name;
    td_graph *self; /* compiling leaves the graph as it is, but for the count of its plans */
    atomic_uint references; /* the owner's, and one for each plan */
    atomic_bool compiled;   /* there was a plan: what adds to the graph comes too late */
    graph_resource *resources;
    size_t resource_count, resource_capacity;
    graph_pass *passes;
    size_t pass_count, pass_capacity;
};

typedef struct plan_image_barrier {
    td_resource resource;
    VkPipelineStageFlags2 src_stages, dst_stages;
    VkAccessFlags2 src_access, dst_access;
    VkImageLayout from, to;
} plan_image_barrier;

typedef struct plan_pass {
    td_lane lane;
    uint32_t queue;
    uint32_t batch;
    uint32_t place;       /* in the plan's sequence */
    uint32_t transitions; /* uses before which an image changes its layout, a bit each */
    uint64_t ordered;     /* passes whose end can be waited for by this one without a new edge */
    uint32_t barrier_count, image_count;
    VkMemoryBarrier2 barriers[PLAN_MAX_BARRIERS];
    plan_image_barrier images[TD_PASS_MAX_USES];
} plan_pass;

/* Where a transient resource lies, and when. */
typedef struct plan_range {
    uint64_t users; /* passes, a bit each */
    VkDeviceSize offset, size;
} plan_range;

/* The first use of a bound resource on a queue: where its ticket is waited for. */
typedef struct plan_import {
    td_resource resource;
    uint32_t batch;
    uint32_t queue;
    tdi_touch touch; /* all its uses on that queue */
} plan_import;

/* Why there is a barrier or a wait. */
typedef enum plan_edge_kind {
    PLAN_EDGE_BARRIER,    /* before `to`: its barrier number `index` */
    PLAN_EDGE_TRANSITION, /* before `to`: its image barrier of `resource` */
    PLAN_EDGE_WAIT,       /* of the batch of `to`, for queue `index` */
} plan_edge_kind;

typedef struct plan_edge {
    plan_edge_kind kind;
    uint32_t from, to; /* passes */
    td_resource resource;
    bool aliased; /* `to` takes memory over that another resource had */
    uint32_t index;
} plan_edge;

/* What keeps two accesses apart in an execution. */
typedef enum plan_part_kind {
    PLAN_PART_NONE,
    PLAN_PART_BARRIER,     /* of pass a, number b */
    PLAN_PART_TRANSITION,  /* of pass a, number b */
    PLAN_PART_WAIT,        /* of batch a, for queue b */
    PLAN_PART_READY,       /* of import a, for its ticket */
    PLAN_PART_GIVEN,       /* of queue a, for what the execution is given to wait for */
    PLAN_PART_ENTRY,       /* barrier on queue a, for what is bound, given or kept */
    PLAN_PART_SHARED,      /* barrier on queue a, for shared transient memory */
    PLAN_PART_SHARED_WAIT, /* of queue a, for queue b, for shared transient memory */
} plan_part_kind;

typedef struct plan_part {
    plan_part_kind kind;
    uint32_t a, b;
} plan_part;

struct td_plan {
    td_graph *graph;
    td_graph_extent extent;
    uint32_t device;    /* its serial number; 0: of a map of lanes alone */
    plan_pass *passes;  /* by order of adding */
    uint32_t *sequence; /* passes in the order that the declarations ask for */
    uint32_t *order;    /* the same, batch by batch */
    plan_edge *edges;
    size_t edge_count, edge_capacity;
    plan_range *ranges; /* by td_resource */
    VkDeviceSize transient_bytes;
    tdi_plan_batch *batches;
    uint32_t batch_count;
    plan_import *imports;
    uint32_t import_count;
    /* What the passes of each queue do to all resources, to transient and to persistent ones, and
     * whether what they leave outlives the execution. */
    tdi_touch touches[TD_LANE_COUNT];
    tdi_touch transient_touches[TD_LANE_COUNT];
    tdi_touch persistent_touches[TD_LANE_COUNT];
    bool writes_persistent;
    plan_part dropped; /* left out of executions, for tests */
};

static inline bool tdi_plan_has(const td_plan *plan, plan_part_kind kind, uint32_t a, uint32_t b)
{
    return plan->dropped.kind != kind || plan->dropped.a != a || plan->dropped.b != b;
}

/* Queues that the plan submits to. */
uint32_t tdi_plan_queue_count(const td_plan *plan);

/* TD_ERROR_STATE if `object` was destroyed; `what` it is is for the sentence. Reads nothing of it.
 */
td_result tdi_graph_check(const void *object, const char *call, const char *what);

/* For a plan. */
td_graph *tdi_graph_retain(const td_graph *graph);
void tdi_graph_release(td_graph *graph);

/* Those accesses that write. */
VkAccessFlags2 tdi_plan_writes(VkAccessFlags2 access);

/* Whether two uses of one resource have some of it in common. */
bool tdi_plan_meet(const td_use *a, const td_use *b);

/* How a later use must follow an earlier one. */
typedef enum plan_hazard {
    PLAN_NO_HAZARD,
    PLAN_EXECUTION, /* write after read */
    PLAN_MEMORY,
} plan_hazard;

/* Between uses of one resource. */
plan_hazard tdi_plan_hazard(const td_use *before, const td_use *after);

/* A later pass that must follow an earlier one, because of a use of each. */
typedef struct plan_link {
    uint32_t from, to;
    td_resource resource; /* of `to`'s use */
    bool aliased;         /* `from` used other resources in the same memory */
    bool transition;      /* `to` changes the layout of an image */
    VkPipelineStageFlags2 src_stages, dst_stages;
    VkAccessFlags2 src_access, dst_access; /* 0: execution only */
} plan_link;

/* Calls `visit` for all links that lead to a pass. The nearest passes come first: their barriers
 * cover many of the older ones. */
typedef void (*plan_link_fn)(void *data, const plan_link *link);
void tdi_plan_visit_links(const td_plan *plan, uint32_t to, plan_link_fn visit, void *data);

/* Notes before which uses images change their layout. */
void tdi_plan_find_transitions(td_plan *plan);
/* The transition of an image to the layout of a use, after all that used it before. */
plan_image_barrier tdi_plan_transition(const td_plan *plan, uint32_t pass, const td_use *use);

/* TD_ERROR_ARGUMENT with the names for a use that needs what nothing wrote, or is out of bounds;
 * after tdi_plan_measure. */
td_result tdi_plan_check_contents(const td_plan *plan);

/* Sizes of the transient resources that are used. */
td_result tdi_plan_measure(td_plan *plan);
/* Memory for them: two share it only if every use of one comes
 * before every use of the other, by the order on a queue or by edges that are there anyway. */
td_result tdi_plan_place(td_plan *plan);
/* True if two different transient resources share memory. */
bool tdi_plan_aliases(const td_plan *plan, td_resource a, td_resource b);

#endif
