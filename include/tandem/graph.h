/** @file
 * The graph: the passes of a frame as data.
 *
 * Passes declare what they use and how. From that alone follow their order, the barriers, the waits
 * between lanes, and which transient resources share memory.
 */
#ifndef TANDEM_GRAPH_H
#define TANDEM_GRAPH_H

#include <tandem/monitor.h>
#include <tandem/ticket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A graph under declaration. Opaque; one thread at a time. */
typedef struct td_graph td_graph;

/** A compiled graph. Opaque, read-only: any thread may use it. */
typedef struct td_plan td_plan;

/** A resource of a graph, numbered from 0. */
typedef uint32_t td_resource;

/** What the sizes of transient resources and the record functions may depend on, and nothing else:
 * the graph only hands it to them. A program that is no renderer puts into it what it likes, such
 * as the number of its items into `tile_width`, and 1 into the others. */
typedef struct td_graph_extent {
    uint32_t tile_width;  /**< Pixels. */
    uint32_t tile_height; /**< Pixels. */
    uint32_t views;       /**< In this submission. */
    uint32_t samples;     /**< A pixel. */
} td_graph_extent;

/** Who gives a resource its memory. */
typedef enum td_resource_kind {
    TD_RESOURCE_TRANSIENT,  /**< Lives within the frame; memory may be shared with others. */
    TD_RESOURCE_PERSISTENT, /**< Bound by the caller, kept between frames. */
    TD_RESOURCE_EXTERNAL,   /**< Bound by the caller with a ticket to wait for. */
} td_resource_kind;

/** A resource. */
typedef struct td_resource_params {
    const char *name;      /**< Unique in the graph; copied. */
    td_resource_kind kind; /**< Who gives it memory. */
    /** Bytes of a transient buffer; a function of the extent alone. It gets an offset that is a
     * multiple of 256 into a buffer with the usages storage, uniform, indirect, vertex, index,
     * transfer source and destination, which has no device address. */
    VkDeviceSize (*size)(const td_graph_extent *extent, void *user);
    void *user; /**< Handed to `size`. */
    bool image; /**< External or persistent images only; else a buffer. Where the plan uses queues
                     of several families, it must be shared between them (concurrent). */
} td_resource_params;

/** How a pass touches a resource. */
typedef enum td_access_mode {
    TD_ACCESS_READ,       /**< Reads. */
    TD_ACCESS_WRITE,      /**< Writes, and may read. */
    TD_ACCESS_ACCUMULATE, /**< Commutative read-modify-write, such as atomicMin: not ordered among
                             themselves. */
} td_access_mode;

/** What was in a resource before a write. */
typedef enum td_before {
    TD_BEFORE_KEPT,      /**< What earlier passes left is needed. */
    TD_BEFORE_UNDEFINED, /**< May be anything: all of the range is written. */
} td_before;

/** One use of a resource by a pass. */
typedef struct td_use {
    td_resource resource;         /**< Which. */
    VkPipelineStageFlags2 stages; /**< Of the pass, that touch it. */
    VkAccessFlags2 access;        /**< How they do. */
    td_access_mode mode;          /**< Read, write or accumulate. */
    td_before before;             /**< Of a write. */
    VkDeviceSize offset;          /**< Of the part of a buffer that is touched. */
    VkDeviceSize size;            /**< Of it; 0: all of the buffer. */
    /** Of an image, while the pass runs. It is changed from that of the use before. The first use
     * of an execution, if it reads or is ::TD_BEFORE_KEPT, finds the image in this very layout: the
     * caller brings it there; ::TD_BEFORE_UNDEFINED takes it in any. It is left in the layout of
     * its last use. */
    VkImageLayout layout;
} td_use;

/** Where a resource is in an execution. */
typedef struct td_bound {
    VkBuffer buffer;     /**< Of a buffer. */
    VkDeviceSize offset; /**< Bytes into it. */
    VkDeviceSize size;   /**< Bytes. */
    VkImage image;       /**< Of an image: colour, all its levels and layers. */
} td_bound;

/** What a pass is recorded with. */
typedef struct td_pass_context {
    td_device *device;         /**< The device. */
    VkCommandBuffer commands;  /**< Recording, outside a rendering. */
    const td_bound *resources; /**< By td_resource. */
    td_graph_extent extent;    /**< Of the plan. */
    void *frame;               /**< As td_execution. */
    void *user;                /**< As td_pass_params. */
} td_pass_context;

/** Records a pass, but no barrier for what the pass declared. Pure: may be called many times and on
 * any thread. */
typedef void (*td_record_fn)(const td_pass_context *context);

/** Most uses of a pass. */
#define TD_PASS_MAX_USES 12
/** Most passes of a graph. */
#define TD_GRAPH_MAX_PASSES 64

/** A pass. */
typedef struct td_pass_params {
    const char *name; /**< Unique in the graph; copied. */
    td_lane lane;     /**< Whose queue it is submitted to; a host read follows its writer. */
    VkQueueFlags capabilities; /**< That the queue must have. */
    const td_use *uses;        /**< Copied. */
    uint32_t use_count;        /**< At most ::TD_PASS_MAX_USES. */
    td_record_fn record;       /**< NULL: the host reads (stage HOST) what the uses name. */
    void *user;                /**< Handed to `record`. */
    const char *const *after;  /**< Names of passes that it follows; copied. They may be added
                                    later. Where the two use nothing in common, it is only
                                    submitted after them. */
    uint32_t after_count;      /**< At most ::TD_PASS_MAX_USES. */
} td_pass_params;

