/* A Vulkan device: instance, function tables, features, queues, and what belongs to it. */
#ifndef TDI_GPU_DEVICE_H
#define TDI_GPU_DEVICE_H

#include <tandem/device.h>

#include "base/thread.h"
#include "gpu/instance.h"

struct tdi_memory;
struct tdi_pipeline_cache;
struct tdi_bindless;

/* A VkQueue. Lanes that share a queue share the entry. */
typedef struct tdi_queue {
    tdi_mutex mutex; /* gpu/queue.h */
    VkQueue handle;
    uint32_t family;
    uint32_t index;
    VkQueueFlags capabilities;
    uint32_t timestamp_bits;
    VkExtent3D granularity; /* of copies of parts of images; zero: whole levels only */
} tdi_queue;

/* Optional abilities, beside the required ones. */
typedef struct tdi_device_features {
    bool memory_budget;
    bool calibrated_timestamps;
    bool external_memory_host;
    bool sampler_anisotropy;
    bool debug_utils;
    /* Always there on devices of tandem's own. */
    bool buffer_addresses;
    bool host_query_reset; /* without it timestamps are of no use */
    /* What the hardware rasteriser needs. */
    bool fragment_stores;
    bool dynamic_rendering;
    bool indirect_draws;      /* many in one call, each with a first instance */
    bool indirect_draw_count; /* read from a buffer; not needed, but better */
} tdi_device_features;

typedef enum tdi_device_attachment {
    TDI_ATTACH_PIPELINES,  /* gpu/pipeline_store.c; detached last */
    TDI_ATTACH_SEMAPHORES, /* async/scheduler_semaphores.c */
    TDI_ATTACH_CLOCK,      /* async/device_clock.c */
    TDI_ATTACH_LANES,      /* async/lane.c; all work ends with it */
    TDI_ATTACH_UPLOADER, /* async/uploader.c; detached first: it submits from a thread of its own */
    TDI_ATTACH_COUNT,
} tdi_device_attachment;

struct td_device {
    uint32_t serial; /* from 1, of all devices of the process: in tickets */
    tdi_vk_instance instance;
    VkPhysicalDevice physical;
    VkDevice handle;
    struct VolkDeviceTable vk; /* every device call: device->vk.vkCmdDispatch(...) */
    VkPhysicalDeviceProperties properties;
    VkPhysicalDeviceSubgroupProperties subgroup;
    uint32_t min_subgroup_size, max_subgroup_size;
    bool subgroup_size_selectable; /* for compute */
    VkPhysicalDeviceMemoryProperties memory_properties;
    uint64_t max_storage_range; /* maxStorageBufferRange */
    uint64_t max_buffer_bytes;
    uint64_t non_coherent_atom;
    tdi_device_features features;
    td_device_info info;

    tdi_queue queues[TD_LANE_COUNT]; /* the distinct ones, queue_count of them */
    uint32_t queue_count;
    uint32_t lane_queue[TD_LANE_COUNT]; /* lane -> index in queues */
    uint32_t families[TD_LANE_COUNT];   /* the distinct families, for concurrent sharing */
    uint32_t family_count;
    void (*lock_queue)(void *user, uint32_t family, uint32_t index); /* the program's, or NULL */
    void (*unlock_queue)(void *user, uint32_t family, uint32_t index);
    void *lock_user;

    bool imported;        /* handle and instance are somebody else's */
    char *renderer_lacks; /* what the renderer misses on an imported device; NULL: nothing */

    td_budget *budget;
    struct tdi_memory *memory;
    struct tdi_pipeline_cache *pipeline_cache;
    struct tdi_bindless *bindless;

    tdi_mutex attach_mutex; /* upper layers hang their part of the device here, made once */
    void *attached[TDI_ATTACH_COUNT];
    void (*detach[TDI_ATTACH_COUNT])(void *attached);
};

/* Returns what is attached, making it first if need be with `make(device, out)`. Detached in
 * td_device_destroy, before anything of the device goes. */
td_result tdi_device_attach(td_device *device, tdi_device_attachment slot,
                            td_result (*make)(td_device *device, void **out),
                            void (*destroy)(void *attached), void **out);

/* The parts of making a device that come after its handle is there: functions are loaded, queues
 * known. `budget_bytes` as in td_device_params. */
td_result tdi_device_allocate(td_device **out);
void tdi_device_read_properties(td_device *device);
td_result tdi_device_furnish(td_device *device, uint64_t budget_bytes, td_budget_mode budget_mode,
                             const char *cache_folder, bool no_cache);

/* TD_ERROR_ARGUMENT for NULL; in debug builds TD_ERROR_STATE for a device that was destroyed. */
td_result tdi_device_check(const td_device *device, const char *call);

/* Names an object for debuggers and validation messages; nothing where that is not supported. */
void tdi_device_name(td_device *device, VkObjectType type, uint64_t handle, const char *format, ...)
    TD_PRINTF(4, 5);

#endif
