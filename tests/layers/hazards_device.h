/* What the parts of the hazards layer know of each other. */
#ifndef TESTS_LAYERS_HAZARDS_DEVICE_H
#define TESTS_LAYERS_HAZARDS_DEVICE_H

#include <pthread.h>

#include "hazards_record.h"
#include "layer.h"
#include "object_map.h"

/* Where a buffer or an image is: by itself until it is bound. */
typedef struct hazards_place {
    uint64_t memory;
    VkDeviceSize offset, size;
    uint32_t levels, layers; /* of an image */
} hazards_place;

typedef struct hazards_semaphore {
    bool timeline;
    uint64_t serial; /* of a binary one: signals so far */
} hazards_semaphore;

typedef struct hazards_device {
    layer_device *device;
    object_map places;     /* of buffers and images */
    object_map records;    /* by command buffer */
    object_map semaphores; /* written under the mutex */
    pthread_mutex_t mutex; /* over what follows, and around submissions */
    hazards_track track;
    VkQueue queues[HAZARDS_MAX_QUEUES];
    uint32_t queue_count;
    bool held; /* what the host sees does not count */
} hazards_device;

hazards_device *hazards_of(const void *dispatchable);

/* Of a part of a buffer; VK_WHOLE_SIZE goes to its end. */
hazards_range hazards_buffer_range(hazards_device *data, VkBuffer buffer, VkDeviceSize offset,
                                   VkDeviceSize size);
hazards_range hazards_image_range(hazards_device *data, VkImage image);
/* Whether a range of subresources is the whole image. */
bool hazards_whole_image(hazards_device *data, VkImage image, const VkImageSubresourceRange *range);
/* NULL for a command buffer that is not known. */
hazards_record *hazards_record_of(hazards_device *data, VkCommandBuffer commands);

#define HAZARDS_OBJECT_FUNCTIONS   15
#define HAZARDS_COMMAND_FUNCTIONS  9
#define HAZARDS_SUBMIT_FUNCTIONS   13
#define HAZARDS_TRANSFER_FUNCTIONS 5
extern const layer_function hazards_object_functions[HAZARDS_OBJECT_FUNCTIONS];
extern const layer_function hazards_command_functions[HAZARDS_COMMAND_FUNCTIONS];
extern const layer_function hazards_submit_functions[HAZARDS_SUBMIT_FUNCTIONS];
extern const layer_function hazards_transfer_functions[HAZARDS_TRANSFER_FUNCTIONS];

void hazards_free_record(void *record);

#endif