/** Makes an empty graph. `name` is copied. */
TD_API td_result td_graph_create(const char *name, td_graph **out);

/** Destroys a graph; its plans go on. NULL is fine. */
TD_API void td_graph_destroy(td_graph *graph);

/** Adds a resource. ::TD_ERROR_ARGUMENT with the name for a declaration that is not complete or a
 * name that is there already, ::TD_ERROR_STATE once there was a plan of the graph (one that did not
 * compile can be mended by adding to it), ::TD_ERROR_HOST_MEMORY.
 */
TD_API td_result td_graph_add_resource(td_graph *graph, const td_resource_params *params,
                                       td_resource *out);

/** Adds a pass. The order of adding says nothing, but where any order would do. Of passes that use
 * the same part of a resource, who writes it ::TD_BEFORE_UNDEFINED comes before who accumulates or
 * writes it ::TD_BEFORE_KEPT, and those before who reads, unless `after` puts the later one first:
 * then that one meets what was there before, and the other waits for it. Two that write (but for
 * two that accumulate) need an order by `after` or by what else they use; so do two reads of an
 * image in different layouts. Errors as td_graph_add_resource. */
TD_API td_result td_graph_add_pass(td_graph *graph, const td_pass_params *params);

/** Compiles a graph for a device and an extent: order, barriers, waits, memory. Allocates host
 * memory only. ::TD_ERROR_ARGUMENT with the names for passes that go round in a circle, a read of
 * something never written, a use beyond the end of a transient resource, two writes that nothing
 * orders, a write after the host's read, an `after` that names no pass, and a lane without the
 * capabilities. On success `*out` is the caller's. */
TD_API td_result td_graph_compile(const td_graph *graph, const td_device *device,
                                  const td_graph_extent *extent, td_plan **out);

/** Destroys a plan; what was made from it must be gone. NULL is fine. */
TD_API void td_plan_destroy(td_plan *plan);

/** Exact bytes of transient memory that one execution needs; 0 for NULL. */
TD_API VkDeviceSize td_plan_transient_bytes(const td_plan *plan);

/** Frames in flight of a plan: command buffers and transient memory. Opaque; one thread at a time.
 */
typedef struct td_frames td_frames;

/** How frames in flight are made. Zero is the default. */
typedef struct td_frames_params {
    uint32_t in_flight;      /**< Executions in flight, 1 to 16; 0: 3. */
    uint32_t transient_sets; /**< Sets of transient memory that they take turns with, 1 to
                                  `in_flight`; 0: 2 where queues are split, else 1. */
} td_frames_params;

/** Makes frames in flight; transient memory is reserved in the device's budget.
 * ::TD_ERROR_ARGUMENT, also for a plan of another device, ::TD_ERROR_BUDGET,
 * ::TD_ERROR_HOST_MEMORY,
 * ::TD_ERROR_DEVICE_MEMORY. */
TD_API td_result td_frames_create(td_device *device, const td_plan *plan,
                                  const td_frames_params *params, td_frames **out);

/** Waits until the device is done with them, and frees them. NULL is fine. */
TD_API void td_frames_destroy(td_frames *frames);

/** A resource that the caller binds. */
typedef struct td_binding {
    td_resource resource; /**< Persistent or external. */
    td_bound bound;       /**< Where it is. */
    td_ticket ready;      /**< Waited for before its first use; value 0: nothing. */
} td_binding;

/** One execution of a plan. */
typedef struct td_execution {
    const td_binding *bindings; /**< Of all persistent and external resources. */
    uint32_t binding_count;     /**< Number of them. */
    const td_wait *waits;       /**< Further ones, on each queue that uses their stages; if none
                                     does, before everything: at most 13 semaphores, and a binary one
                                   (value 0) only       where the plan uses one queue; td_ticket_import
                                   makes a       ticket       of it. */
    uint32_t wait_count;        /**< At most ::TD_MAX_WAITS. */
    void *frame;                /**< Handed to the passes. */
    td_monitor *monitor;        /**< Receives the spans of passes and lanes; may be NULL. */
    uint64_t frame_index;       /**< For the spans. */
    bool more_to_come;          /**< Further executions complete what the host reads: passes that
                                     only declare uses of the host's are left out of this one, with
                                     their barriers. */
} td_execution;

/** Records all passes on the calling thread, submits them lane by lane, and gives the ticket of the
 * last batch, which follows from all others. Waits at most `timeout_ns` for a free frame:
 * ::TD_ERROR_AGAIN (limit 0), ::TD_ERROR_TIMEOUT, ::TD_ERROR_STATE instead of a wait in a request's
 * callback. Executions that write persistent resources are
 * ordered as far as they use one queue; between queues `ready` says what must be over.
 * ::TD_ERROR_ARGUMENT with the name of a resource that is not bound, for missing arrays, and for a
 * ticket of another device, ::TD_ERROR_STATE for one that was never given out: nothing is recorded
 * then. ::TD_ERROR_DEVICE_LOST. After a failure halfway the frame waits by itself for what was
 * submitted. */
TD_API td_result td_frames_execute(td_frames *frames, const td_execution *execution,
                                   uint64_t timeout_ns, td_ticket *out);

/** Writes a picture (SVG) of a plan: lanes, passes, edges with their resources, bytes, and the mean
 * times that `monitor` (may be NULL) knows of its passes. Complete or not at all; an existing file
 * is ::TD_ERROR_EXISTS unless `replace`. */
TD_API td_result td_plan_write_svg(const td_plan *plan, td_monitor *monitor, const char *path,
                                   bool replace);

#ifdef __cplusplus
}
#endif
#endif
