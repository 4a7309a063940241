/* Who may use a buffer or an image: the families of a concurrent one; the owner of an exclusive
 * one, which is the family that used it first, and changes by a release on the old family and an
 * acquire on the new one, or by a barrier that gives an image's content up.
 *
 * Commands note what they use when they are recorded, and that is checked when they are forwarded,
 * in the order of forwarding: an acquire that could run before its release is reported under a
 * schedule in which it does. A whole resource has one owner. A family that does not own a buffer
 * may, by the specification, overwrite what it gives up; that is reported all the same, since
 * Vulkan has no way to say so.
 *
 * Not followed: what shaders reach by device addresses, through partially bound (bindless) or
 * push descriptors, or update templates, and render passes that are not dynamic. Resources that all
 * families share are not looked at. */
#ifndef TESTS_LAYERS_OWNERSHIP_H
#define TESTS_LAYERS_OWNERSHIP_H

#include "split_device.h"

#define SPLIT_ALL_FAMILIES ((1u << SPLIT_FAMILIES) - 1)
#define SPLIT_MAX_SETS     8

typedef struct resource {
    uint64_t handle;
    uint32_t families; /* concurrent: a bit each; exclusive: 0 */
    uint32_t owner;    /* exclusive: a family, or VK_QUEUE_FAMILY_IGNORED as long as it is free */
    bool released;     /* to `heir`, who has not acquired it yet */
    uint32_t heir;
    /* An image's memory, as a buffer; null if it is not known, or was never given up. */
    VkDeviceMemory memory;
    VkDeviceSize offset, size;
    VkBuffer bytes;
    uint32_t levels, layers;
    char name[40];
} resource;

typedef enum use_kind { USE_PLAIN, USE_RELEASE, USE_ACQUIRE, USE_DISCARD } use_kind;

typedef struct use {
    use_kind kind;
    uint64_t handle;
    uint32_t from, to;   /* families, of a release or an acquire */
    const char *command; /* static */
} use;

/* A command buffer. Externally synchronised, as it is. */
typedef struct command_record {
    split_device *device;
    uint64_t pool;
    uint32_t family;
    use *uses;
    uint32_t use_count, use_capacity;
    VkDescriptorSet sets[2][SPLIT_MAX_SETS]; /* by VkPipelineBindPoint: graphics, compute */
    bool sets_changed[2];
} command_record;

/* Notes a use by a command, where it could be wrong. */
void ownership_use(command_record *record, uint64_t handle, const char *command);
/* A use that is not plain. */
void ownership_note(command_record *record, use note);

/* The command buffer is forwarded to a family's queue. Under the queues' mutex. */
void ownership_execute(split_device *device, uint32_t family, VkCommandBuffer commands);

/* Forgets what was recorded. */
void command_record_clear(command_record *record);
void command_record_free(void *record);

/* Creation of what has an owner. */
extern const layer_function ownership_functions[];
extern const size_t ownership_function_count;

#endif
