/* Loops that bring pixels into host memory on one VkDevice: by plain Vulkan calls, and by tandem's
 * readback with requests, leases and a completion queue. A compute pass writes the pixels, into
 * host memory itself or into device memory that the transfer queue copies. */
#ifndef BENCH_READBACK_LOOPS_H
#define BENCH_READBACK_LOOPS_H

#include <tandem/readback.h>

#include "gpu/buffer.h"

#define LOOPS_MOST_SLOTS 64
#define LOOPS_MOST_SETS  256

typedef struct loops_shape {
    uint32_t width, height;
    uint32_t views; /* a submission, at most TD_READBACK_MOST_PARTS */
    uint32_t slots; /* of the ring, at most LOOPS_MOST_SLOTS */
    bool copy;      /* the transfer queue moves them */
    bool copy_out;  /* the CPU copies what arrived, as libraries do that lend nothing */
    bool whole;     /* tandem: one request for a submission, not one for each view */
} loops_shape;

/* What a frame of either loop has of its own. */
typedef struct loops_slot {
    VkCommandPool pool, copy_pool;
    VkCommandBuffer commands, copy_commands;
    tdi_buffer pixels; /* on the device; only with `copy` */
    tdi_buffer host;   /* the plain loop's */
    uint64_t value;    /* that the plain loop's timeline has when its frame arrived */
} loops_slot;

typedef struct loops {
    td_device *device;
    loops_shape shape;
    VkQueue graphics, transfer;
    VkDescriptorSetLayout set_layout;
    VkDescriptorPool descriptors;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    struct {
        VkBuffer buffer;
        VkDescriptorSet set;
    } sets[LOOPS_MOST_SETS]; /* one for each buffer that was written */
    uint32_t set_count;
    loops_slot slots[LOOPS_MOST_SLOTS];
    VkSemaphore timelines[2]; /* of the plain loop: written, arrived */
    uint64_t value;
    td_readback *ring;
    td_completion_queue *queue;
    void *out; /* where copy_out copies to */
} loops;

void loops_create(td_device *device, const loops_shape *shape, loops *out);
void loops_destroy(loops *l);

/* Seconds for so many submissions, from the first call until the last has arrived. */
double loops_plain(loops *l, uint32_t submissions);
double loops_tandem(loops *l, uint32_t submissions);

#endif
