/** @file
 * tandem inside another Vulkan program: devices made of what that program made.
 */
#ifndef TANDEM_VULKAN_H
#define TANDEM_VULKAN_H

#include <vulkan/vulkan_core.h>

#include <tandem/device.h>
#include <tandem/ticket.h>
#include <tandem/upload.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A queue that was got from the imported device. */
typedef struct td_import_queue {
    VkQueue handle;  /**< VK_NULL_HANDLE: there is none. */
    uint32_t family; /**< Its family. */
    uint32_t index;  /**< Its index in the family. */
} td_import_queue;

/** What is imported. Everything must outlive the td_device. Zero is the default where there is
 * one. */
typedef struct td_device_import_params {
    VkInstance instance;              /**< Required, for Vulkan 1.3. */
    VkPhysicalDevice physical_device; /**< Required. */
    VkDevice device;                  /**< Required. */
    /** The loader's entry; NULL: tandem opens the system's loader by itself. */
    PFN_vkGetInstanceProcAddr get_instance_proc_addr;
    uint32_t api_version;                   /**< As in VkApplicationInfo; 0: Vulkan 1.3. */
    const char *const *instance_extensions; /**< That were enabled; may be NULL. */
    uint32_t instance_extension_count;      /**< Number of them. */
    const char *const *device_extensions;   /**< That were enabled; may be NULL. */
    uint32_t device_extension_count;        /**< Number of them. */
    /** The features that were enabled, with the chain that vkCreateDevice was given. Required. */
    const VkPhysicalDeviceFeatures2 *features;
    /** By lane. Graphics is required; a lane without a queue, or with the one of another lane,
     * shares it. A queue that is used by the program itself needs the lock below. */
    td_import_queue queues[TD_LANE_COUNT];
    /** Called around each of tandem's own submissions, from any thread, before tandem takes its own
     * lock of that queue; a thread never holds two. NULL if the program never uses these queues
     * while tandem does. A program that holds its lock may call td_lane_submit if the lock may be
     * taken twice by one thread, and else nothing of tandem's that submits. */
    void (*lock_queue)(void *user, uint32_t family, uint32_t index);
    void (*unlock_queue)(void *user, uint32_t family, uint32_t index); /**< The other half. */
    void *user;                                                        /**< Handed to both. */
    uint64_t budget_bytes;                                             /**< As td_device_params. */
    td_budget_mode budget_mode;                                        /**< Enforce or warn. */
    td_async_mode async;      /**< Off: all lanes on the graphics queue. */
    bool no_cache;            /**< As td_device_params. */
    const char *cache_folder; /**< As td_device_params. */
} td_device_import_params;

/** Makes a tandem device of another program's. Nothing is changed that was not handed over: no
 * device-wide wait, no feature, no queue. Scheduler, graph, recorder and readback need Vulkan 1.3
 * with timeline semaphores and synchronization2 enabled; td_renderer_create says what it misses
 * besides. ::TD_ERROR_ARGUMENT for a handle or family that is missing, ::TD_ERROR_UNSUPPORTED with
 * a sentence that names each feature and version that is missing, ::TD_ERROR_HOST_MEMORY.
 * td_device_destroy leaves everything imported as it is. */
TD_API td_result td_device_import(const td_device_import_params *params, td_device **out);

/** The Vulkan objects of a device, imported or not, for a program's own work. */
typedef struct td_device_vulkan {
    VkInstance instance;                              /**< Instance. */
    VkPhysicalDevice physical_device;                 /**< Physical device. */
    VkDevice device;                                  /**< Device. */
    PFN_vkGetInstanceProcAddr get_instance_proc_addr; /**< Loader's entry. */
    td_import_queue queues[TD_LANE_COUNT];            /**< By lane; shared ones appear twice. */
    uint32_t families[TD_LANE_COUNT];                 /**< The distinct families. */
    uint32_t family_count; /**< Number of them: above 1, what several lanes touch is made with
                                VK_SHARING_MODE_CONCURRENT. */
} td_device_vulkan;

/** Fills in the Vulkan objects of a device. Thread-safe. */
TD_API void td_device_get_vulkan(const td_device *device, td_device_vulkan *out);

/** Locks a queue against tandem's own use, for a submission of the program's to a queue of a device
 * that tandem made (of an imported one: takes the program's own lock, and tandem's). Not recursive:
 * the thread calls nothing of tandem's before td_device_unlock_queue. A lane that does not exist
 * has no lock. Thread-safe. */
TD_API void td_device_lock_queue(td_device *device, td_lane lane);
/** Ends td_device_lock_queue; same thread. */
TD_API void td_device_unlock_queue(td_device *device, td_lane lane);

/** A texture of a td_uploader, for passes of the program's own. */
typedef struct td_texture_vulkan {
    VkImage image;        /**< Its levels that are there are in SHADER_READ_ONLY_OPTIMAL. */
    VkImageView view;     /**< Of the levels that are there, the largest of them first. */
    VkFormat format;      /**< R8, R8G8 or R8G8B8A8, UNORM or SRGB. */
    uint32_t first_level; /**< Of the image, in the view. */
    td_ticket ticket;     /**< That submissions which read the view wait for. */
} td_texture_vulkan;

/** What is there of a texture now. Image and views live as long as the texture; with more levels
 * there is another view. ::TD_ERROR_AGAIN while there is no level, ::TD_ERROR_ARGUMENT,
 * ::TD_ERROR_HOST_MEMORY, ::TD_ERROR_DEVICE_MEMORY. Thread-safe. */
TD_API td_result td_texture_get_vulkan(td_texture *texture, td_texture_vulkan *out);

/** A range of a buffer of the program's, to be filled. */
typedef struct td_upload_buffer_params {
    VkBuffer buffer;  /**< With TRANSFER_DST usage, shared (concurrently) with the family of the
                           transfer lane. Required. */
    uint64_t offset;  /**< Bytes. */
    uint64_t size;    /**< Bytes, not 0. */
    const void *data; /**< `size` bytes, which must stay until the request is finished. Required. */
    int64_t priority; /**< Among textures too: higher goes first. */
} td_upload_buffer_params;

/** Queues the filling of a range, which no submission may be using. `request` becomes ready when it
 * is there, for every submission that is made afterwards; cancelling it takes it back if it has not
 * begun. Not counted against the uploader's limit: the buffer is there already. It goes on when the
 * uploader is destroyed. ::TD_ERROR_ARGUMENT, ::TD_ERROR_HOST_MEMORY. Thread-safe. */
TD_API td_result td_uploader_queue_buffer(td_uploader *uploader,
                                          const td_upload_buffer_params *params,
                                          td_request **request);

#ifdef __cplusplus
}
#endif
#endif
