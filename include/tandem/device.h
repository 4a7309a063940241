/** @file
 * Devices: a Vulkan device with its queues, memory and budget.
 */
#ifndef TANDEM_DEVICE_H
#define TANDEM_DEVICE_H

#include <tandem/budget.h>
#include <tandem/result.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A device. Opaque; thread-safe. */
typedef struct td_device td_device;

/** The lanes of a device: kinds of work, each on a queue of its own where the device has one. */
typedef enum td_lane {
    TD_LANE_GRAPHICS = 0, /**< Graphics and compute. */
    TD_LANE_COMPUTE = 1,  /**< Compute beside graphics. */
    TD_LANE_TRANSFER = 2, /**< Copies. */
    TD_LANE_COUNT = 3,    /**< Number of lanes. */
} td_lane;

/** Whether work of the compute and transfer lanes goes to queues of their own. A device takes the
 * queues; a td_scheduler and a td_renderer decide whether they use those of their device. */
typedef enum td_async_mode {
    /** Device: takes queues for the lanes where it has them. Scheduler: measures frames with
     * compute on its own queue and on the graphics queue, and keeps the faster way. Renderer: the
     * same with all lanes that have a queue. Nothing is measured where there is no choice. */
    TD_ASYNC_AUTO = 0,
    /** Everything on the graphics queue; of a device: also for all that is made from it. */
    TD_ASYNC_OFF = 1,
    /** Always on queues of their own. ::TD_ERROR_UNSUPPORTED where that cannot be: of a device with
     * one queue only, of a scheduler where compute has none, of a renderer where no lane has. */
    TD_ASYNC_ON = 2,
} td_async_mode;

/** How a device is chosen and made. Zero is the default. */
typedef struct td_device_params {
    /** Index, UUID (32 hexadecimal digits, hyphens allowed) or part of a name, in any case; NULL:
     * the environment's TANDEM_DEVICE, else the best one (software devices last). */
    const char *select;
    uint64_t budget_bytes;      /**< 0: the environment's TANDEM_BUDGET, else 512 MiB. */
    td_budget_mode budget_mode; /**< Enforce or warn. */
    td_async_mode async;        /**< Which queues are taken. */
    bool validation;            /**< Turn on the validation layer, if it is installed. */
    bool no_cache;              /**< Neither read nor write the pipeline cache on disk. */
    const char *cache_folder;   /**< NULL: TANDEM_CACHE, else the XDG cache folder + "/tandem". */
} td_device_params;

/** Makes a device. ::TD_ERROR_NO_DEVICE with a sentence for each device and what it lacks,
 * ::TD_ERROR_NOT_FOUND if nothing fits `select`, ::TD_ERROR_HOST_MEMORY. `params` may be NULL.
 * On success `*out` is the caller's. */
TD_API td_result td_device_create(const td_device_params *params, td_device **out);

/** Destroys a device once the GPU is done; every object made from it must be destroyed before.
 * NULL is fine. */
TD_API void td_device_destroy(td_device *device);

/** One lane as it is realised. */
typedef struct td_lane_info {
    uint32_t family;    /**< Queue family. */
    uint32_t queue;     /**< Index of the queue in its family. */
    bool passthrough;   /**< Shares its queue with the graphics lane. */
    const char *reason; /**< Why this queue. Static storage. */
} td_lane_info;

/** What a device is. */
typedef struct td_device_info {
    char name[256];                    /**< Vulkan's device name. */
    char driver[512];                  /**< Driver's name and version text. */
    uint8_t uuid[16];                  /**< Device UUID. */
    uint32_t api_version;              /**< VK_MAKE_API_VERSION number. */
    uint32_t index;                    /**< Position in tandem's order of devices. */
    bool software;                     /**< Runs on the CPU. */
    bool usable;                       /**< Has everything that tandem needs. */
    char missing[512];                 /**< What it lacks, if it is not usable. */
    uint64_t memory_bytes;             /**< Size of the largest device-local heap. */
    td_lane_info lanes[TD_LANE_COUNT]; /**< How each lane would be, or is, realised. */
} td_device_info;

/** What this device is. */
TD_API void td_device_get_info(const td_device *device, td_device_info *out);

/** Lists the devices in tandem's order: fills at most `capacity` entries and sets `*count` to the
 * number of devices. ::TD_ERROR_NO_DEVICE if Vulkan cannot be loaded or has no device. */
TD_API td_result td_device_list(td_device_info *infos, uint32_t capacity, uint32_t *count);

/** The device's budget; lives as long as the device. */
TD_API td_budget *td_device_budget(td_device *device);

#ifdef __cplusplus
}
#endif
#endif
