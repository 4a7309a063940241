/* A buffer that the device fills and the host reads, of any lane. */
#ifndef EXAMPLES_HOST_BUFFER_H
#define EXAMPLES_HOST_BUFFER_H

#include <tandem/vulkan.h>

/* Functions of Vulkan without linking the loader. */
#define LOAD_VULKAN(vulkan, name)                                                                  \
    PFN_##name name = (PFN_##name)(vulkan)->get_instance_proc_addr((vulkan)->instance, #name)

typedef struct host_buffer {
    VkBuffer buffer;
    VkDeviceMemory memory;
    uint32_t *words;
} host_buffer;

/* 0 if it fails; what is there then is freed like the rest. */
int make_host_buffer(const td_device_vulkan *vulkan, VkDeviceSize bytes, host_buffer *out);
void free_host_buffer(const td_device_vulkan *vulkan, const host_buffer *buffer);

#endif
