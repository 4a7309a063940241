/* Pipelines: plain storage-buffer descriptors in set 0, the bindless array in
 * set 1, push constants, specialisation constants. The cache on disk lies under the cache folder,
 * one file a driver and device; a damaged or foreign file is ignored and replaced; concurrent
 * processes never see half a file. */
#ifndef TDI_GPU_PIPELINE_H
#define TDI_GPU_PIPELINE_H

#include "gpu/device.h"

#define TDI_PIPELINE_MAX_BINDINGS 16

typedef struct tdi_pipeline {
    VkPipeline handle;
    VkPipelineLayout layout;
    VkDescriptorSetLayout set_layout;
    VkPipelineBindPoint bind_point;
    VkShaderStageFlags stages; /* that see the bindings and the push constants */
    uint32_t binding_count;
    uint32_t push_bytes;
    bool bindless;
    uint64_t number; /* the store's (gpu/pipeline_store.h): two pipelines may have one handle */
} tdi_pipeline;

typedef struct tdi_compute_pipeline_params {
    const char *name;
    const uint32_t *code; /* SPIR-V */
    size_t code_bytes;
    uint32_t binding_count; /* storage buffers at set 0, bindings 0.. */
    uint32_t push_bytes;
    bool bindless;
    const VkSpecializationInfo *specialization; /* may be NULL */
    uint32_t subgroup_size;                     /* 0: the driver's choice */
} tdi_compute_pipeline_params;

td_result tdi_pipeline_create_compute(td_device *device, const tdi_compute_pipeline_params *params,
                                      tdi_pipeline *out);
void tdi_pipeline_destroy(td_device *device, tdi_pipeline *pipeline);

/* Draws lists of triangles whose corners come from buffers, without attachments, culling or depth:
 * what fragments do is up to the shader. Viewport and scissor are dynamic. */
typedef struct tdi_graphics_pipeline_params {
    const char *name;
    const uint32_t *vertex_code; /* SPIR-V */
    size_t vertex_bytes;
    const uint32_t *fragment_code;
    size_t fragment_bytes;
    uint32_t samples; /* of a pixel, in one invocation of the fragment shader */
    uint32_t binding_count;
    uint32_t push_bytes;
    bool bindless;
    const VkSpecializationInfo *specialization; /* of both; may be NULL */
} tdi_graphics_pipeline_params;

td_result tdi_pipeline_create_graphics(td_device *device,
                                       const tdi_graphics_pipeline_params *params,
                                       tdi_pipeline *out);

/* A buffer range for a binding. */
typedef struct tdi_binding {
    VkBuffer buffer;
    VkDeviceSize offset;
    VkDeviceSize size;
} tdi_binding;

/* A descriptor set of the pipeline's layout with these bindings, from a pool of fixed size made at
 * load time: sets are never made in the steady state. `bindings` may be NULL: written later. */
typedef struct tdi_descriptor_pool tdi_descriptor_pool;
td_result tdi_descriptor_pool_create(td_device *device, uint32_t sets, uint32_t storage_buffers,
                                     tdi_descriptor_pool **out);
void tdi_descriptor_pool_destroy(td_device *device, tdi_descriptor_pool *pool);
td_result tdi_descriptor_set_create(td_device *device, tdi_descriptor_pool *pool,
                                    const tdi_pipeline *pipeline, const tdi_binding *bindings,
                                    VkDescriptorSet *out);
/* Rewrites a set that the GPU is done with. */
void tdi_descriptor_set_update(td_device *device, const tdi_pipeline *pipeline, VkDescriptorSet set,
                               const tdi_binding *bindings);

/* The folder that caches lie in: `folder`, else TANDEM_CACHE, else the XDG cache folder with
 * "/tandem". `*out` is the caller's (tdi_free); NULL where there is none. */
td_result tdi_cache_folder(const char *folder, char **out);
td_result tdi_pipeline_cache_create(td_device *device, const char *folder, bool on_disk,
                                    struct tdi_pipeline_cache **out);
/* Writes the cache back if it grew. */
void tdi_pipeline_cache_destroy(td_device *device, struct tdi_pipeline_cache *cache);
VkPipelineCache tdi_pipeline_cache_handle(const struct tdi_pipeline_cache *cache);

#endif
