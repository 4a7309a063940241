/* A frame for tests of the scheduler: ten compute passes make an indirect draw, its corners and a
 * colour a pixel; a draw consumes them at the stages draw indirect, vertex and fragment. What it
 * saw is known beforehand. */
#ifndef TESTS_SCHEDULER_FRAME_H
#define TESTS_SCHEDULER_FRAME_H

#include "gpu_test.h"

#include <tandem/scheduler.h>

#include "gpu/pipeline.h"

enum { FRAME_WIDTH = 32, FRAME_PIXELS = FRAME_WIDTH * FRAME_WIDTH, FRAME_PASSES = 10 };

typedef struct frame_world {
    td_device *device;
    uint32_t frames;
    tdi_pipeline compute, draw;
    tdi_descriptor_pool *sets;
    VkDescriptorSet compute_set, draw_set;
    tdi_buffer command, corners, colors, seen; /* `seen`: FRAME_PIXELS words a frame */
    VkCommandPool pool;
    VkCommandBuffer commands[64]; /* of the graphics queue, by frame */
} frame_world;

/* For at most 64 frames. */
void frame_world_make(td_device *device, uint32_t frames, frame_world *out);
void frame_world_free(frame_world *world);

/* Begins the graphics commands of a frame. */
VkCommandBuffer frame_begin_graphics(frame_world *world, uint32_t frame);
/* The ten passes, with the barriers between them; `user` is a frame_compute. */
typedef struct frame_compute {
    frame_world *world;
    uint32_t frame;
    uint32_t extra_barriers; /* after the last pass */
} frame_compute;
td_result frame_record_compute(void *user, VkCommandBuffer commands);
/* From compute work to the draw, and from an earlier draw to compute work, on one queue. */
void frame_barrier_to_draw(td_device *device, VkCommandBuffer commands);
void frame_barrier_to_compute(td_device *device, VkCommandBuffer commands);
void frame_record_draw(frame_world *world, uint32_t frame, VkCommandBuffer commands);

/* Fails unless every frame was seen as it must be. */
void frame_check(frame_world *world);

#endif
