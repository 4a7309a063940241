/* A device with what the benchmarks of scheduler and recorder work on: compute work that writes
 * offsets, and draws that read them. Plain Vulkan, made here and imported into tandem, so that the
 * loops that are compared run on one VkDevice. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <tandem/ticket.h>

#include "gpu/buffer.h"
#include "gpu/image.h"

#define LOAD_SLOTS      3
#define LOAD_MAX_QUEUES 4 /* of the compute family */
#define LOAD_OFFSETS    65536

typedef struct load_params {
    float graphics_priority, compute_priority; /* of the queues; 0: 1 */
    uint32_t target;                           /* pixels across and down; 0: 1024 */
} load_params;

typedef struct load_pipeline {
    VkPipeline handle;
    VkPipelineLayout layout;
} load_pipeline;

typedef struct load {
    tdi_vk_instance instance;
    VkPhysicalDevice physical;
    VkDevice handle;
    char name[256];
    bool software;
    td_device *device; /* imported from the above */
    const struct VolkDeviceTable *vk;
    uint32_t graphics_family, compute_family;
    VkQueue graphics, compute; /* the same where there is one queue only */
    VkDescriptorSetLayout set_layout;
    VkDescriptorPool descriptors;
    VkDescriptorSet sets[LOAD_SLOTS];
    load_pipeline waves, triangles;
    tdi_buffer offsets[LOAD_SLOTS];
    tdi_vk_image target;
    uint32_t rounds;         /* of arithmetic a frame */
    uint32_t triangle_count; /* a frame */
} load;

/* Exits with a sentence if there is no device for it. */
void load_create(const load_params *params, load *out);
void load_destroy(load *l);
bool load_has_compute_queue(const load *l);

/* SPIR-V of the compute work, whose push constants are the number of offsets, the rounds and the
 * frame. */
const uint32_t *load_waves_code(size_t *bytes);

/* Compute work of a frame in `parts` dispatches. */
void load_record_compute(const load *l, VkCommandBuffer commands, uint32_t slot, uint32_t parts);
/* Its graphics work, with the barriers of the target. */
void load_record_graphics(const load *l, VkCommandBuffer commands, uint32_t slot);
/* From compute writes to vertex reads, and back, for one queue. */
void load_record_handover(const load *l, VkCommandBuffer commands);
void load_record_return(const load *l, VkCommandBuffer commands);

/* Begins the rendering that draws belong to, and ends it. */
void load_begin_rendering(const load *l, VkCommandBuffer commands, VkRenderingFlags flags);
void load_bind_triangles(const load *l, VkCommandBuffer commands, uint32_t slot);

/* The device with this UUID, or VK_NULL_HANDLE. */
VkPhysicalDevice load_find_physical(const tdi_vk_instance *instance, const uint8_t uuid[16]);

/* Exits with the call's name if it failed. */
void load_check(VkResult result, const char *call);
void load_ok(td_result result, const char *what);

double load_now(void); /* seconds */
double load_median(double *values, uint32_t count);

#endif
