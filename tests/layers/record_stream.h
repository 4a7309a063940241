/* The text that record_calls writes: one stream a device, one line a call. Outside of a section
 * only the objects are tracked. */
#ifndef TESTS_LAYERS_RECORD_STREAM_H
#define TESTS_LAYERS_RECORD_STREAM_H

#include <pthread.h>
#include <stdio.h>

#include "layer.h"
#include "record_calls.h"

typedef struct record_object {
    const char *type;
    uint64_t handle;
    uint32_t section; /* in which `number` and `base` count */
    uint32_t number;
    bool timeline;
    bool has_base;
    uint64_t base;    /* the section's first value of a timeline semaphore */
    uint64_t address; /* of a buffer that somebody asked for, or 0 */
    uint64_t size;
} record_object;

typedef struct record_counter {
    const char *type;
    uint32_t count;
} record_counter;

#define RECORD_TYPES 32 /* more than there are types of handles here */

typedef struct record_stream {
    pthread_mutex_t mutex;
    record_object *objects;
    size_t object_count;
    size_t object_capacity;
    uint32_t section;
    record_counter counters[RECORD_TYPES];
    FILE *file; /* of the section that is open */
    char *text;
    size_t size;
    bool complete;
    char **finished; /* what `end` gave out */
    size_t finished_count;
} record_stream;

VkResult record_stream_init(record_stream *stream);
void record_stream_destroy(record_stream *stream);
void record_stream_begin(record_stream *stream);
record_calls_text record_stream_end(record_stream *stream);

/* A line, between whose start and end the stream is locked. */
record_stream *record_line(layer_device *device, const char *call);
void record_line_end(record_stream *stream);

void record_u32(record_stream *stream, uint32_t value);
void record_i32(record_stream *stream, int32_t value);
void record_u64(record_stream *stream, uint64_t value);
void record_f32(record_stream *stream, float value); /* all of its bits */
void record_text(record_stream *stream, const char *text);
void record_words(record_stream *stream, const void *words, size_t size);
/* As words, but that addresses are recognised. */
void record_push(record_stream *stream, const void *data, uint32_t size);
void record_value(record_stream *stream, VkSemaphore semaphore, uint64_t value);
void record_handle(record_stream *stream, const char *type, uint64_t handle);
/* A chain that nobody writes must be empty. */
void record_no_chain(record_stream *stream, const void *next);

/* A handle that is new, whatever had its value before; inside of a line. */
record_object *record_track(record_stream *stream, const char *type, uint64_t handle);

/* Outside of a line. */
void record_forget(layer_device *device, const char *type, uint64_t handle);
void record_buffer_size(record_stream *stream, VkBuffer buffer, uint64_t size);
void record_buffer_address(record_stream *stream, VkBuffer buffer, uint64_t address);

#define RECORD_HANDLES(X)                                                                          \
    X(VkBuffer)                                                                                    \
    X(VkImage)                                                                                     \
    X(VkImageView)                                                                                 \
    X(VkPipeline)                                                                                  \
    X(VkPipelineLayout)                                                                            \
    X(VkDescriptorSet)                                                                             \
    X(VkQueryPool)                                                                                 \
    X(VkSemaphore)                                                                                 \
    X(VkFence)                                                                                     \
    X(VkEvent)                                                                                     \
    X(VkCommandPool)                                                                               \
    X(VkCommandBuffer)                                                                             \
    X(VkQueue)

#define RECORD_HANDLE_FUNCTION(type)                                                               \
    static inline void record_##type(record_stream *stream, type handle)                           \
    {                                                                                              \
        record_handle(stream, #type, (uint64_t)(uintptr_t)handle);                                 \
    }
RECORD_HANDLES(RECORD_HANDLE_FUNCTION)

/* Writes an argument by its type. */
#define RECORD_HANDLE_CASE(type)                                                                   \
    type:                                                                                          \
    record_##type,
#define RECORD(stream, value)                                                                      \
    _Generic((value), RECORD_HANDLES(RECORD_HANDLE_CASE) uint32_t                                  \
             : record_u32, int32_t                                                                 \
             : record_i32, uint64_t                                                                \
             : record_u64, float                                                                   \
             : record_f32)(stream, value)

/* The start of every command's function. */
#define RECORD_START(name, c)                                                                      \
    layer_device *device = layer_find_device(c);                                                   \
    record_stream *stream = record_line(device, #name);                                            \
    RECORD(stream, c)

/* The commands, each table in the file of its name, and what answers for those in none. */
extern const layer_function record_commands[];
extern const size_t record_command_count;
extern const layer_function record_barriers[];
extern const size_t record_barrier_count;
PFN_vkVoidFunction record_unknown_command(const char *name);

#endif
