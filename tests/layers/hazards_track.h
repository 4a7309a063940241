/* What is known of every access that may still be under way, and what orders it.
 *
 * Submissions are replayed in the order of the calls. Each access keeps, for each queue, the stages
 * that come after it there and the accesses to which what it wrote is visible; barriers, signals
 * and waits widen these sets as the scopes of Vulkan 1.3.239, chapter 7, say:
 *  - an access is in a dependency's first scope if it is earlier on the queue at one of its stages,
 *    or if an earlier dependency's second scope meets it (7.1, "dependency chain");
 *  - a write in the first access scope becomes available, and what is available becomes visible to
 *    the second access scope; reading or writing after a write needs both, writing after a read
 *    needs execution alone (7.1);
 *  - a semaphore's signal makes all writes of its first scope available, its wait makes them
 * visible at its stages to all that follows on the queue (7.4.1, 7.4.2);
 *  - a transition of a layout is a write within its barrier (7.1.1, 7.7.4).
 * What the host has waited for is over: everything submitted later follows it (7.9).
 * An image has one layout, in the order of submission.
 * Not safe from several threads at once. */
#ifndef TESTS_LAYERS_HAZARDS_TRACK_H
#define TESTS_LAYERS_HAZARDS_TRACK_H

#include <stdbool.h>

#include "async/plan_declare.h"
#include "layer.h"

#define HAZARDS_MAX_QUEUES 8

/* Bytes of device memory, or of an object that is not known to be bound. */
typedef struct hazards_range {
    uint64_t memory;
    VkDeviceSize begin, end;
} hazards_range;

typedef struct hazards_use {
    char what[96]; /* "pass 'p' of graph 'g', resource 'r'" */
    hazards_range range;
    VkPipelineStageFlags2 stages;
    VkAccessFlags2 access;
    td_access_mode mode;
    VkImage image; /* or none */
    VkImageLayout layout;
} hazards_use;

typedef struct hazards_barrier {
    VkPipelineStageFlags2 src_stages, dst_stages;
    VkAccessFlags2 src_access, dst_access;
    bool everything;     /* a global barrier: `range` says nothing */
    hazards_range range; /* that the access scopes are limited to */
    VkImage image;       /* all of it, or none */
    VkImageLayout from, to;
} hazards_barrier;

typedef struct hazards_access hazards_access;
typedef struct hazards_layout hazards_layout;

typedef struct hazards_track {
    const layer_device *device; /* that reports */
    hazards_access *accesses;
    hazards_layout *layouts; /* of images */
    uint64_t *told;          /* each pair is reported once */
    size_t told_count;
    uint64_t hazards; /* so far, those that are not told again included */
} hazards_track;

void hazards_track_destroy(hazards_track *track);

/* A dependency of one command: its barriers order all that came before it on the queue. */
void hazards_apply_barriers(hazards_track *track, uint32_t queue, const hazards_barrier *barriers,
                            uint32_t count);
/* Uses of one pass, which say nothing of each other. */
void hazards_apply_uses(hazards_track *track, uint32_t queue, const hazards_use *uses,
                        uint32_t count);
/* `sync` is the handle of a semaphore or a fence; values of one grow. */
void hazards_apply_signal(hazards_track *track, uint32_t queue, uint64_t sync, uint64_t value,
                          VkPipelineStageFlags2 stages);
void hazards_apply_wait(hazards_track *track, uint32_t queue, uint64_t sync, uint64_t value,
                        VkPipelineStageFlags2 stages);
/* The host has seen the value, or that a queue, or every queue (UINT32_MAX), is idle. */
void hazards_host_saw(hazards_track *track, uint64_t sync, uint64_t value);
void hazards_host_saw_idle(hazards_track *track, uint32_t queue);
/* A semaphore or a fence, or memory, is gone. */
void hazards_forget_sync(hazards_track *track, uint64_t sync);
void hazards_forget_memory(hazards_track *track, uint64_t memory);
void hazards_forget_image(hazards_track *track, VkImage image);

#endif
