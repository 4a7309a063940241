/* What the programs guest_*.c share: plain Vulkan helpers that know nothing of tandem's insides. A
 * failure prints a sentence and ends the program. */
#ifndef EXAMPLES_GUEST_H
#define EXAMPLES_GUEST_H

#include <vulkan/vulkan.h>

#include <tandem/scheduler.h>
#include <tandem/tandem.h>
#include <tandem/vulkan.h>

#define GUEST_NS_A_SECOND 1000000000ull

_Noreturn void guest_die(const char *what, const char *why);
void guest_vk(VkResult result, const char *what);
void guest_td(td_result result, const char *what);

/* Of "auto", "on" and "off". */
td_async_mode guest_mode(const char *name);

/* What a program with a device of its own asks for: what tandem's scheduler needs, and dynamic
 * rendering for its own drawing. */
typedef struct guest_features {
    VkPhysicalDeviceVulkan13Features v13;
    VkPhysicalDeviceVulkan12Features v12;
    VkPhysicalDeviceFeatures2 all;
} guest_features;
void guest_ask_features(guest_features *features);

/* What is made on a device: several families share everything that both lanes touch. */
typedef struct guest_device {
    VkPhysicalDevice physical;
    VkDevice device;
    uint32_t families[TD_LANE_COUNT];
    uint32_t family_count;
} guest_device;
guest_device guest_device_of(const td_device *device);

typedef struct guest_buffer {
    VkBuffer handle;
    VkDeviceMemory memory;
    void *mapped; /* NULL where the memory is not the host's to see */
} guest_buffer;
guest_buffer guest_make_buffer(const guest_device *device, VkDeviceSize size,
                               VkBufferUsageFlags usage, VkMemoryPropertyFlags properties);
void guest_drop_buffer(const guest_device *device, guest_buffer *buffer);

/* An image to be drawn into and copied from. */
typedef struct guest_image {
    VkImage handle;
    VkDeviceMemory memory;
    VkImageView view;
} guest_image;
guest_image guest_make_image(const guest_device *device, VkFormat format, VkExtent2D size);
void guest_drop_image(const guest_device *device, guest_image *image);

VkImageView guest_make_view(const guest_device *device, VkImage image, VkFormat format);

VkShaderModule guest_module(const guest_device *device, const uint32_t *code, size_t bytes);

VkSemaphore guest_make_timeline(const guest_device *device);

/* One primary command buffer and its pool. */
typedef struct guest_commands {
    VkCommandPool pool;
    VkCommandBuffer handle;
} guest_commands;
guest_commands guest_make_commands(const guest_device *device, uint32_t family);
void guest_begin(const guest_device *device, const guest_commands *commands);

void guest_image_barrier(VkCommandBuffer commands, VkImage image,
                         const VkImageMemoryBarrier2 *half);

/* Three bytes a pixel out of four. */
void guest_write_ppm(const char *path, const uint8_t *rgba, VkExtent2D size);

#endif
