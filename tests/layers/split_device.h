/* What the layer keeps for a device: its queues, and who may use what. */
#ifndef TESTS_LAYERS_SPLIT_DEVICE_H
#define TESTS_LAYERS_SPLIT_DEVICE_H

#include "layer.h"
#include "object_map.h"
#include "virtual_queue.h"

typedef struct split_device {
    layer_device *base;
    queue_set queues;
    VkPhysicalDeviceMemoryProperties memory_types;
    object_map commands;    /* VkCommandBuffer: command_record */
    object_map pools;       /* VkCommandPool: its family */
    object_map resources;   /* VkBuffer, VkImage: resource */
    object_map views;       /* VkImageView, VkBufferView: the handle of what it shows */
    object_map set_layouts; /* VkDescriptorSetLayout: set_layout */
    object_map sets;        /* VkDescriptorSet: bound_set */
} split_device;

extern const VkQueueFlags split_family_flags[SPLIT_FAMILIES];

/* By any dispatchable handle of the device. */
split_device *split_find(const void *dispatchable);

/* "graphics", "compute", "transfer". */
const char *split_family_name(uint32_t family);

#endif
