/* Graphs in a line a pass, for the tests of the graph. */
#ifndef TESTS_UNIT_GRAPH_SUPPORT_H
#define TESTS_UNIT_GRAPH_SUPPORT_H

#include "support.h"

#include "async/graph.h"

#define COMPUTE VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT
#define COPY    VK_PIPELINE_STAGE_2_COPY_BIT
#define HOST    VK_PIPELINE_STAGE_2_HOST_BIT
#define DRAW    VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT
#define ALL     VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT

#define SHADER_READ  VK_ACCESS_2_SHADER_STORAGE_READ_BIT
#define SHADER_WRITE VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT

/* One queue for all lanes, and one for each. */
extern const tdi_lane_map ONE_QUEUE;
extern const tdi_lane_map THREE_QUEUES;

td_graph *graph_make(void);
/* A transient buffer of `size` bytes. */
td_resource graph_transient(td_graph *graph, const char *name, VkDeviceSize size);
td_resource graph_bound(td_graph *graph, const char *name, td_resource_kind kind);

/* Uses of compute shaders and others. */
td_use use_read(td_resource resource);
td_use use_write(td_resource resource);
td_use use_accumulate(td_resource resource);
td_use use_at(td_resource resource, VkPipelineStageFlags2 stages, VkAccessFlags2 access,
              td_access_mode mode);

void graph_pass(td_graph *graph, const char *name, td_lane lane, uint32_t count,
                const td_use *uses);
#define PASS(graph, name, lane, ...)                                                               \
    graph_pass((graph), (name), (lane), sizeof((td_use[]){__VA_ARGS__}) / sizeof(td_use),          \
               (td_use[]){__VA_ARGS__})
/* The same after others that it names. */
void graph_pass_after(td_graph *graph, const char *name, td_lane lane, const char *const *after,
                      uint32_t after_count, uint32_t count, const td_use *uses);
#define PASS_AFTER(graph, name, lane, after, ...)                                                  \
    graph_pass_after((graph), (name), (lane), &(const char *){after}, 1,                           \
                     sizeof((td_use[]){__VA_ARGS__}) / sizeof(td_use), (td_use[]){__VA_ARGS__})
/* A read by the host. */
void graph_host_pass(td_graph *graph, const char *name, td_resource resource);

/* Compiles, and frees the graph: the plan lives on. */
td_plan *graph_plan(td_graph *graph, const tdi_lane_map *lanes);
td_result graph_try(td_graph *graph, const tdi_lane_map *lanes, td_plan **plan);

/* Fails the test unless the pass has just this one barrier. */
void expect_barrier(const td_plan *plan, uint32_t pass, VkPipelineStageFlags2 src_stages,
                    VkAccessFlags2 src_access, VkPipelineStageFlags2 dst_stages,
                    VkAccessFlags2 dst_access);
void expect_no_barrier(const td_plan *plan, uint32_t pass);

/* visibility (compute) -> shade (graphics) -> copy (transfer) into `out`, from `scene`. */
typedef struct frame_graph {
    td_graph *graph;
    td_plan *plan;
    td_resource words, colour, scene, out;
    tdi_buffer transient;
} frame_graph;
void frame_make(td_device *device, frame_graph *f);
/* Of the frame's transient memory. */
tdi_plan_slot *frame_slot(td_device *device, const frame_graph *f);
/* With a ticket for the scene. */
td_result frame_execute(const frame_graph *f, tdi_plan_slot *slot, td_ticket ready, td_ticket *out);
/* Passes recorded since the last frame was made. */
extern uint32_t frame_recorded;
#define NO_TICKET ((td_ticket){0})
/* Nothing, to a lane. */
td_ticket frame_submit(td_device *device, td_lane lane);

#endif
